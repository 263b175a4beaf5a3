// The items of a cache in flat memory: found, replaced, removed, expired, and built anew after a death.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "plugins/caches/hash.h"
#include "plugins/caches/settings.h"
#include "plugins/caches/table.h"

using namespace mortise::caches;

namespace {

struct Memory {
  explicit Memory(Geometry wanted)
      : geometry(wanted),
        bytes(Table::bytes_of(wanted) / 8 + 1),
        table(bytes.data(), wanted, find_hash("djb33x")) {
    table.format();
  }
  uint64_t put(const std::string &key, const std::string &value) {
    const uint64_t index = table.insert(key, value.size());
    if (index) memcpy(table.value(*table.item(index)), value.data(), value.size());
    return index;
  }
  std::string get(const std::string &key) {
    const uint64_t index = table.find(key);
    if (!index) return "-";
    return {table.value(*table.item(index)), table.item(index)->valsize};
  }
  Geometry geometry;
  std::vector<uint64_t> bytes;
  Table table;
};

Geometry small() {
  return {.max_items = 4, .blocks = 4, .blocksize = 8, .keysize = 16, .hashsize = 2, .bitmap = 0};
}

}  // namespace

TEST_CASE("as many items are stored as a cache is configured to have, and no more") {
  Memory memory(small());
  for (const char *key : {"a", "b", "c", "d"}) CHECK(memory.put(key, key) != 0);
  CHECK(memory.put("e", "e") == 0);
  CHECK(memory.table.count() == 4);
  memory.table.remove(memory.table.find("b"));
  CHECK(memory.put("e", "e") != 0);
  CHECK(memory.get("a") == "a");
  CHECK(memory.get("b") == "-");
  CHECK(memory.get("e") == "e");
}

TEST_CASE("a key or value that is too long is refused") {
  Memory memory(small());
  CHECK(memory.put("12345678901234567", "x") == 0);
  CHECK(memory.put("k", "123456789") == 0);
  CHECK(memory.put("1234567890123456", "12345678") != 0);
  CHECK(memory.put("", "x") == 0);
}

TEST_CASE("with a bitmap a value takes as many neighbouring blocks as it needs") {
  Memory memory({.max_items = 8, .blocks = 8, .blocksize = 4, .keysize = 8, .hashsize = 4, .bitmap = 1});
  CHECK(memory.put("a", "0123456789") != 0);  // 3 blocks
  CHECK(memory.put("b", "01234567") != 0);    // 2
  CHECK(memory.put("c", "0123456789ab") != 0);
  CHECK(memory.put("d", "x") == 0);
  memory.table.remove(memory.table.find("b"));
  CHECK(memory.put("e", "012345678") == 0);  // 3, where there are 2
  CHECK(memory.put("e", "01234567") != 0);
  CHECK(memory.get("a") == "0123456789");
  CHECK(memory.get("c") == "0123456789ab");
  CHECK_FALSE(memory.table.resize(memory.table.find("e"), 12));
  CHECK(memory.table.resize(memory.table.find("a"), 2));
  CHECK(memory.table.resize(memory.table.find("e"), 8));
}

TEST_CASE("the item that nobody asked for longest is the least recently used one") {
  Memory memory(small());
  for (const char *key : {"a", "b", "c"}) memory.put(key, key);
  memory.table.touch(memory.table.find("a"));
  CHECK(memory.table.least_recently_used() == memory.table.find("b"));
  memory.table.remove(memory.table.find("b"));
  CHECK(memory.table.least_recently_used() == memory.table.find("c"));
}

TEST_CASE("a sweep removes what expired and tells when it is worth while again") {
  Memory memory(small());
  memory.table.item(memory.put("a", "a"))->expires = 100;
  memory.table.item(memory.put("b", "b"))->expires = 200;
  memory.put("c", "c");
  uint64_t next = 0;
  CHECK(memory.table.sweep(100, &next) == 1);
  CHECK(next == 200);
  CHECK(memory.get("a") == "-");
  CHECK(memory.table.sweep(500, &next) == 1);
  CHECK(next == 0);
  CHECK(memory.get("c") == "c");
}

TEST_CASE("memory that another life of the server left keeps its items") {
  Memory memory(small());
  memory.put("a", "one");
  memory.put("b", "two");
  memory.table.remove(memory.table.find("a"));
  REQUIRE(Table::holds(memory.bytes.data(), memory.geometry));
  Table again(memory.bytes.data(), memory.geometry, find_hash("djb33x"));
  CHECK(again.rebuild() == 1);
  CHECK(again.find("a") == 0);
  CHECK(again.find("b") != 0);
  Geometry other = memory.geometry;
  other.keysize = 24;
  CHECK_FALSE(Table::holds(memory.bytes.data(), other));
}

TEST_CASE("items that do not check out are dropped when a table is built anew") {
  Memory memory({.max_items = 4, .blocks = 8, .blocksize = 8, .keysize = 16, .hashsize = 2, .bitmap = 1});
  memory.put("good", "1");
  memory.table.item(memory.put("hash", "2"))->hash ^= 1;
  memory.table.item(memory.put("size", "3"))->valsize = 1 << 20;
  memory.table.item(memory.put("block", "4"))->first_block = 99;
  CHECK(memory.table.rebuild() == 1);
  CHECK(memory.get("good") == "1");
  for (const char *key : {"a", "b", "c"}) CHECK(memory.put(key, key) != 0);
  CHECK(memory.put("d", "d") == 0);
}

TEST_CASE("a change that its process did not end is repaired by the next one") {
  Memory memory(small());
  for (const char *key : {"a", "b", "c"}) memory.put(key, key);
  uint64_t *const changing = memory.bytes.data() + (8 + sizeof(Geometry) + 4 * 8) / 8;
  *changing = 1;
  memory.table.item(memory.table.find("b"))->prev = 77;  // what a half done change may leave
  memory.table.remove(memory.table.find("c"));
  CHECK(*changing == 0);
  memory.table.remove(memory.table.find("b"));
  CHECK(memory.get("a") == "a");
  CHECK(memory.table.count() == 1);
}

TEST_CASE("a cache2 option says all about a cache") {
  const auto parsed = parse_settings(
      "name=x,items=10,blocksize=100,bitmap=1,blocks=40,keysize=32,store=/tmp/"
      "x,store_sync=3,node=a:1;b:2,purge_lru=1,"
      "math_initial=-4,ignore_full");
  CHECK(parsed.error.empty());
  const Settings &settings = parsed.settings;
  CHECK(settings.name == "x");
  CHECK(settings.max_items == 10);
  CHECK(settings.blocks == 40);
  CHECK(settings.bitmap);
  CHECK(settings.purge_lru);
  CHECK(settings.ignore_full);
  CHECK_FALSE(settings.lazy_expire);
  CHECK(settings.math_initial == -4);
  CHECK(settings.nodes == std::vector<std::string>{"a:1", "b:2"});
}

TEST_CASE("settings that no cache can have are refused with the reason") {
  CHECK(parse_settings("name=x").error == "it has no number of items (items=100)");
  CHECK(parse_settings("x").error == "it has no number of items (name=x,items=100)");
  CHECK(parse_settings("items=ten").error ==
        "the value 'ten' of 'items' is not a whole number from 0 to 18446744073709551615");
  CHECK(
      parse_settings("name=x,items=9,blocksize=99999999999999999999").error ==
      "the value '99999999999999999999' of 'blocksize' is not a whole number from 0 to 18446744073709551615");
  CHECK(parse_settings("name=,items=9").error == "the value '' of 'name' is not a text");
  CHECK(parse_settings("items=10,colour=red").error.starts_with("there is no key 'colour'"));
  CHECK(parse_settings("items=10,blocks=5").error.starts_with("there are fewer blocks than items"));
  CHECK(parse_settings("items=4000000000,blocksize=1000000").error == "it would take more than a terabyte");
  CHECK(parse_settings("items=99999999999999999999").error != "");
}
