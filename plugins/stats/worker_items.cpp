// The part "workers" of the document.
#include "document.h"
#include "options.h"
#include "running_request.h"

namespace mortise::stats {

namespace {

uint64_t signals_waiting(const uwsgi_worker &worker) {
  int bytes = 0;
  const int fd = worker.signal_pipe[1];
  return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

void write_app(Items &items, int id, const uwsgi_app &app) {
  items.object([&] {
    items.number("id", static_cast<uint64_t>(id));
    items.number("modifier1", app.modifier1);
    items.text("mountpoint", {app.mountpoint, app.mountpoint_len});
    items.number("startup_time", static_cast<uint64_t>(app.startup_time));
    items.number("requests", app.requests);
    items.number("exceptions", app.exceptions);
    items.text("chdir", {app.chdir, strnlen(app.chdir, sizeof app.chdir)});
  });
}

void write_core(Items &items, const uwsgi_worker &worker, int id) {
  const uwsgi_core &core = worker.cores[id];
  const RunningRequest request = read_running_request(worker.pid, core);
  items.object([&] {
    items.number("id", static_cast<uint64_t>(id));
    items.number("requests", core.requests);
    items.number("static_requests", core.static_requests);
    items.number("routed_requests", core.routed_requests);
    items.number("offloaded_requests", core.offloaded_requests);
    items.number("write_errors", core.write_errors);
    items.number("read_errors", core.read_errors);
    items.number("in_request", request.started_s ? 1 : 0);
    items.list("vars", [&] {
      for (const std::string &variable : request.variables) items.string(variable);
    });
    items.object("req_info", [&] {
      if (request.started_s) items.number("request_start", request.started_s);
    });
  });
}

void write_worker(Items &items, int wid) {
  const uwsgi_worker &worker = uwsgi.workers[wid];
  items.object([&] {
    items.number("id", static_cast<uint64_t>(worker.id));
    items.number("pid", static_cast<uint64_t>(worker.pid));
    items.number("accepting", static_cast<uint64_t>(worker.accepting));
    items.number("requests", worker.requests);
    items.number("delta_requests", worker.delta_requests);
    items.number("exceptions", uwsgi_worker_exceptions(wid));
    items.number("harakiri_count", worker.harakiri_count);
    items.number("signals", worker.signals);
    items.number("signal_queue", signals_waiting(worker));
    items.text("status", status_of(worker, uwsgi_worker_is_busy(wid) != 0));
    items.number("rss", worker.rss_size);
    items.number("vsz", worker.vsz_size);
    items.number("running_time", worker.running_time);
    items.number("last_spawn", static_cast<uint64_t>(worker.last_spawn));
    items.number("respawn_count", worker.respawn_count);
    items.number("tx", worker.tx);
    items.number("avg_rt", worker.avg_response_time);
    items.list("apps", [&] {
      for (int id = 0; id < worker.apps_cnt; ++id) write_app(items, id, worker.apps[id]);
    });
    if (options().no_cores) return;
    items.list("cores", [&] {
      for (int core = 0; core < uwsgi.cores; ++core) write_core(items, worker, core);
    });
  });
}

}  // namespace

std::string status_of(const uwsgi_worker &worker, bool busy) {
  if (worker.cheaped) return "cheap";
  if (worker.suspended && !busy) return "pause";
  if (worker.sig) return "sig" + std::to_string(worker.signum);
  return busy ? "busy" : "idle";
}

void write_workers(Items &items) {
  items.list("workers", [&] {
    for (int wid = 1; wid <= uwsgi.numproc; ++wid) write_worker(items, wid);
  });
}

}  // namespace mortise::stats
