// The hook table.
#include <uwsgi.h>

#include "options.h"
#include "server_names.h"

uwsgi_plugin tls_plugin = {
    .name = "tls",
    .init = mortise::tls::load_server_names,
    .options = mortise::tls::option_rows,
};
