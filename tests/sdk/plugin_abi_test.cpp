#include "sdk/inspect/plugin_abi.h"

#include <uwsgi.h>

#include <catch2/catch.hpp>

#include "sdk/inspect/plugin_file.h"
#include "tests/sdk/fixture_file.h"

using namespace mortise;

namespace {

constexpr AbiNote kServer{1, 3, 0, 408, 1040, 440, 0x010300};

std::string refusal(const AbiNote &theirs) {
  auto fits = check_abi(theirs, kServer, "./x_plugin.so");
  REQUIRE_FALSE(fits);
  CHECK(fits.error().exit_code == kExitPlugin);
  return fits.error().message();
}

AbiNote with(auto AbiNote::*member, unsigned value) {
  AbiNote note = kServer;
  note.*member = static_cast<std::remove_reference_t<decltype(note.*member)>>(value);
  return note;
}

// What the loader would say about a fixture, its folder left out.
std::string fixture_refusal(const std::string &name) {
  auto plugin = describe_plugin(fixture_path(name));
  REQUIRE_FALSE(plugin);
  CHECK(plugin.error().exit_code == kExitPlugin);
  std::string message = plugin.error().message();
  const std::string folder = std::string(kBuildDir) + "/fixtures/";
  REQUIRE(message.starts_with("plugin '" + folder));
  return message.erase(8, folder.size());
}

const std::string kOurs = abi_text(our_abi());
const std::string kOurSdk = release_text(our_abi().sdk_release);

std::string minor_plus(int more) {
  return std::to_string(UWSGI_ABI_MAJOR) + "." + std::to_string(UWSGI_ABI_MINOR + more);
}

}  // namespace

TEST_CASE("a plugin of this ABI, of an older minor, or with smaller structures fits") {
  CHECK(check_abi(kServer, kServer, "x"));
  CHECK(check_abi(with(&AbiNote::abi_minor, 0), kServer, "x"));
  CHECK(check_abi(with(&AbiNote::plugin_size, 400), kServer, "x"));
  CHECK(check_abi(with(&AbiNote::request_size, 1000), kServer, "x"));
  CHECK(check_abi(with(&AbiNote::sdk_release, 0x010900), kServer, "x"));
}

TEST_CASE("a plugin of a newer minor is refused with both versions and the flag to rebuild it with") {
  AbiNote theirs = with(&AbiNote::abi_minor, 4);
  theirs.sdk_release = 0x010400;
  CHECK(refusal(theirs) ==
        "plugin './x_plugin.so' refused: needs ABI 1.4, this server offers 1.3\n"
        "  built with SDK 1.4.0\n"
        "  upgrade the server, or rebuild with -DUWSGI_ABI_TARGET=3");
}

TEST_CASE("a plugin of another major is refused, whichever is newer") {
  CHECK(refusal({2, 0, 0, 408, 1040, 440, 0x020003}) ==
        "plugin './x_plugin.so' refused: needs ABI 2.0, this server offers 1.3\n"
        "  built with SDK 2.0.3\n"
        "  rebuild it with this server's SDK: mortise --build-plugin x.c");
  CHECK(refusal({0, 9, 0, 1, 2, 3, 0x000900}) ==
        "plugin './x_plugin.so' refused: needs ABI 0.9, this server offers 1.3\n"
        "  built with SDK 0.9.0\n"
        "  rebuild it with this server's SDK: mortise --build-plugin x.c");
}

TEST_CASE("a plugin that needs an unknown feature is refused") {
  CHECK(refusal(with(&AbiNote::features, 6)) ==
        "plugin './x_plugin.so' refused: needs features 0x6 of the ABI, unknown to this server\n"
        "  built with SDK 1.3.0\n"
        "  upgrade the server");
}

TEST_CASE("a plugin whose structures do not fit is refused with both sizes") {
  CHECK(refusal(with(&AbiNote::plugin_size, 416)) ==
        "plugin './x_plugin.so' refused: its struct uwsgi_plugin has 416 bytes, this server's 408\n"
        "  built with SDK 1.3.0\n"
        "  rebuild it with this server's SDK: mortise --build-plugin x.c");
  CHECK(refusal(with(&AbiNote::request_size, 1048)) ==
        "plugin './x_plugin.so' refused: its struct wsgi_request has 1048 bytes, this server's 1040\n"
        "  built with SDK 1.3.0\n"
        "  rebuild it with this server's SDK: mortise --build-plugin x.c");
  for (unsigned size : {432u, 448u})
    CHECK(refusal(with(&AbiNote::worker_size, size)) ==
          "plugin './x_plugin.so' refused: its struct uwsgi_worker has " + std::to_string(size) +
              " bytes, this server's 440\n"
              "  built with SDK 1.3.0\n"
              "  rebuild it with this server's SDK: mortise --build-plugin x.c");
}

TEST_CASE("our own note tells the sizes of this server") {
  CHECK(our_abi().abi_major == UWSGI_ABI_MAJOR);
  CHECK(our_abi().abi_minor == UWSGI_ABI_MINOR);
  CHECK(our_abi().plugin_size == sizeof(uwsgi_plugin));
  CHECK(our_abi().request_size == sizeof(wsgi_request));
  CHECK(our_abi().worker_size == sizeof(uwsgi_worker));
}

TEST_CASE("a plugin file of another major is refused") {
  CHECK(fixture_refusal("abi_other_major") ==
        "plugin 'abi_other_major_plugin.so' refused: needs ABI " + std::to_string(UWSGI_ABI_MAJOR + 1) + "." +
            std::to_string(UWSGI_ABI_MINOR) + ", this server offers " + kOurs +
            "\n"
            "  built with SDK 2.0.3\n"
            "  rebuild it with this server's SDK: mortise --build-plugin abi_other_major.c");
}

TEST_CASE("a plugin file of a newer minor is refused") {
  CHECK(fixture_refusal("abi_newer_minor") ==
        "plugin 'abi_newer_minor_plugin.so' refused: needs ABI " + minor_plus(4) + ", this server offers " +
            kOurs +
            "\n"
            "  built with SDK 1.4.0\n"
            "  upgrade the server, or rebuild with -DUWSGI_ABI_TARGET=" +
            std::to_string(UWSGI_ABI_MINOR));
}

TEST_CASE("a plugin file with an unknown feature is refused") {
  CHECK(fixture_refusal("abi_unknown_feature") ==
        "plugin 'abi_unknown_feature_plugin.so' refused: needs features 0x80000000 of the ABI, unknown to "
        "this server\n"
        "  built with SDK " +
            kOurSdk + "\n  upgrade the server");
}

TEST_CASE("a plugin file whose structures do not fit is refused") {
  struct {
    const char *fixture, *type;
    size_t theirs, ours;
  } const cases[] = {
      {"abi_bigger_plugin", "uwsgi_plugin", sizeof(uwsgi_plugin) + 8, sizeof(uwsgi_plugin)},
      {"abi_bigger_request", "wsgi_request", sizeof(wsgi_request) + 16, sizeof(wsgi_request)},
      {"abi_other_worker", "uwsgi_worker", sizeof(uwsgi_worker) - 8, sizeof(uwsgi_worker)},
  };
  for (const auto &wrong : cases)
    CHECK(fixture_refusal(wrong.fixture) ==
          "plugin '" + std::string(wrong.fixture) + "_plugin.so' refused: its struct " + wrong.type +
              " has " + std::to_string(wrong.theirs) + " bytes, this server's " + std::to_string(wrong.ours) +
              "\n  built with SDK " + kOurSdk +
              "\n  rebuild it with this server's SDK: mortise --build-plugin " + wrong.fixture + ".c");
}

TEST_CASE("a plugin file without a note is refused") {
  CHECK(fixture_refusal("abi_no_note") ==
        "plugin 'abi_no_note_plugin.so' refused: it has no ABI note\n"
        "  the note, which says what it was built for, comes with <uwsgi.h>; this server offers ABI " +
            kOurs +
            "\n"
            "  rebuild it with this server's SDK: mortise --build-plugin abi_no_note.c");
}

TEST_CASE("a plugin file with a short note is refused") {
  CHECK(fixture_refusal("abi_short_note") ==
        "plugin 'abi_short_note_plugin.so' refused: its ABI note is damaged: 4 bytes (copy it or build it "
        "again)");
}

TEST_CASE("a plugin file whose object files disagree is refused") {
  const std::string message = fixture_refusal("abi_mixed_units");
  const std::string ours = "  built for ABI " + kOurs + " with SDK " + kOurSdk + ": plugin " +
                           std::to_string(sizeof(uwsgi_plugin)) + ", request " +
                           std::to_string(sizeof(wsgi_request)) + ", worker " +
                           std::to_string(sizeof(uwsgi_worker)) + " bytes\n";
  const std::string other =
      "  built for ABI " + minor_plus(1) + " with SDK 1.1.0: plugin 500, request 1000, worker 300 bytes\n";
  const std::string first =
      "plugin 'abi_mixed_units_plugin.so' refused: mixed units: its object files were built for different "
      "ABIs\n";
  const std::string last = "  remove its object files and build all of them with one SDK";
  CHECK((message == first + ours + other + last || message == first + other + ours + last));
}

TEST_CASE("nothing of a refused plugin runs, not even its constructors") {
  const std::string proof = std::string(kBuildDir) + "/constructor_ran";
  remove(proof.c_str());
  setenv("CONSTRUCTOR_RAN", proof.c_str(), 1);
  CHECK(fixture_refusal("constructor").find("needs ABI " + minor_plus(1)) != std::string::npos);
  CHECK(access(proof.c_str(), F_OK) != 0);
  // The same file, opened as a loader without the check would, does run its code: the proof proves something.
  if (void *library = dlopen(fixture_path("constructor").c_str(), RTLD_LAZY)) {
    CHECK(access(proof.c_str(), F_OK) == 0);
    dlclose(library);
    remove(proof.c_str());
  }
  unsetenv("CONSTRUCTOR_RAN");
}
