// MIME types by the endings of file names: the table that uwsgi_get_mime_type() asks.
#pragma once

namespace mortise::runtime {

// An init hook: reads the files of --mimefile and --mime-file while they can be read, and ends the start
// where one cannot.
int read_named_mime_files();

}  // namespace mortise::runtime
