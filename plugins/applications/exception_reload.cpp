// Options reload-on-exception and its kin, for plugins that describe their exceptions by hooks.
#include <string>

#include "options.h"

namespace {

using Describe = uwsgi_buffer *(*)(wsgi_request *);

std::string text_of(Describe describe, wsgi_request *request) {
  uwsgi_buffer *buffer = describe ? describe(request) : nullptr;
  if (!buffer) return {};
  std::string text(buffer->buf, buffer->pos);
  uwsgi_buffer_destroy(buffer);
  return text;
}

bool lists(const uwsgi_string_list *list, Describe describe, wsgi_request *request) {
  if (!list) return false;
  const std::string text = text_of(describe, request);
  for (; list; list = list->next)
    if (text == list->value) return true;
  return false;
}

}  // namespace

extern "C" UWSGI_API void uwsgi_reload_on_exception(wsgi_request *request) {
  using mortise::applications::options;
  const uwsgi_plugin *plugin = uwsgi.p[request->uh->modifier1];
  if (!options.reload_on_exception &&
      !lists(options.reload_on_exception_type, plugin->exception_class, request) &&
      !lists(options.reload_on_exception_value, plugin->exception_msg, request) &&
      !lists(options.reload_on_exception_repr, plugin->exception_repr, request))
    return;
  const std::string type = text_of(plugin->exception_class, request);
  uwsgi_log("%s: worker %d is replaced because of %s (reload-on-exception)\n", plugin->name, uwsgi.mywid,
            type.empty() ? "an exception" : type.c_str());
  uwsgi_replace_worker(uwsgi.mywid);
}
