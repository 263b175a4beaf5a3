// The one error idiom of the kernel: a function that can fail returns Result<T>.
// An Error says what was attempted, why it failed and what the operator can do about it.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace mortise {

// Exit status of the server; documented in docs/mortise.1. The values above 63 are those of sysexits(3).
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,     // anything that has no code of its own
  kExitNoApp = 22,      // no application could be loaded
  kExitUsage = 64,      // unknown option, bad value, bad combination
  kExitNoInput = 66,    // a named file is missing or unreadable
  kExitNoAddress = 69,  // an address cannot be bound
  kExitSystem = 71,     // the system refused a resource: fork, memory, descriptors
  kExitNoPerm = 77,     // privileges could not be changed as asked
  kExitConfig = 78,     // a configuration file does not parse
  kExitPlugin = 79,     // a plugin is absent, refused, or failed to start
};

struct Error {
  std::string what;  // what was attempted and on what: "open /srv/app.ini"
  std::string why;   // the cause; strerror(3)'s text for system calls
  std::string hint;  // what to do; may be empty, may have several lines
  int exit_code = kExitFailure;

  // What an operator sees: "what: why" and the hint, in brackets or, where it has several lines, indented
  // below.
  std::string message() const;
};

// An Error from errno (or the given errnum), with strerror's text as its cause.
Error system_error(std::string what, int errnum, std::string hint = {}, int exit_code = kExitFailure);

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
  Error &error() { return std::get<1>(value_); }
  const Error &error() const { return std::get<1>(value_); }

 private:
  std::variant<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(*-explicit-*)
  explicit operator bool() const { return !failed_; }
  Error &error() { return error_; }
  const Error &error() const { return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace mortise
