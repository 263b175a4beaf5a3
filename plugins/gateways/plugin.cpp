// The hook table, and the options of servers that announce themselves to gateways.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include "access.h"
#include "subscriber.h"

using mortise::gateways::access_rules;
using mortise::gateways::subscriber;

namespace {

// Both ask who sent an announcement.
void use_credentials() {
  if (!uwsgi.subscriptions_use_credentials)
    uwsgi_string_new_list(&uwsgi.subscriptions_use_credentials, uwsgi_str("1"));
}

void skip_signature_of(char *, char *user, void *) {
  use_credentials();
  uwsgi_string_new_list(&access_rules.sign_skip_uids, user);
}

void check_credentials(char *, char *folder, void *) {
  use_credentials();
  uwsgi_string_new_list(&access_rules.credentials_folders, folder);
}

uwsgi_option options[] = {
    {"subscribe-to", required_argument, 0, "announce this server: gateway:key[,keyfile]",
     uwsgi_opt_add_string_list, &subscriber().targets, UWSGI_OPT_MASTER},
    {"st", required_argument, 0, "same", uwsgi_opt_add_string_list, &subscriber().targets, UWSGI_OPT_MASTER},
    {"subscribe", required_argument, 0, "same", uwsgi_opt_add_string_list, &subscriber().targets,
     UWSGI_OPT_MASTER},
    {"subscribe2", required_argument, 0, "same, as server=,key=,addr=,socket=,weight=,modifier1=,…",
     uwsgi_opt_add_string_list, &subscriber().keyvals, UWSGI_OPT_MASTER},
    {"subscribe-freq", required_argument, 0, "seconds between two announcements (10)", uwsgi_opt_set_int,
     &subscriber().every_seconds, 0},
    {"subscription-tolerance", required_argument, 0, "seconds after which a silent node is forgotten (17)",
     uwsgi_opt_set_int, &uwsgi.subscription_tolerance, 0},
    {"unsubscribe-on-graceful-reload", no_argument, 0, "say goodbye to the gateways before a reload as well",
     uwsgi_opt_true, &subscriber().leave_on_reload, 0},
    {"start-unsubscribed", no_argument, 0, "do not announce the server until it is told to", uwsgi_opt_true,
     &subscriber().silent, 0},
    {"subscription-algo", required_argument, 0, "how a node is chosen: wrr, lrc, wlrc, iphash",
     [](char *, char *name, void *) { uwsgi_subscription_set_algo(name); }, nullptr, 0},
    {"subscription-dotsplit", no_argument, 0, "a key that nobody has is tried without its first label",
     uwsgi_opt_true, &uwsgi.subscription_dotsplit, 0},
    {"subscriptions-sign-check", required_argument, 0, "algorithm:folder of the keys that must have signed",
     uwsgi_opt_set_str, &uwsgi.subscriptions_sign_check_dir, 0},
    {"subscriptions-sign-check-tolerance", required_argument, 0,
     "seconds that a signed announcement may be old (86400)", uwsgi_opt_set_int,
     &access_rules.sign_tolerance_seconds, 0},
    {"subscriptions-sign-skip-uid", required_argument, 0,
     "number of a user whose announcements need no signature", skip_signature_of, nullptr, 0},
    {"subscriptions-credentials-check", required_argument, 0,
     "folder of files named as keys: only their owner or group may announce itself under that key",
     check_credentials, nullptr, 0},
    {"subscriptions-use-credentials", no_argument, 0, "ask the system who sent an announcement",
     [](char *, char *, void *) { use_credentials(); }, nullptr, 0},
    UWSGI_END_OF_OPTIONS};

// Command of the master's fifo, where there is one.
void take_fifo_command() {
  auto set_slot =
      reinterpret_cast<decltype(&uwsgi_fifo_set_slot)>(dlsym(RTLD_DEFAULT, "uwsgi_fifo_set_slot"));
  if (set_slot && (subscriber().targets || subscriber().keyvals))
    set_slot('S', [](int) { subscriber().toggle(); });
}

// Several processes of one gateway tell each other of subscriptions.
void before_fork() {
  subscriber().read_options();
  take_fifo_command();
  for (int i = 0; i < uwsgi.shared->gateways_cnt; ++i) {
    int *pair = uwsgi.shared->gateways[i].internal_subscription_pipe;
    if (pair[0] == pair[1] && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
      uwsgi_error("gateways: socketpair()");
  }
}

void in_master() {
  subscriber().announce(uwsgi_now());
}

void at_end() {
  subscriber().leave();
}

}  // namespace

extern "C" struct uwsgi_plugin gateways_plugin;
struct uwsgi_plugin gateways_plugin = [] {
  uwsgi_plugin plugin{};
  plugin.name = "gateways";
  plugin.options = options;
  plugin.post_init = before_fork;
  plugin.master_cycle = in_master;
  plugin.master_cleanup = at_end;
  return plugin;
}();
