// Functions of the module uwsgi that use caches, of this server or name@host:port of another one.
#include <string>

#include "gil.h"
#include "provided.h"
#include "uwsgi_module.h"

namespace mortise::python {

namespace {

constexpr uint64_t kMath = UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_MATH | UWSGI_CACHE_FLAG_FIXEXPIRE;

bool fits(const BytesArgument &key) {
  if (key.size() <= UINT16_MAX) return true;
  PyErr_SetString(PyExc_ValueError, "the key is longer than 65535 bytes");
  return false;
}

PyObject *cache_get(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s*|z:cache_get", &key, &cache) || !fits(key)) return nullptr;
  const auto get = PROVIDED("caches", uwsgi_cache_magic_get);
  if (!get) return nullptr;
  uint64_t len = 0;
  char *value = nullptr;
  {
    const GilRelease released;
    value = get(key.data(), static_cast<uint16_t>(key.size()), &len, nullptr, cache);
  }
  if (!value) Py_RETURN_NONE;
  PyObject *bytes = PyBytes_FromStringAndSize(value, static_cast<Py_ssize_t>(len));
  free(value);
  return bytes;
}

PyObject *store(const BytesArgument &key, const char *value, size_t len, long long expires, uint64_t flags,
                const char *cache) {
  const auto set = PROVIDED("caches", uwsgi_cache_magic_set);
  if (!set || !fits(key)) return nullptr;
  if (expires < 0) {
    PyErr_SetString(PyExc_ValueError, "expires is a number of seconds from now, 0 for never");
    return nullptr;
  }
  int result = 0;
  {
    const GilRelease released;
    result = set(key.data(), static_cast<uint16_t>(key.size()), value, len, static_cast<uint64_t>(expires),
                 flags, cache);
  }
  return true_or_none(result == 0);
}

template <uint64_t kFlags>
PyObject *cache_store(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key, value;
  const char *cache = nullptr;
  long long expires = 0;
  if (!PyArg_ParseTuple(args, "s*s*|Lz:cache_set", &key, &value, &expires, &cache)) return nullptr;
  return store(key, value.data(), value.size(), expires, kFlags, cache);
}

template <uint64_t kFlag, int kDefault>
PyObject *cache_calculate(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key;
  const char *cache = nullptr;
  long long operand = kDefault, expires = 0;
  if (!PyArg_ParseTuple(args, "s*|LLz:cache_inc", &key, &operand, &expires, &cache)) return nullptr;
  const int64_t number = operand;
  return store(key, reinterpret_cast<const char *>(&number), sizeof number, expires, kMath | kFlag, cache);
}

PyObject *cache_del(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s*|z:cache_del", &key, &cache) || !fits(key)) return nullptr;
  const auto del = PROVIDED("caches", uwsgi_cache_magic_del);
  if (!del) return nullptr;
  bool good = false;
  {
    const GilRelease released;
    good = del(key.data(), static_cast<uint16_t>(key.size()), cache) == 0;
  }
  return true_or_none(good);
}

PyObject *cache_exists(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s*|z:cache_exists", &key, &cache) || !fits(key)) return nullptr;
  const auto exists = PROVIDED("caches", uwsgi_cache_magic_exists);
  if (!exists) return nullptr;
  bool good = false;
  {
    const GilRelease released;
    good = exists(key.data(), static_cast<uint16_t>(key.size()), cache) != 0;
  }
  return true_or_none(good);
}

PyObject *cache_clear(PyObject *, PyObject *args) {
  const CalledByPython called;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "|z:cache_clear", &cache)) return nullptr;
  const auto clear = PROVIDED("caches", uwsgi_cache_magic_clear);
  if (!clear) return nullptr;
  bool good = false;
  {
    const GilRelease released;
    good = clear(cache) == 0;
  }
  return true_or_none(good);
}

// The value of an item that cache_inc() and its relatives made, also in another server.
PyObject *cache_num(PyObject *, PyObject *args) {
  const CalledByPython called;
  BytesArgument key;
  const char *cache = nullptr;
  if (!PyArg_ParseTuple(args, "s*|z:cache_num", &key, &cache) || !fits(key)) return nullptr;
  const auto get = PROVIDED("caches", uwsgi_cache_magic_get);
  if (!get) return nullptr;
  int64_t number = 0;
  uint64_t len = 0;
  {
    const GilRelease released;
    char *value = get(key.data(), static_cast<uint16_t>(key.size()), &len, nullptr, cache);
    if (value && len == sizeof number) memcpy(&number, value, sizeof number);
    free(value);
  }
  return PyLong_FromLongLong(number);
}

PyObject *cache_keys(PyObject *, PyObject *args) {
  const CalledByPython called;
  const char *name = nullptr;
  if (!PyArg_ParseTuple(args, "|z:cache_keys", &name)) return nullptr;
  const auto find = PROVIDED("caches", uwsgi_cache_by_name);
  if (!find) return nullptr;
  const auto next = PROVIDED("caches", uwsgi_cache_keys);
  if (!next) return nullptr;
  uwsgi_cache *cache = find(name);
  if (!cache) {
    PyErr_SetString(PyExc_ValueError, name ? "there is no cache of this name" : "there is no cache");
    return nullptr;
  }
  // Copied under the lock, made into objects behind it: these may run the application's finalizers.
  std::string keys;
  {
    const GilRelease released;
    uwsgi_rlock(cache->lock);
    uint64_t position = 0;
    uwsgi_cache_item *item = nullptr;
    while (next(cache, &position, &item)) {
      keys.append(reinterpret_cast<const char *>(&item->keysize), sizeof item->keysize);
      keys.append(item->key, item->keysize);
    }
    uwsgi_rwunlock(cache->lock);
  }
  PyRef list(PyList_New(0));
  for (size_t at = 0; list && at < keys.size();) {
    uint16_t len = 0;
    memcpy(&len, keys.data() + at, sizeof len);
    const PyRef key(PyBytes_FromStringAndSize(keys.data() + at + sizeof len, len));
    if (!key || PyList_Append(list.get(), key.get())) return nullptr;
    at += sizeof len + len;
  }
  return list.release();
}

}  // namespace

#define STORE_DOC "(key, value, expires=0, cache=None)\n--\n\n"
#define MATH_DOC "=1, expires=0, cache=None)\n--\n\nThe item is a number of 64 bits: cache_num() reads it."

PyMethodDef cache_functions[] = {
    {"cache_get", cache_get, METH_VARARGS,
     PyDoc_STR(
         "cache_get(key, cache=None)\n--\n\nThe value as bytes, None where there is none. cache: a name, or "
         "name@host:port in another server.")},
    {"cache_set", cache_store<0>, METH_VARARGS,
     PyDoc_STR("cache_set" STORE_DOC
               "Adds an item: True; None where the key is taken or the cache is full. expires: "
               "seconds from now.")},
    {"cache_update", cache_store<UWSGI_CACHE_FLAG_UPDATE>, METH_VARARGS,
     PyDoc_STR("cache_update" STORE_DOC "Adds or replaces an item: True, or None where the cache is full.")},
    {"cache_del", cache_del, METH_VARARGS,
     PyDoc_STR("cache_del(key, cache=None)\n--\n\nTrue, or None where there was no such item.")},
    {"cache_exists", cache_exists, METH_VARARGS,
     PyDoc_STR("cache_exists(key, cache=None)\n--\n\nTrue or None.")},
    {"cache_clear", cache_clear, METH_VARARGS,
     PyDoc_STR("cache_clear(cache=None)\n--\n\nRemoves all items.")},
    {"cache_inc", cache_calculate<UWSGI_CACHE_FLAG_INC, 1>, METH_VARARGS,
     PyDoc_STR("cache_inc(key, amount" MATH_DOC)},
    {"cache_dec", cache_calculate<UWSGI_CACHE_FLAG_DEC, 1>, METH_VARARGS,
     PyDoc_STR("cache_dec(key, amount" MATH_DOC)},
    {"cache_mul", cache_calculate<UWSGI_CACHE_FLAG_MUL, 2>, METH_VARARGS,
     PyDoc_STR("cache_mul(key, factor=2, expires=0, cache=None)\n--\n\nSee cache_inc().")},
    {"cache_div", cache_calculate<UWSGI_CACHE_FLAG_DIV, 2>, METH_VARARGS,
     PyDoc_STR("cache_div(key, divisor=2, expires=0, cache=None)\n--\n\nSee cache_inc().")},
    {"cache_num", cache_num, METH_VARARGS,
     PyDoc_STR("cache_num(key, cache=None)\n--\n\nThe number that is in the item, 0 where there is none.")},
    {"cache_keys", cache_keys, METH_VARARGS, PyDoc_STR("cache_keys(cache=None)\n--\n\nAll keys, as bytes.")},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace mortise::python
