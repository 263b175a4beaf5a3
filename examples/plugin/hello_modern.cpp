#include <mortise/plugin.hpp>

static mortise::Response hello(const mortise::Request &) {
  return {200, "text/plain", "Hello World\n"};
}

MORTISE_PLUGIN(hello_modern, .request = mortise::request_hook<hello>);
