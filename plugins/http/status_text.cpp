#include "status_text.h"

namespace mortise::http {

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "200 OK";
    case 206:
      return "206 Partial Content";
    case 301:
      return "301 Moved Permanently";
    case 304:
      return "304 Not Modified";
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 412:
      return "412 Precondition Failed";
    case 416:
      return "416 Range Not Satisfiable";
    case 400:
      return "400 Bad Request";
    case 408:
      return "408 Request Timeout";
    case 411:
      return "411 Length Required";
    case 413:
      return "413 Content Too Large";
    case 414:
      return "414 URI Too Long";
    case 417:
      return "417 Expectation Failed";
    case 431:
      return "431 Request Header Fields Too Large";
    case 501:
      return "501 Not Implemented";
    case 502:
      return "502 Bad Gateway";
    case 503:
      return "503 Service Unavailable";
    case 504:
      return "504 Gateway Timeout";
    case 507:
      return "507 Insufficient Storage";
    case 505:
      return "505 HTTP Version Not Supported";
    default:
      return status < 500 ? "400 Bad Request" : "500 Internal Server Error";
  }
}

}  // namespace mortise::http
