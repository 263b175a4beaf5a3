#include "sdk/runtime/strings.h"

#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <set>

using namespace mortise;

namespace {

struct Free {
  void operator()(char *text) const { free(text); }
};
using Text = std::unique_ptr<char, Free>;

// What a C function of the API returned, freed.
std::string taken(char *text) {
  Text owner(text);
  return text;
}

}  // namespace

TEST_CASE("the words of a text are taken off it one after another, whatever blanks are between") {
  std::string_view text = " \t one\r\ntwo\v\f three-3\x80 ";
  CHECK(next_word(&text) == "one");
  CHECK(text == "\r\ntwo\v\f three-3\x80 ");
  CHECK(next_word(&text) == "two");
  CHECK(next_word(&text) == "three-3\x80");
  CHECK(next_word(&text).empty());
  CHECK(text.empty());
  CHECK(next_word(&text).empty());
}

TEST_CASE("concatenation takes NUL-terminated or counted strings and copes with NULL") {
  CHECK(taken(uwsgi_concat2("ab", "cd")) == "abcd");
  CHECK(taken(uwsgi_concat3("a", "", "c")) == "ac");
  CHECK(taken(uwsgi_concat4("a", "b", "c", "d")) == "abcd");
  CHECK(taken(uwsgi_concat2n("abc", 2, "xyz", 1)) == "abx");
  CHECK(taken(uwsgi_concat3n("abc", 1, "", 0, "z", 1)) == "az");
  CHECK(taken(uwsgi_concat4n("a", 1, "b", 1, "c", 1, "d", 1)) == "abcd");
  CHECK(taken(uwsgi_concat2(nullptr, "x")) == "x");
  CHECK(taken(uwsgi_concat2n(nullptr, 3, "x", -1)).empty());
  CHECK(taken(uwsgi_strncopy("hello", 4)) == "hell");
  CHECK(taken(uwsgi_str("same")) == "same");
}

TEST_CASE("numbers become decimal text and back") {
  CHECK(taken(uwsgi_num2str(-17)) == "-17");
  CHECK(taken(uwsgi_64bit2str(INT64_MIN)) == "-9223372036854775808");
  CHECK(uwsgi_str_num("1234", 4) == 1234);
  CHECK(uwsgi_str_num("12ab", 4) == 12);
  CHECK(uwsgi_str_num("99", 1) == 9);
  CHECK(uwsgi_str_num("-1", 2) == 0);
  CHECK(uwsgi_str_num(nullptr, 0) == 0);
}

TEST_CASE("comparisons return 0 for equal, as plugins of uWSGI expect") {
  CHECK(uwsgi_strncmp("GET", 3, "GET", 3) == 0);
  CHECK(uwsgi_strncmp("GET", 3, "GETX", 4) == 1);
  CHECK(uwsgi_strncmp("GET", 3, "PUT", 3) != 0);
  CHECK(uwsgi_strnicmp("Host", 4, "hOST", 4) == 0);
  CHECK(uwsgi_strnicmp("Host", 4, "Hos", 3) == 1);
  CHECK(uwsgi_starts_with("HTTP_HOST", 9, "HTTP_", 5) == 0);
  CHECK(uwsgi_starts_with("HT", 2, "HTTP_", 5) == -1);
  CHECK(uwsgi_startswith("fd://3", "fd://", 5) == 0);
  CHECK(uwsgi_startswith("f", "fd://", 5) == -1);
  CHECK(uwsgi_endswith("app.py", ".py") == 1);
  CHECK(uwsgi_endswith("py", ".py") == 0);
  CHECK(uwsgi_contains_n("gzip, br", 8, "br", 2) == 1);
  CHECK(uwsgi_contains_n("gzip", 4, "br", 2) == 0);
}

TEST_CASE("words are split outside quotes and runs of separators count as one") {
  using Words = std::vector<std::string>;
  CHECK(split_quoted("a  b\tc", " \t") == Words{"a", "b", "c"});
  CHECK(split_quoted("a 'b c' \"d e\"", " ") == Words{"a", "b c", "d e"});
  CHECK(split_quoted("a\\ b c", " ") == Words{"a b", "c"});
  CHECK(split_quoted("'it''s'", " ") == Words{"its"});
  CHECK(split_quoted("  ", " ").empty());
  CHECK(split_quoted("", " ").empty());
}

TEST_CASE("an apostrophe without its partner and a backslash before a letter mean themselves") {
  CHECK(split_quoted("don't stop", " ") == std::vector<std::string>{"don't", "stop"});
  CHECK(split_quoted("^/\\d+$ x\\", " ") == std::vector<std::string>{"^/\\d+$", "x\\"});
}

TEST_CASE("a plugin gets split words as an array of its own") {
  size_t count = 0;
  char **words = uwsgi_split_quoted("one 'two three'", 15, " ", &count);
  REQUIRE(count == 2);
  CHECK(taken(words[0]) == "one");
  CHECK(taken(words[1]) == "two three");
  free(words);
}

TEST_CASE("a plugin gets the empty words as well, but for one behind the last separator") {
  auto split_all = [](std::string_view text, const char *separators) {
    size_t count = 0;
    char **words = uwsgi_split_quoted(text.data(), text.size(), separators, &count);
    std::vector<std::string> all;
    for (size_t i = 0; i < count; ++i) all.push_back(taken(words[i]));
    free(words);
    return all;
  };
  using Words = std::vector<std::string>;
  CHECK(split_all("127.0.0.1::80", ":") == Words{"127.0.0.1", "", "80"});
  CHECK(split_all(":80", ":") == Words{"", "80"});
  CHECK(split_all("mail \"\" subject", " ") == Words{"mail", "", "subject"});
  CHECK(split_all("a,b,", ",") == Words{"a", "b"});
  CHECK(split_all("a ''", " ") == Words{"a", ""});
  CHECK(split_all("", ",").empty());
}

TEST_CASE("key-value lists fill the variables of their keys") {
  char *path = nullptr, *freq = nullptr, *flag = nullptr, *absent = nullptr;
  std::string text = "path=/tmp/a\\,b,freq='1,5',flag";
  int result = uwsgi_kvlist_parse_strict(text.data(), text.size(), ',', '=', "path", &path, "freq", &freq,
                                         "flag", &flag, "absent", &absent, NULL);
  CHECK(result == 0);
  CHECK(taken(path) == "/tmp/a,b");
  CHECK(taken(freq) == "1,5");
  CHECK(taken(flag).empty());
  CHECK(absent == nullptr);
}

TEST_CASE("an unknown key in a key-value list is refused, the known ones are still set") {
  char *path = nullptr;
  CHECK(uwsgi_kvlist_parse_strict("pth=x,path=y", 12, ',', '=', "path", &path, NULL) == -1);
  CHECK(taken(path) == "y");
}

TEST_CASE("plugins may look for some keys only, in a list that may be none") {
  char *path = nullptr, *flag = nullptr;
  CHECK(uwsgi_kvlist_parse("localhost:5555", 14, ',', '=', "path", &path, NULL) == 0);
  CHECK(path == nullptr);
  CHECK(uwsgi_kvlist_parse("other=x,flag,path=y", 19, ',', '=', "path", &path, "flag", &flag, NULL) == 0);
  CHECK(taken(path) == "y");
  CHECK(flag == nullptr);
}

TEST_CASE("string lists keep their order and find whole items") {
  uwsgi_string_list *list = nullptr;
  char one[] = "one", two[] = "two";
  CHECK(uwsgi_string_new_list(&list, one) == list);
  uwsgi_string_new_list(&list, two);
  CHECK(list->next->len == 3);
  CHECK(uwsgi_string_list_has_item(list, "two", 3) == list->next);
  CHECK(uwsgi_string_list_has_item(list, "tw", 2) == nullptr);
  while (list) free(std::exchange(list, list->next));
}

TEST_CASE("files are told from folders and read whole") {
  char name[] = "/tmp/mortise-strings-XXXXXX";
  int fd = mkstemp(name);
  REQUIRE(write(fd, "text", 4) == 4);
  close(fd);
  CHECK(uwsgi_is_file(name) == 1);
  CHECK(uwsgi_is_dir(name) == 0);
  CHECK(uwsgi_is_dir("/tmp") == 1);
  CHECK(uwsgi_file_exists("/tmp/no such file") == 0);
  CHECK(uwsgi_is_file(nullptr) == 0);
  size_t size = 0;
  CHECK(taken(uwsgi_open_and_read(name, &size, 1, nullptr)) == "text");
  CHECK(size == 5);
  unlink(name);
}

TEST_CASE("paths are made absolute") {
  char path[PATH_MAX];
  CHECK(uwsgi_expand_path("/usr/../tmp/xx", 8 + 4, path) != nullptr);
  CHECK(std::string(path) == "/tmp");
  CHECK(taken(uwsgi_expand_path("/", 1, nullptr)) == "/");
  CHECK(uwsgi_expand_path("/no such folder", 15, path) == nullptr);
}

TEST_CASE("users and groups are found by name and by number") {
  CHECK(find_user("root") == 0u);
  CHECK(find_group("0") == 0u);
  CHECK(find_user("12345678") == 12345678u);
  CHECK_FALSE(find_user("no-such-user"));
  CHECK_FALSE(find_user("12x"));
  CHECK_FALSE(find_group("-1"));
  CHECK_FALSE(find_group(""));
}

TEST_CASE("uuids are random, of version 4 and of the RFC's variant") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    char uuid[37];
    uwsgi_uuid(uuid);
    REQUIRE(strlen(uuid) == 36);
    CHECK(uuid[14] == '4');
    CHECK(strchr("89ab", uuid[19]) != nullptr);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("big endian numbers are read from any address") {
  const char bytes[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08";
  CHECK(uwsgi_be16(bytes + 1) == 0x0102);
  CHECK(uwsgi_be32(bytes + 1) == 0x01020304);
  CHECK(uwsgi_be64(bytes + 1) == 0x0102030405060708);
}
