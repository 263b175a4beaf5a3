"""What plugins written for uWSGI do by habit, and what their authors expect then."""

import re
import signal
import socket
import time

import pytest

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
static void told_to_stop(void) { uwsgi_log("habit: goodbye\\n"); }
static void load(void) {
  uwsgi.gbcw_hook = told_to_stop;
  uwsgi_register_loop("habit", loop);
}
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
    assert "habit: goodbye\n" in server.log


SETTINGS = """
#include <uwsgi.h>
#if !defined(UWSGI_ROUTING) || !defined(UWSGI_PCRE)
#error the server has routes and regular expressions
#endif
static int start(void) {
  uwsgi_log("habit: %d seconds, %s, %s\\n", uwsgi.harakiri_options.workers, uwsgi.procname, uwsgi.procname_master);
  return 0;
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .init = start};
"""


def test_a_plugin_finds_the_settings_of_others_when_it_starts(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, SETTINGS), "--http-socket", "127.0.0.1:0", "--no-need-app",
                     "--harakiri", "9", "--procname", "orchard", "--procname-master", "gardener")
    server.wait_for_log("habit: 9 seconds, orchard, gardener")
    server.stop()


METRIC = """
#include <uwsgi.h>
static void load(void) { uwsgi_register_metric("habits", NULL, UWSGI_METRIC_GAUGE, NULL, NULL, 0, NULL)->initial_value = 12; }
static int answer(struct wsgi_request *wsgi_req) {
  struct uwsgi_buffer *text = uwsgi_buffer_new(0);
  uwsgi_buffer_num64(text, uwsgi_metric_get("habits", NULL));
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, text->buf, text->pos);
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .on_load = load, .request = answer};
"""


def test_a_metric_begins_with_the_initial_value_that_its_plugin_sets(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, METRIC), "--http-socket", "127.0.0.1:0", "--enable-metrics")
    assert server.request("GET", "/").body == b"12"
    server.stop()


JAIL = """
#include <uwsgi.h>
static void jail(int (*start)(void *), char **argv) { uwsgi_log("habit: jail %d %s\\n", start != NULL, argv[1]); }
static void early(void) { uwsgi_log("habit: early\\n"); }
static void post(void) { uwsgi_log("habit: post\\n"); }
static int init(void) { uwsgi_log("habit: init\\n"); return 0; }
struct uwsgi_plugin habit_plugin = {
    .name = "habit", .init = init, .jail = jail, .post_jail = post, .early_post_jail = early};
"""


def test_a_plugin_may_jail_the_master_before_anything_starts(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, JAIL), "--http-socket", "127.0.0.1:0", "--no-need-app")
    server.stop()
    assert re.findall("habit: (.*)", server.log) == ["jail 1 --plugin", "early", "post", "init"]


def test_a_jail_that_starts_the_server_itself_is_told_that_this_is_not_so(mortise, tmp_path):
    plugin = habit(tmp_path, JAIL.replace('uwsgi_log("habit: jail', 'start(NULL); uwsgi_log("habit: jail'))
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0", "--no-need-app")
    server.stop()
    assert ("error: start the server from a jail hook: it starts in the process that called the hook (return from the "
            "hook: unshare(2) does for this process what clone(2) does for another)\n") in server.log


FAREWELL = """
#include <uwsgi.h>
static void goodbye(void) {
  uwsgi_log("habit: worker %d says goodbye, busy %d\\n", uwsgi.mywid, uwsgi_worker_is_busy(uwsgi.mywid));
  exit(0);
}
static void load(void) { uwsgi.gbcw_hook = goodbye; }
static void watch(void) {
  static int told = 0;
  if (uwsgi_instance_is_dying && !told++) uwsgi_log("habit: the server is dying\\n");
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .on_load = load, .master_cycle = watch};
"""


def test_a_plugin_may_end_workers_itself_and_see_that_the_server_is_dying(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, FAREWELL), "--http-socket", "127.0.0.1:0", "--no-need-app", "--threads", "2")
    server.stop()
    assert "habit: worker 1 says goodbye, busy 0\n" in server.log
    assert "habit: the server is dying\n" in server.log


ALARMING = """
#include <uwsgi.h>
static void *raise_it(void *arg) {
  while (!uwsgi.alarm_thread) poll(NULL, 0, 5);
  uwsgi_alarm_trigger(arg, "no pears", 8);
  return NULL;
}
static int start(void) {
  pthread_t thread;
  uwsgi_lock(uwsgi.user_lock[0]);
  uwsgi_unlock(uwsgi.user_lock[0]);
  return pthread_create(&thread, NULL, raise_it, "orchard") || pthread_detach(thread);
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .init = start};
"""


def test_a_thread_of_a_plugin_waits_until_alarms_can_be_raised(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, ALARMING), "--alarm", "orchard log:!", "--http-socket", "127.0.0.1:0",
                     "--no-need-app")
    server.wait_for_log("ALARM: ! no pears")


CHUNK = """
#include <uwsgi.h>
static ssize_t quoted(struct wsgi_request *wsgi_req, char **text) {
  *text = uwsgi_malloc((size_t)wsgi_req->user_agent_len * 2 + 1);
  escape_json(wsgi_req->user_agent, wsgi_req->user_agent_len, *text);
  return (ssize_t)strlen(*text);
}
static void load(void) { uwsgi_register_logchunk("quoted", quoted, 1); }
struct uwsgi_plugin habit_plugin = {.name = "habit", .on_load = load};
"""


def test_a_log_value_that_its_plugin_escapes_is_not_escaped_again(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, CHUNK), "--http-socket", "127.0.0.1:0", "--no-need-app",
                     "--log-format", '{"own": "%(quoted)", "ours": "%(uagent)"}')
    server.request("GET", "/", headers={"User-Agent": 'a"b\\'})
    server.wait_for_log(re.escape(r'{"own": "a\"b\\", "ours": "a\"b\\"}'))


ESCAPED = """
#include <uwsgi.h>
static int start(void) {
  char text[16];
  memset(text, '#', sizeof text);
  escape_json("\\1\\2\\"\\n", 4, text);
  uwsgi_log("escaped: %s, behind it %.7s\\n", text, text + 9);
  memset(text, '#', sizeof text);
  escape_shell_arg("a;'\\n b", 6, text);
  uwsgi_log("for a shell: %s, behind it %.6s\\n", text, text + 10);
  return 0;
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .init = start};
"""


def test_escaped_text_has_at_most_two_bytes_for_one(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, ESCAPED), "--http-socket", "127.0.0.1:0", "--no-need-app")
    server.wait_for_log(re.escape(r'escaped: ??\"\n, behind it #######'))
    server.wait_for_log(re.escape("for a shell: a\\;\\'\\\n b, behind it ######"))


WATCHED = """
#include <uwsgi.h>
#include <sys/eventfd.h>
static int start(void) {
  char *name = uwsgi_str("orchard");
  uwsgi_add_alarm_fd(eventfd(1, EFD_CLOEXEC), name, 8, "ripe", 4);
  memset(name, 'x', 7);
  free(name);
  return 0;
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .init = start};
"""


def test_the_name_of_an_alarm_for_a_descriptor_stays_the_plugins(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, WATCHED), "--alarm", "orchard log:!", "--http-socket", "127.0.0.1:0",
                     "--no-need-app")
    server.wait_for_log("ALARM: ! ripe")


RANGES = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) {
  char text[80];
  int asked = wsgi_req->range_parsed;
  uwsgi_request_fix_range_for_size(wsgi_req, 1000);
  int len = snprintf(text, sizeof text, "%d %d %d-%d", asked, wsgi_req->range_parsed, (int)wsgi_req->range_from,
                     (int)wsgi_req->range_to);
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, text, (size_t)len);
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .request = answer};
"""
RANGES_ASKED = {"bytes=5-9": b"1 2 5-9", "bytes=5-": b"1 2 5-999", "bytes=-9": b"1 2 991-999", "bytes=990-5000": b"1 2 990-999",
                "bytes=1000-": b"1 3 0-0", "bytes=9-5": b"0 0 0-0", "bytes=1-2,4-5": b"0 0 0-0", "bytes=": b"0 0 0-0",
                "bytes=-": b"0 0 0-0", "pages=1-2": b"0 0 0-0", "bytes=5": b"0 0 0-0"}


def test_a_plugin_is_told_of_the_range_that_a_request_wants(mortise, tmp_path):
    plugin = habit(tmp_path, RANGES)
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0", "--honour-range")
    told = {text: server.request("GET", "/", headers={"Range": text}).body for text in RANGES_ASKED}
    assert told == RANGES_ASKED
    assert server.request("GET", "/").body == b"0 0 0-0"
    server.stop()
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0")
    assert server.request("GET", "/", headers={"Range": "bytes=5-9"}).body == b"0 0 0-0"


    server.stop()


DATAGRAM = """
#include <uwsgi.h>
static int take(char *peer, int port, char *data, int len) {
  if (len < 5 || memcmp(data, "plum:", 5)) return 0;
  uwsgi_log("habit: %.*s from %s, port %s\\n", len - 5, data + 5, peer, port > 0 ? "known" : "unknown");
  return 1;
}
struct uwsgi_plugin habit_plugin = {.name = "habit", .manage_udp = take};
"""


def test_datagrams_go_to_the_plugin_that_takes_them_or_to_the_log(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, DATAGRAM), "--udp", "127.0.0.1:0", "--http-socket", "127.0.0.1:0",
                     "--no-need-app")
    port = int(server.wait_for_log(r"udp: listening on 127\.0\.0\.1:(\d+)").group(1))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"plum:ripe", ("127.0.0.1", port))
        sock.sendto(b"pear\nripe", ("127.0.0.1", port))
    server.wait_for_log("habit: ripe from 127.0.0.1, port known")
    server.wait_for_log(r"\[udp:127\.0\.0\.1:\d+\] pear\?ripe")
    server.stop()


@pytest.mark.parametrize("port_option", ["0", "chosen"])
def test_datagrams_that_come_during_reloads_are_received(mortise, tmp_path, port_option):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = "0" if port_option == "0" else str(probe.getsockname()[1])
    server = mortise("--plugin", habit(tmp_path, DATAGRAM), "--udp", "127.0.0.1:" + wanted, "--http-socket", "127.0.0.1:0",
                     "--no-need-app", "--processes", "2")
    port = int(server.wait_for_log(r"udp: listening on 127\.0\.0\.1:(\d+)").group(1))
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for reloads in (1, 2):
            server.signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while server.log.count("reload done") < reloads:
                assert "reload failed" not in server.log and time.monotonic() < deadline, server.log
                sent += 1
                sock.sendto(b"plum:number %d." % sent, ("127.0.0.1", port))
                time.sleep(0.01)
            server.wait_for_log(r"old worker \d+ .* stopped", count=2 * reloads)
    server.wait_for_log(r"habit: number %d\." % sent)
    assert [number for number in range(1, sent + 1) if "habit: number %d." % number not in server.log] == []
    assert "inherited listener" not in server.log
    server.stop()


SMALL = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) {
  struct uwsgi_buffer *text = uwsgi_buffer_new(0);
  if (wsgi_req->range_parsed == UWSGI_RANGE_PARSED) uwsgi_request_fix_range_for_size(wsgi_req, 100);
  uwsgi_buffer_append(text, "range", 5);
  uwsgi_buffer_num64(text, wsgi_req->range_parsed);
  uwsgi_buffer_append(text, " ", 1);
  uwsgi_buffer_num64(text, (int64_t)wsgi_req->range_from);
  uwsgi_buffer_append(text, "-", 1);
  uwsgi_buffer_num64(text, (int64_t)wsgi_req->range_to);
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, text->buf, text->pos);
}
static int start(void) {
  char *piece = NULL, text[] = "5:hello,3:abc,";
  size_t len = 0, size = 0;
  int ends[2];
  char *rest = uwsgi_netstring(text, sizeof text - 1, &piece, &len);
  if (!rest || len != 5 || memcmp(piece, "hello", 5) || uwsgi_netstring(text, 7, &piece, &len) ||
      !uwsgi_netstring(rest, 6, &piece, &len) || uwsgi_netstring(rest + 6, 0, &piece, &len))
    return -1;
  if (!uwsgi_check_scheme((char *)"http://x") || uwsgi_check_scheme((char *)"/http://x")) return -1;
  if (pipe(ends) || write(ends[1], "piped", 5) != 5 || close(ends[1])) return -1;
  piece = uwsgi_read_fd(ends[0], &size, 1);
  if (size != 6 || strcmp(piece, "piped")) return -1;
  uwsgi_log("habit: all is well, started %d, reload %d\\n", uwsgi.start_tv.tv_sec > 0, uwsgi.is_a_reload);
  return 0;
}
static void end(void) { uwsgi_log("habit: at exit\\n"); }
static struct uwsgi_option options[] = {
  {"habit-version", no_argument, 0, "", uwsgi_opt_print, "habit 7", UWSGI_OPT_IMMEDIATE},
  {"habit-file", required_argument, 0, "", uwsgi_opt_load_ini, NULL, 0},
  UWSGI_END_OF_OPTIONS};
struct uwsgi_plugin habit_plugin = {.name = "habit", .init = start, .request = answer, .atexit = end, .options = options};
"""


def test_less_usual_functions_of_the_api(mortise, tmp_path):
    plugin = habit(tmp_path, SMALL)
    done = run(tmp_path, "--plugin", plugin, "--habit-version")
    assert done.returncode == 0 and done.stdout.endswith("habit 7\n")
    server = mortise("--plugin", plugin, "--habit-file", "more.ini", "--skip-atexit",
                     files={"more.ini": "[uwsgi]\nhttp-socket = 127.0.0.1:0\n"})
    server.wait_for_log("habit: all is well, started 1, reload 0")
    assert server.request("GET", "/").status == 200
    server.stop()
    assert "habit: at exit" not in server.log


HANGS = """
#include <uwsgi.h>
static int hang(struct wsgi_request *wsgi_req) { while (1) pause(); }
static void told(int wid) { uwsgi_log("habit: worker %d hangs, says process %d\\n", wid, (int)getpid()); }
struct uwsgi_plugin habit_plugin = {.name = "habit", .request = hang, .harakiri = told};
"""


def test_the_master_tells_plugins_of_a_request_that_hangs_before_its_worker_ends(mortise, tmp_path):
    server = mortise("--plugin", habit(tmp_path, HANGS), "--http-socket", "127.0.0.1:0", "--harakiri", "1")
    assert server.get("/").status == 504
    server.wait_for_log(r"(?s)habit: worker 1 hangs, says process %d\n.*worker 1 \(pid" % server.process.pid)
    assert not re.search(r"(?s)has taken.*worker 1 \(pid.*habit: worker 1 hangs", server.log)


def test_a_modifier_that_is_none_is_no_prefix_of_a_plugins_name(tmp_path):
    done = run(tmp_path, "--plugin", "256:%s" % habit(tmp_path, LOGGER), "--http-socket", "127.0.0.1:0")
    assert done.returncode == 79
    assert "load plugin '256:" in done.stdout
