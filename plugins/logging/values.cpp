// What the names of a log format stand for: one row each.
#include <atomic>

#include "chunk.h"
#include "dates.h"
#include "options.h"

namespace mortise::logging {

namespace {

constexpr char kCtime[] = "%a %b %e %H:%M:%S %Y";
constexpr char kLogDate[] = "%d/%b/%Y:%H:%M:%S %z";  // the common log format's

std::string_view text(const char *bytes, size_t len) {
  return bytes ? std::string_view(bytes, len) : std::string_view();
}

void date(Line &line, uint64_t time_us, const char *format) {
  line.value(date_text(format, static_cast<time_t>(time_us / 1000000)));
}

int64_t took_us(const wsgi_request *request) {
  return static_cast<int64_t>(request->end_of_request - request->start_of_request);
}

std::string_view client(wsgi_request *request) {
  if (options.forwarded_for) {
    uint16_t len = 0;
    const char *list = uwsgi_get_var(request, "HTTP_X_FORWARDED_FOR", 20, &len);
    if (list && len) return {list, len};
  }
  if (request->remote_addr_len) return {request->remote_addr, request->remote_addr_len};
  return {request->peer_addr, request->peer_addr_len};
}

// Bytes of the variables: as the packet says, or what they would take in one.
int64_t packet_bytes(const wsgi_request *request) {
  if (request->len) return request->len;
  size_t bytes = 0;
  for (int i = 0; i < request->var_cnt; ++i) bytes += request->hvec[i].iov_len + 2;
  return static_cast<int64_t>(bytes);
}

uwsgi_worker &worker() {
  return uwsgi.workers[uwsgi.mywid];
}

template <bool kVirtual>
int64_t memory() {
  uint64_t resident = 0, virtual_bytes = 0;
  get_memusage(&resident, &virtual_bytes);
  return static_cast<int64_t>(kVirtual ? virtual_bytes : resident);
}

void seconds(Line &line, int64_t microseconds) {
  char out[32];
  line.text.append(out, static_cast<size_t>(snprintf(out, sizeof out, "%lld.%06lld",
                                                     static_cast<long long>(microseconds / 1000000),
                                                     static_cast<long long>(microseconds % 1000000))));
}

#define VALUE(expression)                       \
  [](Line &l, wsgi_request *r, const Chunk &) { \
    (void)r;                                    \
    expression;                                 \
  }

struct Row {
  std::string_view name;
  Chunk::Func func;
};
constexpr int64_t kMegabyte = 1024 * 1024;

const Row kRows[] = {
    {"uri", VALUE(l.value(text(r->uri, r->uri_len)))},
    {"method", VALUE(l.value(text(r->method, r->method_len)))},
    {"user", VALUE(l.value(text(r->remote_user, r->remote_user_len)))},
    {"addr", VALUE(l.value(client(r)))},
    {"host", VALUE(l.value(text(r->host, r->host_len)))},
    {"proto", VALUE(l.value(text(r->protocol, r->protocol_len)))},
    {"uagent", VALUE(l.value(text(r->user_agent, r->user_agent_len)))},
    {"referer", VALUE(l.value(text(r->referer, r->referer_len)))},
    {"status", VALUE(l.number(r->status))},
    {"micros", VALUE(l.number(took_us(r)))},
    {"msecs", VALUE(l.number(took_us(r) / 1000))},
    {"secs", VALUE(seconds(l, took_us(r)))},
    {"tmsecs", VALUE(l.number(static_cast<int64_t>(r->start_of_request / 1000)))},
    {"tmicros", VALUE(l.number(static_cast<int64_t>(r->start_of_request)))},
    {"time", VALUE(l.number(static_cast<int64_t>(r->start_of_request / 1000000)))},
    {"ctime", VALUE(date(l, r->start_of_request, kCtime))},
    {"ltime", VALUE(date(l, r->start_of_request, kLogDate))},
    {"ftime", VALUE(date(l, r->start_of_request, options.date &&*options.date ? options.date : kLogDate))},
    {"epoch", VALUE(l.number(uwsgi_now()))},
    {"size", VALUE(l.number(static_cast<int64_t>(r->response_size + r->headers_size)))},
    {"rsize", VALUE(l.number(static_cast<int64_t>(r->response_size)))},
    {"hsize", VALUE(l.number(static_cast<int64_t>(r->headers_size)))},
    {"cl", VALUE(l.number(static_cast<int64_t>(r->post_cl)))},
    {"pid", VALUE(l.number(uwsgi.mypid))},
    {"wid", VALUE(l.number(uwsgi.mywid))},
    {"switches", VALUE(l.number(static_cast<int64_t>(r->switches + 1)))},
    {"vars", VALUE(l.number(r->var_cnt / 2))},
    {"headers", VALUE(l.number(r->header_cnt))},
    {"core", VALUE(l.number(r->async_id))},
    {"vsz", VALUE(l.number(memory<true>()))},
    {"rss", VALUE(l.number(memory<false>()))},
    {"vszM", VALUE(l.number(memory<true>() / kMegabyte))},
    {"rssM", VALUE(l.number(memory<false>() / kMegabyte))},
    {"pktsize", VALUE(l.number(packet_bytes(r)))},
    {"modifier1", VALUE(l.number(r->uh->modifier1))},
    {"modifier2", VALUE(l.number(r->uh->modifier2))},
    {"rerr", VALUE(l.number(r->read_errors))},
    {"werr", VALUE(l.number(r->write_errors))},
    {"ioerr", VALUE(l.number(r->read_errors + r->write_errors))},
    // Of our own, for the line that is written without a format.
    {"app", VALUE(l.number(r->app_id))},
    {"req", VALUE(l.number(static_cast<int64_t>(worker().cores[r->async_id].requests)))},
    {"total", VALUE(l.number(
                  static_cast<int64_t>(std::atomic_ref(worker().requests).load(std::memory_order_relaxed))))},
    {"via", VALUE(l.text += r->via == UWSGI_VIA_SENDFILE  ? "via sendfile() "
                            : r->via == UWSGI_VIA_ROUTE   ? "via route() "
                            : r->via == UWSGI_VIA_OFFLOAD ? "via offload() "
                                                          : "")},
};

}  // namespace

Chunk::Func find_value(std::string_view name) {
  for (const Row &row : kRows)
    if (name == row.name) return row.func;
  return nullptr;
}

}  // namespace mortise::logging
