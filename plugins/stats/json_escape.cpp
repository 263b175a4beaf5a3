#include "json_escape.h"

#include <uwsgi.h>

namespace mortise::stats {

void append_escaped(std::string &out, std::string_view text) {
  uwsgi_buffer *escaped = uwsgi_buffer_new(text.size());
  if (uwsgi_buffer_append_json(escaped, text.data(), text.size()) == 0)
    out.append(escaped->buf, escaped->pos);
  uwsgi_buffer_destroy(escaped);
}

}  // namespace mortise::stats
