#include "spoolers.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <string>

#include "folder.h"

namespace mortise::spooler {

Options options;
Slot *slots = nullptr;
int slots_used = 0;

namespace {

int *shared_frequency_s = nullptr;

int resolve(const char *name) {
  return options.folders && strcmp(name, "spooler") == 0 ? 0 : -1;
}

int send_signal(int, uint8_t signum) {
  return send(uwsgi.shared->spooler_signal_pipe[0], &signum, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int add_spooler(const char *folder, int mode) {
  auto *spooler = static_cast<uwsgi_spooler *>(uwsgi_calloc_shared(sizeof(uwsgi_spooler)));
  if (mkdir(folder, 0777) && errno != EEXIST) {
    uwsgi_log("spooler %s: make the folder: %s\n", folder, strerror(errno));
    return -1;
  }
  if (!realpath(folder, spooler->dir) || access(spooler->dir, R_OK | W_OK | X_OK)) {
    uwsgi_log("spooler %s: %s (it must be a folder that the server may read and write)\n", folder,
              strerror(errno));
    return -1;
  }
  spooler->mode = mode;
  spooler->lock = uwsgi_lock_init("spooler");
  // [1] is an eventfd: it counts, and cannot be full.
  spooler->signal_pipe[0] = -1;
  spooler->signal_pipe[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  uwsgi_spooler **end = &uwsgi.spoolers;
  while (*end) end = &(*end)->next;
  *end = spooler;
  if (mode == kExternal) return 0;
  for (int i = 0; i < options.processes; ++i) slots[slots_used++].spooler = spooler;
  return 0;
}

}  // namespace

int create_spoolers() {
  int count = 0;
  for (const uwsgi_string_list *item = options.folders; item; item = item->next) ++count;
  if (options.processes < 1) options.processes = 1;
  shared_frequency_s = static_cast<int *>(uwsgi_calloc_shared(sizeof(int)));
  *shared_frequency_s = std::max(options.frequency_s, 1);
  slots = static_cast<Slot *>(
      uwsgi_calloc_shared(sizeof(Slot) * (static_cast<size_t>(count * options.processes) + 1)));
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 uwsgi.shared->spooler_signal_pipe))
    return -1;
  for (const uwsgi_string_list *item = options.folders; item; item = item->next)
    if (add_spooler(item->value, 0)) return -1;
  for (const uwsgi_string_list *item = options.external_folders; item; item = item->next)
    if (add_spooler(item->value, kExternal)) return -1;
  return 0;
}

int frequency_s() {
  return __atomic_load_n(shared_frequency_s, __ATOMIC_RELAXED);
}

void wake(const uwsgi_spooler *spooler) {
  const uint64_t one = 1;
  const ssize_t written = write(spooler->signal_pipe[1], &one, sizeof one);
  (void)written;  // fails only where the counter is full: then they are awake
}

int wake_fd(const uwsgi_spooler *spooler) {
  return spooler->signal_pipe[1];
}

void receive_signals() {
  uwsgi_register_signal_receiver(resolve, send_signal);
}

}  // namespace mortise::spooler

using namespace mortise::spooler;

extern "C" {

int uwsgi_set_spooler_frequency(int seconds) {
  if (seconds < 1 || !shared_frequency_s) return -1;
  __atomic_store_n(shared_frequency_s, seconds, __ATOMIC_RELAXED);
  for (const uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
    if (spooler->mode != kExternal) wake(spooler);
  return 0;
}

uwsgi_spooler *uwsgi_get_spooler_by_name(const char *name, size_t len) {
  if (len == 0) return uwsgi.spoolers;
  char path[PATH_MAX];
  const std::string wanted(name, len);
  const char *real = realpath(wanted.c_str(), path);
  for (uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
    if (wanted == spooler->dir || (real && strcmp(real, spooler->dir) == 0)) return spooler;
  return nullptr;
}

char *uwsgi_spool_request(wsgi_request *, char *pairs, size_t len, char *body, size_t body_len) {
  const auto orders = read_orders({pairs, len});
  if (!orders || len > UINT16_MAX) {
    uwsgi_log("a task was not spooled: %s\n",
              orders ? "its pairs are longer than 64 kB (put more into body)" : "its pairs are malformed");
    return nullptr;
  }
  const uwsgi_spooler *spooler = uwsgi_get_spooler_by_name(orders->spooler.data(), orders->spooler.size());
  if (!spooler) {
    uwsgi_log("a task was not spooled: there is no spooler '%s' (add spooler = FOLDER)\n",
              orders->spooler.c_str());
    return nullptr;
  }
  const auto path = store_task(spooler->dir, uwsgi.hostname, *orders, {pairs, len},
                               {body ? body : "", body ? body_len : 0});
  if (!path) {
    uwsgi_log("a task was not spooled in %s: %s\n", spooler->dir, strerror(errno));
    return nullptr;
  }
  if (!options.quiet) uwsgi_log("spooled task %s\n", path->c_str());
  wake(spooler);
  return uwsgi_str(path->c_str());
}

int uwsgi_spooler_read_header(char *, int fd, uwsgi_header *header) {
  return read(fd, header, sizeof *header) == sizeof *header && header->modifier1 == kModifier ? 0 : -1;
}

int uwsgi_spooler_read_content(int fd, char *args, char **body, size_t *body_len, uwsgi_header *header,
                               struct stat *info) {
  if (header->pktsize && read(fd, args, header->pktsize) != header->pktsize) return -1;
  const off_t rest = info->st_size - static_cast<off_t>(sizeof *header) - header->pktsize;
  *body_len = rest > 0 ? static_cast<size_t>(rest) : 0;
  if (*body_len == 0) return 0;
  *body = static_cast<char *>(uwsgi_malloc(*body_len));
  if (read(fd, *body, *body_len) == rest) return 0;
  free(*body);
  *body = nullptr;
  return -1;
}

}  // extern "C"
