// Regular expressions, through the plugin regexp, which is loaded only where a pattern is given.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::logging {

class Pattern {
 public:
  // False, and the log says why. [load]
  bool compile(const char *text);
  bool matches(std::string_view subject) const;

 private:
  uwsgi_pcre *compiled_ = nullptr;
};

}  // namespace mortise::logging
