"""The loop of --gevent: a greenlet for each connection. Run in each worker with `server`, the functions of gevent_loop.cpp."""

import gevent
import gevent.event
import gevent.hub
from gevent import getcurrent

hub = gevent.hub.get_hub()
free_cores = list(range(server.cores))
core_of = {}  # greenlet: the core that serves its connection
all_free = gevent.event.Event()
all_free.set()


class Listener:
    """Accepts while there is a free core; rests otherwise, and the backlog or another worker has the connection."""

    def __init__(self, number, fd):
        self.number = number
        self.watcher = hub.loop.io(fd, 1)

    def start(self):
        self.watcher.start(self.accept)

    def stop(self):
        self.watcher.stop()

    def accept(self):
        while free_cores:
            fd = server.accept(self.number)
            if fd < 0:
                return
            all_free.clear()
            gevent.Greenlet.spawn(serve, free_cores.pop(), self.number, fd)
        for listener in listeners:
            listener.stop()


listeners = [Listener(number, fd) for number, fd in server.listeners]
stopping = False


def serve(core, number, fd):
    greenlet = getcurrent()
    core_of[greenlet] = core
    try:
        server.serve(core, number, fd)
    finally:
        del core_of[greenlet]
        free_cores.append(core)
        if len(free_cores) == 1 and not stopping:
            for listener in listeners:
                listener.start()
        if len(free_cores) == server.cores:
            all_free.set()


def current_core():
    """Core of the calling greenlet; -1 for one that the application started."""
    return core_of.get(getcurrent(), -1)


def wait(fd, events, timeout):
    """events: 1 readable, 2 writable. True when it is ready, False after timeout seconds (negative: never)."""
    watcher = hub.loop.io(fd, events)
    try:
        with gevent.Timeout(timeout if timeout >= 0 else None, False):
            hub.wait(watcher)
            return True
        return False
    finally:
        watcher.stop()
        watcher.close()


def pause(milliseconds):
    gevent.sleep(milliseconds / 1000.0)


def run():
    global stopping
    signals = [(fd, hub.loop.io(fd, 1)) for fd in server.signals]
    for fd, watcher in signals:
        watcher.start(lambda fd=fd: gevent.Greenlet.spawn(server.receive_signal, fd))
    for listener in listeners:
        listener.start()
    wait(server.stop, 1, -1)
    stopping = True
    for listener in listeners:
        listener.accept()  # connections that woke this worker and no other one
        listener.stop()
    all_free.wait()
    for _, watcher in signals:
        watcher.stop()
