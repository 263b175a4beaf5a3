// hash:key=…,var=…,items=a;b;c: chooses one of the items by the hash of a key, into a variable.
#include <vector>

#include "action.h"
#include "key_values.h"

namespace mortise::routing {

namespace {

struct Choice {
  Value key, variable, algorithm, items;
  std::vector<std::string_view> list;
  const uwsgi_hash_algo *hash = nullptr;
};

int choose(wsgi_request *request, uwsgi_route *route) {
  const auto &choice = *static_cast<const Choice *>(route->data2);
  Expanded key(request, route, choice.key.view());
  const std::string_view item =
      choice.list[choice.hash->func(key.c_str(), key.view().size()) % choice.list.size()];
  return set_variable(request, choice.variable.view(), item) ? UWSGI_ROUTE_NEXT : UWSGI_ROUTE_BREAK;
}

int set_up(uwsgi_route *route, char *args) {
  auto *choice = new Choice;
  route->data2 = choice;
  keep_args(route, args, choose);
  if (parse_key_values(route, args, "key", &choice->key.text, "var", &choice->variable.text, "algo",
                       &choice->algorithm.text, "items", &choice->items.text))
    return -1;
  if (!choice->key || !choice->variable || !choice->items)
    return refuse_arguments(route, "it needs key, var and items");
  for (std::string_view rest = choice->items.view(); !rest.empty();) {
    const size_t end = rest.find(';');
    if (end != 0) choice->list.push_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  if (choice->list.empty()) return refuse_arguments(route, "items is a list with ';' between its members");
  choice->hash = uwsgi_hash_algo_get(choice->algorithm ? choice->algorithm.text : "djb33x");
  return choice->hash ? 0 : refuse_arguments(route, "there is no such hash algorithm");
}

constexpr Action kActions[] = {{"hash", set_up}};

}  // namespace

void register_hash() {
  register_actions(kActions);
}

}  // namespace mortise::routing
