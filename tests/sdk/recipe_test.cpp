#include "sdk/tool/recipe.h"

#include <catch2/catch.hpp>

#include "sdk/tool/json.h"

using namespace mortise;

namespace {

using Names = std::vector<std::string>;

std::string refusal(const std::string &text) {
  auto recipe = parse_recipe(text, "p/uwsgiplugin.py");
  REQUIRE_FALSE(recipe);
  return recipe.error().message();
}

}  // namespace

TEST_CASE("a recipe of assignments is read without running it") {
  auto recipe = parse_recipe(
      "import os\r\n# a comment\nNAME='pear'  # its name\nCFLAGS = ['-I.', \"-DX='a'\"]\nGCC_LIST = [\n  "
      "'a',\n"
      "  'b.cc',  # second\n]\nLIBS=[];LDFLAGS = '-s'\nOTHER = ['unknown']\nREQUIRES = ['shed',]",
      "uwsgiplugin.py");
  REQUIRE(recipe);
  CHECK(recipe->name == "pear");
  CHECK(recipe->cflags == Names{"-I.", "-DX='a'"});
  CHECK(recipe->sources == Names{"a", "b.cc"});
  CHECK(recipe->libs.empty());
  CHECK(recipe->ldflags == Names{"-s"});
  CHECK(recipe->loads == Names{"shed"});
}

TEST_CASE("a recipe that is a program is an error that names its first such line") {
  const std::string why = "it is a program, not only assignments (install python3, which runs it)";
  CHECK(refusal("NAME = 'x'\nLIBS = os.popen('y')\n") == "p/uwsgiplugin.py:2: " + why);
  CHECK(refusal("CFLAGS = ['-I' + x]") == "p/uwsgiplugin.py:1: " + why);
  CHECK(refusal("\n\nif True:\n  NAME = 'x'") == "p/uwsgiplugin.py:3: " + why);
  CHECK(refusal("NAME = 'tab\\t'") == "p/uwsgiplugin.py:1: " + why);
  CHECK(refusal("NAME = 'x' 'y'") == "p/uwsgiplugin.py:1: " + why);
  CHECK(refusal("GCC_LIST = ['a'") == "p/uwsgiplugin.py:1: " + why);
  CHECK(refusal("GCC_LIST = ['a' 'b']") == "p/uwsgiplugin.py:1: " + why);
}

TEST_CASE("JSON has its commas, and its strings are escaped") {
  JsonWriter json;
  json.begin('{').key("a").string("\"\\\n\x01").key("b").begin('[').number(1).number(2).end(']');
  json.key("c").strings({}).key("d").begin('{').end('}').key("e").strings({"x", "y"}).end('}');
  CHECK(json.text() == R"({"a":"\"\\\u000a\u0001","b":[1,2],"c":[],"d":{},"e":["x","y"]})");
}
