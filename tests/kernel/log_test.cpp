#include "kernel/log.h"

#include <fcntl.h>
#include <unistd.h>
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <thread>
#include <vector>

#include "kernel/fd.h"

using namespace mortise;

namespace {

// What a function writes to standard error, through a pipe that is larger than any of it.
std::string captured(const std::function<void()> &body) {
  auto pipe = make_pipe(true);
  Fd saved(dup(STDERR_FILENO));
  fcntl(pipe->write_end.get(), F_SETPIPE_SZ, 1 << 18);
  dup2(pipe->write_end.get(), STDERR_FILENO);
  body();
  dup2(saved.get(), STDERR_FILENO);
  std::string text(1 << 18, 0);
  ssize_t length = read(pipe->read_end.get(), text.data(), text.size());
  text.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return text;
}

struct WithoutTimestamps {
  WithoutTimestamps() { log_timestamps(false); }
  ~WithoutTimestamps() { log_timestamps(true); }
};

}  // namespace

TEST_CASE("a line begins with the time, says how grave it is and ends in one newline") {
  auto without_digits = [](std::string text) {
    for (char &c : text)
      if (isdigit(static_cast<unsigned char>(c))) c = '9';
    return text;
  };
  CHECK(without_digits(captured([] { log_info("port %d", 80); })) == "[9999-99-99 99:99:99] port 99\n");
  WithoutTimestamps plain;
  CHECK(captured([] { log_warning("a\n"); }) == "warning: a\n");
  CHECK(captured([] { log_error("b"); }) == "error: b\n");
  CHECK(captured([] { log_error(Error{"open /x", "no", "make it"}); }) == "error: open /x: no (make it)\n");
  CHECK(captured([] { log_info("%s", ""); }) == "\n");
}

TEST_CASE("a line of any length arrives whole") {
  WithoutTimestamps plain;
  for (size_t length : {2045u, 2046u, 2047u, 2048u, 2049u, 100'000u}) {
    std::string text(length, 'x');
    CHECK(captured([&] { log_info("%s", text.c_str()); }) == text + "\n");
    CHECK(captured([&] { log_info("%s\n", text.c_str()); }) == text + "\n");
  }
}

TEST_CASE("lines of several threads do not mix") {
  WithoutTimestamps plain;
  std::string text = captured([] {
    std::vector<std::thread> threads;
    for (char c : {'a', 'b', 'c', 'd'})
      threads.emplace_back([c] {
        for (int i = 0; i < 50; ++i) log_info("%s", std::string(300, c).c_str());
      });
    for (std::thread &thread : threads) thread.join();
  });
  REQUIRE(text.size() == 4 * 50 * 301);
  for (size_t line = 0; line < text.size(); line += 301)
    CHECK(text.substr(line, 301) == std::string(300, text[line]) + "\n");
}

TEST_CASE("a log call leaves errno alone, even when nobody reads the log") {
  Fd saved(dup(STDERR_FILENO));
  auto full = open_file("/dev/full", O_WRONLY);
  dup2(full->get(), STDERR_FILENO);
  errno = ENOENT;
  log_info("lost");
  int after = errno;
  dup2(saved.get(), STDERR_FILENO);
  CHECK(after == ENOENT);
  captured([] { log_info("tells how many were lost"); });
}

TEST_CASE("raw text is written as it is") {
  CHECK(captured([] { log_raw("no newline, no stamp"); }) == "no newline, no stamp");
}

TEST_CASE("control bytes are escaped so that input cannot forge lines") {
  CHECK(log_escape("a\nb\r\x01\x7f\tc") == "a\\x0ab\\x0d\\x01\\x7f\tc");
  CHECK(log_escape("h\xc3\xa5ll") == "h\xc3\xa5ll");
}

TEST_CASE("plugins log whole lines; the verbose call has the time always") {
  WithoutTimestamps plain;
  CHECK(captured([] { uwsgi_log("Hello %s\n", "World"); }) == "Hello World\n");
  std::string verbose = captured([] { uwsgi_log_verbose("x\n"); });
  CHECK(verbose.starts_with("[20"));
  CHECK(verbose.ends_with("] x\n"));
}

TEST_CASE("lines that nothing took are counted, and the next one that is written tells how many they were") {
  WithoutTimestamps plain;
  auto full = open_file("/dev/full", O_WRONLY);
  Fd saved(dup(STDERR_FILENO));
  dup2(full->get(), STDERR_FILENO);
  for (int i = 0; i < 3; ++i) log_info("lost");
  dup2(saved.get(), STDERR_FILENO);
  CHECK(captured([] { log_info("again"); }) ==
        "again\nlog: 3 lines were lost: No space left on device (the log is written again)\n");
  CHECK(captured([] { log_info("and on"); }) == "and on\n");
}

TEST_CASE("a line of which a part was written ends before the next one begins") {
  WithoutTimestamps plain;
  auto pipe = make_pipe(true);
  REQUIRE(pipe);
  REQUIRE(fcntl(pipe->write_end.get(), F_SETPIPE_SZ, 4096) == 4096);
  Fd saved(dup(STDERR_FILENO));
  dup2(pipe->write_end.get(), STDERR_FILENO);
  log_raw(std::string(6000, 'x') + "\n");  // a pipe takes what it has room for
  std::string taken(8192, 0);
  taken.resize(static_cast<size_t>(read(pipe->read_end.get(), taken.data(), taken.size())));
  log_info("next");
  std::string after(8192, 0);
  after.resize(static_cast<size_t>(read(pipe->read_end.get(), after.data(), after.size())));
  dup2(saved.get(), STDERR_FILENO);
  CHECK(taken == std::string(4096, 'x'));
  CHECK(after ==
        "\nnext\nlog: 1 lines were lost: Resource temporarily unavailable (the log is written again)\n");
}

TEST_CASE("a provider of logs says what lines begin with and where they go") {
  auto pipe = make_pipe(true);
  uwsgi_log_stamp("web: ", "<%%> ");
  uwsgi_log_through(pipe->write_end.get());
  CHECK(captured([] { log_warning("a"); }).empty());
  uwsgi_log_through(-1);
  uwsgi_log_stamp("", "[%Y-%m-%d %H:%M:%S] ");
  char text[64];
  ssize_t len = read(pipe->read_end.get(), text, sizeof text);
  CHECK(std::string(text, len > 0 ? static_cast<size_t>(len) : 0) == "<%> web: warning: a\n");
}
