// Reading, writing, counting and waiting: each call holds the area's lock and stays within the area.
#include <uwsgi.h>

#include <atomic>

namespace mortise::sharedareas {

namespace {

enum class Mode { kRead, kWrite };

class Locked {
 public:
  Locked(uwsgi_sharedarea *area, Mode mode) : lock_(area->lock) {
    mode == Mode::kRead ? uwsgi_rlock(lock_) : uwsgi_wlock(lock_);
  }
  ~Locked() { uwsgi_rwunlock(lock_); }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;

 private:
  uwsgi_lock_item *lock_;
};

// The area where it has len bytes from pos on, else null.
uwsgi_sharedarea *area_with(int id, uint64_t pos, uint64_t len) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, pos);
  return area && len <= area->max_pos - pos + 1 ? area : nullptr;
}

void touched(uwsgi_sharedarea *area) {
  std::atomic_ref(area->updates).fetch_add(1, std::memory_order_release);
}

template <typename Number>
int read_number(int id, uint64_t pos, Number *value) {
  return uwsgi_sharedarea_read(id, pos, reinterpret_cast<char *>(value), sizeof *value) < 0 ? -1 : 0;
}
template <typename Number>
int write_number(int id, uint64_t pos, const Number *value) {
  return uwsgi_sharedarea_write(id, pos, reinterpret_cast<const char *>(value), sizeof *value);
}

// Wraps around like the machine's numbers.
template <typename Number>
int add(int id, uint64_t pos, Number amount) {
  uwsgi_sharedarea *area = area_with(id, pos, sizeof amount);
  if (!area) return -1;
  const Locked locked(area, Mode::kWrite);
  Number value;
  memcpy(&value, area->area + pos, sizeof value);
  value = static_cast<Number>(static_cast<uint64_t>(value) + static_cast<uint64_t>(amount));
  memcpy(area->area + pos, &value, sizeof value);
  touched(area);
  return 0;
}
template <typename Number>
int subtract(int id, uint64_t pos, Number amount) {
  return add(id, pos, static_cast<Number>(0 - static_cast<uint64_t>(amount)));
}

void wait_ms(int ms) {
  if (uwsgi.wait_milliseconds_hook)
    uwsgi.wait_milliseconds_hook(ms);
  else
    poll(nullptr, 0, ms);
}

}  // namespace

}  // namespace mortise::sharedareas

using namespace mortise::sharedareas;

extern "C" {

uwsgi_sharedarea *uwsgi_sharedarea_get_by_id(int id, uint64_t pos) {
  if (id < 0 || id >= uwsgi.sharedareas_cnt) return nullptr;
  uwsgi_sharedarea *area = uwsgi.sharedareas[id];
  return pos <= area->max_pos ? area : nullptr;
}

int64_t uwsgi_sharedarea_read(int id, uint64_t pos, char *buf, uint64_t len) {
  uwsgi_sharedarea *area = area_with(id, pos, len);
  if (!area) return -1;
  const Locked locked(area, Mode::kRead);
  const uint64_t end = area->honour_used ? UMIN(area->used, area->max_pos + 1) : area->max_pos + 1;
  if (len == 0) len = end > pos ? end - pos : 0;
  memcpy(buf, area->area + pos, len);
  std::atomic_ref(area->hits).fetch_add(1, std::memory_order_relaxed);
  return static_cast<int64_t>(len);
}

int uwsgi_sharedarea_write(int id, uint64_t pos, const char *buf, uint64_t len) {
  uwsgi_sharedarea *area = area_with(id, pos, len);
  if (!area) return -1;
  const Locked locked(area, Mode::kWrite);
  memcpy(area->area + pos, buf, len);
  touched(area);
  return 0;
}

#define NUMBERS(bits)                                                            \
  int uwsgi_sharedarea_read##bits(int id, uint64_t pos, int##bits##_t *value) {  \
    return read_number(id, pos, value);                                          \
  }                                                                              \
  int uwsgi_sharedarea_write##bits(int id, uint64_t pos, int##bits##_t *value) { \
    return write_number(id, pos, value);                                         \
  }                                                                              \
  int uwsgi_sharedarea_inc##bits(int id, uint64_t pos, int##bits##_t amount) {   \
    return add(id, pos, amount);                                                 \
  }                                                                              \
  int uwsgi_sharedarea_dec##bits(int id, uint64_t pos, int##bits##_t amount) {   \
    return subtract(id, pos, amount);                                            \
  }
NUMBERS(8)
NUMBERS(16)
NUMBERS(32)
NUMBERS(64)
#undef NUMBERS

int uwsgi_sharedarea_wait(int id, int freq, int timeout) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, 0);
  if (!area) return -1;
  if (freq <= 0) freq = 100;
  const uint64_t began = uwsgi_monotonic_micros();
  const uint64_t seen = std::atomic_ref(area->updates).load(std::memory_order_acquire);
  while (std::atomic_ref(area->updates).load(std::memory_order_acquire) == seen) {
    if (timeout > 0 && uwsgi_monotonic_micros() - began >= static_cast<uint64_t>(timeout) * 1000000)
      return -2;
    if (uwsgi_stopping()) return -1;
    wait_ms(freq);
  }
  return 0;
}

int uwsgi_sharedarea_update(int id) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, 0);
  if (!area) return -1;
  touched(area);
  return 0;
}

int uwsgi_sharedarea_rlock(int id) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, 0);
  if (!area) return -1;
  uwsgi_rlock(area->lock);
  return 0;
}

int uwsgi_sharedarea_wlock(int id) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, 0);
  if (!area) return -1;
  uwsgi_wlock(area->lock);
  return 0;
}

int uwsgi_sharedarea_unlock(int id) {
  uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, 0);
  if (!area) return -1;
  uwsgi_rwunlock(area->lock);
  return 0;
}

}  // extern "C"
