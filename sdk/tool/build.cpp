#include "sdk/tool/build.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "sdk/inspect/plugin_folders.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

struct Language {
  const char *suffix;
  const char *compiler_variable;
  const char *compiler;
  const char *flags_variable;
};

constexpr Language kLanguages[] = {
    {".c", "CC", "cc", "CFLAGS"},
    {".cc", "CXX", "c++", "CXXFLAGS"},
    {".cpp", "CXX", "c++", "CXXFLAGS"},
    {".cxx", "CXX", "c++", "CXXFLAGS"},
};

const Language *language_of(const std::string &source) {
  for (const Language &language : kLanguages)
    if (source.ends_with(language.suffix)) return &language;
  return nullptr;
}

void append_words(std::vector<std::string> &words, const char *variable, const char *otherwise) {
  const char *text = getenv(variable);
  for (std::string &word : split_quoted(text && *text ? text : otherwise, " \t"))
    words.push_back(std::move(word));
}

// Name of the plugin in "dir/foo.c" and "dir/foo_plugin.c".
std::string name_of(const std::string &source, const Language &language) {
  size_t slash = source.rfind('/');
  std::string name = source.substr(slash == std::string::npos ? 0 : slash + 1);
  name.resize(name.size() - std::string(language.suffix).size());
  if (name.ends_with("_plugin")) name.resize(name.size() - 7);
  return name;
}

// Runs a command with our standard streams; its exit status.
Result<int> run(const std::vector<std::string> &words) {
  std::vector<char *> argv;
  for (const std::string &word : words) argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (int errnum = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ))
    return system_error("run " + words[0], errnum, "install a compiler, or name one in CC or CXX",
                        kExitFailure);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return system_error("wait for " + words[0], errno);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailure;
}

}  // namespace

Result<std::string> build_plugin(const std::string &source, std::string name) {
  struct stat info {};
  if (stat(source.c_str(), &info))
    return system_error("build plugin from " + source, errno, "name a .c or .cc file", kExitNoInput);
  const Language *language = language_of(source);
  if (!language || !S_ISREG(info.st_mode))
    return Error{"build plugin from " + source, "it is not a C or C++ source file",
                 "name a file that ends in .c, .cc, .cpp or .cxx", kExitUsage};
  if (name.empty()) name = name_of(source, *language);
  std::string output = name + "_plugin.so";
  std::vector<std::string> words;
  append_words(words, language->compiler_variable, language->compiler);
  for (const char *flag : {"-shared", "-fPIC", "-O2", "-g"}) words.emplace_back(flag);
  words.push_back("-I" + sdk_include_folder());
  append_words(words, language->flags_variable, "");
  words.push_back("-o");
  words.push_back(output);
  words.push_back(source);
  append_words(words, "LDFLAGS", "");
  auto status = run(words);
  if (!status) return status.error();
  if (*status != 0)
    return Error{"build plugin from " + source, words[0] + " ended with status " + std::to_string(*status),
                 "its messages stand above", kExitFailure};
  return output;
}

}  // namespace mortise
