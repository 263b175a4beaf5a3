// The JSON writer, HTTP, names for Prometheus and who is pushed to when; nothing here listens or waits.
#include <uwsgi.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <string>

#include "plugins/stats/built_in_pushers.h"
#include "plugins/stats/document.h"
#include "plugins/stats/http.h"
#include "plugins/stats/items.h"
#include "plugins/stats/json_escape.h"
#include "plugins/stats/options.h"
#include "plugins/stats/prometheus.h"
#include "plugins/stats/pushers.h"

using namespace mortise::stats;

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

std::string finish(uwsgi_stats *stats) {
  uwsgi_stats_object_close(stats);
  std::string text(stats->base, stats->pos);
  uwsgi_stats_free(stats);
  return text;
}

struct Minified {
  Minified() { options().minified = 1; }
  ~Minified() { options().minified = 0; }
};

}  // namespace

TEST_CASE("stats: strings are escaped, and always are UTF-8") {
  CHECK(escaped("plain /path?x=1") == "plain /path?x=1");
  CHECK(escaped("a\"b\\c") == "a\\\"b\\\\c");
  CHECK(escaped(std::string_view("\n\t\0\x7f", 4)) == "\\u000a\\u0009\\u0000\\u007f");
  CHECK(escaped("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x8d\x8e") == "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x8d\x8e");
  CHECK(escaped("\xe4") == "\\u00e4");
  CHECK(escaped("\xc3") == "\\u00c3");
  CHECK(escaped("\xc0\xaf") == "\\u00c0\\u00af");                // overlong
  CHECK(escaped("\xed\xa0\x80") == "\\u00ed\\u00a0\\u0080");     // a surrogate
  CHECK(escaped("\xf4\x90\x80\x80").substr(0, 6) == "\\u00f4");  // beyond U+10FFFF
}

TEST_CASE("stats: the writer's functions make one item a line") {
  uwsgi_stats *stats = uwsgi_stats_new(16);
  CHECK(uwsgi_stats_keyval_comma(stats, "version", "1\"") == 0);
  CHECK(uwsgi_stats_keylong_comma(stats, "big", 18446744073709551615ull) == 0);
  CHECK(uwsgi_stats_keyslong_comma(stats, "small", -5) == 0);
  CHECK(uwsgi_stats_keyvaln_comma(stats, "cut", "abcdef", 3) == 0);
  CHECK(uwsgi_stats_keyvalnum_comma(stats, "named", "n", 7) == 0);
  CHECK(uwsgi_stats_key(stats, "list") == 0);
  CHECK(uwsgi_stats_list_open(stats) == 0);
  CHECK(uwsgi_stats_object_open(stats) == 0);
  CHECK(uwsgi_stats_keylong(stats, "x", 1) == 0);
  CHECK(uwsgi_stats_object_close(stats) == 0);
  CHECK(uwsgi_stats_comma(stats) == 0);
  CHECK(uwsgi_stats_str(stats, "text") == 0);
  CHECK(uwsgi_stats_list_close(stats) == 0);
  CHECK(uwsgi_stats_comma(stats) == 0);
  CHECK(uwsgi_stats_key(stats, "empty") == 0);
  CHECK(uwsgi_stats_list_open(stats) == 0);
  CHECK(uwsgi_stats_list_close(stats) == 0);
  CHECK(finish(stats) ==
        "{\n\t\"version\":\"1\\\"\",\n\t\"big\":18446744073709551615,\n\t\"small\":-5,\n\t\"cut\":\"abc\",\n"
        "\t\"named\":\"n7\",\n\t\"list\":[\n\t\t{\n\t\t\t\"x\":1\n\t\t},\n\t\t\"text\"\n\t],\n\t\"empty\":[]"
        "\n}");
}

TEST_CASE("stats: minified there is nothing between items") {
  Minified on;
  uwsgi_stats *stats = uwsgi_stats_new(8192);
  Items items(stats);
  items.number("a", 1);
  items.list("b", [&] {
    items.object([&] { items.text("c", "d"); });
    items.string("e");
  });
  items.object("f", [] {});
  CHECK_FALSE(items.failed());
  CHECK(finish(stats) == R"({"a":1,"b":[{"c":"d"},"e"],"f":{}})");
}

TEST_CASE("stats: a worker's status is in uWSGI's words") {
  uwsgi_worker worker{};
  CHECK(status_of(worker, false) == "idle");
  CHECK(status_of(worker, true) == "busy");
  worker.suspended = 1;
  CHECK(status_of(worker, false) == "pause");
  CHECK(status_of(worker, true) == "busy");
  worker.suspended = 0;
  worker.sig = 1;
  worker.signum = 17;
  CHECK(status_of(worker, true) == "sig17");
  worker.cheaped = 1;
  CHECK(status_of(worker, false) == "cheap");
}

TEST_CASE("stats: the request line says which document is wanted") {
  CHECK(read_request_line("GET /metrics HTTP/1.1\r\n") == Wanted::kPrometheus);
  CHECK(read_request_line("GET /metrics?x=1 HTTP/1.1\r\n") == Wanted::kPrometheus);
  CHECK(read_request_line("HEAD / HTTP/1.0\n") == Wanted::kJson);
  CHECK(read_request_line("GET /metrics/more HTTP/1.1\r\n") == Wanted::kJson);
  CHECK(read_request_line("GET /metrics\r\n") == Wanted::kPrometheus);
  CHECK(read_request_line("GET /metr") == Wanted::kMore);
  CHECK(read_request_line("POST / HTTP/1.1\r\n") == Wanted::kNothing);
  CHECK(read_request_line("\r\n") == Wanted::kNothing);
  CHECK(read_request_line(std::string(5000, 'x')) == Wanted::kNothing);
}

TEST_CASE("stats: names and labels are what Prometheus allows") {
  CHECK(prometheus_name("my.own-metric_9") == "uwsgi_metric_my_own_metric_9");
  CHECK(label_value("a\"b\\c\nd") == "a\\\"b\\\\c\\nd");
}

TEST_CASE("stats: a pusher is due by its own frequency or the default") {
  uwsgi_stats_pusher_instance one{};
  one.last_run = 100;
  CHECK_FALSE(is_due(one, 102, 3));
  CHECK(is_due(one, 103, 3));
  one.freq = 10;
  CHECK_FALSE(is_due(one, 109, 3));
  CHECK(is_due(one, 110, 3));
  CHECK(is_due(one, 50, 3));  // the clock was set back
  one.needs_retry = 1;
  one.next_retry = 105;
  CHECK_FALSE(is_due(one, 104, 3));
  CHECK(is_due(one, 105, 3));
}

TEST_CASE("stats: a failed push is tried again as often as it may be") {
  uwsgi_stats_pusher pusher{};
  char name[] = "test";
  pusher.name = name;
  uwsgi_stats_pusher_instance one{};
  one.pusher = &pusher;
  one.max_retries = 2;
  one.retry_delay = 7;
  one.needs_retry = 1;
  plan_retry(one, 100);
  CHECK(one.next_retry == 107);
  CHECK(one.needs_retry == 1);
  one.retries = 2;
  plan_retry(one, 200);
  CHECK(one.needs_retry == 0);
  CHECK(one.retries == 0);
}

TEST_CASE("stats: destinations have a prefix") {
  CHECK(parse_destination("h:1,p", "d:9").address == "h:1");
  CHECK(parse_destination("h:1,p", "d:9").prefix == "p");
  CHECK(parse_destination(nullptr, "d:9").address == "d:9");
  CHECK(parse_destination("", "d:9").prefix == "uwsgi");
}

TEST_CASE("stats: Zabbix' packet has its length in little endian") {
  const std::string packet = zabbix_packet(std::string(300, 'x'));
  CHECK(packet.substr(0, 13) == std::string("ZBXD\1\x2c\1\0\0\0\0\0\0", 13));
  CHECK(packet.size() == 313);
}
