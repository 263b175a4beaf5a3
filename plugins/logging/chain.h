// What happens to a line of one kind (of the server and its applications, or of requests): dropped, routed to
// named loggers, or given to all the others; encoded for each. Counts what a logger does not take and says so
// when it does again.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "encoders.h"
#include "loggers.h"
#include "patterns.h"

namespace mortise::logging {

// What was asked for, as lists of option values.
struct ChainOptions {
  const uwsgi_string_list *loggers, *encoders, *routes, *drain, *filter;
};

class Chain {
 public:
  // Makes loggers, encoders and patterns; false, and the log says why. named: loggers of other chains that
  // routes may name, too. [master, init]
  bool configure(const ChainOptions &options, std::vector<uwsgi_logger *> &named);

  // Where lines go that no logger wants. False: it was not written.
  using Sink = std::function<bool(std::string_view)>;
  void set_default(Sink sink) { default_ = std::move(sink); }

  void write(std::string_view line);
  // Tells every logger that so many lines never came here.
  void tell_lost(uint64_t lines, const char *why);
  bool empty() const {
    return loggers_.empty() && encoders_.empty() && routes_.empty() && drain_.empty() && filter_.empty();
  }

 private:
  struct Route {
    uwsgi_logger *logger;
    Pattern pattern;
  };
  // What one logger did not take since it last took something; a null logger is the default.
  struct Loss {
    uint64_t lines = 0;
    int error = 0;
  };

  void deliver(uwsgi_logger *logger, std::string_view line);
  bool give(uwsgi_logger *logger, std::string_view line);

  std::vector<uwsgi_logger *> loggers_;
  std::vector<uwsgi_log_encoder *> encoders_;
  std::vector<Route> routes_;
  std::vector<Pattern> drain_, filter_;
  std::map<const uwsgi_logger *, Loss> losses_;
  Sink default_;
};

// Watchers of uwsgi_log_watch(), in order.
void call_watchers(std::string_view line);
bool has_watchers();

}  // namespace mortise::logging
