"""What plugins written for uWSGI do by habit, and what their authors expect then."""

import re

from mortise import run, write

LOGGER = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) {
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, "ok", 2);
}
static void after(struct wsgi_request *wsgi_req) { log_request(wsgi_req); }
struct uwsgi_plugin habit_plugin = {.name = "habit", .request = answer, .after_request = after};
"""


def habit(folder, source):
    write(folder, "habit.c", source)
    done = run(folder, "--build-plugin", "habit.c")
    assert done.returncode == 0, done.stdout
    return folder / "habit_plugin.so"


def served(mortise, plugin, *args):
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0", *args)
    assert server.request("GET", "/told").status == 200
    server.stop()
    return server.log


def test_a_request_that_its_plugin_logs_is_logged_once(mortise, tmp_path):
    plugin = habit(tmp_path, LOGGER)
    assert len(re.findall(r"GET /told =>", served(mortise, plugin))) == 1
    assert served(mortise, plugin, "--log-format", "<%(uri)>").count("</told>") == 1


def test_a_plugin_that_logs_its_requests_obeys_the_options_too(mortise, tmp_path):
    plugin = habit(tmp_path, LOGGER)
    assert "/told" not in served(mortise, plugin, "--disable-logging")
    assert "/told" not in served(mortise, plugin, "--final-route", "^/told donotlog:")


MOUNTED = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) { return uwsgi_404(wsgi_req); }
static int mount(char *mountpoint, char *app) {
  if (!uwsgi_endswith(app, ".hab")) return -1;
  uwsgi_log("habit: %s at %s\\n", app, mountpoint);
  return 0;
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .modifier1 = 77, .request = answer, .mount_app = mount};
"""


def test_an_application_of_another_language_is_mounted_by_its_plugin(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, MOUNTED), "--mount", "/h=orchard.hab", "--http-socket", "127.0.0.1:0")
    server.wait_for_log("habit: orchard.hab at /h")
    server.stop()


LOOP = """
#include <uwsgi.h>
static void loop(void) {
  struct uwsgi_socket *listener = uwsgi.sockets;
  while (uwsgi.workers[uwsgi.mywid].manage_next_request) {
    if (uwsgi_waitfd(listener->fd, 1) <= 0) continue;
    int fd = uwsgi_accept(listener->fd);
    if (fd >= 0) uwsgi_serve_connection(0, listener, fd);
  }
}
static void load(void) { uwsgi_register_loop("habit", loop); }
static int answer(struct wsgi_request *wsgi_req) {
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  uwsgi_response_add_connection_close(wsgi_req);
  if (current_wsgi_req() == wsgi_req) return uwsgi_response_write_body_do(wsgi_req, "current", 7);
  return uwsgi_response_write_body_do(wsgi_req, "other", 5);
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .on_load = load, .request = answer};
"""


def test_the_request_of_a_loop_that_serves_one_at_a_time_is_the_current_one(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, LOOP), "--loop", "habit", "--http-socket", "127.0.0.1:0")
    assert server.request("GET", "/").body == b"current"
    server.stop()
