// Options as a structure: mortise --plugin ./greeter_plugin.so --greeter-word Welcome --greeter-loud …
#include <mortise/plugin.hpp>

#include <cctype>

namespace {

struct Settings {
  std::string word = "Hello";
  int times = 1;
  bool loud = false;
  std::vector<std::string> friends;
} settings;

uwsgi_option options[] = {
    mortise::option<&Settings::word>(settings, "greeter-word", "what to say (Hello)"),
    mortise::option<&Settings::times>(settings, "greeter-times", "how often to say it (1)"),
    mortise::option<&Settings::loud>(settings, "greeter-loud", "in capitals"),
    mortise::option<&Settings::friends>(settings, "greeter-friend",
                                        "who is greeted by name; give it again for more"),
    mortise::end_of_options,
};

mortise::Result<void> start() {
  if (settings.times < 1) return mortise::Error{"option 'greeter-times': at least once, please"};
  return {};
}

// GET /?name=Ann
mortise::Result<mortise::Response> greet(const mortise::Request &request) {
  if (request.method() != "GET" && request.method() != "HEAD") return mortise::Error{"GET it", 405};
  const std::string name(request.query_value("name").value_or("stranger"));
  bool known = false;
  for (const std::string &one : settings.friends) known = known || one == name;
  std::string text;
  for (int i = 0; i < settings.times; ++i)
    text += settings.word + ", " + (known ? "dear " : "") + name + "\n";
  if (settings.loud)
    for (char &c : text) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
  return mortise::Response(200, "text/plain", text).header("Vary", "Accept-Language");
}

}  // namespace

MORTISE_PLUGIN(greeter, .init = mortise::init_hook<start>, .options = options,
               .request = mortise::request_hook<greet>);
