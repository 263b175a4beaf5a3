// Small texts: concatenation, splitting at separators outside quotes, users and groups by name.
// The C functions are those of the section "Memory and strings" in <mortise/api.h>; knows nothing of options.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise {

// A malloc'ed, NUL-terminated copy: the caller's to free(), or kept for ever by configuration. [any thread]
char *copy_string(std::string_view text);

// What printf(3) would print. [any thread]
std::string format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Takes the next word, separated by blanks, from the front of a text; empty at its end. [any thread]
std::string_view next_word(std::string_view *text);

// Words of text, split at any of separators; runs of separators count as one. '…' and "…" keep separators, a
// backslash keeps the separator, quote or backslash that follows it; all other characters mean themselves.
// [any thread]
std::vector<std::string> split_quoted(std::string_view text, std::string_view separators);

// Id of a user or group given by name or number; nothing when there is none of that name. [any thread]
std::optional<uid_t> find_user(const std::string &name_or_number);
std::optional<gid_t> find_group(const std::string &name_or_number);

}  // namespace mortise
