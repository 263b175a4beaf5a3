#include "actions.h"

#include <mortise/lifecycle.h>

#include <exception>
#include <set>

namespace mortise::hooks {

namespace {

uwsgi_hook *known = nullptr;

std::set<std::string, std::less<>> &harmless_names() {
  static std::set<std::string, std::less<>> names;
  return names;
}

std::string all_names() {
  std::string names;
  for (uwsgi_hook *hook = known; hook; hook = hook->next)
    names += (names.empty() ? "" : ", ") + std::string(hook->name);
  return names;
}

// One action, `name[:args]`: 0, or -1.
int run(const char *action, const char *phase) {
  std::string_view text = action;
  size_t colon = text.find(':');
  std::string name(text.substr(0, colon));
  uwsgi_hook *hook = uwsgi_hook_by_name(name.c_str());
  if (!hook) {
    uwsgi_log("hook %s: '%s': there is no action '%s' (there are: %s)\n", phase, action, name.c_str(),
              all_names().c_str());
    return -1;
  }
  if (uwsgi_generation() < 0 && !harmless_names().contains(name)) return 0;
  // The function may write into its arguments, and keep them.
  char *args = uwsgi_str(colon == text.npos ? "" : action + colon + 1);
  try {
    return hook->func(args);
  } catch (const std::exception &error) {
    uwsgi_log("hook %s: '%s': %s\n", phase, action, error.what());
    return -1;
  }
}

}  // namespace

void add_action(const char *name, int (*func)(char *), bool harmless) {
  uwsgi_register_hook(name, func);
  if (harmless) harmless_names().insert(name);
}

std::vector<std::string> split_words(std::string_view args, size_t most) {
  std::vector<std::string> words;
  auto skip = [&] { args.remove_prefix(std::min(args.find_first_not_of(' '), args.size())); };
  for (skip(); !args.empty(); skip()) {
    size_t end = words.size() + 1 == most ? args.size() : std::min(args.find(' '), args.size());
    words.emplace_back(args.substr(0, end));
    args.remove_prefix(end);
  }
  return words;
}

int failed(const char *what, std::string_view object) {
  uwsgi_log("hook: %s %.*s: %s\n", what, static_cast<int>(object.size()), object.data(), strerror(errno));
  return -1;
}

}  // namespace mortise::hooks

extern "C" {

void uwsgi_register_hook(const char *name, int (*func)(char *)) {
  using mortise::hooks::known;
  uwsgi_hook *hook = uwsgi_hook_by_name(name);
  if (!hook) {
    hook = static_cast<uwsgi_hook *>(uwsgi_calloc(sizeof(uwsgi_hook)));
    hook->name = uwsgi_str(name);
    uwsgi_hook **end = &known;
    while (*end) end = &(*end)->next;
    *end = hook;
  }
  hook->func = func;
}

uwsgi_hook *uwsgi_hook_by_name(const char *name) {
  for (uwsgi_hook *hook = mortise::hooks::known; hook; hook = hook->next)
    if (strcmp(hook->name, name) == 0) return hook;
  return nullptr;
}

void uwsgi_hooks_run(uwsgi_string_list *actions, const char *phase, int fatal) {
  for (; actions; actions = actions->next) {
    if (mortise::hooks::run(actions->value, phase) == 0) continue;
    uwsgi_log("hook %s: '%s' failed (%s)\n", phase, actions->value,
              fatal ? "the process ends" : "the rest goes on");
    if (fatal) uwsgi_exit(1);
  }
}

}  // extern "C"
