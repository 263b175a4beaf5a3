// Tasks as bytes and as files in a folder.
#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "plugins/spooler/folder.h"

using namespace mortise::spooler;
using namespace std::string_literals;

namespace {

std::string pair(const std::string &key, const std::string &value) {
  std::string block;
  for (const std::string &text : {key, value}) {
    block += static_cast<char>(text.size());
    block += '\0';
    block += text;
  }
  return block;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/spooler-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string store(const Folder &folder, const std::string &pairs, const std::string &body = "") {
  return *store_task(folder.path, "host", *read_orders(pairs), pairs, body);
}

}  // namespace

TEST_CASE("a task's file is a packet of modifier 17 and a body") {
  const std::string pairs = pair("a", "b");
  CHECK(pack_task(pairs, "body") == "\x11\x06\x00\x00\x01\x00\x61\x01\x00\x62\x62ody"s);
  const auto task = parse_task(pack_task(pairs, "body"));
  REQUIRE(task);
  CHECK(task->pairs == pairs);
  CHECK(task->body == "body");
}

TEST_CASE("bytes that are no task are refused") {
  for (const std::string &bad :
       {""s, "\x11"s, "\x10\x00\x00\x00"s, "\x11\x05\x00\x00xx"s, "\x11\x02\x00\x00\xff\xff"s})
    CHECK_FALSE(parse_task(bad));
}

TEST_CASE("what the pairs say to the spooler is found") {
  const auto orders =
      read_orders(pair("spooler", "/x") + pair("priority", "3") + pair("at", "12345") + pair("a", "b"));
  REQUIRE(orders);
  CHECK(orders->spooler == "/x");
  CHECK(orders->priority == "3");
  CHECK(orders->at == 12345);
  CHECK(read_orders(pair("priority", "../x"))->priority.empty());
  CHECK_FALSE(read_orders("\x01"));
}

TEST_CASE("tasks are listed by priority, then by age; later ones when they are due") {
  const Folder folder;
  const std::string old = store(folder, pair("at", "1000"));
  const std::string young = store(folder, pair("at", "2000"));
  const std::string low = store(folder, pair("priority", "10") + pair("at", "3000"));
  const std::string high = store(folder, pair("priority", "9") + pair("at", "3000"));
  store(folder, pair("at", "5000"));
  const Listing listing = list_tasks(folder.path, 4000);
  std::vector<std::string> paths;
  for (const Waiting &waiting : listing.due) paths.push_back(waiting.path);
  CHECK(paths == std::vector<std::string>{high, low, old, young});
  CHECK(listing.next_at == 5000);
  CHECK(list_tasks(folder.path, 5000).due.size() == 5);
}

TEST_CASE("a task that is gone is not taken, and a file that is none is broken") {
  const Folder folder;
  const std::string path = store(folder, pair("a", "b"), "body");
  const Listing listing = list_tasks(folder.path, 1L << 40);
  REQUIRE(listing.due.size() == 1);
  bool broken = false;
  {
    const auto taken = TakenTask::take(listing.due[0], &broken);
    REQUIRE(taken);
    CHECK(taken->task.body == "body");
  }
  std::ofstream(path) << "no task";
  CHECK_FALSE(TakenTask::take(listing.due[0], &broken));
  CHECK(broken);
  std::filesystem::remove(path);
  CHECK_FALSE(TakenTask::take(listing.due[0], &broken));
  CHECK_FALSE(broken);
}
