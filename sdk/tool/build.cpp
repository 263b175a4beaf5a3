#include "sdk/tool/build.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

#include "sdk/inspect/plugin_file.h"
#include "sdk/inspect/plugin_folders.h"
#include "sdk/runtime/strings.h"
#include "sdk/tool/command.h"
#include "sdk/tool/language.h"
#include "sdk/tool/recipe.h"
#include "sdk/tool/source.h"

namespace mortise {

namespace {

using Words = std::vector<std::string>;

constexpr const char *kNoCompiler = "install a compiler, or name one in CC or CXX";

// Warnings of one compiler are errors of the next: a plugin's author decides that, not who builds it.
void append_words(Words &words, const std::string &text) {
  for (std::string &word : split_quoted(text, " \t\n"))
    if (!word.starts_with("-Werror")) words.push_back(std::move(word));
}

void append_environment(Words &words, const char *variable, const char *otherwise = "") {
  const char *text = getenv(variable);
  append_words(words, text && *text ? text : otherwise);
}

// One build: compiles into a folder of its own, then links.
class Build {
 public:
  Build(const Recipe &recipe, std::string name, Words flags, std::string objects)
      : recipe_(recipe), name_(std::move(name)), flags_(std::move(flags)), objects_(std::move(objects)) {}

  Result<void> compile(const std::string &source);
  Result<void> embed(const std::string &binary);
  Result<void> record_loads();
  Result<std::string> link();

 private:
  std::string path_of(const std::string &file) const {
    return file.starts_with("/") ? file : recipe_.folder + "/" + file;
  }
  std::string new_file(const char *suffix) {
    return objects_ + "/" + std::to_string(linked_.size()) + suffix;
  }
  Result<void> run(const Words &words) const;
  Result<void> assemble(const std::string &text);

  const Recipe &recipe_;
  std::string name_;
  Words flags_;  // for every compilation
  std::string objects_;
  Words linked_;
  bool cxx_ = false;
};

Result<void> Build::run(const Words &words) const {
  auto status = run_command_line(words, kNoCompiler);
  if (!status) return status.error();
  if (*status != 0)
    return Error{"build plugin '" + name_ + "'", words[0] + " ended with status " + std::to_string(*status),
                 "its messages stand above", kExitFailure};
  return {};
}

Result<void> Build::compile(const std::string &file) {
  if (file.ends_with(".a") || file.ends_with(".o")) return linked_.push_back(path_of(file)), Result<void>();
  const Language *language = language_of(file);
  const std::string source = path_of(file) + (language ? "" : ".c");
  if (!language) language = language_of(source);
  cxx_ = cxx_ || language->links_as_cxx;
  Words words;
  append_environment(words, language->compiler_variable, language->compiler);
  words.insert(words.end(), flags_.begin(), flags_.end());
  words.push_back("-I" + recipe_.folder);
  words.emplace_back("-I.");  // recipes name folders from where they are built
  append_environment(words, language->flags_variable);
  for (const std::string &flags : recipe_.cflags) append_words(words, flags);
  if (std::string symbol = table_symbol(recipe_.name + "_plugin"); symbol != table_symbol(name_ + "_plugin"))
    words.push_back("-D" + symbol + "=" + table_symbol(name_ + "_plugin"));
  const std::string object = new_file(".o");
  words.insert(words.end(), {"-c", source, "-o", object});
  linked_.push_back(object);
  return run(words);
}

Result<void> Build::assemble(const std::string &text) {
  const std::string source = new_file(".s"), object = new_file(".o");
  std::ofstream out(source);
  out << text << ".section .note.GNU-stack,\"\",%progbits\n";
  out.close();
  Words words;
  append_environment(words, "CC", "cc");
  words.insert(words.end(), {"-c", source, "-o", object});
  linked_.push_back(object);
  return run(words);
}

// The bytes of a file between SYMBOL_start and SYMBOL_end.
Result<void> Build::embed(const std::string &binary) {
  const size_t tab = binary.find('\t');
  const std::string file = tab == binary.npos ? binary : binary.substr(tab + 1);
  std::string symbol = tab == binary.npos ? "_binary_" + file : binary.substr(0, tab);
  for (char &c : symbol)
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return assemble(".section .rodata\n.globl " + symbol + "_start, " + symbol + "_end\n" + symbol +
                  "_start: .incbin \"" + path_of(file) + "\"\n" + symbol + "_end: .byte 0\n");
}

Result<void> Build::record_loads() {
  std::string names;
  for (const std::string &name : recipe_.loads) names += names.empty() ? name : " " + name;
  if (names.empty()) return {};
  return assemble(
      ".section .note.mortise.loads,\"a\",%note\n.balign 4\n.long 8, 2f - 1f, 2\n"
      ".asciz \"mortise\"\n1: .asciz \"" +
      names + "\"\n2: .balign 4\n");
}

Result<std::string> Build::link() {
  Words words;
  append_environment(words, cxx_ ? "CXX" : "CC", cxx_ ? "c++" : "cc");
  words.emplace_back("-shared");
  const std::string output = name_ + "_plugin.so";
  words.insert(words.end(), {"-o", output});
  words.insert(words.end(), linked_.begin(), linked_.end());
  append_environment(words, "LDFLAGS");
  for (const Words *flags : {&recipe_.ldflags, &recipe_.libs})
    for (const std::string &flag : *flags) append_words(words, flag);
  // Plugins take it that the server has these libraries in it. Only those that are used are recorded.
  words.emplace_back("-Wl,--as-needed");
  for (const std::string &flag : flags_) {
    if (flag == "-DUWSGI_SSL") words.insert(words.end(), {"-lssl", "-lcrypto"});
    if (flag == "-DUWSGI_ZLIB") words.emplace_back("-lz");
    if (flag == "-DUWSGI_UUID") words.emplace_back("-luuid");
  }
  auto linked = run(words);
  if (!linked) return linked.error();
  return output;
}

// Its table has this name in C, where - and . are _; a folder in front is cut off there.
bool is_plugin_name(const std::string &name) {
  const std::string symbol = table_symbol(name);
  return !symbol.empty() && symbol.size() == name.size() && !isdigit(static_cast<unsigned char>(symbol[0])) &&
         std::all_of(symbol.begin(), symbol.end(),
                     [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

}  // namespace

Result<Words> plugin_cflags() {
  const std::string folder = "-I" + sdk_include_folder();
  Words flags{"-fPIC", "-O2", "-g", folder, folder + "/plugins/any"};
  auto temporary = TemporaryFolder::make();
  if (!temporary) return temporary.error();
  const std::string probe = temporary->path() + "/probe.c", found = temporary->path() + "/found";
  std::ofstream(probe) << "#if __has_include(<openssl/ssl.h>)\n-DUWSGI_SSL\n#endif\n"
                          "#if __has_include(<zlib.h>)\n-DUWSGI_ZLIB\n#endif\n"
                          "#if __has_include(<uuid/uuid.h>)\n-DUWSGI_UUID\n#endif\n";
  Words words;
  append_environment(words, "CC", "cc");
  words.insert(words.end(), {"-E", "-P", probe, "-o", found});
  auto status = run_command_line(words, kNoCompiler);
  if (!status) return status.error();
  std::ifstream file(found);
  for (std::string flag; file >> flag;) flags.push_back(flag);
  return flags;
}

Result<std::string> build_plugin(const std::string &word, const std::string &wanted_name) {
  auto source = find_source(word, wanted_name);
  if (!source) return source.error();
  auto recipe = read_recipe(source->path);
  if (!recipe) return recipe.error();
  const std::string &name = source->name.empty() ? recipe->name : source->name;
  if (!is_plugin_name(name))
    return Error{
        "build plugin from " + word, "'" + name + "' is no name of a plugin",
        "letters, digits, -, . and _, first a letter: the file is NAME_plugin.so, its table NAME_plugin",
        kExitUsage};
  auto objects = TemporaryFolder::make();
  if (!objects) return objects.error();
  auto flags = plugin_cflags();
  if (!flags) return flags.error();
  Build build(*recipe, name, *flags, objects->path());
  for (const std::string &file : recipe->sources)
    if (auto done = build.compile(file); !done) return done.error();
  for (const std::string &binary : recipe->binaries)
    if (auto done = build.embed(binary); !done) return done.error();
  if (auto done = build.record_loads(); !done) return done.error();
  auto output = build.link();
  if (output && recipe->has_post_build)
    if (auto done = run_post_build(*recipe); !done) return done.error();
  return output;
}

}  // namespace mortise
