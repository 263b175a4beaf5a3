// Calls of the application's functions by others.
#pragma once

#include <uwsgi.h>

extern struct uwsgi_plugin python_plugin;

namespace mortise::python {

// Hook rpc: calls what register_rpc() was given.
uint64_t answer_rpc(void *func, uint8_t argc, char **argv, uint16_t argvs[], char **buffer);

}  // namespace mortise::python
