"""Configurations as uWSGI's users have them: what they name in passing must not keep the server from starting."""

import re
import resource
import subprocess

import pytest
from mortise import run

PLUGIN_REFUSED = 79
APP = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"served by " + str(environ["SERVER_PROTOCOL"]).encode()]
"""


def ini(*lines):
    return "\n".join(["[uwsgi]", "module = app", *lines, ""])


# ---- plugins ----


@pytest.mark.parametrize("names", ["python3,logfile,router_redirect,router_rewrite", "0:python311, syslog", "gevent,rpc,cache",
                                   "http,stats_pusher_statsd,transformation_gzip,clock_realtime,corerouter"])
def test_the_names_of_uwsgis_plugins_mean_those_that_do_their_work_here(mortise, names):
    text = ini("http-socket = 127.0.0.1:0", "plugins = " + names)
    server = mortise("app.ini", files={"app.py": APP, "app.ini": text})
    assert server.get().status == 200
    assert "warning: plugin" not in server.log and "unknown" not in server.log


def test_a_plugin_of_uwsgi_that_nothing_here_replaces_is_named_with_what_to_do(tmp_path):
    result = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugins", "python3,php")
    assert result.returncode == PLUGIN_REFUSED
    assert "(it is uWSGI's, and nothing here does its work: remove it, or build it from uWSGI's sources with mortise " \
        "--build-plugin)" in result.stdout


@pytest.fixture
def foreign_plugins(tmp_path):
    """A folder of plugins that were built for another server."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    for name in ("python3", "http", "logfile"):
        subprocess.run(["cc", "-shared", "-o", folder / ("%s_plugin.so" % name), "-x", "c", "-"], input=b"int x;", check=True)
    return folder


def test_a_folder_of_uwsgis_plugins_is_left_aside(mortise, foreign_plugins):
    text = ini("plugins-dir = %s" % foreign_plugins, "plugin = python3", "http-socket = 127.0.0.1:0")
    server = mortise("app.ini", files={"app.py": APP, "app.ini": text})
    assert server.get().status == 200
    assert "warning: plugin folder '%s': 3 plugins in all were not built for this server and are left aside\n" \
        % foreign_plugins in server.log
    assert server.log.count("refused") == 1 and server.log.count("plugin folder") == 1


def test_a_file_of_uwsgis_plugin_is_refused_with_the_name_of_ours(tmp_path, foreign_plugins):
    result = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", foreign_plugins / "python3_plugin.so")
    assert result.returncode == PLUGIN_REFUSED
    assert "this server has a plugin of its own for it: write plugin = python\n" in result.stdout


# ---- sockets ----


def test_a_protocol_brings_its_plugin(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--protocol=http", "-w", "app", files={"app.py": APP})
    assert server.get().text == "served by HTTP/1.1"


def test_a_comment_behind_an_address_is_cut(mortise):
    text = ini("socket = 127.0.0.1:0  # nginx asks here", "http-socket = 127.0.0.1:0 ; and we here")
    server = mortise("app.ini", files={"app.py": APP, "app.ini": text})
    assert server.get().status == 200
    assert server.address("uwsgi")[1] > 0
    assert "warning: address '127.0.0.1:0  # nginx asks here': the comment behind it was cut (put it on a line of its own)\n" \
        in server.log


# ---- values ----


def test_a_word_where_a_number_belongs_is_0_as_in_uwsgi(mortise):
    text = ini("http-socket = 127.0.0.1:0", "post-buffering = true", "cheaper = True", "processes = 2")
    server = mortise("app.ini", files={"app.py": APP, "app.ini": text})
    server.wait_for_log(r"warning: post-buffering = 'true': not a number: taken as 0, as in uWSGI \(give a whole number\)\n")
    server.wait_for_log(r"warning: cheaper = 'True': not a number")
    assert server.get().status == 200


def test_a_variable_of_the_environment_that_is_no_option_is_a_placeholder(mortise):
    text = ini("http-socket = 127.0.0.1:0", "pidfile = %(deb-confname).pid")
    server = mortise("--strict", "app.ini", files={"app.py": APP, "app.ini": text},
                     env={"UWSGI_DEB_CONFNAME": "site", "UWSGI_NOBODY_READS_IT": "1"})
    assert (server.folder / "site.pid").read_text() == "%d\n" % server.process.pid


def test_more_descriptors_than_the_machine_gives_are_no_reason_not_to_start(mortise):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    server = mortise("--http-socket", "127.0.0.1:0", "-w", "app", "--max-fd", "2000000000", files={"app.py": APP})
    server.wait_for_log(r"warning: max-fd = 2000000000: Operation not permitted: %d are used \(raise the hard limit: ulimit -Hn, "
                        r"LimitNOFILE=\)\n" % hard)
    limits = open("/proc/%d/limits" % server.process.pid).read()
    assert re.search(r"Max open files +%d +%d " % (hard, hard), limits)
    assert server.get().status == 200
