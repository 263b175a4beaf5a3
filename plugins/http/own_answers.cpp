#include "own_answers.h"

#include <uwsgi.h>

#include <forward_list>
#include <string>

#include "cgi_variables.h"
#include "gateway_process.h"
#include "mortise/static_files.h"
#include "options.h"

namespace mortise::http {

namespace {

uwsgi_static_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

// Header fields that choose among what a file can be answered with.
uwsgi_static_text *choice_of(uwsgi_static_request &request, const HeaderField &field) {
  struct Choice {
    std::string_view name;
    uwsgi_static_text uwsgi_static_request::*member;
  };
  static const Choice choices[] = {{"HTTP_ACCEPT_ENCODING", &uwsgi_static_request::accept_encoding},
                                   {"HTTP_IF_NONE_MATCH", &uwsgi_static_request::if_none_match},
                                   {"HTTP_IF_MODIFIED_SINCE", &uwsgi_static_request::if_modified_since},
                                   {"HTTP_RANGE", &uwsgi_static_request::range},
                                   {"HTTP_IF_RANGE", &uwsgi_static_request::if_range},
                                   {"HTTP_IF_MATCH", &uwsgi_static_request::if_match},
                                   {"HTTP_IF_UNMODIFIED_SINCE", &uwsgi_static_request::if_unmodified_since}};
  if (field.id == HeaderId::kUnknown || field.id < HeaderId::kAcceptEncoding) return nullptr;
  const std::string_view name = cgi_name_of(field.id);
  for (const Choice &choice : choices)
    if (choice.name == name) return &(request.*choice.member);
  return nullptr;
}

}  // namespace

OwnAnswers::OwnAnswers() : files_(dlsym(RTLD_DEFAULT, "uwsgi_static_find")) {
  for_each_given("add-header", [&](const char *value) { added_lines_.append(value).append("\r\n"); });
}

bool OwnAnswers::find(const Gateway &gateway, const RequestHead &head, const Endpoints &ends,
                      OwnAnswer &answer) {
  if (head.chunked || head.content_length > 0) return false;
  if (options.health && find_health(gateway, head, answer)) return true;
  return files_ && (head.method == "GET" || head.method == "HEAD") && find_file(head, ends, answer);
}

bool OwnAnswers::find_health(const Gateway &gateway, const RequestHead &head, OwnAnswer &answer) {
  if (head.path != "/-/live" && head.path != "/-/ready") return false;
  const bool good = head.path == "/-/live" || (!gateway.stopping && gateway.dispatcher.any_ready());
  answer.status = good ? 200 : 503;
  answer.head = good ? "Content-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 3\r\n"
                     : "Content-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 18\r\n";
  answer.body = good ? "ok\n" : "no worker is ready";
  return true;
}

bool OwnAnswers::find_file(const RequestHead &head, const Endpoints &ends, OwnAnswer &answer) {
  static thread_local uwsgi_static_answer found;
  std::string decoded;
  uwsgi_static_request request{};
  request.method = text_of(head.method);
  request.uri = text_of(head.target);
  request.query = text_of(head.query);
  request.host = text_of(head.host);
  request.https = ends.tls;
  request.borrows = 1;
  std::string_view path = head.path;
  if (path.find('%') != path.npos) {
    decoded = path;
    path = decode_path(decoded, {decoded.data(), decoded.size()}).value_or(std::string_view());
  }
  request.path = text_of(path);
  std::forward_list<std::string> joined;  // lines of one name are one value (RFC 9110 §5.3)
  for (const HeaderField &field : head.headers()) {
    uwsgi_static_text *choice = choice_of(request, field);
    if (!choice) continue;
    if (choice->text) {
      joined.push_front(std::string(choice->text, choice->len).append(", ").append(field.value));
      *choice = text_of(joined.front());
    } else {
      *choice = text_of(field.value);
    }
  }
  const auto find = reinterpret_cast<decltype(&::uwsgi_static_find)>(files_);
  if (!find(&request, &found)) return false;
  answer.status = found.status;
  answer.head = {found.head, found.head_len};
  if (!added_lines_.empty()) answer.head = file_head_.assign(answer.head).append(added_lines_);
  answer.file = FileAnswer(found.fd, found.pos, found.len, found.borrowed);
  answer.is_file = true;
  return true;
}

}  // namespace mortise::http
