// Header lines and Host, good and bad.
#include "request_cases.h"

using namespace mortise::http;
using namespace std::string_literals;

namespace {

std::string with_host(std::string_view value, std::string_view version = "1.1") {
  return "GET / HTTP/" + std::string(version) + "\r\nHost:" + std::string(value) + "\r\n\r\n";
}

}  // namespace

TEST_CASE("each of a table of header lines gets its verdict, however it is cut") {
  const RequestCase cases[] = {
      {"no other header", with_lines(""), 0},
      {"a header", with_lines("X: y\r\n"), 0},
      {"no blank behind the colon", with_lines("X:y\r\n"), 0},
      {"blanks around a value", with_lines("X: \t y \t \r\n"), 0},
      {"an empty value", with_lines("X:\r\n"), 0},
      {"a value of blanks", with_lines("X: \t \r\n"), 0},
      {"a tab in a value", with_lines("X: a\tb\r\n"), 0},
      {"a colon in a value", with_lines("X: a:b\r\n"), 0},
      {"a value with UTF-8", with_lines("X: caf\xc3\xa9\r\n"), 0},
      {"a value with Latin-1", with_lines("X: caf\xe9\r\n"), 0},
      {"a name of all token marks", with_lines("!#$%&'*+-.^_`|~09az: y\r\n"), 0},
      {"a name of one byte", with_lines("a: y\r\n"), 0},
      {"a name with an underscore (dropped later)", with_lines("X_Y: y\r\n"), 0},
      {"a name that is repeated", with_lines("X: y\r\nX: z\r\n"), 0},
      {"a long name", with_lines(std::string(500, 'n') + ": y\r\n"), 0},
      {"a long value", with_lines("X: " + std::string(5000, 'v') + "\r\n"), 0},
      {"a type", with_lines("Content-Type: text/plain\r\n"), 0},
      {"names in odd case", with_lines("cOnNeCtIoN: ClOsE\r\n"), 0},

      {"a space before the colon", with_lines("X : y\r\n"), 400},
      {"a tab before the colon", with_lines("X\t: y\r\n"), 400},
      {"a space in a name", with_lines("X Y: y\r\n"), 400},
      {"a space before a name", with_lines(" X: y\r\n"), 400},
      {"a space before the first name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"a folded value", with_lines("X: a\r\n b\r\n"), 400},
      {"a value folded with a tab", with_lines("X: a\r\n\tb\r\n"), 400},
      {"an empty folded line", with_lines("X: a\r\n \r\n"), 400},
      {"no colon", with_lines("X\r\n"), 400},
      {"no name", with_lines(": y\r\n"), 400},
      {"a bare LF behind a value", with_lines("X: y\nZ: z\r\n"), 400},
      {"a bare LF behind a name", with_lines("X\nZ: z\r\n"), 400},
      {"a bare CR in a value", with_lines("X: a\rb\r\n"), 400},
      {"a bare CR before a line", with_lines("\rX: a\r\n"), 400},
      {"a bare CR behind a value", with_lines("X: a\r\r\n"), 400},
      {"a bare LF that ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"CR without LF at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\rGET", 400},
      {"bare LFs only", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"a NUL in a value", with_lines("X: a\0b\r\n"s), 400},
      {"a NUL in a name", with_lines("X\0: b\r\n"s), 400},
      {"a NUL for a line", with_lines("\0\r\n"s), 400},
      {"a control byte in a value", with_lines("X: a\x01\r\n"), 400},
      {"an escape byte in a value", with_lines("X: \x1b[31m\r\n"), 400},
      {"a vertical tab in a value", with_lines("X: a\vb\r\n"), 400},
      {"a form feed in a value", with_lines("X:\fb\r\n"), 400},
      {"a DEL in a value", with_lines("X: a\x7f\r\n"), 400},
      {"a high byte in a name", with_lines("X\xc3\xa9: y\r\n"), 400},
      {"a no-break space before the colon", with_lines("X\xa0: y\r\n"), 400},
      {"a slash in a name", with_lines("X/Y: y\r\n"), 400},
      {"a bracket in a name", with_lines("X[1]: y\r\n"), 400},
      {"a quote in a name", with_lines("\"X\": y\r\n"), 400},
      {"an equals sign in a name", with_lines("X=1: y\r\n"), 400},
      {"a semicolon in a name", with_lines("X;: y\r\n"), 400},
      {"an at sign in a name", with_lines("X@: y\r\n"), 400},
      {"two types", with_lines("Content-Type: text/plain\r\nX: y\r\ncontent-type: a/b\r\n"), 400},
      {"the same type twice", with_lines("Content-Type: a/b\r\nContent-Type: a/b\r\n"), 400},
      {"a request line in a head", with_lines("GET / HTTP/1.1\r\n"), 400},
  };
  check_cases(cases);
}

TEST_CASE("each of a table of Host fields gets its verdict, however it is cut") {
  const RequestCase cases[] = {
      {"a name", with_host(" example.com"), 0},
      {"a name and a port", with_host(" example.com:8080"), 0},
      {"a name and an empty port", with_host(" example.com:"), 0},
      {"the highest port", with_host(" a:65535"), 0},
      {"a name in capitals", with_host(" EXAMPLE.com"), 0},
      {"a name with an underscore", with_host(" my_app"), 0},
      {"a name with an escape", with_host(" a%2Db"), 0},
      {"a name that ends with a dot", with_host(" a."), 0},
      {"an IPv4 address", with_host(" 127.0.0.1:80"), 0},
      {"an IPv6 address", with_host(" [::1]"), 0},
      {"an IPv6 address and a port", with_host(" [2001:db8::1]:443"), 0},
      {"an IPv4 address in IPv6", with_host(" [::ffff:1.2.3.4]"), 0},
      {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
      {"an empty Host in 1.0", with_host("", "1.0"), 0},
      {"an empty Host beside a URI", "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", 0},
      {"another Host beside a URI", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 0},

      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host, but others", "GET / HTTP/1.1\r\nX: y\r\nHosts: a\r\n\r\n", 400},
      {"no Host beside a URI", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"no Host in 1.2", "GET / HTTP/1.2\r\n\r\n", 400},
      {"an empty Host", with_host(""), 400},
      {"a blank Host", with_host("  "), 400},
      {"two Hosts", with_host(" a\r\nHost: b"), 400},
      {"the same Host twice", with_host(" a\r\nhost: a"), 400},
      {"two Hosts in 1.0", with_host(" a\r\nHost: b", "1.0"), 400},
      {"two Hosts beside a URI", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"a list of Hosts", with_host(" a, b"), 400},
      {"a space in Host", with_host(" a b"), 400},
      {"a path in Host", with_host(" a/b"), 400},
      {"a backslash in Host", with_host(" a\\b"), 400},
      {"a query in Host", with_host(" a?b"), 400},
      {"a fragment in Host", with_host(" a#b"), 400},
      {"a user in Host", with_host(" user@a"), 400},
      {"a URI in Host", with_host(" http://a"), 400},
      {"a quote in Host", with_host(" \"a\""), 400},
      {"markup in Host", with_host(" <script>"), 400},
      {"a high byte in Host", with_host(" caf\xc3\xa9"), 400},
      {"only a port", with_host(" :80"), 400},
      {"a port that is no number", with_host(" a:b"), 400},
      {"a port with a sign", with_host(" a:+80"), 400},
      {"a port too large", with_host(" a:65536"), 400},
      {"a port far too large", with_host(" a:99999999999999999999"), 400},
      {"two ports", with_host(" a:80:80"), 400},
      {"an IPv6 address without brackets", with_host(" ::1"), 400},
      {"an open bracket", with_host(" [::1"), 400},
      {"empty brackets", with_host(" []"), 400},
      {"a name in brackets", with_host(" [a]"), 400},
      {"more behind brackets", with_host(" [::1]a"), 400},
      {"a zone in brackets", with_host(" [fe80::1%25eth0]"), 400},
      {"an address of the future", with_host(" [v1.a]"), 400},
      {"half an escape", with_host(" a%2"), 400},
      {"an escape that is not hexadecimal", with_host(" a%zz"), 400},
  };
  check_cases(cases);
}
