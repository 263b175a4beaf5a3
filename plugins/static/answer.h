// A file as an answer: which one a request asks for, status, header lines, and what of it is sent. Also owned
// here: uwsgi_static_find().
#pragma once

#include <mortise/static_files.h>

#include <string>
#include <string_view>

namespace mortise::files {

// True where there is anything to look for.
bool is_configured();

// Same as uwsgi_static_find(). [any process, any thread]
bool find_answer(const uwsgi_static_request &request, uwsgi_static_answer &answer);

// The answer that is one file (path empty), or a file below a folder, whatever is configured. [any]
bool find_file(const uwsgi_static_request &request, std::string folder, std::string_view path,
               uwsgi_static_answer &answer);

}  // namespace mortise::files
