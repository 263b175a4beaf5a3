// Requests that are for the server itself: calls (modifier 173), signals (110), pings (100).
#pragma once

#include <uwsgi.h>

namespace mortise::calls {

constexpr uint8_t kCallModifier = 173;
constexpr uint8_t kLongAnswer = 5;  // modifier2: pairs with CONTENT_LENGTH come before the answer

int serve_call(wsgi_request *);

// Takes the modifiers of signals and pings, unless another plugin has them. [load]
void answer_signals_and_pings();

}  // namespace mortise::calls
