// What plugins add before the fork: protocols, configuration formats, loops, sockets, gateways, processes of
// other roles.
#include <uwsgi.h>

#include <cstring>
#include <thread>

#include "kernel/state.h"

extern "C" {

int uwsgi_register_protocol(const char *name, void (*setup)(uwsgi_socket *)) {
  mortise::registries().protocols.push_back({name, setup});
  return 0;
}

void uwsgi_register_configurator(const char *ending, void (*read)(char *, char **)) {
  mortise::registries().configurators.push_back({ending, read});
}

int uwsgi_register_loop(const char *name, void (*func)(void)) {
  mortise::registries().loops.push_back({name, func, nullptr});
  return 0;
}

uwsgi_socket *uwsgi_new_socket(const char *address) {
  auto *socket = static_cast<uwsgi_socket *>(uwsgi_calloc(sizeof(uwsgi_socket)));
  socket->name = uwsgi_str(address);
  socket->name_len = static_cast<int>(strlen(address));
  socket->fd = -1;
  uwsgi_socket **end = &uwsgi.sockets;
  while (*end) end = &(*end)->next;
  return *end = socket;
}

uwsgi_socket *uwsgi_new_internal_socket(const char *proto_name) {
  uwsgi_socket *socket = uwsgi_new_socket("");
  socket->internal = 1;
  socket->proto_name = uwsgi_str(proto_name);
  return socket;
}

uwsgi_gateway *register_gateway(char *name, void (*loop)(int, void *), void *data) {
  uwsgi_shared *shared = uwsgi.shared;
  if (!shared || shared->gateways_cnt == UWSGI_MAX_GATEWAYS) return nullptr;
  uwsgi.gateways = shared->gateways;
  uwsgi.gateways_cnt = shared->gateways_cnt + 1;
  uwsgi_gateway &gateway = shared->gateways[shared->gateways_cnt++];
  gateway.name = gateway.fullname = uwsgi_str(name);
  gateway.loop = loop;
  gateway.data = data;
  gateway.num = 1;
  auto run = [](int, void *self) {
    auto *gateway = static_cast<uwsgi_gateway *>(self);
    gateway->pid = uwsgi.mypid;
    // A loop that was written for uWSGI does not know the stop descriptor: it just ends, as there.
    std::thread([] {
      while (uwsgi_waitfd_event(uwsgi_stop_fd(), -1, POLLIN) <= 0) continue;
      uwsgi_exit(0);
    }).detach();
    gateway->loop(static_cast<int>(gateway - uwsgi.shared->gateways), gateway->data);
  };
  uwsgi_process_role role{gateway.name, 1, run, &gateway, 1};
  return uwsgi_register_process(&role) == 0 ? &gateway : nullptr;
}

int uwsgi_register_process(const uwsgi_process_role *role) {
  if (!role || !role->name || !role->body || role->instances < 1) return -1;
  mortise::registries().roles.push_back(*role);
  return 0;
}

}  // extern "C"
