#include "config/config.h"
#include "config/known_options.h"

#include <catch2/catch.hpp>

#include "tests/kernel/config_machine.h"

using namespace mortise;

namespace {

using Texts = std::vector<std::string>;

// "key = value" of every directive; "key" of a bare one.
Texts lines_of(const Config &config) {
  Texts lines;
  for (const Directive &directive : config.directives())
    lines.push_back(directive.has_value ? directive.key + " = " + directive.value : directive.key);
  return lines;
}

Config read(FakeMachine machine, const std::string &path = "app.ini") {
  Config config = make_config(std::move(machine));
  auto done = config.add_file(path);
  if (done) done = config.resolve();
  if (!done) FAIL(done.error().message());
  return config;
}

Config read(const std::string &body) {
  return read(FakeMachine{{{"app.ini", "[uwsgi]\n" + body}}, {}, {}});
}

Texts expanded(const std::string &body) {
  return lines_of(read(body));
}

Error error_of(FakeMachine machine, const std::string &path = "app.ini") {
  Config config = make_config(std::move(machine));
  auto done = config.add_file(path);
  if (done) done = config.resolve();
  REQUIRE_FALSE(done);
  return done.error();
}

std::string failure_of(const std::string &body) {
  return error_of({{{"app.ini", "[uwsgi]\n" + body}}, {}, {}}).message();
}

}  // namespace

TEST_CASE("directives keep the order of the file, repeated keys and their origin") {
  Config config = read("socket = :1\nmaster\nsocket = :2\n");
  CHECK(lines_of(config) == Texts{"socket = :1", "master", "socket = :2"});
  CHECK(config.directives()[2].origin == "app.ini:4");
  CHECK(config.warnings().empty());
}

TEST_CASE("an included file's directives stand where it is named") {
  for (const char *key : {"ini", "include", "inherit", "config"}) {
    FakeMachine machine;
    machine.files["app.ini"] = std::string("[uwsgi]\na = 1\n") + key + " = more.ini\nb = 2\n";
    machine.files["more.ini"] = "[uwsgi]\nc = 3\n";
    Config config = read(machine);
    CHECK(lines_of(config) == Texts{"a = 1", "c = 3", "b = 2"});
    CHECK(config.directives()[1].origin == "more.ini:2");
  }
}

TEST_CASE("a section is named behind a colon, alone it is one of the file read last") {
  FakeMachine machine;
  machine.files["app.ini"] = "[uwsgi]\nini = :one\nini = other.ini:two\nini = :three\n[one]\na = 1\n";
  machine.files["other.ini"] = "[two]\nb = 2 %x\n[three]\nc = 3\n";
  CHECK(lines_of(read(machine)) == Texts{"a = 1", "b = 2 two", "c = 3"});
  CHECK(lines_of(read(machine, "app.ini:one")) == Texts{"a = 1"});
}

TEST_CASE("a file whose name has a colon is read if it exists") {
  FakeMachine machine;
  machine.files["a:b.ini"] = "[uwsgi]\na = 1\n";
  CHECK(lines_of(read(machine, "a:b.ini")) == Texts{"a = 1"});
}

TEST_CASE("the name of an included file may have placeholders that are set above it") {
  FakeMachine machine;
  machine.files["app.ini"] = "[uwsgi]\nbase = /srv\nini = %(base)/$(ENV).ini\n";
  machine.files["/srv/prod.ini"] = "[uwsgi]\na = %d\n";
  machine.variables["ENV"] = "prod";
  CHECK(lines_of(read(machine)) == Texts{"base = /srv", "a = /srv/"});
}

TEST_CASE("an include that includes itself is an error that shows the circle") {
  FakeMachine machine;
  machine.files["app.ini"] = "[uwsgi]\nini = b.ini\n";
  machine.files["b.ini"] = "[uwsgi]\nmaster\nini = app.ini\n";
  Error error = error_of(machine);
  CHECK(error.exit_code == kExitConfig);
  CHECK(error.message() ==
        "b.ini:3: read app.ini:uwsgi: it includes itself: app.ini:uwsgi -> b.ini:uwsgi -> app.ini:uwsgi "
        "(remove one "
        "of these includes)");
}

TEST_CASE("includes that go ever deeper end at a limit") {
  FakeMachine machine;
  for (int i = 0; i < 40; ++i)
    machine.files[std::to_string(i) + ".ini"] = "[uwsgi]\nini = " + std::to_string(i + 1) + ".ini\n";
  CHECK(error_of(machine, "0.ini")
            .why.starts_with("includes are nested too deeply: 0.ini:uwsgi -> 1.ini:uwsgi"));
}

TEST_CASE("a missing file is an error that says who named it and where relative paths start") {
  Error error = error_of({{{"app.ini", "[uwsgi]\nini = nope.ini\n"}}, {}, {}});
  CHECK(error.message() ==
        "app.ini:2: read nope.ini: No such file or directory (relative paths start at /srv/here)");
  CHECK(error.exit_code == kExitNoInput);
  CHECK(error_of({}, "/etc/nope.ini").message() == "read /etc/nope.ini: No such file or directory");
}

TEST_CASE("an include without a name is an error") {
  CHECK(failure_of("ini\n") == "app.ini:2: ini = : no file is named (write ini = app.ini)");
}

TEST_CASE("a section that was asked for must exist, the usual one is only missed") {
  FakeMachine machine{{{"app.ini", "[app]\na = 1\n"}, {"bare.ini", "a = 1\n"}}, {}, {}};
  CHECK(error_of(machine, "app.ini:prod").message() == "there is no section [prod] in app.ini: it has [app]");
  CHECK(read(machine).warnings() == Texts{"there is no section [uwsgi] in app.ini: it has [app]"});
  CHECK(read(machine, "bare.ini").warnings() ==
        Texts{"there is no section [uwsgi] in bare.ini: it has none"});
}

TEST_CASE("a placeholder may be set above or below the line that reads it") {
  CHECK(expanded("a = %(b)\nb = %(c)\nc = 7\nd = %(a)\n") == Texts{"a = 7", "b = 7", "c = 7", "d = 7"});
}

TEST_CASE("the first value of a name counts, so that an includer overrides defaults") {
  FakeMachine machine;
  machine.files["app.ini"] = "[uwsgi]\nn = 8\ninclude = defaults.ini\n";
  machine.files["defaults.ini"] = "[uwsgi]\nn = 2\nworkers = %(n)\n";
  Config config = read(machine);
  CHECK(lines_of(config).back() == "workers = 8");
  CHECK(config.warnings().empty());
}

TEST_CASE("a placeholder that one file sets twice is warned about, an option is not") {
  CHECK(read("n = 1\nn = 2\nworkers = %(n)\n").warnings() ==
        Texts{"app.ini:3: n was set at app.ini:2: %(n) stays '1', the first value"});
  CHECK(read("socket = :1\nsocket = :2\nn = 1\nn = 1\n").warnings().empty());
  CHECK(read("list-of-a-plugin = 1\nlist-of-a-plugin = 2\n").warnings().empty());
  CHECK(read("set-ph = n=1\nset-ph = n=2\n").warnings().size() == 1);
}

TEST_CASE("keys that serve as placeholders are told apart from those that nobody reads") {
  Config config =
      read("base = /srv\nchdir = %(base)\nvaccum = true\nset-ph = x=1\nasked = 1\nif-opt = asked\nendif\n");
  CHECK(config.was_read("base"));
  CHECK(config.was_read("x"));
  CHECK(config.was_read("asked"));
  CHECK_FALSE(config.was_read("vaccum"));
  CHECK_FALSE(config.was_read("chdir"));
}

TEST_CASE("set-placeholder sets its name, split at the first equals sign") {
  CHECK(expanded("set-placeholder = a = b = c\nset-ph=d=%(a)\nset = e =\n") ==
        Texts{"a = b = c", "d = b = c", "e = "});
  CHECK(failure_of("set-ph = a\n") == "app.ini:2: set-ph = a: no name and value (write set-ph = name=value)");
  CHECK(failure_of("set-ph = =b\n") ==
        "app.ini:2: set-ph = =b: no name and value (write set-ph = name=value)");
}

TEST_CASE("names that refer to themselves stay as they are, with a warning") {
  Config config = read("a = %(b)x\nb = %(a)\nc = %(c)\n");
  CHECK(lines_of(config) == Texts{"a = %(a)x", "b = %(a)", "c = %(c)"});
  CHECK(config.warnings() == Texts{"app.ini:3: b: %(a) refers to itself: kept as it is",
                                   "app.ini:4: c: %(c) refers to itself: kept as it is"});
}

TEST_CASE("a chain of references that is too long is an error, not a crash") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "n" + std::to_string(i) + " = %(n" + std::to_string(i + 1) + ")\n";
  CHECK(failure_of(body) == "app.ini:66: %(n65): names refer to each other too deeply (use fewer steps)");
}

TEST_CASE("a configuration that multiplies itself ends at a limit") {
  std::string doubling = "a0 = xxxxxxxxxx\n", loops = "n = 1\n";
  for (int i = 1; i < 40; ++i) {
    std::string last = "%(a" + std::to_string(i - 1) + ")";
    doubling += "a" + std::to_string(i) + " = " + last + last + "\n";
  }
  CHECK(failure_of(doubling).ends_with(
      "expand the configuration: more than 16 MiB (look for loops that multiply)"));
  for (int i = 0; i < 40; ++i) loops += "for-times = 10000\na = 1\nendfor\n";
  CHECK(failure_of(loops).ends_with(
      "expand the configuration: more than 16 MiB (look for loops that multiply)"));
}

TEST_CASE("magic variables tell of the file they stand in, in upper case of the first one") {
  FakeMachine machine;
  machine.files["conf/app.prod.ini"] =
      "[uwsgi]\na = %n|%e|%s|%d|%c|%o|%p|%x\nb = %0|%1|%2|%3|%9\ninclude = /etc/base.ini\n";
  machine.files["/etc/base.ini"] = "[uwsgi]\nc = %n|%d|%N|%D|%P\n";
  CHECK(
      lines_of(read(machine, "conf/app.prod.ini")) ==
      Texts{
          "a = app.prod|ini|app.prod.ini|/srv/here/conf/|conf|conf/app.prod.ini|/srv/here/conf/app.prod.ini|",
          "b = srv|here|conf||", "c = base|/etc/|app.prod|/srv/here/conf/|/srv/here/conf/app.prod.ini"});
}

TEST_CASE("magic variables tell of the machine") {
  CHECK(expanded("a = %v|%h|%k|%u|%U|%[|%%\n") == Texts{"a = /srv/here|node1|4|1000|deploy|\033|%"});
  CHECK(expanded("workers = %(%k * 2)\n") == Texts{"workers = 8"});
}

TEST_CASE("a for block applies each line to all values before the next line") {
  CHECK(expanded("for = a b\n  x = %(_)\n  y = %n-%(_)\nendfor =\nz = %(_)\n") ==
        Texts{"x = a", "x = b", "y = app-a", "y = app-b", "z = %(_)"});
}

TEST_CASE("for-glob, for-readline and for-times walk through paths, lines and numbers") {
  FakeMachine machine;
  machine.files["app.ini"] =
      "[uwsgi]\nfor-glob = /etc/d/*\nini = %(_)\nendfor\nfor-readline = list\nenv = %(_)\nend-for\nfor-times "
      "= "
      "2\nt = %(_)\nendfor\nfor-glob = /none*\nx = %(_)\nendfor\n";
  machine.files["/etc/d/1.ini"] = "[uwsgi]\na = %n\n";
  machine.files["/etc/d/2.ini"] = "[uwsgi]\na = %n\n";
  machine.files["list"] = "A=1\r\n\n B=2\nC=3";
  CHECK(lines_of(read(machine)) ==
        Texts{"a = 1", "a = 2", "env = A=1", "env =  B=2", "env = C=3", "t = 1", "t = 2"});
}

TEST_CASE("loops may walk through what a placeholder or the environment holds") {
  FakeMachine machine{
      {{"app.ini", "[uwsgi]\nports = 1 2\nfor = %(ports) $(MORE)\ns = %(_)\nendfor\n"}}, {}, {{"MORE", "3"}}};
  CHECK(lines_of(read(machine)) == Texts{"ports = 1 2", "s = 1", "s = 2", "s = 3"});
}

TEST_CASE("each condition keeps or drops its block, and the opposite of it does the reverse") {
  struct Case {
    const char *condition;
    const char *argument;
    bool holds;
    const char *context;  // of the block that is kept
  };
  const Case kCases[] = {
      {"env", "HOME", true, "/root"},         {"env", "NOPE", false, "%(_)"},
      {"env", "HOME=/root", true, "/root"},   {"env", "HOME=/x", false, "/root"},
      {"opt", "base", true, "/srv"},          {"opt", "base=/srv", true, "/srv"},
      {"opt", "base=/x", false, "/srv"},      {"opt", "later", false, "%(_)"},
      {"exists", "/folder", true, "/folder"}, {"exists", "%(base)/nope", false, "/srv/nope"},
      {"file", "app.ini", true, "app.ini"},   {"file", "/folder", false, "/folder"},
      {"dir", "/folder", true, "/folder"},    {"directory", "app.ini", false, "app.ini"},
      {"plugin", "http", true, "http"},       {"plugin", "php", false, "php"},
      {"hostname", "node1", true, "node1"},   {"hostname", "node2", false, "node2"},
      {"reload", "", false, "%(_)"},
  };
  for (const Case &test : kCases)
    for (bool negated : {false, true}) {
      std::string key = std::string(negated ? "if-not-" : "if-") + test.condition;
      INFO(key << " = " << test.argument);
      FakeMachine machine{{}, {"/folder"}, {{"HOME", "/root"}}};
      machine.files["app.ini"] = "[uwsgi]\nbase = /srv\nplugins = python3, http\n" + key + " = " +
                                 test.argument + "\nkept = %(_)\nelse =\nother = %(_)\nendif =\nlater = 1\n";
      Texts lines = lines_of(read(machine));
      REQUIRE(lines.size() == 4);
      CHECK(lines[2] == (test.holds != negated ? "kept = " : "other = ") + std::string(test.context));
    }
}

TEST_CASE("what a dropped block names is not touched") {
  CHECK(expanded("if-env = NOPE\nini = nope.ini\na = @(nope)\nendif\nb = 1\n") == Texts{"b = 1"});
}

TEST_CASE("an included file has blocks of its own") {
  FakeMachine machine;
  machine.files["app.ini"] = "[uwsgi]\nif-file = app.ini\nini = inner.ini\na = %(_)\nendif\n";
  machine.files["inner.ini"] = "[uwsgi]\nfor = 1 2\nb = %(_)\nendfor\n";
  CHECK(lines_of(read(machine)) == Texts{"b = 1", "b = 2", "a = app.ini"});
}

TEST_CASE("a block inside a block is an error that names both") {
  CHECK(failure_of("if-env = A\nfor = 1 2\nendfor\nendif\n") ==
        "app.ini:3: for: it stands inside if-env of app.ini:2 (end that one first: blocks do not nest, as in "
        "uWSGI)");
}

TEST_CASE("a condition that does not exist is an error: its block must not be applied") {
  CHECK(failure_of("if-enviroment = A\na = 1\nendif\n")
            .starts_with("app.ini:2: if-enviroment: there is no such condition"));
}

TEST_CASE("a block that nothing ends reaches to the end of its file, with a warning") {
  FakeMachine machine{
      {{"app.ini", "[uwsgi]\nini = b.ini\nc = 1\n"}, {"b.ini", "[uwsgi]\nif-env = NOPE\nb = 1\n"}}, {}, {}};
  Config config = read(machine);
  CHECK(lines_of(config) == Texts{"c = 1"});
  CHECK(config.warnings() == Texts{"b.ini:2: if-env: nothing ends it: it reaches to the end of the file"});
}

TEST_CASE("an end without a beginning is ignored with a warning") {
  Config config = read("endif =\nelse\na = 1\n");
  CHECK(lines_of(config) == Texts{"a = 1"});
  CHECK(config.warnings() == Texts{"app.ini:2: endif: there is no for or if above it: ignored",
                                   "app.ini:3: else: there is no for or if above it: ignored"});
}

TEST_CASE("a statement that names what is only set below it is warned about") {
  CHECK(read("if-exists = %(base)/x\na = 1\nendif\nbase = /srv\n").warnings() ==
        Texts{"app.ini:2: if-exists: %(base) is not set above this line"});
}

TEST_CASE("loops with a bad argument are errors") {
  CHECK(failure_of("for-readline = nope\nendfor\n") == "app.ini:2: open nope: No such file or directory");
  CHECK(failure_of("for-times = many\nendfor\n") ==
        "app.ini:2: for-times = 'many': not a number (give a whole number, without a unit)");
  CHECK(failure_of("for-times = 10001\nendfor\n") == "app.ini:2: for-times = 10001: more than 10000 times");
}

TEST_CASE("an error in a value names its line") {
  CHECK(failure_of("a = 1\nb = %(a / 0)\n") == "app.ini:3: 1 / 0: division by zero");
  CHECK(failure_of("a = @(nope)\nb = %(a)\n") == "app.ini:2: open nope: No such file or directory");
}

TEST_CASE("the command line may include files, loop and set placeholders, but has no magic variables") {
  Config config = make_config({{{"app.ini", "[uwsgi]\nn = 2\nworkers = %(n)\nname = %n\n"}}, {}, {}});
  const Directive kArguments[] = {
      {"set-ph", "n=8", "command line"}, {"ini", "app.ini", "command line"},
      {"for", "1 2", "command line"},    {"env", "A=%(_)", "command line"},
      {"endfor", "", "command line"},    {"pidfile", "/run/%n.pid", "command line"}};
  for (const Directive &argument : kArguments) REQUIRE(config.add(argument));
  REQUIRE(config.resolve());
  CHECK(lines_of(config) == Texts{"n = 8", "n = 2", "workers = 8", "name = app", "env = A=1", "env = A=2",
                                  "pidfile = /run/%n.pid"});
  CHECK(config.directives().back().origin == "command line");
}

TEST_CASE("what is added after resolve is resolved by the next one") {
  Config config = make_config({});
  REQUIRE(config.add({"a", "1", "command line"}));
  REQUIRE(config.resolve());
  REQUIRE(config.add({"b", "%(a)", "command line"}));
  REQUIRE(config.resolve());
  CHECK(lines_of(config) == Texts{"a = 1", "b = 1"});
}

TEST_CASE("variables of the environment that name options become directives, others are placeholders") {
  const char *const kEnvironment[] = {
      "HOME=/root", "UWSGI_HTTP_SOCKET=:80", "UWSGI_MASTER=",    "UWSGI_NO_SUCH=1", "UWSGI_RELOADS=1",
      "UWSGI_",     "UWSGI_ENV=A=b",         "XUWSGI_WORKERS=3", "UWSGI_=x",        "UWSGI_SOCKET==0",
      nullptr};
  auto is_option = [](const std::string &name) { return find_known_option(name).has_value(); };
  auto directives = directives_from_environment(kEnvironment, is_option);
  REQUIRE(directives.size() == 6);
  CHECK(directives[0].key == "http-socket");
  CHECK(directives[0].value == ":80");
  CHECK(directives[0].origin == "environment");
  CHECK_FALSE(directives[1].has_value);
  CHECK(directives[2].key == "set-placeholder");
  CHECK(directives[2].value == "no-such=1");
  CHECK(directives[4].value == "A=b");
  CHECK(directives[5].value == "=0");
  CHECK(directives_from_environment(nullptr, is_option).empty());
}
