#include <dlfcn.h>
#include <mortise/route_text.hpp>

#include <cstring>

#include "actions.h"

using namespace mortise;

namespace {

struct Answer {
  RouteSetting key, name, content_type, content_encoding, mime, no_offload, no_length;
  bool goes_on;
};

int begin(wsgi_request *request, const Answer &answer, std::string_view key, uint64_t size,
          uint64_t expires) {
  if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
  std::string_view type = answer.content_type ? view_of(answer.content_type) : "text/html";
  if (answer.mime) {
    size_t len = 0;
    const char *found =
        uwsgi_get_mime_type(const_cast<char *>(key.data()), static_cast<int>(key.size()), &len);
    if (found) type = {found, len};
  }
  if (uwsgi_response_add_content_type(request, type.data(), static_cast<uint16_t>(type.size()))) return -1;
  const std::string_view encoding = view_of(answer.content_encoding);
  if (!encoding.empty() && uwsgi_response_add_header(request, "Content-Encoding", 16, encoding.data(),
                                                     static_cast<uint16_t>(encoding.size())))
    return -1;
  if (expires && uwsgi_response_add_expires(request, expires)) return -1;
  return answer.no_length ? 0 : uwsgi_response_add_content_length(request, size);
}

// 0: handed over, and the memory with it.
int offload(wsgi_request *request, char *value, size_t len) {
  using Send = int (*)(wsgi_request *, char *, size_t);
  static const auto send = reinterpret_cast<Send>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_memory_do"));
  return send && request->socket->can_offload ? send(request, value, len) : -1;
}

int from_cache(wsgi_request *request, uwsgi_route *route) {
  const auto &answer = *static_cast<const Answer *>(route->data2);
  RouteText key(request, route, view_of(answer.key));
  if (!key) return UWSGI_ROUTE_BREAK;
  uint64_t len = 0, expires = 0;
  char *value = uwsgi_cache_magic_get(key.c_str(), key.len(), &len, &expires, answer.name);
  if (!value) return UWSGI_ROUTE_NEXT;
  const int done = answer.goes_on ? UWSGI_ROUTE_NEXT : UWSGI_ROUTE_BREAK;
  if (begin(request, answer, key.view(), len, expires)) return free(value), UWSGI_ROUTE_BREAK;
  if (!answer.goes_on && !answer.no_offload && offload(request, value, len) == 0) return done;
  uwsgi_response_write_body_do(request, value, len);
  free(value);
  return done;
}

int set_up(uwsgi_route *route, char *args) {
  auto *answer = static_cast<Answer *>(uwsgi_calloc(sizeof(Answer)));
  route->func = from_cache;
  route->data2 = answer;
  answer->goes_on = strcmp(route->action, "cache-continue") == 0;
  if (uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', "key", &answer->key, "name", &answer->name,
                                "content_type", &answer->content_type, "content_encoding",
                                &answer->content_encoding, "mime", &answer->mime, "no_offload",
                                &answer->no_offload, "no_content_length", &answer->no_length, "no_cl",
                                &answer->no_length, "nocl", &answer->no_length, static_cast<char *>(nullptr)))
    return refuse_route(route,
                        "it is written key=…,name=CACHE,content_type=…,content_encoding=…,mime=1,no_cl=1");
  return answer->key ? 0 : refuse_route(route, "it needs key=");
}

// route-if = incache:key=…[,name=CACHE]
int is_in_cache(wsgi_request *request, uwsgi_route *route) {
  char *key = nullptr, *name = nullptr;
  int found = 0;
  if (uwsgi_kvlist_parse_strict(route->subject_str, route->subject_str_len, ',', '=', "key", &key, "name",
                                &name, static_cast<char *>(nullptr)) == 0 &&
      key) {
    RouteText whole(request, route, key);
    found = whole && uwsgi_cache_magic_exists(whole.c_str(), whole.len(), name) > 0;
  }
  free(key);
  free(name);
  return found;
}

}  // namespace

void register_cache_answers() {
  for (const char *name : {"cache", "cache-continue"}) uwsgi_register_router(name, set_up);
  uwsgi_register_route_condition("incache", is_in_cache);
}
