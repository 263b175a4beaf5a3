// What the gateway says to a client itself: files, and answers of its own. The rest of a client is in
// client.cpp.
#include "client.h"

#include <uwsgi.h>

#include <utility>

#include "cgi_variables.h"
#include "gateway_process.h"
#include "http_date.h"
#include "limited_log.h"
#include "listener.h"
#include "own_answers.h"
#include "status_text.h"
#include "trusted_proxies.h"

namespace mortise::http {

// Whether the gateway had the answer itself. The state is kHead after it when another request has begun.
bool Client::answer_here(std::string_view bytes, size_t head_bytes) {
  const RequestHead &head = gateway_.request_head;
  OwnAnswer answer;
  Endpoints ends{
      .remote_addr = address_, .remote_port = {}, .server_name = {}, .server_port = {}, .tls = tls_};
  if (gateway_.own_answers.has_files()) apply_proxy_claims(head, ends);
  if (!gateway_.own_answers.find(gateway_, head, ends, answer)) return false;
  keeps_ = head.keep_alive && gateway_.idle_deadlines.duration_ms() > 0 && !gateway_.stopping;
  std::string rest(bytes.substr(head_bytes));
  if (!send_own(answer)) {
    drop();
    return true;
  }
  early_ = std::move(rest);
  if (file_) {
    state_ = State::kFile;
    gateway_.progress_deadlines.set(*this, uv_now(&gateway_.loop));
  } else if (!keeps_) {
    close_gently(false);
  } else if (early_.empty() || queued_bytes() > 0) {
    state_ = State::kIdle;
    gateway_.idle_deadlines.set(*this, uv_now(&gateway_.loop));
    if (at_end_ && queued_bytes() == 0) drop();
  } else {
    state_ = State::kHead;
    gateway_.head_deadlines.set(*this, uv_now(&gateway_.loop));
  }
  return true;
}

// What is left of a file is file_'s.
bool Client::send_own(OwnAnswer &answer) {
  std::string &head = gateway_.scratch;
  head = "HTTP/1.1 ";
  head += status_text(answer.status);
  head += "\r\n";
  head += date_line();
  head += answer.head;
  if (!keeps_) {
    head += "Connection: close\r\n";
  } else if (gateway_.request_head.minor == 0) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  count(gateway_.figures.answers[answer.status / 100]);
  count(gateway_.figures.sent_bytes, head.size());
  if (answer.is_file) count(gateway_.figures.files);
  if (is_head_) return write(head);
  if (answer.file.left() == 0) {
    head += answer.body;
    return write(head);
  }
  count(gateway_.figures.sent_bytes, answer.file.left());
  if (!write(head, Follows::kAtOnce) || !send_file(answer.file)) return false;
  if (answer.file.left() == 0) return true;
  file_ = std::make_unique<FileAnswer>(std::move(answer.file));
  return file_->keep();
}

bool Client::send_file(FileAnswer &file) {
  if (!transport_) return file.send(*this);
  char piece[ReadBuffer::kBytes];
  while (file.left() > 0 && queued_bytes() == 0) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(file.left(), sizeof piece));
    if (!file.read(piece, size) || !write({piece, size})) return false;
  }
  return true;
}

void Client::send_rest(FileAnswer rest, bool keep) {
  end_exchange();
  resume_reading();
  file_ = std::make_unique<FileAnswer>(std::move(rest));
  keeps_ = keep;
  state_ = State::kFile;
  if (queued_bytes() == 0) go_on_with_file();
}

void Client::go_on_with_file() {
  touch();
  if (!send_file(*file_)) return drop();
  if (file_->left() > 0 || queued_bytes() > 0) return;
  file_.reset();
  if (!keeps_) return close_gently(false);
  next_request();
}

void Client::refuse(int status, const char *reason) {
  log_limited("http: request from %s refused: %s (answered %d)", name(), reason, status);
  count(gateway_.figures.refused);
  answer(status, reason);
}

// To where the request belongs.
void Client::redirect() {
  const RequestHead &head = gateway_.request_head;
  const std::string_view host =
      head.host.empty() ? std::string_view(uwsgi.hostname) : without_port(head.host);
  std::string line = "Location: https://";
  line += host;
  if (const std::string_view port = gateway_.redirect_port(listener_, host.size() < head.host.size());
      !port.empty() && port != "443")
    (line += ':') += port;
  line += head.path.starts_with('/') ? head.path : "/";
  if (!head.query.empty()) (line += '?') += head.query;
  line += "\r\n";
  answer(301, "use HTTPS", line);
}

// lines: more of the head.
void Client::answer(int status, const char *reason, std::string_view lines) {
  if (exchange_) exchange_->abandon();
  count(gateway_.figures.answers[status / 100]);
  std::string text(reason);
  text += '\n';
  std::string head = "HTTP/1.1 ";
  head += status_text(status);
  head += "\r\nContent-Type: text/plain\r\nContent-Length: ";
  head += std::to_string(text.size());
  head += "\r\nConnection: close\r\n";
  head += date_line();
  head += lines;
  head += "\r\n";
  const std::string_view parts[] = {head, is_head_ ? "" : std::string_view(text)};
  if (!write(parts)) return drop();
  close_gently(true);
}

}  // namespace mortise::http
