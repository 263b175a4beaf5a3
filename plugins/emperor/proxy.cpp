// Descriptors for vassals that cannot inherit any, such as those in containers.
#include <uwsgi.h>

#include <initializer_list>

#include "attachment.h"

extern "C" void uwsgi_master_manage_emperor_proxy(int proxy, int emperor, int config, int on_demand) {
  const int client = accept4(proxy, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) {
    uwsgi_error("emperor proxy: accept()");
    return;
  }
  int fds[3], count = 0;
  for (int fd : {emperor, config, on_demand})
    if (fd >= 0) fds[count++] = fd;
  char greeting[] = "uwsgi-emperor";
  iovec parts[] = {{greeting, sizeof greeting - 1}, {&count, sizeof count}};
  mortise::emperor::Attachment room;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  mortise::emperor::attach(message, room, fds, static_cast<size_t>(count));
  if (sendmsg(client, &message, MSG_NOSIGNAL) < 0) uwsgi_error("emperor proxy: sendmsg()");
  close(client);
}
