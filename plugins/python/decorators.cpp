#include "decorators.h"

#include "cpython.h"
#include "embedded_text.h"

MORTISE_EMBEDDED_TEXT(mortise_decorators_source, MORTISE_DECORATORS_FILE);

namespace mortise::python {

namespace {

int run(PyObject *module) {
  PyRef code(Py_CompileString(mortise_decorators_source, "<uwsgidecorators>", Py_file_input));
  PyObject *globals = PyModule_GetDict(module);
  if (!code || PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins())) return -1;
  PyRef result(PyEval_EvalCode(code.get(), globals, globals));
  return result ? 0 : -1;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void *>(run)},
#ifdef Py_mod_multiple_interpreters
                            {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
                            {0, nullptr}};
PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "uwsgidecorators", .m_size = 0, .m_slots = slots};

}  // namespace

void offer_decorators_module() {
  PyImport_AppendInittab("uwsgidecorators", [] { return PyModuleDef_Init(&definition); });
}

}  // namespace mortise::python
