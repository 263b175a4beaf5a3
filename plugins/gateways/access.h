// Who may announce itself under a key: by the user that the system says sent it, and by the signature.
#pragma once

#include <uwsgi.h>

namespace mortise::gateways {

struct AccessRules {
  int sign_tolerance_seconds = 3600 * 24;       // how old a signed announcement may be
  uwsgi_string_list *sign_skip_uids = nullptr;  // users whose announcements need no signature
  uwsgi_string_list *credentials_folders =
      nullptr;  // a file KEY in one of them says by its owner and group who may
};
extern AccessRules access_rules;

// False: refused. [gateway]
bool may_announce(uwsgi_subscribe_slot *slot, uwsgi_subscribe_req *request);

}  // namespace mortise::gateways
