#include "config/known_options.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/places.h"

using namespace mortise;

TEST_CASE("a known option tells its kind and the plugin that has it") {
  auto processes = find_known_option("processes");
  REQUIRE(processes);
  CHECK(processes->name == "processes");
  CHECK(processes->kind == ArgumentKind::kValue);
  CHECK(processes->home == "core");
  CHECK(find_known_option("master")->kind == ArgumentKind::kFlag);
  CHECK(find_known_option("endif")->kind == ArgumentKind::kOptional);
  CHECK(find_known_option("http-keepalive")->home == "http");
  CHECK(find_known_option("wsgi-file")->home == "python");
}

TEST_CASE("only whole names are known") {
  for (const char *name : {"", "maste", "masterr", "vaccum", "core", "\n", "master\tf", "aster"})
    CHECK_FALSE(find_known_option(name));
}

TEST_CASE("every row of the table is found, and the rows are sorted and unique") {
  std::ifstream file(std::string(kSourceDir) + "/config/known_options.inc");
  std::vector<std::string> names;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line) && line != ")\"") {
    size_t tab = line.find('\t');
    REQUIRE(tab != line.npos);
    CHECK(std::string_view("fvo").find(line[tab + 1]) != std::string_view::npos);
    names.push_back(line.substr(0, tab));
    if (!find_known_option(names.back())) FAIL(names.back());
  }
  CHECK(names.size() == 1327);
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(find_known_option(names.front()));
  CHECK(find_known_option(names.back()));
}

TEST_CASE("the nearest option to a misspelt name is suggested") {
  CHECK(nearest_option("vaccum") == "vacuum");
  CHECK(nearest_option("proceses") == "processes");
  CHECK(nearest_option("procesess") == "processes");
  CHECK(nearest_option("wsgi_file") == "wsgi-file");
  CHECK(nearest_option("enable-thread") == "enable-threads");
  CHECK(nearest_option("http-scoket") == "http-socket");
  CHECK(nearest_option("mdoule") == "module");
  CHECK(nearest_option("harakirri") == "harakiri");
  CHECK(nearest_option("worker-lifetime") == "max-worker-lifetime");
}

TEST_CASE("nothing is suggested for a name that is near to no option") {
  for (const char *name : {"", "base", "project", "my_domain", "zzzzzz", "DJANGO_SETTINGS_MODULE"})
    CHECK(nearest_option(name).empty());
  CHECK(nearest_option(std::string(5000, 'a')).empty());
}

TEST_CASE("options of plugins that only this server has can be suggested too") {
  std::vector<std::string> extra{"rocket-launch"};
  CHECK(nearest_option("roket-launch", extra) == "rocket-launch");
}
