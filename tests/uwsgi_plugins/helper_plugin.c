/* What scenarios need of a second plugin: functions to call by name, a signal's handler, code to run in a
 * loop. */
#include <uwsgi.h>

extern struct uwsgi_plugin helper_plugin;

static int on_signal(uint8_t signum, void *handler) {
  (void)handler;
  uwsgi_log("helper: signal %d arrived\n", signum);
  return 0;
}

static int start(void) {
  return uwsgi_register_signal(17, "worker", (void *)on_signal, 201);
}

static int answer(struct wsgi_request *wsgi_req) {
  if (uwsgi_response_prepare_headers(wsgi_req, (char *)"200 OK", 6)) return -1;
  return uwsgi_response_write_body_do(wsgi_req, (char *)"helper", 6);
}

/* --symcall helper_called */
int helper_called(struct wsgi_request *wsgi_req) {
  if (uwsgi_response_prepare_headers(wsgi_req, (char *)"200 OK", 6)) return -1;
  return uwsgi_response_write_body_do(wsgi_req, (char *)"called by name", 14);
}

/* --symcall-register-rpc "greet helper_rpc" */
uint64_t helper_rpc(uint8_t argc, char **argv, uint16_t argvs[], char **buffer) {
  size_t len = argc ? argvs[0] : 0;
  *buffer = uwsgi_malloc(len + 6);
  memcpy(*buffer, "hello ", 6);
  if (len) memcpy(*buffer + 6, argv[0], len);
  return len + 6;
}

static char *run_code(char *id, char *code, char *function, char *key, uint16_t keylen) {
  static int told;
  (void)id;
  if (!told++) uwsgi_log("helper: code %s, function %s, core %.*s\n", code, function, keylen, key);
  usleep(20000);
  return NULL;
}

struct uwsgi_plugin helper_plugin = {
    .name = "helper",
    .modifier1 = 201,
    .init = start,
    .request = answer,
    .signal_handler = on_signal,
    .code_string = run_code,
};
