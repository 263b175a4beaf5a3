#include <uwsgi.h>

#include <atomic>
#include <catch2/catch.hpp>

TEST_CASE("a plugin's thread talks to its creator and gets no signals") {
  static char answer[] = "signals blocked";
  static uwsgi_thread *thread = uwsgi_thread_new_with_data(
      [](uwsgi_thread *self) {
        int fd = -1;
        char byte = 0;
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        bool blocked =
            sigismember(&mask, SIGTERM) && sigismember(&mask, SIGHUP) && sigismember(&mask, SIGUSR1);
        if (event_queue_wait(self->queue, 5, &fd) != 1 || fd != self->pipe[1]) return;
        if (read(fd, &byte, 1) != 1 || byte != '?' || !blocked) return;
        if (write(fd, self->data, sizeof answer) < 0) return;
      },
      answer);
  REQUIRE(thread);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGUSR1) == 0);
  CHECK(fcntl(thread->pipe[0], F_GETFD) == FD_CLOEXEC);
  REQUIRE(write(thread->pipe[0], "?", 1) == 1);
  char got[sizeof answer] = "";
  REQUIRE(uwsgi_waitfd(thread->pipe[0], 5) == 1);
  CHECK(read(thread->pipe[0], got, sizeof got) == sizeof got);
  CHECK(std::string(got) == answer);
}

TEST_CASE("a thread that is given its data later finds it") {
  static std::atomic<int> got = 0;
  static int data = 12;
  uwsgi_thread *thread = uwsgi_thread_new([](uwsgi_thread *self) {
    got = self->data ? *static_cast<int *>(self->data) : -1;
    if (write(self->pipe[1], "!", 1) != 1) got = -1;
  });
  REQUIRE(thread);
  __atomic_store_n(&thread->data, &data, __ATOMIC_RELEASE);
  REQUIRE(uwsgi_waitfd(thread->pipe[0], 5) == 1);
  CHECK(got == 12);
}

TEST_CASE("a thread without a function is refused") {
  CHECK(uwsgi_thread_new(nullptr) == nullptr);
}
