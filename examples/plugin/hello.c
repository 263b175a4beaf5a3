/* A request plugin: mortise --build-plugin hello.c && mortise --plugin ./hello_plugin.so --http-socket :9090
 */
#include <uwsgi.h>

static int hello_request(struct wsgi_request *wsgi_req) {
  if (uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6)) return -1;
  if (uwsgi_response_add_content_type(wsgi_req, "text/plain", 10)) return -1;
  if (uwsgi_response_add_content_length(wsgi_req, 12)) return -1;
  return uwsgi_response_write_body_do(wsgi_req, "Hello World\n", 12);
}

struct uwsgi_plugin hello_plugin = {
    .name = "hello",
    .modifier1 = 0,
    .request = hello_request,
};
