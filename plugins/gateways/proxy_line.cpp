// The PROXY protocol's line of text (version 1): who the client behind a load balancer is.
// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <string_view>

extern "C" char *proxy1_parse(char *ptr, char *watermark, char **src, uint16_t *src_len, char **dst,
                              uint16_t *dst_len, char **src_port, uint16_t *src_port_len, char **dst_port,
                              uint16_t *dst_port_len) {
  constexpr std::string_view kStart = "PROXY ";
  constexpr size_t kLongest = 107;
  const size_t room = std::min(static_cast<size_t>(watermark - ptr), kLongest);
  const std::string_view text(ptr, room);
  const size_t end = text.find("\r\n");
  if (!text.starts_with(kStart) || end == text.npos) return ptr;  // it begins with the request itself
  std::string_view words[5];
  size_t at = kStart.size(), count = 0;
  while (at < end && count < 5) {
    const size_t next = std::min(text.find(' ', at), end);
    words[count++] = text.substr(at, next - at);
    at = next + 1;
  }
  auto give = [](std::string_view word, char **value, uint16_t *len) {
    *value = const_cast<char *>(word.data());
    *len = static_cast<uint16_t>(word.size());
  };
  if (count == 5 && words[0].starts_with("TCP")) {
    give(words[1], src, src_len), give(words[2], dst, dst_len);
    give(words[3], src_port, src_port_len), give(words[4], dst_port, dst_port_len);
  }
  return ptr + end + 2;
}
