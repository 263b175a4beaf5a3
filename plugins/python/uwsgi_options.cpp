// uwsgi.opt.
#include <uwsgi.h>

#include "uwsgi_module.h"

namespace mortise::python {

namespace {

bool set(PyObject *dict, const char *key, PyRef value) {
  return value && PyDict_SetItemString(dict, key, value.get()) == 0;
}

PyRef value_of(const uwsgi_opt &option) {
  return option.value ? PyRef(PyBytes_FromString(option.value)) : PyRef::borrow(Py_True);
}

// Agents read these to see whether threads run and whether fork hooks are called; here both are always so.
bool set_what_holds(PyObject *dict) {
  auto yes = [&](const char *key) { return set(dict, key, PyRef::borrow(Py_True)); };
  if (!yes("enable-threads") || !yes("single-interpreter") || !yes("py-call-uwsgi-fork-hooks")) return false;
  if (uwsgi.master_process && !yes("master")) return false;
  if (uwsgi.lazy_apps && !yes("lazy-apps")) return false;
  return uwsgi.threads <= 1 || set(dict, "threads", PyRef(PyBytes_FromFormat("%d", uwsgi.threads)));
}

}  // namespace

PyRef make_option_dict() {
  PyRef dict(PyDict_New());
  if (!dict) return {};
  for (int i = 0; i < uwsgi.exported_opts_cnt; ++i) {
    const uwsgi_opt &option = *uwsgi.exported_opts[i];
    PyRef key(PyUnicode_DecodeFSDefault(option.key));
    PyRef value = value_of(option);
    if (!key || !value || PyDict_SetItem(dict.get(), key.get(), value.get())) return {};
  }
  return set_what_holds(dict.get()) ? std::move(dict) : PyRef();
}

}  // namespace mortise::python
