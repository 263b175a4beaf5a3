#include "kernel/child.h"

#include <uwsgi.h>

#include <sys/epoll.h>

#include <catch2/catch.hpp>
#include <functional>

#include "kernel/signals.h"

using namespace mortise;

namespace {

constexpr int kWaitMs = 5000;

bool readable(int fd, int wait_ms) {
  pollfd waiting{fd, POLLIN, 0};
  int events;
  while ((events = poll(&waiting, 1, wait_ms)) < 0 && errno == EINTR) continue;
  return events == 1;
}

int stop_and_exit() {
  return readable(uwsgi_stop_fd(), kWaitMs) && uwsgi_stopping() ? 0 : 1;
}

// A process that entered as a child of this one. Its body ends with 0 if it saw what it should.
struct Child {
  pid_t pid = 0;
  Fd stop_event, lifeline, messages;

  explicit Child(const std::function<int()> &body, pid_t master = getpid()) {
    Pipe life = std::move(*make_pipe(true));
    Pipe talk = std::move(*make_pipe(true));
    Fd event = std::move(*make_eventfd());
    stop_event.reset(dup(event.get()));
    fflush(nullptr);
    pid = fork();
    if (pid == 0) {
      life.write_end.reset();
      talk.read_end.reset();
      ChildLinks links{master, std::move(event), std::move(life.read_end), std::move(talk.write_end)};
      _exit(enter_child(std::move(links)) ? body() : 99);
    }
    lifeline = std::move(life.write_end);
    messages = std::move(talk.read_end);
  }
  ~Child() {
    if (pid > 0) kill(pid, SIGKILL), waitpid(pid, nullptr, 0);
  }
  ChildMessage next_message() {
    ChildMessage message{};
    if (readable(messages.get(), kWaitMs))
      CHECK(read(messages.get(), &message, sizeof message) == sizeof message);
    return message;
  }
  void wait_ready() { CHECK(next_message().report == ChildReport::kReady); }
  int wait_outcome() {
    int outcome = -1;
    waitpid(pid, &outcome, 0);
    pid = 0;
    return outcome;
  }
};

int wait_for_stop() {
  uwsgi_process_ready();
  return stop_and_exit();
}

}  // namespace

TEST_CASE("a child says once that it is ready, with its pid") {
  Child child([] {
    uwsgi_process_ready();
    uwsgi_process_ready();
    ask_replacement();
    return stop_and_exit();
  });
  ChildMessage ready = child.next_message();
  CHECK(ready.pid == child.pid);
  CHECK(ready.report == ChildReport::kReady);
  CHECK(child.next_message().report == ChildReport::kReplaceMe);
}

TEST_CASE("the master's signal makes a child's stop descriptor readable, and a second one changes nothing") {
  int signum = GENERATE(SIGTERM, SIGQUIT, SIGHUP);
  Child child([] {
    uwsgi_process_ready();
    bool seen = readable(uwsgi_stop_fd(), kWaitMs) && stop_requested();
    uwsgi_process_ready();
    ask_replacement();  // here: go on
    return seen && readable(uwsgi_stop_fd(), 0) && readable(uwsgi_stop_fd(), 0) ? 0 : 1;
  });
  child.wait_ready();
  kill(child.pid, signum);
  child.next_message();
  kill(child.pid, signum);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a stop reaches a child whose application took SIGTERM for itself") {
  Child child([] {
    signal(SIGTERM, [](int) {});
    uwsgi_process_ready();
    return stop_and_exit();
  });
  child.wait_ready();
  kill(child.pid, SIGTERM);
  uint64_t one = 1;
  REQUIRE(write(child.stop_event.get(), &one, sizeof one) == sizeof one);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("the stop descriptor can be watched by another epoll") {
  Child child([] {
    int queue = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.fd = 7}};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, uwsgi_stop_fd(), &event) != 0) return 1;
    if (epoll_wait(queue, &event, 1, 0) != 0 || uwsgi_stopping()) return 2;
    uwsgi_process_ready();
    while (epoll_wait(queue, &event, 1, kWaitMs) < 0) continue;
    return event.data.fd == 7 && uwsgi_stopping() ? 0 : 3;
  });
  child.wait_ready();
  kill(child.pid, SIGTERM);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a signal from anyone but the master is a wish to be replaced") {
  int signum = GENERATE(SIGTERM, SIGQUIT, SIGHUP);
  Child child(wait_for_stop);
  child.wait_ready();
  pid_t stranger = fork();
  if (stranger == 0) _exit(kill(child.pid, signum));
  waitpid(stranger, nullptr, 0);
  ChildMessage wish = child.next_message();
  CHECK(wish.report == ChildReport::kReplaceMe);
  CHECK(wish.pid == child.pid);
  kill(child.pid, SIGTERM);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("Ctrl-C does nothing to a child") {
  Child child(wait_for_stop);
  child.wait_ready();
  kill(child.pid, SIGINT);
  kill(child.pid, SIGTERM);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a child stops when the master's end of the lifeline closes") {
  Child child([] {
    uwsgi_process_ready();
    bool seen = readable(uwsgi_stop_fd(), kWaitMs);
    return seen && !stop_requested() && uwsgi_stopping() && stop_requested() ? 0 : 1;
  });
  child.wait_ready();
  child.lifeline.reset();
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a child whose master died before it looked stops at once") {
  Child child([] { return stop_requested() && uwsgi_stopping() ? 0 : 1; }, /*master=*/1'000'000'000);
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a child that lost its lifeline still stops when the master dies") {
  Pipe talk = std::move(*make_pipe(false));
  fflush(nullptr);
  pid_t master = fork();
  if (master == 0) {
    pid_t own = getpid();
    if (fork() == 0) {
      ChildLinks links;
      links.master = own;
      if (!enter_child(std::move(links))) _exit(1);
      char ready = 'r', stopped = 's';
      if (write(talk.write_end.get(), &ready, 1) != 1) _exit(1);
      if (stop_and_exit() == 0 && write(talk.write_end.get(), &stopped, 1) != 1) _exit(1);
      _exit(0);
    }
    pause();
  }
  char seen = 0;
  REQUIRE(readable(talk.read_end.get(), kWaitMs));
  REQUIRE(read(talk.read_end.get(), &seen, 1) == 1);
  kill(master, SIGKILL);
  waitpid(master, nullptr, 0);
  REQUIRE(readable(talk.read_end.get(), kWaitMs));
  REQUIRE(read(talk.read_end.get(), &seen, 1) == 1);
  CHECK(seen == 's');
}

TEST_CASE("a process that the application forks is ended by SIGTERM, and its worker is not") {
  Child child([] {
    pid_t forked = fork();
    if (forked == 0) {
      pause();
      _exit(1);
    }
    kill(forked, SIGTERM);
    int outcome = 0;
    waitpid(forked, &outcome, 0);
    return WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGTERM && !uwsgi_stopping() ? 0 : 1;
  });
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("a program that a child runs has default signals and none of its descriptors") {
  Child child([] {
    block_master_signals();  // as if the fork had happened in a master
    if (!enter_child({})) return 1;
    // Ignored and blocked signals of the shell, without 13 (SIGPIPE) or 15; and descriptors above 2.
    return system(
        "grep -qE '^Sig(Ign|Blk):.*[1-9a-f]' /proc/self/status && exit 1; "
        "[ $(ls /proc/$$/fd | awk '$1 > 2 && $1 < 10' | wc -l) -eq 0 ]");
  });
  CHECK(child.wait_outcome() == 0);
}

TEST_CASE("without a master a process stops at the first signal and dies of the second") {
  int signum = GENERATE(SIGTERM, SIGINT);
  Pipe talk = std::move(*make_pipe(false));
  fflush(nullptr);
  pid_t pid = fork();
  if (pid == 0) {
    if (!enter_child({})) _exit(1);
    char byte = 'x';
    if (write(talk.write_end.get(), &byte, 1) != 1) _exit(1);
    if (stop_and_exit() != 0 || uwsgi_master_pid() != getpid()) _exit(2);
    if (write(talk.write_end.get(), &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char seen = 0;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(read(talk.read_end.get(), &seen, 1) == 1);
    kill(pid, signum);
  }
  int outcome = 0;
  waitpid(pid, &outcome, 0);
  CHECK(WIFSIGNALED(outcome));
  CHECK(WTERMSIG(outcome) == signum);
}

TEST_CASE("a broken pipe is an error for a child, not its end") {
  Child child([] {
    block_master_signals();
    if (!enter_child({})) return 1;
    int ends[2];
    if (pipe(ends) != 0 || close(ends[0]) != 0) return 1;
    return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 1;
  });
  CHECK(child.wait_outcome() == 0);
}
