// The hook table, the options, the memory of the queue, and uwsgi_queue_*: their callers hold
// uwsgi.queue_lock.
#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/mman.h>

#include <optional>

#include "ring.h"

namespace mortise::queue {

namespace {

struct {
  uint64_t blocksize = 8192;
  char *store = nullptr;
  int store_sync_s = 0;
} options;

std::optional<Ring> ring;
void *memory = nullptr;
uint64_t memory_bytes = 0;

uwsgi_option option_rows[] = {
    {"queue", required_argument, 0, "a queue of so many messages in memory that all processes share",
     uwsgi_opt_set_64bit, &uwsgi.queue_size, 0},
    {"queue-blocksize", required_argument, 0, "longest message (8192)", uwsgi_opt_set_64bit,
     &options.blocksize, 0},
    {"queue-store", required_argument, 0, "file that keeps the queue", uwsgi_opt_set_str, &options.store, 0},
    {"queue-store-sync", required_argument, 0, "seconds between two writes of that file to the disk",
     uwsgi_opt_set_int, &options.store_sync_s, 0},
    UWSGI_END_OF_OPTIONS};

// A trial works on a copy that nobody keeps.
void *map_store() {
  const bool trial = uwsgi_generation() < 0;
  const int fd = open(options.store, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info)) return nullptr;
  void *mapped = MAP_FAILED;
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size != 0 && size != memory_bytes)
    errno = EEXIST;
  else if (trial && size == 0)
    mapped = mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  else if (size != 0 || ftruncate(fd, static_cast<off_t>(memory_bytes)) == 0)
    mapped = mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, trial ? MAP_PRIVATE : MAP_SHARED, fd, 0);
  const int why = errno;
  close(fd);
  errno = why;
  return mapped == MAP_FAILED ? nullptr : mapped;
}

void write_back(int, void *) {
  uwsgi_process_ready();
  pollfd stop = {uwsgi_stop_fd(), POLLIN, 0};
  while (poll(&stop, 1, options.store_sync_s * 1000) == 0) msync(memory, memory_bytes, MS_SYNC);
}

int init() {
  if (!uwsgi.queue_size) return 0;
  constexpr uint64_t kMost = uint64_t{1} << 40;
  if (options.blocksize == 0 || options.blocksize > kMost ||
      uwsgi.queue_size > kMost / (options.blocksize + 64)) {
    uwsgi_log("queue: a blocksize of 0, or more than a terabyte in all (lower queue or queue-blocksize)\n");
    return -1;
  }
  memory_bytes = Ring::bytes_of(uwsgi.queue_size, options.blocksize);
  memory = options.store ? map_store() : uwsgi_calloc_shared(memory_bytes);
  if (!memory) {
    uwsgi_log("queue: use %s: %s\n", options.store,
              errno == EEXIST ? "it has a queue of other numbers (remove it)" : strerror(errno));
    return -1;
  }
  ring.emplace(memory, uwsgi.queue_size, options.blocksize);
  uwsgi.queue_header = ring->header();
  uwsgi.queue_lock = uwsgi_rwlock_init("queue");
  if (!options.store || options.store_sync_s <= 0) return 0;
  const uwsgi_process_role role = {
      .name = "queue writer", .instances = 1, .body = write_back, .data = nullptr, .stop_first = 0};
  return uwsgi_register_process(&role);
}

char *give(std::string_view message, uint64_t *size) {
  *size = message.size();
  return message.empty() ? nullptr : const_cast<char *>(message.data());
}

}  // namespace

}  // namespace mortise::queue

using namespace mortise::queue;

extern "C" {

char *uwsgi_queue_get(uint64_t slot, uint64_t *size) {
  return ring ? give(ring->get(slot), size) : nullptr;
}
char *uwsgi_queue_pop(uint64_t *size) {
  return ring ? give(ring->pop(), size) : nullptr;
}
char *uwsgi_queue_pull(uint64_t *size) {
  return ring ? give(ring->pull(), size) : nullptr;
}
int uwsgi_queue_push(char *message, uint64_t size) {
  return ring && ring->push({message, size}) ? 1 : 0;
}
int uwsgi_queue_set(uint64_t slot, char *message, uint64_t size) {
  return ring && ring->set(slot, {message, size}) ? 1 : 0;
}

}  // extern "C"

uwsgi_plugin queue_plugin = {
    .name = "queue",
    .init = init,
    .options = option_rows,
};
