// Compiling and matching, over PCRE2. A struct uwsgi_regexp is a compiled pattern; what a match needs beside
// it belongs to the thread, so that one pattern is matched by all cores at once and a match allocates
// nothing.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <uwsgi.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>

namespace {

// Bounds on one match: a pattern that would try for seconds gives up instead ((a+)+b on a long subject).
constexpr uint32_t kMatchLimit = 1'000'000;
constexpr uint32_t kDepthLimit = 10'000;
constexpr uint32_t kUsualPairs = 16;  // offsets for $0 to $15; patterns with more groups get their own

pcre2_code *code_of(const uwsgi_regexp *pattern) {
  return reinterpret_cast<pcre2_code *>(const_cast<uwsgi_regexp *>(pattern));
}

struct Release {
  void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context *context) const { pcre2_match_context_free(context); }
};
using MatchData = std::unique_ptr<pcre2_match_data, Release>;
using MatchContext = std::unique_ptr<pcre2_match_context, Release>;

pcre2_match_context *context_of_thread() {
  static thread_local MatchContext context = [] {
    MatchContext made(pcre2_match_context_create(nullptr));
    if (made) {
      pcre2_set_match_limit(made.get(), kMatchLimit);
      pcre2_set_depth_limit(made.get(), kDepthLimit);
    }
    return made;
  }();
  return context.get();
}

uint32_t groups_in(const pcre2_code *code) {
  uint32_t groups = 0;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  return groups;
}

// Copies the offsets of $0 to $groups; -1 for a group that took no part in the match.
void copy_offsets(pcre2_match_data *data, int *ovector, int groups) {
  const PCRE2_SIZE *found = pcre2_get_ovector_pointer(data);
  const int pairs = static_cast<int>(pcre2_get_ovector_count(data));
  for (int i = 0; i <= groups; ++i) {
    const bool set = i < pairs && found[2 * i] != PCRE2_UNSET;
    ovector[2 * i] = set ? static_cast<int>(found[2 * i]) : -1;
    ovector[2 * i + 1] = set ? static_cast<int>(found[2 * i + 1]) : -1;
  }
}

}  // namespace

extern "C" {

int uwsgi_regexp_build(const char *pattern, uwsgi_pcre **out) {
  *out = nullptr;
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_code *code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern), PCRE2_ZERO_TERMINATED, 0, &error, &where, nullptr);
  if (!code) {
    PCRE2_UCHAR why[128];
    pcre2_get_error_message(error, why, sizeof why);
    uwsgi_log("regular expression '%s': %s at character %zu: '%s'\n", pattern, reinterpret_cast<char *>(why),
              where + 1, pattern + std::min(where, strlen(pattern)));
    return -1;
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it cannot, the pattern is interpreted
  *out = reinterpret_cast<uwsgi_pcre *>(code);
  return 0;
}

void uwsgi_regexp_free(uwsgi_pcre *pattern) {
  pcre2_code_free(code_of(pattern));
}

int uwsgi_regexp_ovector(const uwsgi_pcre *pattern) {
  return static_cast<int>(groups_in(code_of(pattern)));
}

int uwsgi_regexp_match_ovec(uwsgi_pcre *pattern, const char *subject, int len, int *ovector, int groups) {
  static thread_local MatchData usual(pcre2_match_data_create(kUsualPairs, nullptr));
  pcre2_code *code = code_of(pattern);
  pcre2_match_data *data = usual.get();
  MatchData own;
  if (ovector && groups >= static_cast<int>(kUsualPairs)) {
    own.reset(pcre2_match_data_create_from_pattern(code, nullptr));
    data = own.get();
  }
  if (!data || len < 0) return -1;
  if (!subject) subject = "";
  int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject), static_cast<size_t>(len), 0, 0, data,
                          context_of_thread());
  if (found < 0) return found;
  if (ovector) copy_offsets(data, ovector, std::max(groups, 0));
  return found > 0 ? found : static_cast<int>(groups_in(code)) + 1;  // 0: more groups than were asked for
}

int(uwsgi_regexp_match)(uwsgi_pcre *pattern, const char *subject, int len) {
  return uwsgi_regexp_match_ovec(pattern, subject, len, nullptr, 0);
}

}  // extern "C"
