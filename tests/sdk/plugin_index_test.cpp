#include "sdk/inspect/plugin_index.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/sdk/fixture_file.h"

using namespace mortise;

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A folder of plugins that goes with the test.
struct PluginFolder {
  std::string path = fs::temp_directory_path() / "plugin_index_test.XXXXXX";
  PluginFolder() { REQUIRE(mkdtemp(path.data())); }
  ~PluginFolder() { fs::remove_all(path); }
  std::string index() const { return path + "/plugins.index"; }
  void copy(const std::string &fixture, const std::string &name) const {
    fs::copy_file(fixture_path(fixture), path + "/" + name + "_plugin.so",
                  fs::copy_options::overwrite_existing);
  }
  void write_index(const std::string &text) const { std::ofstream(index()) << text; }
};

std::string error_of(const std::string &text) {
  auto index = PluginIndex::parse(text, "plugins.index");
  REQUIRE_FALSE(index);
  CHECK(index.error().exit_code == kExitPlugin);
  return index.error().message();
}

std::string text_of(const std::string *name) {
  return name ? *name : "(none)";
}

}  // namespace

TEST_CASE("an index tells which plugin has an option or provides a function") {
  auto index = PluginIndex::parse(
      "plugin http http_plugin.so\n"
      "plugin timers timers_plugin.so\n"
      "option http http\n"
      "option http-socket http\n"
      "symbol uwsgi_add_timer timers\n",
      "plugins.index");
  REQUIRE(index);
  CHECK(text_of(index->plugin_for_option("http-socket")) == "http");
  CHECK(text_of(index->provider_of("uwsgi_add_timer")) == "timers");
  CHECK_FALSE(index->plugin_for_option("uwsgi_add_timer"));
  CHECK_FALSE(index->plugin_for_option("htt"));
  CHECK_FALSE(index->provider_of(""));
}

TEST_CASE("an index tolerates comments, blanks, unknown kinds of lines and a missing last newline") {
  auto index = PluginIndex::parse(
      "# comment\n\n\t option\thttp \t http\r\nfeature tls http later\nsymbol f timers", "plugins.index");
  REQUIRE(index);
  CHECK(text_of(index->plugin_for_option("http")) == "http");
  CHECK(text_of(index->provider_of("f")) == "timers");
  CHECK(PluginIndex::parse("", "plugins.index"));
}

TEST_CASE("a damaged line of an index is refused with its number") {
  const std::string rest = ": not a line of a plugin index (delete the file: the folder is read instead)";
  CHECK(error_of("plugin http http_plugin.so\noption http") == "plugins.index:2" + rest);
  CHECK(error_of("symbol a b c\n") == "plugins.index:1" + rest);
  CHECK(error_of("plugin\n") == "plugins.index:1" + rest);
  CHECK(error_of("refused a b\n") == "plugins.index:1" + rest);
}

TEST_CASE("what an index says survives writing and reading") {
  PluginFolder folder;
  folder.copy("described", "described");
  folder.copy("abi_no_note", "abi_no_note");
  fs::create_symlink("described_plugin.so", folder.path + "/alias_plugin.so");
  REQUIRE(write_plugin_index(folder.path));
  CHECK(file_bytes(folder.index()) ==
        "# What the plugins of this folder have. Made by the server; edits are lost.\n"
        "refused abi_no_note_plugin.so\n"
        "plugin alias alias_plugin.so\n"
        "plugin described described_plugin.so\n"
        "option -d described\n"
        "option described described\n"
        "option described-item described\n"
        "option described-level described\n"
        "symbol uwsgi_described_answer described\n");
  auto scanned = scan_plugin_folder(folder.path);
  auto read = PluginIndex::parse(file_bytes(folder.index()), folder.index());
  REQUIRE(scanned);
  REQUIRE(read);
  CHECK(read->text() == scanned->text());
}

TEST_CASE("an index that fits its folder is used, the plugins are not read") {
  PluginFolder folder;
  folder.copy("described", "described");
  folder.write_index("plugin described described_plugin.so\noption from-the-index described\n");
  auto index = open_plugin_index(folder.path);
  REQUIRE(index);
  CHECK(text_of(index->plugin_for_option("from-the-index")) == "described");
  CHECK_FALSE(index->plugin_for_option("described-item"));
}

TEST_CASE("a folder is read where its index is missing, damaged, older than a plugin, or about other files") {
  PluginFolder folder;
  folder.copy("described", "described");
  auto is_read = [&] {
    auto index = open_plugin_index(folder.path);
    return index && index->plugin_for_option("described-item") && !index->plugin_for_option("from-the-index");
  };
  CHECK(is_read());
  const std::string stale = "option from-the-index described\n";
  folder.write_index("plugin described described_plugin.so\n" + stale + "option\n");
  CHECK(is_read());
  folder.write_index("plugin described described_plugin.so\n" + stale);
  CHECK_FALSE(is_read());
  fs::last_write_time(folder.index(), fs::last_write_time(folder.path + "/described_plugin.so") - 1s);
  CHECK(is_read());
  folder.write_index(stale);
  CHECK(is_read());
  folder.write_index("plugin described described_plugin.so\nplugin gone gone_plugin.so\n" + stale);
  CHECK(is_read());
  folder.write_index("plugin gone gone_plugin.so\n" + stale);
  CHECK(is_read());
}

TEST_CASE("of two plugins with the same option the first by name is found, a link last") {
  PluginFolder folder;
  folder.copy("described", "described");
  fs::create_symlink("described_plugin.so", folder.path + "/a_plugin.so");
  auto index = scan_plugin_folder(folder.path);
  REQUIRE(index);
  CHECK(text_of(index->plugin_for_option("described")) == "described");
  CHECK(index->files().size() == 2);
}

TEST_CASE("files with other names, or with blanks in theirs, are no plugins of a folder") {
  PluginFolder folder;
  folder.copy("described", "with blank");
  fs::copy_file(fixture_path("described"), folder.path + "/described.so");
  fs::copy_file(fixture_path("described"), folder.path + "/described_plugin.so.bak");
  auto index = scan_plugin_folder(folder.path);
  REQUIRE(index);
  CHECK(index->files().empty());
}

TEST_CASE("a folder that cannot be read or written is an error that names it") {
  auto scanned = scan_plugin_folder("/nonexistent/plugins");
  REQUIRE_FALSE(scanned);
  CHECK(scanned.error().message() == "read plugin folder '/nonexistent/plugins': No such file or directory");
  PluginFolder folder;
  fs::create_directory(folder.index());
  auto written = write_plugin_index(folder.path);
  REQUIRE_FALSE(written);
  CHECK(written.error().message() == "write '" + folder.index() + "': Is a directory");
}
