#include "sdk/inspect/plugin_file.h"

#include <getopt.h>
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "sdk/inspect/elf_dynamic.h"
#include "tests/sdk/fixture_file.h"

using namespace mortise;

namespace {

namespace fs = std::filesystem;

PluginDescription describe(const std::string &path) {
  auto plugin = describe_plugin(path);
  if (!plugin) FAIL(plugin.error().message());
  return *plugin;
}

std::string refusal(const std::string &path) {
  auto plugin = describe_plugin(path);
  REQUIRE_FALSE(plugin);
  CHECK(plugin.error().exit_code == kExitPlugin);
  return plugin.error().message();
}

std::string refused(const std::string &name, const std::string &why) {
  return "plugin '" + fixture_path(name) + "' refused: " + why;
}

using Names = std::vector<std::string>;

// A folder that goes with the test.
struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = fs::temp_directory_path() / "plugin_file_test.XXXXXX";
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  std::string copy(const std::string &fixture, const std::string &file) const {
    fs::copy_file(fixture_path(fixture), path / file);
    return path / file;
  }
};

}  // namespace

TEST_CASE("a plugin is described without running it") {
  PluginDescription plugin = describe(fixture_path("described"));
  CHECK(plugin.path == fixture_path("described"));
  CHECK(plugin.symbol == "described_plugin");
  CHECK(plugin.name == "described");
  CHECK(plugin.modifier1 == 123);
  CHECK(plugin.table_size == sizeof(uwsgi_plugin));
  CHECK(plugin.note.abi_major == UWSGI_ABI_MAJOR);
  CHECK(plugin.hooks == Names{"init", "request", "after_request"});
  REQUIRE(plugin.options.size() == 3);
  CHECK(plugin.options[0].name == "described");
  CHECK(plugin.options[0].argument == no_argument);
  CHECK(plugin.options[0].help == "switch it on");
  CHECK(plugin.options[1].name == "described-item");
  CHECK(plugin.options[1].argument == required_argument);
  CHECK(plugin.options[2].argument == optional_argument);
  CHECK(plugin.options[2].help == "");
  const std::set<std::string> calls(plugin.undefined_uwsgi.begin(), plugin.undefined_uwsgi.end());
  CHECK(calls == std::set<std::string>{"uwsgi_log", "event_queue_init", "log_request", "uwsgi_opt_true",
                                       "uwsgi_opt_add_string_list", "uwsgi_opt_set_int",
                                       "uwsgi_response_prepare_headers"});
  CHECK(plugin.provides == Names{"uwsgi_described_answer"});
  CHECK(plugin.needed == Names{"libc.so.6"});
}

TEST_CASE("every hook is told by its own name") {
  const std::string bytes = file_bytes(fixture_path("every_hook"));
  auto image = ElfImage::parse(bytes);
  REQUIRE(image);
  auto dynamic = read_dynamic(*image);
  REQUIRE(dynamic);
  size_t tables = 0;
  for (const ElfSymbol &symbol : dynamic->symbols) {
    if (!symbol.name.starts_with("only_")) continue;
    auto plugin = describe_plugin_bytes(bytes, "every_hook_plugin.so", {std::string(symbol.name)});
    REQUIRE(plugin);
    CHECK(plugin->hooks == Names{plugin->name});
    ++tables;
  }
  CHECK(tables == 46);
}

TEST_CASE("options end where a row makes no sense") {
  PluginDescription plugin = describe(fixture_path("options_unterminated"));
  REQUIRE(plugin.options.size() == 2);
  CHECK(plugin.options[1].name == "second-option");
}

TEST_CASE("options end where the symbol around them ends") {
  PluginDescription plugin = describe(fixture_path("options_bounded"));
  REQUIRE(plugin.options.size() == 1);
  CHECK(plugin.options[0].name == "only-option");
}

TEST_CASE("a table of an older SDK is taken as long as it is") {
  PluginDescription plugin = describe(fixture_path("abi_older_sizes"));
  CHECK(plugin.name == "abi_older_sizes");
  CHECK(plugin.table_size == sizeof(uwsgi_plugin) - sizeof(void *));
  CHECK(plugin.hooks.empty());
}

TEST_CASE("a table is named after its file, with dashes and dots as underscores") {
  CHECK(table_symbol("./foobar_plugin.so") == "foobar_plugin");
  CHECK(table_symbol("/usr/lib/mortise/foo-bar.2_plugin.so") == "foo_bar_2_plugin");
  CHECK(table_symbol("plain") == "plain");
  CHECK(table_symbol("dir.so/") == "");
}

TEST_CASE("the table of a link is that of the link's name, or else of its target's") {
  TemporaryFolder folder;
  folder.copy("described", "described_plugin.so");
  fs::create_symlink("described_plugin.so", folder.path / "alias_plugin.so");
  CHECK(describe(folder.path / "alias_plugin.so").symbol == "described_plugin");
}

TEST_CASE("a hidden table is refused with the reasons why it may be hidden") {
  CHECK(refusal(fixture_path("table_hidden")) ==
        refused("table_hidden",
                "it exports no hook table 'table_hidden_plugin'\n"
                "  a table is hidden if it is static, a const of C++, or built with -fvisibility=hidden\n"
                "  define it as: struct uwsgi_plugin table_hidden_plugin = {...};"));
}

TEST_CASE("a table that has the name of another file is refused with that name") {
  CHECK(refusal(fixture_path("table_renamed")) == refused("table_renamed",
                                                          "it exports no hook table 'table_renamed_plugin'\n"
                                                          "  a table is found by its file's name\n"
                                                          "  rename the file to original_plugin.so"));
  TemporaryFolder folder;
  folder.copy("table_renamed", "target_plugin.so");
  fs::create_symlink("target_plugin.so", folder.path / "link_plugin.so");
  CHECK(refusal(folder.path / "link_plugin.so").find("no hook table 'link_plugin' or 'target_plugin'\n") !=
        std::string::npos);
}

TEST_CASE("a table without a name is refused") {
  CHECK(refusal(fixture_path("table_nameless")) ==
        refused("table_nameless",
                "its hook table 'table_nameless_plugin' has no name\n"
                "  the server and its log call a plugin by its name\n"
                "  set it: struct uwsgi_plugin table_nameless_plugin = {.name = \"...\", ...};"));
}

TEST_CASE("a table that is larger than ours is refused") {
  CHECK(refusal(fixture_path("table_bigger")) ==
        refused("table_bigger",
                "its hook table 'table_bigger_plugin' has " + std::to_string(sizeof(uwsgi_plugin) + 16) +
                    " bytes, this server knows " + std::to_string(sizeof(uwsgi_plugin)) +
                    "\n"
                    "  its note says ABI " +
                    abi_text(our_abi()) +
                    ", where no table is larger\n"
                    "  rebuild it with this server's SDK: mortise --build-plugin table_bigger.c"));
}

TEST_CASE("files that are no plugins are refused by kind") {
  TemporaryFolder folder;
  const std::string path = folder.path / "x_plugin.so";
  auto refused_file = [&](const std::string &why) { return "plugin '" + path + "' refused: " + why; };
  CHECK(refusal(path) == refused_file("No such file or directory"));
  std::ofstream(path).flush();
  CHECK(refusal(path) == refused_file("an empty file (copy it or build it again)"));
  std::ofstream(path) << "int main() {}\n";
  CHECK(refusal(path) ==
        refused_file("not an ELF file (mortise --build-plugin makes a shared object of a source file)"));
  const std::string bytes = file_bytes(fixture_path("described"));
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 8);
  CHECK(refusal(path).starts_with(refused_file("truncated: its ")));
  fs::remove(path);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(refusal(path) == refused_file("not a regular file (name a shared object)"));
  CHECK(refusal(folder.path) ==
        "plugin '" + folder.path.string() + "' refused: not a regular file (name a shared object)");
}

TEST_CASE("a plugin cut or damaged at any byte is an answer, never a crash") {
  const std::string bytes = file_bytes(fixture_path("described"));
  const Names symbols{"described_plugin"};
  for (size_t len = 0; len < bytes.size(); len += 7)
    if (auto plugin = describe_plugin_bytes(std::string_view(bytes).substr(0, len), "x", symbols); !plugin)
      CHECK_FALSE(plugin.error().why.empty());
  std::string damaged = bytes;
  for (size_t at = 0; at < damaged.size(); at += 3) {
    for (char value : {'\0', '\x7f', '\xff'}) {
      damaged[at] = value;
      auto plugin = describe_plugin_bytes(damaged, "x", symbols);
      if (!plugin && plugin.error().why.empty()) FAIL("no reason");
    }
    damaged[at] = bytes[at];
  }
}
