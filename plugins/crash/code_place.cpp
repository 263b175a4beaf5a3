#include "code_place.h"

#include <uwsgi.h>

#include <unwind.h>

#include <cstring>
#include <iterator>

namespace mortise::crash {

namespace {

struct Hook {
  size_t offset;  // in the table of a plugin
  const char *name;
};
#define HOOK(name) \
  { offsetof(uwsgi_plugin, name), #name }
constexpr Hook kHooks[] = {HOOK(post_init),
                           HOOK(post_fork),
                           HOOK(enable_threads),
                           HOOK(init_thread),
                           HOOK(request),
                           HOOK(after_request),
                           HOOK(preinit_apps),
                           HOOK(init_apps),
                           HOOK(postinit_apps),
                           HOOK(fixup),
                           HOOK(master_fixup),
                           HOOK(master_cycle),
                           HOOK(mount_app),
                           HOOK(manage_udp),
                           HOOK(suspend),
                           HOOK(resume),
                           HOOK(harakiri),
                           HOOK(hijack_worker),
                           HOOK(spooler_init),
                           HOOK(atexit),
                           HOOK(signal_handler),
                           HOOK(spooler),
                           HOOK(rpc),
                           HOOK(mule),
                           HOOK(mule_msg),
                           HOOK(master_cleanup),
                           HOOK(vassal),
                           HOOK(vassal_before_exec),
                           HOOK(worker),
                           HOOK(pre_uwsgi_fork),
                           HOOK(post_uwsgi_fork)};
#undef HOOK

// Without an entry in the file's frame table, nullptr.
const void *function_of(void *address) {
  return _Unwind_FindEnclosingFunction(address);
}

const char *hook_of(const uwsgi_plugin *plugin, const void *function) {
  for (const Hook &hook : kHooks) {
    const void *own = nullptr;
    memcpy(&own, reinterpret_cast<const char *>(plugin) + hook.offset, sizeof own);
    if (own == function) return hook.name;
  }
  return nullptr;
}

}  // namespace

Place find_hook_async_safe(void *const *frames, int count) {
  for (int i = 0; i < count; ++i) {
    const void *function = function_of(frames[i]);
    if (!function) continue;
    for (auto *table : {uwsgi.p, uwsgi.gp})
      for (int slot = 0; slot < 256; ++slot)
        if (const uwsgi_plugin *plugin = table[slot])
          if (const char *hook = hook_of(plugin, function)) return {plugin->name, hook};
  }
  return {};
}

}  // namespace mortise::crash
