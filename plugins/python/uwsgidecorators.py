"""Decorators over the functions of the module uwsgi, under the names that uWSGI's applications import.

Timers, cron entries and signals fire once per server, however many workers load the application: a decorated function
has the same signal number in each of them. What needs a plugin that is not loaded says so when it is used.
"""

import os
import pickle
from functools import partial, wraps
from socket import AF_UNIX, SOCK_STREAM, socket
from threading import Thread
from time import sleep

import uwsgi

spooler_functions = {}
mule_functions = {}
postfork_chain = []
_numbered = {}


def get_free_signal():
    """A signal number that nobody registered."""
    for signum in range(256):
        if not uwsgi.signal_registered(signum):
            return signum
    raise Exception("no free uwsgi signal available")


def _signal_for(kind, function, *details):
    """The number of a decorated function: equal in all processes that run the same code, so that one timer does for all."""
    code = getattr(function, "__code__", None)
    name = "%s:%s.%s:%s:%r" % (
        kind,
        getattr(function, "__module__", "?"),
        getattr(function, "__qualname__", type(function).__name__),
        code.co_firstlineno if code else 0,
        details,
    )
    count = _numbered[name] = _numbered.get(name, 0) + 1  # closures of one function are told apart by their order
    return uwsgi.signal_number("%s#%d" % (name, count))


def _spooler_name(function):
    return "%s.%s" % (function.__module__, function.__name__)


# ---- fork ----


def postfork_chain_hook():
    for function in postfork_chain:
        function()


uwsgi.post_fork_hook = postfork_chain_hook


class postfork(object):
    """Calls a function in each process after it was forked, or in worker number wid only: @postfork, @postfork(1)."""

    def __init__(self, f):
        self.wid = 0
        self.f = None
        if callable(f):
            self.f = f
            postfork_chain.append(self)
        else:
            self.wid = f

    def __call__(self, *args, **kwargs):
        if self.f is None:
            self.f = args[0]
            postfork_chain.append(self)
            return self.f
        if self.wid > 0 and self.wid != uwsgi.worker_id():
            return None
        return self.f(*args, **kwargs)


class only_one(object):
    """Runs a function in exactly one worker of the server, in a thread of its own: @only_one.

    The worker that is first holds a socket with a name that only one process can have; the others wait for its end and
    one of them takes over at once. A reload keeps to it, too: the function starts in another worker when the old one
    has ended, and may move once more when that one is replaced as well. A function that returns is not called again in the same worker.
    """

    def __init__(self, f):
        self.f = f
        address = "\0mortise.%s.%d.%s.%s" % (os.environ.get("MORTISE_KEY", ""), uwsgi.masterpid(), f.__module__, f.__qualname__)
        self.address = address[:107]  # what an address has room for, unix(7)
        postfork_chain.append(self.start)

    def start(self):
        if uwsgi.worker_id() > 0:
            Thread(target=self._run, name="only_one-%s" % self.f.__name__, daemon=True).start()

    def _take(self):
        held = socket(AF_UNIX, SOCK_STREAM)
        try:
            held.bind(self.address)
            held.listen(128)
            return held
        except OSError:
            held.close()
            return None

    def _wait(self):
        with socket(AF_UNIX, SOCK_STREAM) as waiting:
            try:
                waiting.connect(self.address)
                waiting.recv(1)  # nothing is ever sent: returns when the other end is gone
            except OSError:
                pass

    def _run(self):
        while True:
            held = self._take()
            if held is not None:
                break
            self._wait()
        uwsgi.log("python: %s runs in worker %d, and in no other" % (self.f.__name__, uwsgi.worker_id()))
        self.f()
        while True:  # held for as long as this process lives
            sleep(3600)

    def __call__(self, *args, **kwargs):
        return self.f(*args, **kwargs)


# ---- spooler ----


def manage_spool_request(message):
    """Runs the function that a spooled task names; what the spooler calls."""

    def text(value):
        return value.decode() if isinstance(value, bytes) else value

    task = {text(key): value for key, value in message.items()}
    function = spooler_functions[text(task.pop("ud_spool_func"))]
    packed = task.pop("args", None)
    args, kwargs = pickle.loads(packed) if packed is not None else ((task,), {})
    result = function(*args, **kwargs)
    return int(result) if result is not None else uwsgi.SPOOL_OK


uwsgi.spooler = manage_spool_request


class _spoolraw(object):
    def __init__(self, f, pass_arguments=False):
        self.f = f
        self.pass_arguments = pass_arguments
        self.base_dict = {b"ud_spool_func": _spooler_name(f).encode()}
        spooler_functions[_spooler_name(f)] = self

    def __call__(self, *args, **kwargs):
        return self.f(*args, **kwargs)

    def spool(self, *args, **kwargs):
        arguments = dict(self.base_dict)
        arguments.update({key.encode() if isinstance(key, str) else key: value for key, value in kwargs.items()})
        if self.pass_arguments:
            arguments = {key: value for key, value in arguments.items() if key in _SPOOLER_KEYS or key in self.base_dict}
            own = {key: value for key, value in kwargs.items() if key.encode() not in _SPOOLER_KEYS}
            arguments[b"args"] = pickle.dumps((args, own))
        elif args:
            arguments.update(args[0])
        return uwsgi.spool(arguments)

    delay = spool


_SPOOLER_KEYS = (b"spooler", b"priority", b"at", b"body")


class _spool(_spoolraw):
    def __call__(self, *args, **kwargs):
        self.f(*args, **kwargs)
        return uwsgi.SPOOL_OK


class _spoolforever(_spoolraw):
    def __call__(self, *args, **kwargs):
        self.f(*args, **kwargs)
        return uwsgi.SPOOL_RETRY


def _spool_decorator(kind, f=None, pass_arguments=False):
    def decorate(function):
        function.spool = kind(function, pass_arguments).spool
        return function

    return decorate(f) if f is not None else decorate


spoolraw = partial(_spool_decorator, _spoolraw)
spool = partial(_spool_decorator, _spool)
spoolforever = partial(_spool_decorator, _spoolforever)


# ---- mules and farms ----


def mule_msg_dispatcher(message):
    """Runs the function that a message to a mule names; what a mule calls for each message."""
    task = pickle.loads(message)
    return mule_functions[task["func"]](*task["args"], **task["kwargs"])


uwsgi.mule_msg_hook = mule_msg_dispatcher


class mulefunc(object):
    """Runs a function in a mule instead of here: @mulefunc (any), @mulefunc(2) or @mulefunc("farm")."""

    def __init__(self, f):
        self.mule = 0
        self.fname = None
        if callable(f):
            self._set_function(f)
        else:
            self.mule = f

    def _set_function(self, f):
        self.fname = f.__name__
        mule_functions[self.fname] = f

    def real_call(self, *args, **kwargs):
        return uwsgi.mule_msg(pickle.dumps({"func": self.fname, "args": args, "kwargs": kwargs}), self.mule)

    def __call__(self, *args, **kwargs):
        if self.fname is None:
            self._set_function(args[0])
            return self.real_call
        return self.real_call(*args, **kwargs)


class mule_brain(object):
    """What a mule runs: a function in a thread of its own, once."""

    def __init__(self, f, num):
        self.num = num
        self.f = f
        if uwsgi.mule_id() == num:
            self._start()

    def _start(self):
        thread = Thread(target=self._run)
        thread.daemon = True
        thread.start()

    def _run(self):
        self.f()


class mule_brainloop(mule_brain):
    """Like mule_brain, again and again."""

    def _run(self):
        while True:
            self.f()


class mule(object):
    """Runs a function in mule number num: @mule(1)."""

    brain = mule_brain

    def __init__(self, num):
        self.num = num

    def __call__(self, f):
        brain, num = self.brain, self.num
        postfork_chain.append(lambda: brain(f, num))
        return f


class muleloop(mule):
    """Runs a function in mule number num for ever: @muleloop(1)."""

    brain = mule_brainloop


class mulemsg_loop(object):
    """Calls a function with each message that mule number num gets."""

    def __init__(self, f, num):
        self.num = num
        self.f = f
        if uwsgi.mule_id() == num:
            thread = Thread(target=self._run)
            thread.daemon = True
            thread.start()

    def _run(self):
        while True:
            message = uwsgi.mule_get_msg()
            if message:
                self.f(message)


class mulemsg(object):
    """Decorator for mulemsg_loop: @mulemsg(1)."""

    def __init__(self, num):
        self.num = num

    def __call__(self, f):
        num = self.num
        postfork_chain.append(lambda: mulemsg_loop(f, num))
        return f


class farm_loop(object):
    """Calls a function with each message to a farm that this mule belongs to."""

    def __init__(self, f, farm):
        self.f = f
        self.farm = farm
        if uwsgi.mule_id() and uwsgi.in_farm(farm):
            thread = Thread(target=self._run)
            thread.daemon = True
            thread.start()

    def _run(self):
        while True:
            message = uwsgi.farm_get_msg()
            if message:
                self.f(message)


class farm(object):
    """Decorator for farm_loop: @farm("name"); with no name, the first farm."""

    def __init__(self, name=None, **kwargs):
        self.name = name

    def __call__(self, f):
        name = self.name
        postfork_chain.append(lambda: farm_loop(f, name))
        return f


# ---- signals, timers, files ----


class signal(object):
    """Calls a function when a signal is raised: @signal(17), @signal(17, target="workers")."""

    def __init__(self, num, **kwargs):
        self.num = num
        self.target = kwargs.get("target", "")

    def __call__(self, f):
        uwsgi.register_signal(self.num, self.target, f)
        return f


class timer(object):
    """Calls a function every so many seconds: @timer(3), with signum= and target= if wanted."""

    def __init__(self, secs, **kwargs):
        self.num = kwargs.get("signum")
        self.secs = secs
        self.target = kwargs.get("target", "")

    def __call__(self, f):
        num = self.num if self.num is not None else _signal_for("timer", f, self.secs, self.target)
        uwsgi.register_signal(num, self.target, f)
        uwsgi.add_timer(num, self.secs)
        return f


class rbtimer(object):
    """A timer that may stop: @rbtimer(3, iterations=5)."""

    def __init__(self, secs, **kwargs):
        self.num = kwargs.get("signum")
        self.secs = secs
        self.iterations = kwargs.get("iterations", 0)
        self.target = kwargs.get("target", "")

    def __call__(self, f):
        num = self.num
        if num is None:
            num = _signal_for("rbtimer", f, self.secs, self.iterations, self.target)
        uwsgi.register_signal(num, self.target, f)
        uwsgi.add_rb_timer(num, self.secs, self.iterations)
        return f


class cron(object):
    """Calls a function at the minutes that match: @cron(minute, hour, day, month, weekday); -1 any, -n every n."""

    def __init__(self, minute, hour, day, month, dayweek, **kwargs):
        self.num = kwargs.get("signum")
        self.when = (minute, hour, day, month, dayweek)
        self.target = kwargs.get("target", "")

    def __call__(self, f):
        num = self.num if self.num is not None else _signal_for("cron", f, self.when, self.target)
        uwsgi.register_signal(num, self.target, f)
        uwsgi.add_cron(num, *self.when)
        return f


class filemon(object):
    """Calls a function when a file or folder changes: @filemon("/path")."""

    def __init__(self, fsobj, **kwargs):
        self.num = kwargs.get("signum")
        self.fsobj = fsobj
        self.target = kwargs.get("target", "")

    def __call__(self, f):
        num = self.num if self.num is not None else _signal_for("filemon", f, self.fsobj, self.target)
        uwsgi.register_signal(num, self.target, f)
        uwsgi.add_file_monitor(num, self.fsobj)
        return f


class rpc(object):
    """Lets other processes call a function by name: @rpc("name")."""

    def __init__(self, name):
        self.name = name

    def __call__(self, f):
        uwsgi.register_rpc(self.name, f)
        return f


class erlang(object):
    """Kept for its name: there is no Erlang node in this server."""

    def __init__(self, name):
        self.name = name

    def __call__(self, f):
        uwsgi.erlang_register_process(self.name, f)
        return f


# ---- calls ----


class lock(object):
    """One call at a time in the whole server: @lock."""

    def __init__(self, f):
        self.f = f

    def __call__(self, *args, **kwargs):
        uwsgi.lock()
        try:
            return self.f(*args, **kwargs)
        finally:
            uwsgi.unlock()


class thread(object):
    """Each call runs in a thread of its own: @thread."""

    def __init__(self, f):
        self.f = f

    def __call__(self, *args, **kwargs):
        started = Thread(target=self.f, args=args, kwargs=kwargs)
        started.daemon = True
        started.start()
        return self.f


class harakiri(object):
    """A call that may take so many seconds: @harakiri(30)."""

    def __init__(self, seconds):
        self.s = seconds

    def real_call(self, *args, **kwargs):
        uwsgi.set_user_harakiri(self.s)
        try:
            return self.f(*args, **kwargs)
        finally:
            uwsgi.set_user_harakiri(0)

    def __call__(self, f):
        self.f = f
        return wraps(f)(self.real_call)
