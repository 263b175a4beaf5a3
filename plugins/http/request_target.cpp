#include "request_target.h"

#include "folded.h"
#include "host_syntax.h"
#include "url_decode.h"

namespace mortise::http {

namespace {

// `start` is in the target, or at its end. A fragment has no business in a request (RFC 9112 §3.2) and old
// clients send it: it is cut off, as peers do.
const char *split_path(RequestHead &head, const char *start, ByteRange buffer) {
  const char *end = find_end<PathEnd>(start, buffer);
  bool escaped = false;
  for (; *end == '%'; end = find_end<PathEnd>(end + 1, buffer)) escaped = true;
  head.path = end == start ? "/" : std::string_view(start, end);
  if (*end == '?') {
    std::string_view query(end + 1, head.target.data() + head.target.size());
    head.query = query.substr(0, query.find('#'));
  }
  return !escaped || is_decodable(head.path) ? nullptr
                                             : "a path with %00 or an escape that is not hexadecimal";
}

const char *split_absolute(RequestHead &head, ByteRange buffer) {
  std::string_view rest = head.target;
  if (rest.size() >= 7 && equals_folded(rest.substr(0, 4), "http") && rest.substr(4, 3) == "://")
    rest.remove_prefix(7);
  else if (rest.size() >= 8 && equals_folded(rest.substr(0, 5), "https") && rest.substr(5, 3) == "://")
    rest.remove_prefix(8);
  else
    return "a target that is neither a path nor an http URI";
  head.host = rest.substr(0, rest.find_first_of("/?#"));
  if (head.host.empty() || !is_host_and_port(head.host)) return "a target URI whose host is not valid";
  return split_path(head, head.host.data() + head.host.size(), buffer);
}

// CONNECT makes a tunnel; this is no proxy.
const char *refuse_connect(const RequestHead &head, uint16_t *status) {
  size_t colon = head.target.rfind(':');
  bool has_port = colon != head.target.npos && colon > 0 && colon + 1 < head.target.size();
  if (!has_port || !is_host_and_port(head.target)) return "CONNECT with a target that is not host:port";
  *status = 501;
  return "CONNECT is not served";
}

}  // namespace

const char *split_target(RequestHead &head, ByteRange buffer, uint16_t *status) {
  *status = 400;
  if (head.method == "CONNECT") return refuse_connect(head, status);
  if (head.target.front() == '/') return split_path(head, head.target.data(), buffer);
  if (head.target != "*") return split_absolute(head, buffer);
  head.path = head.target;
  return head.method == "OPTIONS" ? nullptr : "the target * with a method other than OPTIONS";
}

}  // namespace mortise::http
