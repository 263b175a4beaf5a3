#include "uwsgi_module.h"

#include "interpreter.h"

#include <uwsgi.h>

#include <grp.h>
#include <pwd.h>

#include <string>

namespace mortise::python {

namespace {

// What agents and applications compare with: the release of uWSGI that this server can stand in for.
constexpr char kCompatibleVersion[] = "2.0.31";
constexpr int kCompatibleParts[] = {2, 0, 31};

bool set(PyObject *target, const char *name, PyRef value) {
  return value && PyObject_SetAttrString(target, name, value.get()) == 0;
}
PyRef integer(long long value) {
  return PyRef(PyLong_FromLongLong(value));
}
PyRef bytes(const char *text) {
  return PyRef(PyBytes_FromString(text));
}
PyRef none() {
  return PyRef::borrow(Py_None);
}

PyRef own_version() {
  return PyRef(PyUnicode_FromFormat("%d.%d.%d", UWSGI_SDK_RELEASE >> 16, UWSGI_SDK_RELEASE >> 8 & 0xff,
                                    UWSGI_SDK_RELEASE & 0xff));
}

bool is_a_reload() {
  auto *generation = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "uwsgi_generation"));
  return generation && generation() > 0;
}

PyRef listening_sockets() {
  PyRef fds(PyList_New(0));
  for (uwsgi_socket *socket = uwsgi.sockets; fds && socket; socket = socket->next) {
    PyRef fd = integer(socket->fd);
    if (!fd || PyList_Append(fds.get(), fd.get())) return {};
  }
  return fds;
}

long long start_time() {
  return static_cast<long long>((uwsgi.start_tv_us ? uwsgi.start_tv_us : uwsgi_micros()) / 1000000);
}

PyRef spooler_folders() {
  PyRef folders(PyList_New(0));
  for (uwsgi_spooler *spooler = uwsgi.spoolers; folders && spooler; spooler = spooler->next) {
    PyRef folder = bytes(spooler->dir);
    if (!folder || PyList_Append(folders.get(), folder.get())) return {};
  }
  return folders ? PyRef(PyList_AsTuple(folders.get())) : PyRef();
}

// What the placeholders %V, %h and so on of configuration files stand for, those that belong to no file.
PyRef magic_table() {
  char folder[PATH_MAX] = "";
  if (!getcwd(folder, sizeof folder)) *folder = '\0';
  const std::string uid = std::to_string(getuid()), gid = std::to_string(getgid()),
                    cpus = std::to_string(sysconf(_SC_NPROCESSORS_ONLN)),
                    started = std::to_string(start_time()),
                    started_us = std::to_string(uwsgi.start_tv_us ? uwsgi.start_tv_us : uwsgi_micros());
  const passwd *user = getpwuid(getuid());
  const group *its_group = getgrgid(getgid());
  return PyRef(Py_BuildValue("{y:y,y:y,y:y,y:y,y:y,y:y,y:y,y:y,y:y,y:y,y:y,y:y}", "%", "%", "(", "%(", "V",
                             kCompatibleVersion, "h", uwsgi.hostname, "v", folder, "u", uid.c_str(), "g",
                             gid.c_str(), "U", user ? user->pw_name : uid.c_str(), "G",
                             its_group ? its_group->gr_name : gid.c_str(), "k", cpus.c_str(), "t",
                             started.c_str(), "T", started_us.c_str()));
}

bool set_constants(PyObject *m) {
  return set(m, "started_on", integer(start_time())) && set(m, "version", bytes(kCompatibleVersion)) &&
         set(m, "version_info",
             PyRef(Py_BuildValue("(iiiiy)", kCompatibleParts[0], kCompatibleParts[1], kCompatibleParts[2], 0,
                                 ""))) &&
         set(m, "mortise_version", own_version()) && set(m, "SPOOL_RETRY", integer(-1)) &&
         set(m, "SPOOL_OK", integer(-2)) && set(m, "SPOOL_IGNORE", integer(0)) &&
         set(m, "applications", none()) && set(m, "unbit", none());
}

// There only where there is what they tell of, as in uWSGI.
bool set_facts_of_plugins(PyObject *m) {
  if (uwsgi.queue_size && !set(m, "queue_size", integer(static_cast<long long>(uwsgi.queue_size))))
    return false;
  return !uwsgi.spoolers || set(m, "spoolers", spooler_folders());
}

bool set_server_facts(PyObject *m) {
  return set(m, "opt", make_option_dict()) && set(m, "hostname", bytes(uwsgi.hostname)) &&
         set(m, "numproc", integer(uwsgi.numproc)) && set(m, "cores", integer(uwsgi.cores)) &&
         set(m, "threads", integer(uwsgi.threads)) && set(m, "has_threads", integer(1)) &&
         set(m, "buffer_size", integer(uwsgi.buffer_size)) && set(m, "magic_table", magic_table()) &&
         set(m, "loop", uwsgi.loop ? bytes(uwsgi.loop) : none()) &&
         set(m, "pidfile", uwsgi.pidfile ? bytes(uwsgi.pidfile) : none()) &&
         set(m, "is_a_reload", PyRef(PyBool_FromLong(is_a_reload()))) &&
         set(m, "sockets", listening_sockets()) && set_facts_of_plugins(m);
}

int fill(PyObject *m) {
  if (!this_interpreter_is_ours()) {
    PyErr_SetString(PyExc_ImportError, "the module uwsgi is not for interpreters that the application makes");
    return -1;
  }
  for (PyMethodDef *functions :
       {server_functions, request_functions, signal_functions, timer_functions, lock_functions,
        wait_functions, connection_functions, body_functions, file_functions, legion_functions})
    if (PyModule_AddFunctions(m, functions)) return -1;
  return set_constants(m) && set_server_facts(m) ? 0 : -1;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void *>(fill)},
#ifdef Py_mod_multiple_interpreters
                            {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
                            {0, nullptr}};
PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "uwsgi",
    .m_doc = PyDoc_STR(
        "What an application can ask of the server that runs it. Importing it fails anywhere else."),
    .m_size = 0,
    .m_slots = slots,
};

}  // namespace

void offer_uwsgi_module() {
  PyImport_AppendInittab("uwsgi", [] { return PyModuleDef_Init(&definition); });
}

bool create_uwsgi_module(Interpreter &interpreter) {
  interpreter.module = PyImport_ImportModule("uwsgi");
  return interpreter.module != nullptr;
}

void refresh_uwsgi_module() {
  if (!set_server_facts(this_interpreter().module)) PyErr_Clear();
}

PyRef uwsgi_module_attribute(const char *name) {
  PyRef key(PyUnicode_FromString(name));
  PyRef value;
  // Its dict, as hasattr() would raise an exception first where there is none.
  if (key)
    value = PyRef::borrow(PyDict_GetItemWithError(PyModule_GetDict(this_interpreter().module), key.get()));
  PyErr_Clear();
  if (value.get() == Py_None) value.reset();
  return value;
}

}  // namespace mortise::python
