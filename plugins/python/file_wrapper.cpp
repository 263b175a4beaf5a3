#include "file_wrapper.h"

#include <sys/stat.h>

namespace mortise::python {

namespace {

struct FileWrapper {
  PyObject_HEAD PyObject *file;
  PyObject *block_size;
};

FileWrapper *of(PyObject *self) {
  return reinterpret_cast<FileWrapper *>(self);
}

PyObject *create(PyTypeObject *own_type, PyObject *args, PyObject *keywords) {
  PyObject *file = nullptr;
  Py_ssize_t block_size = 32 * 1024;
  static const char *const kNames[] = {"filelike", "block_size", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|n", const_cast<char **>(kNames), &file, &block_size))
    return nullptr;
  PyRef size(PyLong_FromSsize_t(block_size));
  PyRef self(size ? own_type->tp_alloc(own_type, 0) : nullptr);
  if (!self) return nullptr;
  of(self.get())->file = PyRef::borrow(file).release();
  of(self.get())->block_size = size.release();
  return self.release();
}

PyObject *next(PyObject *self) {
  PyRef block(PyObject_CallMethodOneArg(of(self)->file, this_interpreter().read, of(self)->block_size));
  if (!block) return nullptr;
  int more = PyObject_IsTrue(block.get());
  return more > 0 ? block.release() : nullptr;
}

PyObject *close(PyObject *self, PyObject *) {
  PyRef method;
  if (get_optional_attr(of(self)->file, this_interpreter().close, &method) < 0) return nullptr;
  if (!method) Py_RETURN_NONE;
  return PyObject_CallNoArgs(method.get());
}

int traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(of(self)->file);
  return 0;
}

int clear(PyObject *self) {
  Py_CLEAR(of(self)->file);
  Py_CLEAR(of(self)->block_size);
  return 0;
}

void destroy(PyObject *self) {
  PyTypeObject *own_type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  own_type->tp_free(self);
  Py_DECREF(own_type);
}

PyMethodDef methods[] = {
    {"close", close, METH_NOARGS, PyDoc_STR("close()\n--\n\nCloses the file, if it can be closed.")},
    {nullptr, nullptr, 0, nullptr}};

// A number that a method returns, -1 when there is none.
long long number_from(PyObject *object, const char *method) {
  PyRef result(PyObject_CallMethod(object, method, nullptr));
  long long number = result ? PyLong_AsLongLong(result.get()) : -1;
  if (PyErr_Occurred()) number = -1;
  PyErr_Clear();
  return number;
}

bool is_plain_file(const Interpreter &types, PyObject *file) {
  PyObject *its_type = reinterpret_cast<PyObject *>(Py_TYPE(file));
  if (its_type == types.raw_file_type) return true;
  if (its_type != types.buffered_reader_type && its_type != types.buffered_random_type) return false;
  PyRef raw;
  bool found = get_optional_attr(file, types.raw, &raw) > 0;
  PyErr_Clear();
  return found && reinterpret_cast<PyObject *>(Py_TYPE(raw.get())) == types.raw_file_type;
}

}  // namespace

bool create_file_wrapper_type(Interpreter &types) {
  PyType_Slot slots[] = {
      {Py_tp_doc,
       slot("FileWrapper(filelike, block_size=32768)\n--\n\nIterates over blocks of a file; the server "
            "sends a regular file without reading it (wsgi.file_wrapper, PEP 3333).")},
      {Py_tp_new, slot(create)},
      {Py_tp_dealloc, slot(destroy)},
      {Py_tp_traverse, slot(traverse)},
      {Py_tp_clear, slot(clear)},
      {Py_tp_iter, slot(PyObject_SelfIter)},
      {Py_tp_iternext, slot(next)},
      {Py_tp_methods, slot(methods)},
      {0, nullptr}};
  PyType_Spec spec = {"uwsgi.FileWrapper", sizeof(FileWrapper), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                      slots};
  types.file_wrapper_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&spec));
  PyRef io(PyImport_ImportModule("io"));
  if (!types.file_wrapper_type || !io) return false;
  types.raw_file_type = PyObject_GetAttrString(io.get(), "FileIO");
  types.buffered_reader_type = PyObject_GetAttrString(io.get(), "BufferedReader");
  types.buffered_random_type = PyObject_GetAttrString(io.get(), "BufferedRandom");
  return types.raw_file_type && types.buffered_reader_type && types.buffered_random_type;
}

bool find_file_source(const Interpreter &types, PyObject *result, FileSource *source) {
  if (Py_TYPE(result) != types.file_wrapper_type || !is_plain_file(types, of(result)->file)) return false;
  PyObject *file = of(result)->file;
  long long fd = number_from(file, "fileno"), position = number_from(file, "tell");
  struct stat info {};
  if (fd < 0 || position < 0 || fstat(static_cast<int>(fd), &info) || !S_ISREG(info.st_mode)) return false;
  source->fd = static_cast<int>(fd);
  source->position = static_cast<size_t>(position);
  source->bytes = info.st_size > position ? static_cast<size_t>(info.st_size - position) : 0;
  return true;
}

}  // namespace mortise::python
