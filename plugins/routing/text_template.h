// Texts of routes with references in them, made whole for a request: $0 to $9, ${VARIABLE},
// ${name[argument]}. What a reference brings is data: it is not looked at again.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::routing {

// The subject that $N point into, and where; groups < 0: there is none, and $N stays as it is.
struct Match {
  std::string_view subject;
  const int *offsets = nullptr;
  int groups = -1;
};

// The match that this core made for the route. [request]
Match match_of(wsgi_request *request, const uwsgi_route *route);
// The member of the request that the route looks at. [request]
std::string_view subject_of(const wsgi_request *request, const uwsgi_route *route);

// Appends the text to out, and a NUL behind it that does not count: 0, or -1 without memory. [request]
int append_expanded(uwsgi_buffer *out, wsgi_request *request, const Match &match, std::string_view text);

// A text of a route for one request. Without references it is the text itself; the memory for the others is
// the thread's and used again. [request]
class Expanded {
 public:
  Expanded(wsgi_request *request, const uwsgi_route *route, const char *text, size_t len);
  Expanded(wsgi_request *request, const uwsgi_route *route, std::string_view nul_terminated)
      : Expanded(request, route, nul_terminated.data(), nul_terminated.size()) {}
  ~Expanded();
  Expanded(const Expanded &) = delete;
  Expanded &operator=(const Expanded &) = delete;

  std::string_view view() const { return view_; }
  const char *c_str() const { return view_.data(); }
  uint16_t size16() const { return static_cast<uint16_t>(view_.size()); }

 private:
  std::string_view view_;
  uwsgi_buffer *buffer_ = nullptr;
};

}  // namespace mortise::routing
