// The plugin ABI for C++20 (and 17, as far as compilers know designated initialisers): views, values and
// results in place of pointers with lengths and -1. Header-only, without state of its own; everything here
// ends in functions of <uwsgi.h>, which can be used beside it.
//
//   #include <mortise/plugin.hpp>
//
//   static mortise::Response hello(const mortise::Request &) {
//     return {200, "text/plain", "Hello World\n"};
//   }
//
//   MORTISE_PLUGIN(hello, .request = mortise::request_hook<hello>);
//
// The tags in brackets say where a function may be called, as in <uwsgi.h>. No exception leaves a hook made
// here: it is logged with the plugin's name, and the client gets a 500 if nothing was sent.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../uwsgi.h"
#include "timers.h"

namespace mortise {
inline namespace plugin_v1 {

// ---- Results ----

// Why something was not done. `status` is what a client is told when a request hook returns the Error.
struct Error {
  std::string what;
  int status = 500;
};

// A value, or the Error that came in its place.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)
  explicit operator bool() const { return value_.index() == 0; }
  T &operator*() { return std::get<0>(value_); }
  const T &operator*() const { return std::get<0>(value_); }
  T *operator->() { return &std::get<0>(value_); }
  const T *operator->() const { return &std::get<0>(value_); }
  const Error &error() const { return std::get<1>(value_); }

 private:
  std::variant<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(*-explicit-*)
  explicit operator bool() const { return !error_; }
  const Error &error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

// [any] One line in the server log.
inline void log(std::string_view text) {
  uwsgi_log("%.*s\n", static_cast<int>(text.size()), text.data());
}

// ---- The request ----

// The body of a request, read as it comes. [request]
class Body {
 public:
  explicit Body(wsgi_request *request) : request_(request) {}

  // Bytes that the client announced; 0 where there is no body, or where it is chunked.
  size_t announced_bytes() const { return request_->post_cl; }
  // The next bytes, at most max_bytes (0: whatever is there); empty at the end. Valid until the next call.
  Result<std::string_view> read(size_t max_bytes = 0) {
    return taken([&](ssize_t *len) {
      return uwsgi_request_body_read(request_, static_cast<ssize_t>(max_bytes), len);
    });
  }
  // The next line with its newline, at most max_bytes of it; empty at the end. Valid until the next call.
  Result<std::string_view> read_line(size_t max_bytes = 0) {
    return taken([&](ssize_t *len) {
      return uwsgi_request_body_readline(request_, static_cast<ssize_t>(max_bytes), len);
    });
  }
  // All that is left; an Error of status 413 where it is more than max_bytes.
  Result<std::string> read_all(size_t max_bytes) {
    std::string all;
    for (;;) {
      auto chunk = read();
      if (!chunk) return chunk.error();
      if (chunk->empty()) return all;
      if (all.size() + chunk->size() > max_bytes) return Error{"the request's body is too large", 413};
      all += *chunk;
    }
  }

 private:
  template <typename Read>
  static Result<std::string_view> taken(Read read) {
    ssize_t len = 0;
    char *bytes = read(&len);
    if (!bytes) return Error{"the client did not send the body that it announced", 400};
    return std::string_view(bytes, len > 0 ? static_cast<size_t>(len) : 0);
  }
  wsgi_request *request_;
};

// A request, for as long as its hook runs: no view may be kept beyond that. [request]
class Request {
 public:
  explicit Request(wsgi_request *request) : request_(request) {}

  std::string_view method() const { return {request_->method, request_->method_len}; }
  std::string_view uri() const { return {request_->uri, request_->uri_len}; }
  std::string_view path() const { return {request_->path_info, request_->path_info_len}; }
  std::string_view query() const { return {request_->query_string, request_->query_string_len}; }
  std::string_view host() const { return {request_->host, request_->host_len}; }
  std::string_view remote_address() const { return {request_->remote_addr, request_->remote_addr_len}; }
  std::string_view content_type() const { return {request_->content_type, request_->content_type_len}; }

  // A CGI variable, "HTTP_ACCEPT"; nothing when there is none.
  std::optional<std::string_view> var(std::string_view name) const { return value(uwsgi_get_var, name); }
  std::optional<std::string_view> cookie(std::string_view name) const {
    return value(uwsgi_get_cookie, name);
  }
  // A value of the query string, as it was sent: %XX and + are not decoded.
  std::optional<std::string_view> query_value(std::string_view name) const {
    return value(uwsgi_get_qs, name);
  }
  // Calls visit(name, value) for each variable.
  template <typename Visit>
  void for_each_var(Visit visit) const {
    auto view = [&](int i) {
      return std::string_view(static_cast<const char *>(request_->hvec[i].iov_base),
                              request_->hvec[i].iov_len);
    };
    for (int i = 0; i + 1 < request_->var_cnt; i += 2) visit(view(i), view(i + 1));
  }
  Body body() const { return Body(request_); }
  // For what only <uwsgi.h> has.
  wsgi_request *raw() const { return request_; }

 private:
  template <typename Get>
  std::optional<std::string_view> value(Get get, std::string_view name) const {
    uint16_t len = 0;
    const char *found = get(request_, name.data(), static_cast<uint16_t>(name.size()), &len);
    if (!found) return {};
    return std::string_view(found, len);
  }
  wsgi_request *request_;
};

// ---- The response ----

// A whole response. The length is added when it is sent.
struct Response {
  Response(int status, std::string_view type, std::string body)
      : status(status), type(type), body(std::move(body)) {}
  Response &header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  int status;
  std::string type, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A response that is written as it is made. Each function fails when the client is gone. [request]
class Writer {
 public:
  explicit Writer(wsgi_request *request) : request_(request) {}

  Result<void> start(int status) { return done(uwsgi_response_prepare_headers_int(request_, status)); }
  // CR, LF and NUL in a name or value are refused.
  Result<void> header(std::string_view name, std::string_view value) {
    return done(uwsgi_response_add_header(request_, name.data(), static_cast<uint16_t>(name.size()),
                                          value.data(), static_cast<uint16_t>(value.size())));
  }
  Result<void> write(std::string_view bytes) {
    return done(uwsgi_response_write_body_do(request_, bytes.data(), bytes.size()));
  }
  // A descriptor's bytes from `offset`, `bytes` of them (0: to its end), with sendfile(2). Closes fd.
  Result<void> send_file(int fd, size_t offset = 0, size_t bytes = 0) {
    return done(uwsgi_response_sendfile_do(request_, fd, offset, bytes));
  }
  Result<void> send(const Response &response) {
    auto sent = start(response.status);
    if (sent && !response.type.empty()) sent = header("Content-Type", response.type);
    for (const auto &[name, value] : response.headers)
      if (sent) sent = header(name, value);
    if (sent) sent = done(uwsgi_response_add_content_length(request_, response.body.size()));
    return sent ? write(response.body) : sent;
  }

 private:
  static Result<void> done(int result) {
    if (result == UWSGI_OK) return {};
    return Error{"the client is gone, or what was to be sent is no response"};
  }
  wsgi_request *request_;
};

// ---- Hooks ----

// Calls work(), which returns an int; -1 and a line in the log where an exception leaves it.
template <typename Work>
int guarded(const char *plugin, const char *hook, Work work) noexcept {
  try {
    return work();
  } catch (const std::exception &exception) {
    uwsgi_log("plugin %s, hook %s: %s\n", plugin, hook, exception.what());
  } catch (...) {
    uwsgi_log("plugin %s, hook %s: unknown exception\n", plugin, hook);
  }
  return -1;
}

template <typename>
inline constexpr bool is_result = false;
template <typename T>
inline constexpr bool is_result<Result<T>> = true;

// For .request: a function of (const Request &) that returns Response or Result<Response>, or one of
// (const Request &, Writer &) that returns Result<void>. Of an Error the client gets the status, if nothing
// was sent, and the log the text.
template <auto Function>
inline int request_hook(wsgi_request *raw) noexcept {
  const char *plugin = uwsgi.p[raw->uh->modifier1]->name;
  return guarded(plugin, "request", [&] {
    Request request(raw);
    Writer writer(raw);
    auto finish = [&](const Error &error) {
      uwsgi_log("plugin %s: %.*s %.*s: %s\n", plugin, static_cast<int>(raw->method_len), raw->method,
                static_cast<int>(raw->uri_len), raw->uri, error.what.c_str());
      if (raw->headers_sent || raw->status) return -1;
      return writer.send({error.status, "text/plain", error.what + "\n"}) ? UWSGI_OK : -1;
    };
    if constexpr (std::is_invocable_v<decltype(Function), const Request &, Writer &>) {
      Result<void> result = Function(request, writer);
      return result ? UWSGI_OK : finish(result.error());
    } else {
      auto result = Function(request);
      if constexpr (is_result<decltype(result)>) {
        if (!result) return finish(result.error());
        return writer.send(*result) ? UWSGI_OK : -1;
      } else {
        return writer.send(result) ? UWSGI_OK : -1;
      }
    }
  });
}

// For .init: a function that returns Result<void>; an Error ends the server with its text in the log.
template <auto Function>
inline int init_hook() noexcept {
  return guarded("(in its init)", "init", [] {
    Result<void> result = Function();
    if (result) return 0;
    uwsgi_log("%s\n", result.error().what.c_str());
    return -1;
  });
}

// ---- Options ----

// What an option's function does with a value: numbers are decimal, bool honours false, 0, no and off.
template <typename T>
void set_value(char *name, char *value, T *target) {
  if constexpr (std::is_same_v<T, bool>) {
    int flag = 0;
    uwsgi_opt_true(name, value, &flag);
    *target = flag != 0;
  } else if constexpr (std::is_integral_v<T>) {
    const std::string_view text = value ? value : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *target);
    if (error == std::errc() && end == text.data() + text.size()) return;
    uwsgi_log("option '%s': '%s' is not a number in its range\n", name, text.data());
    exit(64);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    target->emplace_back(value ? value : "");
  } else {
    static_assert(std::is_same_v<T, std::string>,
                  "options are bool, integers, std::string or a vector of these");
    *target = value ? value : "";
  }
}

template <typename Struct, typename T>
Struct struct_of(T Struct::*);
template <typename Struct, typename T>
T value_of(T Struct::*);

// A row of an option table that sets a member of a structure: option<&Settings::port>(settings, "foo-port",
// "port to ask"). A vector collects the values of an option that is given several times.
template <auto Member>
constexpr uwsgi_option option(decltype(struct_of(Member)) &settings, const char *name, const char *help,
                              uint64_t flags = 0) {
  using Struct = decltype(struct_of(Member));
  constexpr int kArgument =
      std::is_same_v<decltype(value_of(Member)), bool> ? no_argument : required_argument;
  auto set = [](char *option_name, char *value, void *data) {
    set_value(option_name, value, &(static_cast<Struct *>(data)->*Member));
  };
  return {name, kArgument, 0, help, set, &settings, flags};
}
inline constexpr uwsgi_option end_of_options{};

// ---- Signals and timers ----

using SignalHandler = void (*)(uint8_t signum);

// For .signal_handler, which register_signal() needs.
inline int signal_hook(uint8_t signum, void *handler) noexcept {
  return guarded("(in a signal)", "signal_handler", [&] {
    reinterpret_cast<SignalHandler>(handler)(signum);
    return 0;
  });
}

// [master, worker] Calls handler in a worker whenever the signal is raised. receiver: "worker" (one that is
// idle), "workers" (each), "workerN". The plugin has .signal_handler and .request, for it is found by its
// modifier.
inline Result<void> register_signal(const uwsgi_plugin &plugin, uint8_t signum, SignalHandler handler,
                                    const char *receiver = "worker") {
  if (uwsgi_register_signal(signum, receiver, reinterpret_cast<void *>(handler), plugin.modifier1) == 0)
    return {};
  return Error{"signal " + std::to_string(signum) + ": there is no receiver '" + receiver + "'"};
}

// [any] Raises a signal now, every so often, or in each minute that matches (-1: any; -n: each that n
// divides).
inline Result<void> raise_signal(uint8_t signum) {
  if (uwsgi_signal_send(uwsgi.signal_socket, signum) == 0) return {};
  return Error{"signal " + std::to_string(signum) + " could not be raised"};
}
inline Result<void> add_timer(uint8_t signum, std::chrono::milliseconds period) {
  if (uwsgi_add_ms_timer(signum, static_cast<int>(period.count())) == 0) return {};
  return Error{"the timer of signal " + std::to_string(signum) + " was refused; the log says why"};
}
inline Result<void> add_cron(uint8_t signum, int minute, int hour, int day = -1, int month = -1,
                             int weekday = -1) {
  if (uwsgi_signal_add_cron(signum, minute, hour, day, month, weekday) == 0) return {};
  return Error{"the cron entry of signal " + std::to_string(signum) + " was refused; the log says why"};
}

}  // namespace plugin_v1
}  // namespace mortise

// The table of the plugin NAME in NAME_plugin.so; what follows are members of struct uwsgi_plugin in their
// order.
#define MORTISE_PLUGIN(NAME, ...)                                                 \
  extern "C" {                                                                    \
  extern struct uwsgi_plugin NAME##_plugin;                                       \
  struct uwsgi_plugin NAME##_plugin = {.name = #NAME __VA_OPT__(, ) __VA_ARGS__}; \
  }                                                                               \
  static_assert(true, "a semicolon may follow")
