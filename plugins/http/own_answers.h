// What the gateway answers itself, without a worker: health checks and, where the static plugin is loaded,
// files.
#pragma once

#include <string>
#include <string_view>

#include "file_answer.h"
#include "request_parser.h"

namespace mortise::http {

struct Endpoints;
struct Gateway;

struct OwnAnswer {
  int status = 0;
  std::string_view head;  // header lines, each with its CRLF; valid until the next answer
  std::string_view body;
  FileAnswer file;       // in the place of body
  bool is_file = false;  // also where nothing of it is sent
};

class OwnAnswers {
 public:
  OwnAnswers();
  bool has_files() const { return files_ != nullptr; }
  // Whether the request has such an answer; not for requests with a body.
  bool find(const Gateway &gateway, const RequestHead &head, const Endpoints &ends, OwnAnswer &answer);

 private:
  bool find_health(const Gateway &gateway, const RequestHead &head, OwnAnswer &answer);
  bool find_file(const RequestHead &head, const Endpoints &ends, OwnAnswer &answer);

  void *files_;              // uwsgi_static_find, where it is there
  std::string added_lines_;  // --add-header
  std::string file_head_;
};

}  // namespace mortise::http
