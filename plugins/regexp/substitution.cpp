// Replaces $0 to $9 in a text by what the groups of a match took.
#include <uwsgi.h>

#include <cstring>
#include <string>
#include <string_view>

extern "C" char *uwsgi_regexp_apply_ovec(const char *subject, int subject_len, const char *text, int text_len,
                                         const int *ovector, int groups) {
  std::string_view in(text, static_cast<size_t>(text_len));
  std::string out;
  while (!in.empty()) {
    const bool reference = in.size() > 1 && in[0] == '$' && in[1] >= '0' && in[1] <= '9';
    const int group = reference ? in[1] - '0' : 0;
    if (!reference || groups < 0 || !ovector) {
      size_t plain = in.find('$', 1);
      out += in.substr(0, plain);
      in.remove_prefix(plain == in.npos ? in.size() : plain);
      continue;
    }
    in.remove_prefix(2);
    if (group > groups) continue;
    const int begin = ovector[2 * group], end = ovector[2 * group + 1];
    if (begin >= 0 && end >= begin && end <= subject_len) out.append(subject + begin, subject + end);
  }
  char *copy = static_cast<char *>(uwsgi_malloc(out.size() + 1));
  memcpy(copy, out.c_str(), out.size() + 1);
  return copy;
}
