// The hook table and the option.
#include <uwsgi.h>

#include "protocol.h"

namespace mortise::calls {

namespace {

uwsgi_option options[] = {
    {"rpc-max", required_argument, 0, "most functions that plugins and applications may register (64)",
     uwsgi_opt_set_int, &uwsgi.rpc_max, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::calls

using namespace mortise::calls;

uwsgi_plugin calls_plugin = {
    .name = "calls",
    .modifier1 = kCallModifier,
    .on_load = answer_signals_and_pings,
    .options = options,
    .request = serve_call,
};
