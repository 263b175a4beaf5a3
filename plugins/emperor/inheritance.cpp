#include "inheritance.h"

#include <algorithm>
#include <cstring>

#include "launch.h"
#include "monitors.h"
#include "settings.h"

namespace mortise::emperor {

namespace {

// The fields, in this order; then key and value of each attribute.
enum Field : size_t {
  kForm,
  kDescriptors,  // a letter for each
  kPid,
  kUid,
  kGid,
  kBorn,
  kLastMod,
  kFirstRun,
  kLastRun,
  kRespawned,
  kGone,
  kSendsHeartbeats,
  kSource,
  kName,
  kHasSocket,
  kSocket,
  kFields
};

constexpr char kThisForm[] = "vassal 1";

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> fields;
  for (size_t begin = 0, end; (end = text.find('\0', begin)) != std::string::npos; begin = end + 1)
    fields.push_back(text.substr(begin, end - begin));
  return fields;
}

struct Place {
  char letter;
  int Vassal::*fd;
};
constexpr Place kPlaces[] = {{'p', &Vassal::pidfd}, {'l', &Vassal::life_fd}, {'c', &Vassal::config_fd}};
constexpr char kPipe = 't';

void read_config(Vassal &vassal) {
  struct stat info {};
  if (vassal.config_fd < 0 || fstat(vassal.config_fd, &info)) return;
  vassal.config = static_cast<char *>(uwsgi_calloc(static_cast<size_t>(info.st_size) + 1));
  const ssize_t len = pread(vassal.config_fd, vassal.config, static_cast<size_t>(info.st_size), 0);
  vassal.config_len = static_cast<uint32_t>(std::max<ssize_t>(len, 0));
  vassal.use_config = 1;
  vassal.pipe_config[1] = vassal.config_fd;
}

uwsgi_dyn_dict *attributes(const std::vector<std::string> &fields) {
  uwsgi_dyn_dict *found = nullptr;
  for (size_t i = kFields; i + 1 < fields.size(); i += 2)
    uwsgi_dyn_dict_new(&found, uwsgi_str(fields[i].c_str()), static_cast<int>(fields[i].size()),
                       uwsgi_str(fields[i + 1].c_str()), static_cast<int>(fields[i + 1].size()));
  return found;
}

}  // namespace

Legacy describe(const Vassal &vassal) {
  Legacy legacy;
  std::string letters;
  auto give = [&](char letter, int fd) {
    if (fd < 0) return;
    letters += letter;
    legacy.fds.push_back(fd);
  };
  for (const Place &place : kPlaces) give(place.letter, vassal.*place.fd);
  give(kPipe, vassal.pipe[0]);
  auto add = [&](const std::string &field) { legacy.text += field + '\0'; };
  add(kThisForm);
  add(letters);
  for (long long number :
       {static_cast<long long>(vassal.pid), static_cast<long long>(vassal.uid),
        static_cast<long long>(vassal.gid), static_cast<long long>(vassal.born),
        static_cast<long long>(vassal.last_mod), static_cast<long long>(vassal.first_run),
        static_cast<long long>(vassal.last_run), static_cast<long long>(vassal.respawned),
        static_cast<long long>(vassal.gone), static_cast<long long>(vassal.heartbeat_ms != 0)})
    add(std::to_string(number));
  add(vassal.scanner ? vassal.scanner->arg : "");
  add(vassal.name);
  add(vassal.socket_name ? "1" : "0");
  add(vassal.socket_name ? vassal.socket_name : "");
  for (const uwsgi_dyn_dict *item = vassal.attrs; item; item = item->next) {
    add(std::string(item->key, static_cast<size_t>(item->keylen)));
    add(std::string(item->value, static_cast<size_t>(item->vallen)));
  }
  return legacy;
}

bool is_legacy(const Legacy &legacy) {
  const std::vector<std::string> fields = split(legacy.text);
  return fields.size() >= kFields && fields[kForm] == kThisForm &&
         fields[kDescriptors].size() == legacy.fds.size() &&
         fields[kDescriptors].find('p') != std::string::npos &&
         fields[kName].size() < sizeof uwsgi_instance::name && atoi(fields[kPid].c_str()) > 1;
}

void inherit(const Legacy &legacy) {
  std::vector<std::string> fields = split(legacy.text);
  auto number = [&](Field field) { return atoll(fields[field].c_str()); };
  uwsgi_emperor_scanner *scanner = scanner_of(fields[kSource].c_str());
  emperor_add_with_attrs(scanner, fields[kName].data(), static_cast<time_t>(number(kLastMod)), nullptr, 0,
                         static_cast<uid_t>(number(kUid)), static_cast<gid_t>(number(kGid)),
                         number(kHasSocket) ? uwsgi_str(fields[kSocket].c_str()) : nullptr,
                         attributes(fields));
  Vassal &vassal = *static_cast<Vassal *>(emperor_get(fields[kName].c_str()));
  for (size_t i = 0; i < legacy.fds.size(); ++i) {
    for (const Place &place : kPlaces)
      if (place.letter == fields[kDescriptors][i]) vassal.*place.fd = legacy.fds[i];
    if (fields[kDescriptors][i] == kPipe) vassal.pipe[0] = legacy.fds[i];
  }
  read_config(vassal);
  vassal.pid = static_cast<pid_t>(number(kPid));
  vassal.born = static_cast<time_t>(number(kBorn));
  vassal.first_run = static_cast<time_t>(number(kFirstRun));
  vassal.last_run = static_cast<time_t>(number(kLastRun));
  vassal.respawned = static_cast<uint64_t>(number(kRespawned));
  if (number(kSendsHeartbeats)) vassal.heartbeat_ms = now_ms();
  watch(vassal);
  if (number(kGone)) {  // it has been told
    vassal.gone = true;
    vassal.cursed_at = uwsgi_now();
    vassal.due_ms = now_ms() + int64_t{settings().curse_seconds} * 1000;
  } else if (!scanner) {
    emperor_stop(&vassal);
  } else {
    uwsgi_log("[emperor] vassal %s (pid %d): its emperor was reloaded, reloading it\n", vassal.name,
              static_cast<int>(vassal.pid));
    run_phase("emperor-reload");
    tell(vassal, SIGHUP);
  }
}

}  // namespace mortise::emperor
