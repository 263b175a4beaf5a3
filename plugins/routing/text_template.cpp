#include "text_template.h"

#include <array>
#include <cstring>

#include "registry.h"

namespace mortise::routing {

namespace {

constexpr size_t kLongestReference = 1024;

int append(uwsgi_buffer *out, std::string_view text) {
  return uwsgi_buffer_append(out, text.data(), text.size());
}

bool is_group(std::string_view at_dollar) {
  return at_dollar.size() > 1 && at_dollar[1] >= '0' && at_dollar[1] <= '9';
}

std::string_view group_text(const Match &match, int group) {
  if (group > match.groups || !match.offsets) return {};
  const int begin = match.offsets[2 * group], end = match.offsets[2 * group + 1];
  if (begin < 0 || end < begin || static_cast<size_t>(end) > match.subject.size()) return {};
  return match.subject.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

int append_named(uwsgi_buffer *out, wsgi_request *request, const uwsgi_route_var *variable,
                 std::string_view argument) {
  uint16_t len = 0;
  char *value = variable->func(request, const_cast<char *>(argument.data()),
                               static_cast<uint16_t>(argument.size()), &len);
  if (!value) return 0;
  int result = uwsgi_buffer_append(out, value, len);
  if (variable->need_free) free(value);
  return result;
}

// What stands between the braces.
int append_reference(uwsgi_buffer *out, wsgi_request *request, std::string_view name) {
  size_t bracket = name.find('[');
  if (bracket != name.npos && name.back() == ']') {
    if (const uwsgi_route_var *variable = find_variable(name.substr(0, bracket)))
      return append_named(out, request, variable, name.substr(bracket + 1, name.size() - bracket - 2));
    return 0;
  }
  uint16_t len = 0;
  const char *value = uwsgi_get_var(request, name.data(), static_cast<uint16_t>(name.size()), &len);
  return value ? uwsgi_buffer_append(out, value, len) : 0;
}

// A name may hold groups itself: ${cookie[$1]}. It is put together in place; one that is too long is empty.
int append_braced(uwsgi_buffer *out, wsgi_request *request, const Match &match, std::string_view inside) {
  if (match.groups < 0 || inside.find('$') == inside.npos) return append_reference(out, request, inside);
  char name[kLongestReference];
  size_t len = 0;
  while (!inside.empty()) {
    const bool group = inside[0] == '$' && is_group(inside);
    std::string_view piece = group ? group_text(match, inside[1] - '0') : inside.substr(0, 1);
    inside.remove_prefix(group ? 2 : 1);
    if (piece.size() > sizeof name - len) return 0;
    len += piece.copy(name + len, piece.size());
  }
  return append_reference(out, request, {name, len});
}

// Buffers that are not in use; a request needs two or three at once.
class SpareBuffers {
 public:
  ~SpareBuffers() {
    while (count_ > 0) uwsgi_buffer_destroy(spare_[--count_]);
  }
  uwsgi_buffer *take() {
    if (count_ == 0) return uwsgi_buffer_new(kUsual);
    return spare_[--count_];
  }
  void give_back(uwsgi_buffer *buffer) {
    buffer->pos = 0;
    if (count_ == spare_.size() || buffer->len > kLargest) return uwsgi_buffer_destroy(buffer);
    spare_[count_++] = buffer;
  }

 private:
  static constexpr size_t kUsual = 256, kLargest = 65536;
  std::array<uwsgi_buffer *, 8> spare_{};
  size_t count_ = 0;
};
thread_local SpareBuffers spare_buffers;

}  // namespace

std::string_view subject_of(const wsgi_request *request, const uwsgi_route *route) {
  const char *base = reinterpret_cast<const char *>(request);
  const char *text;
  uint16_t len;
  memcpy(&text, base + route->subject, sizeof text);
  memcpy(&len, base + route->subject_len, sizeof len);
  return text ? std::string_view(text, len) : std::string_view("");
}

Match match_of(wsgi_request *request, const uwsgi_route *route) {
  const int core = request->async_id;
  if (!route || !route->ovn || route->ovn[core] < 0) return {};
  const uwsgi_buffer *condition = route->condition_ub[core];
  return {condition ? std::string_view(condition->buf, condition->pos) : subject_of(request, route),
          route->ovector[core], route->ovn[core]};
}

int append_expanded(uwsgi_buffer *out, wsgi_request *request, const Match &match, std::string_view text) {
  while (!text.empty()) {
    if (text[0] != '$') {
      std::string_view plain = text.substr(0, text.find('$'));
      if (append(out, plain)) return -1;
      text.remove_prefix(plain.size());
      continue;
    }
    size_t end = text.size() > 1 && text[1] == '{' ? text.find('}') : text.npos;
    if (end != text.npos) {
      if (append_braced(out, request, match, text.substr(2, end - 2))) return -1;
      text.remove_prefix(end + 1);
    } else if (match.groups >= 0 && is_group(text)) {
      if (append(out, group_text(match, text[1] - '0'))) return -1;
      text.remove_prefix(2);
    } else {
      if (append(out, text.substr(0, 1))) return -1;
      text.remove_prefix(1);
    }
  }
  if (uwsgi_buffer_ensure(out, 1)) return -1;
  out->buf[out->pos] = '\0';
  return 0;
}

Expanded::Expanded(wsgi_request *request, const uwsgi_route *route, const char *text, size_t len)
    : view_(text ? text : "", len) {
  if (view_.find('$') == view_.npos) return;
  buffer_ = spare_buffers.take();
  if (append_expanded(buffer_, request, match_of(request, route), view_)) buffer_->pos = 0;
  view_ = {buffer_->buf, buffer_->pos};
}

Expanded::~Expanded() {
  if (buffer_) spare_buffers.give_back(buffer_);
}

}  // namespace mortise::routing

using namespace mortise::routing;

static uwsgi_buffer *in_new_buffer(wsgi_request *request, const Match &match, std::string_view text) {
  uwsgi_buffer *out = uwsgi_buffer_new(text.size() + 64);
  if (append_expanded(out, request, match, text) == 0) return out;
  uwsgi_buffer_destroy(out);
  return nullptr;
}

extern "C" {

uwsgi_buffer *uwsgi_routing_translate(wsgi_request *request, uwsgi_route *route, char *subject,
                                      uint16_t subject_len, char *data, size_t data_len) {
  Match match = match_of(request, route);
  if (match.groups >= 0 && subject && !route->condition_ub[request->async_id])
    match.subject = {subject, subject_len};
  return in_new_buffer(request, match, {data ? data : "", data ? data_len : 0});
}

uwsgi_buffer *uwsgi_route_text(wsgi_request *request, uwsgi_route *route, const char *data, size_t data_len) {
  return in_new_buffer(request, match_of(request, route), {data ? data : "", data ? data_len : 0});
}

}  // extern "C"
