// The server log: whole lines to standard error (or where it was redirected), each with a time stamp.
// A line is one write(2), so that lines of several processes do not mix. It never blocks a request for
// longer than the write itself and never fails the caller.
#pragma once

#include <cstdarg>
#include <string_view>

#include "kernel/result.h"

namespace mortise {

// [any thread] One line at the given level; text may or may not end in a newline.
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const Error &error);

// [any thread] Writes text as it is; the caller brought its own newline and stamp. What cannot be written is
// lost; the next line that can be tells how many were.
void log_raw(std::string_view text);

// Whether lines begin with "[2026-01-31 12:00:00] "; on by default. [before fork]
void log_timestamps(bool on);

// Control bytes other than tab become \xNN, so that input cannot forge lines.
std::string log_escape(std::string_view text);

// Also owned here: uwsgi_log_through(), uwsgi_log_stamp().

}  // namespace mortise
