/* A process of its own in front of the workers: answers "time" to each TCP connection until the server stops.
 * mortise --plugin ./gateway_plugin.so --gateway-port 7000 --http-socket :9090 … */
#include <uwsgi.h>

static char *address;

static struct uwsgi_option gateway_options[] = {
    {"gateway-port", required_argument, 0, "address that tells the time", uwsgi_opt_set_str, &address, 0},
    UWSGI_END_OF_OPTIONS};

static int listener = -1;

static void tell_time(int id, void *data) {
  (void)id, (void)data;
  struct pollfd watched[] = {{listener, POLLIN, 0}, {uwsgi_stop_fd(), POLLIN, 0}};
  uwsgi_process_ready();
  while (poll(watched, 2, -1) >= 0 || errno == EINTR) {
    if (watched[1].revents) return; /* the server stops, or the master is gone */
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    char text[30];
    int len = uwsgi_http_date(uwsgi_now(), text);
    if (uwsgi_write_nb(client, text, (size_t)len, 5)) uwsgi_error("gateway: write");
    close(client);
  }
}

static int start(void) {
  if (!address) return 0;
  char *bound = NULL;
  listener = uwsgi_bind_or_exit(address, &bound);
  uwsgi_log("gateway: telling the time on %s\n", bound);
  return register_gateway((char *)"gateway", tell_time, NULL) ? 0 : -1;
}

struct uwsgi_plugin gateway_plugin = {.name = "gateway", .init = start, .options = gateway_options};
