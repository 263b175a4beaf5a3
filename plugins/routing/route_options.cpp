#include "route_options.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "action.h"
#include "chain.h"
#include "packed_request.h"
#include "registry.h"
#include "route_syntax.h"

namespace mortise::routing {

namespace {

constexpr int kExitUsage = 64;
bool all_plugins_loaded = false;

// What an option looks at, by the name that its row has as data.
struct SubjectMember {
  std::string_view name;
  size_t text, len;
};
#define MEMBER(name, member) \
  { name, offsetof(wsgi_request, member), offsetof(wsgi_request, member##_len) }
constexpr std::array kMembers = {
    SubjectMember MEMBER("path_info", path_info),     SubjectMember MEMBER("http_host", host),
    SubjectMember MEMBER("request_uri", uri),         SubjectMember MEMBER("query_string", query_string),
    SubjectMember MEMBER("remote_addr", remote_addr), SubjectMember MEMBER("user_agent", user_agent),
    SubjectMember MEMBER("referer", referer),         SubjectMember MEMBER("remote_user", remote_user),
};
#undef MEMBER

[[noreturn]] void refuse(const char *option, const char *value, const std::string &why) {
  uwsgi_log("%s = '%s': %s\n", option, value, why.c_str());
  exit(kExitUsage);
}

char *copy(std::string_view text) {
  return uwsgi_concat2n(text.data(), static_cast<int>(text.size()), "", 0);
}

Subject subject_kind(std::string_view name) {
  if (name == "if" || name == "if-not") return Subject::kCondition;
  if (name == "status") return Subject::kStatus;
  if (name == "run") return Subject::kNothing;
  if (name == "label") return Subject::kLabel;
  return Subject::kPattern;
}

void set_member(uwsgi_route *route, std::string_view name) {
  const SubjectMember *member = &kMembers[0];
  for (const SubjectMember &known : kMembers)
    if (known.name == name) member = &known;
  route->subject = member->text;
  route->subject_len = member->len;
}

// What is set up later has to tell which option it was.
struct Origin {
  uwsgi_route *route;
  std::string option;
  std::string condition;
};
std::vector<Origin> &waiting() {
  static std::vector<Origin> list;
  return list;
}

void set_up(const Origin &origin) {
  uwsgi_route *route = origin.route;
  const char *option = origin.option.c_str();
  allocate_match_state(route);
  if (route->label) return;
  if (!origin.condition.empty()) {
    const uwsgi_route_condition *condition = find_condition(origin.condition);
    if (!condition)
      refuse(option, route->orig_route,
             "there is no condition '" + origin.condition + "' (there are: " + condition_names() + ")");
    route->if_func = condition->func;
  }
  const uwsgi_router *router = find_router(route->action);
  if (!router)
    refuse(option, route->orig_route,
           std::string("there is no action '") + route->action + "' (there are: " + router_names() + ")");
  if (router->func(route, route->args) || !route->func)
    refuse(option, route->orig_route,
           std::string("the action '") + route->action + "' cannot be used like this");
  const std::string_view action = route->action;
  if ((action == "uwsgi" || action == "proxyuwsgi") && !route->data4) pack_before(route);
}

// Once all labels are known.
void check_jump(const Origin &origin) {
  if (origin.route->label || !jumps_nowhere(chain_of_option(origin.option), origin.route)) return;
  refuse(origin.option.c_str(), origin.route->orig_route,
         std::string("there is no label '") + origin.route->args +
             "' further on (jumps go forward only, and within the same kind of routes)");
}

}  // namespace

void allocate_match_state(uwsgi_route *route) {
  const size_t cores = static_cast<size_t>(std::max({uwsgi.cores, uwsgi.threads, uwsgi.async, 1}));
  const int groups = route->pattern ? uwsgi_regexp_ovector(route->pattern) : -1;
  route->ovn = static_cast<int *>(uwsgi_calloc(sizeof(int) * cores));
  route->ovector = static_cast<int **>(uwsgi_calloc(sizeof(int *) * cores));
  route->condition_ub = static_cast<uwsgi_buffer **>(uwsgi_calloc(sizeof(uwsgi_buffer *) * cores));
  for (size_t core = 0; core < cores; ++core) {
    route->ovn[core] = groups;
    if (groups >= 0)
      route->ovector[core] =
          static_cast<int *>(uwsgi_calloc(sizeof(int) * 3 * (static_cast<size_t>(groups) + 1)));
  }
}

void set_up_routes() {
  all_plugins_loaded = true;
  for (const Origin &origin : waiting()) set_up(origin);
  for (const Origin &origin : waiting()) check_jump(origin);
  waiting().clear();
  enable_chains();
}

}  // namespace mortise::routing

using namespace mortise::routing;

extern "C" void uwsgi_opt_add_route(char *name, char *value, void *data) {
  const std::string_view subject = data ? static_cast<const char *>(data) : "path_info";
  const RouteText text = parse_route(value ? value : "", subject_kind(subject));
  if (!text.error.empty()) refuse(name, value ? value : "", text.error);
  auto *route = static_cast<uwsgi_route *>(uwsgi_calloc(sizeof(uwsgi_route)));
  route->orig_route = uwsgi_str(value);
  set_member(route, subject);
  switch (subject_kind(subject)) {
    case Subject::kLabel:
      route->label = copy(text.subject);
      route->label_len = text.subject.size();
      break;
    case Subject::kCondition:
      route->if_negate = subject == "if-not";
      route->regexp = route->subject_str = copy(text.subject);
      route->subject_str_len = text.subject.size();
      break;
    case Subject::kStatus:
      route->if_status = static_cast<int>(uwsgi_str_num(text.subject.data(), 3));
      break;
    case Subject::kPattern:
      route->regexp = copy(text.subject);
      if (uwsgi_regexp_build(route->regexp, &route->pattern))
        refuse(name, value, "its pattern does not compile");
      break;
    case Subject::kNothing:
      break;
  }
  if (!route->label) {
    route->action = copy(text.action);
    route->args = copy(text.args);
    find_router(text.action);  // loads its plugin while plugins can still take part in the start
    if (!text.condition.empty()) find_condition(text.condition);
  }
  uwsgi_route **end = first_of(chain_of_option(name));
  for (; *end; end = &(*end)->next) route->pos = (*end)->pos + 1;
  *end = route;
  if (all_plugins_loaded) {
    set_up({route, name, std::string(text.condition)});
    enable_chains();
  } else {
    waiting().push_back({route, name, std::string(text.condition)});
  }
}

extern "C" int uwsgi_route_api_func(wsgi_request *request, char *name, char *args) {
  const uwsgi_router *router = find_router(name);
  if (!router) return -1;
  // Other plugins keep pointers into a route that they set up (transformations do), so it stays.
  auto *route = static_cast<uwsgi_route *>(uwsgi_calloc(sizeof(uwsgi_route)));
  route->subject = offsetof(wsgi_request, path_info);
  route->subject_len = offsetof(wsgi_request, path_info_len);
  route->action = uwsgi_str(name);
  route->args = uwsgi_str(args ? args : "");
  allocate_match_state(route);
  if (router->func(route, route->args) || !route->func) return -1;
  return route->func(request, route);
}
