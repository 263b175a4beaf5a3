// What options do with their values: the uwsgi_opt_* functions of <mortise/api.h>. A wrong value is refused,
// never read as far as it goes.
#include <uwsgi.h>

#include <limits>
#include <optional>
#include <utility>

#include "config/option_value.h"
#include "config/options.h"
#include "kernel/log.h"
#include "sdk/runtime/strings.h"

namespace {

using namespace mortise;

void refuse(const char *name, const char *value, const char *why, const char *hint) {
  refuse_option_value({std::string(name ? name : "option") + " = '" + log_escape(value ? value : "") + "'",
                       why, hint, kExitUsage});
}

// What parse gives for a value; a bare option counts as 1, like a bare key in a configuration file.
template <typename T, typename... Limits>
std::optional<T> parsed(Result<T> (*parse)(std::string_view, std::string_view, std::string *, Limits...),
                        const char *name, const char *value, Limits... limits) {
  std::string commented;
  Result<T> result = parse(name ? name : "option", value ? value : "1", &commented, limits...);
  if (!commented.empty()) option_table().note_comment(commented);
  if (result) return *result;
  refuse_option_value(result.error());
  return std::nullopt;
}

// "post-buffering = true" is 0 in uWSGI, which reads a number as far as it goes.
std::optional<long> number_of(const char *name, const char *value, Range range) {
  if (!value || !isalpha(static_cast<unsigned char>(*value)) || !parse_bool("", value))
    return parsed(parse_number, name, value, range);
  log_warning("%s = '%s': not a number: taken as 0, as in uWSGI (give a whole number)", name, value);
  return 0;
}

template <typename Int>
void set_number(const char *name, const char *value, void *data, long least) {
  Range range{.least = least};
  if (std::cmp_less(std::numeric_limits<Int>::max(), range.most))
    range.most = std::numeric_limits<Int>::max();
  if (auto number = number_of(name, value, range)) *static_cast<Int *>(data) = static_cast<Int>(*number);
}

void set_flag(const char *name, const char *value, void *data, bool meaning) {
  if (auto given = parsed(parse_bool, name, value)) *static_cast<int *>(data) = *given == meaning;
}

template <typename Id>
void set_id(const char *name, const char *value, void *data, std::optional<Id> (*find)(const std::string &),
            const char *why) {
  auto id = find(value ? value : "");
  if (!id) return refuse(name, value, why, "give a name or a number");
  *static_cast<Id *>(data) = *id;
}

}  // namespace

extern "C" {

void uwsgi_opt_true(char *name, char *value, void *data) {
  set_flag(name, value, data, true);
}
void uwsgi_opt_false(char *name, char *value, void *data) {
  set_flag(name, value, data, false);
}
void uwsgi_opt_set_int(char *name, char *value, void *data) {
  set_number<int>(name, value, data, 0);
}
void uwsgi_opt_set_rawint(char *name, char *value, void *data) {
  set_number<int>(name, value, data, INT_MIN);
}
void uwsgi_opt_set_64bit(char *name, char *value, void *data) {
  set_number<uint64_t>(name, value, data, 0);
}
void uwsgi_opt_set_16bit(char *name, char *value, void *data) {
  set_number<uint16_t>(name, value, data, 0);
}
void uwsgi_opt_add_addr_list(char *, char *value, void *data) {
  uwsgi_string_new_list(static_cast<uwsgi_string_list **>(data), value ? value : uwsgi_str(""));
}
void uwsgi_opt_uid(char *name, char *value, void *data) {
  set_id<uid_t>(name, value, data, find_user, "there is no such user");
}
void uwsgi_opt_gid(char *name, char *value, void *data) {
  set_id<gid_t>(name, value, data, find_group, "there is no such group");
}
void uwsgi_opt_set_str(char *, char *value, void *data) {
  *static_cast<char **>(data) = value ? value : uwsgi_str("");
}
void uwsgi_opt_set_null(char *, char *, void *data) {
  *static_cast<char **>(data) = nullptr;
}
void uwsgi_opt_add_string_list(char *, char *value, void *data) {
  uwsgi_string_new_list(static_cast<uwsgi_string_list **>(data), value ? value : uwsgi_str(""));
}

void uwsgi_opt_set_placeholder(char *name, char *value, void *) {
  std::string_view pair = value ? value : "";
  size_t equal = pair.find('=');
  if (equal == 0 || equal == pair.npos)
    return refuse(name, value, "it has no name or no '='", "write name=value");
  option_table().record(pair.substr(0, equal), value + equal + 1);
}

void uwsgi_opt_print(char *, char *, void *data) {
  printf("%s\n", data ? static_cast<const char *>(data) : "");
  fflush(stdout);
  _exit(0);
}

void uwsgi_opt_deprecated(char *name, char *, void *data) {
  log_warning("option '%s' is deprecated: %s", name, data ? static_cast<char *>(data) : "it does nothing");
}

}  // extern "C"
