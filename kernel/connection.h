// The open connections of a worker: who owns each, until when it may stay, what was read and not yet used.
// Knows nothing of protocols and does not read or write.
#pragma once

#include <uwsgi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/unsent.h"

namespace mortise {

// Who may touch a connection. Cores take one when epoll reports it, the sweep takes one whose time is up;
// while a core is still handing it to epoll (kArming) only an event may take it, so that no descriptor is
// closed under epoll_ctl. An event for one that a core has makes it kCoreAgain: that core looks again.
enum class Owner : uint8_t { kNobody, kArming, kEpoll, kCore, kCoreAgain, kFlusher };

// Why it is waiting; decides what happens when its deadline passes.
enum class Phase : uint8_t { kHead, kBody, kRest, kIdle, kLinger, kFlush };

struct Connection {
  std::atomic<Owner> owner{Owner::kNobody};
  std::atomic<Phase> phase{Phase::kHead};
  bool in_epoll = false;
  uint8_t peer_addr_len = 0;
  uint16_t peer_port = 0;
  int fd = -1;
  uwsgi_socket *socket = nullptr;
  std::atomic<int64_t> deadline_ms{0};  // monotonic; 0: none
  uint32_t requests = 0;
  uint32_t saved_len = 0;
  size_t parser_hint = 0;
  std::unique_ptr<char[]> saved;  // a head or body that has not come whole; none while idle
  char peer_addr[INET6_ADDRSTRLEN] = "";
  // Of the body of a request that was answered.
  struct Rest {
    size_t len = 0, read = 0;
    int is_chunked = 0;
    std::array<uint64_t, 4> proto_state{};
  } rest;
  bool keeps = false;      // after what is unsent: another request
  bool owes_body = false;  // otherwise: there may be something unread

  // Between its owner and the Flusher (kernel/flusher.h). Only the owner makes and ends `unsent`.
  std::mutex mutex;
  std::unique_ptr<Unsent> unsent;
  struct Flush {
    bool watched = false;  // by the Flusher
    bool lost = false;     // the client is
    bool left = false;     // nobody else has the connection
  } flush;

  // [core] Takes a connection that epoll reported; false: it was closed meanwhile, or who has it looks again.
  bool take_reported() {
    Owner now = owner.load(std::memory_order_relaxed);
    for (;;) {
      const bool taken = now == Owner::kEpoll || now == Owner::kArming;
      if (!taken && now != Owner::kCore) return false;
      if (owner.compare_exchange_weak(now, taken ? Owner::kCore : Owner::kCoreAgain,
                                      std::memory_order_acq_rel))
        return taken;
    }
  }
  // [core] Gives it back to an epoll that reports each change once; false: there was one meanwhile.
  bool give_back() {
    Owner expected = Owner::kCore;
    return owner.compare_exchange_strong(expected, Owner::kEpoll, std::memory_order_release);
  }
  // [sweep] Takes a connection that waits in epoll.
  bool take() { return take_from(Owner::kEpoll); }
  // [core] Around epoll_ctl: gives the connection away.
  void arming() { owner.store(Owner::kArming, std::memory_order_release); }
  void armed() {
    Owner expected = Owner::kArming;  // or an event was faster
    owner.compare_exchange_strong(expected, Owner::kEpoll, std::memory_order_release);
  }
  void save(const char *bytes, size_t len);
  void keep_rest(const wsgi_request &request) {
    rest = {request.post_cl, request.post_pos, request.body_is_chunked, std::to_array(request.proto_state)};
  }
  void restore_rest(wsgi_request &request) const {
    request.post_cl = rest.len;
    request.post_pos = rest.read;
    request.body_is_chunked = rest.is_chunked;
    std::ranges::copy(rest.proto_state, request.proto_state);
    request.keep_alive = 1;
  }
  void set_peer(const sockaddr_storage &address);

 private:
  bool take_from(Owner expected) {
    return owner.compare_exchange_strong(expected, Owner::kCore, std::memory_order_acquire);
  }
};

// All connections of one worker. Slots are recycled and never freed, so that a stale epoll event is harmless.
// [worker]
class ConnectionTable {
 public:
  Connection &add(int fd, uwsgi_socket *socket);
  // Closes the descriptor and recycles the slot; the caller owns the connection.
  void close(Connection &connection);
  void release(Connection &connection);  // without closing its descriptor
  // Number of open connections.
  int open() const { return open_.load(std::memory_order_relaxed); }
  // Takes each connection that waits in epoll and whose deadline has passed, or which waits in this phase,
  // and calls func with it, who owns it then.
  template <typename Func>
  void take_overdue(int64_t now_ms, Func func) {
    take_if(
        [=](const Connection &connection) {
          int64_t deadline = connection.deadline_ms.load(std::memory_order_relaxed);
          return deadline != 0 && deadline <= now_ms;
        },
        func);
  }
  template <typename Func>
  void for_each(Func func) {
    for (size_t slot = 0; Connection *connection = at(slot); ++slot) func(*connection);
  }
  template <typename Func>
  void take_waiting(Phase phase, Func func) {
    take_if(
        [=](const Connection &connection) {
          return connection.phase.load(std::memory_order_relaxed) == phase;
        },
        func);
  }

 private:
  template <typename Condition, typename Func>
  void take_if(Condition condition, Func func) {
    for (size_t slot = 0; Connection *connection = at(slot); ++slot)
      if (condition(*connection) && connection->take()) func(*connection);
  }

  static constexpr size_t kBlock = 64;
  Connection *at(size_t slot);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection[]>> blocks_;
  std::vector<Connection *> free_;
  std::atomic<int> open_{0};
};

}  // namespace mortise
