#include "packed_array.h"

#include <uwsgi.h>

namespace mortise::calls {

namespace {

void append(std::string *packet, std::string_view item) {
  packet->push_back(static_cast<char>(item.size() & 0xff));
  packet->push_back(static_cast<char>(item.size() >> 8));
  packet->append(item);
}

}  // namespace

std::optional<std::string> pack_call(uint8_t modifier1, std::string_view function, uint8_t argc, char *argv[],
                                     const uint16_t argvs[]) {
  constexpr size_t kHeader = 4;
  std::string packet(kHeader, '\0');
  if (function.size() > UINT16_MAX) return std::nullopt;
  append(&packet, function);
  for (uint8_t i = 0; i < argc; ++i) append(&packet, {argv[i], argvs[i]});
  const size_t size = packet.size() - kHeader;
  if (size > UINT16_MAX) return std::nullopt;
  packet[0] = static_cast<char>(modifier1);
  packet[1] = static_cast<char>(size & 0xff);
  packet[2] = static_cast<char>(size >> 8);
  return packet;
}

}  // namespace mortise::calls

using mortise::calls::parse_array;

extern "C" {

int uwsgi_parse_array(char *buf, uint16_t len, char *argv[], uint16_t argvs[], uint8_t *argc) {
  const uint8_t most = *argc;
  *argc = 0;
  const bool good = parse_array({buf, len}, [&](std::string_view item) {
    if (*argc == most) return false;
    // Plugins take the items as NUL-terminated: each moves into the place of its length, which was read.
    argv[*argc] = static_cast<char *>(memmove(const_cast<char *>(item.data()) - 1, item.data(), item.size()));
    argv[*argc][item.size()] = '\0';
    argvs[*argc] = static_cast<uint16_t>(item.size());
    ++*argc;
    return true;
  });
  return good ? 0 : -1;
}

int uwsgi_hooked_parse_array(char *buf, size_t len, void (*func)(uint16_t, char *, uint16_t, void *),
                             void *data) {
  uint16_t index = 0;
  const bool good = parse_array({buf, len}, [&](std::string_view item) {
    func(index++, const_cast<char *>(item.data()), static_cast<uint16_t>(item.size()), data);
    return true;
  });
  return good ? 0 : -1;
}

}  // extern "C"
