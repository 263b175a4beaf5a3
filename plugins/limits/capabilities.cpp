#include "capabilities.h"

#include <uwsgi.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <iterator>
#include <string>

namespace mortise::limits {

namespace {

// In the order of their numbers (linux/capability.h).
constexpr const char *kNames[] = {"chown",
                                  "dac_override",
                                  "dac_read_search",
                                  "fowner",
                                  "fsetid",
                                  "kill",
                                  "setgid",
                                  "setuid",
                                  "setpcap",
                                  "linux_immutable",
                                  "net_bind_service",
                                  "net_broadcast",
                                  "net_admin",
                                  "net_raw",
                                  "ipc_lock",
                                  "ipc_owner",
                                  "sys_module",
                                  "sys_rawio",
                                  "sys_chroot",
                                  "sys_ptrace",
                                  "sys_pacct",
                                  "sys_admin",
                                  "sys_boot",
                                  "sys_nice",
                                  "sys_resource",
                                  "sys_time",
                                  "sys_tty_config",
                                  "mknod",
                                  "lease",
                                  "audit_write",
                                  "audit_control",
                                  "setfcap",
                                  "mac_override",
                                  "mac_admin",
                                  "syslog",
                                  "wake_alarm",
                                  "block_suspend",
                                  "audit_read",
                                  "perfmon",
                                  "bpf",
                                  "checkpoint_restore"};

uint64_t wanted_bits = 0;

int number_of(const std::string &name) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<int>(i);
  char *end = nullptr;
  long number = strtol(name.c_str(), &end, 10);
  return !name.empty() && *end == 0 && number >= 0 && number < 64 ? static_cast<int>(number) : -1;
}

}  // namespace

void add_capabilities(char *, char *value, void *) {
  size_t count = 0;
  char **words = uwsgi_split_quoted(value, strlen(value), ", ", &count);
  for (size_t i = 0; i < count; ++i) {
    std::string name = words[i];
    if (name.empty()) continue;  // between a comma and a blank
    if (name.starts_with("cap_")) name = name.substr(4);
    int number = number_of(name);
    if (number < 0) {
      uwsgi_log("error: cap: there is no capability '%s' (see man 7 capabilities)\n", words[i]);
      exit(64);
    }
    wanted_bits |= uint64_t{1} << number;
    free(words[i]);
  }
  free(words);
}

void keep_capabilities() {
  if (wanted_bits) prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

void take_capabilities() {
  if (!wanted_bits) return;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; ++half)
    data[half].effective = data[half].permitted = data[half].inheritable =
        static_cast<uint32_t>(wanted_bits >> (32 * half));
  if (syscall(SYS_capset, &header, data)) {
    uwsgi_log("error: cap: %s (start as root)\n", strerror(errno));
    exit(77);
  }
  // Those in the ambient set survive the execution of the next generation, and of programs that applications
  // run.
  for (unsigned number = 0; number < 64; ++number)
    if (wanted_bits >> number & 1) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
}

}  // namespace mortise::limits
