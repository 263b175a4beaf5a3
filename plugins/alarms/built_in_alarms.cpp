#include "built_in_alarms.h"

#include <uwsgi.h>

#include <spawn.h>

#include <cstring>
#include <vector>

namespace mortise::alarms {

namespace {

std::vector<pid_t> &commands() {
  static std::vector<pid_t> running;
  return running;
}

void nothing(uwsgi_alarm_instance *) {}

// ---- cmd: a shell command with the message as its standard input

// A file in memory: the command may read as late as it likes.
int message_fd(const char *message, size_t len) {
  int fd = memfd_create("alarm", MFD_CLOEXEC);
  if (fd >= 0 && (write(fd, message, len) != static_cast<ssize_t>(len) || lseek(fd, 0, SEEK_SET) != 0)) {
    close(fd);
    return -1;
  }
  return fd;
}

void run_command(uwsgi_alarm_instance *instance, char *message, size_t len) {
  char shell[] = "/bin/sh", option[] = "-c";
  char *const command[] = {shell, option, instance->arg, nullptr};
  int input = message_fd(message, len);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = input < 0 ? errno : posix_spawn(&pid, shell, &actions, &attributes, command, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (input >= 0) close(input);
  if (error)
    uwsgi_log_alarm("-cmd] alarm '%s': run %s: %s (this message is lost)\n", instance->name, instance->arg,
                    strerror(error));
  else
    commands().push_back(pid);
}

// ---- log

void write_log(uwsgi_alarm_instance *instance, char *message, size_t len) {
  while (len > 0 && message[len - 1] == '\n') --len;
  uwsgi_log_verbose("ALARM: %s %.*s\n", instance->arg, static_cast<int>(len), message);
}

// ---- mule: `mule:N`, or any of them with `mule:0`. plugins/mules has the function, where there are mules

int (*send_to_mule())(int, char *, size_t) {
  return reinterpret_cast<int (*)(int, char *, size_t)>(dlsym(RTLD_DEFAULT, "mule_send_msg"));
}

void init_mule(uwsgi_alarm_instance *instance) {
  const int wanted = atoi(instance->arg);
  if (send_to_mule() && wanted >= 0 && wanted <= uwsgi.mules_cnt) {
    instance->data32 = static_cast<uint32_t>(wanted);
    return;
  }
  uwsgi_log_alarm("-mule] alarm '%s': there is no mule %s (add mules, or correct its number)\n",
                  instance->name, instance->arg);
  instance->data32 = UINT32_MAX;
}

void tell_mule(uwsgi_alarm_instance *instance, char *message, size_t len) {
  if (instance->data32 == UINT32_MAX) return;
  const int queue =
      instance->data32 ? uwsgi.mules[instance->data32 - 1].queue_pipe[0] : uwsgi.shared->mule_queue_pipe[0];
  if (send_to_mule()(queue, message, len))
    uwsgi_log_alarm("-mule] alarm '%s': the queue of mule %s is full (this message is lost)\n",
                    instance->name, instance->arg);
}

// ---- signal: `signal:N`

void init_signal(uwsgi_alarm_instance *instance) {
  instance->data8 = static_cast<uint8_t>(atoi(instance->arg));
}

void raise_signal(uwsgi_alarm_instance *instance, char *, size_t) {
  if (uwsgi_signal_send(uwsgi.signal_socket, instance->data8))
    uwsgi_log_alarm("-signal] alarm '%s': nobody handles signal %d (register it before)\n", instance->name,
                    instance->data8);
}

}  // namespace

void add_built_in_alarms() {
  uwsgi_register_alarm("cmd", nothing, run_command);
  uwsgi_register_alarm("log", nothing, write_log);
  uwsgi_register_alarm("mule", init_mule, tell_mule);
  uwsgi_register_alarm("signal", init_signal, raise_signal);
}

bool reap_commands() {
  std::erase_if(commands(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
  return !commands().empty();
}

}  // namespace mortise::alarms
