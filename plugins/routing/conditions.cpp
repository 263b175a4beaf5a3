// The conditions of route-if and route-if-not. Their arguments are a text, or two with a ';' between them.
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "action.h"
#include "address_match.h"

namespace mortise::routing {

namespace {

// The condition's arguments for this request.
struct Subject : Expanded {
  Subject(wsgi_request *request, const uwsgi_route *route)
      : Expanded(request, route, route->subject_str, route->subject_str_len) {}
};

template <typename Test>
int with_path(wsgi_request *request, uwsgi_route *route, Test test) {
  Subject path(request, route);
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && test(path.c_str(), info);
}

int exists(wsgi_request *request, uwsgi_route *route) {
  return with_path(request, route, [](const char *, const struct stat &) { return true; });
}
int is_file(wsgi_request *request, uwsgi_route *route) {
  return with_path(request, route,
                   [](const char *, const struct stat &info) { return S_ISREG(info.st_mode); });
}
int is_folder(wsgi_request *request, uwsgi_route *route) {
  return with_path(request, route,
                   [](const char *, const struct stat &info) { return S_ISDIR(info.st_mode); });
}
int is_executable(wsgi_request *request, uwsgi_route *route) {
  return with_path(request, route,
                   [](const char *path, const struct stat &) { return access(path, X_OK) == 0; });
}
int is_link(wsgi_request *request, uwsgi_route *route) {
  Subject path(request, route);
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}
int is_empty(wsgi_request *request, uwsgi_route *route) {
  return Subject(request, route).view().empty();
}

// The ';' is looked for in the text as it was written, so that none in the request's data counts.
template <typename Test>
int with_pair(wsgi_request *request, uwsgi_route *route, Test test) {
  const std::string_view both(route->subject_str, route->subject_str_len);
  const size_t middle = both.find(';');
  if (middle == both.npos) return 0;
  Expanded left(request, route, both.substr(0, middle)), right(request, route, both.substr(middle + 1));
  return test(left.view(), right.view());
}

int is_equal(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](std::string_view a, std::string_view b) { return a == b; });
}
int starts_with(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](std::string_view a, std::string_view b) { return a.starts_with(b); });
}
int ends_with(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](std::string_view a, std::string_view b) { return a.ends_with(b); });
}
int contains(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route,
                   [](std::string_view a, std::string_view b) { return a.find(b) != a.npos; });
}

long number(std::string_view text) {
  return strtol(std::string(text).c_str(), nullptr, 10);
}
int is_higher(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return number(a) > number(b); });
}
int is_lower(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return number(a) < number(b); });
}
int is_higher_or_equal(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return number(a) >= number(b); });
}
int is_lower_or_equal(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return number(a) <= number(b); });
}
int is_in_ipv4(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return address_in(AF_INET, a, b); });
}
int is_in_ipv6(wsgi_request *request, uwsgi_route *route) {
  return with_pair(request, route, [](auto a, auto b) { return address_in(AF_INET6, a, b); });
}

// A pattern of a condition, compiled when it is met first; nullptr where it does not compile.
uwsgi_pcre *pattern_of(uwsgi_route *route, std::string_view text) {
  static std::mutex mutex;
  static std::map<std::pair<uwsgi_route *, std::string>, uwsgi_pcre *> compiled;
  constexpr size_t kMost = 256;  // a pattern with references may be another one in each request
  std::lock_guard lock(mutex);
  auto found = compiled.find({route, std::string(text)});
  if (found != compiled.end()) return found->second;
  if (compiled.size() >= kMost) return nullptr;
  uwsgi_pcre *pattern = nullptr;
  uwsgi_regexp_build(std::string(text).c_str(), &pattern);
  return compiled[{route, std::string(text)}] = pattern;
}

// Keeps what matched for the action's $0 to $9.
int matches(wsgi_request *request, uwsgi_route *route) {
  const std::string_view both(route->subject_str, route->subject_str_len);
  const size_t middle = both.find(';');
  if (middle == both.npos) return 0;
  constexpr int kGroups = 9;
  const int core = request->async_id;
  uwsgi_buffer *&kept = route->condition_ub[core];
  route->ovn[core] = -1;  // what an earlier request left is no match of this one
  if (!kept) {
    kept = uwsgi_buffer_new(128);
    route->ovector[core] = static_cast<int *>(uwsgi_calloc(sizeof(int) * 3 * (kGroups + 1)));
  }
  kept->pos = 0;
  if (append_expanded(kept, request, {}, both.substr(0, middle))) return 0;
  Expanded text(request, route, both.substr(middle + 1));
  uwsgi_pcre *pattern = route->pattern;
  if (!pattern) {
    pattern = pattern_of(route, text.view());
    const bool constant = both.find("${", middle) == both.npos;
    if (constant) std::atomic_ref<uwsgi_pcre *>(route->pattern).store(pattern);
  }
  if (!pattern || uwsgi_regexp_match_ovec(pattern, kept->buf, static_cast<int>(kept->pos),
                                          route->ovector[core], kGroups) < 0)
    return 0;
  route->ovn[core] = kGroups;
  return 1;
}

// Whether this server leads a legion; there are none.
int is_lord(wsgi_request *, uwsgi_route *) {
  return 0;
}

constexpr struct {
  const char *name;
  int (*holds)(wsgi_request *, uwsgi_route *);
} kConditions[] = {
    {"exists", exists},
    {"isfile", is_file},
    {"isdir", is_folder},
    {"islink", is_link},
    {"isexec", is_executable},
    {"empty", is_empty},
    {"equal", is_equal},
    {"isequal", is_equal},
    {"eq", is_equal},
    {"==", is_equal},
    {"startswith", starts_with},
    {"endswith", ends_with},
    {"contains", contains},
    {"contain", contains},
    {"ishigher", is_higher},
    {">", is_higher},
    {"islower", is_lower},
    {"<", is_lower},
    {"ishigherequal", is_higher_or_equal},
    {">=", is_higher_or_equal},
    {"islowerequal", is_lower_or_equal},
    {"<=", is_lower_or_equal},
    {"ipv4in", is_in_ipv4},
    {"ipv6in", is_in_ipv6},
    {"regexp", matches},
    {"re", matches},
    {"lord", is_lord},
};

}  // namespace

void register_conditions() {
  for (const auto &condition : kConditions) uwsgi_register_route_condition(condition.name, condition.holds);
}

}  // namespace mortise::routing
