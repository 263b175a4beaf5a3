#include "patterns.h"

namespace mortise::logging {

namespace {

// Found when they are needed: a direct call would load PCRE2 into every server that has a log file.
struct Provider {
  decltype(&uwsgi_regexp_build) build;
  decltype(&uwsgi_regexp_match) match;
  Provider() {
    uwsgi_load_plugin("regexp");
    build = reinterpret_cast<decltype(build)>(dlsym(RTLD_DEFAULT, "uwsgi_regexp_build"));
    match = reinterpret_cast<decltype(match)>(dlsym(RTLD_DEFAULT, "uwsgi_regexp_match"));
  }
};

const Provider &provider() {
  static const Provider functions;
  return functions;
}

}  // namespace

bool Pattern::compile(const char *text) {
  if (!provider().build || !provider().match) {
    uwsgi_log("pattern '%s': the plugin regexp is missing (install it, or remove the log option)\n", text);
    return false;
  }
  return provider().build(text, &compiled_) == 0;
}

bool Pattern::matches(std::string_view subject) const {
  return compiled_ && provider().match(compiled_, subject.data(), static_cast<int>(subject.size())) >= 0;
}

}  // namespace mortise::logging
