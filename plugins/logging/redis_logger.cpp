// Logger redislog: each line is the last argument of a Redis command, address,command,prefix
// (127.0.0.1:6379,publish uwsgi,). Waits for the answer, so that a server that refuses is seen.
#include <string>
#include <vector>

#include "loggers.h"

namespace mortise::logging {

namespace {

struct Connection {
  std::string address = "127.0.0.1:6379";
  std::vector<std::string> words = {"publish", "uwsgi"};
  std::string prefix;
  int fd = -1;
};

Connection *parse(const char *arg) {
  auto *connection = new Connection;
  std::string text = arg ? arg : "";
  size_t first = text.find(','), second = first == text.npos ? first : text.find(',', first + 1);
  if (first > 0 && !text.empty()) connection->address = text.substr(0, first);
  if (first != text.npos) {
    connection->words.clear();
    std::string command = text.substr(first + 1, second == text.npos ? second : second - first - 1);
    for (size_t pos = 0; pos < command.size();) {
      size_t space = std::min(command.find(' ', pos), command.size());
      if (space > pos) connection->words.push_back(command.substr(pos, space - pos));
      pos = space + 1;
    }
  }
  if (second != text.npos) connection->prefix = text.substr(second + 1);
  return connection;
}

// RESP: an array of bulk strings.
std::string encode(const Connection &connection, const char *line, size_t len) {
  std::string packet = "*" + std::to_string(connection.words.size() + 1) + "\r\n";
  for (const std::string &word : connection.words)
    packet += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  packet += "$" + std::to_string(connection.prefix.size() + len) + "\r\n" + connection.prefix;
  return packet.append(line, len) + "\r\n";
}

void disconnect(Connection &connection) {
  if (connection.fd >= 0) close(connection.fd);
  connection.fd = -1;
}

bool exchange(Connection &connection, const std::string &packet) {
  if (connection.fd < 0) connection.fd = uwsgi_connect(connection.address.c_str(), uwsgi.socket_timeout, 0);
  if (connection.fd < 0) return false;
  char answer[4096];
  if (uwsgi_write_nb(connection.fd, packet.data(), packet.size(), uwsgi.socket_timeout))
    return disconnect(connection), false;
  ssize_t count = uwsgi_read_true_nb(connection.fd, answer, sizeof answer, uwsgi.socket_timeout);
  if (count <= 0) return disconnect(connection), false;
  return answer[0] != '-';
}

ssize_t to_redis(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) logger->data = parse(logger->arg);
  logger->configured = 1;
  auto &connection = *static_cast<Connection *>(logger->data);
  std::string packet = encode(connection, line, len);
  bool was_open = connection.fd >= 0;
  bool done = exchange(connection, packet) || (was_open && connection.fd < 0 && exchange(connection, packet));
  return done ? static_cast<ssize_t>(len) : -1;
}

}  // namespace

void register_redis_logger() {
  uwsgi_register_logger("redislog", to_redis);
}

}  // namespace mortise::logging
