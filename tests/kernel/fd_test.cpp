#include "kernel/fd.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace mortise;

namespace {

class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/mortise-fd-XXXXXX";
    REQUIRE(mkdtemp(name));
    path_ = name;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string file(const std::string &name, const std::string &text) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("a descriptor is closed by its owner, once, and can be moved and released") {
  int number;
  {
    Fd fd = std::move(*open_file("/dev/null", O_RDONLY));
    number = fd.get();
    Fd other = std::move(fd);
    CHECK_FALSE(fd);
    CHECK(other.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
  Fd kept = std::move(*open_file("/dev/null", O_RDONLY));
  int released = kept.release();
  kept.reset();
  CHECK(is_open(released));
  close(released);
}

TEST_CASE("descriptors are close-on-exec from birth") {
  auto pipe = make_pipe(false);
  auto file = open_file("/dev/null", O_RDONLY);
  auto event = make_eventfd();
  for (int fd : {pipe->read_end.get(), pipe->write_end.get(), file->get(), event->get()})
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("pipes block or not as asked, and set_nonblocking changes that") {
  auto nonblocking = [](const Fd &fd) { return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0; };
  auto pipe = make_pipe(true);
  CHECK(nonblocking(pipe->read_end));
  CHECK(nonblocking(*make_eventfd()));
  REQUIRE(set_nonblocking(pipe->read_end.get(), false));
  CHECK_FALSE(nonblocking(pipe->read_end));
  CHECK_FALSE(nonblocking(make_pipe(false)->write_end));
  auto failed = set_nonblocking(-1, true);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message() == "change the mode of descriptor -1: Bad file descriptor");
}

TEST_CASE("a file is read whole, whatever its size says") {
  TempDir dir;
  CHECK(*read_file(dir.file("empty", "").c_str(), 10) == "");
  std::string text(70'000, 'x');
  CHECK(*read_file(dir.file("long", text).c_str(), 70'000) == text);
  CHECK(read_file("/proc/self/status", 1 << 20)->starts_with("Name:"));
}

TEST_CASE("a pipe is read up to its end") {
  auto pipe = make_pipe(false);
  REQUIRE(write(pipe->write_end.get(), "abc", 3) == 3);
  pipe->write_end.reset();
  std::string path = "/proc/self/fd/" + std::to_string(pipe->read_end.get());
  CHECK(*read_file(path.c_str(), 10) == "abc");
}

TEST_CASE("what cannot be read is an error that names the path") {
  TempDir dir;
  auto missing = read_file((dir.path() + "/nope").c_str(), 10);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() == "open " + dir.path() + "/nope: No such file or directory");
  CHECK(missing.error().exit_code == kExitNoInput);
  CHECK(read_file(dir.path().c_str(), 10).error().message() == "read " + dir.path() + ": Is a directory");
  std::string path = dir.file("long", "12345678901");
  CHECK(read_file(path.c_str(), 10).error().message() == "read " + path + ": it is longer than 10 bytes");
  CHECK(read_file(path.c_str(), 11));
}
