// Configurations as people write them, from tests/kernel/data, read from real files. They were compared with
// what uWSGI 2.0.21 makes of them; where this server does better the test's name says so.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/config.h"
#include "config/known_options.h"
#include "config/option_value.h"
#include "tests/places.h"

using namespace mortise;

namespace {

class DataHost final : public ConfigHost {
 public:
  explicit DataHost(std::string port) : port_(std::move(port)) {}
  Result<std::string> read_file(const std::string &path) override {
    return ConfigHost::read_file(path.starts_with('/') ? path : kFolder + path);
  }
  PathKind path_kind(const std::string &path) override { return ConfigHost::path_kind(kFolder + path); }
  std::optional<std::string> environment(const std::string &name) override {
    return name == "PORT" && !port_.empty() ? std::optional(port_) : std::nullopt;
  }
  std::optional<std::string> fact(char letter) override {
    if (letter == 'v') return "/etc/uwsgi/vassals";
    if (letter == 'U') return "deploy";
    if (letter == 'h') return "node1";
    return letter == 'k' ? std::optional<std::string>("4") : std::nullopt;
  }

 private:
  inline static const std::string kFolder = std::string(kSourceDir) + "/tests/kernel/data/";
  std::string port_;
};

struct Sample {
  explicit Sample(const std::string &name, const std::string &port = "")
      : config(std::make_unique<DataHost>(port)) {
    auto done = config.add_file(name);
    if (done) done = config.resolve();
    if (!done) FAIL(done.error().message());
  }
  // All values of a key, joined by '|'; "-" for a bare key.
  std::string operator[](const std::string &key) const {
    std::string values;
    for (const Directive &directive : config.directives())
      if (directive.key == key)
        values += (values.empty() ? "" : "|") + (directive.has_value ? directive.value : "-");
    return values;
  }
  Config config;
};

}  // namespace

TEST_CASE("sample: a small Flask site") {
  Sample sample("flask_small.ini");
  CHECK(sample["module"] == "wsgi:app");
  CHECK(sample["chmod-socket"] == "660");
  CHECK(sample.config.directives().size() == 7);
  for (const Directive &directive : sample.config.directives()) CHECK(find_known_option(directive.key));
}

TEST_CASE("sample: indented lines are entries, not continuations") {
  Sample sample("flask_indented.ini");
  CHECK(sample["http-socket"] == "0.0.0.0:5000");
  CHECK(sample["callable"] == "app");
  CHECK(sample["workers"] + sample["threads"] == "24");
}

TEST_CASE("sample: a Django site made of placeholders") {
  Sample sample("django_site.ini");
  CHECK(sample["chdir"] == "/home/deploy/shop");
  CHECK(sample["home"] == "/home/deploy/Env/shop");
  CHECK(sample["env"] == "DJANGO_SETTINGS_MODULE=shop.settings.production");
  CHECK(sample["processes"] == "8");
  CHECK(sample["chown-socket"] == "deploy:www-data");
  CHECK(sample["logto"] == "/var/log/uwsgi/django_site.log");
  for (const char *placeholder : {"project", "base"}) CHECK(sample.config.was_read(placeholder));
  CHECK(sample.config.warnings().empty());
}

TEST_CASE("sample: bare keys switch on") {
  Sample sample("bare_keys.ini");
  for (const char *key : {"master", "enable-threads", "single-interpreter", "need-app"})
    CHECK(sample[key] == "-");
  CHECK(sample["lazy-apps"].empty());
  CHECK(*parse_bool("lazy-apps", sample["lazy-apps"]));
}

TEST_CASE("sample: comments after numbers and booleans, better than in uWSGI") {
  Sample sample("trailing_comments.ini");
  CHECK(*parse_number("processes", sample["processes"]) == 4);
  CHECK(*parse_number("threads", sample["threads"]) == 2);
  CHECK_FALSE(*parse_bool("lazy-apps", sample["lazy-apps"]));
  CHECK(*parse_bool("master", sample["master"]));
  CHECK(*parse_number("harakiri", sample["harakiri"]) == 30);
  CHECK(sample["route"] == "^/a;b#c addheader:X-Y: z ; w");
}

TEST_CASE("sample: a long log format with a semicolon inside keeps every byte") {
  Sample sample("long_log_format.ini");
  std::string format = sample["log-format"];
  CHECK(format.size() > 600);
  CHECK(format.starts_with("{\"time\": \"%(ltime)\","));
  CHECK(format.ends_with("\"%(tmsecs)\" ; \"end\": 1}"));
  CHECK(sample["log-date"] == "%Y-%m-%d %H:%M:%S");
  CHECK(sample.config.warnings().empty());
}

TEST_CASE("sample: a vassal named by its file") {
  Sample sample("vassal.ini");
  CHECK(sample["socket"] == "/run/uwsgi/vassal.sock");
  CHECK(sample["module"] == "vassal.wsgi");
  CHECK(sample["procname-prefix-spaced"] == "vassal:deploy");
  CHECK(sample["logto"] == "/etc/uwsgi/vassals/../log/vassal.log");
}

TEST_CASE("sample: an emperor with a loop") {
  Sample sample("emperor.ini");
  CHECK(sample["vassals-include"] == "/etc/uwsgi/defaults.ini|/etc/uwsgi/limits.ini");
  CHECK(sample["procname-master"] == "emperor main");
}

TEST_CASE("sample: a container configured by its environment") {
  Sample plain("docker.ini");
  CHECK(plain["http-socket"] == "0.0.0.0:8080");
  CHECK(plain["module"] == "app.wsgi:application");
  CHECK(plain["processes"] == "2");
  CHECK(plain["py-autoreload"].empty());
  CHECK(plain["disable-logging"] == "true");
  CHECK(plain["hook-master-start"] == "unix_signal:15 gracefully_kill_them_all");
  CHECK(Sample("docker.ini", "5000")["http-socket"] == "0.0.0.0:5000");
}

TEST_CASE("sample: sections for base and production") {
  Sample sample("sections.ini");
  CHECK(sample["workers"] == "1|8");
  CHECK(sample["http-socket"] == ":8080");
  CHECK(sample["py-autoreload"].empty());
  CHECK(Sample("sections.ini:development")["py-autoreload"] == "1");
}

TEST_CASE("sample: log routes, encoders and routes keep their dollars, parentheses and braces") {
  Sample sample("log_routing.ini");
  CHECK(sample["log-route"] == "application ^((?!\\d+ bytes).)*$");
  CHECK(sample["log-encoder"] == "json:application {\"t\":\"${unix}\",\"msg\":\"${msg}\"}|nl");
  CHECK(sample["log-req-encoder"] == "format ${strftime:%Y-%m-%dT%H:%M:%S} ${msg}");
  CHECK(sample["route"] == "^/healthz donotlog:");
  CHECK(sample["route-run"] == "seturi:/index.php?u=$1&x=%20");
  CHECK(sample.config.warnings().empty());
}

TEST_CASE("sample: daemons, cron and an environment file") {
  Sample sample("celery_daemons.ini");
  CHECK(sample["attach-daemon"] == "/srv/app/env/bin/celery -A app worker -l info --hostname=worker@node1");
  CHECK(sample["cron"] == "0 2 -1 -1 -1 /srv/app/bin/nightly.sh > /dev/null 2>&1");
  CHECK(sample["env"] == "DATABASE_URL=postgres://u:p%40ss@db/app?sslmode=require|SECRET_KEY=a;b#c=d");
}

TEST_CASE("sample: placeholders, arithmetic and a file's contents") {
  Sample sample("placeholders.ini");
  CHECK(sample["host"] == "www.example.org");
  CHECK(sample["socket"] == "127.0.0.1:3031|127.0.0.1:3032");
  CHECK(sample["stats"] == "127.0.0.1:4031");
  CHECK(sample["nodename"] == "node-7");
  CHECK_FALSE(sample.config.was_read("unread"));
}

TEST_CASE("sample: shared defaults that the includer overrides") {
  Sample sample("with_include.ini");
  CHECK(sample["workers"] == "8");
  CHECK(sample["logto"] == "/var/log/with_include-shared_defaults.log");
  CHECK(Sample("shared_defaults.ini")["workers"] == "2");
}

TEST_CASE("sample: a file from a Windows editor, which uWSGI cannot read") {
  Sample sample("windows_editor.ini");
  CHECK(sample["module"] == "app");
  CHECK(sample["master"] == "-");
  CHECK(sample["env"] == "GREETING=hall\xc3\xa5");
  CHECK(sample["pyargv"] == "--a=1 --b \"c d\"");
}
