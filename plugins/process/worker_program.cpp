#include "worker_program.h"

#include <uwsgi.h>

#include <algorithm>
#include <string>
#include <vector>

namespace mortise::process {

WorkerProgram worker_program;

namespace {

// A path may have blanks in it; what is no program as a whole is one with arguments.
std::vector<std::string> words_of(const char *command) {
  if (access(command, X_OK) == 0) return {command};
  size_t count = 0;
  std::vector<std::string> words;
  char **split = uwsgi_split_quoted(const_cast<char *>(command), strlen(command), " \t", &count);
  for (size_t i = 0; i < count; ++i) {
    if (*split[i]) words.emplace_back(split[i]);
    free(split[i]);
  }
  free(split);
  return words;
}

bool is_program(const std::string &name) {
  if (name.find('/') != name.npos) return access(name.c_str(), X_OK) == 0;
  const std::string folders = getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin";
  for (size_t begin = 0; begin < folders.size();) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    if (access((folders.substr(begin, end - begin) + "/" + name).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

[[noreturn]] void execute(const char *command) {
  std::vector<std::string> words = words_of(command);
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  uwsgi_process_ready();  // the program cannot say so
  // Programs of this kind wait in accept(2).
  uwsgi_socket_b(uwsgi.sockets->fd);
  dup2(uwsgi.sockets->fd, STDIN_FILENO);
  for (int signum = 1; signum < NSIG; ++signum)
    if (signum != SIGKILL && signum != SIGSTOP) signal(signum, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(argv[0], argv.data());
  uwsgi_log("worker %d: execute %s: %s\n", uwsgi.mywid, argv[0], strerror(errno));
  _exit(127);
}

}  // namespace

void set_worker_program(char *name, char *value, void *program) {
  uwsgi_opt_set_str(name, value, program);
  uwsgi.need_app = 0;
}

int check_worker_program() {
  for (const char *command : {worker_program.at_once, worker_program.after_applications}) {
    if (!command) continue;
    const std::vector<std::string> words = words_of(command);
    if (!words.empty() && is_program(words[0])) continue;
    uwsgi_log("error: %s = %s: there is no such program, or it may not be executed\n",
              command == worker_program.at_once ? "worker-exec" : "worker-exec2", command);
    return -1;
  }
  return 0;
}

void become_program_after_fork(int step) {
  if (step == 1 && uwsgi.mywid > 0 && worker_program.at_once) execute(worker_program.at_once);
}

int become_program() {
  if (worker_program.after_applications) execute(worker_program.after_applications);
  return 0;
}

}  // namespace mortise::process
