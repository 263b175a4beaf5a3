// The server's state: the published `uwsgi` object and the lists that plugins fill through the API before the
// fork.
#pragma once

#include <uwsgi.h>

#include <string>
#include <vector>

namespace mortise {

struct Protocol {
  std::string name;
  void (*setup)(uwsgi_socket *);
};

struct Configurator {
  std::string ending;  // ".yaml"
  void (*read)(char *file, char *magic_table[]);
};

struct Registries {
  std::vector<Configurator> configurators;
  std::vector<Protocol> protocols;
  std::vector<uwsgi_process_role> roles;
  std::vector<uwsgi_loop> loops;
};

// What plugins registered. Written in the master before the fork, read-only afterwards.
Registries &registries();

// Sets the members of `uwsgi` that have a default, before any option is read. [main]
void init_state(int argc, char **argv, char **environment);

// Seconds without an answer until the server gives up, and sizes; options of the kernel set them.
struct Limits {
  int header_timeout = 10;
  int idle_timeout = 65;
  int linger_timeout = 5;
  int response_buffering = 256;  // MiB of one response
  int start_timeout = 300;
  int reuse_port = 0;
  int freebind = 0;
  int forkbomb_delay = -1;  // -1: pauses that grow
};
Limits &limits();

}  // namespace mortise
