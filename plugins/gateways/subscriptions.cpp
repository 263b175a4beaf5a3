// The nodes that announced themselves, by key. Each gateway process has a table of its own: one thread, no
// locks.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "access.h"
#include "choice.h"

using namespace mortise::gateways;

namespace {

constexpr size_t kSlots = 65536;

std::string_view key_of(const uwsgi_subscribe_slot *slot) {
  return {slot->key, slot->keylen};
}

uwsgi_subscribe_slot **bucket(uwsgi_subscribe_slot **table, std::string_view key) {
  static const auto hash = uwsgi_hash_algo_get("djb33x")->func;
  return &table[hash(key.data(), key.size()) % kSlots];
}

uwsgi_subscribe_slot *find(uwsgi_subscribe_slot **table, std::string_view key) {
  uwsgi_subscribe_slot *slot = *bucket(table, key);
  while (slot && key_of(slot) != key) slot = slot->next;
  return slot;
}

uwsgi_subscribe_slot *add_slot(uwsgi_subscribe_slot **table, std::string_view key) {
  uwsgi_subscribe_slot **first = bucket(table, key);
  auto *slot = static_cast<uwsgi_subscribe_slot *>(uwsgi_calloc(sizeof(uwsgi_subscribe_slot)));
  memcpy(slot->key, key.data(), key.size());
  slot->keylen = static_cast<uint16_t>(key.size());
  slot->algo = default_choice();
  slot->next = *first;
  if (*first) (*first)->prev = slot;
  return *first = slot;
}

void remove_slot(uwsgi_subscribe_slot **table, uwsgi_subscribe_slot *slot) {
  if (slot->prev) {
    slot->prev->next = slot->next;
  } else {
    *bucket(table, key_of(slot)) = slot->next;
  }
  if (slot->next) slot->next->prev = slot->prev;
  forget_key(slot);
  free(slot);
}

uwsgi_subscribe_node *node_of(const uwsgi_subscribe_slot *slot, std::string_view address) {
  uwsgi_subscribe_node *node = slot->nodes;
  while (node && std::string_view(node->name, node->len) != address) node = node->next;
  return node;
}

void refresh(uwsgi_subscribe_node *node, const uwsgi_subscribe_req *request) {
  node->modifier1 = request->modifier1;
  node->modifier2 = request->modifier2;
  node->cores = request->cores;
  node->load = request->load;
  node->weight = std::max<uint64_t>(request->weight, 1);
  node->unix_check = request->unix_check;
  node->backup_level = request->backup_level;
  node->pid = request->pid;
  node->uid = request->uid;
  node->gid = request->gid;
  node->proto = request->proto_len ? static_cast<uint8_t>(request->proto[0]) : 'u';
  node->last_check = uwsgi_now();
  if (std::exchange(node->death_mark, 0)) node->failcnt = 0;
}

// Those that were not heard of for a while; one that still has connections waits for them.
void drop_silent(uwsgi_subscribe_slot **table, uwsgi_subscribe_slot *slot) {
  const time_t tolerance = uwsgi.subscription_tolerance > 0 ? uwsgi.subscription_tolerance : 17;
  for (uwsgi_subscribe_node *node = slot->nodes, *next; node; node = next) {
    next = node->next;
    if (uwsgi_now() - node->last_check <= tolerance && !(node->death_mark && node->reference == 0)) continue;
    if (!node->death_mark)
      uwsgi_log("[subscription] %.*s: no news of %.*s for %d seconds, it is left out\n", slot->keylen,
                slot->key, node->len, node->name, static_cast<int>(tolerance));
    node->death_mark = 1;
    if (node->reference == 0 && uwsgi_remove_subscribe_node(table, node)) return;
  }
}

}  // namespace

extern "C" {

uwsgi_subscribe_slot **uwsgi_subscription_init_ht() {
  return static_cast<uwsgi_subscribe_slot **>(uwsgi_calloc(kSlots * sizeof(uwsgi_subscribe_slot *)));
}

uwsgi_subscribe_node *uwsgi_add_subscribe_node(uwsgi_subscribe_slot **table, uwsgi_subscribe_req *request) {
  const std::string_view key(request->key, request->keylen), address(request->address, request->address_len);
  if (key.empty() || key.size() >= sizeof uwsgi_subscribe_slot::key || address.empty() ||
      address.size() >= sizeof uwsgi_subscribe_node::name)
    return nullptr;
  uwsgi_subscribe_slot *slot = find(table, key);
  const bool fresh = !slot;
  if (!slot) slot = add_slot(table, key);
  if (!may_announce(slot, request)) {
    static time_t told = 0;  // whoever sends these may send many
    if (std::exchange(told, uwsgi_now()) != uwsgi_now())
      uwsgi_log("[subscription] %.*s refused: its signature is not good, or its sender is not who may\n",
                slot->keylen, slot->key);
    if (fresh) remove_slot(table, slot);
    return nullptr;
  }
  uwsgi_subscribe_node *node = node_of(slot, address);
  if (!node) {
    node = static_cast<uwsgi_subscribe_node *>(uwsgi_calloc(sizeof(uwsgi_subscribe_node)));
    memcpy(node->name, address.data(), address.size());
    node->len = static_cast<uint16_t>(address.size());
    node->slot = slot;
    node->next = slot->nodes;
    slot->nodes = node;
    uwsgi_log("[subscription] %.*s: new node %.*s\n", slot->keylen, slot->key, node->len, node->name);
  }
  refresh(node, request);
  return node;
}

// 1 where it was the last one of its slot, which is gone as well.
int uwsgi_remove_subscribe_node(uwsgi_subscribe_slot **table, uwsgi_subscribe_node *node) {
  uwsgi_subscribe_slot *slot = node->slot;
  uwsgi_subscribe_node **link = &slot->nodes;
  while (*link && *link != node) link = &(*link)->next;
  if (*link) *link = node->next;
  uwsgi_log("[subscription] %.*s: node %.*s removed\n", slot->keylen, slot->key, node->len, node->name);
  free(node);
  if (slot->nodes) return 0;
  remove_slot(table, slot);
  return 1;
}

uwsgi_subscribe_node *uwsgi_get_subscribe_node(uwsgi_subscribe_slot **table, char *key, uint16_t keylen) {
  std::string_view wanted(key, keylen);
  for (;;) {
    if (uwsgi_subscribe_slot *slot = find(table, wanted)) {
      drop_silent(table, slot);
      if ((slot = find(table, wanted))) {
        ++slot->hits;
        if (uwsgi_subscribe_node *node = slot->algo(slot, nullptr, nullptr)) return node;
      }
    }
    const size_t dot = uwsgi.subscription_dotsplit ? wanted.find('.', 1) : wanted.npos;
    if (dot == wanted.npos) return nullptr;
    wanted.remove_prefix(dot);
  }
}

uwsgi_subscribe_node *uwsgi_get_subscribe_node_by_name(uwsgi_subscribe_slot **table, char *key,
                                                       uint16_t keylen, char *address, uint16_t address_len) {
  uwsgi_subscribe_slot *slot = find(table, {key, keylen});
  return slot ? node_of(slot, {address, address_len}) : nullptr;
}

int uwsgi_no_subscriptions(uwsgi_subscribe_slot **table) {
  return std::all_of(table, table + kSlots, [](const uwsgi_subscribe_slot *slot) { return !slot; });
}

}  // extern "C"
