// Who is in a legion as one member sees it, and whom it takes for the lord: the one of the highest valor, of
// several with the same valor that of the greatest uuid. Told the time, never asks for it; sends nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "message.h"

namespace mortise::legion {

class Members {
 public:
  Members(std::string legion, std::string uuid, uint64_t valor, int quorum)
      : self_{std::move(legion), std::move(uuid), {}, {}, valor, 0, 0, 0, {}, false}, quorum_(quorum) {}

  enum class Change { kNone, kJoined, kLeft };
  // What another member says. Old messages, and those of this one itself, change nothing.
  Change hear(const Message &message, int64_t now_ms);
  // Removes one that was not heard of for so long; empty: there is none.
  std::string forget_silent(int64_t now_ms, int64_t tolerance_ms);

  // While this is so, somebody else must be the lord.
  void stand_back(bool yes) { stands_back_ = yes; }
  // Whether as many members as the quorum know of the same members.
  bool has_quorum() const;
  struct Candidate {
    uint64_t valor = 0;
    std::string uuid;  // empty: nobody
    bool operator<(const Candidate &other) const {
      return valor != other.valor ? valor < other.valor : uuid < other.uuid;
    }
  };
  Candidate lord() const;
  bool is_self(const Candidate &candidate) const { return candidate.uuid == self_.uuid; }
  uint64_t checksum() const;

  struct Member {
    Message said;
    int64_t heard_ms;
  };
  const std::map<std::string, Member> &others() const { return others_; }
  const Message &self() const { return self_; }

 private:
  Message self_;
  int quorum_;
  bool stands_back_ = false;
  std::map<std::string, Member> others_;  // by uuid
};

}  // namespace mortise::legion
