// Descriptors that go along with the bytes of a message (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>

#include <cstddef>

namespace mortise::emperor {

constexpr size_t kMostFds = 8;

// The room for them, which lives as long as the message.
struct Attachment {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * kMostFds)] = {};
};

// count: kMostFds at most; none for 0. [any process]
void attach(msghdr &message, Attachment &room, const int *fds, size_t count);

}  // namespace mortise::emperor
