// The hook table and the options.
#include <uwsgi.h>

#include "addresses.h"

using namespace mortise::https;

static uwsgi_option https_options[] = {
    {"https", required_argument, 0, "serve HTTPS through the gateway: ADDRESS,CERT,KEY[,CIPHERS[,CLIENT_CA]]",
     add_address, nullptr, 0},
    {"https-socket", required_argument, 0, "same as https: the gateway has the key, workers need not",
     add_address, nullptr, 0},
    {"https2", required_argument, 0, "same as https: addr=,cert=,key=[,ciphers=][,clientca=]",
     add_address_of_pairs, nullptr, 0},
    {"https-export-cert", no_argument, 0, "applications get a client's certificate as PEM in HTTPS_CC",
     uwsgi_opt_true, &options.export_certificate, 0},
    {"https-session-context", required_argument, 0,
     "name of the sessions that clients may take up again (the address)", uwsgi_opt_set_str,
     &options.session_context, 0},
    UWSGI_END_OF_OPTIONS};

uwsgi_plugin https_plugin = {
    .name = "https",
    .init = load_certificates,
    .options = https_options,
};
