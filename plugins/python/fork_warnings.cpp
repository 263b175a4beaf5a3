#include "fork_warnings.h"

#include <filesystem>
#include <string>
#include <system_error>

#include "cpython.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

// Names of the threads that Python knows besides the main one; empty when there are none.
std::string names_of_threads() {
  PyObject *modules = PyImport_GetModuleDict();
  PyObject *threading = PyDict_GetItemString(modules, "threading");
  if (!threading) return {};
  PyRef threads(PyObject_CallMethod(threading, "enumerate", nullptr));
  PyRef main(PyObject_CallMethod(threading, "main_thread", nullptr));
  std::string names;
  for (Py_ssize_t i = 0; threads && main && i < PyList_Size(threads.get()); ++i) {
    PyObject *thread = PyList_GetItem(threads.get(), i);
    if (thread == main.get()) continue;
    PyRef name(PyObject_GetAttrString(thread, "name"));
    const char *text = name && PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : nullptr;
    names += (names.empty() ? "'" : ", '") + std::string(text ? text : "?") + "'";
  }
  PyErr_Clear();
  return names;
}

void warn_of_threads() {
  static std::string last;
  std::string names = names_of_threads();
  if (names == last) return;
  last = names;
  if (names.empty()) return;
  uwsgi_log(
      "python: the master runs threads (%s): they do not exist in the workers, which are forked from it "
      "(start them in a function marked @postfork, or load the application in each worker: lazy-apps)\n",
      names.c_str());
}

// Where a descriptor is connected to, as an address; empty for what is no connection to another program.
std::string peer_of(int fd) {
  sockaddr_storage peer = {};
  socklen_t len = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &len)) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    auto *in = reinterpret_cast<sockaddr_in *>(&peer);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (peer.ss_family == AF_INET6) {
    auto *in = reinterpret_cast<sockaddr_in6 *>(&peer);
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    return std::string("[") + text + "]:" + std::to_string(ntohs(in->sin6_port));
  }
  auto *un = reinterpret_cast<sockaddr_un *>(&peer);
  return peer.ss_family == AF_UNIX && un->sun_path[0] == '/' ? un->sun_path : "";
}

std::string connections() {
  std::string list;
  std::error_code failed;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd", failed)) {
    const int fd = atoi(entry.path().filename().c_str());
    const std::string peer = peer_of(fd);
    if (!peer.empty()) list += (list.empty() ? "" : ", ") + peer + " (descriptor " + std::to_string(fd) + ")";
  }
  return list;
}

void warn_of_connections() {
  static std::string last;
  if (uwsgi.lazy_apps) return;  // the master has no application that could have opened any
  std::string list = connections();
  if (list == last) return;
  last = list;
  if (list.empty()) return;
  uwsgi_log(
      "python: the master has connections open (%s): all workers would use the same ones and get each "
      "other's answers (connect in a function marked @postfork, or load the application in each worker: "
      "lazy-apps)\n",
      list.c_str());
}

}  // namespace

void warn_of_what_a_fork_breaks() {
  warn_of_threads();
  warn_of_connections();
}

}  // namespace mortise::python
