"""Loading applications: which file or module, which callable, which interpreter, and what is said when it fails."""

import subprocess

import pytest

from mortise import run, write

NEED_APP_STATUS = 22
ADDRESS = ("--http-socket", "127.0.0.1:0")


def app(text, name="application"):
    return "def %s(environ, start_response):\n    start_response('200 OK', [])\n    return [%s]\n" % (name, text)


def test_application_is_the_default_callable_and_app_the_next(wsgi):
    assert wsgi(app("b'1'") + app("b'2'", "app")).get().body == b"1"
    assert wsgi(app("b'2'", "app")).get().body == b"2"


@pytest.mark.parametrize(
    "options",
    [
        ("--module", "package.web"),
        ("--wsgi", "package.web:application"),
        ("--plugin", "python", "-w", "package.web"),
        ("--module", "package.web", "--callable", "application"),
        ("--module", "package.web:make()"),
        ("--module", "package.web", "--callable", "make()"),
        ("--module", "package.web:holder.inner"),
        ("--wsgi-file", "package/web.py"),
        ("--file", "package/web.py", "--callable", "application"),
    ],
)
def test_an_application_is_named_in_many_ways(mortise, options):
    source = app("b'found'") + "def make():\n    return application\nclass holder:\n    inner = application\n"
    server = mortise(*ADDRESS, *options, files={"package/__init__.py": "", "package/web.py": source})
    assert server.get().body == b"found"


def test_a_bare_argument_names_the_application(mortise):
    assert mortise(*ADDRESS, "--plugin", "python", "web.py", files={"web.py": app("b'file'")}).get().body == b"file"
    assert mortise(*ADDRESS, "--plugin", "python", "web:app", files={"web.py": app("b'module'", "app")}).get().body == b"module"


def test_a_shortcut_loads_the_plugin_that_has_it(mortise):
    assert mortise(*ADDRESS, "-w", "web:app", files={"web.py": app("b'module'", "app")}).get().body == b"module"


def test_the_folder_of_the_file_and_the_current_folder_are_searched(mortise):
    files = {
        "web/app.py": "import beside, here\n" + app("(beside.X + here.X).encode()"),
        "web/beside.py": "X = 'beside '",
        "here.py": "X = 'here'",
    }
    assert mortise(*ADDRESS, "--wsgi-file", "web/app.py", files=files).get().body == b"beside here"


def test_pythonpath_comes_first_and_the_last_of_them_before_the_others(mortise):
    files = {"app.py": "import sys\n" + app("repr(sys.path[:3]).encode()"), "a/x": "", "b/x": ""}
    server = mortise(*ADDRESS, "--wsgi-file", "app.py", "--pythonpath", "a", "--pp", "b", files=files)
    assert server.get().text == repr([str(server.folder / "b"), str(server.folder / "a"), str(server.folder)])


def test_the_module_of_a_file_has_the_name_that_uwsgi_gives_it(wsgi):
    answer = wsgi("import sys\n" + app("repr((__name__, __file__, __name__ in sys.modules)).encode()"))
    assert answer.get().text == repr(("uwsgi_file_app", str(answer.folder / "app.py"), True))


def test_pyargv_sets_the_words_behind_uwsgi(wsgi):
    assert wsgi("import sys\n" + app("repr(sys.argv).encode()"), "--pyargv", "a 'b c'").get().text == "['uwsgi', 'a', 'b c']"


def test_optimize_is_pythons(wsgi):
    assert wsgi("import sys\n" + app("b'%d' % sys.flags.optimize"), "--optimize", "2").get().body == b"2"


def test_import_runs_modules_and_files_after_the_application(mortise):
    files = {
        "app.py": "print('1 app')\n" + app("b''"),
        "mod.py": "print('2 mod', __name__)",
        "tasks/job.py": "print('3 job', __name__)",
        "early.py": "print('0 early')",
    }
    server = mortise(
        *ADDRESS, "--wsgi-file", "app.py", "--import", "mod", "--import", "tasks/job.py", "--shared-import", "early", files=files
    )
    server.get()
    printed = [line for line in server.log.splitlines() if line[:2] in ("0 ", "1 ", "2 ", "3 ")]
    assert printed == ["0 early", "1 app", "2 mod mod", "3 job job"]


@pytest.mark.parametrize("how", [("--module", "project.wsgi"), ("--mount", "/=project.wsgi")])
def test_djangos_module_project_wsgi_is_no_file(mortise, how):
    files = {"project/__init__.py": "", "project/wsgi.py": app("__name__.encode()")}
    assert mortise(*ADDRESS, *how, files=files).get().body == b"project.wsgi"


def test_a_mount_may_be_a_file_for_mod_wsgi(mortise):
    assert mortise(*ADDRESS, "--mount", "/=site.wsgi", files={"site.wsgi": app("b'a file'")}).get().body == b"a file"


def test_an_environment_variable_of_the_configuration_is_seen(wsgi):
    assert wsgi("import os\n" + app("os.environ['ANSWER'].encode()"), "--env", "ANSWER=42").get().body == b"42"


# ---- failures ----


def test_a_missing_file_ends_the_server_with_one_clear_line(tmp_path):
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "absent.py")
    assert ended.returncode == NEED_APP_STATUS
    expected = "error: python: application file %s/absent.py: No such file or directory (correct --wsgi-file, or --chdir)" % tmp_path
    assert expected in ended.stdout
    assert "Traceback" not in ended.stdout


@pytest.mark.parametrize(
    "source, cause",
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def broken(:", "SyntaxError: "),
        ("raise SystemExit(5)", "SystemExit: 5"),
        ("other = 1", "has neither 'application' nor 'app': name the WSGI callable with --callable"),
        ("application = 1", "is not callable but int"),
    ],
)
def test_an_application_that_fails_to_load_ends_the_server_with_the_cause(tmp_path, source, cause):
    write(tmp_path, "app.py", source)
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "app.py")
    assert ended.returncode == NEED_APP_STATUS, ended.stdout
    assert "python: loading the application from %s/app.py failed:\n" % tmp_path in ended.stdout
    assert cause in ended.stdout
    assert "python: no application: %s/app.py cannot be served" % tmp_path in ended.stdout


def test_a_missing_module_ends_the_server_with_the_cause(tmp_path):
    ended = run(tmp_path, *ADDRESS, "--module", "absent:app")
    assert ended.returncode == NEED_APP_STATUS
    assert "ModuleNotFoundError: No module named 'absent'" in ended.stdout


def test_a_failing_import_ends_the_server(tmp_path):
    write(tmp_path, "app.py", app("b''"))
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "app.py", "--import", "absent.py")
    assert ended.returncode == NEED_APP_STATUS
    assert "python: importing absent.py failed:" in ended.stdout


@pytest.mark.parametrize("mode", ["--preload", "--lazy-apps"])
def test_a_failing_application_ends_the_server_whether_preloaded_or_not(tmp_path, mode):
    write(tmp_path, "app.py", "1/0")
    ended = run(tmp_path, *ADDRESS, mode, "--wsgi-file", "app.py")
    assert ended.returncode == NEED_APP_STATUS
    assert "ZeroDivisionError" in ended.stdout


def test_without_need_app_errors_are_served(wsgi):
    server = wsgi("1/0", "--no-need-app")
    assert server.get("/path").status == 500
    assert "python: no application for GET /path: none was loaded" in server.log


# ---- interpreter ----


def libpython_version(wsgi):
    """major.minor of the interpreter in the plugin under test."""
    return wsgi("import sys\n" + app("b'%d.%d' % sys.version_info[:2]")).get().text


def test_sys_executable_is_an_interpreter_of_the_same_version(wsgi):
    source = "import sys, subprocess\n" + app("repr((sys.executable, sys.prefix, sys.version)).encode()")
    executable, prefix, version = eval(wsgi(source).get().text)
    seen = subprocess.run(
        [executable, "-c", "import sys; print((sys.prefix, sys.version))"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert eval(seen) == (prefix, version)


def test_another_python_in_path_changes_nothing(wsgi, tmp_path):
    fake = write(tmp_path, "bin/python3", "#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    source = "import sys\n" + app("sys.prefix.encode()")
    plain = wsgi(source).get().text
    assert wsgi(source, env={"PATH": "%s:/usr/bin:/bin" % fake.parent}).get().text == plain


def make_virtualenv(folder, version, base):
    """What `python -m venv --without-pip` makes, in milliseconds."""
    write(folder, "pyvenv.cfg", "home = %s/bin\ninclude-system-site-packages = false\nversion = %s\n" % (base, version))
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to("%s/bin/python%s" % (base, version.rsplit(".", 1)[0]))
    (folder / "bin" / "python").symlink_to("python3")
    write(folder, "lib/python%s/site-packages/only_in_venv.py" % version.rsplit(".", 1)[0], "X = 'from the venv'")


@pytest.mark.parametrize("option", ["--virtualenv", "--home", "--venv", "-H", "environment"])
def test_a_virtualenv_is_used(wsgi, tmp_path, option):
    facts = "import sys\n" + app("repr((sys.base_prefix, '%d.%d.%d' % sys.version_info[:3])).encode()")
    base, version = eval(wsgi(facts).get().text)
    venv = tmp_path / "venv"
    make_virtualenv(venv, version, base)
    source = "import sys, only_in_venv\n" + app("repr((only_in_venv.X, sys.prefix, sys.base_prefix)).encode()")
    if option == "environment":
        server = wsgi(source, env={"VIRTUAL_ENV": str(venv)})
    else:
        server = wsgi(source, option, venv)
    assert eval(server.get().text) == ("from the venv", str(venv), base)


def test_a_virtualenv_whose_interpreter_is_gone_is_refused_with_its_name(wsgi, tmp_path):
    ours = libpython_version(wsgi)
    make_virtualenv(tmp_path / "venv", ours + ".1", "/nowhere")
    write(tmp_path, "app.py", app("b''"))
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "app.py", "--virtualenv", tmp_path / "venv")
    assert ("python: virtualenv %s/venv cannot be used: its bin/python leads to /nowhere/bin/python%s: No such file "
            "or directory" % (tmp_path, ours)) in ended.stdout


def test_a_virtualenv_of_another_version_is_refused_with_one_clear_message(wsgi, tmp_path):
    ours = libpython_version(wsgi)
    make_virtualenv(tmp_path / "venv", "3.4.1", "/usr")
    write(tmp_path, "app.py", app("b''"))
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "app.py", "--virtualenv", tmp_path / "venv")
    assert ended.returncode != 0
    assert (
        "python: virtualenv %s/venv cannot be used: it is a virtualenv of Python 3.4, and this plugin is built for %s "
        "(make one with python%s -m venv, or build the plugin for the other version)" % (tmp_path, ours, ours) in ended.stdout
    )


def test_an_active_virtualenv_of_another_version_is_passed_over_with_a_warning(wsgi, tmp_path):
    make_virtualenv(tmp_path / "venv", "3.4.1", "/usr")
    server = wsgi(app("b'runs'"), env={"VIRTUAL_ENV": str(tmp_path / "venv")})
    assert server.get().body == b"runs"
    assert "python: the active virtualenv %s/venv is not used: it is a virtualenv of Python 3.4" % tmp_path in server.log


@pytest.mark.parametrize("make, cause", [(False, "there is no such folder"), (True, "it is neither a virtualenv (no pyvenv.cfg) nor a prefix")])
def test_a_folder_that_is_no_virtualenv_is_refused(tmp_path, make, cause):
    if make:
        (tmp_path / "venv").mkdir()
    write(tmp_path, "app.py", app("b''"))
    ended = run(tmp_path, *ADDRESS, "--wsgi-file", "app.py", "--virtualenv", "venv")
    assert ended.returncode != 0
    assert "python: virtualenv venv cannot be used: %s" % cause in ended.stdout


def test_of_a_module_and_a_file_the_module_is_the_application_and_the_file_is_told(wsgi):
    answer = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'%s']\n"
    server = wsgi(answer % "file", "--module", "other", files={"other.py": answer % "module"})
    assert server.get().text == "module"
    assert "warning: python: wsgi-file = app.py is not loaded, for module = other is the application" in server.log
