#include "document.h"

#include <vector>

#include "options.h"

namespace mortise::stats {

namespace {

uint64_t bytes_waiting(int fd) {
  int bytes = 0;
  return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

// The list has the newest first.
void write_locks(Items &items) {
  std::vector<uwsgi_lock_item *> locks;
  for (uwsgi_lock_item *lock = uwsgi.registered_locks; lock; lock = lock->next)
    locks.insert(locks.begin(), lock);
  items.list("locks", [&] {
    for (uwsgi_lock_item *lock : locks)
      items.object([&] { items.number(lock->id, static_cast<uint64_t>(uwsgi_lock_check(lock))); });
  });
}

void write_caches(Items &items) {
  if (!uwsgi.caches) return;
  items.list("caches", [&] {
    for (uwsgi_cache *cache = uwsgi.caches; cache; cache = cache->next) {
      uwsgi_rlock(cache->lock);
      const uwsgi_cache now = *cache;
      uwsgi_rwunlock(cache->lock);
      items.object([&] {
        items.text("name", now.name ? now.name : "default");
        items.text("hash", now.hash && now.hash->name ? now.hash->name : "");
        items.number("hashsize", now.hashsize);
        items.number("keysize", now.keysize);
        items.number("max_items", now.max_items);
        items.number("blocks", now.blocks);
        items.number("blocksize", now.blocksize);
        items.number("items", now.n_items);
        items.number("hits", now.hits);
        items.number("miss", now.miss);
        items.number("full", now.full);
        items.number("last_modified_at", now.last_modified_at);
      });
    }
  });
}

}  // namespace

void write_server(Items &items) {
  items.text("version", UWSGI_VERSION);
  items.number("listen_queue", uwsgi.shared->backlog);
  items.number("listen_queue_errors", uwsgi.shared->backlog_errors);
  items.number("signal_queue", bytes_waiting(uwsgi.shared->worker_signal_pipe[1]));
  items.number("load", uwsgi.shared->load);
  items.number("pid", static_cast<uint64_t>(uwsgi_master_pid()));
  items.number("uid", getuid());
  items.number("gid", getgid());
  char *folder = uwsgi_get_cwd();
  items.text("cwd", folder ? folder : "");
  free(folder);
  if (uwsgi.daemons) {
    items.list("daemons", [&] {
      for (const uwsgi_daemon *daemon = uwsgi.daemons; daemon; daemon = daemon->next)
        items.object([&] {
          items.text("cmd", daemon->command ? daemon->command : "");
          items.number("pid", static_cast<uint64_t>(daemon->pid));
          items.number("respawns", daemon->respawns);
        });
    });
  }
  write_locks(items);
  write_caches(items);
}

void write_metrics(Items &items) {
  if (!uwsgi.has_metrics || options().no_metrics) return;
  items.object("metrics", [&] {
    for (const uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next)
      items.object(metric->name, [&] {
        items.number("type", static_cast<uint64_t>(metric->type));
        items.text("oid", {metric->oid, metric->oid_len});
        items.signed_number("value", __atomic_load_n(metric->value, __ATOMIC_RELAXED));
      });
  });
}

void write_sockets(Items &items) {
  items.list("sockets", [&] {
    for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
      items.object([&] {
        items.text("name", {socket->name, static_cast<size_t>(socket->name_len)});
        items.text("proto", socket->proto_name ? socket->proto_name : "uwsgi");
        items.number("queue", socket->queue);
        items.number("max_queue", socket->max_queue);
        items.number("shared", static_cast<uint64_t>(socket->shared));
        items.number("can_offload", static_cast<uint64_t>(socket->can_offload));
      });
  });
}

void write_others(Items &items) {
  if (!uwsgi.spoolers) return;
  items.list("spoolers", [&] {
    for (const uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
      items.object([&] {
        items.text("dir", spooler->dir);
        items.number("pid", static_cast<uint64_t>(spooler->pid));
        items.number("tasks", spooler->tasks);
        items.number("respawns", spooler->respawned);
        items.number("running", static_cast<uint64_t>(spooler->running));
      });
  });
}

}  // namespace mortise::stats

extern "C" uwsgi_stats *uwsgi_master_generate_stats(void) {
  using namespace mortise::stats;
  uwsgi_sample_listen_queues();
  uwsgi_sample_workers();
  uwsgi_stats *stats = uwsgi_stats_new(8192);
  Items items(stats);
  for (auto part : {write_server, write_metrics, write_sockets, write_workers, write_others}) part(items);
  if (uwsgi_stats_object_close(stats) == 0 && !items.failed()) return stats;
  uwsgi_stats_free(stats);
  return nullptr;
}
