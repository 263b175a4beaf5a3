#include "sdk/inspect/known_plugins.h"

namespace mortise {

namespace {

// Names of uWSGI's plugins behind the one of ours that does their work ("=kernel": the server itself), at
// last those whose work nothing here does. One text: a table of pointers would cost the program four times as
// much. Without the digits at their ends.
constexpr std::string_view kKnown =
    "=caches cache "
    "=cheaper cheaper_backlog "
    "=kernel clock_monotonic clock_realtime signal "
    "=gateways corerouter "
    "=logging logfile logpipe logsocket redislog rsyslog syslog "
    "=routing "
    "router_access router_basicauth router_expires router_hash router_redirect router_rewrite "
    "=python python gevent gevent_python "
    "=calls rpc "
    "=stats stats_pusher_file stats_pusher_socket stats_pusher_statsd zabbix "
    "=transformations "
    "transformation_chunked transformation_offload transformation_template transformation_tofile "
    "transformation_toupper "
    "=compression transformation_gzip "
    "=- "
    "airbrake alarm_curl alarm_speech alarm_xmpp cgi curl_cron dumbloop dummy echo emperor_amqp "
    "emperor_mongodb emperor_pg emperor_zeromq fastrouter forkptyrouter geoip glusterfs graylog "
    "gridfs jvm ldap legion_cache_fetch logcrypto logzmq lua mongodb mongodblog mongrel mono "
    "msgpack nagios notfound pam php ping psgi pty pypy rack rados rawrouter router_memcached "
    "router_radius router_redis router_spnego router_xmldir sqlite ssi sslrouter "
    "stats_pusher_mongodb symcall systemd_logger tuntap ugreen webdav xattr zergpool ";

// Name of ours for a name; "-" where there is none, "" where it is unknown.
std::string_view find_known(std::string_view name) {
  name =
      name.substr(0, name.find_last_not_of("0123456789") + 1);  // of a version: "python311", "gevent_python3"
  size_t at = 0, ours = 0;
  while ((at = kKnown.find(name, at + 1)) != kKnown.npos)
    if (kKnown[at - 1] == ' ' && kKnown[at + name.size()] == ' ') break;
  if (at == kKnown.npos) return {};
  ours = kKnown.rfind('=', at) + 1;
  return kKnown.substr(ours, kKnown.find(' ', ours) - ours);
}

}  // namespace

std::string_view own_plugin_for(std::string_view name) {
  std::string_view ours = find_known(name);
  return ours == "-" ? "" : ours;
}

const char *missing_plugin_hint(std::string_view name) {
  return find_known(name) == "-"
             ? "it is uWSGI's, and nothing here does its work: remove it, or build it from uWSGI's sources "
               "with mortise "
               "--build-plugin"
             : "correct the name, add --plugin-dir FOLDER, or give a path with a slash; mortise plugin list";
}

}  // namespace mortise
