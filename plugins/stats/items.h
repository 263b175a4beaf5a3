// Objects and lists of a JSON document without thinking of commas, over the functions of <mortise/stats.h>.
// Running out of memory is remembered until failed() is asked.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>

namespace mortise::stats {

class Items {
 public:
  explicit Items(uwsgi_stats *stats) : stats_(stats) {}

  void number(const char *key, uint64_t value) { begin(uwsgi_stats_keylong, key, value); }
  void signed_number(const char *key, int64_t value) { begin(uwsgi_stats_keyslong, key, value); }
  void text(const char *key, std::string_view value) {
    begin(uwsgi_stats_keyvaln, key, value.data(), static_cast<int>(value.size()));
  }
  void string(const std::string &value) { begin(uwsgi_stats_str, value.c_str()); }

  // What inside() adds stands in an object or list of its own.
  template <typename Inside>
  void object(Inside inside) {
    begin(uwsgi_stats_object_open);
    inside();
    failed_ |= uwsgi_stats_object_close(stats_) != 0;
  }
  template <typename Inside>
  void list(const char *key, Inside inside) {
    begin(uwsgi_stats_key, key);
    failed_ |= uwsgi_stats_list_open(stats_) != 0;
    inside();
    failed_ |= uwsgi_stats_list_close(stats_) != 0;
  }
  template <typename Inside>
  void object(const char *key, Inside inside) {
    begin(uwsgi_stats_key, key);
    object(inside);
  }

  bool failed() const { return failed_; }

 private:
  template <typename Function, typename... Args>
  void begin(Function function, Args... args) {
    const char last = stats_->base[stats_->pos - 1];
    if (last != '{' && last != '[' && last != ':') failed_ |= uwsgi_stats_comma(stats_) != 0;
    failed_ |= function(stats_, args...) != 0;
  }

  uwsgi_stats *stats_;
  bool failed_ = false;
};

}  // namespace mortise::stats
