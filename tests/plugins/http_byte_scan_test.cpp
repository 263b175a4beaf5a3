#include "plugins/http/byte_scan.h"

#include <catch2/catch.hpp>

#include <cctype>
#include <memory>

using namespace mortise::http;

namespace {

// A buffer of `size` good bytes with one other byte, in memory of exactly that size.
template <typename End>
void check_everywhere(char good, char stop) {
  for (size_t size = 0; size <= 50; ++size) {
    std::unique_ptr<char[]> memory(new char[size]);
    std::fill_n(memory.get(), size, good);
    const ByteRange range{memory.get(), memory.get() + size};
    for (size_t from = 0; from <= size; ++from) {
      REQUIRE(find_end<End>(range.begin + from, range) == range.end);
      for (size_t at = 0; at < size; ++at) {
        memory[at] = stop;
        INFO(size << ' ' << from << ' ' << at);
        REQUIRE(find_end<End>(range.begin + from, range) == (at >= from ? range.begin + at : range.end));
        memory[at] = good;
      }
    }
  }
}

template <typename End>
bool ends_at(int byte) {
  char bytes[kBlockBytes + 1];
  std::fill_n(bytes, sizeof bytes, static_cast<char>(byte));
  return find_end<End>(bytes, {bytes, bytes + sizeof bytes}) == bytes;
}

}  // namespace

TEST_CASE("the end of a run is found wherever it is, and nothing outside the buffer is read") {
  check_everywhere<ValueEnd>('v', '\r');
  check_everywhere<TargetEnd>('/', ' ');
  check_everywhere<PathEnd>('p', '?');
  check_everywhere<LettersEnd>('n', ':');
}

TEST_CASE("each kind of run ends at its bytes and at no others") {
  for (int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    CHECK(ends_at<ValueEnd>(byte) == ((byte < 0x20 && byte != '\t') || byte == 0x7f));
    CHECK(ends_at<TargetEnd>(byte) == (byte < 0x21 || byte > 0x7e));
    CHECK(ends_at<PathEnd>(byte) == (byte == '?' || byte == '#' || byte == '%' || byte == ' '));
    CHECK(ends_at<LettersEnd>(byte) == !(byte < 128 && (std::isalpha(byte) || byte == '-')));
  }
}
