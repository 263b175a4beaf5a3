// Functions of the module uwsgi that act on the server and its workers.
#include <uwsgi.h>

#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "app_board.h"
#include "gil.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

PyObject *worker_id(PyObject *, PyObject *) {
  return PyLong_FromLong(uwsgi.mywid);
}
PyObject *mule_id(PyObject *, PyObject *) {
  return PyLong_FromLong(uwsgi.muleid);
}
PyObject *masterpid(PyObject *, PyObject *) {
  return PyLong_FromLong(uwsgi_master_pid());
}
PyObject *micros(PyObject *, PyObject *) {
  return PyLong_FromUnsignedLongLong(uwsgi_micros());
}

// Counters in shared memory: cores count while they are read.
unsigned long long number(const uint64_t &counter) {
  return __atomic_load_n(&counter, __ATOMIC_RELAXED);
}

PyObject *total_requests(PyObject *, PyObject *) {
  unsigned long long total = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) total += number(uwsgi.workers[wid].requests);
  return PyLong_FromUnsignedLongLong(total);
}

PyObject *signal_master(int signum) {
  if (kill(uwsgi_master_pid(), signum)) return PyErr_SetFromErrno(PyExc_OSError);
  Py_RETURN_TRUE;
}
PyObject *reload(PyObject *, PyObject *) {
  return signal_master(SIGHUP);
}
PyObject *stop(PyObject *, PyObject *) {
  return signal_master(SIGTERM);
}

// str or bytes as UTF-8.
PyRef as_bytes(PyObject *text) {
  if (PyBytes_Check(text)) return PyRef::borrow(text);
  if (PyUnicode_Check(text)) return PyRef(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  PyErr_Format(PyExc_TypeError, "str or bytes needed, not %s", Py_TYPE(text)->tp_name);
  return {};
}

PyObject *log(PyObject *, PyObject *text) {
  PyRef line = as_bytes(text);
  if (!line) return nullptr;
  uwsgi_log("%s\n", PyBytes_AS_STRING(line.get()));
  Py_RETURN_TRUE;
}

PyObject *setprocname(PyObject *, PyObject *text) {
  PyRef name = as_bytes(text);
  if (!name) return nullptr;
  uwsgi_set_processname(PyBytes_AS_STRING(name.get()));
  Py_RETURN_NONE;
}

PyObject *mem(PyObject *, PyObject *) {
  unsigned long long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  int read = file ? fscanf(file, "%llu %llu", &pages, &resident) : 0;
  if (file) fclose(file);
  if (read != 2) return PyErr_SetFromErrno(PyExc_OSError);
  const auto page = static_cast<unsigned long long>(sysconf(_SC_PAGESIZE));
  return Py_BuildValue("(KK)", resident * page, pages * page);
}

PyObject *accepting(PyObject *, PyObject *args) {
  int on = 1;
  if (!PyArg_ParseTuple(args, "|p:accepting", &on)) return nullptr;
  uwsgi.workers[uwsgi.mywid].accepting = on;
  Py_RETURN_NONE;
}

PyObject *ready(PyObject *, PyObject *) {
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (__atomic_load_n(&uwsgi.workers[wid].accepting, __ATOMIC_RELAXED)) Py_RETURN_TRUE;
  Py_RETURN_NONE;
}

PyObject *i_am_the_spooler(PyObject *, PyObject *) {
  if (uwsgi.i_am_a_spooler) Py_RETURN_TRUE;
  Py_RETURN_NONE;
}

PyObject *set_warning_message(PyObject *, PyObject *text) {
  PyRef message = as_bytes(text);
  if (!message) return nullptr;
  char(&place)[sizeof uwsgi.shared->warning_message] = uwsgi.shared->warning_message;
  if (static_cast<size_t>(PyBytes_GET_SIZE(message.get())) >= sizeof place) {
    PyErr_Format(PyExc_ValueError, "a warning may have %zu bytes", sizeof place - 1);
    return nullptr;
  }
  snprintf(place, sizeof place, "%s", PyBytes_AS_STRING(message.get()));
  Py_RETURN_TRUE;
}

PyObject *logsize(PyObject *, PyObject *) {
  struct stat info {};
  const bool known = uwsgi.logfile ? stat(uwsgi.logfile, &info) == 0 : fstat(STDERR_FILENO, &info) == 0;
  return PyLong_FromLongLong(known && S_ISREG(info.st_mode) ? info.st_size : 0);
}

PyObject *listen_queue(PyObject *, PyObject *args) {
  int index = 0;
  if (!PyArg_ParseTuple(args, "|i:listen_queue", &index)) return nullptr;
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (index-- == 0) return PyLong_FromUnsignedLongLong(socket->queue);
  PyErr_SetString(PyExc_ValueError, "the server has no listening socket of that number");
  return nullptr;
}

const char *status_of(const uwsgi_worker &worker) {
  if (worker.pid == 0) return "dead";
  if (worker.cheaped) return "cheap";
  if (worker.suspended) return "pause";
  return uwsgi_worker_is_busy(worker.id) ? "busy" : "idle";
}

PyRef describe_app(const AppNotice &app, int id) {
  constexpr int kModifier = 0;
  return PyRef(Py_BuildValue("{s:i,s:i,s:y#,s:L,s:K,s:K,s:K,s:K,s:y}", "id", id, "modifier1", kModifier,
                             "mountpoint", app.mountpoint, static_cast<Py_ssize_t>(app.mountpoint_len),
                             "startup_time", static_cast<long long>(app.startup_time), "interpreter",
                             number(app.interpreter), "callable", number(app.callable), "requests",
                             number(app.requests), "exceptions", number(app.exceptions), "chdir", app.chdir));
}

PyRef describe_apps(int wid) {
  PyRef list(PyList_New(0));
  for (int id = 0; list; ++id) {
    const AppNotice *notice = app_notice(wid, id);
    if (!notice) break;
    if (!notice->used) continue;
    PyRef app = describe_app(*notice, id);
    if (!app || PyList_Append(list.get(), app.get())) return {};
  }
  return list ? PyRef(PyList_AsTuple(list.get())) : PyRef();
}

PyRef describe_worker(const uwsgi_worker &worker) {
  PyRef apps = describe_apps(worker.id);
  if (!apps) return {};
  return PyRef(
      Py_BuildValue("{s:i,s:i,s:K,s:K,s:K,s:K,s:y,s:K,s:K,s:K,s:L,s:K,s:K,s:K,s:O}", "id", worker.id, "pid",
                    static_cast<int>(worker.pid), "requests", number(worker.requests), "delta_requests",
                    number(worker.delta_requests), "signals", number(worker.signals), "exceptions",
                    number(worker.exceptions), "status", status_of(worker), "rss", number(worker.rss_size),
                    "vsz", number(worker.vsz_size), "running_time", number(worker.running_time), "last_spawn",
                    static_cast<long long>(worker.last_spawn), "respawn_count", number(worker.respawn_count),
                    "tx", number(worker.tx), "avg_rt", number(worker.avg_response_time), "apps", apps.get()));
}

PyObject *workers(PyObject *, PyObject *) {
  PyRef all(PyTuple_New(uwsgi.numproc));
  for (int wid = 1; all && wid <= uwsgi.numproc; ++wid) {
    PyRef worker = describe_worker(uwsgi.workers[wid]);
    if (!worker) return nullptr;
    PyTuple_SET_ITEM(all.get(), wid - 1, worker.release());
  }
  return all.release();
}

}  // namespace

PyMethodDef server_functions[] = {
    {"worker_id", worker_id, METH_NOARGS,
     PyDoc_STR("worker_id()\n--\n\nNumber of this worker, 1 to numproc; 0 in any other process.")},
    {"mule_id", mule_id, METH_NOARGS,
     PyDoc_STR("mule_id()\n--\n\nNumber of this mule; 0 in any other process.")},
    {"masterpid", masterpid, METH_NOARGS, PyDoc_STR("masterpid()\n--\n\nProcess id of the master.")},
    {"workers", workers, METH_NOARGS,
     PyDoc_STR(
         "workers()\n--\n\nA dict for each worker: id, pid, status (bytes), requests, exceptions, tx, avg_rt "
         "(microseconds), running_time (microseconds), apps and more.")},
    {"total_requests", total_requests, METH_NOARGS,
     PyDoc_STR("total_requests()\n--\n\nRequests that all workers have answered.")},
    {"accepting", accepting, METH_VARARGS,
     PyDoc_STR("accepting(on=True)\n--\n\nSays that this worker accepts connections: for programs of "
               "python-worker-override.")},
    {"ready", ready, METH_NOARGS,
     PyDoc_STR("ready()\n--\n\nTrue once a worker accepts connections, None before.")},
    {"i_am_the_spooler", i_am_the_spooler, METH_NOARGS,
     PyDoc_STR("i_am_the_spooler()\n--\n\nTrue in a spooler, None in any other process.")},
    {"set_warning_message", set_warning_message, METH_O,
     PyDoc_STR("set_warning_message(text)\n--\n\nWhat the server answers to pings of the uwsgi protocol "
               "(modifier 100); \"\" for nothing.")},
    {"logsize", logsize, METH_NOARGS,
     PyDoc_STR("logsize()\n--\n\nBytes of the log file, 0 where the log is no file.")},
    {"listen_queue", listen_queue, METH_VARARGS,
     PyDoc_STR("listen_queue(socket=0)\n--\n\nConnections that wait to be accepted, as last sampled.")},
    {"mem", mem, METH_NOARGS, PyDoc_STR("mem()\n--\n\n(resident, virtual) bytes of this process.")},
    {"micros", micros, METH_NOARGS, PyDoc_STR("micros()\n--\n\nMicroseconds since 1970.")},
    {"log", log, METH_O, PyDoc_STR("log(text)\n--\n\nWrites a line (str or bytes) to the server log.")},
    {"setprocname", setprocname, METH_O,
     PyDoc_STR("setprocname(name)\n--\n\nRenames this process in ps(1).")},
    {"reload", reload, METH_NOARGS,
     PyDoc_STR("reload()\n--\n\nAsks the master to replace all workers; returns at once.")},
    {"stop", stop, METH_NOARGS,
     PyDoc_STR("stop()\n--\n\nAsks the master to stop the server; returns at once.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
