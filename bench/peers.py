"""The servers that are compared, and how each is started for a workload: a function of (Setting) to a command, or None."""

import os
import pathlib
import shutil
import subprocess

from processes import clean_environment

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", HERE.parent / "build"))
STATIC_BUILD = pathlib.Path(os.environ.get("MORTISE_STATIC_BUILD", HERE.parent / "build-static-python"))
VENV = pathlib.Path(os.environ.get("MORTISE_BENCH_VENV", HERE.parent / "build" / "bench-venv"))
APPS = HERE / "apps"


class Setting:
    """What a workload asks of a server."""

    def __init__(self, folder, port, callable="application", module="hello", threads=1, workers=1, gateway=False, plugin=False, files=False):
        self.folder, self.port, self.callable, self.module = pathlib.Path(folder), port, callable, module
        self.threads, self.workers, self.gateway, self.plugin, self.files = threads, workers, gateway, plugin, files

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    @property
    def plain(self):
        """Nothing but Python in one thread of one process."""
        return not (self.gateway or self.plugin or self.files) and self.threads == 1 and self.workers == 1


def plugin_file(setting, server):
    """The C plugin, where it could be built."""
    path = setting.folder / ("%s-plugin" % server) / "hello_plugin.so"
    return path if path.exists() else None


def mortise(setting, program=BUILD / "mortise"):
    command = [program, "--http" if setting.gateway else "--http-socket", setting.address, "--master",
               "--processes", setting.workers, "--threads", setting.threads, "--disable-logging", "--listen", "4096"]
    if setting.files:
        command += ["--static-map", "/static=%s" % setting.folder]
    if setting.plugin:
        plugin = plugin_file(setting, "mortise")
        return plugin and command + ["--plugin", plugin]
    return command + ["--pythonpath", APPS, "--module", "%s:%s" % (setting.module, setting.callable), "--venv", VENV]


def mortise_one_thread(setting):
    setting.threads = 1
    return mortise(setting)


def mortise_static_python(setting):
    """The interpreter linked into it, from its archive."""
    return mortise(setting, STATIC_BUILD / "mortise")


def mortise_in_python(setting):
    """In the interpreter's own program, where the peers of PyPI run as well."""
    return mortise(setting, STATIC_BUILD / "mortise-in-python")


def mortise_gateway(setting):
    setting.gateway = True
    return mortise(setting)


def uwsgi(setting, option=None):
    command = ["/usr/bin/uwsgi-core", "--plugins", "http" if setting.plugin else "http,python3", option or ("--http" if setting.gateway else "--http-socket"),
               setting.address, "--master", "--processes", setting.workers, "--disable-logging", "--listen", "4096", "--buffer-size", "65535"]
    if setting.threads > 1:
        command += ["--threads", setting.threads, "--enable-threads"]
    if setting.files:
        command += ["--static-map", "/static=%s" % setting.folder]
    if setting.plugin:
        plugin = plugin_file(setting, "uwsgi")
        return plugin and command + ["--plugin", plugin]
    return command + ["--pythonpath", APPS, "--module", "%s:%s" % (setting.module, setting.callable), "--venv", VENV]


def uwsgi_http11(setting):
    """uWSGI's one way to keep connections without its gateway: a thread for each."""
    if not setting.plain:
        return None
    setting.threads = 32
    return uwsgi(setting, "--http11-socket")


def uwsgi_gateway(setting):
    setting.gateway = True
    return uwsgi(setting)


def uwsgi_gateway_keepalive(setting):
    setting.gateway = True
    return uwsgi(setting) + ["--http-keepalive", "--http-auto-chunked"]


def bare_epoll(setting):
    """No server, but what one cannot do without (bench/bare_epoll.c)."""
    return [setting.folder / "bare_epoll", setting.port]


def nginx(setting, location):
    config = setting.folder / ("nginx-%d.conf" % setting.port)
    config.write_text("""daemon off; worker_processes %d; pid %s; error_log %s;
events { worker_connections 16000; }
http { access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on; types { application/octet-stream bin; }
  client_body_temp_path %s; client_body_buffer_size 128k; uwsgi_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; scgi_temp_path %s;
  upstream app { server unix:%s; }
  server { listen %s backlog=4096; %s } }
""" % (setting.workers, setting.folder / "nginx.pid", setting.folder / "nginx.error", *(setting.folder / ("nginx-temp-%d" % i) for i in range(5)),
       setting.folder / "uwsgi.sock", setting.address, location))
    return ["/usr/sbin/nginx", "-c", config]


def nginx_return(setting):
    return nginx(setting, 'location / { return 200 "Hello World\\n"; }')


def nginx_files(setting):
    return nginx(setting, "location /static/ { alias %s/; }" % setting.folder)


def nginx_uwsgi(setting):
    """nginx in front of uWSGI: both in one session, which a shell leads."""
    front = nginx(setting, "location / { include /etc/nginx/uwsgi_params; uwsgi_pass app; }")
    back = uwsgi(setting, "--socket") + ["--chmod-socket=666"]
    back[back.index(setting.address)] = str(setting.folder / "uwsgi.sock")
    words = " ".join("'%s'" % word for word in back)
    return ["/bin/sh", "-c", "%s & while [ ! -S '%s' ]; do sleep 0.05; done; exec %s" % (
        words, setting.folder / "uwsgi.sock", " ".join("'%s'" % word for word in front))]


def python(setting, text, forks=False):
    if setting.threads > 1 or setting.workers > 1 and not forks:
        return None
    return [VENV / "bin/python", "-c", "import sys; sys.path.insert(0, %r); from %s import %s as app; " % (str(APPS), setting.module, setting.callable) + text]


def bjoern(setting):
    forks = "import os; any(not os.fork() for _ in range(%d))" % (setting.workers - 1)  # as its documentation shows
    return python(setting, "import bjoern; bjoern.listen(app, '127.0.0.1', %d); %s; bjoern.run()" % (setting.port, forks), forks=True)


def fastwsgi(setting):
    return python(setting, "import fastwsgi; fastwsgi.run(wsgi_app=app, host='127.0.0.1', port=%d, workers=%d)" % (setting.port, setting.workers), forks=True)


def waitress(setting):
    return python(setting, "import waitress; waitress.serve(app, host='127.0.0.1', port=%d, threads=4, _quiet=True)" % setting.port)


def gunicorn(setting):
    return [VENV / "bin/gunicorn", "-b", setting.address, "-w", setting.workers, "-k", "gthread", "--threads", setting.threads, "--keep-alive", "60",
            "--pythonpath", APPS, "--log-level", "error", "%s:%s" % (setting.module, setting.callable)]


def granian(setting):
    return [VENV / "bin/granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", setting.port, "--workers", setting.workers,
            "--blocking-threads", setting.threads, "--backlog", "4096", "--no-ws", "--working-dir", APPS, "%s:%s" % (setting.module, setting.callable)]


def uvicorn(setting):
    if setting.module != "hello" or setting.callable != "application" or setting.threads > 1:
        return None
    return [VENV / "bin/uvicorn", "--host", "127.0.0.1", "--port", setting.port, "--workers", setting.workers, "--no-access-log",
            "--log-level", "error", "--app-dir", APPS, "hello:asgi"]


PEERS = {function.__name__.replace("_", "-"): function for function in (
    mortise, mortise_one_thread, mortise_static_python, mortise_in_python, mortise_gateway, uwsgi, uwsgi_http11, uwsgi_gateway, uwsgi_gateway_keepalive, bare_epoll, nginx_return, nginx_files, nginx_uwsgi,
    bjoern, fastwsgi, gunicorn, granian, uvicorn, waitress)}


def is_there(name):
    """Whether this machine has what the peer needs."""
    if name.startswith("mortise"):
        return {"mortise-static-python": STATIC_BUILD / "mortise", "mortise-in-python": STATIC_BUILD / "mortise-in-python"}.get(name, BUILD / "mortise").exists()
    if name == "bare-epoll":
        return True
    if name.startswith("nginx") and not pathlib.Path("/usr/sbin/nginx").exists():
        return False
    if "uwsgi" in name:
        return shutil.which("uwsgi-core") is not None
    if name in ("bjoern", "fastwsgi", "waitress"):
        return subprocess.run([VENV / "bin/python", "-c", "import %s" % name], capture_output=True).returncode == 0
    return name.startswith("nginx") or (VENV / "bin" / name).exists()


def build_plugins(folder):
    """The example of a C plugin for both servers that have such, and the server that is none."""
    subprocess.run(["cc", "-O2", "-o", pathlib.Path(folder) / "bare_epoll", HERE / "bare_epoll.c"], check=True)
    for name, command in (
        ("mortise", [BUILD / "mortise", "--build-plugin"]),
        ("uwsgi", ["/usr/bin/uwsgi-core", "--build-plugin"]),
    ):
        place = pathlib.Path(folder) / ("%s-plugin" % name)
        place.mkdir()
        shutil.copy(HERE.parent / "examples/plugin/hello.c", place)
        subprocess.run([*map(str, command), "hello.c"], cwd=place, capture_output=True, env=clean_environment())
        if not (place / "hello_plugin.so").exists():
            print("no plugin for %s: its workloads are left out" % name)


def versions():
    """What was compared, for the record."""
    def first_line(*command):
        try:
            result = subprocess.run(command, capture_output=True, text=True)
            return (result.stdout or result.stderr).strip().splitlines()[0]
        except (OSError, IndexError):
            return "not there"

    packages = subprocess.run([VENV / "bin/python", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True).stdout
    wanted = ("bjoern", "fastwsgi", "gunicorn", "granian", "uvicorn", "waitress", "flask")
    return [first_line(str(BUILD / "mortise"), "--version"), "uWSGI " + first_line("uwsgi-core", "--version"), first_line("/usr/sbin/nginx", "-v"),
            first_line(str(VENV / "bin/python"), "-V"), *sorted(line for line in packages.splitlines() if line.lower().split("==")[0] in wanted)]
