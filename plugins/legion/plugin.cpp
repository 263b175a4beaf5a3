// The hook table, and the process in which this server is a member of its legions.
#include <uwsgi.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "actions.h"
#include "board.h"
#include "membership.h"
#include "settings.h"

namespace mortise::legion {

namespace {

void run(int, void *) {
  std::vector<std::unique_ptr<Membership>> memberships;
  for (uwsgi_legion *legion = uwsgi.legions; legion; legion = legion->next)
    memberships.push_back(std::make_unique<Membership>(of(*legion)));
  uwsgi_process_ready();
  for (;;) {
    int64_t timeout_ms = 1000;
    for (auto &membership : memberships)
      timeout_ms =
          std::min(timeout_ms, membership->turn(static_cast<int64_t>(uwsgi_monotonic_micros() / 1000)));
    std::vector<pollfd> waiting{{uwsgi_stop_fd(), POLLIN, 0}};
    for (auto &membership : memberships) waiting.push_back({membership->socket(), POLLIN, 0});
    poll(waiting.data(), waiting.size(), static_cast<int>(timeout_ms));
    if (waiting[0].revents) break;
    for (size_t i = 0; i < memberships.size(); ++i)
      if (waiting[i + 1].revents) memberships[i]->receive();
  }
  for (auto &membership : memberships) membership->leave();
}

int init() {
  if (!uwsgi.legions) return 0;
  for (uwsgi_legion *legion = uwsgi.legions; legion; legion = legion->next) {
    legion->lock = uwsgi_rwlock_init(uwsgi_concat2("legion ", legion->legion));
    of(*legion).board = create_board();
    if (legion->scroll_len > settings().scroll_bytes) {
      uwsgi_log("legion %s: its scroll is longer than --legion-scroll-max-size (%d bytes)\n", legion->legion,
                settings().scroll_bytes);
      return -1;
    }
  }
  const uwsgi_process_role role{"legion", 1, run, nullptr, 0};
  return uwsgi_register_process(&role);
}

}  // namespace

}  // namespace mortise::legion

uwsgi_plugin legion_plugin = {
    .name = "legion",
    .on_load = mortise::legion::add_built_in_actions,
    .init = mortise::legion::init,
    .options = mortise::legion::option_rows,
};
