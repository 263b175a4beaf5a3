#include "running_request.h"

#include <sys/prctl.h>
#include <sys/uio.h>

namespace mortise::stats {

namespace {

constexpr size_t kMostVariables = 256;
constexpr size_t kMostBytes = 128 * 1024;

template <typename T>
T peek(const T &shared) {
  return __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
}

bool read_memory(pid_t pid, const std::vector<iovec> &from, char *to, size_t bytes) {
  const iovec local{to, bytes};
  return process_vm_readv(pid, &local, 1, from.data(), from.size(), 0) == static_cast<ssize_t>(bytes);
}

// One call for the table of the variables, one for all of their bytes.
std::vector<std::string> read_variables(pid_t pid, const iovec *table, size_t entries) {
  entries = std::min(entries, 2 * kMostVariables) & ~size_t{1};
  std::vector<iovec> pieces(entries);
  if (!table || entries == 0) return {};
  const iovec where{const_cast<iovec *>(table), entries * sizeof(iovec)};
  if (!read_memory(pid, {where}, reinterpret_cast<char *>(pieces.data()), where.iov_len)) return {};
  size_t bytes = 0;
  for (const iovec &piece : pieces) bytes += std::min(piece.iov_len, kMostBytes + 1);
  if (bytes > kMostBytes) return {};
  std::string text(bytes, '\0');
  if (!read_memory(pid, pieces, text.data(), bytes)) return {};
  std::vector<std::string> variables;
  for (size_t i = 0, at = 0; i < entries; i += 2) {
    const size_t key = pieces[i].iov_len, value = pieces[i + 1].iov_len;
    variables.push_back(text.substr(at, key) + "=" + text.substr(at + key, value));
    at += key + value;
  }
  return variables;
}

}  // namespace

RunningRequest read_running_request(pid_t pid, const uwsgi_core &core) {
  RunningRequest request;
  const uint64_t started_us = peek(core.request_started_us);
  if (!peek(core.in_request) || !started_us || pid <= 0) return request;
  auto variables = read_variables(pid, peek(core.req.hvec), peek(core.req.var_cnt));
  if (peek(core.request_started_us) != started_us)
    return request;  // it has ended: these may be of the next one
  request.started_s = started_us / 1'000'000;
  request.variables = std::move(variables);
  return request;
}

void allow_looking() {
  prctl(PR_SET_PTRACER, uwsgi_master_pid(), 0, 0, 0);  // and so its children; fails where there is no Yama
}

}  // namespace mortise::stats
