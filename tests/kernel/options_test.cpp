#include "config/options.h"

#include <catch2/catch.hpp>
#include <deque>

using namespace mortise;

namespace {

// A table of its own, never destroyed, because what was given lives for ever; puts uwsgi back afterwards.
struct Fixture {
  Fixture() : table(tables().emplace_back()), saved(uwsgi) {}
  ~Fixture() { uwsgi = saved; }

  static std::deque<OptionTable> &tables() {
    static auto &all = *new std::deque<OptionTable>;
    return all;
  }

  // Applies key = value to an option with this function and returns the message, "" when it was taken.
  std::string give(void (*func)(char *, char *, void *), void *data, const char *value,
                   int type = required_argument) {
    auto *rows = new uwsgi_option[2]{{"opt", type, 0, "", func, data, 0}, {}};
    rows_.emplace_back(rows);
    OptionTable &one = tables().emplace_back();
    one.add("test", rows);
    auto done = one.apply({"opt", value ? value : "", "app.ini:3", value != nullptr});
    return done ? "" : done.error().message();
  }

  OptionTable &table;
  uwsgi_server saved;
  std::deque<std::unique_ptr<uwsgi_option[]>> rows_;
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a table ends at its terminator, at an implausible row or at the end of its symbol") {
  uwsgi_option rows[] = {{"one", no_argument, 'o', "", nullptr, nullptr, 0},
                         {"two", no_argument, 0, "", nullptr, nullptr, 0},
                         UWSGI_END_OF_OPTIONS{"after", no_argument, 0, "", nullptr, nullptr, 0}};
  table.add("terminated", rows);
  CHECK(table.find("two") == &rows[1]);
  CHECK(table.find("after") == nullptr);
  CHECK(table.find_shortcut('o') == &rows[0]);
  CHECK(table.find_shortcut('x') == nullptr);
  uwsgi_option unterminated[] = {{"three", no_argument, 0, "", nullptr, nullptr, 0},
                                 {"\x01garbage", 77, 0, "", nullptr, nullptr, 0}};
  table.add("implausible", unterminated);
  CHECK(table.find("three"));
  CHECK(table.find("\x01garbage") == nullptr);
  table.add("short", &rows[3], 1);
  CHECK(table.find("after") == &rows[3]);
  table.add("none", nullptr);
}

TEST_CASE_METHOD(Fixture,
                 "of options with one name the server's own counts, else that of the plugin loaded last") {
  int first = 0, second = 0;
  uwsgi_option kernel[] = {{"same", required_argument, 0, "", uwsgi_opt_set_int, &first, 0},
                           UWSGI_END_OF_OPTIONS};
  uwsgi_option plugin[] = {{"same", required_argument, 0, "", uwsgi_opt_set_int, &second, 0},
                           UWSGI_END_OF_OPTIONS};
  table.add("kernel", kernel);
  table.add("plugin", plugin);
  REQUIRE(table.apply({"same", "5", "test", true}));
  CHECK(first == 5);
  CHECK(second == 0);
  uwsgi_option needed[] = {{"algorithm", no_argument, 0, "", nullptr, nullptr, 0}, UWSGI_END_OF_OPTIONS};
  uwsgi_option needs_it[] = {{"algorithm", no_argument, 0, "", nullptr, nullptr, 0},
                             {"algorithm", no_argument, 0, "again", nullptr, nullptr, 0},
                             UWSGI_END_OF_OPTIONS};
  table.add("needed", needed);
  CHECK(table.find("algorithm") == &needed[0]);
  table.add("needs it", needs_it);
  CHECK(table.find("algorithm") == &needs_it[0]);
}

TEST_CASE_METHOD(Fixture, "flags are set by a bare option and by words for true and false") {
  int flag = 7;
  CHECK(give(uwsgi_opt_true, &flag, nullptr, no_argument).empty());
  CHECK(flag == 1);
  CHECK(give(uwsgi_opt_true, &flag, "false", no_argument).empty());
  CHECK(flag == 0);
  CHECK(give(uwsgi_opt_true, &flag, "", no_argument).empty());
  CHECK(flag == 1);
  CHECK(give(uwsgi_opt_false, &flag, nullptr, no_argument).empty());
  CHECK(flag == 0);
  CHECK(give(uwsgi_opt_false, &flag, "off", no_argument).empty());
  CHECK(flag == 1);
  CHECK(give(uwsgi_opt_true, &flag, "maybe", no_argument) ==
        "app.ini:3: opt = 'maybe': neither true nor false (give true or false)");
  CHECK(flag == 1);
}

TEST_CASE_METHOD(Fixture, "numbers are taken whole or refused") {
  int number = 7;
  uint64_t large = 7;
  CHECK(give(uwsgi_opt_set_int, &number, "42").empty());
  CHECK(number == 42);
  CHECK(give(uwsgi_opt_set_int, &number, nullptr, optional_argument).empty());
  CHECK(number == 1);
  CHECK(give(uwsgi_opt_set_int, &number, "four") ==
        "app.ini:3: opt = 'four': not a number (give a whole number, without a unit)");
  CHECK(give(uwsgi_opt_set_int, &number, "-1") ==
        "app.ini:3: opt = '-1': out of range (from 0 to 2147483647)");
  CHECK(give(uwsgi_opt_set_int, &number, "2147483648") ==
        "app.ini:3: opt = '2147483648': out of range (from 0 to 2147483647)");
  CHECK(give(uwsgi_opt_set_int, &number, "99999999999999999999") ==
        "app.ini:3: opt = '99999999999999999999': out of range (from 0 to 2147483647)");
  CHECK(give(uwsgi_opt_set_rawint, &number, "-99999999999999999999") ==
        "app.ini:3: opt = '-99999999999999999999': out of range (from -2147483648 to 2147483647)");
  CHECK(give(uwsgi_opt_set_16bit, &number, "65536") ==
        "app.ini:3: opt = '65536': out of range (from 0 to 65535)");
  CHECK_FALSE(give(uwsgi_opt_set_int, &number, "").empty());
  CHECK_FALSE(give(uwsgi_opt_set_int, &number, "10x").empty());
  CHECK(number == 1);
  CHECK(give(uwsgi_opt_set_rawint, &number, "-5").empty());
  CHECK(number == -5);
  CHECK(give(uwsgi_opt_set_64bit, &large, "1099511627776").empty());
  CHECK(large == 1099511627776u);
  CHECK_FALSE(give(uwsgi_opt_set_64bit, &large, "-1").empty());
}

TEST_CASE_METHOD(Fixture, "texts and lists keep the strings they are given") {
  char *text = nullptr;
  uwsgi_string_list *list = nullptr;
  CHECK(give(uwsgi_opt_set_str, &text, "one").empty());
  CHECK(text == std::string("one"));
  CHECK(give(uwsgi_opt_set_str, &text, nullptr, optional_argument).empty());
  CHECK(text == std::string());
  free(text);
  CHECK(give(uwsgi_opt_set_null, &text, nullptr, no_argument).empty());
  CHECK(text == nullptr);
  CHECK(give(uwsgi_opt_add_string_list, &list, "a").empty());
  CHECK(give(uwsgi_opt_add_string_list, &list, "b").empty());
  CHECK(std::string(list->value) + list->next->value == "ab");
  while (list) free(std::exchange(list, list->next));
}

TEST_CASE_METHOD(Fixture, "users and groups are options by name or number") {
  uid_t uid = 1;
  gid_t gid = 1;
  CHECK(give(uwsgi_opt_uid, &uid, "root").empty());
  CHECK(uid == 0);
  CHECK(give(uwsgi_opt_gid, &gid, "1234").empty());
  CHECK(gid == 1234);
  CHECK(give(uwsgi_opt_uid, &uid, "no-such-user") ==
        "app.ini:3: opt = 'no-such-user': there is no such user (give a name or a number)");
  CHECK(give(uwsgi_opt_gid, &gid, "no-such-group") ==
        "app.ini:3: opt = 'no-such-group': there is no such group (give a name or a number)");
}

TEST_CASE_METHOD(Fixture, "a missing value is refused") {
  char *text = nullptr;
  CHECK(give(uwsgi_opt_set_str, &text, nullptr) ==
        "app.ini:3: option 'opt': its value is missing (write opt = VALUE)");
}

TEST_CASE_METHOD(Fixture, "an unknown option is refused with the nearest name, of plugins too") {
  uwsgi_option rows[] = {{"frobnicate", no_argument, 0, "", nullptr, nullptr, 0}, UWSGI_END_OF_OPTIONS};
  table.add("plugin", rows);
  CHECK(table.unknown("--vaccum").message() ==
        "unknown option '--vaccum': did you mean '--vacuum'? (see mortise --help)");
  CHECK(table.unknown("---vaccum").message() ==
        "unknown option '---vaccum': did you mean '--vacuum'? (see mortise --help)");
  CHECK(table.unknown("frobnicat").message() ==
        "unknown option 'frobnicat': did you mean 'frobnicate'? (see mortise --help)");
  CHECK(table.unknown("--qqqqqqqqqqqqq").message() ==
        "unknown option '--qqqqqqqqqqqqq': neither the server nor a plugin has it (see mortise --help)");
  auto done = table.apply({"vaccum", "", "test", false});
  REQUIRE_FALSE(done);
  CHECK(done.error().exit_code == kExitUsage);
}

TEST_CASE_METHOD(Fixture, "plugins see what was given, the last value first") {
  int number = 0;
  uwsgi_option rows[] = {{"number", required_argument, 0, "", uwsgi_opt_set_int, &number, 0},
                         {"flag", no_argument, 0, "", nullptr, nullptr, 0},
                         UWSGI_END_OF_OPTIONS};
  table.add("kernel", rows);
  REQUIRE(table.apply({"number", "1", "test", true}));
  REQUIRE(table.apply({"number", "2", "test", true}));
  REQUIRE(table.apply({"flag", "", "test", false}));
  table.record("base", "/srv");
  REQUIRE(uwsgi.exported_opts_cnt == 4);
  CHECK(std::string(uwsgi.exported_opts[0]->key) == "number");
  CHECK(std::string(uwsgi.exported_opts[0]->value) == "1");
  CHECK(uwsgi.exported_opts[2]->value == nullptr);
  CHECK(std::string(uwsgi_option_value("number")) == "2");
  CHECK(std::string(uwsgi_option_value("flag")).empty());
  CHECK(std::string(uwsgi_option_value("base")) == "/srv");
  CHECK(uwsgi_option_value("absent") == nullptr);
  CHECK(uwsgi_option_value(nullptr) == nullptr);
}

TEST_CASE_METHOD(Fixture, "an option switches on what its flags say, and immediate ones are known") {
  uwsgi_option rows[] = {
      {"threaded", no_argument, 0, "", nullptr, nullptr, UWSGI_OPT_THREADS | UWSGI_OPT_IMMEDIATE},
      {"buffered", no_argument, 0, "", nullptr, nullptr, UWSGI_OPT_POST_BUFFERING},
      UWSGI_END_OF_OPTIONS};
  table.add("kernel", rows);
  CHECK(table.is_immediate("threaded"));
  CHECK_FALSE(table.is_immediate("buffered"));
  CHECK_FALSE(table.is_immediate("absent"));
  uwsgi.has_threads = uwsgi.post_buffering = 0;
  REQUIRE(table.apply({"threaded", "", "test", false}));
  REQUIRE(table.apply({"buffered", "", "test", false}));
  CHECK(uwsgi.has_threads == 1);
  CHECK(uwsgi.post_buffering == 4096);
}

TEST_CASE_METHOD(Fixture, "an option's function may give further options and still be refused itself") {
  static OptionTable *nested;
  nested = &table;
  uwsgi_option rows[] = {
      {"inner", required_argument, 0, "", [](char *, char *, void *) {}, nullptr, 0},
      {"outer", required_argument, 0, "",
       [](char *name, char *value, void *) {
         refuse_option_value({std::string(name) + " = '" + value + "'", "no", "", kExitUsage});
         if (!nested->apply({"inner", "x", "outer", true})) abort();
       },
       nullptr, 0},
      UWSGI_END_OF_OPTIONS};
  table.add("kernel", rows);
  auto done = table.apply({"outer", "y", "test", true});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "test: outer = 'y': no");
}

TEST_CASE_METHOD(Fixture, "placeholders are name=value") {
  CHECK(give(uwsgi_opt_set_placeholder, nullptr, "plain") ==
        "app.ini:3: opt = 'plain': it has no name or no '=' (write name=value)");
  CHECK(give(uwsgi_opt_set_placeholder, nullptr, "base=/srv=x").empty());
  CHECK(std::string(uwsgi_option_value("base")) == "/srv=x");
}

TEST_CASE_METHOD(Fixture, "what a plugin exports counts as configured") {
  static int number = 0;
  static uwsgi_option rows[] = {{"exported-number", required_argument, 0, "", uwsgi_opt_set_int, &number, 0},
                                UWSGI_END_OF_OPTIONS};
  option_table().add("test", rows);
  char key[] = "exported-number", unknown[] = "exported-text", value[] = "12";
  add_exported_option(key, value, 0);
  CHECK(number == 12);
  value[0] = '9';
  add_exported_option(key, value, 1);
  CHECK(number == 12);
  add_exported_option(unknown, nullptr, 0);
  add_exported_option(nullptr, nullptr, 0);
  CHECK(std::string(uwsgi_option_value("exported-number")) == "92");
  CHECK(std::string(uwsgi_option_value("exported-text")).empty());
}

TEST_CASE_METHOD(Fixture, "help lists options in columns under their owner") {
  uwsgi_option kernel[] = {
      {"processes", required_argument, 'p', "number of worker processes", nullptr, nullptr, 0},
      {"need-app", optional_argument, 0, "end without one", nullptr, nullptr, 0},
      UWSGI_END_OF_OPTIONS};
  uwsgi_option plugin[] = {
      {"http", required_argument, 0, "", nullptr, nullptr, 0},
      {"http-a-name-that-is-longer-than-its-column", no_argument, 0, "yes", nullptr, nullptr, 0},
      UWSGI_END_OF_OPTIONS};
  table.add("server", kernel);
  table.add("plugin http", plugin);
  CHECK(table.help() ==
        "server\n"
        "  -p, --processes VALUE           number of worker processes\n"
        "      --need-app[=VALUE]          end without one\n"
        "\n"
        "plugin http\n"
        "      --http VALUE\n"
        "      --http-a-name-that-is-longer-than-its-column yes\n");
}
