"""Options for applications of all languages, with a plugin of another one than Python on modifier 0."""

import pytest

from mortise import run, wait_until, write

ORCHARD = """
#include <uwsgi.h>

static char *trees[2];
static int count;

static int answer(struct wsgi_request *wsgi_req) {
  if (uwsgi_parse_vars(wsgi_req)) return -1;
  if (wsgi_req->path_info_len == 5 && !memcmp(wsgi_req->path_info, "/fail", 5)) {
    uwsgi_manage_exception(wsgi_req, 1);
    return UWSGI_OK;
  }
  char text[256];
  int len = snprintf(text, sizeof text, "%d %d", (int)getpid(), uwsgi.manage_script_name + uwsgi.catch_exceptions);
  for (int i = 0; i < count; i++) len += snprintf(text + len, sizeof text - len, " %s", trees[i]);
  uwsgi_response_prepare_headers(wsgi_req, "200 OK", 6);
  return uwsgi_response_write_body_do(wsgi_req, text, len);
}

static int mount(char *mountpoint, char *tree) {
  if (!uwsgi_endswith(tree, ".tree")) return -1;
  trees[count] = uwsgi_concat3(mountpoint, "=", tree);
  return count++;
}

static struct uwsgi_buffer *text_of(const char *text) {
  struct uwsgi_buffer *buffer = uwsgi_buffer_new(64);
  uwsgi_buffer_append(buffer, (char *)text, strlen(text));
  return buffer;
}
static struct uwsgi_buffer *class(struct wsgi_request *wsgi_req) { return text_of("Rotten"); }
static struct uwsgi_buffer *repr(struct wsgi_request *wsgi_req) { return text_of("Rotten: apple"); }

struct uwsgi_plugin orchard_plugin = {.name = "orchard", .request = answer, .mount_app = mount,
                                      .exception_class = class, .exception_repr = repr};
"""
PYTHON_APP = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'python']\n"


@pytest.fixture
def orchard(mortise, tmp_path):
    """orchard(option…): a server with the plugin on modifier 0."""
    write(tmp_path, "orchard.c", ORCHARD)
    done = run(tmp_path, "--build-plugin", "orchard.c")
    assert done.returncode == 0, done.stdout
    return lambda *args, **more: mortise("--http-socket", "127.0.0.1:0", "--plugin", tmp_path / "orchard_plugin.so", *args, **more)


def has_python(server):
    pid = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))
    return "python" in open("/proc/%d/maps" % pid).read()


def test_options_for_all_languages_bring_none(orchard):
    server = orchard("--manage-script-name", "--catch-exceptions", "--vhost", "--reload-on-exception-type", "Other")
    assert server.get().text.split()[1:] == ["2"]
    failed = server.get("/fail")
    assert (failed.status, failed.text) == (500, "Rotten: apple")
    assert not has_python(server)
    assert "both want modifier" not in server.log


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
def test_a_mount_succeeds_with_any_number_but_minus_one(orchard, preload):
    server = orchard("--mount", "/a=first.tree", "--mount", "/=second.tree", *preload)
    assert server.get().text.split()[1:] == ["0", "/a=first.tree", "/=second.tree"]
    assert not has_python(server)


def test_a_mount_that_nobody_takes_ends_the_start(orchard, tmp_path):
    ended = run(tmp_path, "--plugin", tmp_path / "orchard_plugin.so", "--http-socket", "127.0.0.1:0", "--mount", "/a=first.tree", "--mount", "/b=stone")
    assert ended.returncode == 22
    assert "applications: no application: mount /b=stone (no plugin takes it, or the lines above say why; need-app = false serves errors instead)" in ended.stdout
    server = orchard("--mount", "/b=stone", "--mount", "/a=first.tree", "--no-need-app")
    assert server.get().text.endswith(" 0 /a=first.tree")
    server.wait_for_log(r"applications: no application: mount /b=stone \(requests for it get errors\)")


def test_python_and_another_language_share_the_mounts(orchard):
    server = orchard("--plugin", "7:python", "--mount", "/a=first.tree", "--mount", "/p=app.py", "--mount", "/c=second.tree",
                     files={"app.py": PYTHON_APP})
    server.wait_for_log(r"python: application from \S+/app.py loaded in \d+ ms for /p ")
    assert server.get().text.split()[2:] == ["/a=first.tree", "/c=second.tree"]
    assert "failed" not in server.log


@pytest.mark.parametrize("option", [["--reload-on-exception"], ["--reload-on-exception-type", "Rotten"],
                                    ["--reload-on-exception-repr", "Rotten: apple"]])
def test_a_worker_is_replaced_after_an_exception_of_any_language(orchard, option):
    server = orchard(*option)
    pid = server.get().text
    server.get("/fail")
    server.wait_for_log(r"orchard: worker 1 is replaced because of Rotten \(reload-on-exception\)")
    wait_until(lambda: server.get().text != pid, what="another worker")
