/* What the configuration says of applications, whatever language they are written in. Provider:
 * plugins/applications; not part of uWSGI's API. Who wants to know looks the functions up with
 * dlsym(RTLD_DEFAULT, …): they are there when one of these options was given. manage-script-name and
 * catch-exceptions are members of struct uwsgi_server. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_application_options {
  struct uwsgi_string_list *mounts; /* "mountpoint=spec", as they were written */
  int vhost;                        /* mountpoints may be "host|/path" */
  int reload_on_exception;
  struct uwsgi_string_list *reload_on_exception_type;
  struct uwsgi_string_list *reload_on_exception_value;
  struct uwsgi_string_list *reload_on_exception_repr;
};

/* [any] Once the configuration was read; never NULL, and the provider's. */
const struct uwsgi_application_options *uwsgi_get_application_options(void);

/* [request] Asks for this worker's replacement when the configuration wants it for the exception that the
 * hooks exception_class, exception_msg and exception_repr of the request's plugin describe. */
void uwsgi_reload_on_exception(struct wsgi_request *);

#ifdef __cplusplus
}
#endif
