#include "settings.h"

#include <cstring>

namespace mortise::legion {

Settings &settings() {
  static Settings values;
  return values;
}

Legion *find_legion(const char *name) {
  for (uwsgi_legion *legion = uwsgi.legions; legion; legion = legion->next)
    if (name && strcmp(legion->legion, name) == 0) return &of(*legion);
  return nullptr;
}

namespace {

[[noreturn]] void refuse(const char *option, const char *value, const char *why) {
  uwsgi_log("option '%s' = '%s': %s\n", option, value, why);
  uwsgi_exit(64);
}

// Words of `value`, the last of them with whatever follows.
std::string take_word(std::string &value) {
  const size_t end = std::min(value.find(' '), value.size());
  std::string word = value.substr(0, end);
  value.erase(0, std::min(value.find_first_not_of(' ', end), value.size()));
  return word;
}

// NAME ADDRESS VALOR CIPHER:SECRET
void add_legion(char *option, char *value, void *multicast) {
  std::string rest = value;
  const std::string name = take_word(rest), address = take_word(rest), valor = take_word(rest);
  const size_t colon = rest.find(':');
  if (name.empty() || address.empty() || colon == rest.npos || colon + 1 == rest.size() || valor.empty() ||
      valor.find_first_not_of("0123456789") != valor.npos)
    refuse(option, value,
           "write NAME ADDRESS VALOR CIPHER:SECRET, such as web 10.0.0.1:4242 98 aes-256-cbc:secret");
  if (find_legion(name.c_str())) refuse(option, value, "there is a legion of that name already");
  auto cipher = Cipher::create(rest.substr(0, colon), rest.substr(colon + 1));
  if (!cipher) refuse(option, value, "OpenSSL has no such cipher for this: take aes-256-cbc");
  auto *legion = new Legion{{}, std::move(*cipher)};
  legion->legion = uwsgi_str(name.c_str());
  legion->legion_len = static_cast<uint16_t>(name.size());
  legion->addr = uwsgi_str(address.c_str());
  legion->valor = strtoull(valor.c_str(), nullptr, 10);
  legion->socket = -1;
  legion->multicast = multicast != nullptr;
  if (legion->multicast) uwsgi_string_new_list(&legion->nodes, legion->addr);
  uwsgi_legion **end = &uwsgi.legions;
  while (*end) end = &(*end)->next;
  *end = legion;
}

Legion &needed(const char *option, const char *value, std::string &rest) {
  rest = value;
  Legion *legion = find_legion(take_word(rest).c_str());
  if (!legion || rest.empty())
    refuse(option, value, "it must begin with the name of a legion that an option before defines");
  return *legion;
}

void add_node(char *option, char *value, void *) {
  std::string rest;
  Legion &legion = needed(option, value, rest);
  uwsgi_string_new_list(&legion.nodes, uwsgi_str(rest.c_str()));
}

void set_quorum(char *option, char *value, void *) {
  std::string rest;
  Legion &legion = needed(option, value, rest);
  uwsgi_opt_set_int(option, rest.data(), &legion.quorum);
}

void set_scroll(char *option, char *value, void *) {
  std::string rest;
  Legion &legion = needed(option, value, rest);
  legion.scroll = uwsgi_str(rest.c_str());
  legion.scroll_len = static_cast<uint16_t>(rest.size());
}

template <uwsgi_string_list *uwsgi_legion::*list>
void add_hook(char *option, char *value, void *) {
  std::string rest;
  Legion &legion = needed(option, value, rest);
  const std::string action = rest.substr(0, rest.find(':'));
  if (rest.find(':') == rest.npos) refuse(option, value, "the action has no argument: write ACTION:ARGUMENT");
  uwsgi_string_new_list(&(legion.*list), uwsgi_str(rest.c_str()));
}

}  // namespace

#define NUMBER(name, help, member) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, &settings().member, UWSGI_OPT_MASTER }
#define HOOK(name, help, member) \
  { name, required_argument, 0, help, add_hook<&uwsgi_legion::member>, nullptr, UWSGI_OPT_MASTER }
uwsgi_option option_rows[] = {
    {"legion", required_argument, 0, "be a member of a legion: NAME ADDRESS VALOR CIPHER:SECRET", add_legion,
     nullptr, UWSGI_OPT_MASTER},
    {"legion-mcast", required_argument, 0, "same, with a multicast group as its address", add_legion,
     &option_rows, UWSGI_OPT_MASTER},
    {"legion-node", required_argument, 0, "another member: NAME ADDRESS", add_node, nullptr,
     UWSGI_OPT_MASTER},
    {"legion-quorum", required_argument, 0, "members that must know of each other: NAME NUMBER", set_quorum,
     nullptr, UWSGI_OPT_MASTER},
    {"legion-scroll", required_argument, 0, "a text that all members are told: NAME TEXT", set_scroll,
     nullptr, UWSGI_OPT_MASTER},
    NUMBER("legion-freq", "seconds between two packets (3)", freq_s),
    NUMBER("legion-tolerance", "seconds after which a silent member is gone (15)", tolerance_s),
    NUMBER("legion-skew-tolerance", "seconds that clocks may differ (60)", skew_tolerance_s),
    NUMBER("legion-death-on-lord-error", "seconds to stand back when an action of the lord fails (0: never)",
           death_on_lord_error_s),
    NUMBER("legion-scroll-max-size", "longest scroll, in bytes (32768)", scroll_bytes),
    NUMBER("legion-scroll-list-max-size", "all scrolls together, in bytes (32768)", scroll_list_bytes),
    HOOK("legion-lord", "done when this server becomes the lord: NAME ACTION:ARGUMENT", lord_hooks),
    HOOK("legion-unlord", "done when it is the lord no more", unlord_hooks),
    HOOK("legion-setup", "done at the start", setup_hooks),
    HOOK("legion-death", "done at the end", death_hooks),
    HOOK("legion-join", "done when it is one of a legion for the first time", join_hooks),
    HOOK("legion-node-joined", "done when another member comes", node_joined_hooks),
    HOOK("legion-node-left", "done when another member is gone", node_left_hooks),
    UWSGI_END_OF_OPTIONS};
#undef NUMBER
#undef HOOK

}  // namespace mortise::legion
