#include "request_line.h"

#include <memory>

#include "board.h"
#include "chunk.h"
#include "options.h"
#include "takeover.h"

namespace mortise::logging {

namespace {

constexpr int kRoomMs = 50;
constexpr uint64_t kStuckUs = 1'000'000;
constexpr size_t kKeptBytes = 64 * 1024;  // of a thread's line between requests

// As the server's own line.
constexpr char kDefaultFormat[] =
    "[pid: %(pid)|app: %(app)|req: %(req)/%(total)] %(addr) (%(user)) {%(vars) vars in %(pktsize) bytes} "
    "[%(ctime)] %(method) "
    "%(uri) => generated %(rsize) bytes in %(msecs) msecs %(via)(%(proto) %(status)) %(headers) headers in "
    "%(hsize) bytes "
    "(%(switches) switches on core %(core))";
constexpr char kJsonFormat[] =
    R"j({"time":"%(strftime:%Y-%m-%dT%H:%M:%S%z)","pid":%(pid),"worker":%(wid),"addr":"%(addr)",)j"
    R"j("user":"%(user)","method":"%(method)","uri":"%(uri)","proto":"%(proto)","host":"%(host)",)j"
    R"j("status":%(status),"size":%(rsize),"micros":%(micros),"referer":"%(referer)","uagent":"%(uagent)"})j";

struct Format {
  std::vector<Chunk> chunks;
  Escape escape = Escape::kText;
  bool dash = true;
};
Format *format = nullptr;

Format make_format() {
  std::string text = options.format ? options.format : "";
  if (text == "json") text = kJsonFormat;
  Format made;
  made.dash = !text.empty();
  made.escape = looks_like_json(text) ? Escape::kJson : Escape::kText;
  if (text.empty()) {
    text = kDefaultFormat;
    if (options.micros) text.replace(text.find("%(msecs) msecs"), 14, "%(micros) micros");
  }
  if (options.format_escape) made.escape = Escape::kJson;
  made.chunks = parse_format(text, options.format_strftime != 0);
  return made;
}

// Whether there is room now. A logger that is merely busy is waited for, so that a burst costs time and not
// lines; one that is stuck costs each second one of these waits.
bool wait_for_room(int fd) {
  uint64_t now = uwsgi_monotonic_micros();
  if (now < board()->stuck_until_us.load(std::memory_order_relaxed)) return false;
  pollfd waiting{fd, POLLOUT, 0};
  if (poll(&waiting, 1, kRoomMs) > 0) return true;
  board()->stuck_until_us = now + kStuckUs;
  return false;
}

bool emit(std::string_view line) {
  const LinePipe &own = ends().requests ? ends().requests : ends().lines;
  int fd = own ? own.prompt.get() : STDERR_FILENO;
  ssize_t written = 0;
  do {
    written = write(fd, line.data(), line.size());
  } while (written < 0 && (errno == EINTR || (errno == EAGAIN && own && wait_for_room(fd))));
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (!own) board()->cut = !whole && (written > 0 || board()->cut);
  return whole;
}

// Without a process that owns the log the next line tells how many were lost: their number.
uint64_t tell_lost(Line &line) {
  if (ends().lines || board()->lost_requests.load(std::memory_order_relaxed) == 0) return 0;
  const uint64_t lost = board()->lost_requests.exchange(0);
  if (lost == 0) return 0;  // another worker tells it
  if (board()->cut) line.text += '\n';
  line.text +=
      "log: " + std::to_string(lost) + " lines were lost: nothing took them (the log is written again)\n";
  return lost;
}

void log_line(wsgi_request *request) {
  if (!is_wanted(request)) return;
  thread_local Line line;
  line.text.clear();
  line.escape = format->escape;
  line.dash = format->dash;
  const uint64_t lost = tell_lost(line);
  for (const Chunk &chunk : format->chunks) chunk.func(line, request, chunk);
  line.text += '\n';
  if (!emit(line.text)) board()->lost_requests += lost + 1;
  if (line.text.capacity() > kKeptBytes) line.text = {};
}

}  // namespace

bool is_wanted(const wsgi_request *request) {
  const auto &wanted = uwsgi.logging_options;
  if (request->do_not_log) return false;
  if (request->log_this || wanted.enabled) return true;
  if (request->status >= 400) return true;  // a failing service is never silent
  if (wanted.zero && request->response_size == 0) return true;
  if (wanted.slow && (request->end_of_request - request->start_of_request) / 1000 >= wanted.slow) return true;
  if (wanted.big && request->response_size >= wanted.big) return true;
  if (wanted.sendfile && request->via == UWSGI_VIA_SENDFILE) return true;
  return wanted.ioerror && (request->read_errors > 0 || request->write_errors > 0);
}

void prepare_request_lines() {
  format = new Format(make_format());
  if (!uwsgi.logit) uwsgi.logit = log_line;
}

}  // namespace mortise::logging
