#include "members.h"

#include <algorithm>

namespace mortise::legion {

namespace {

// FNV-1a; sums of these are the same in whatever order the members are known.
uint64_t hash_of(const std::string &uuid) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char byte : uuid) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

}  // namespace

Members::Change Members::hear(const Message &message, int64_t now_ms) {
  if (message.legion != self_.legion || message.uuid == self_.uuid) return Change::kNone;
  const auto known = others_.find(message.uuid);
  if (known != others_.end() && message.unix_us <= known->second.said.unix_us) return Change::kNone;
  if (message.dead) return others_.erase(message.uuid) ? Change::kLeft : Change::kNone;
  others_[message.uuid] = {message, now_ms};
  return known == others_.end() ? Change::kJoined : Change::kNone;
}

std::string Members::forget_silent(int64_t now_ms, int64_t tolerance_ms) {
  const auto silent = std::find_if(others_.begin(), others_.end(), [&](const auto &entry) {
    return now_ms - entry.second.heard_ms > tolerance_ms;
  });
  if (silent == others_.end()) return {};
  std::string uuid = silent->first;
  others_.erase(silent);
  return uuid;
}

uint64_t Members::checksum() const {
  uint64_t sum = stands_back_ ? 0 : hash_of(self_.uuid);
  for (const auto &[uuid, member] : others_) sum += hash_of(uuid);
  return sum;
}

bool Members::has_quorum() const {
  if (quorum_ <= 0) return true;
  const uint64_t mine = checksum();
  const auto agree = std::count_if(others_.begin(), others_.end(),
                                   [&](const auto &entry) { return entry.second.said.checksum == mine; });
  return agree + (stands_back_ ? 0 : 1) >= quorum_;
}

Members::Candidate Members::lord() const {
  Candidate best;
  if (!stands_back_) best = {self_.valor, self_.uuid};
  if (!has_quorum()) return {};
  for (const auto &[uuid, member] : others_) best = std::max(best, Candidate{member.said.valor, uuid});
  return best;
}

}  // namespace mortise::legion
