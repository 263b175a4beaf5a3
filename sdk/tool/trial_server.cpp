#include "sdk/tool/trial_server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "kernel/fd.h"
#include "sdk/runtime/strings.h"
#include "sdk/tool/data_folder.h"

namespace mortise {

namespace {

constexpr size_t kMaxLogBytes = 16 * 1024 * 1024;
constexpr int kReadyMs = 20'000;
constexpr int kAnswerMs = 5'000;

}  // namespace

Result<TrialServer> TrialServer::start(std::vector<std::string> arguments) {
  auto folder = TemporaryFolder::make();
  if (!folder) return folder.error();
  const std::string log = folder->path() + "/log", server = server_file();
  std::vector<std::string> words{server, "--http-socket", "127.0.0.1:0", "--processes", "1", "--threads",
                                 "1"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  pid_t pid = -1;
  const int errnum = posix_spawn(&pid, server.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errnum) return system_error("run " + server, errnum, "install mortise beside its tool");
  return TrialServer(std::move(*folder), pid);
}

TrialServer::~TrialServer() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);  // its children end with it
  waitpid(pid_, nullptr, 0);
}

bool TrialServer::wait_ready() {
  constexpr std::string_view kListening = "listening on http://127.0.0.1:";
  wait_until(
      [&] {
        const std::string text = log();
        const size_t at = text.rfind(kListening);  // a reload may say it anew
        if (at != text.npos) port_ = static_cast<uint16_t>(atoi(text.c_str() + at + kListening.size()));
        siginfo_t ended{};
        waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
        return (port_ && !children().empty()) || ended.si_pid != 0;
      },
      kReadyMs);
  return port_ != 0 && wait_until([&] { return count_descriptors(pid_) > 0; }, 0);
}

int TrialServer::wait_end(int timeout_ms) {
  int status = -1;
  const bool ended = wait_until([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, timeout_ms);
  if (ended) pid_ = -1;
  return ended ? status : -1;
}

int TrialServer::stop(int timeout_ms) {
  signal(SIGTERM);
  return wait_end(timeout_ms);
}

void TrialServer::signal(int signum) const {
  kill(pid_, signum);
}

int TrialServer::connect() const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

std::string TrialServer::request(const std::string &bytes) const {
  Fd fd(connect());
  std::string answer;
  if (!fd || send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return answer;
  for (char chunk[4096];;) {
    pollfd readable{fd.get(), POLLIN, 0};
    if (poll(&readable, 1, kAnswerMs) <= 0) return answer;
    const ssize_t len = recv(fd.get(), chunk, sizeof chunk, 0);
    if (len <= 0) return answer;
    answer.append(chunk, static_cast<size_t>(len));
  }
}

void TrialServer::abandon(const std::string &bytes) const {
  Fd fd(connect());
  if (!fd) return;
  send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  const linger reset{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

std::vector<pid_t> TrialServer::children() const {
  const std::string path = format_text("/proc/%d/task/%d/children", pid_, pid_);
  auto text = read_file(path.c_str(), 65536);
  std::vector<pid_t> pids;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (std::string_view word = next_word(&rest); !word.empty(); word = next_word(&rest))
    pids.push_back(atoi(std::string(word).c_str()));
  return pids;
}

std::string TrialServer::log() const {
  auto text = read_file((folder_.path() + "/log").c_str(), kMaxLogBytes);
  return text ? *text : "";
}

size_t count_descriptors(pid_t pid) {
  std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(format_text("/proc/%d/fd", pid).c_str()), closedir);
  size_t count = 0;
  while (dir && readdir(dir.get())) ++count;
  return count;
}

}  // namespace mortise
