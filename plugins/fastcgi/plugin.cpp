// The hook table and the options of FastCGI listeners.
#include <uwsgi.h>

#include "protocol.h"

namespace mortise::fastcgi {

namespace {

char with_status[] = "fastcgi", nph[] = "fastcgi-nph";

void on_load() {
  uwsgi_register_protocol(with_status, set_up_with_status);
  uwsgi_register_protocol(nph, set_up_nph);
}

void add_socket(char *, char *address, void *protocol) {
  uwsgi_new_socket(address)->proto_name = static_cast<char *>(protocol);
}

uwsgi_option option_rows[] = {
    {"fastcgi-socket", required_argument, 0, "listen for FastCGI", add_socket, with_status, 0},
    {"fastcgi-nph-socket", required_argument, 0, "same, and answer with the status line of HTTP", add_socket,
     nph, 0},
    {"fastcgi-modifier1", required_argument, 0, "modifier1 of its requests (0)", uwsgi_opt_set_int,
     &modifier1, 0},
    {"fastcgi-modifier2", required_argument, 0, "modifier2 of its requests (0)", uwsgi_opt_set_int,
     &modifier2, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::fastcgi

uwsgi_plugin fastcgi_plugin = {
    .name = "fastcgi",
    .on_load = mortise::fastcgi::on_load,
    .options = mortise::fastcgi::option_rows,
};
