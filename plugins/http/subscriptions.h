// The servers that announce themselves to the gateway (--http-subscription-server): where their datagrams
// come in, and which of them gets a request for a host. The table of them is plugin gateways', which is
// loaded with the option; each process of the gateway has one of its own.
#pragma once

#include <uv.h>
#include <uwsgi.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uv_handle.h"

namespace mortise::http {

class Subscriptions {
 public:
  struct Target {
    std::string slot;  // the key that it was found by
    std::string address;
    uint8_t modifier1 = 0, modifier2 = 0;
  };

  ~Subscriptions() { stop(); }

  bool wanted() const { return addresses != nullptr; }
  // Ends the server where plugin gateways is missing. [master, before the fork]
  void prepare(int processes);
  // The first process binds the addresses and passes on what comes. changed(data): another server is there.
  void start(uv_loop_t *loop, int process, void (*changed)(void *), void *data);
  // No more news, so that the next generation can bind the addresses.
  void stop();

  // Each one that was chosen is given back once.
  std::optional<Target> choose(std::string_view host);
  void give_back(const std::string &slot, const std::string &address);
  // It could not be reached: left out until it announces itself again.
  void failed(const std::string &slot, const std::string &address);
  // Whether servers may be there that have not been heard of yet: not long after the start.
  bool may_still_come() const;

  // What the options say. [load]
  uwsgi_string_list *addresses = nullptr;
  char *fallback_key = nullptr;

 private:
  struct News;
  struct Source {
    Subscriptions *owner;
    int fd;
    bool is_sibling;  // what the first process passes on
    UvHandle<uv_poll_t> poll;
  };
  bool bind_one(const char *address);
  void bind_missing();
  void watch(int fd, bool is_sibling);
  void read(const Source &source);
  void take(const News &news, char *packet, size_t len);
  uwsgi_subscribe_node *node(const std::string &slot, const std::string &address);

  uv_loop_t *loop_ = nullptr;
  void (*changed_)(void *) = nullptr;
  void *data_ = nullptr;
  uwsgi_subscribe_slot **table_ = nullptr;
  std::vector<const char *> unbound_;
  std::vector<Source *> sources_;
  std::vector<int> siblings_[2];  // of each process but the first: where to write, where it reads
  UvHandle<uv_timer_t> bind_timer_;
  uint64_t began_ms_ = 0;
};

extern Subscriptions subscriptions;

// Callback of the option. [load]
void add_subscription_server(char *name, char *value, void *);

}  // namespace mortise::http
