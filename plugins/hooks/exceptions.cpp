#include "exceptions.h"

#include <mutex>
#include <string>
#include <string_view>

#include "mortise/applications.h"

namespace mortise::hooks {

namespace {

uwsgi_exception_handler *kinds = nullptr;
uwsgi_exception_handler_instance *instances = nullptr;
std::mutex one_at_a_time;  // handlers know nothing of threads

uwsgi_exception_handler *find_kind(std::string_view name) {
  for (uwsgi_exception_handler *kind = kinds; kind; kind = kind->next)
    if (name == kind->name) return kind;
  return nullptr;
}

std::string names() {
  std::string all;
  for (uwsgi_exception_handler *kind = kinds; kind; kind = kind->next)
    all += (all.empty() ? "" : ", ") + std::string(kind->name);
  return all.empty() ? "none" : all;
}

// Pairs of 16 bit lengths; what does not fit one is cut, what does not fit the packet is left out.
struct Packet {
  uwsgi_buffer *buffer = uwsgi_buffer_new(4096);
  ~Packet() { uwsgi_buffer_destroy(buffer); }
  void add(std::string_view key, std::string_view value) {
    value = value.substr(0, 0xffff);
    uwsgi_buffer_append_keyval(buffer, key.data(), static_cast<uint16_t>(key.size()), value.data(),
                               static_cast<uint16_t>(value.size()));
  }
  void add(std::string_view key, int64_t number) { add(key, std::to_string(number)); }
  void take(std::string_view key, uwsgi_buffer *value) {
    if (!value) return;
    add(key, {value->buf, value->pos});
    uwsgi_buffer_destroy(value);
  }
};

void add_variables(Packet &packet, wsgi_request *request) {
  Packet variables;
  for (int i = 0; i + 1 < request->var_cnt; i += 2)
    variables.add({static_cast<char *>(request->hvec[i].iov_base), request->hvec[i].iov_len},
                  {static_cast<char *>(request->hvec[i + 1].iov_base), request->hvec[i + 1].iov_len});
  packet.add("vars", {variables.buffer->buf, variables.buffer->pos});
}

void describe(Packet &packet, wsgi_request *request) {
  const uwsgi_plugin *plugin = uwsgi.p[request->uh->modifier1];
  if (plugin->exception_class) packet.take("class", plugin->exception_class(request));
  if (plugin->exception_msg) packet.take("msg", plugin->exception_msg(request));
  if (plugin->exception_repr) packet.take("repr", plugin->exception_repr(request));
  if (plugin->backtrace) packet.take("backtrace", plugin->backtrace(request));
  add_variables(packet, request);
  packet.add("unix", uwsgi_now());
  packet.add("wid", uwsgi.mywid);
  packet.add("pid", uwsgi.mypid);
  packet.add("core", request->async_id);
  packet.add("node", {uwsgi.hostname, static_cast<size_t>(uwsgi.hostname_len)});
}

void call_handlers(wsgi_request *request) {
  Packet packet;
  describe(packet, request);
  std::lock_guard guard(one_at_a_time);
  for (uwsgi_exception_handler_instance *each = instances; each; each = each->next)
    if (each->handler->func(each, packet.buffer->buf, packet.buffer->pos))
      uwsgi_log("exception handler %s failed\n", each->handler->name);
}

}  // namespace

bool prepare_exception_handlers(const uwsgi_string_list *wanted) {
  uwsgi_exception_handler_instance **end = &instances;
  for (; wanted; wanted = wanted->next) {
    std::string_view text = wanted->value;
    size_t colon = text.find(':');
    uwsgi_exception_handler *kind = find_kind(text.substr(0, colon));
    if (!kind) {
      uwsgi_log(
          "exception-handler '%s': there is no such handler (there are: %s; load the plugin that has it)\n",
          wanted->value, names().c_str());
      return false;
    }
    auto *made = static_cast<uwsgi_exception_handler_instance *>(
        uwsgi_calloc(sizeof(uwsgi_exception_handler_instance)));
    made->handler = kind;
    made->arg = colon == text.npos ? nullptr : uwsgi_str(wanted->value + colon + 1);
    *end = made;
    end = &made->next;
  }
  if (instances) uwsgi.exception_hook = call_handlers;
  return true;
}

}  // namespace mortise::hooks

extern "C" {

uwsgi_exception_handler *uwsgi_register_exception_handler(const char *name,
                                                          int (*func)(uwsgi_exception_handler_instance *,
                                                                      char *, size_t)) {
  using namespace mortise::hooks;
  uwsgi_exception_handler *kind = find_kind(name);
  if (!kind) {
    kind = static_cast<uwsgi_exception_handler *>(uwsgi_calloc(sizeof(uwsgi_exception_handler)));
    kind->name = uwsgi_str(name);
    kind->next = kinds;
    kinds = kind;
  }
  kind->func = func;
  return kind;
}

void uwsgi_manage_exception(wsgi_request *request, int catch_it) {
  if (uwsgi.exception_hook && request) uwsgi.exception_hook(request);
  const uwsgi_plugin *plugin = request ? uwsgi.p[request->uh->modifier1] : nullptr;
  if (plugin && plugin->exception_log) plugin->exception_log(request);
  static auto *reload = reinterpret_cast<decltype(&uwsgi_reload_on_exception)>(
      dlsym(RTLD_DEFAULT, "uwsgi_reload_on_exception"));
  if (reload && plugin) reload(request);
  if (!catch_it || !plugin || request->headers_sent) return;
  if (uwsgi_response_prepare_headers(request, "500 Internal Server Error", 25) ||
      uwsgi_response_add_content_type(request, "text/plain", 10))
    return;
  uwsgi_buffer *text = plugin->exception_repr ? plugin->exception_repr(request) : nullptr;
  if (!text) return;
  uwsgi_response_write_body_do(request, text->buf, text->pos);
  uwsgi_buffer_destroy(text);
}

}  // extern "C"
