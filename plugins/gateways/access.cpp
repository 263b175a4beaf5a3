#include "access.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace mortise::gateways {

AccessRules access_rules;

namespace {

// The system said so: its pid is never 0.
bool sender_is_known(const uwsgi_subscribe_req &request) {
  return request.pid > 0;
}

bool needs_no_signature(const uwsgi_subscribe_req &request) {
  for (const uwsgi_string_list *item = access_rules.sign_skip_uids; item; item = item->next)
    if (sender_is_known(request) && request.uid == static_cast<uid_t>(atoi(item->value))) return true;
  return false;
}

bool is_owner(const uwsgi_subscribe_slot &slot, const uwsgi_subscribe_req &request) {
  std::string name(slot.key, slot.keylen);
  std::replace(name.begin(), name.end(), '/', '_');  // a key of the network must not leave the folder
  for (const uwsgi_string_list *item = access_rules.credentials_folders; item; item = item->next) {
    struct stat info {};
    if (stat((std::string(item->value) + "/" + name).c_str(), &info)) continue;
    if (sender_is_known(request) && (request.uid == info.st_uid || request.gid == info.st_gid)) return true;
  }
  return false;
}

}  // namespace

bool may_announce(uwsgi_subscribe_slot *slot, uwsgi_subscribe_req *request) {
  if (access_rules.credentials_folders && !is_owner(*slot, *request)) return false;
  return !uwsgi.subscriptions_sign_check_dir || needs_no_signature(*request) ||
         uwsgi_subscription_sign_check(slot, request);
}

}  // namespace mortise::gateways
