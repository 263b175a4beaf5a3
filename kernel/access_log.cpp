// One line per request, in the form that uWSGI's users parse. Client errors and server errors are logged even
// where --disable-logging is set, so that a failing service is never silent. A provider's uwsgi.logit decides
// by itself what it logs.
#include <uwsgi.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <ctime>

#include "kernel/log.h"
#include "kernel/request.h"

namespace mortise {

namespace {

struct Text {
  std::string escaped;
  Text(const char *text, size_t len) : escaped(log_escape({text, len})) {}
  const char *c_str() const { return escaped.c_str(); }
};

bool wanted(const wsgi_request *request) {
  const auto &options = uwsgi.logging_options;
  uint64_t took_ms = (request->end_of_request - request->start_of_request) / 1000;
  return request->log_this || options.enabled || request->status >= 400 ||
         (options.slow && took_ms >= options.slow);
}

void write_line(const wsgi_request *request) {
  uwsgi_worker &worker = uwsgi.workers[uwsgi.mywid];
  uint64_t worker_requests = std::atomic_ref(worker.requests).load(std::memory_order_relaxed);
  size_t vars_bytes = request->len;
  time_t now = static_cast<time_t>(request->start_of_request / 1000000);
  tm local{};
  char date[32];
  localtime_r(&now, &local);
  strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &local);
  const char *addr = request->remote_addr_len ? request->remote_addr : request->peer_addr;
  size_t addr_len = request->remote_addr_len ? request->remote_addr_len : request->peer_addr_len;
  uint64_t took_ms = (request->end_of_request - request->start_of_request) / 1000;
  uwsgi_core &core = worker.cores[request->async_id];
  char line[4096], memory[128] = "";
  if (uint64_t rss = 0, vsz = 0; uwsgi.logging_options.memory_report) {
    get_memusage(&rss, &vsz);
    snprintf(memory, sizeof memory,
             "{address space usage: %" PRIu64 " bytes/%" PRIu64 "MB} {rss usage: %" PRIu64 " bytes/%" PRIu64
             "MB} ",
             vsz, vsz >> 20, rss, rss >> 20);
  }
  int len = snprintf(
      line, sizeof line,
      "%s[pid: %d|app: %d|req: %llu/%llu] %s (%s) {%d vars in %zu bytes} [%s] %s %.2048s => generated %llu "
      "bytes in %llu "
      "msecs (%s %d) %d headers in %llu bytes (%llu switches on core %d)\n",
      memory, static_cast<int>(uwsgi.mypid), request->app_id, static_cast<unsigned long long>(core.requests),
      static_cast<unsigned long long>(worker_requests), Text(addr, addr_len).c_str(),
      Text(request->remote_user, request->remote_user_len).c_str(), request->var_cnt / 2, vars_bytes, date,
      Text(request->method, request->method_len).c_str(), Text(request->uri, request->uri_len).c_str(),
      static_cast<unsigned long long>(request->response_size), static_cast<unsigned long long>(took_ms),
      Text(request->protocol, request->protocol_len).c_str(), request->status, request->header_cnt,
      static_cast<unsigned long long>(request->headers_size),
      static_cast<unsigned long long>(request->switches + 1), request->async_id);
  if (len > 0) log_raw({line, std::min(static_cast<size_t>(len), sizeof line - 1)});
}

}  // namespace

}  // namespace mortise

extern "C" void log_request(wsgi_request *request) {
  if (request->do_not_log) return;
  if (uwsgi.logit)
    uwsgi.logit(request);
  else if (mortise::wanted(request))
    mortise::write_line(request);
  request->do_not_log = 1;  // plugins call this after their requests by habit, and the core does
}
