"""evaluate_recipe.py RECIPE OUTPUT [post_build]: runs a plugin folder's uwsgiplugin.py and tells what it set.

OUTPUT gets NUL-terminated records KEY=value, one for each item of a list. What the recipe prints goes to standard error.
The modules that recipes import, uwsgiconfig and distutils, exist here even where the machine has none.
"""

import os
import platform
import subprocess
import sys
import sysconfig
import types
import warnings

LISTS = ("GCC_LIST", "CFLAGS", "LDFLAGS", "LIBS", "BINARY_LIST", "REQUIRES")


def spcall(command):
    """Output of a shell command without its last newline; None when it failed."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False)
    return done.stdout.decode(errors="replace").rstrip() if done.returncode == 0 else None


def spcall2(command):
    """Same, of what it writes to standard error."""
    done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, check=False)
    return done.stderr.decode(errors="replace").rstrip() if done.returncode == 0 else None


def test_snippet(source):
    """Whether the compiler takes this program."""
    command = [os.environ.get("CC", "cc"), "-x", "c", "-fsyntax-only", "-"]
    return subprocess.run(command, input=source.encode(), stderr=subprocess.DEVNULL, check=False).returncode == 0


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


class Config:
    """What recipes ask their build's configuration for: nothing is set, nothing is embedded."""

    def get(self, _name, default=None):
        return default

    def has_include(self, name):
        return test_snippet("#include <%s>\n" % name)


def provide_modules():
    uname = os.uname()
    module("uwsgiconfig", spcall=spcall, spcall2=spcall2, spcall3=spcall, test_snippet=test_snippet,
           uwsgi_os=uname[0], uwsgi_os_k=uname[2].split("-")[0], uwsgi_os_v=uname[3], uwsgi_cpu=uname[4],
           GCC=os.environ.get("CC", "cc"), CPP=os.environ.get("CPP", "cpp"), PY3=True,
           has_include=Config().has_include, uwsgi_version="2.0.31", uwsgi_cflags=[], cflags=[],
           binarize=lambda name: "".join(c if c.isalnum() else "_" for c in name), add_o=lambda name: name + ".o")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is deprecated
            import distutils.sysconfig  # noqa: F401  gone with Python 3.12
    except ImportError:
        module("distutils", sysconfig=module(
            "distutils.sysconfig", get_config_var=sysconfig.get_config_var, get_config_vars=sysconfig.get_config_vars,
            get_python_version=sysconfig.get_python_version,
            get_python_inc=lambda plat_specific=False, prefix=None: sysconfig.get_path(
                "platinclude" if plat_specific else "include"),
            get_python_lib=lambda *_args, **_kwargs: sysconfig.get_path("purelib")))
        sys.modules["distutils"].__path__ = []
    if not hasattr(platform, "linux_distribution"):
        platform.linux_distribution = lambda **_kwargs: ("", "", "")


def provide_uwsgi(folder):
    """Recipes and what they call ask `uwsgi --cflags`; mortise answers, for it is what is built for."""
    server = os.environ.get("MORTISE", "")
    if server:
        os.symlink(server, os.path.join(folder, "uwsgi"))
        os.environ["PATH"] = folder + os.pathsep + os.environ.get("PATH", os.defpath)


def run(path):
    values = {"__name__": "uwsgiplugin", "__file__": path}
    with open(path, "rb") as source:
        exec(compile(source.read(), path, "exec"), values)  # pylint: disable=exec-used
    return values


def expanded(text):
    """The text as the shell would pass it on: recipes leave `pkg-config …` to it."""
    if "`" in text or "$(" in text:
        return spcall("printf %s " + '"' + text.replace('"', '\\"') + '"') or ""
    return text


def records(values):
    yield "NAME", str(values.get("NAME", ""))
    for key in LISTS:
        value = values.get(key) or []
        for item in [value] if isinstance(value, str) else value:
            if isinstance(item, (tuple, list)):  # of BINARY_LIST: the symbols' name, the file
                item = "\t".join(item)
            if item:  # spcall() gave none
                yield key, expanded(str(item))
    if callable(values.get("post_build")):
        yield "POST_BUILD", "1"


def main():
    recipe, output = sys.argv[1:3]
    os.dup2(2, 1)
    provide_modules()
    provide_uwsgi(os.path.dirname(output))  # a folder that the caller removes
    values = run(recipe)
    if sys.argv[3:] == ["post_build"]:
        values["post_build"](Config())
        return
    with open(output, "wb") as out:
        for key, value in records(values):
            out.write(("%s=%s\0" % (key, value)).encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    main()
