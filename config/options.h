// The option table: rows of struct uwsgi_option, the kernel's and each plugin's alike; a directive is applied
// by calling its row's function. Also what was given, as plugins see it: uwsgi.exported_opts.
#pragma once

#include <uwsgi.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/directive.h"
#include "kernel/result.h"

namespace mortise {

class OptionTable {
 public:
  // Adds rows up to UWSGI_END_OF_OPTIONS, an implausible one, or max_rows (tables of plugins may lack their
  // end; the symbol's size tells). owner is the heading in --help. Of two rows with one name the first
  // counts. [load]
  void add(const std::string &owner, const uwsgi_option *rows, size_t max_rows = SIZE_MAX);

  // nullptr: there is none.
  const uwsgi_option *find(std::string_view name) const;
  const uwsgi_option *find_shortcut(char letter) const;

  // Whether it is to be applied before all that are not immediate.
  bool is_immediate(std::string_view name) const;

  // Calls the option's function with strings that live for ever and records what was given. A value that the
  // function refuses, or a missing one, is an Error, and so is an unknown name. [load]
  Result<void> apply(const Directive &directive);

  // One warning for each file in which comments stood behind values that were applied: they were cut.
  void report_comments();

  // A comment behind the value of the directive that is applied. read_as: "vacuum = 'true'".
  void note_comment(const std::string &read_as);

  // Records what no function acts on, so that applications see it; name and value are copied. [load]
  void record(std::string_view name, const char *value);

  // The Error for a name that nobody knows; written is how the user wrote it, such as "--vaccum".
  Error unknown(std::string_view written) const;

  // The options in columns below their owner's name, for --help.
  std::string help() const;

 private:
  struct Row {
    const uwsgi_option *option;
    size_t owner;
  };
  std::vector<std::string> owners_;
  std::vector<Row> rows_;
  std::vector<uwsgi_opt *> given_;
  std::string origin_;  // of the directive that is applied
  std::map<std::string, std::string>
      comments_;  // of each file: where they stood, and how the values were read
};

// The one that the C functions use.
OptionTable &option_table();

// Where directives go that a plugin adds while it reads a configuration file; empty: they are applied at
// once.
using DirectiveSink = std::function<void(std::string_view key, const char *value, int line)>;
DirectiveSink &directive_sink();

// Called by an option's function whose value is wrong, for it returns nothing: apply() returns this Error
// with the directive's origin in front. what: "processes = 'four'". [load]
void refuse_option_value(Error error);

}  // namespace mortise
