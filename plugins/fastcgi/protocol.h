// The protocol FastCGI on listeners of workers: what the server calls for each request.
#pragma once

#include <uwsgi.h>

namespace mortise::fastcgi {

extern int modifier1, modifier2;

// With the field Status in front of the head, or nph: with the status line of HTTP.
void set_up_with_status(uwsgi_socket *);
void set_up_nph(uwsgi_socket *);

}  // namespace mortise::fastcgi
