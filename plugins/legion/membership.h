// This server in one legion: hears the others, tells them of itself, acts on what changes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "members.h"
#include "settings.h"

namespace mortise::legion {

class Membership {
 public:
  explicit Membership(Legion &legion);
  ~Membership();
  Membership(const Membership &) = delete;
  Membership &operator=(const Membership &) = delete;

  // -1 until the address is free.
  int socket() const { return legion_.socket; }
  void receive();
  // What time brings; to be called again within so many milliseconds.
  int64_t turn(int64_t now_ms);
  void leave();

 private:
  bool bind();
  void announce(bool dead);
  void send(const std::string &packet, const std::string &address);
  void elect(int64_t now_ms);
  void become_lord(int64_t now_ms);
  void resign();
  bool act(const char *phase, const uwsgi_string_list *hooks);
  void tell_plugins();
  void tell_processes();
  void note(const char *phase, const std::string &uuid, const uwsgi_string_list *hooks);

  Legion &legion_;
  const int64_t began_ms_;
  Members members_;
  std::map<std::string, std::unique_ptr<uwsgi_legion_node>> nodes_;  // what plugins see of the others
  Members::Candidate lord_;
  int64_t announce_ms_ = 0;
  int64_t elect_ms_ = 0;        // not before: others must be heard first
  int64_t stand_back_ms_ = -1;  // until then; -1: no
};

}  // namespace mortise::legion
