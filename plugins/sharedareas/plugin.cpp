// The hook table and the option.
#include <uwsgi.h>

#include "areas.h"

namespace mortise::sharedareas {

namespace {

uwsgi_string_list *wanted = nullptr;

uwsgi_option options[] = {{"sharedarea", required_argument, 0,
                           "memory that all processes share: a number of pages, or size=64k, file=path,…",
                           uwsgi_opt_add_string_list, &wanted, 0},
                          UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::sharedareas

using namespace mortise::sharedareas;

uwsgi_plugin sharedareas_plugin = {
    .name = "sharedareas",
    .init = [] { return create_configured(wanted); },
    .options = options,
};
