#include "kernel/connection.h"

#include <unistd.h>

#include <cstring>

namespace mortise {

void Connection::save(const char *bytes, size_t len) {
  std::unique_ptr<char[]> copy(len ? new char[len] : nullptr);
  if (len) memcpy(copy.get(), bytes, len);
  saved = std::move(copy);
  saved_len = static_cast<uint32_t>(len);
}

void Connection::set_peer(const sockaddr_storage &address) {
  const void *source = nullptr;
  if (address.ss_family == AF_INET) {
    const auto &in = reinterpret_cast<const sockaddr_in &>(address);
    source = &in.sin_addr;
    peer_port = ntohs(in.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto &in6 = reinterpret_cast<const sockaddr_in6 &>(address);
    source = &in6.sin6_addr;
    peer_port = ntohs(in6.sin6_port);
  }
  if (!source || !inet_ntop(address.ss_family, source, peer_addr, sizeof peer_addr)) {
    peer_addr[0] = '\0';
    peer_port = 0;
  }
  peer_addr_len = static_cast<uint8_t>(strlen(peer_addr));
}

Connection &ConnectionTable::add(int fd, uwsgi_socket *socket) {
  Connection *connection = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (free_.empty()) {
      blocks_.push_back(std::make_unique<Connection[]>(kBlock));
      for (size_t i = kBlock; i-- > 0;) free_.push_back(&blocks_.back()[i]);
    }
    connection = free_.back();
    free_.pop_back();
  }
  open_.fetch_add(1, std::memory_order_relaxed);
  connection->fd = fd;
  connection->socket = socket;
  connection->phase = Phase::kIdle;  // until its first bytes have come
  connection->in_epoll = false;
  connection->requests = 0;
  connection->parser_hint = 0;
  connection->owner.store(Owner::kCore, std::memory_order_relaxed);
  return *connection;
}

void ConnectionTable::close(Connection &connection) {
  ::close(connection.fd);  // also takes it out of epoll
  release(connection);
}

void ConnectionTable::release(Connection &connection) {
  connection.fd = -1;
  connection.saved.reset();
  connection.saved_len = 0;
  connection.deadline_ms.store(0, std::memory_order_relaxed);
  connection.owner.store(Owner::kNobody, std::memory_order_release);
  open_.fetch_sub(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  free_.push_back(&connection);
}

Connection *ConnectionTable::at(size_t slot) {
  std::lock_guard lock(mutex_);
  return slot / kBlock < blocks_.size() ? &blocks_[slot / kBlock][slot % kBlock] : nullptr;
}

}  // namespace mortise
