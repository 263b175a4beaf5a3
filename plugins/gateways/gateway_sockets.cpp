// The listeners of gateway plugins: a list in uwsgi.gateway_sockets; who binds them is the plugin.
#include <uwsgi.h>

#include <cstring>

namespace {

uwsgi_gateway_socket *append(char *owner) {
  uwsgi_gateway_socket **end = &uwsgi.gateway_sockets;
  while (*end) end = &(*end)->next;
  *end = static_cast<uwsgi_gateway_socket *>(uwsgi_calloc(sizeof(uwsgi_gateway_socket)));
  (*end)->fd = -1;
  (*end)->owner = owner;
  return *end;
}

}  // namespace

extern "C" {

uwsgi_gateway_socket *uwsgi_new_gateway_socket(char *name, char *owner) {
  uwsgi_gateway_socket *socket = append(owner);
  socket->name = name;
  socket->name_len = strlen(name);
  return socket;
}

uwsgi_gateway_socket *uwsgi_new_gateway_socket_from_fd(int fd, char *owner) {
  uwsgi_gateway_socket *socket = append(owner);
  socket->fd = fd;
  socket->name = uwsgi_getsockname(fd);
  socket->name_len = socket->name ? strlen(socket->name) : 0;
  return socket;
}

int uwsgi_gateway_socket_need_bind(char *name) {
  for (uwsgi_gateway_socket *socket = uwsgi.gateway_sockets; socket; socket = socket->next)
    if (socket->fd >= 0 && socket->name && !strcmp(socket->name, name)) return 0;
  return 1;
}

void uwsgi_gateway_go_cheap(char *owner, int queue, int *is_cheap) {
  uwsgi_log("[%s pid %d] no more nodes: its listeners rest\n", owner, static_cast<int>(uwsgi.mypid));
  for (uwsgi_gateway_socket *socket = uwsgi.gateway_sockets; socket; socket = socket->next)
    if (!strcmp(socket->owner, owner) && !socket->subscription)
      event_queue_del_fd(queue, socket->fd, event_queue_read());
  *is_cheap = 1;
}

}  // extern "C"
