#include "config/command_line.h"

#include <catch2/catch.hpp>
#include <string>

using namespace mortise;

namespace {

uwsgi_option kernel_rows[] = {{"master", no_argument, 'M', "", nullptr, nullptr, 0},
                              {"processes", required_argument, 'p', "", nullptr, nullptr, 0},
                              {"need-app", optional_argument, 'n', "", nullptr, nullptr, 0},
                              UWSGI_END_OF_OPTIONS};
uwsgi_option plugin_row = {"wsgi-file", required_argument, 'w', "", nullptr, nullptr, 0};

struct Parsed {
  Result<std::vector<Directive>> result;
  std::vector<std::string> magic;

  // "key=value key" of all directives, or the message.
  std::string text() const {
    if (!result) return result.error().message();
    std::string all;
    for (const Directive &one : *result)
      all += (all.empty() ? "" : " ") + one.key + (one.has_value ? "=" + one.value : "");
    return all;
  }
};

Parsed parse(std::vector<std::string> arguments, bool takes_magic = false) {
  OptionTable table;
  table.add("kernel", kernel_rows);
  arguments.insert(arguments.begin(), "mortise");
  std::vector<char *> argv;
  for (std::string &argument : arguments) argv.push_back(argument.data());
  std::vector<std::string> magic;
  CommandLineHelp help;
  help.load_option = [](std::string_view name) {
    return name == "wsgi-file" || name == "-w" ? &plugin_row : nullptr;
  };
  if (takes_magic)
    help.magic = [&](const std::string &argument) {
      magic.push_back(argument);
      return argument.ends_with(".py");
    };
  auto result = parse_command_line(static_cast<int>(argv.size()), argv.data(), table, help);
  return {std::move(result), magic};
}

}  // namespace

TEST_CASE("options of the command line become directives in their order") {
  CHECK(parse({}).text().empty());
  CHECK(parse({"--master", "--processes", "4"}).text() == "master processes=4");
  CHECK(parse({"--processes=4", "--master=false"}).text() == "processes=4 master=false");
  CHECK(parse({"--need-app", "--need-app=1"}).text() == "need-app need-app=1");
  CHECK(parse({"--processes", "-1"}).text() == "processes=-1");
  CHECK(parse({"--processes="}).text() == "processes=");
  auto parsed = parse({"--master"});
  CHECK(parsed.result->front().origin == "command line");
}

TEST_CASE("letters stand alone, together and with their value") {
  CHECK(parse({"-M", "-p", "4"}).text() == "master processes=4");
  CHECK(parse({"-Mp4"}).text() == "master processes=4");
  CHECK(parse({"-Mp", "4"}).text() == "master processes=4");
  CHECK(parse({"-n", "-n1"}).text() == "need-app need-app=1");
  CHECK(parse({"-w", "app.py"}).text() == "wsgi-file=app.py");
}

TEST_CASE("an option of a plugin that is not loaded yet is understood") {
  CHECK(parse({"--wsgi-file", "app.py"}).text() == "wsgi-file=app.py");
}

TEST_CASE("an option that is known but not implemented takes its value") {
  CHECK(parse({"--attach-daemon", "x y", "--master"}).text() == "attach-daemon=x y master");
}

TEST_CASE("configuration files are told by their suffix") {
  CHECK(parse({"app.ini"}).text() == "ini=app.ini");
  CHECK(parse({"/srv/app.ini:prod"}).text() == "ini=/srv/app.ini:prod");
  CHECK(parse({"app.yaml", "app.xml"}).text() == "yaml=app.yaml xml=app.xml");
  CHECK(parse({"--", "app.ini"}).text() == "ini=app.ini");
}

TEST_CASE("other arguments go to plugins") {
  auto parsed = parse({"app.py"}, true);
  CHECK(parsed.text().empty());
  CHECK(parsed.magic == std::vector<std::string>{"app.py"});
  CHECK(parse({"--", "--processes.py"}, true).magic == std::vector<std::string>{"--processes.py"});
}

TEST_CASE("what the command line cannot mean is refused with what to write") {
  CHECK(parse({"--vaccum"}).text() ==
        "unknown option '--vaccum': did you mean '--vacuum'? (see mortise --help)");
  CHECK(parse({"--vaccum=1"}).text() ==
        "unknown option '--vaccum': did you mean '--vacuum'? (see mortise --help)");
  CHECK(parse({"-X"}).result.error().what == "unknown option '-X'");
  CHECK(parse({"--processes"}).text() ==
        "option '--processes': its value is missing (write --processes VALUE)");
  CHECK(parse({"-p"}).text() == "option '-p': its value is missing (write -p VALUE)");
  CHECK(parse({"--processes", "--master"}).text() ==
        "option '--processes': its value is missing (write --processes VALUE)");
  CHECK(parse({"app.rb"}, true).text() ==
        "argument 'app.rb': it is neither an option nor a file that a plugin takes (see mortise --help)");
  CHECK(parse({"--master", "true"}).text() ==
        "argument 'true': it is neither an option nor a file that a plugin takes (to give it to the option "
        "before, "
        "write --master=true)");
  CHECK(parse({"--vaccum"}).result.error().exit_code == kExitUsage);
}

TEST_CASE("single options are found before the others can be understood") {
  std::string arguments[] = {"mortise", "--xopt",          "5",          "--plugin",
                             "./x.so",  "--plugin-dir=/p", "--plugin=y", "--plugin"};
  std::vector<char *> argv;
  for (std::string &argument : arguments) argv.push_back(argument.data());
  auto found = scan_command_line(static_cast<int>(argv.size()), argv.data(), {"plugin"});
  REQUIRE(found.size() == 2);
  CHECK(found[0].value == "./x.so");
  CHECK(found[1].value == "y");
}

TEST_CASE("a command line without even a name is empty") {
  CHECK(parse_command_line(0, nullptr, OptionTable(), {})->empty());
}
