// metrics-dir: each metric's value as a text file, which others read with cat, and which survives a restart.
#pragma once

#include <uwsgi.h>

#include <cstdint>
#include <string_view>

namespace mortise::metrics {

// Maps a file of one page for each metric. restore: what the files say becomes the initial value. -1 with a
// message where a file cannot be used. [master, before the fork]
int open_value_files(const char *folder, bool restore);

// Writes the value into the metric's page, if it has one. [metrics process]
void write_value_file(uwsgi_metric *metric, int64_t value);

}  // namespace mortise::metrics
