#include "config/ini.h"

#include <catch2/catch.hpp>

using namespace mortise;

namespace {

std::vector<IniEntry> entries_of(std::string_view text, std::string_view section = "uwsgi") {
  auto ini = parse_ini(text, "app.ini", section);
  if (!ini) FAIL(ini.error().message());
  return ini->entries;
}

IniEntry only_entry(std::string_view line) {
  auto entries = entries_of("[uwsgi]\n" + std::string(line) + "\n");
  REQUIRE(entries.size() == 1);
  return entries[0];
}

std::string failure_of(std::string_view text) {
  auto ini = parse_ini(text, "app.ini", "uwsgi");
  REQUIRE_FALSE(ini);
  CHECK(ini.error().exit_code == kExitConfig);
  return ini.error().message();
}

}  // namespace

TEST_CASE("an entry is split at its first equals sign and loses the white space around key and value") {
  IniEntry entry = only_entry("  env \t=   A=b = c  ");
  CHECK(entry.key == "env");
  CHECK(entry.value == "A=b = c");
  CHECK(entry.has_value);
  CHECK(entry.line == 2);
}

TEST_CASE("a value of 100 KB on one line arrives whole") {
  std::string value(100'000, 'x');
  CHECK(only_entry("log-format = " + value).value == value);
}

TEST_CASE("a key and a section of more than 50 bytes arrive whole") {
  std::string name(120, 'n');
  auto entries = entries_of("[" + name + "]\n" + name + " = 1\n", name);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].key == name);
}

TEST_CASE("an indented line is an entry of its own") {
  auto entries = entries_of("[uwsgi]\nmodule = app\n    workers = 2\n\tthreads = 4\n");
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].value == "app");
  CHECK(entries[1].key == "workers");
  CHECK(entries[2].key == "threads");
}

TEST_CASE("a key alone on its line has no value, one with an equals sign has an empty one") {
  CHECK_FALSE(only_entry("master").has_value);
  CHECK(only_entry("master =").has_value);
  CHECK(only_entry("master =").value.empty());
}

TEST_CASE("semicolons, hashes and quotes inside a value belong to it") {
  CHECK(only_entry("route = ^/a ; b # c").value == "^/a ; b # c");
  CHECK(only_entry("pyargv = \"a b\" 'c'").value == "\"a b\" 'c'");
}

TEST_CASE("a colon does not end a key") {
  IniEntry entry = only_entry("http://x:80 = y");
  CHECK(entry.key == "http://x:80");
  CHECK(entry.value == "y");
}

TEST_CASE("whole lines that begin with a semicolon or a hash are comments") {
  CHECK(entries_of("; a = 1\n[uwsgi]\n# b = 2\n  ; c = 3\n\t# d = 4\n\n").empty());
}

TEST_CASE("only the entries of the section that was asked for are returned, wherever it continues") {
  const char *text = "x = 0\n[a]\nx = 1\n[uwsgi]\nx = 2\n[b]\nx = 3\n[uwsgi]\nx = 4\n";
  auto entries = entries_of(text);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].value == "2");
  CHECK(entries[1].value == "4");
  CHECK(entries[1].line == 9);
  CHECK(entries_of(text, "b").at(0).value == "3");
}

TEST_CASE("a section's name may have blanks around it and a comment behind it") {
  CHECK(entries_of("[ uwsgi ] ; main\na = 1\n").size() == 1);
}

TEST_CASE("a section that is missing is told apart from an empty one, with the names of those that exist") {
  auto ini = parse_ini("[app]\na=1\n[other]\n", "app.ini", "uwsgi");
  REQUIRE(ini);
  CHECK_FALSE(ini->found);
  CHECK(ini->names == std::vector<std::string>{"app", "other"});
  CHECK(parse_ini("[uwsgi]\n", "app.ini", "uwsgi")->found);
}

TEST_CASE("a byte order mark, CRLF line ends and a missing last line end make no difference") {
  auto entries = entries_of("\xef\xbb\xbf[uwsgi]\r\nmodule = app \r\n\r\nmaster");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].value == "app");
  CHECK(entries[1].key == "master");
  CHECK(entries[1].line == 4);
}

TEST_CASE("an empty file has neither entries nor sections") {
  auto ini = parse_ini("", "app.ini", "uwsgi");
  REQUIRE(ini);
  CHECK(ini->entries.empty());
  CHECK(ini->names.empty());
}

TEST_CASE("a line that means nothing is an error with its place") {
  CHECK(failure_of("[uwsgi]\na = 1\n[uwsgi\n") == "read app.ini:3: the section's name does not end in ']'");
  CHECK(failure_of("[uwsgi]\n\n= 1\n") == "read app.ini:3: there is no name before '='");
  CHECK(failure_of(std::string("[uwsgi]\na = 1\n\0\n", 16)) ==
        "read app.ini:3: it has a NUL byte: this is not a text file");
}

TEST_CASE("lines of other sections are not judged") {
  CHECK(entries_of("[loggers]\n= nothing\n[uwsgi]\na = 1\n").size() == 1);
}
