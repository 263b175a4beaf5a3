// This server's announcements to gateways (subscribe-to): from the master, once every few seconds, as
// datagrams that never block. Says goodbye when the server stops.
#pragma once

#include <uwsgi.h>

#include <string>
#include <vector>

namespace mortise::gateways {

struct Announcement {
  std::string gateway;  // where to: host:port, or the path of a datagram socket
  std::string key;      // "example.com"
  std::string address;  // of this server; empty: its first socket
  uint8_t modifier1 = 0, modifier2 = 0;
  uint64_t weight = 1, backup_level = 0;
  std::string sign_algorithm{}, key_file{};  // it is signed with this private key; empty: not
};

class Subscriber {
 public:
  uwsgi_string_list *targets = nullptr;  // what the options collect
  uwsgi_string_list *keyvals = nullptr;
  int every_seconds = 10;
  int leave_on_reload = 0;
  int silent = 0;

  // Ends the server where an option is not understood. [master, before fork]
  void read_options();
  // [master, each turn]
  void announce(time_t now);
  void leave();
  // Silence, with a goodbye, or not any more. [master]
  void toggle();

 private:
  void send(uint8_t command);

  bool announced_ = false;
  time_t next_ = 0;
  std::vector<Announcement> announcements_;
};

Subscriber &subscriber();

}  // namespace mortise::gateways
