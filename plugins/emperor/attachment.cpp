#include "attachment.h"

#include <cstring>

namespace mortise::emperor {

void attach(msghdr &message, Attachment &room, const int *fds, size_t count) {
  if (count == 0) return;
  const size_t bytes = sizeof(int) * count;
  message.msg_control = room.bytes;
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(bytes);
  memcpy(CMSG_DATA(header), fds, bytes);
}

}  // namespace mortise::emperor
