// Expands what a value may refer to: $(ENV), @(file), %(option), %(a + 1), %n, %%. Pure: the source says what
// names mean. Rules: uwsgi-docs.readthedocs.io/en/latest/ParsingOrder.html and
// Configuration.html#placeholders
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/result.h"

namespace mortise {

class PlaceholderSource {
 public:
  virtual ~PlaceholderSource() = default;
  // Value of a variable of the environment ('$'), a file ('@') or an option ('%'); nothing if there is none.
  virtual Result<std::optional<std::string>> look_up(char sign, const std::string &name) = 0;
  // Value of %n and the like. Not asked, and no %% undone, if has_magic is false: on the command line.
  virtual std::optional<std::string> magic(char letter) = 0;
  virtual bool has_magic() const = 0;
  virtual void warn(const std::string &text) = 0;
};

// The value with its references replaced; what they bring in is not expanded again. They may stand inside
// each other:
// @($(HOME)/x). What has no meaning stays as it is, on which log formats rely: %(status).
//   $(NAME) $(NAME-if unset) $(NAME:-if unset or empty)
//   @(path)              contents of the file, without its last line's end; @(exec://date +%Y): see
//   config_scheme.h
//   %(name)              value of an option or placeholder
//   %(2 * processes ++)  whole numbers and names with + - * / ++ --, spaces between, from left to right; two
//   operands
//                        without an operator are joined as text, an unset name counts as nothing
Result<std::string> expand_placeholders(std::string_view value, PlaceholderSource &source);

}  // namespace mortise
