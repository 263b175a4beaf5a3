#include "sdk/tool/recipe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "kernel/fd.h"
#include "sdk/tool/command.h"
#include "sdk/tool/data_folder.h"
#include "sdk/tool/language.h"

namespace mortise {

namespace {

constexpr size_t kMaxRecipeBytes = 1024 * 1024;

std::string base_name(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

Error cannot_build(const std::string &path, std::string why, std::string hint) {
  return Error{"build plugin from " + path, std::move(why), std::move(hint), kExitUsage};
}

// Runs the recipe in a child, since it may end its process, and reads what it told: NUL-terminated KEY=value.
Result<Recipe> evaluate(const std::string &path) {
  auto temporary = TemporaryFolder::make();
  if (!temporary) return temporary.error();
  const std::string output = temporary->path() + "/recipe";
  setenv("MORTISE", server_file().c_str(), 1);  // what answers for uwsgi
  auto status = run_command_line({"python3", data_file("evaluate_recipe.py"), path, output}, {});
  if (!status) return status.error();
  auto text = read_file(output.c_str(), kMaxRecipeBytes);
  if (*status != 0 || !text)
    return cannot_build(path, "it ended with status " + std::to_string(*status),
                        "its messages stand above: often a library that it looks for is not installed");
  Recipe recipe;
  for (size_t begin = 0; begin < text->size();) {
    const std::string record = text->c_str() + begin;
    begin += record.size() + 1;
    const size_t equals = std::min(record.find('='), record.size() - 1);
    const std::string key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "NAME") recipe.name = value;
    if (key == "POST_BUILD") recipe.has_post_build = true;
    if (auto *list = recipe.list_of(key)) list->push_back(value);
  }
  return recipe;
}

Result<Recipe> recipe_of_folder(const std::string &path) {
  Recipe recipe;
  recipe.folder = path;
  if (access(recipe.file().c_str(), R_OK) == 0) {
    auto text = read_file(recipe.file().c_str(), kMaxRecipeBytes);
    if (!text) return text.error();
    auto told = is_on_path("python3") ? evaluate(recipe.file()) : parse_recipe(*text, recipe.file());
    if (!told) return told.error();
    told->folder = path;
    if (told->name.empty() || told->sources.empty())
      return cannot_build(recipe.file(), told->name.empty() ? "it sets no NAME" : "it sets no GCC_LIST",
                          "a recipe says NAME = 'foo' and GCC_LIST = ['foo']");
    return told;
  }
  std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(path.c_str()), closedir);
  if (!dir) return system_error("build plugin from " + path, errno, "name a readable folder", kExitNoInput);
  while (const dirent *entry = readdir(dir.get()))
    if (language_of(entry->d_name)) recipe.sources.emplace_back(entry->d_name);
  std::sort(recipe.sources.begin(), recipe.sources.end());
  if (recipe.sources.empty())
    return cannot_build(path, "the folder has neither uwsgiplugin.py nor a source file",
                        "name a folder with one of them, or a file that ends in .c, .cc, .cpp, .cxx or .m");
  char resolved[PATH_MAX];
  recipe.name = base_name(realpath(path.c_str(), resolved) ? resolved : path);
  return recipe;
}

}  // namespace

Result<Recipe> read_recipe(const std::string &path) {
  struct stat info {};
  if (stat(path.c_str(), &info))
    return system_error("build plugin from " + path, errno, "name a source file or a folder of them",
                        kExitNoInput);
  if (S_ISDIR(info.st_mode)) return recipe_of_folder(path);
  const Language *language = language_of(path);
  if (!language || !S_ISREG(info.st_mode))
    return cannot_build(path, "it is not a source file that the SDK knows",
                        "name a file that ends in .c, .cc, .cpp, .cxx or .m, or a folder");
  Recipe recipe;
  const size_t slash = path.rfind('/');
  recipe.folder = slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  recipe.sources = {base_name(path)};
  recipe.name = recipe.sources[0].substr(0, recipe.sources[0].rfind('.'));
  if (recipe.name.ends_with("_plugin")) recipe.name.resize(recipe.name.size() - 7);
  return recipe;
}

Result<void> run_post_build(const Recipe &recipe) {
  auto temporary = TemporaryFolder::make();
  if (!temporary) return temporary.error();
  auto status = run_command_line({"python3", data_file("evaluate_recipe.py"), recipe.file(),
                                  temporary->path() + "/recipe", "post_build"},
                                 {});
  if (!status) return status.error();
  if (*status != 0)
    return Error{"post_build() of " + recipe.file(), "it ended with status " + std::to_string(*status),
                 "its messages stand above", kExitFailure};
  return {};
}

}  // namespace mortise
