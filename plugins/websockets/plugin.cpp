// The hook table and the options.
#include <uwsgi.h>

#include "session.h"

namespace mortise::websockets {

namespace {

#define NUMBER(name, help, target) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, target, 0 }

uwsgi_option option_rows[] = {
    NUMBER("websockets-ping-freq", "seconds between two pings (30; 0: none)", &options.ping_freq_s),
    NUMBER("websocket-ping-freq", "same", &options.ping_freq_s),
    NUMBER("websockets-pong-tolerance", "seconds that the answer may take (3)", &options.pong_tolerance_s),
    NUMBER("websocket-pong-tolerance", "same", &options.pong_tolerance_s),
    NUMBER("websockets-max-size", "longest message that a client may send, in kB (1024)", &options.max_kb),
    NUMBER("websocket-max-size", "same", &options.max_kb),
    UWSGI_END_OF_OPTIONS};

#undef NUMBER

}  // namespace

}  // namespace mortise::websockets

uwsgi_plugin websockets_plugin = {
    .name = "websockets",
    .options = mortise::websockets::option_rows,
};
