// A tunnel through a request's connection (RFC 9110 §9.3.6): bytes both ways until one side has no more.
#pragma once

#include <uwsgi.h>

// 0: an offload thread has it, and the packet with it; 1: it has ended. packet: an empty buffer. [request]
int tunnel(wsgi_request *request, char *address, uwsgi_buffer *packet, bool may_offload);
