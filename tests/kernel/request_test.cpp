// Variables, body and response of one request over a real socket pair, without any protocol of a plugin.
#include "kernel/request.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "kernel/body.h"
#include "kernel/connection.h"
#include "kernel/response.h"
#include "kernel/state.h"

using namespace mortise;

namespace {

int poll_for(int fd, int timeout_s, short events) {
  pollfd entry{fd, events, 0};
  return poll(&entry, 1, timeout_s * 1000);
}

// What a server has set before it serves.
struct ServerState {
  ServerState() {
    static char name[] = "unit_tests";
    static char *argv[] = {name, nullptr};
    init_state(1, argv, environ);
    uwsgi.wait_read_hook = [](int fd, int timeout) { return poll_for(fd, timeout, POLLIN); };
    uwsgi.wait_write_hook = [](int fd, int timeout) { return poll_for(fd, timeout, POLLOUT); };
    uwsgi.socket_timeout = 1;
  }
  ~ServerState() {
    free(std::exchange(uwsgi.cwd, nullptr));
    free(std::exchange(uwsgi.binary_path, nullptr));
  }
};

// A request whose client end is `client`.
struct Exchange {
  Exchange() {
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    connection.fd = fds[0];
    connection.socket = &socket;
    client = fds[1];
    request.begin(connection);
  }
  ~Exchange() {
    close(connection.fd);
    if (client >= 0) close(client);
  }
  std::string received() {
    std::string all(1 << 20, '\0');
    ssize_t got = read(client, all.data(), all.size());
    all.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return all;
  }
  void respond(std::string_view status) {
    REQUIRE(uwsgi_response_prepare_headers(&request, status.data(), static_cast<uint16_t>(status.size())) ==
            0);
  }
  int header(std::string_view key, std::string_view value) {
    return uwsgi_response_add_header(&request, key.data(), static_cast<uint16_t>(key.size()), value.data(),
                                     static_cast<uint16_t>(value.size()));
  }
  ServerState state;
  uwsgi_socket socket{};
  Connection connection;
  Request request{0};
  int client = -1;
};

}  // namespace

TEST_CASE("a variable that is added is found, and its member of the request is set") {
  Exchange exchange;
  REQUIRE(uwsgi_req_append(&exchange.request, "PATH_INFO", 9, "/a", 2));
  CHECK(view(exchange.request.path_info, exchange.request.path_info_len) == "/a");
  REQUIRE(uwsgi_req_append(&exchange.request, "PATH_INFO", 9, "/b", 2));
  CHECK(exchange.request.var_cnt == 2);
  uint16_t len = 0;
  const char *value = uwsgi_get_var(&exchange.request, "PATH_INFO", 9, &len);
  CHECK(view(value, len) == "/b");
  CHECK(uwsgi_get_var(&exchange.request, "PATH_INF", 8, &len) == nullptr);
}

TEST_CASE("each common variable sets its own member, and names like it set none") {
  using Text = char *wsgi_request::*;
  using Length = uint16_t wsgi_request::*;
  struct Common {
    std::string name;
    Text text;
    Length length;
  };
  const Common all[] = {
      {"HTTPS", &wsgi_request::https, &wsgi_request::https_len},
      {"PATH_INFO", &wsgi_request::path_info, &wsgi_request::path_info_len},
      {"HTTP_HOST", &wsgi_request::host, &wsgi_request::host_len},
      {"REQUEST_URI", &wsgi_request::uri, &wsgi_request::uri_len},
      {"SCRIPT_NAME", &wsgi_request::script_name, &wsgi_request::script_name_len},
      {"REMOTE_ADDR", &wsgi_request::remote_addr, &wsgi_request::remote_addr_len},
      {"REMOTE_USER", &wsgi_request::remote_user, &wsgi_request::remote_user_len},
      {"HTTP_COOKIE", &wsgi_request::cookie, &wsgi_request::cookie_len},
      {"UWSGI_APPID", &wsgi_request::appid, &wsgi_request::appid_len},
      {"QUERY_STRING", &wsgi_request::query_string, &wsgi_request::query_string_len},
      {"CONTENT_TYPE", &wsgi_request::content_type, &wsgi_request::content_type_len},
      {"HTTP_REFERER", &wsgi_request::referer, &wsgi_request::referer_len},
      {"DOCUMENT_ROOT", &wsgi_request::document_root, &wsgi_request::document_root_len},
      {"REQUEST_METHOD", &wsgi_request::method, &wsgi_request::method_len},
      {"REQUEST_SCHEME", &wsgi_request::scheme, &wsgi_request::scheme_len},
      {"SERVER_PROTOCOL", &wsgi_request::protocol, &wsgi_request::protocol_len},
      {"HTTP_USER_AGENT", &wsgi_request::user_agent, &wsgi_request::user_agent_len},
      {"HTTP_AUTHORIZATION", &wsgi_request::authorization, &wsgi_request::authorization_len},
      {"HTTP_ACCEPT_ENCODING", &wsgi_request::encoding, &wsgi_request::encoding_len},
      {"HTTP_IF_MODIFIED_SINCE", &wsgi_request::if_modified_since, &wsgi_request::if_modified_since_len},
  };
  for (const Common &one : all) {
    for (std::string name : {one.name, "X" + one.name.substr(1), one.name.substr(1), one.name + "S"}) {
      Exchange exchange;
      INFO(name);
      std::string value = "value of " + name;
      REQUIRE(uwsgi_req_add_var(&exchange.request, name.data(), static_cast<uint16_t>(name.size()),
                                value.data(), static_cast<uint16_t>(value.size())) == 0);
      for (const Common &other : all) {
        const bool is_set = other.name == name;
        CHECK((exchange.request.*other.text == value.data()) == is_set);
        CHECK((exchange.request.*other.length == value.size()) == is_set);
      }
    }
  }
  Exchange exchange;
  for (std::string name : {"", "K", "TLS", "X_NAME_THAT_IS_LONGER_THAN_ANY_COMMON_ONE"})
    CHECK(uwsgi_req_add_var(&exchange.request, name.data(), static_cast<uint16_t>(name.size()), "v", 1) == 0);
  CHECK(exchange.request.var_cnt == 8);
}

TEST_CASE("variables beyond --max-vars are refused") {
  Exchange exchange;
  for (int i = 0; i < uwsgi.max_vars; ++i) REQUIRE(uwsgi_req_add_var(&exchange.request, "K", 1, "v", 1) == 0);
  CHECK(uwsgi_req_add_var(&exchange.request, "K", 1, "v", 1) == -1);
}

TEST_CASE("cookies and query values are found by their whole name") {
  Exchange exchange;
  uwsgi_req_append(&exchange.request, "HTTP_COOKIE", 11, "ab=1; b=2", 9);
  uwsgi_req_append(&exchange.request, "QUERY_STRING", 12, "x=1&xy=2", 8);
  uint16_t len = 0;
  const char *value = uwsgi_get_cookie(&exchange.request, "b", 1, &len);
  CHECK(view(value, len) == "2");
  value = uwsgi_get_qs(&exchange.request, "xy", 2, &len);
  CHECK(view(value, len) == "2");
  CHECK(uwsgi_get_qs(&exchange.request, "y", 1, &len) == nullptr);
}

TEST_CASE("head and first body bytes leave together") {
  Exchange exchange;
  exchange.respond("200 OK");
  REQUIRE(exchange.header("Content-Length", "5") == 0);
  CHECK(exchange.received().empty());
  REQUIRE(uwsgi_response_write_body_do(&exchange.request, "hello", 5) == 0);
  CHECK(exchange.received() == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(finish_response(&exchange.request, UWSGI_OK) == UWSGI_OK);
}

TEST_CASE("CR, LF and NUL are refused in status, names and values") {
  Exchange exchange;
  CHECK(uwsgi_response_prepare_headers(&exchange.request, "200 OK\r\nX: y", 12) == -1);
  exchange.respond("200 OK");
  CHECK(exchange.header("X", std::string_view("a\nb", 3)) == -1);
  CHECK(exchange.header(std::string_view("X\0", 2), "a") == -1);
}

TEST_CASE("a body longer than its Content-Length is cut") {
  Exchange exchange;
  exchange.respond("200 OK");
  exchange.header("Content-Length", "3");
  uwsgi_response_write_body_do(&exchange.request, "hello", 5);
  CHECK(exchange.received() == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhel");
}

TEST_CASE("a body shorter than its Content-Length closes the connection") {
  Exchange exchange;
  exchange.respond("200 OK");
  exchange.header("Content-Length", "9");
  uwsgi_response_write_body_do(&exchange.request, "hello", 5);
  CHECK(finish_response(&exchange.request, UWSGI_OK) == -1);
}

TEST_CASE("a HEAD request gets the head alone") {
  Exchange exchange;
  uwsgi_req_append(&exchange.request, "REQUEST_METHOD", 14, "HEAD", 4);
  exchange.respond("200 OK");
  exchange.header("Content-Length", "5");
  uwsgi_response_write_body_do(&exchange.request, "hello", 5);
  CHECK(finish_response(&exchange.request, UWSGI_OK) == UWSGI_OK);
  CHECK(exchange.received() == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("a hook that fails before it answered becomes a 500") {
  Exchange exchange;
  CHECK(finish_response(&exchange.request, -1) == -1);
  CHECK(exchange.received().substr(0, 34) == "HTTP/1.1 500 Internal Server Error");
}

TEST_CASE("a hook that fails before its head was sent becomes a 500") {
  Exchange exchange;
  exchange.respond("200 OK");
  CHECK(finish_response(&exchange.request, -1) == -1);
  CHECK(exchange.received().substr(0, 12) == "HTTP/1.1 500");
}

TEST_CASE("a hook that fails after it answered ends the connection") {
  Exchange exchange;
  exchange.respond("200 OK");
  uwsgi_response_write_body_do(&exchange.request, "half", 4);
  CHECK(finish_response(&exchange.request, -1) == -1);
}

TEST_CASE("a client that left is counted, not fatal") {
  Exchange exchange;
  close(exchange.client);
  exchange.client = -1;
  signal(SIGPIPE, SIG_IGN);
  exchange.respond("200 OK");
  CHECK(uwsgi_response_write_body_do(&exchange.request, "x", 1) == -1);
  CHECK(exchange.request.write_errors == 1);
}

TEST_CASE("the body is what came with the head, then what the connection brings, and no more") {
  Exchange exchange;
  char early[] = "abc";
  exchange.request.post_cl = 6;
  exchange.request.proto_parser_remains_buf = early;
  exchange.request.proto_parser_remains = 3;
  REQUIRE(write(exchange.client, "defNEXT", 7) == 7);
  ssize_t len = 0;
  char *body = uwsgi_request_body_read(&exchange.request, 100, &len);
  CHECK(view(body, static_cast<size_t>(len)) == "abcdef");
  CHECK(uwsgi_request_body_read(&exchange.request, 1, &len) != nullptr);
  CHECK(len == 0);
  CHECK(owed_body(&exchange.request) == 0);
}

TEST_CASE("lines of a body end at their newline, at the hint or at the end") {
  Exchange exchange;
  std::string text = "one\ntwo\nthree";
  exchange.request.post_cl = text.size();
  REQUIRE(write(exchange.client, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ssize_t len = 0;
  auto line = [&](ssize_t hint) {
    char *start = uwsgi_request_body_readline(&exchange.request, hint, &len);
    return std::string(start, static_cast<size_t>(len));
  };
  CHECK(line(0) == "one\n");
  CHECK(line(2) == "tw");
  CHECK(line(0) == "o\n");
  CHECK(line(0) == "three");
  CHECK(line(0).empty());
}

TEST_CASE("a client that leaves in the middle of its body is an error, not a short body") {
  Exchange exchange;
  exchange.request.post_cl = 10;
  REQUIRE(write(exchange.client, "abc", 3) == 3);
  shutdown(exchange.client, SHUT_WR);
  ssize_t len = 0;
  CHECK(uwsgi_request_body_read(&exchange.request, 10, &len) == nullptr);
  CHECK(exchange.request.read_errors == 1);
}

TEST_CASE("a body that the hook did not read is passed over, also what comes of it later") {
  Exchange exchange;
  exchange.request.keep_alive = 1;
  exchange.request.post_cl = 6;
  REQUIRE(write(exchange.client, "abcd", 4) == 4);
  CHECK(pass_over_body(&exchange.request));
  CHECK(owed_body(&exchange.request) == 2);
  exchange.connection.keep_rest(exchange.request);
  exchange.request.begin(exchange.connection);
  exchange.connection.restore_rest(exchange.request);
  REQUIRE(write(exchange.client, "efNEXT", 6) == 6);
  CHECK(pass_over_body(&exchange.request));
  CHECK(owed_body(&exchange.request) == 0);
  CHECK(exchange.request.post_pos == 6);
}

TEST_CASE("after a body that ends before its length a connection does not go on") {
  Exchange exchange;
  exchange.request.keep_alive = 1;
  exchange.request.post_cl = 4;
  shutdown(exchange.client, SHUT_WR);
  CHECK_FALSE(pass_over_body(&exchange.request));
}

TEST_CASE("a file is sent, and what follows it") {
  Exchange exchange;
  char path[] = "/tmp/mortise-test-XXXXXX";
  int fd = mkostemp(path, O_CLOEXEC);
  unlink(path);
  REQUIRE(write(fd, "0123456789", 10) == 10);
  exchange.respond("200 OK");
  CHECK(uwsgi_response_sendfile_do(&exchange.request, fd, 2, 5) == UWSGI_OK);
  char rest[] = "more";
  CHECK(uwsgi_response_write_body_do(&exchange.request, rest, 4) == UWSGI_OK);
  CHECK(exchange.received() == "HTTP/1.1 200 OK\r\n\r\n23456more");
}
