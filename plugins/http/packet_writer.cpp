#include "packet_writer.h"

#include <algorithm>

#include "head_limits.h"
#include "options.h"
#include "transport.h"

namespace mortise::http {

namespace {

char *put_length(char *out, size_t len) {
  *out++ = static_cast<char>(len & 0xff);
  *out++ = static_cast<char>(len >> 8);
  return out;
}

}  // namespace

PacketWriter::PacketWriter()
    : packet_(new char[kMaxPacketBytes]),
      scratch_(new char[kScratchBytes]),  // pages that are never needed are never touched
      limit_(kHeaderBytes + static_cast<size_t>(std::min<int>(uwsgi.buffer_size, UINT16_MAX))),
      max_variable_bytes_(head_limits().max_variable_bytes) {}

std::string_view PacketWriter::write(const RequestHead &head, const Endpoints &ends,
                                     const Transport *transport) {
  used_ = kHeaderBytes;
  scratch_used_ = 0;
  variables_ = 0;
  if (!CgiVariables(*this, head, max_variable_bytes_).write(ends) || !add_configured()) return {};
  if (transport && !transport->add_variables(*this)) return {};
  packet_[0] = static_cast<char>(options.modifier1);
  put_length(&packet_[1], used_ - kHeaderBytes);
  packet_[3] = static_cast<char>(options.modifier2);
  return {packet_.get(), used_};
}

bool PacketWriter::add(std::string_view name, std::string_view value) {
  if (used_ + name.size() + value.size() + 4 > limit_ || ++variables_ > uwsgi.max_vars) return false;
  char *out = put_length(&packet_[used_], name.size());
  out += name.copy(out, name.size());
  out = put_length(out, value.size());
  out += value.copy(out, value.size());
  used_ = static_cast<size_t>(out - packet_.get());
  return true;
}

bool PacketWriter::add_configured() {
  for (const uwsgi_string_list *item = options.vars; item; item = item->next) {
    std::string_view text = item->value;
    size_t equals = std::min(text.find('='), text.size());
    if (!add(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())))) return false;
  }
  return true;
}

char *PacketWriter::allocate(size_t size) {
  if (size > kScratchBytes - scratch_used_) return nullptr;
  char *memory = scratch_.get() + scratch_used_;
  scratch_used_ += size;
  return memory;
}

}  // namespace mortise::http
