#include "kernel/handover.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <cstring>
#include <sstream>

#include "kernel/fd.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

constexpr char kVariable[] = "MORTISE_HANDOVER=";

struct Origin {
  std::vector<std::string> command, environment;
  std::string folder;
};
Origin &origin() {
  static Origin kept;
  return kept;
}

// A listener's address as the system has it; empty where the descriptor is none, or a private one of this
// generation.
bool is_public_listener(int fd) {
  int accepts = 0;
  socklen_t len = sizeof accepts;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) || !accepts) return false;
  sockaddr_un address{};
  len = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr *>(&address), &len);
  return address.sun_family != AF_UNIX || memcmp(address.sun_path, "\0mortise-", 9) != 0;
}

// Descriptors are given out from the lowest on, so a wide gap is the end of them. /proc/self/fd would tell,
// but not a process that has changed its user (proc(5), dumpable).
std::vector<int> public_listeners() {
  constexpr int kGap = 4096;
  std::vector<int> found;
  for (int fd = STDERR_FILENO + 1, last = fd; fd < last + kGap; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) last = fd;
    if (last == fd && is_public_listener(fd)) found.push_back(fd);
  }
  return found;
}

// One record a line; the last field of a line may have spaces.
std::string write_records(const Handover &handover) {
  std::ostringstream out;
  out << "to " << getpid() << ' ' << handover.generation << ' ' << handover.trial << handover.dropped << '\n';
  for (int fd : handover.links) out << "link " << fd << '\n';
  for (int fd : handover.listeners) out << "listener " << fd << '\n';
  for (int fd : handover.any_port) out << "any_port " << fd << '\n';
  for (pid_t pid : handover.askers) out << "asker " << pid << '\n';
  for (const OldProcess &old : handover.processes)
    out << "process " << old.pid << ' ' << old.stop_fd << ' ' << old.due_ms << ' ' << old.told << ' '
        << old.is_worker << ' ' << old.stop_first << ' ' << old.label << '\n';
  for (const SocketFile &file : handover.files)
    out << "file " << file.device << ' ' << file.inode << ' ' << file.owner << ' ' << file.path << '\n';
  return out.str();
}

Handover read_records(const std::string &text) {
  Handover handover;
  std::istringstream lines(text);
  for (std::string line, key; std::getline(lines, line);) {
    std::istringstream in(line);
    int number = 0;
    in >> key;
    if (key == "process") {
      OldProcess old;
      in >> old.pid >> old.stop_fd >> old.due_ms >> old.told >> old.is_worker >> old.stop_first >> std::ws;
      std::getline(in, old.label);
      handover.processes.push_back(old);
    } else if (key == "file") {
      SocketFile file;
      in >> file.device >> file.inode >> file.owner >> std::ws;
      std::getline(in, file.path);
      handover.files.push_back(file);
    } else if (in >> number; key == "to") {
      if (number != getpid()) return {};  // the variable came along with somebody's environment
      std::getline(in >> handover.generation >> handover.trial, handover.dropped);
    } else {
      (key == "link"       ? handover.links
       : key == "listener" ? handover.listeners
       : key == "any_port" ? handover.any_port
                           : handover.askers)
          .push_back(number);
    }
  }
  return handover;
}

void pass_on(int fd, bool on) {
  fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
}

void pass_on(const Handover &handover, bool on) {
  for (int fd : handover.links) pass_on(fd, on);
  for (int fd : handover.listeners) pass_on(fd, on);
  for (const OldProcess &old : handover.processes) pass_on(old.stop_fd, on);
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> all;
  for (std::string &text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Handover &handover() {
  static Handover received;
  return received;
}

void receive_handover() {
  origin() = {};
  origin().folder = uwsgi.cwd ? uwsgi.cwd : "/";
  // Not argv: a program that embeds the server may have given it another one.
  if (auto command = read_file("/proc/self/cmdline", 1 << 22)) {
    std::istringstream words(*command);
    for (std::string word; std::getline(words, word, '\0');) origin().command.push_back(word);
  }
  for (char **variable = environ; *variable; ++variable) {
    std::string_view text = *variable;
    if (text.starts_with(kVariable)) {
      Fd memory(atoi(*variable + sizeof kVariable - 1));
      auto records = read_file(format_text("/proc/self/fd/%d", memory.get()).c_str(), 1 << 26);
      if (records) handover() = read_records(*records);
      if (handover().generation == 0) memory.release();  // not ours
    } else if (!text.starts_with("LISTEN_PID=")) {
      origin().environment.emplace_back(text);
    }
  }
  unsetenv(std::string(kVariable, sizeof kVariable - 2).c_str());
  pass_on(handover(), false);
}

Error execute(const Handover &given) {
  Handover passed_on = given;
  passed_on.dropped = handover().dropped;
  for (int fd : public_listeners()) passed_on.listeners.push_back(fd);
  Fd memory(memfd_create("handover", 0));
  std::string records = write_records(passed_on);
  if (!memory || write(memory.get(), records.data(), records.size()) != static_cast<ssize_t>(records.size()))
    return system_error("pass on what the next generation needs", errno, "free memory", kExitSystem);
  pass_on(passed_on, true);
  std::vector<std::string> environment = origin().environment;
  environment.push_back(kVariable + std::to_string(memory.get()));
  // The next generation's log begins where ours did, before a logger of ours took it over.
  if (!given.trial && uwsgi.original_log_fd > STDERR_FILENO)
    for (int fd : {STDOUT_FILENO, STDERR_FILENO}) dup2(uwsgi.original_log_fd, fd);
  Fd here(open(".", O_PATH | O_CLOEXEC));
  if (chdir(origin().folder.c_str()) == 0)
    execve(uwsgi.binary_path, pointers(origin().command).data(), pointers(environment).data());
  Error error = system_error("execute " + std::string(uwsgi.binary_path), errno, "install the program again",
                             kExitSystem);
  if (fchdir(here.get())) error.why += ", and the working folder is gone";
  pass_on(passed_on, false);
  return error;
}

void answer_reload(pid_t asker, const std::string &failure) {
  Fd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "mortise-reload-%d", asker);
  sendto(sender.get(), failure.data(), std::min<size_t>(failure.size(), 4096), MSG_NOSIGNAL,
         reinterpret_cast<sockaddr *>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(len)));
}

}  // namespace mortise

extern "C" int uwsgi_generation(void) {
  return mortise::handover().trial ? -1 : mortise::handover().generation;
}
