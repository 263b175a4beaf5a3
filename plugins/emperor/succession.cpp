#include "succession.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "attachment.h"
#include "inheritance.h"

namespace mortise::emperor {

namespace {

constexpr int kMostBytes = 1 << 16;
constexpr int kMostTries = 8;        // of a new emperor to get vassals
constexpr int kPatienceSeconds = 5;  // of the old emperor with one that does not answer
constexpr char kEnd[] = "end";       // after the last vassal, with the listener

// Successors connect to it. It goes from generation to generation, so that none finds it missing.
int listener = -1;
int predecessor = -1;

sockaddr_un address_of_emperor(socklen_t &size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "mortise-emperor-%d",
                           static_cast<int>(uwsgi_master_pid()));
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(len));
  return address;
}

// Anybody may use a name of this kind.
bool is_of_our_user(int fd) {
  ucred peer{};
  socklen_t len = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

int open_socket() {
  return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

int connect_to_predecessor() {
  socklen_t size;
  const sockaddr_un address = address_of_emperor(size);
  const int fd = open_socket();
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr *>(&address), size) == 0 && is_of_our_user(fd))
    return fd;
  if (fd >= 0) close(fd);
  return -1;
}

void open_listener() {
  socklen_t size;
  const sockaddr_un address = address_of_emperor(size);
  listener = open_socket();
  if (listener >= 0 && bind(listener, reinterpret_cast<const sockaddr *>(&address), size) == 0 &&
      listen(listener, SOMAXCONN) == 0) {
    uwsgi_socket_nb(listener);
    return;
  }
  uwsgi_log("[emperor] open %s: %s (a reload of this server stops the vassals and starts them again)\n",
            address.sun_path + 1, strerror(errno));
  if (listener >= 0) close(listener);
  listener = -1;
}

// A process that is told to stop gets SIGTERM as well, perhaps just now.
template <typename Call>
ssize_t uninterrupted(Call call) {
  ssize_t result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

bool send_legacy(int fd, const Legacy &legacy) {
  iovec part{const_cast<char *>(legacy.text.data()), legacy.text.size()};
  Attachment room;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  attach(message, room, legacy.fds.data(), legacy.fds.size());
  return uninterrupted([&] { return sendmsg(fd, &message, MSG_NOSIGNAL); }) ==
         static_cast<ssize_t>(legacy.text.size());
}

bool receive_legacy(int fd, Legacy &legacy) {
  static char text[kMostBytes];
  iovec part{text, sizeof text};
  Attachment room;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = sizeof room.bytes;
  const ssize_t len = uninterrupted([&] { return recvmsg(fd, &message, MSG_CMSG_CLOEXEC); });
  if (len <= 0) return false;
  legacy.text.assign(text, static_cast<size_t>(len));
  for (cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    legacy.fds.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(legacy.fds.data(), CMSG_DATA(header), legacy.fds.size() * sizeof(int));
  }
  return !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

// The successor's answer: one at a time, as the system limits how many descriptors are on their way.
bool give(int successor, const Legacy &legacy) {
  char answer;
  return send_legacy(successor, legacy) && uninterrupted([&] { return recv(successor, &answer, 1, 0); }) == 1;
}

bool give_all(int successor) {
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(successor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(successor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int count = 0;
  for (const Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal)) {
    if (vassal->pid <= 0) continue;  // is found and started anew
    if (!give(successor, describe(*vassal))) return false;
    ++count;
  }
  if (!give(successor, {kEnd, {listener}})) return false;
  uwsgi_log("[emperor] %d vassals go on with the emperor of the next generation\n", count);
  return true;
}

bool wait_readable(int fd) {
  pollfd events[] = {{fd, POLLIN, 0}, {uwsgi_stop_fd(), POLLIN, 0}};
  while (!uwsgi_stopping())
    if (poll(events, 2, -1) > 0) return events[0].revents && !uwsgi_stopping();
  return false;
}

// All of them or none: until the end is answered they are still those of the old emperor.
bool receive_all() {
  std::vector<Legacy> all;
  bool complete = false;
  while (!complete && wait_readable(predecessor)) {
    Legacy &legacy = all.emplace_back();
    if (!receive_legacy(predecessor, legacy)) break;
    const bool end = legacy.text == kEnd && legacy.fds.size() == 1;
    if (!end && !is_legacy(legacy)) {
      uwsgi_log("[emperor] the emperor before tells of vassals in a way that is not known: it stops them\n");
      break;
    }
    if (uninterrupted([] { return send(predecessor, "", 1, MSG_NOSIGNAL); }) != 1) break;
    complete = end;
  }
  if (complete) {
    listener = all.back().fds.front();
    all.pop_back();
  }
  for (const Legacy &legacy : all) {
    if (complete)
      inherit(legacy);
    else
      for (int fd : legacy.fds) close(fd);
  }
  return complete;
}

}  // namespace

void announce_successor() {
  predecessor = connect_to_predecessor();
}

void wait_for_inheritance() {
  // One that has waited for the same emperor, of a generation between, may have got them: then they are its.
  for (int tries = 1; predecessor >= 0 && !receive_all(); ++tries) {
    close(predecessor);
    predecessor = uwsgi_stopping() || tries == kMostTries ? -1 : connect_to_predecessor();
  }
  if (predecessor >= 0) close(predecessor);
  if (listener < 0 && !uwsgi_stopping()) open_listener();
}

bool hand_over_vassals() {
  for (int successor; (successor = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const bool done = is_of_our_user(successor) && give_all(successor);
    close(successor);
    if (done) return true;
  }
  return false;
}

}  // namespace mortise::emperor
