// What `mortise --check` says of a configuration that could be read: what is used, what is wrong with it, and
// what only a start can tell. Plugins take part with a function of their own, so that none has to be started.
#include <uwsgi.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

namespace {

// uwsgi_check_plugin_NAME: 0, or -1 and the log says what is wrong.
using Check = int (*)();

Check check_of(const uwsgi_plugin *plugin) {
  return plugin->name ? reinterpret_cast<Check>(
                            dlsym(RTLD_DEFAULT, (std::string("uwsgi_check_plugin_") + plugin->name).c_str()))
                      : nullptr;
}

bool plugins_agree() {
  bool agreed = true;
  const auto ask = [&](const uwsgi_plugin *plugin) {
    if (Check check = check_of(plugin)) agreed &= check() == 0;
  };
  for (const uwsgi_plugin *plugin : uwsgi.p) ask(plugin);
  for (int i = 0; i < uwsgi.gp_cnt; ++i) ask(uwsgi.gp[i]);
  return agreed;
}

// Gateways bind in their init, so only options tell of them. What follows a comma are certificates and the
// like.
std::string addresses_of_gateways() {
  constexpr std::string_view kGateways[] = {"http", "https", "https2", "http-to-https"};
  std::string addresses;
  for (int i = 0; i < uwsgi.exported_opts_cnt; ++i) {
    const uwsgi_opt &given = *uwsgi.exported_opts[i];
    if (given.value &&
        std::find(std::begin(kGateways), std::end(kGateways), given.key) != std::end(kGateways))
      addresses +=
          " " + std::string(given.value, strcspn(given.value, ",")) + " (gateway: " + given.key + ")";
  }
  return addresses;
}

}  // namespace

// [master, before anything is started] The exit status. plugins: names, a blank before each.
extern "C" UWSGI_API int uwsgi_report_check(const char *plugins) {
  fflush(stdout);
  if (!plugins_agree()) return 79;  // as the start would end
  std::string addresses;
  for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    addresses += std::string(" ") + (socket->internal ? "(internal)" : socket->name);
  addresses += addresses_of_gateways();
  if (addresses.empty())
    addresses = " none (add http, http-socket or socket, unless a plugin has other work for the server)";
  printf(
      "the configuration can be used\n  plugins  %s\n  sockets  %s\n  not checked: whether addresses are "
      "free, the "
      "application, what plugins find out when they start\n",
      plugins, addresses.c_str());
  return 0;
}
