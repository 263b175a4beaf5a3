// Values, collectors, definitions and thresholds of metrics, without a process that collects.
#include <uwsgi.h>
#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

#include "plugins/metrics/collection.h"
#include "plugins/metrics/collectors.h"
#include "plugins/metrics/definitions.h"
#include "plugins/metrics/listen_queues.h"
#include "plugins/metrics/registry.h"
#include "plugins/metrics/value.h"
#include "plugins/metrics/worker_state.h"

using namespace mortise::metrics;

namespace {

// Metrics are on while a test runs; those of other tests stay, under other names.
struct MetricsOn {
  MetricsOn() {
    uwsgi.page_size = 4096;
    uwsgi.has_metrics = 1;
    add_built_in_collectors();
  }
  ~MetricsOn() { uwsgi.has_metrics = 0; }
};

char *text(const char *name) {
  return const_cast<char *>(name);
}

}  // namespace

TEST_CASE("metrics: a field of a text is a number, or zero") {
  CHECK(number_in_field("17", 0) == 17);
  CHECK(number_in_field("1 22\t-333\n4", 2) == -333);
  CHECK(number_in_field("  1\r\n\n2", 1) == 2);
  CHECK(number_in_field("+5", 0) == 5);
  CHECK(number_in_field("12.5", 0) == 12);
  CHECK(number_in_field("word", 0) == 0);
  CHECK(number_in_field("1 2", 7) == 0);
  CHECK(number_in_field("1 2", -1) == 0);
  CHECK(number_in_field("", 0) == 0);
  CHECK(number_in_field("99999999999999999999", 0) == 0);
}

TEST_CASE("metrics: statm is pages of virtual memory, then resident ones") {
  const MemorySize size = parse_statm("33705 2821 1500 1 0 900 0\n", 4096);
  CHECK(size.vsz == 33705ull * 4096);
  CHECK(size.rss == 2821ull * 4096);
  CHECK(parse_statm("", 4096).rss == 0);
}

TEST_CASE("metrics: names are those of files") {
  for (const char *good : {"a", "worker.1.requests", "a-b_C9"}) CHECK(is_valid_name(good));
  for (const char *bad : {"", "a b", "a/b", "../x", ".hidden", "ä"}) CHECK_FALSE(is_valid_name(bad));
  CHECK_FALSE(is_valid_name(std::string(300, 'a')));
}

TEST_CASE("metrics: a name is one metric, found by name and oid") {
  MetricsOn on;
  uwsgi_metric *metric =
      uwsgi_register_metric("t1.x", "77.1", UWSGI_METRIC_GAUGE, nullptr, nullptr, 0, nullptr);
  REQUIRE(metric);
  CHECK(uwsgi_register_metric("t1.x", "77.1", UWSGI_METRIC_GAUGE, nullptr, nullptr, 5, nullptr) == metric);
  CHECK(uwsgi_metric_find_by_name("t1.x") == metric);
  CHECK(uwsgi_metric_find_by_namen("t1.xyz", 4) == metric);
  CHECK(uwsgi_metric_find_by_oid("77.1") == metric);
  CHECK_FALSE(uwsgi_metric_find_by_name("t1"));
  CHECK(uwsgi_register_metric("a b", nullptr, 0, nullptr, nullptr, 1, nullptr) == nullptr);
}

TEST_CASE("metrics: setters change by name or oid and refuse the rest") {
  MetricsOn on;
  uwsgi_register_metric("t2.x", "77.2", UWSGI_METRIC_COUNTER, nullptr, nullptr, 1, nullptr);
  CHECK(uwsgi_metric_set(text("t2.x"), nullptr, 10) == 0);
  CHECK(uwsgi_metric_inc(nullptr, text("77.2"), 5) == 0);
  CHECK(uwsgi_metric_dec(text("t2.x"), nullptr, 3) == 0);
  CHECK(uwsgi_metric_mul(text("t2.x"), nullptr, 4) == 0);
  CHECK(uwsgi_metric_div(text("t2.x"), nullptr, 6) == 0);
  CHECK(uwsgi_metric_get(text("t2.x"), nullptr) == 8);
  CHECK(uwsgi_metric_div(text("t2.x"), nullptr, 0) == -1);
  CHECK(uwsgi_metric_set_max(text("t2.x"), nullptr, 20) == 0);
  CHECK(uwsgi_metric_set_max(text("t2.x"), nullptr, 19) == 0);
  CHECK(uwsgi_metric_getn(text("t2.xx"), 4, nullptr, 0) == 20);
  CHECK(uwsgi_metric_set_min(text("t2.x"), nullptr, 7) == 0);
  CHECK(uwsgi_metric_get(nullptr, text("77.2")) == 7);
  CHECK(uwsgi_metric_inc(text("t2.none"), nullptr, 1) == -1);
  CHECK(uwsgi_metric_inc(nullptr, nullptr, 1) == -1);
  static int64_t number = 1;  // the metric outlives the test
  uwsgi_register_metric("t2.ptr", nullptr, UWSGI_METRIC_COUNTER, "ptr", &number, 1, nullptr);
  CHECK(uwsgi_metric_set(text("t2.ptr"), nullptr, 1) == -1);
}

TEST_CASE("metrics: arithmetic at the limits wraps around") {
  MetricsOn on;
  uwsgi_register_metric("t3.x", nullptr, UWSGI_METRIC_COUNTER, nullptr, nullptr, 1, nullptr);
  uwsgi_metric_set(text("t3.x"), nullptr, INT64_MAX);
  uwsgi_metric_inc(text("t3.x"), nullptr, 1);
  CHECK(uwsgi_metric_get(text("t3.x"), nullptr) == INT64_MIN);
  uwsgi_metric_div(text("t3.x"), nullptr, -1);
  CHECK(uwsgi_metric_get(text("t3.x"), nullptr) == INT64_MIN);
  uwsgi_metric_dec(text("t3.x"), nullptr, 1);
  CHECK(uwsgi_metric_get(text("t3.x"), nullptr) == INT64_MAX);
}

TEST_CASE("metrics: nothing is counted while they are off") {
  MetricsOn on;
  uwsgi_register_metric("t4.x", nullptr, UWSGI_METRIC_COUNTER, nullptr, nullptr, 1, nullptr);
  uwsgi.has_metrics = 0;
  CHECK(uwsgi_metric_inc(text("t4.x"), nullptr, 1) == -1);
  CHECK(uwsgi_metric_get(text("t4.x"), nullptr) == 0);
}

TEST_CASE("metrics: collectors compute when they are due") {
  MetricsOn on;
  define_metric("name=t5.a,initial_value=4");
  define_metric("name=t5.b,initial_value=6");
  uwsgi_metric *sum = define_metric("name=t5.sum,collector=sum,children=t5.a;t5.b,freq=10");
  uwsgi_metric *average = define_metric("name=t5.avg,collector=avg,children=t5.a;t5.b,initial_value=100");
  uwsgi_metric *empty = define_metric("name=t5.empty,collector=avg");
  uwsgi_metric *alias = define_metric("name=t5.alias,type=alias,alias=t5.a");
  collect(1000);
  CHECK(get(sum) == 10);
  CHECK(get(average) == 105);
  CHECK(get(empty) == 0);
  CHECK(get(alias) == 4);
  CHECK(alias->type == UWSGI_METRIC_ALIAS);
  uwsgi_metric_set(text("t5.a"), nullptr, 14);
  collect(1005);
  CHECK(get(sum) == 10);
  CHECK(get(average) == 110);
  collect(1010);
  CHECK(get(sum) == 20);
  collect(500);  // the clock was set back
  CHECK(uwsgi_metric_set(text("t5.b"), nullptr, 0) == 0);
  collect(511);
  CHECK(get(sum) == 14);
}

TEST_CASE("metrics: a threshold resets, and its alarm has a rate") {
  MetricsOn on;
  uwsgi_metric *metric = define_metric("t6.x");
  uwsgi_metric_threshold *threshold =
      define_threshold("key=t6.x,value=5,reset=2,rate=60,alarm=nobody,msg=too much");
  CHECK(std::string(threshold->msg, threshold->msg_len) == "too much");
  set(metric, 4);
  collect(2000);
  CHECK(get(metric) == 4);
  set(metric, 5);
  collect(2001);
  CHECK(get(metric) == 2);
  CHECK(threshold->last_alarm == 2001);
  CHECK_FALSE(alarm_is_due(*threshold, 5, 2060));
  CHECK_FALSE(alarm_is_due(*threshold, 4, 9999));
  CHECK(alarm_is_due(*threshold, 6, 2061));
  threshold->alarm = nullptr;
  CHECK_FALSE(alarm_is_due(*threshold, 6, 2061));
}

TEST_CASE("metrics: the listen queue of a UNIX socket and of a TCP socket") {
  uwsgi.mypid = getpid();
  for (const int family : {AF_UNIX, AF_INET}) {
    const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    union uwsgi_sockaddr address {};
    address.sa.sa_family = static_cast<sa_family_t>(family);
    socklen_t len =
        family == AF_UNIX ? sizeof(sa_family_t) : sizeof address.sa_in;  // a name that the system chooses
    REQUIRE(bind(listener, &address.sa, len) == 0);
    REQUIRE(listen(listener, 16) == 0);
    len = sizeof address;
    REQUIRE(getsockname(listener, &address.sa, &len) == 0);
    int clients[3];
    for (int &client : clients) {
      client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      REQUIRE(connect(client, &address.sa, len) == 0);
    }
    ListenQueue queue;
    CHECK(read_listen_queue(listener, family, queue));
    CHECK(queue.waiting == 3);
    CHECK(queue.longest == 16);
    for (const int client : clients) close(client);
    close(listener);
  }
  ListenQueue queue;
  CHECK_FALSE(read_listen_queue(-1, AF_UNIX, queue));
}
