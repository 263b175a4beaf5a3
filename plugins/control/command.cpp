#include "command.h"

#include <uwsgi.h>

#include <sys/syscall.h>

#include <string>

#include "recognition.h"

namespace mortise::control {

namespace {

constexpr int kExitUsage = 64;

std::string command, pidfile;
pid_t target = 0;

// Relative to where the server, and this command, were started.
std::string in_start_folder(const std::string &path) {
  return path.starts_with('/') ? path : std::string(uwsgi.cwd) + "/" + path;
}

pid_t pid_in(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char text[32] = "";
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  return got > 0 ? atoi(text) : 0;
}

int fail(const std::string &what, const std::string &why) {
  uwsgi_log("error: %s %s: %s\n", command.c_str(), what.c_str(), why.c_str());
  return 1;
}

// Where the server sends the outcome: an abstract name with this process' pid, which the server knows as the
// signal's sender. Credentials come along, so that nobody else can answer.
int open_mailbox() {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "mortise-reload-%d", getpid());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(len));
  const bool bound = fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) &&
                     !bind(fd, reinterpret_cast<sockaddr *>(&address), size);
  return bound ? fd : -1;  // the process ends soon
}

// Whether it was the server that answered; the text is why the reload failed, empty where it did not.
bool read_answer(int mailbox, std::string *answer) {
  char text[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = recvmsg(mailbox, &message, MSG_DONTWAIT);
  if (got < 0) return false;
  answer->assign(text, static_cast<size_t>(got));
  ucred sender{};
  if (cmsghdr *header = CMSG_FIRSTHDR(&message)) memcpy(&sender, CMSG_DATA(header), sizeof sender);
  return sender.pid == target;
}

// A signal that comes while another of its kind is pending is lost (signal(7)): it is sent until the server
// says with an ACK that it has heard this one.
int reload(int server) {
  constexpr int kAgainMs = 500;
  int mailbox = open_mailbox();
  std::string server_name = "server " + std::to_string(target);
  if (mailbox < 0)
    return fail(server_name, std::string("its answer could not be received: ") + strerror(errno) +
                                 " (kill -HUP reloads without one)");
  if (kill(target, SIGHUP)) return fail(server_name, strerror(errno));
  bool heard = false;
  for (std::string answer;;) {
    pollfd waits[] = {{mailbox, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(waits, 2, heard ? -1 : kAgainMs) == 0) kill(target, SIGHUP);
    if ((waits[0].revents & POLLIN) && read_answer(mailbox, &answer)) {
      if (answer == "\6") {
        heard = true;
        continue;
      }
      if (answer.empty()) return uwsgi_log("%s reloaded\n", server_name.c_str()), 0;
      return fail(server_name, answer + " (its log says more; the old processes go on)");
    }
    if (waits[1].revents) return fail(server_name, "it ended (its log says why)");
  }
}

int stop(int server) {
  if (kill(target, SIGTERM)) return fail("server " + std::to_string(target), strerror(errno));
  pollfd ended{server, POLLIN, 0};
  while (poll(&ended, 1, -1) < 0 && errno == EINTR) continue;
  return 0;
}

}  // namespace

void set_command(char *, char *value, void *given) {
  command = static_cast<char *>(given);
  if (value && *value) pidfile = value;
}

void set_command_pid(char *name, char *pid, void *) {
  target = -1;
  uwsgi_opt_set_int(name, pid, &target);
  if (target != 0) return;
  uwsgi_log("error: %s = '%s': not the pid of a server (it is a number above 0)\n", name, pid);
  uwsgi_exit(kExitUsage);
}

bool command_given() {
  return !command.empty();
}

int take_pidfile(char *, char *argument) {
  bool first =
      uwsgi.argc > 1 && (!strncmp(uwsgi.argv[1], "--reload", 8) || !strncmp(uwsgi.argv[1], "--stop", 6));
  if (!first) return 0;
  if (!pidfile.empty()) {
    uwsgi_log("error: mortise %s: argument '%s' is one too many (name one server)\n",
              uwsgi.argv[1][2] == 's' ? "stop" : "reload", argument);
    uwsgi_exit(kExitUsage);
  }
  pidfile = argument;
  return 1;
}

int run_command() {
  if (pidfile.empty())
    for (const char *option : {"pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2"})
      if (const char *path = uwsgi_option_value(option); path && *path && pidfile.empty()) pidfile = path;
  if (target <= 0 && pidfile.empty())
    return fail("which server?",
                "give --pidfile FILE, --pid NUMBER or the configuration that has its pidfile");
  if (target <= 0) target = pid_in(in_start_folder(pidfile));
  if (target <= 0) return fail(pidfile, "it has no pid: the server does not run, or has another pid file");
  int server = static_cast<int>(syscall(SYS_pidfd_open, target, 0));
  if (server < 0)
    return fail(
        "server " + std::to_string(target),
        strerror(errno) + (pidfile.empty() ? std::string() : " (" + pidfile + " is what it left behind)"));
  if (const std::string program = other_program(target); !program.empty())
    return fail("server " + std::to_string(target),
                "no mortise has this pid, but '" + program + "'" +
                    (pidfile.empty() ? "" : " (remove " + pidfile + ", which a server left behind)"));
  return command == "stop" ? stop(server) : reload(server);
}

}  // namespace mortise::control
