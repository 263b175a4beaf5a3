// Which node of a slot gets the next request, and whether a subscription is signed by who may sign it.
#pragma once

#include <uwsgi.h>

namespace mortise::gateways {

using Choice = uwsgi_subscribe_node *(*)(uwsgi_subscribe_slot *, uwsgi_subscribe_node *,
                                         uwsgi_subscription_client *);

Choice default_choice();
// Frees the public key that a slot was checked with.
void forget_key(uwsgi_subscribe_slot *slot);

}  // namespace mortise::gateways
