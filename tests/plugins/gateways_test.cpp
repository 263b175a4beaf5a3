// The tables behind gateways: timers in order, nodes by key, who gets the next request.
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace {

uwsgi_subscribe_node *subscribe(uwsgi_subscribe_slot **table, std::string key, std::string address,
                                uint64_t weight = 1, uint64_t backup = 0) {
  uwsgi_subscribe_req request{};
  request.key = key.data();
  request.keylen = static_cast<uint16_t>(key.size());
  request.address = address.data();
  request.address_len = static_cast<uint16_t>(address.size());
  request.weight = weight;
  request.backup_level = backup;
  return uwsgi_add_subscribe_node(table, &request);
}

std::string next(uwsgi_subscribe_slot **table, std::string key) {
  uwsgi_subscribe_node *node = uwsgi_get_subscribe_node(table, key.data(), static_cast<uint16_t>(key.size()));
  if (!node) return "none";
  --node->reference;
  return {node->name, node->len};
}

}  // namespace

TEST_CASE("the timer with the smallest value is next, and timers of one value keep their order") {
  uwsgi_rbtree *tree = uwsgi_init_rb_timer();
  CHECK(uwsgi_min_rb_timer(tree, nullptr) == nullptr);
  int one = 1, two = 2, three = 3;
  uwsgi_rb_timer *late = uwsgi_add_rb_timer(tree, 30, &three);
  uwsgi_add_rb_timer(tree, 10, &one);
  uwsgi_add_rb_timer(tree, 10, &two);
  for (int *expected : {&one, &two, &three}) {
    uwsgi_rb_timer *timer = uwsgi_min_rb_timer(tree, nullptr);
    REQUIRE(timer);
    CHECK(timer->data == expected);
    CHECK((timer == late) == (expected == &three));
    uwsgi_del_rb_timer(tree, timer);
    free(timer);
  }
  CHECK(uwsgi_min_rb_timer(tree, nullptr) == nullptr);
}

TEST_CASE("each node gets as many requests as its weight") {
  uwsgi_subscribe_slot **table = uwsgi_subscription_init_ht();
  CHECK(uwsgi_no_subscriptions(table));
  subscribe(table, "example.com", "10.0.0.1:3031", 1);
  subscribe(table, "example.com", "10.0.0.2:3031", 3);
  std::map<std::string, int> served;
  for (int i = 0; i < 40; ++i) ++served[next(table, "example.com")];
  CHECK(served["10.0.0.1:3031"] == 10);
  CHECK(served["10.0.0.2:3031"] == 30);
  CHECK(next(table, "example.org") == "none");
  CHECK_FALSE(uwsgi_no_subscriptions(table));
  free(table);
}

TEST_CASE("a backup serves only while all others are dead") {
  uwsgi_subscribe_slot **table = uwsgi_subscription_init_ht();
  uwsgi_subscribe_node *main = subscribe(table, "k", "main:1");
  subscribe(table, "k", "backup:1", 1, 1);
  for (int i = 0; i < 4; ++i) CHECK(next(table, "k") == "main:1");
  main->death_mark = 1;
  main->reference = 1;  // a connection to it is still open
  CHECK(next(table, "k") == "backup:1");
  main->reference = 0;
  CHECK(next(table, "k") == "backup:1");
  CHECK(uwsgi_get_subscribe_node_by_name(table, const_cast<char *>("k"), 1, const_cast<char *>("main:1"),
                                         6) == nullptr);
  CHECK(subscribe(table, "k", "main:1") != nullptr);
  CHECK(next(table, "k") == "main:1");
  free(table);
}

TEST_CASE("the last node of a key takes the key with it") {
  uwsgi_subscribe_slot **table = uwsgi_subscription_init_ht();
  uwsgi_subscribe_node *node = subscribe(table, "k", "a:1");
  CHECK(uwsgi_remove_subscribe_node(table, node) == 1);
  CHECK(uwsgi_no_subscriptions(table));
  CHECK(subscribe(table, "", "a:1") == nullptr);
  CHECK(subscribe(table, "k", "") == nullptr);
  CHECK(subscribe(table, std::string(300, 'k'), "a:1") == nullptr);
  free(table);
}

TEST_CASE("with dotsplit a key is also looked for without its first label") {
  uwsgi_subscribe_slot **table = uwsgi_subscription_init_ht();
  subscribe(table, ".example.com", "a:1");
  CHECK(next(table, "www.example.com") == "none");
  uwsgi.subscription_dotsplit = 1;
  CHECK(next(table, "www.example.com") == "a:1");
  CHECK(next(table, "a.b.example.com") == "a:1");
  CHECK(next(table, "example.org") == "none");
  uwsgi.subscription_dotsplit = 0;
  free(table);
}
