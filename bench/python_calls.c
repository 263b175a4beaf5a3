/* The bare CPython calls of a hello request, without any server: the environ that a server must build, the
 * call, the answer read. Prints nanoseconds for each request; what bench/python.py compares the plugin with.
 *
 * python_calls [REQUESTS [scratch]] */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The variables of wrk's request, as bytes. */
static const char *const kVariables[][2] = {
    {"REQUEST_METHOD", "GET"},
    {"REQUEST_URI", "/"},
    {"PATH_INFO", "/"},
    {"QUERY_STRING", ""},
    {"SERVER_PROTOCOL", "HTTP/1.1"},
    {"SCRIPT_NAME", ""},
    {"SERVER_NAME", "localhost"},
    {"SERVER_PORT", "45613"},
    {"REMOTE_ADDR", "127.0.0.1"},
    {"REMOTE_PORT", "51234"},
    {"REQUEST_SCHEME", "http"},
    {"HTTP_HOST", "127.0.0.1:45613"},
};
enum { kCount = sizeof kVariables / sizeof *kVariables };

static PyObject *names[kCount];
static char answer[4096];
static size_t answer_len;

static int append(PyObject *text) {
  if (!PyUnicode_Check(text) || PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND) return -1;
  size_t len = (size_t)PyUnicode_GET_LENGTH(text);
  memcpy(answer + answer_len, PyUnicode_1BYTE_DATA(text), len);
  answer_len += len;
  return 0;
}

static PyObject *start_response(PyObject *self, PyObject *const *args, Py_ssize_t count) {
  (void)self;
  if (count < 2 || append(args[0]) || !PyList_Check(args[1])) return NULL;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[1]); ++i) {
    PyObject *header = PyList_GET_ITEM(args[1], i);
    if (append(PyTuple_GET_ITEM(header, 0)) || append(PyTuple_GET_ITEM(header, 1))) return NULL;
  }
  Py_RETURN_NONE;
}
static PyMethodDef start_response_method = {"start_response", (PyCFunction)(void *)start_response,
                                            METH_FASTCALL, NULL};

/* What a server without prepared objects would do: a new dict, new names, a new start_response. */
static int from_scratch = 0;

static PyObject *build_from_scratch(PyObject *prepared) {
  PyObject *environ = PyDict_New(), *name = NULL, *value = NULL;
  for (Py_ssize_t at = 0; PyDict_Next(prepared, &at, &name, &value);) {
    PyObject *fresh = PyUnicode_FromString(PyUnicode_AsUTF8(name));
    PyDict_SetItem(environ, fresh, value);
    Py_DECREF(fresh);
  }
  for (int i = 0; i < kCount; ++i) {
    PyObject *fresh = PyUnicode_FromString(kVariables[i][0]), *text = PyUnicode_FromString(kVariables[i][1]);
    PyDict_SetItem(environ, fresh, text);
    Py_DECREF(fresh);
    Py_DECREF(text);
  }
  return environ;
}

static PyObject *build_from_prepared(PyObject *prepared) {
  PyObject *environ = PyDict_Copy(prepared);
  for (int i = 0; environ && i < kCount; ++i) {
    PyObject *value = PyUnicode_DecodeLatin1(kVariables[i][1], (Py_ssize_t)strlen(kVariables[i][1]), NULL);
    PyDict_SetItem(environ, names[i], value);
    Py_XDECREF(value);
  }
  return environ;
}

static int serve(PyObject *application, PyObject *prepared, PyObject *input_name, PyObject *input,
                 PyObject *callable) {
  PyObject *environ = from_scratch ? build_from_scratch(prepared) : build_from_prepared(prepared);
  PyDict_SetItem(environ, input_name, input);
  PyObject *args[] = {NULL, environ, callable};
  answer_len = 0;
  PyObject *result = PyObject_Vectorcall(application, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
  if (!result) return PyErr_Print(), -1;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(result); ++i) {
    PyObject *part = PyList_GET_ITEM(result, i);
    memcpy(answer + answer_len, PyBytes_AS_STRING(part), (size_t)PyBytes_GET_SIZE(part));
    answer_len += (size_t)PyBytes_GET_SIZE(part);
  }
  Py_DECREF(result);
  Py_DECREF(environ);
  return 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000;
  from_scratch = argc > 2;
  Py_Initialize();
  PyRun_SimpleString(
      "import io\n"
      "def application(environ, start_response):\n"
      "    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '12')])\n"
      "    return [b'Hello World\\n']\n"
      "prepared = {'wsgi.version': (1, 0), 'wsgi.url_scheme': 'http', 'wsgi.input': None, 'wsgi.errors': "
      "io.StringIO(),\n"
      "    'wsgi.multithread': False, 'wsgi.multiprocess': False, 'wsgi.run_once': False, "
      "'wsgi.input_terminated': True,\n"
      "    'wsgi.file_wrapper': io.BytesIO, 'uwsgi.version': b'', 'uwsgi.node': b''}\n");
  PyObject *globals = PyModule_GetDict(PyImport_AddModule("__main__"));
  PyObject *application = PyDict_GetItemString(globals, "application");
  PyObject *prepared = PyDict_GetItemString(globals, "prepared");
  PyObject *callable = PyCFunction_New(&start_response_method, NULL);
  PyObject *input_name = PyUnicode_InternFromString("wsgi.input");
  for (int i = 0; i < kCount; ++i) names[i] = PyUnicode_InternFromString(kVariables[i][0]);
  PyThreadState *state = PyEval_SaveThread();
  double started = now();
  for (long i = 0; i < count; ++i) {
    PyEval_RestoreThread(state); /* as a server does, for each request */
    if (serve(application, prepared, input_name, Py_None, callable)) return 1;
    state = PyEval_SaveThread();
  }
  printf("%.1f\n", (now() - started) / (double)count);
  return 0;
}
