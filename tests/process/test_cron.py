"""Commands that the server runs by the clock; each test uses the current minute, in which a job that matches is due."""

import re
import signal

import pytest

from mortise import text_of, wait_until

APP = """
def application(env, start_response):
    start_response('200 OK', [])
    return [b'hello']
"""


def lines(path):
    return text_of(path).splitlines()


def test_a_job_runs_once_in_its_minute_and_its_end_is_told(wsgi, tmp_path):
    out = tmp_path / "out"
    server = wsgi(APP, "--cron", "-1 -1 -1 -1 -1 echo all >> %s" % out, "--cron", "* * * * * echo stars >> %s; exit 3" % out,
                  "--cron2", "unique=1 echo keys >> %s" % out, "--cron2", "echo bare >> %s" % out)
    wait_until(lambda: sorted(lines(out)) == ["all", "bare", "keys", "stars"], what=lambda: lines(out))
    server.wait_for_log(r"cron 'echo all >> \S+' \(pid \d+\) ended with status 0 after \d\.\d s")
    server.wait_for_log(r"exit 3' \(pid \d+\) ended with status 3")


def test_a_job_that_takes_too_long_is_ended(wsgi, tmp_path):
    out = tmp_path / "out"
    server = wsgi(APP, "--cron-harakiri", "1", "--cron", "-1 -1 -1 -1 -1 sleep 100; echo late >> %s" % out,
                  "--cron2", "harakiri=1,mercy=5 trap 'echo term >> %s; exit' TERM; while :; do sleep 0.05; done" % out)
    server.wait_for_log(r"takes more than 1 s: it is ended \(cron-harakiri\)", count=2)
    wait_until(lambda: lines(out) == ["term"], what=lambda: lines(out))


def test_jobs_are_not_cut_off_by_a_reload_and_a_unique_one_is_not_started_twice(wsgi, tmp_path):
    out = tmp_path / "out"
    server = wsgi(APP, "--unique-cron", "-1 -1 -1 -1 -1 echo begin >> %s; sleep 3; echo end >> %s" % (out, out))
    wait_until(lambda: lines(out) == ["begin"])
    server.get("/")
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    wait_until(lambda: "end" in lines(out))
    assert lines(out)[:2] == ["begin", "end"]
    server.wait_for_log("ended with status 0")


def test_a_job_that_is_due_at_another_time_does_not_run(wsgi, tmp_path):
    out = tmp_path / "out"
    server = wsgi(APP, "--cron", "-1 -1 31 2 -1 echo never >> %s" % out, "--cron", "-1 -1 -1 -1 -1 echo now >> %s" % out)
    wait_until(lambda: lines(out) == ["now"])
    server.wait_for_log("ended with status 0")
    assert not re.search("never", "".join(lines(out)))


@pytest.mark.parametrize("option", ["legion-cron", "cron-legion", "unique-cron-legion", "unique-legion-cron"])
def test_without_legions_jobs_of_a_legion_run(wsgi, tmp_path, option):
    out = tmp_path / "out"
    wsgi(APP, "--" + option, "mylegion -1 -1 -1 -1 -1 echo %s >> %s" % (option, out))
    wait_until(lambda: lines(out) == [option])
