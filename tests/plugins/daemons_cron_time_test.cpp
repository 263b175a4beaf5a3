#include <catch2/catch.hpp>

#include "plugins/daemons/cron_time.h"
#include "plugins/daemons/spawn.h"

using namespace mortise::daemons;

namespace {

// 2026-02-28 is a Saturday.
tm at(int minute, int hour, int day = 28, int month = 2, int weekday = 6) {
  tm time{};
  time.tm_min = minute;
  time.tm_hour = hour;
  time.tm_mday = day;
  time.tm_mon = month - 1;
  time.tm_wday = weekday;
  return time;
}

}  // namespace

TEST_CASE("a cron line has five fields and a command") {
  auto line = parse_cron_line(" 5 -1  */2 12 7\techo a  b");
  REQUIRE(line);
  CHECK(line->time.minute == 5);
  CHECK(line->time.hour == -1);
  CHECK(line->time.day == -2);
  CHECK(line->time.month == 12);
  CHECK(line->time.week == 7);
  CHECK(line->command == "echo a  b");
  for (const char *wrong : {"", "1 2 3 4 5", "1 2 3 4 x", "60 0 1 1 0 x", "0 24 1 1 0 x", "0 0 0 1 0 x",
                            "0 0 1 13 0 x", "0 0 1 1 8 x", "1.5 0 1 1 0 x", "*/0 0 1 1 0 x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_cron_line(wrong));
  }
}

TEST_CASE("a time matches where each field does; of two kinds of days either") {
  CHECK(matches({}, at(17, 3)));
  CHECK(matches({.minute = 17}, at(17, 3)));
  CHECK_FALSE(matches({.minute = 17}, at(18, 3)));
  CHECK(matches({.minute = -5}, at(15, 3)));
  CHECK_FALSE(matches({.minute = -5}, at(16, 3)));
  CHECK(matches({.hour = 3, .day = 28, .month = 2}, at(0, 3)));
  CHECK_FALSE(matches({.month = 3}, at(0, 3)));
  CHECK(matches({.day = 1, .week = 6}, at(0, 0)));
  CHECK(matches({.day = 28, .week = 1}, at(0, 0)));
  CHECK_FALSE(matches({.day = 1, .week = 1}, at(0, 0)));
  CHECK(matches({.week = 7}, at(0, 0, 1, 3, 0)));
}

TEST_CASE("a program takes the place of the shell, anything else is the shell's") {
  CHECK(shell_command("sleep 10") == "exec sleep 10");
  CHECK(shell_command("/bin/sleep '1 0' $X") == "exec /bin/sleep '1 0' $X");
  for (const char *command : {"sleep 1; sleep 2", "sleep 1 | cat", "A=b sleep 1", "cd /", "while true", "",
                              " ", "no-such-program x"})
    CHECK(shell_command(command) == command);
}
