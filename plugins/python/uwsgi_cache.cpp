// Functions of the module uwsgi that act on caches.

#include <string>
#include <vector>

#include "provided_functions.h"

namespace mortise::python {

namespace {

struct Key {
  const char *bytes = nullptr;
  Py_ssize_t len = 0;
  uint16_t size() const { return static_cast<uint16_t>(len); }
  bool fits() const {
    if (len <= UINT16_MAX) return true;
    PyErr_SetString(PyExc_ValueError, "a key may have 65535 bytes");
    return false;
  }
};

bool is_period(long long expires) {
  if (expires >= 0) return true;
  PyErr_SetString(PyExc_ValueError, "expires is a number of seconds from now, 0 for never");
  return false;
}

PyObject *cache_get(PyObject *, PyObject *args) {
  Key key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s#|z:cache_get", &key.bytes, &key.len, &cache) || !key.fits()) return nullptr;
  uint64_t len = 0;
  char *value = without_gil(
      [&] { return MORTISE_PROVIDED(uwsgi_cache_magic_get)(key.bytes, key.size(), &len, nullptr, cache); });
  return take_bytes(value, len);
}

PyObject *set_value(PyObject *args, const char *format, uint64_t flags) {
  Key key;
  const char *value = nullptr, *cache = nullptr;
  Py_ssize_t len = 0;
  long long expires = 0;
  if (!PyArg_ParseTuple(args, format, &key.bytes, &key.len, &value, &len, &expires, &cache) || !key.fits())
    return nullptr;
  if (!is_period(expires)) return nullptr;
  int result = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_cache_magic_set)(key.bytes, key.size(), value, static_cast<uint64_t>(len),
                                                   static_cast<uint64_t>(expires), flags, cache);
  });
  return true_or_none(result == 0);
}
PyObject *cache_set(PyObject *, PyObject *args) {
  return set_value(args, "s#s#|Lz:cache_set", 0);
}
PyObject *cache_update(PyObject *, PyObject *args) {
  return set_value(args, "s#s#|Lz:cache_update", UWSGI_CACHE_FLAG_UPDATE);
}

template <auto Flag>
PyObject *compute(PyObject *, PyObject *args) {
  Key key;
  int64_t value = Flag == UWSGI_CACHE_FLAG_MUL || Flag == UWSGI_CACHE_FLAG_DIV ? 2 : 1;
  long long amount = value;
  long long expires = 0;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s#|LLz", &key.bytes, &key.len, &amount, &expires, &cache) || !key.fits())
    return nullptr;
  if (!is_period(expires)) return nullptr;
  value = amount;
  constexpr uint64_t kFlags =
      UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_MATH | UWSGI_CACHE_FLAG_FIXEXPIRE | Flag;
  int result = without_gil([&] {
    return MORTISE_PROVIDED(uwsgi_cache_magic_set)(key.bytes, key.size(),
                                                   reinterpret_cast<const char *>(&value), sizeof value,
                                                   static_cast<uint64_t>(expires), kFlags, cache);
  });
  return true_or_none(result == 0);
}

PyObject *cache_del(PyObject *, PyObject *args) {
  Key key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s#|z:cache_del", &key.bytes, &key.len, &cache) || !key.fits()) return nullptr;
  return true_or_none(without_gil(
      [&] { return MORTISE_PROVIDED(uwsgi_cache_magic_del)(key.bytes, key.size(), cache) == 0; }));
}

PyObject *cache_exists(PyObject *, PyObject *args) {
  Key key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s#|z:cache_exists", &key.bytes, &key.len, &cache) || !key.fits())
    return nullptr;
  return true_or_none(without_gil(
      [&] { return MORTISE_PROVIDED(uwsgi_cache_magic_exists)(key.bytes, key.size(), cache) > 0; }));
}

PyObject *cache_clear(PyObject *, PyObject *args) {
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "|z:cache_clear", &cache)) return nullptr;
  return true_or_none(without_gil([&] { return MORTISE_PROVIDED(uwsgi_cache_magic_clear)(cache) == 0; }));
}

uwsgi_cache *local_cache(const char *name) {
  uwsgi_cache *cache = MORTISE_PROVIDED(uwsgi_cache_by_name)(name);
  if (!cache) PyErr_Format(PyExc_ValueError, "there is no cache '%s'", name ? name : "");
  return cache;
}

PyObject *cache_num(PyObject *, PyObject *args) {
  Key key;
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "s#|z:cache_num", &key.bytes, &key.len, &name) || !key.fits()) return nullptr;
  int64_t number = 0;
  without_gil([&] {
    uint64_t len = 0;
    char *value = MORTISE_PROVIDED(uwsgi_cache_magic_get)(key.bytes, key.size(), &len, nullptr, name);
    if (value && len == sizeof number) memcpy(&number, value, sizeof number);
    free(value);
    return 0;
  });
  return PyLong_FromLongLong(number);
}

PyObject *cache_keys(PyObject *, PyObject *args) {
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "|z:cache_keys", &name)) return nullptr;
  uwsgi_cache *cache = local_cache(name);
  if (!cache) return nullptr;
  // Copied under the lock, made into objects behind it: these may run code of the application.
  std::vector<std::string> copies;
  without_gil([&] {
    uwsgi_rlock(cache->lock);
    uint64_t position = 0;
    uwsgi_cache_item *item = nullptr;
    while (MORTISE_PROVIDED(uwsgi_cache_keys)(cache, &position, &item) && item)
      copies.emplace_back(item->key, item->keysize);
    uwsgi_rwunlock(cache->lock);
    return 0;
  });
  PyRef keys(PyList_New(0));
  for (const std::string &copy : copies) {
    PyRef key(PyBytes_FromStringAndSize(copy.data(), static_cast<Py_ssize_t>(copy.size())));
    if (!keys || !key || PyList_Append(keys.get(), key.get())) return nullptr;
  }
  return keys.release();
}

}  // namespace

ProvidedFunction cache_functions[] = {
    {"uwsgi_cache_magic_get",
     {"cache_get", cache_get, METH_VARARGS,
      PyDoc_STR("cache_get(key, cache=None)\n--\n\nThe value as bytes, None where there is none. A cache is "
                "\"name\", or \"name@host:port\" of another server; None: the first.")}},
    {"uwsgi_cache_magic_set",
     {"cache_set", cache_set, METH_VARARGS,
      PyDoc_STR(
          "cache_set(key, value, expires=0, cache=None)\n--\n\nStores a value that is not there yet, for "
          "so many seconds (0: for ever). True, or None where that failed.")}},
    {"uwsgi_cache_magic_set",
     {"cache_update", cache_update, METH_VARARGS,
      PyDoc_STR(
          "cache_update(key, value, expires=0, cache=None)\n--\n\nStores a value, in place of another.")}},
    {"uwsgi_cache_magic_set",
     {"cache_inc", compute<UWSGI_CACHE_FLAG_INC>, METH_VARARGS,
      PyDoc_STR(
          "cache_inc(key, amount=1, expires=0, cache=None)\n--\n\nAdds to a number (64 bits), atomically.")}},
    {"uwsgi_cache_magic_set",
     {"cache_dec", compute<UWSGI_CACHE_FLAG_DEC>, METH_VARARGS,
      PyDoc_STR("cache_dec(key, amount=1, expires=0, cache=None)\n--\n\nTakes from a number, atomically.")}},
    {"uwsgi_cache_magic_set",
     {"cache_mul", compute<UWSGI_CACHE_FLAG_MUL>, METH_VARARGS,
      PyDoc_STR("cache_mul(key, factor=2, expires=0, cache=None)\n--\n\nMultiplies a number, atomically.")}},
    {"uwsgi_cache_magic_set",
     {"cache_div", compute<UWSGI_CACHE_FLAG_DIV>, METH_VARARGS,
      PyDoc_STR("cache_div(key, divisor=2, expires=0, cache=None)\n--\n\nDivides a number, atomically.")}},
    {"uwsgi_cache_magic_get",
     {"cache_num", cache_num, METH_VARARGS,
      PyDoc_STR("cache_num(key, cache=None)\n--\n\nThe value as a number, 0 where there is none.")}},
    {"uwsgi_cache_magic_del",
     {"cache_del", cache_del, METH_VARARGS,
      PyDoc_STR("cache_del(key, cache=None)\n--\n\nRemoves a value. True, or None where there is none.")}},
    {"uwsgi_cache_magic_exists",
     {"cache_exists", cache_exists, METH_VARARGS,
      PyDoc_STR("cache_exists(key, cache=None)\n--\n\nTrue where there is a value, else None.")}},
    {"uwsgi_cache_magic_clear",
     {"cache_clear", cache_clear, METH_VARARGS,
      PyDoc_STR("cache_clear(cache=None)\n--\n\nRemoves all values.")}},
    {"uwsgi_cache_keys",
     {"cache_keys", cache_keys, METH_VARARGS,
      PyDoc_STR("cache_keys(cache=None)\n--\n\nA list of all keys, as bytes, of a cache of this server.")}},
    {nullptr, {nullptr, nullptr, 0, nullptr}}};

}  // namespace mortise::python
