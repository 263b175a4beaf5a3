#include "sdk/runtime/status_lines.h"

#include <uwsgi.h>

#include <array>
#include <cstdio>
#include <utility>

namespace mortise {

const char *status_line(int status) {
  static constexpr std::array kLines = {
      std::pair{100, "100 Continue"},
      std::pair{101, "101 Switching Protocols"},
      std::pair{200, "200 OK"},
      std::pair{201, "201 Created"},
      std::pair{202, "202 Accepted"},
      std::pair{204, "204 No Content"},
      std::pair{206, "206 Partial Content"},
      std::pair{301, "301 Moved Permanently"},
      std::pair{302, "302 Found"},
      std::pair{303, "303 See Other"},
      std::pair{304, "304 Not Modified"},
      std::pair{307, "307 Temporary Redirect"},
      std::pair{308, "308 Permanent Redirect"},
      std::pair{400, "400 Bad Request"},
      std::pair{401, "401 Unauthorized"},
      std::pair{403, "403 Forbidden"},
      std::pair{404, "404 Not Found"},
      std::pair{405, "405 Method Not Allowed"},
      std::pair{408, "408 Request Timeout"},
      std::pair{409, "409 Conflict"},
      std::pair{410, "410 Gone"},
      std::pair{411, "411 Length Required"},
      std::pair{413, "413 Content Too Large"},
      std::pair{414, "414 URI Too Long"},
      std::pair{415, "415 Unsupported Media Type"},
      std::pair{416, "416 Range Not Satisfiable"},
      std::pair{417, "417 Expectation Failed"},
      std::pair{421, "421 Misdirected Request"},
      std::pair{422, "422 Unprocessable Content"},
      std::pair{426, "426 Upgrade Required"},
      std::pair{429, "429 Too Many Requests"},
      std::pair{431, "431 Request Header Fields Too Large"},
      std::pair{500, "500 Internal Server Error"},
      std::pair{501, "501 Not Implemented"},
      std::pair{502, "502 Bad Gateway"},
      std::pair{503, "503 Service Unavailable"},
      std::pair{504, "504 Gateway Timeout"},
      std::pair{505, "505 HTTP Version Not Supported"},
      std::pair{507, "507 Insufficient Storage"},
  };
  for (const auto &[code, line] : kLines)
    if (code == status) return line;
  static thread_local char unnamed[32];
  snprintf(unnamed, sizeof unnamed, "%d Unknown", status);
  return unnamed;
}

}  // namespace mortise

extern "C" const char *http_status_code(const char *status, uint16_t *len) {
  const char *line = mortise::status_line(static_cast<int>(uwsgi_str_num(status, 3)));
  const bool known = strlen(line) > 4 && !strncmp(line, status, 3);
  *len = known ? static_cast<uint16_t>(strlen(line + 4)) : 0;
  return known ? line + 4 : "";
}
