"""What uWSGI's plugins for other languages, and plugins with loops and threads of their own, rely on."""

import os
import signal
import socket

import pytest
from mortise import run, wait_for_text, wait_until, write


def built(folder, source):
    write(folder, "old.c", source)
    done = run(folder, "--build-plugin", "old.c")
    assert done.returncode == 0, done.stdout
    return folder / "old_plugin.so"


# The Lua plugin ends names in place so that they are C strings.
NAMES = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) {
  int i;
  if (uwsgi_parse_vars(wsgi_req)) return -1;
  uwsgi_req_append(wsgi_req, "APPENDED", 8, "value", 5);
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  for (i = 0; i < wsgi_req->var_cnt; i += 2) {
    char *value = uwsgi_concat2n(wsgi_req->hvec[i + 1].iov_base, wsgi_req->hvec[i + 1].iov_len, "\\n", 1);
    char *name = wsgi_req->hvec[i].iov_base;
    name[wsgi_req->hvec[i].iov_len] = 0;
    uwsgi_response_write_body_do(wsgi_req, name, strlen(name));
    uwsgi_response_write_body_do(wsgi_req, "=", 1);
    uwsgi_response_write_body_do(wsgi_req, value, strlen(value));
    free(value);
  }
  return UWSGI_OK;
}
struct uwsgi_plugin old_plugin = {.name = "old", .request = answer};
"""


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_a_plugin_may_end_the_names_of_variables_in_place(mortise, tmp_path, front):
    server = mortise("--plugin", built(tmp_path, NAMES), front, "127.0.0.1:0", "--log-format", "agent %(uagent)")
    for _ in range(2):  # the second one gets the same names
        lines = server.get("/a%20b?q", headers={"User-Agent": "somebody", "X-Own-Name": "x"}).text.splitlines()
        variables = dict(line.split("=", 1) for line in lines)
        expected = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a b", "QUERY_STRING": "q", "HTTP_X_OWN_NAME": "x",
                    "HTTP_USER_AGENT": "somebody", "APPENDED": "value", "SERVER_PROTOCOL": "HTTP/1.1"}
        assert expected.items() <= variables.items()
    server.wait_for_log("agent somebody", count=2)


# An engine that writes to its client by itself, once with a pause, as those for server-sent events do.
EVENTS = """
#include <uwsgi.h>
static struct uwsgi_offload_engine *engine;
static int event(struct uwsgi_thread *thread, struct uwsgi_offload_request *uor, int fd) {
  const char *text = uor->status == 0 ? "data: one\\n\\n" : "data: two\\n\\n";
  if (fd < 0) return event_queue_add_fd_write(thread->queue, uor->s);
  if (write(uor->s, text, strlen(text)) < 0) return -1;
  return uor->status++ ? -1 : 0;
}
static int answer(struct wsgi_request *wsgi_req) {
  struct uwsgi_offload_request uor;
  if (uwsgi_parse_vars(wsgi_req)) return -1;
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  uwsgi_response_add_content_type(wsgi_req, "text/event-stream", 17);
  if (uwsgi_response_write_headers_do(wsgi_req)) return UWSGI_OK;
  uwsgi_offload_setup(engine, &uor, wsgi_req, 1);
  if (uwsgi_offload_run(wsgi_req, &uor, NULL) == 0) wsgi_req->via = UWSGI_VIA_OFFLOAD;
  return UWSGI_OK;
}
static void on_load(void) { engine = uwsgi_offload_register_engine("events", NULL, event); }
struct uwsgi_plugin old_plugin = {.name = "old", .on_load = on_load, .request = answer};
"""


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_what_an_offload_engine_writes_is_a_body_for_every_client(mortise, tmp_path, front):
    server = mortise("--plugin", built(tmp_path, EVENTS), front, "127.0.0.1:0", "--offload-threads", "1")
    body = b"data: one\n\ndata: two\n\n"
    for _ in range(3):
        answer = server.get()  # HTTP/1.1: http.client takes the chunks apart, or fails
        assert answer.body == body
        assert front == "--http" or answer.headers["connection"] == "close"
    with socket.create_connection(server.address(), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.0\r\nHost: here\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.endswith(b"\r\n\r\n" + body)


def test_a_client_that_leaves_ends_the_engine(mortise, tmp_path):
    forever = EVENTS.replace("return uor->status++ ? -1 : 0;", "return 0;")
    server = mortise("--plugin", built(tmp_path, forever), "--http-socket", "127.0.0.1:0", "--offload-threads", "1")
    worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))

    def come_and_leave():
        with socket.create_connection(server.address(), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            return len(os.listdir("/proc/%d/fd" % worker))

    with_one = come_and_leave()
    for _ in range(5):
        come_and_leave()
    wait_until(lambda: len(os.listdir("/proc/%d/fd" % worker)) < with_one)


# Ruby's interpreter opens signals and takes them for itself, in the process of the master.
RUNTIME = """
#include <uwsgi.h>
static void mine(int signum) { (void)signum; }
static void take_signals(void) {
  int signum;
  for (signum = 1; signum < 32; signum++) {
    if (signum == SIGTERM || signum == SIGCHLD || signum == SIGHUP) uwsgi_unix_signal(signum, mine);
    uwsgi_unblock_signal(signum);
  }
}
static int start(void) { take_signals(); return 0; }
static int answer(struct wsgi_request *wsgi_req) {
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, "ok", 2);
}
struct uwsgi_plugin old_plugin = {.name = "old", .init = start, .pre_uwsgi_fork = take_signals, .request = answer};
"""


def test_the_master_hears_signals_whatever_a_runtime_did_to_them(mortise, tmp_path):
    server = mortise("--plugin", built(tmp_path, RUNTIME), "--http-socket", "127.0.0.1:0")
    for count in (1, 2):
        worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started", count=count).group(1))
        assert server.get().text == "ok"
        os.kill(worker, signal.SIGKILL)
        server.wait_for_log(r"\(pid %d\) died: signal 9" % worker)
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    assert server.get().text == "ok"
    server.stop()


SMALL = """
#include <uwsgi.h>
static uint64_t bytes;
static char *words;
static int reads;
static int answer(struct wsgi_request *wsgi_req) {
  char told[100];
  snprintf(told, sizeof told, "%d %d %d %d", uwsgi_user_lock(1), uwsgi_user_unlock(1), uwsgi_user_lock(2), uwsgi.shared->logsize > 0);
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, told, strlen(told));
}
static void on_winch(int signum) { reads += signum; }
static int start(void) {
  char blanks[] = " \\t both ends \\t", line[] = "line\\r\\n\\n", *key = NULL, address[] = "localhost:5555";
  struct utsname machine;
  struct uwsgi_app app = {.argc = 1, .stream = line};
  int yes = 1;
  if (strcmp(uwsgi_strip(blanks), "both ends") || strcmp(uwsgi_chomp(line), "line")) return -1;
  if (uwsgi_kvlist_parse(address, strlen(address), ',', '=', "key", &key, NULL) || key) return -1;
  if (uname(&machine) || app.stream != line || uwsgi_millis() / 1000 != uwsgi_micros() / 1000000) return -1;
  uwsgi_unix_signal(SIGWINCH, on_winch);
  raise(SIGWINCH);
  uwsgi_block_signal(SIGWINCH);
  raise(SIGWINCH);
  if (reads != SIGWINCH) return -1;
  uwsgi_unblock_signal(SIGWINCH);
  if (reads != 2 * SIGWINCH) return -1;
  if (!yes) uwsgi_error("no semicolon follows")
  uwsgi_log("old: %llu bytes, '%s', modifier %d\\n", (unsigned long long)bytes, words, (int)uwsgi.http_modifier1);
  return 0;
}
static struct uwsgi_option options[] = {
  {"old-size", required_argument, 0, "", uwsgi_opt_set_megabytes, &bytes, 0},
  {"old-word", required_argument, 0, "", uwsgi_opt_set_str_spaced, &words, 0},
  UWSGI_END_OF_OPTIONS};
struct uwsgi_plugin old_plugin = {.name = "old", .init = start, .request = answer, .options = options};
"""


def test_small_functions_that_older_plugins_call(mortise, tmp_path):
    server = mortise("--plugin", built(tmp_path, SMALL), "--plugin", "http", "--http-socket", "127.0.0.1:0", "--locks", "1", "--logto", "server.log",
                     "--old-size", "3", "--old-word", "one", "--old-word", "two")
    log = server.folder / "server.log"
    wait_for_text(log, "old: 3145728 bytes, 'one two', modifier 0")
    wait_until(lambda: "listening on" in log.read_text() + server.log)
    wait_until(lambda: server.get().text == "0 0 -1 1")  # the master measures the log once a turn


MONITOR = """
#include <uwsgi.h>
extern struct uwsgi_instance *ui;
static void init(struct uwsgi_emperor_scanner *scanner) { scanner->fd = -1; }
static void look(struct uwsgi_emperor_scanner *scanner) {
  struct uwsgi_instance *each;
  int count = 0;
  for (each = ui->ui_next; each; each = each->ui_next) count++;
  uwsgi_log("old: %s sees %d vassals\\n", scanner->arg, count);
  if (emperor_get("third.ini")) return;
  char *socket_name = uwsgi_str("third.sock");
  emperor_add(scanner, "third.ini", 1, uwsgi_str("[uwsgi]\\nneed-app = false\\n"), 25, 0, 0, socket_name);
  memset(socket_name, '#', 10);
  free(socket_name);
  struct uwsgi_instance *third = emperor_get("third.ini");
  uwsgi_log("old: %s, %d\\n", third->socket_name, third->ui_prev->ui_next == third);
}
static void on_load(void) { uwsgi_register_imperial_monitor("count", init, look); }
struct uwsgi_plugin old_plugin = {.name = "old", .on_load = on_load};
"""


def test_a_monitor_of_a_plugin_walks_along_the_vassals(mortise, tmp_path):
    vassal = "[uwsgi]\nsocket = %s.sock\nneed-app = false\n"
    files = {"vassals/%s.ini" % name: vassal % name for name in ("one", "two")}
    server = mortise("--plugin", built(tmp_path, MONITOR), "--emperor", "vassals", "--emperor", "count://x", "--emperor-freq", "1", files=files)
    server.wait_for_log("old: .*x sees 3 vassals")
    server.wait_for_log("old: third.sock, 1")
    (server.folder / "vassals/one.ini").unlink()
    server.wait_for_log("old: .*x sees 3 vassals[^$]*sees 2 vassals")
