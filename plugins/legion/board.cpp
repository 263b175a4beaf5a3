#include "board.h"

#include <atomic>
#include <cstring>

namespace mortise::legion {

struct Board {
  std::atomic<bool> i_am_the_lord;
  uint32_t lord_scroll_len;
  uint32_t scrolls_len;
  // the lord's scroll, then all scrolls
};

namespace {

char *lord_scroll_of(Board *board) {
  return reinterpret_cast<char *>(board + 1);
}
char *scrolls_of(Board *board) {
  return lord_scroll_of(board) + settings().scroll_bytes;
}

char *copy_of(const char *text, size_t len) {
  if (len == 0) return nullptr;
  auto *copy = static_cast<char *>(uwsgi_malloc(len));
  memcpy(copy, text, len);
  return copy;
}

// A copy made under the lock; null: there is nothing.
template <typename Len>
char *read_board(const char *name, Len *len, char *(*text)(Board *), uint32_t Board::*text_len) {
  *len = 0;
  Legion *legion = find_legion(name);
  if (!legion || !legion->board) return nullptr;
  uwsgi_rlock(legion->lock);
  *len = static_cast<Len>(legion->board->*text_len);
  char *copy = copy_of(text(legion->board), *len);
  uwsgi_rwunlock(legion->lock);
  return copy;
}

}  // namespace

Board *create_board() {
  return static_cast<Board *>(uwsgi_calloc_shared(sizeof(Board) +
                                                  static_cast<size_t>(settings().scroll_bytes) +
                                                  static_cast<size_t>(settings().scroll_list_bytes)));
}

void publish(Legion &legion, bool i_am_the_lord, const std::string &lord_scroll, const std::string &scrolls) {
  Board *board = legion.board;
  uwsgi_wlock(legion.lock);
  board->i_am_the_lord.store(i_am_the_lord, std::memory_order_relaxed);
  const bool fits = lord_scroll.size() <= static_cast<size_t>(settings().scroll_bytes);
  board->lord_scroll_len = static_cast<uint32_t>(fits ? lord_scroll.size() : 0);
  memcpy(lord_scroll_of(board), lord_scroll.data(), board->lord_scroll_len);
  board->scrolls_len = static_cast<uint32_t>(scrolls.size());
  memcpy(scrolls_of(board), scrolls.data(), scrolls.size());
  uwsgi_rwunlock(legion.lock);
}

}  // namespace mortise::legion

using namespace mortise::legion;

extern "C" {

int uwsgi_legion_i_am_the_lord(const char *name) {
  const Legion *legion = find_legion(name);
  return legion && legion->board && legion->board->i_am_the_lord.load(std::memory_order_relaxed);
}

char *uwsgi_legion_lord_scroll(const char *name, uint16_t *len) {
  return read_board(name, len, lord_scroll_of, &Board::lord_scroll_len);
}

char *uwsgi_legion_scrolls(const char *name, uint64_t *len) {
  return read_board(name, len, scrolls_of, &Board::scrolls_len);
}

}  // extern "C"
