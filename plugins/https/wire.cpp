#include "wire.h"

#include <algorithm>

namespace mortise::https {

namespace {

int read_wire(BIO *bio, char *out, int size) {
  std::string_view &incoming = wire().incoming;
  BIO_clear_retry_flags(bio);
  if (incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = incoming.copy(out, static_cast<size_t>(size));
  incoming.remove_prefix(count);
  return static_cast<int>(count);
}

int write_wire(BIO *bio, const char *bytes, int len) {
  BIO_clear_retry_flags(bio);
  wire().outgoing.append(bytes, static_cast<size_t>(len));
  return len;
}

long control_wire(BIO *, int command, long, void *) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

BIO_METHOD *make_method() {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gateway");
  if (!method) return nullptr;
  BIO_meth_set_read(method, read_wire);
  BIO_meth_set_write(method, write_wire);
  BIO_meth_set_ctrl(method, control_wire);
  return method;
}

}  // namespace

Wire &wire() {
  static Wire shared;
  return shared;
}

BIO *new_wire_bio() {
  static BIO_METHOD *method = make_method();
  BIO *bio = method ? BIO_new(method) : nullptr;
  if (bio) BIO_set_init(bio, 1);
  return bio;
}

}  // namespace mortise::https
