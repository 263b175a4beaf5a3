// How areas come to be: from pages, descriptors, memory of others, or the text of a `sharedarea` option.
#include "areas.h"

#include <sys/mman.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <string>

namespace mortise::sharedareas {

namespace {

constexpr int kMost = 1024;

// The public structure in memory that processes share, for its counters; areas are reached by their number.
uwsgi_sharedarea *announce(char *memory, uint64_t len, int fd, int pages) {
  if (uwsgi.sharedareas_cnt == kMost) {
    uwsgi_log("sharedarea: there are %d already\n", kMost);
    return nullptr;
  }
  if (!uwsgi.sharedareas)
    uwsgi.sharedareas = static_cast<uwsgi_sharedarea **>(uwsgi_calloc(sizeof(uwsgi_sharedarea *) * kMost));
  auto *area = static_cast<uwsgi_sharedarea *>(uwsgi_calloc_shared(sizeof(uwsgi_sharedarea)));
  area->id = uwsgi.sharedareas_cnt;
  area->pages = pages;
  area->fd = fd;
  area->area = memory;
  area->max_pos = len - 1;
  area->lock = uwsgi_rwlock_init(("sharedarea " + std::to_string(area->id)).c_str());
  uwsgi.sharedareas[uwsgi.sharedareas_cnt++] = area;
  uwsgi_log("sharedarea %d: %llu bytes\n", area->id, static_cast<unsigned long long>(len));
  return area;
}

uwsgi_sharedarea *refuse(const std::string &text, const std::string &why) {
  uwsgi_log("sharedarea '%s': %s\n", text.c_str(), why.c_str());
  return nullptr;
}

struct Free {
  void operator()(char *text) const { free(text); }
};
using Text = std::unique_ptr<char, Free>;

// "64", "64k", "2M"; 0 where it is none.
uint64_t bytes_of(const char *text) {
  if (!text || *text == '-') return 0;
  char *end = nullptr;
  const uint64_t number = strtoull(text, &end, 0);
  int shift = 0;
  switch (end == text ? '?' : *end) {
    case '\0':
      return number;
    case 'k':
    case 'K':
      shift = 10;
      break;
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'g':
    case 'G':
      shift = 30;
      break;
    default:
      return 0;
  }
  return end[1] || number >> (63 - shift) ? 0 : number << shift;
}

// "1" to INT_MAX; 0 where it is none.
int pages_of(const char *text) {
  char *end = nullptr;
  const long pages = strtol(text, &end, 10);
  return end == text || *end || pages < 1 || pages > INT_MAX ? 0 : static_cast<int>(pages);
}

uwsgi_sharedarea *open_file(const std::string &text, const char *path, uint64_t size, off_t offset) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info)) {
    const std::string why = strerror(errno);
    if (fd >= 0) close(fd);
    return refuse(text, std::string(path) + ": " + why);
  }
  if (size == 0) size = static_cast<uint64_t>(info.st_size) - static_cast<uint64_t>(offset);
  // Beyond a file's end there is no memory: touching it would kill the process.
  if (offset > info.st_size || size == 0 || size > static_cast<uint64_t>(info.st_size - offset)) {
    close(fd);
    return refuse(text, std::string(path) + " is shorter than that (truncate -s makes it longer)");
  }
  return uwsgi_sharedarea_init_fd(fd, size, offset);
}

}  // namespace

}  // namespace mortise::sharedareas

using namespace mortise::sharedareas;

extern "C" {

uwsgi_sharedarea *uwsgi_sharedarea_init(int pages) {
  if (pages <= 0) return refuse(std::to_string(pages), "its number of pages must be positive");
  const uint64_t len = static_cast<uint64_t>(pages) * static_cast<uint64_t>(uwsgi.page_size);
  return announce(static_cast<char *>(uwsgi_calloc_shared(len)), len, -1, pages);
}

uwsgi_sharedarea *uwsgi_sharedarea_init_ptr(char *area, uint64_t len) {
  return area && len ? announce(area, len, -1, 0) : nullptr;
}

uwsgi_sharedarea *uwsgi_sharedarea_init_fd(int fd, uint64_t len, off_t offset) {
  void *memory = len ? mmap(nullptr, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset) : MAP_FAILED;
  if (memory == MAP_FAILED)
    return refuse("fd " + std::to_string(fd), std::string("map it: ") + strerror(len ? errno : EINVAL));
  return announce(static_cast<char *>(memory), len, fd, 0);
}

uwsgi_sharedarea *uwsgi_sharedarea_init_keyval(char *keyval) {
  char *found[6] = {};
  const int result = uwsgi_kvlist_parse_strict(keyval, strlen(keyval), ',', '=', "pages", &found[0], "page",
                                               &found[1], "file", &found[2], "fd", &found[3], "size",
                                               &found[4], "offset", &found[5], NULL);
  const Text pages(found[0] ? found[0] : found[1]), file(found[2]), fd(found[3]), size(found[4]),
      offset(found[5]);
  const uint64_t bytes = bytes_of(size.get());
  const auto from = static_cast<off_t>(bytes_of(offset.get()));
  const int page_count = pages ? static_cast<int>(std::min<uint64_t>(bytes_of(pages.get()), INT_MAX)) : 0;
  if (result || (size && !bytes) || (pages && !page_count))
    return refuse(keyval, "pages=N, size=BYTES, file=PATH or fd=N with size and offset");
  if (pages) return uwsgi_sharedarea_init(page_count);
  if (file) return open_file(keyval, file.get(), bytes, from);
  if (fd) return uwsgi_sharedarea_init_fd(static_cast<int>(bytes_of(fd.get())), bytes, from);
  if (bytes) return announce(static_cast<char *>(uwsgi_calloc_shared(bytes)), bytes, -1, 0);
  return refuse(keyval, "it has neither pages, size, file nor fd");
}

}  // extern "C"

namespace mortise::sharedareas {

int create_configured(const uwsgi_string_list *wanted) {
  for (const uwsgi_string_list *item = wanted; item; item = item->next) {
    const bool keyval = strchr(item->value, '=') != nullptr;
    const int pages = keyval ? 0 : pages_of(item->value);
    if (!keyval && !pages) {
      uwsgi_log("error: sharedarea = '%s': not a number of pages from 1 to %d (for bytes write size=64k)\n",
                item->value, INT_MAX);
      uwsgi_exit(64);
    }
    if (!(keyval ? uwsgi_sharedarea_init_keyval(item->value) : uwsgi_sharedarea_init(pages))) return -1;
  }
  return 0;
}

}  // namespace mortise::sharedareas
