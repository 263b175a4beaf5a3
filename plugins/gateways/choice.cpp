#include "choice.h"

#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

namespace mortise::gateways {

namespace {

// The one with the largest score among the living ones of the lowest backup level.
template <typename Score>
uwsgi_subscribe_node *best(uwsgi_subscribe_slot *slot, Score score) {
  uwsgi_subscribe_node *found = nullptr;
  for (uwsgi_subscribe_node *node = slot->nodes; node; node = node->next) {
    if (node->death_mark) continue;
    const bool nearer = found && node->backup_level < found->backup_level;
    const bool same = found && node->backup_level == found->backup_level;
    if (!found || nearer || (same && score(*node) > score(*found))) found = node;
  }
  if (found) ++found->reference;
  return found;
}

// Weighted round robin: each has as many turns as its weight until all have had theirs.
uwsgi_subscribe_node *weighted_round_robin(uwsgi_subscribe_slot *slot, uwsgi_subscribe_node *,
                                           uwsgi_subscription_client *) {
  auto turns = [](const uwsgi_subscribe_node &node) { return node.wrr; };
  uwsgi_subscribe_node *node = best(slot, turns);
  if (node && node->wrr == 0) {
    --node->reference;
    for (uwsgi_subscribe_node *each = slot->nodes; each; each = each->next) each->wrr = each->weight;
    node = best(slot, turns);
  }
  if (node) --node->wrr;
  return node;
}

uwsgi_subscribe_node *least_connections(uwsgi_subscribe_slot *slot, uwsgi_subscribe_node *,
                                        uwsgi_subscription_client *) {
  return best(slot, [](const uwsgi_subscribe_node &node) { return -static_cast<double>(node.reference); });
}

uwsgi_subscribe_node *weighted_least_connections(uwsgi_subscribe_slot *slot, uwsgi_subscribe_node *,
                                                 uwsgi_subscription_client *) {
  return best(slot, [](const uwsgi_subscribe_node &node) {
    return -static_cast<double>(node.reference) / static_cast<double>(node.weight);
  });
}

uwsgi_subscribe_node *by_address(uwsgi_subscribe_slot *slot, uwsgi_subscribe_node *previous,
                                 uwsgi_subscription_client *client) {
  if (!client || !client->sockaddr) return weighted_round_robin(slot, previous, client);
  const bool ipv6 = client->sockaddr->sa.sa_family == AF_INET6;
  const void *bytes = ipv6 ? static_cast<const void *>(&client->sockaddr->sa_in6.sin6_addr)
                           : &client->sockaddr->sa_in.sin_addr;
  uint32_t hash = 5381;
  for (size_t i = 0; i < (ipv6 ? 16U : 4U); ++i) hash = (hash * 33) ^ static_cast<const uint8_t *>(bytes)[i];
  return best(slot, [hash](const uwsgi_subscribe_node &node) {
    uint32_t mixed = hash;
    for (uint16_t i = 0; i < node.len; ++i) mixed = (mixed * 33) ^ static_cast<uint8_t>(node.name[i]);
    return mixed;
  });
}

struct Named {
  const char *name;
  Choice choice;
};
constexpr Named kChoices[] = {{"wrr", weighted_round_robin},
                              {"lrc", least_connections},
                              {"wlrc", weighted_least_connections},
                              {"iphash", by_address}};

Choice chosen = weighted_round_robin;

Choice find(std::string_view name) {
  for (const Named &each : kChoices)
    if (name == each.name) return each.choice;
  return nullptr;
}

}  // namespace

Choice default_choice() {
  return chosen;
}

}  // namespace mortise::gateways

using namespace mortise::gateways;

extern "C" {

uwsgi_subscribe_node *(*uwsgi_subscription_algo_get(const char *name, size_t len))(
    uwsgi_subscribe_slot *, uwsgi_subscribe_node *, uwsgi_subscription_client *) {
  return find({name, len});
}

char *uwsgi_subscription_algo_name(void *algo) {
  for (const Named &each : kChoices)
    if (reinterpret_cast<void *>(each.choice) == algo) return const_cast<char *>(each.name);
  return nullptr;
}

void uwsgi_subscription_set_algo(const char *name) {
  if (Choice choice = find(name)) {
    chosen = choice;
    return;
  }
  uwsgi_log("subscription-algo = %s: no such algorithm (use wrr, lrc, wlrc or iphash)\n", name);
  uwsgi_exit(64);
}

}  // extern "C"
