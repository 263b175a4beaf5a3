#include <uwsgi.h>

#include <catch2/catch.hpp>

#include <string>

namespace {

struct Piece {
  char *text = const_cast<char *>("before");
  size_t len = 0;
  std::string str() const { return {text, len}; }
};

}  // namespace

TEST_CASE("a text is split at the first separators, and the last piece is the rest") {
  char line[] = "GET /a b HTTP/1.1";
  Piece a, b, c, d;
  CHECK(uwsgi_split3(line, strlen(line), ' ', &a.text, &a.len, &b.text, &b.len, &c.text, &c.len) ==
        line + strlen(line));
  CHECK(a.str() == "GET");
  CHECK(b.str() == "/a");
  CHECK(c.str() == "b HTTP/1.1");
  CHECK(uwsgi_split4(line, strlen(line), ' ', &a.text, &a.len, &b.text, &b.len, &c.text, &c.len, &d.text,
                     &d.len) == line + strlen(line));
  CHECK(c.str() == "b");
  CHECK(d.str() == "HTTP/1.1");
}

TEST_CASE("pieces of a text may be empty") {
  char text[] = "::";
  Piece a, b, c;
  CHECK(uwsgi_split3(text, 2, ':', &a.text, &a.len, &b.text, &b.len, &c.text, &c.len) == text + 2);
  CHECK((a.str() + b.str() + c.str()).empty());
}

TEST_CASE("a text with too few separators has no pieces") {
  char text[] = "GET /";
  Piece a, b, c;
  CHECK(uwsgi_split3(text, strlen(text), ' ', &a.text, &a.len, &b.text, &b.len, &c.text, &c.len) == nullptr);
  CHECK((a.text == nullptr && b.text == nullptr && c.text == nullptr));
}

TEST_CASE("a list has a word whatever its case, and no part of one") {
  char list[] = "  pears Apples  figs", pears[] = "PEARS", apples[] = "apples", apple[] = "apple",
       none[] = "";
  CHECK(uwsgi_list_has_str(list, pears) == 1);
  CHECK(uwsgi_list_has_str(list, apples) == 1);
  CHECK(uwsgi_list_has_str(list, apple) == 0);
  CHECK(uwsgi_list_has_str(none, apple) == 0);
}
