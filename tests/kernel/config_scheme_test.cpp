#include "config/config_scheme.h"

#include <unistd.h>

#include <catch2/catch.hpp>

using namespace mortise;

TEST_CASE("a command's output stands for a file, whatever its status") {
  CHECK(**read_scheme("exec://echo one two", 100) == "one two\n");
  CHECK(**read_scheme("exec://echo kept; exit 3", 100) == "kept\n");
}

TEST_CASE("a command that cannot be run, is killed or writes too much is an error") {
  CHECK(read_scheme("exec:///no/such/program 2>&-", 100)->error().message() ==
        "run '/no/such/program 2>&-': the shell cannot run it (its message stands above)");
  CHECK(read_scheme("exec://kill -9 $$", 100)->error().message() ==
        "run 'kill -9 $$': it was ended by signal 9");
  CHECK_FALSE(*read_scheme("exec://echo 12345678901", 10));
}

TEST_CASE("a descriptor and a text stand for a file") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "piped", 5) == 5);
  close(ends[1]);
  CHECK(**read_scheme("fd://" + std::to_string(ends[0]), 100) == "piped");
  close(ends[0]);
  CHECK_FALSE(*read_scheme("fd://99999", 100));
  CHECK(**read_scheme("data://a b", 100) == "a b");
}

TEST_CASE("other names are files") {
  for (const char *name : {"/etc/hostname", "exec", "exec:/", "", "http://host/path"})
    CHECK_FALSE(read_scheme(name, 100));
}
