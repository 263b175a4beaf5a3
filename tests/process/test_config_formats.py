"""Configuration in YAML, JSON and XML, and in formats of plugins."""

import re

import pytest
from mortise import run, write

YAML = """
common: &common
  processes: 2
  env: [A=from yaml, "B=%(word) twice"]
uwsgi:
  <<: *common
  http-socket: 127.0.0.1:0
  word: said
  master:
  wsgi-file: app.py
other:
  - http-socket: 127.0.0.1:0
    wsgi-file: app.py
    env: A=other
  - master
"""
JSON = """
{"uwsgi": {"http-socket": "127.0.0.1:0", "processes": 2, "master": true, "word": "said", "wsgi-file": "app.py",
           "env": ["A=from json", "B=%(word) twice"], "lazy-apps": null},
 "other": [{"http-socket": "127.0.0.1:0", "wsgi-file": "app.py"}, {"env": "A=other"}]}
"""
XML = """<?xml version="1.0"?>
<all>
  <uwsgi id="other"><http-socket>127.0.0.1:0</http-socket><wsgi-file>app.py</wsgi-file><env>A=other</env></uwsgi>
  <uwsgi>
    <!-- two of them -->
    <http-socket>
      127.0.0.1:0
    </http-socket>
    <processes>2</processes> <master/> <word>said</word>
    <env>A=from xml</env> <env><![CDATA[B=%(word) twice]]></env>
    <wsgi-file>app.py</wsgi-file>
  </uwsgi>
</all>
"""
APP = """
import os, uwsgi
def application(environ, start_response):
    start_response("200 OK", [])
    text = "%s, %s, %d" % (os.environ["A"], os.environ.get("B"), uwsgi.numproc)
    return [text.encode()]
"""
FILES = {"yaml": YAML, "yml": YAML, "json": JSON, "xml": XML}


def files(ending):
    return {"app.py": APP, "app." + ending: FILES[ending]}


@pytest.mark.parametrize("ending", FILES)
def test_a_file_by_its_ending(mortise, ending):
    server = mortise("app." + ending, files=files(ending))
    assert server.get().text == "from %s, said twice, 2" % ending.replace("yml", "yaml")


@pytest.mark.parametrize("ending", ["yaml", "json", "xml"])
def test_another_section_by_an_option(mortise, ending):
    server = mortise("--" + ending, "app.%s:other" % ending, files=files(ending))
    assert server.get().text == "other, None, 1"


def test_files_of_several_formats_include_each_other(mortise):
    server = mortise("--ini", "app.ini", files={**files("yaml"), "app.ini": "[uwsgi]\nyaml = app.yaml\nconfig = more.json\n",
                                                "more.json": '{"uwsgi": {"env": ["B=last"]}}'})
    assert server.get().text == "from yaml, last, 2"


WRONG = [
    ("yaml", "uwsgi:\n  a: b\n c: d\n", r"read app\.yaml:3: .+"),
    ("yaml", "uwsgi:\n  env: {a: b}\n", r"read app\.yaml:2: the value of 'env' is neither a text nor a list"),
    ("yaml", "uwsgi: text\n", r"read app\.yaml:1: a section is a mapping of options, or a list of these"),
    ("yaml", "uwsgi: &a\n  - *a\n", r"read app\.yaml:\d: .+"),
    ("yaml", "web:\n  a: b\n", r"read app\.yaml: it has no section 'uwsgi': options stand indented below its name"),
    ("json", '{"uwsgi":\n {"a": }}', r"read app\.json:2: .+"),
    ("json", '{"uwsgi": {"a": 1, "a": 2}}', r"read app\.json:1: duplicate object key.*"),
    ("json", '{"uwsgi": {"a": {}}}', r"read app\.json: the value of 'a' is neither a text.*"),
    ("json", '{"uwsgi": 7}', r"read app\.json: a section is an object, or an array of objects"),
    ("json", '{"uwsgi": [1, 2]}', r"read app\.json: a section is an object, or an array of objects"),
    ("json", "{}", r"read app\.json: it has no section 'uwsgi': options are members of an object of that name"),
    ("xml", "<uwsgi>\n<a>\n</uwsgi>", r"read app\.xml:3: .+"),
    ("xml", "<uwsgi>\n\n<a><b>1</b></a></uwsgi>", r"read app\.xml:3: <a> has elements in it: a directive has a value"),
    ("xml", "<server/>", r'read app\.xml: it has no element <uwsgi id="uwsgi">'),
]


@pytest.mark.parametrize("ending, text, message", WRONG)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, ending, text, message):
    write(tmp_path, "app." + ending, text)
    done = run(tmp_path, "app." + ending)
    assert done.returncode == 78, done.stdout
    assert re.search(r"error: " + message + r"$", done.stdout, re.MULTILINE), done.stdout


def test_a_file_that_is_not_there_and_a_section_that_is_not_there(tmp_path):
    done = run(tmp_path, "--yaml", "none.yaml")
    assert done.returncode == 66 and "read none.yaml: No such file or directory" in done.stdout
    write(tmp_path, "app.json", JSON)
    done = run(tmp_path, "app.json:web")
    assert done.returncode == 78 and "it has no section 'web'" in done.stdout


LINES = """
#include <uwsgi.h>
static void read_lines(char *file, char *magic_table[]) {
  size_t size = 0;
  char *text = uwsgi_open_and_read(file, &size, 1, magic_table), *save = NULL, *line;
  uwsgi_foreach_token(text, "\\n", line, save) {
    char *equal = strchr(line, '=');
    if (equal) *equal = 0;
    add_exported_option(line, equal ? equal + 1 : NULL, 0);
  }
}
static void on_load(void) { uwsgi_register_configurator(".lines", read_lines); }
struct uwsgi_plugin lines_plugin = {.name = "lines", .on_load = on_load};
"""


def test_a_plugin_has_a_format_of_its_own(mortise, tmp_path):
    write(tmp_path, "lines.c", LINES)
    assert run(tmp_path, "--build-plugin", "lines.c").returncode == 0
    server = mortise("--plugin", tmp_path / "lines_plugin.so", "app.lines",
                     files={"app.py": APP, "app.lines": "http-socket=127.0.0.1:0\nwsgi-file=app.py\nmaster\nenv=A=lines\n"})
    assert server.get().text == "lines, None, 1"


def test_an_application_of_old_xml_is_a_mount(mortise):
    text = """<uwsgi><http-socket>127.0.0.1:0</http-socket><manage-script-name/>
    <app mountpoint="/shop">
        <script> app </script>
    </app></uwsgi>"""
    source = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [environ['SCRIPT_NAME'].encode()]\n"
    server = mortise("app.xml", files={"app.xml": text, "app.py": source})
    assert server.get("/shop/cart").text == "/shop"
