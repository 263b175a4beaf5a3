// @NAME@: answers requests with a greeting.
#include <mortise/plugin.hpp>

namespace {

struct Settings {
  std::string greeting = "Hello";
} settings;

uwsgi_option options[] = {
    mortise::option<&Settings::greeting>(settings, "@OPTION@-greeting", "what to answer (Hello)"),
    mortise::end_of_options,
};

mortise::Response answer(const mortise::Request &) {
  return {200, "text/plain", settings.greeting + "\n"};
}

}  // namespace

MORTISE_PLUGIN(@SYMBOL@, .options = options, .request = mortise::request_hook<answer>);
