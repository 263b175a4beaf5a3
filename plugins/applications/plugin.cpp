// The hook table and the options: what holds for applications of all languages.
#include "mounts.h"
#include "options.h"

namespace {

using namespace mortise::applications;

constexpr char kMountHelp[] =
    "load an application for a part of the URLs: /path=file.py or /path=module:callable";
constexpr char kHostHelp[] =
    "find the application by the host as well: mount = host|=file.py or host|/path=file.py";
constexpr char kManageHelp[] =
    "find the application of --mount by the path, which SCRIPT_NAME and PATH_INFO then share";

constexpr uwsgi_option list(const char *name, uwsgi_string_list **target, const char *help) {
  return {name, required_argument, 0, help, uwsgi_opt_add_string_list, target, 0};
}
constexpr uwsgi_option flag(const char *name, int *target, const char *help) {
  return {name, no_argument, 0, help, uwsgi_opt_true, target, 0};
}

constinit uwsgi_option table[] = {
    list("mount", &options.mounts, kMountHelp),
    flag("vhost", &options.vhost, kHostHelp),
    flag("vhost-host", &options.vhost, kHostHelp),
    flag("manage-script-name", &uwsgi.manage_script_name, kManageHelp),
    flag("catch-exceptions", &uwsgi.catch_exceptions,
         "answer an exception with its traceback (for development)"),
    flag("reload-on-exception", &options.reload_on_exception, "replace a worker after a request that raised"),
    list("reload-on-exception-type", &options.reload_on_exception_type,
         "replace a worker after this exception: a class"),
    list("reload-on-exception-value", &options.reload_on_exception_value, "same, by its text"),
    list("reload-on-exception-repr", &options.reload_on_exception_repr, "same, by \"Class: text\""),
    UWSGI_END_OF_OPTIONS};

}  // namespace

extern "C" UWSGI_API const uwsgi_application_options *uwsgi_get_application_options() {
  return &options;
}

uwsgi_plugin applications_plugin = {
    .name = "applications",
    .init = load_a_mounter,
    .options = table,
    .init_apps = mount_all,
};
