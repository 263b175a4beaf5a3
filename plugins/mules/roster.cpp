#include "roster.h"

#include <string>
#include <vector>

#include "configured.h"
#include "queues.h"

namespace mortise::mules {

Options options;

namespace {

std::vector<const char *> &patches() {
  static std::vector<const char *> all;
  return all;
}

// Numbers of receivers of signals: 0 any mule, 1… that mule, and beyond these:
constexpr int kEachMule = 10'000;
constexpr int kFirstFarm = 10'001;

int resolve(const char *name) {
  const std::string_view text = name;
  if (text == "mules") return kEachMule;
  if (text.starts_with("farm_")) {
    const uwsgi_farm *farm = get_farm_by_name(name + strlen("farm_"));
    return farm ? kFirstFarm + static_cast<int>(farm - uwsgi.farms) : -1;
  }
  if (!text.starts_with("mule")) return -1;
  const std::string_view digits = text.substr(strlen("mule"));
  if (digits.find_first_not_of("0123456789") != digits.npos) return -1;
  const auto id = static_cast<int>(uwsgi_str_num(digits.data(), static_cast<int>(digits.size())));
  return id <= uwsgi.mules_cnt ? id : -1;
}

int send_to(int receiver, uint8_t signum) {
  if (receiver == 0) return send_signal(uwsgi.shared->mule_signal_pipe[0], signum);
  if (receiver <= uwsgi.mules_cnt) return send_signal(uwsgi.mules[receiver - 1].signal_pipe[0], signum);
  if (receiver >= kFirstFarm) return send_signal(uwsgi.farms[receiver - kFirstFarm].signal_pipe[0], signum);
  int result = 0;
  for (int i = 0; i < uwsgi.mules_cnt; ++i)
    if (send_signal(uwsgi.mules[i].signal_pipe[0], signum)) result = -1;
  return result;
}

int create_farms() {
  int count = 0;
  for (const uwsgi_string_list *item = options.farms; item; item = item->next) ++count;
  if (!count) return 0;
  uwsgi.farms =
      static_cast<uwsgi_farm *>(uwsgi_calloc_shared(sizeof(uwsgi_farm) * static_cast<size_t>(count)));
  for (const uwsgi_string_list *item = options.farms; item; item = item->next) {
    const ParsedFarm parsed = parse_farm(item->value, uwsgi.mules_cnt);
    if (!parsed.error.empty()) {
      uwsgi_log("farm '%s': %s\n", item->value, parsed.error.c_str());
      return -1;
    }
    uwsgi_farm &farm = uwsgi.farms[uwsgi.farms_cnt];
    farm.id = ++uwsgi.farms_cnt;
    snprintf(farm.name, sizeof farm.name, "%s", parsed.farm.name.c_str());
    if (open_queue(farm.queue_pipe, options.msg_size) || open_queue(farm.signal_pipe, 0)) return -1;
    uwsgi_mule_farm **end = &farm.mules;
    for (const int id : parsed.farm.mules) {
      *end = static_cast<uwsgi_mule_farm *>(uwsgi_calloc(sizeof(uwsgi_mule_farm)));
      (*end)->mule = &uwsgi.mules[id - 1];
      end = &(*end)->next;
    }
  }
  return 0;
}

}  // namespace

void add_mule(const char *patch) {
  patches().push_back(patch && *patch ? patch : nullptr);
  uwsgi.mules_cnt = static_cast<int>(patches().size());
}

int create_roster() {
  if (patches().empty()) return create_farms();
  uwsgi.mules = static_cast<uwsgi_mule *>(uwsgi_calloc_shared(sizeof(uwsgi_mule) * patches().size()));
  if (open_queue(uwsgi.shared->mule_queue_pipe, options.msg_size) ||
      open_queue(uwsgi.shared->mule_signal_pipe, 0))
    return -1;
  for (size_t i = 0; i < patches().size(); ++i) {
    uwsgi_mule &mule = uwsgi.mules[i];
    mule.id = static_cast<int>(i) + 1;
    mule.patch = patches()[i] ? uwsgi_str(patches()[i]) : nullptr;
    snprintf(mule.name, sizeof mule.name, "mule %d", mule.id);
    if (open_queue(mule.queue_pipe, options.msg_size) || open_queue(mule.signal_pipe, 0)) return -1;
  }
  if (create_farms()) return -1;
  return uwsgi_register_signal_receiver(resolve, send_to);
}

}  // namespace mortise::mules

using namespace mortise::mules;

extern "C" {

uwsgi_mule *get_mule_by_id(int id) {
  return id >= 1 && id <= uwsgi.mules_cnt ? &uwsgi.mules[id - 1] : nullptr;
}

uwsgi_farm *get_farm_by_name(const char *name) {
  for (int i = 0; i < uwsgi.farms_cnt; ++i)
    if (strcmp(uwsgi.farms[i].name, name) == 0) return &uwsgi.farms[i];
  return nullptr;
}

int uwsgi_farm_has_mule(uwsgi_farm *farm, int mule_id) {
  for (const uwsgi_mule_farm *member = farm->mules; member; member = member->next)
    if (member->mule->id == mule_id) return 1;
  return 0;
}

void uwsgi_opt_add_mule(char *, char *value, void *) {
  add_mule(value);
}

}  // extern "C"
