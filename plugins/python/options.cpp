#include "options.h"

#include "provided_functions.h"

namespace mortise::python {

const uwsgi_application_options &common_options() {
  static constexpr uwsgi_application_options kNone{};
  static auto *const given = reinterpret_cast<decltype(&uwsgi_get_application_options)>(
      provided_symbol("uwsgi_get_application_options"));
  return given ? *given() : kNone;
}

}  // namespace mortise::python
