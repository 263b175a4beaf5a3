// What a plugin is built of: a source file, the sources of a folder, or what the folder's uwsgiplugin.py
// says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"

namespace mortise {

struct Recipe {
  std::string folder;  // that the sources are relative to
  std::string name;
  std::vector<std::string> sources;  // GCC_LIST: C without a suffix, the rest with it; .a, .o too
  std::vector<std::string> cflags, ldflags, libs;  // as the shell would read them
  std::vector<std::string> binaries;               // BINARY_LIST: a file, or "symbol<TAB>file"
  std::vector<std::string> loads;                  // REQUIRES: plugins that the server loads first
  bool has_post_build = false;

  // The list that a recipe calls like this; nullptr: none.
  std::vector<std::string> *list_of(std::string_view key);
  std::string file() const { return folder + "/uwsgiplugin.py"; }
};

// The recipe of a source file, of a folder with uwsgiplugin.py, or of a folder with sources and nothing else.
// A uwsgiplugin.py is a program: it is run, by python3.
Result<Recipe> read_recipe(const std::string &path);

// The assignments of a uwsgiplugin.py that is nothing but NAME = 'text' and LIST = ['text', …]; an Error that
// names the line where it is more than that.
Result<Recipe> parse_recipe(std::string_view text, const std::string &path);

// Runs the recipe's post_build() in the working directory.
Result<void> run_post_build(const Recipe &recipe);

}  // namespace mortise
