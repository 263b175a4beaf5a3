#include "config/options.h"

#include <algorithm>
#include <optional>

#include "config/known_options.h"
#include "kernel/log.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

// Where the running apply() finds what its option's function refused; functions of C options return nothing.
thread_local std::optional<Error> *refusal_slot = nullptr;

bool plausible(const uwsgi_option &row) {
  if (!row.name || !*row.name || row.type < no_argument || row.type > optional_argument) return false;
  return std::all_of(row.name, row.name + strlen(row.name), [](char c) { return c > ' ' && c < 0x7f; });
}

// What giving an option switches on besides.
void apply_flags(uint64_t flags) {
  if (flags & UWSGI_OPT_MASTER) uwsgi.master_process = 1;
  if (flags & UWSGI_OPT_THREADS) uwsgi.has_threads = 1;
  if (flags & UWSGI_OPT_LAZY) uwsgi.lazy = uwsgi.lazy_apps = 1;
  if (flags & UWSGI_OPT_MIME) uwsgi.build_mime_dict = 1;
  if (flags & UWSGI_OPT_CHEAPER) uwsgi.cheaper = 1;
  if (flags & UWSGI_OPT_METRICS) uwsgi.has_metrics = 1;
  if (flags & UWSGI_OPT_POST_BUFFERING && !uwsgi.post_buffering) uwsgi.post_buffering = 4096;
}

// "  -p, --processes VALUE   number of worker processes".
std::string help_line(const uwsgi_option &row) {
  constexpr size_t kColumn = 34;
  std::string line = "      ";
  if (row.shortcut > ' ' && row.shortcut < 0x7f)
    line = std::string("  -") + static_cast<char>(row.shortcut) + ", ";
  line += std::string("--") + row.name;
  if (row.type == required_argument) line += " VALUE";
  if (row.type == optional_argument) line += "[=VALUE]";
  if (!row.help || !*row.help) return line + "\n";
  line.append(line.size() < kColumn ? kColumn - line.size() : 1, ' ');
  return line + row.help + "\n";
}

}  // namespace

OptionTable &option_table() {
  static OptionTable &table = *new OptionTable;  // what was given outlives even the exit hooks
  return table;
}

void OptionTable::add(const std::string &owner, const uwsgi_option *rows, size_t max_rows) {
  if (!rows) return;
  if (!uwsgi.options) uwsgi.options = const_cast<uwsgi_option *>(rows);
  owners_.push_back(owner);
  for (size_t i = 0; i < max_rows && plausible(rows[i]); ++i) rows_.push_back({&rows[i], owners_.size() - 1});
}

// Of several the server's own, else that of the plugin that was loaded last: behind those that it needs,
// which may have an option of the same name.
const uwsgi_option *OptionTable::find(std::string_view name) const {
  const Row *found = nullptr;
  for (const Row &row : rows_)
    if (name == row.option->name && (!found || (found->owner != 0 && found->owner != row.owner)))
      found = &row;
  return found ? found->option : nullptr;
}

const uwsgi_option *OptionTable::find_shortcut(char letter) const {
  for (const Row &row : rows_)
    if (letter == row.option->shortcut) return row.option;
  return nullptr;
}

bool OptionTable::is_immediate(std::string_view name) const {
  const uwsgi_option *option = find(name);
  return option && option->flags & UWSGI_OPT_IMMEDIATE;
}

Result<void> OptionTable::apply(const Directive &directive) {
  const uwsgi_option *option = find(directive.key);
  if (!option) return unknown(directive.key);
  if (option->type == required_argument && !directive.has_value)
    return Error{directive.origin + ": option '" + directive.key + "'", "its value is missing",
                 std::string("write ") + option->name + " = VALUE", kExitUsage};
  record(directive.key, directive.has_value ? directive.value.c_str() : nullptr);
  const uwsgi_opt &given = *given_.back();
  apply_flags(option->flags);
  if (!option->func) return {};
  std::optional<Error> refusal;
  std::optional<Error> *outer = std::exchange(refusal_slot, &refusal);  // functions may apply further options
  std::string outer_origin = std::exchange(origin_, directive.origin);
  option->func(given.key, given.value, option->data);
  refusal_slot = outer;
  origin_ = std::move(outer_origin);
  if (!refusal) return {};
  refusal->what = directive.origin + ": " + refusal->what;
  return *refusal;
}

void OptionTable::note_comment(const std::string &read_as) {
  size_t colon = std::min(origin_.rfind(':'), origin_.size());
  std::string &places = comments_[origin_.substr(0, colon)];
  if (!places.empty()) places += ", ";
  if (colon < origin_.size()) places += "line " + origin_.substr(colon + 1) + " ";
  places += "(" + read_as + ")";
}

void OptionTable::report_comments() {
  for (const auto &[file, places] : comments_)
    log_warning("%s: comments behind values were cut: %s; put them on lines of their own", file.c_str(),
                places.c_str());
  comments_.clear();
}

void OptionTable::record(std::string_view name, const char *value) {
  auto *given = static_cast<uwsgi_opt *>(uwsgi_calloc(sizeof(uwsgi_opt)));
  given->key = copy_string(name);
  given->value = value ? copy_string(value) : nullptr;
  given->configured = 1;
  given_.push_back(given);
  uwsgi.exported_opts = given_.data();
  uwsgi.exported_opts_cnt = static_cast<int>(given_.size());
}

Error OptionTable::unknown(std::string_view written) const {
  size_t dashes = std::min(written.find_first_not_of('-'), written.size());
  std::vector<std::string> names;
  for (const Row &row : rows_) names.emplace_back(row.option->name);
  std::string nearest = nearest_option(written.substr(dashes), names);
  std::string why = nearest.empty() ? "neither the server nor a plugin has it"
                                    : "did you mean '" + std::string(dashes ? "--" : "") + nearest + "'?";
  return Error{"unknown option '" + log_escape(written) + "'", why, "see mortise --help", kExitUsage};
}

std::string OptionTable::help() const {
  std::string text;
  for (size_t owner = 0; owner < owners_.size(); ++owner) {
    text += (text.empty() ? "" : "\n") + owners_[owner] + "\n";
    for (const Row &row : rows_)
      if (row.owner == owner) text += help_line(*row.option);
  }
  return text;
}

DirectiveSink &directive_sink() {
  static DirectiveSink sink;
  return sink;
}

void refuse_option_value(Error error) {
  if (refusal_slot)
    *refusal_slot = std::move(error);
  else
    log_error(error);
}

}  // namespace mortise

extern "C" {

void add_exported_option(char *key, char *value, int configured) {
  if (!key) return;
  if (const auto &sink = mortise::directive_sink()) return sink(key, value, 0);
  auto &table = mortise::option_table();
  if (configured || !table.find(key)) return table.record(key, value);
  auto done = table.apply({key, value ? value : "", "a plugin", value != nullptr});
  if (done) return;
  mortise::log_error(done.error());
  uwsgi_exit(done.error().exit_code);
}

const char *uwsgi_option_value(const char *name) {
  for (int i = uwsgi.exported_opts_cnt; name && i-- > 0;)
    if (strcmp(uwsgi.exported_opts[i]->key, name) == 0)
      return uwsgi.exported_opts[i]->value ? uwsgi.exported_opts[i]->value : "";
  return nullptr;
}

}  // extern "C"
