#include "plugins/http/response_framing.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace mortise::http;

namespace {

struct Response {
  wsgi_request request{};
  uwsgi_socket socket{};
  std::vector<iovec> vars;
  explicit Response(const char *head) {
    request.headers = uwsgi_buffer_new(256);
    uwsgi_buffer_append(request.headers, head, strlen(head));
    request.status = 200;
    request.http_minor = 1;
    request.keep_alive = 1;
    request.socket = &socket;
  }
  ~Response() { uwsgi_buffer_destroy(request.headers); }
  void ask(const char *name, const char *value) {
    vars.push_back({const_cast<char *>(name), strlen(name)});
    vars.push_back({const_cast<char *>(value), strlen(value)});
    request.hvec = vars.data();
    request.var_cnt = static_cast<uint16_t>(vars.size());
  }
  std::string head() const { return {request.headers->buf, request.headers->pos}; }
  bool has(const char *line) const { return head().find(line) != std::string::npos; }
};

std::string chunk(size_t len) {
  char before[UWSGI_FRAME_MAX], after[UWSGI_FRAME_MAX];
  size_t before_len = 0, after_len = 0;
  REQUIRE(frame_chunk(nullptr, len, before, &before_len, after, &after_len) == 0);
  return std::string(before, before_len) + "|" + std::string(after, after_len);
}

}  // namespace

TEST_CASE("chunks are framed by their size in hexadecimal", "[http][response_framing]") {
  CHECK(chunk(1) == "1\r\n|\r\n");
  CHECK(chunk(15) == "f\r\n|\r\n");
  CHECK(chunk(16) == "10\r\n|\r\n");
  CHECK(chunk(0x12345678) == "12345678\r\n|\r\n");
  CHECK(chunk(0) == "0\r\n\r\n|");
}

TEST_CASE("a response without a length is chunked for HTTP/1.1", "[http][response_framing]") {
  Response response("HTTP/1.1 200 OK\r\n");
  REQUIRE(complete_head(&response.request) == 0);
  CHECK(response.has("Transfer-Encoding: chunked\r\n"));
  CHECK(response.has("Date: "));
  CHECK_FALSE(response.has("Connection:"));
  CHECK(response.request.chunked);
  CHECK(finish_response(&response.request) == UWSGI_OK);
}

TEST_CASE("for HTTP/1.0 it ends with the connection", "[http][response_framing]") {
  Response response("HTTP/1.1 200 OK\r\n");
  response.request.http_minor = 0;
  REQUIRE(complete_head(&response.request) == 0);
  CHECK(response.has("Connection: close\r\n"));
  CHECK_FALSE(response.request.chunked);
  CHECK(finish_response(&response.request) == -1);
}

TEST_CASE("HTTP/1.0 is told of a connection that is kept, and so is another server's gateway, ours is not",
          "[http][response_framing]") {
  Response client("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n");
  client.request.http_minor = 0;
  client.request.has_content_length = 1;
  REQUIRE(complete_head(&client.request) == 0);
  CHECK(client.has("Connection: keep-alive\r\n"));

  Response gateway("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n");
  gateway.request.http_minor = 0;
  gateway.request.has_content_length = 1;
  gateway.socket.internal = 1;
  REQUIRE(complete_head_for_gateway(&gateway.request) == 0);
  CHECK_FALSE(gateway.has("Connection:"));

  Response another("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n");
  another.request.has_content_length = 1;
  REQUIRE(complete_head_for_gateway(&another.request) == 0);
  CHECK(another.has("Connection: keep-alive\r\n"));
}

TEST_CASE("a response that has no body says so where it could have one", "[http][response_framing]") {
  Response empty("HTTP/1.1 200 OK\r\n");
  empty.request.response_ended = 1;
  REQUIRE(complete_head(&empty.request) == 0);
  CHECK(empty.has("Content-Length: 0\r\n"));

  Response no_content("HTTP/1.1 204 No Content\r\n");
  no_content.request.response_ended = no_content.request.body_less = 1;
  REQUIRE(complete_head(&no_content.request) == 0);
  CHECK_FALSE(no_content.has("Content-Length"));
  CHECK_FALSE(no_content.has("Transfer-Encoding"));
}

TEST_CASE("the application's own date stands", "[http][response_framing]") {
  Response response("HTTP/1.1 200 OK\r\nX-Day: no\r\ndATE: mine\r\n");
  REQUIRE(complete_head(&response.request) == 0);
  CHECK_FALSE(response.has("Date: "));
}

TEST_CASE("an application that frames its body itself ends the connection", "[http][response_framing]") {
  Response response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
  REQUIRE(complete_head(&response.request) == 0);
  CHECK_FALSE(response.request.chunked);
  CHECK(response.has("Connection: close\r\n"));
}

TEST_CASE("an upgraded connection is no longer HTTP", "[http][response_framing]") {
  Response response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n");
  response.request.status = 101;
  response.request.body_less = 1;
  response.ask("HTTP_UPGRADE", "x");
  response.ask("HTTP_CONNECTION", "keep-alive, Upgrade");
  REQUIRE(complete_head(&response.request) == 0);
  CHECK(response.head() == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n");
  CHECK(response.request.upgraded);
  CHECK_FALSE(response.request.body_less);
  CHECK(finish_response(&response.request) == -1);
}

TEST_CASE("nobody is upgraded who did not ask for it (RFC 9110 7.8)", "[http][response_framing]") {
  Response response("HTTP/1.1 101 Switching Protocols\r\n");
  response.request.status = 101;
  CHECK(complete_head(&response.request) == -1);
  response.ask("HTTP_UPGRADE", "x");
  CHECK(complete_head(&response.request) == -1);
  response.ask("HTTP_CONNECTION", "upgraded");
  CHECK(complete_head(&response.request) == -1);
  CHECK_FALSE(response.request.upgraded);
}

TEST_CASE("a coding of the application is chunked, alone, and for HTTP/1.1 (RFC 9112 6.1)",
          "[http][response_framing]") {
  const auto complete = [](const char *head, int minor = 1, int has_length = 0) {
    Response response(head);
    response.request.http_minor = minor;
    response.request.has_content_length = has_length;
    return complete_head(&response.request);
  };
  CHECK(complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked \r\nX: y\r\n") == 0);
  CHECK(complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n") == -1);
  CHECK(complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == -1);
  CHECK(complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", 0) == -1);
  CHECK(complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", 1, 1) == -1);
}

TEST_CASE("an answer to a client that still waits for a 100 ends the connection",
          "[http][response_framing]") {
  Response response("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n");
  response.request.has_content_length = 1;
  response.request.expect_continue = 1;
  response.request.post_cl = 5;
  REQUIRE(complete_head(&response.request) == 0);
  CHECK(response.has("Connection: close\r\n"));
}
