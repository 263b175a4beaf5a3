/* @NAME@: answers requests with a greeting. */
#include <uwsgi.h>

static char *greeting;

static struct uwsgi_option options[] = {
    {"@OPTION@-greeting", required_argument, 0, "what to answer (Hello)", uwsgi_opt_set_str, &greeting, 0},
    UWSGI_END_OF_OPTIONS};

static int answer(struct wsgi_request *wsgi_req) {
  const char *text = greeting ? greeting : "Hello";
  if (uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6)) return -1;
  if (uwsgi_response_add_content_type(wsgi_req, "text/plain", 10)) return -1;
  if (uwsgi_response_add_content_length(wsgi_req, strlen(text) + 1)) return -1;
  if (uwsgi_response_write_body_do(wsgi_req, (char *)text, strlen(text))) return -1;
  return uwsgi_response_write_body_do(wsgi_req, (char *)"\n", 1);
}

struct uwsgi_plugin @SYMBOL@_plugin = {
    .name = "@NAME@",
    .options = options,
    .request = answer,
};
