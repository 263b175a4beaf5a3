// What loop engines do with an event queue: the listeners into it, and the next connection out of it.
#include <uwsgi.h>

extern "C" {

int wsgi_req_accept(int queue, wsgi_request *request) {
  int interesting_fd = -1;
  const int count = event_queue_wait(queue, -1, &interesting_fd);
  if (count <= 0) return -1;
  if (interesting_fd == uwsgi.signal_socket || interesting_fd == uwsgi.my_signal_socket) {
    uwsgi_receive_signal(interesting_fd, "worker", uwsgi.mywid);
    return -1;
  }
  return wsgi_req_simple_accept(request, interesting_fd);
}

void uwsgi_add_sockets_to_queue(int queue, int) {
  for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (socket->fd >= 0) event_queue_add_fd_read(queue, socket->fd);
}

}  // extern "C"
