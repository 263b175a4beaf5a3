// `zabbix:ADDRESS[,PREFIX]`: all metrics in one packet of Zabbix' sender protocol.
#include "built_in_pushers.h"
#include "json_escape.h"

namespace mortise::stats {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text);
  return out += '"';
}

bool exchange(const Destination &destination, const std::string &packet) {
  const int fd = uwsgi_connect(destination.address.c_str(), uwsgi.socket_timeout, 0);
  if (fd < 0) return false;
  char answer[4096];
  const bool good = uwsgi_write_nb(fd, packet.data(), packet.size(), uwsgi.socket_timeout) == 0 &&
                    uwsgi_read_true_nb(fd, answer, sizeof answer, uwsgi.socket_timeout) > 0;
  close(fd);
  return good;
}

}  // namespace

std::string zabbix_packet(const std::string &json) {
  std::string packet("ZBXD\1", 5);
  for (size_t i = 0, rest = json.size(); i < 8; ++i, rest >>= 8) packet += static_cast<char>(rest & 0xff);
  return packet + json;
}

void push_zabbix(uwsgi_stats_pusher_instance *instance, time_t, char *, size_t) {
  const Destination destination = parse_destination(instance->arg, "127.0.0.1:10051");
  const std::string host = "{\"host\":" + quoted({uwsgi.hostname, static_cast<size_t>(uwsgi.hostname_len)});
  std::string data;
  for_each_metric([&](const uwsgi_metric &metric, int64_t value) {
    data += (data.empty() ? "" : ",") + host + ",\"key\":" + quoted(destination.prefix + "." + metric.name) +
            ",\"value\":\"" + std::to_string(value) + "\"}";
  });
  if (!exchange(destination, zabbix_packet("{\"request\":\"sender data\",\"data\":[" + data + "]}")))
    uwsgi_log("stats-push to zabbix at %s: %s (tried again at the next push)\n", destination.address.c_str(),
              strerror(errno));
}

void write_zabbix_template(const char *path) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<zabbix_export>\n<version>2.0</version>"
      "<groups><group><name>uWSGI</name></group></groups>\n<templates><template><template>uWSGI "
      "metrics</template>"
      "<name>uWSGI metrics</name>\n<groups><group><name>uWSGI</name></group></groups>\n<items>\n";
  for (const uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next)
    text += std::string("<item><name>") + metric->name + "</name><type>2</type><key>" + metric->name +
            "</key><value_type>3</value_type></item>\n";
  text += "</items></template></templates>\n</zabbix_export>\n";
  const int fd = *path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) : dup(1);
  if (fd < 0 || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    uwsgi_log("zabbix-template = %s: %s (name a file that can be written)\n", path, strerror(errno));
    exit(1);
  }
  close(fd);
}

}  // namespace mortise::stats
