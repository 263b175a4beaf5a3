#include "sdk/inspect/plugin_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uwsgi.h>

#include <algorithm>
#include <cinttypes>
#include <climits>
#include <memory>

#include "kernel/fd.h"
#include "sdk/inspect/elf_memory.h"
#include "sdk/runtime/strings.h"

namespace mortise {
namespace {

constexpr uint32_t kLoadsNoteType = 2;  // names of plugins, as mortise --build-plugin writes them
constexpr std::string_view kTableSuffix = "_plugin";
constexpr size_t kMaxOptions = 1024;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxHelpBytes = 4096;

// The table's members in order, each as large as a pointer. A new one is added here too.
constexpr std::string_view kMembers =
    "name alias modifier1 data on_load init post_init post_fork options enable_threads init_thread "
    "request after_request preinit_apps init_apps postinit_apps fixup master_fixup master_cycle mount_app "
    "manage_udp suspend resume harakiri hijack_worker spooler_init atexit magic encode_string "
    "decode_string signal_handler code_string spooler rpc jail post_jail before_privileges_drop mule "
    "mule_msg master_cleanup backtrace exception_class exception_msg exception_repr exception_log vassal "
    "vassal_before_exec worker early_post_jail pre_uwsgi_fork post_uwsgi_fork";
static_assert((std::count(kMembers.begin(), kMembers.end(), ' ') + 1) * sizeof(void *) ==
              sizeof(uwsgi_plugin));

// Functions of the plugin API, which another plugin may provide, begin like this.
constexpr std::string_view kApi =
    "uwsgi_ event_queue_ wsgi_req_ bind_to_ socket_to_ emperor_ vassal_ async_ mule_send_msg escape_json "
    "escape_shell_arg http_url_ http_status_code get_memusage get_farm_by_name get_mule_by_id corerouter_ "
    "find_first_available find_wsgi_req python_call get_uwsgi_pydict proto_base_ goodbye_cruel_world "
    "gracefully_kill grace_them_all wait_for_threads simple_loop_run "
    "config_magic_table_fill log_request "
    "register_gateway set_harakiri "
    "set_user_harakiri set_mule_harakiri set_spooler_harakiri magic_sub init_magic_table gzheader "
    "generate_socket_name proxy1_parse add_exported_option";

// The one object, and no function, that plugins want of another: engines for Python.
constexpr std::string_view kPythonObject = "up";

bool is_api_name(std::string_view symbol) {
  if (symbol.empty() || symbol.front() < 'a') return false;  // saves time: names of C++ and Python
  if (symbol == kPythonObject) return true;
  static const std::vector<std::string> beginnings = split_quoted(kApi, " ");
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string &beginning) { return symbol.starts_with(beginning); });
}

// Rows until one without a name, the end of the object, or nonsense: some plugins forget the last row.
std::vector<OptionDescription> read_options(const ElfMemory &memory, const ElfDynamic &dynamic,
                                            uint64_t address) {
  std::vector<OptionDescription> options;
  const uint64_t object_bytes = dynamic.bytes_to_end_of_object(address);
  size_t rows = std::min(object_bytes ? object_bytes / sizeof(uwsgi_option) : kMaxOptions, kMaxOptions);
  auto is_no_name = [](char c) { return c <= ' ' || c >= 0x7f; };
  uwsgi_option row;  // its pointers are addresses in the object
  for (; rows > 0 && memory.read(address, &row, sizeof row) && row.name; --rows, address += sizeof row) {
    auto name = memory.read_string(reinterpret_cast<uint64_t>(row.name), kMaxNameBytes);
    auto help = row.help ? memory.read_string(reinterpret_cast<uint64_t>(row.help), kMaxHelpBytes) : "";
    if (!name || name->empty() || std::any_of(name->begin(), name->end(), is_no_name)) break;
    if (!help || row.type < no_argument || row.type > optional_argument) break;
    char shortcut = row.shortcut > ' ' && row.shortcut < 0x7f ? static_cast<char>(row.shortcut) : '\0';
    options.push_back({std::move(*name), row.type, std::move(*help), shortcut});
  }
  return options;
}

Error no_table(const ElfDynamic &dynamic, const std::string &path, const std::vector<std::string> &symbols) {
  std::string why = "it exports no hook table '" + symbols.front() + "'";
  if (symbols.size() > 1) why += " or '" + symbols.back() + "'";
  std::string hint =
      "a table is hidden if it is static, a const of C++, or built with -fvisibility=hidden\n"
      "define it as: struct uwsgi_plugin " +
      symbols.front() + " = {...};";
  for (const ElfSymbol &symbol : dynamic.symbols)
    if (symbol.defined && !symbol.function && symbol.name.ends_with(kTableSuffix))
      hint = "a table is found by its file's name\nrename the file to " + std::string(symbol.name) + ".so";
  return refuse_plugin(path, why, hint);
}

// Fills in what the table says.
Result<void> describe_table(const ElfDynamic &dynamic, const ElfMemory &memory, const ElfSymbol &table,
                            PluginDescription *plugin) {
  const std::string its_table = "its hook table '" + plugin->symbol + "' has ";
  // clang's AddressSanitizer counts a red zone to the object; what was compiled is in the note.
  const bool red_zone = std::any_of(dynamic.symbols.begin(), dynamic.symbols.end(),
                                    [](const ElfSymbol &symbol) { return symbol.name == "__asan_init"; });
  plugin->table_size = table.size && !red_zone ? table.size : plugin->note.plugin_size;
  if (plugin->table_size > sizeof(uwsgi_plugin))
    return refuse_plugin(plugin->path,
                         its_table + format_text("%" PRIu64 " bytes, this server knows %zu",
                                                 plugin->table_size, sizeof(uwsgi_plugin)),
                         "its note says ABI " + abi_text(plugin->note) + ", where no table is larger\n" +
                             rebuild_hint(plugin->path));
  static const std::vector<std::string> names = split_quoted(kMembers, " ");
  uint64_t members[sizeof(uwsgi_plugin) / sizeof(void *)] = {};
  memory.read(table.value, members, plugin->table_size);
  auto member = [&](size_t offset) { return members[offset / sizeof(void *)]; };
  plugin->filled_by_constructor =
      std::none_of(std::begin(members), std::end(members), [](uint64_t value) { return value; });
  if (plugin->filled_by_constructor) {
    plugin->name = plugin->symbol.substr(0, plugin->symbol.rfind(kTableSuffix));
    return {};
  }
  auto name = memory.read_string(member(offsetof(uwsgi_plugin, name)), kMaxNameBytes);
  if (!name || name->empty()) return nameless_plugin(*plugin);
  plugin->name = std::move(*name);
  plugin->modifier1 = static_cast<uint8_t>(member(offsetof(uwsgi_plugin, modifier1)));
  for (size_t i = offsetof(uwsgi_plugin, on_load) / sizeof(void *); i < std::size(members); ++i)
    if (members[i] && names[i] != "options") plugin->hooks.push_back(names[i]);
  if (uint64_t options = member(offsetof(uwsgi_plugin, options)))
    plugin->options = read_options(memory, dynamic, options);
  return {};
}

}  // namespace

Error nameless_plugin(const PluginDescription &plugin) {
  return refuse_plugin(plugin.path, "its hook table '" + plugin.symbol + "' has no name",
                       "the server and its log call a plugin by its name\n"
                       "set it: struct uwsgi_plugin " +
                           plugin.symbol + " = {.name = \"...\", ...};");
}

std::string table_symbol(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  for (char &c : name)
    if (c == '-' || c == '.') c = '_';
  return name;
}

Result<PluginDescription> describe_plugin_bytes(std::string_view bytes, const std::string &path,
                                                const std::vector<std::string> &symbols) {
  auto refused = [&](const Error &error) { return refuse_plugin(path, error.why, error.hint); };
  auto image = ElfImage::parse(bytes);
  if (!image) return refused(image.error());
  auto note = read_abi_note(*image, path);
  if (!note) return note.error();
  if (auto fits = check_abi(*note, our_abi(), path); !fits) return fits.error();
  auto dynamic = read_dynamic(*image);
  if (!dynamic) return refused(dynamic.error());
  auto memory = ElfMemory::relocate(*image, *dynamic);
  if (!memory) return refused(memory.error());

  PluginDescription plugin;
  plugin.path = path;
  plugin.note = *note;
  const ElfSymbol *table = nullptr;
  for (size_t i = 0; i < symbols.size() && !table; ++i)
    table = dynamic->find_symbol(plugin.symbol = symbols[i]);
  if (!table) return no_table(*dynamic, path, symbols);
  if (auto described = describe_table(*dynamic, *memory, *table, &plugin); !described)
    return described.error();
  for (const ElfSymbol &symbol : dynamic->symbols) {
    if (!is_api_name(symbol.name)) continue;
    if (!symbol.defined && !symbol.weak) plugin.undefined_uwsgi.emplace_back(symbol.name);
    if (symbol.defined && (symbol.function || symbol.name == kPythonObject))
      plugin.provides.emplace_back(symbol.name);
  }
  if (auto lists = image->notes(UWSGI_ABI_NOTE_OWNER, kLoadsNoteType))
    for (std::string_view names : *lists) plugin.loads = split_quoted(names.substr(0, names.find('\0')), " ");
  plugin.needed.assign(dynamic->needed.begin(), dynamic->needed.end());
  return plugin;
}

Result<PluginDescription> describe_plugin(const std::string &path) {
  Result<Fd> fd = open_file(path.c_str(), O_RDONLY | O_NONBLOCK);  // a FIFO would wait for its writer
  struct stat info;
  if (!fd) return refuse_plugin(path, fd.error().why, {});
  if (fstat(fd->get(), &info) || !S_ISREG(info.st_mode))
    return refuse_plugin(path, "not a regular file", "name a shared object");
  if (geteuid() == 0 && info.st_mode & S_IWOTH)
    return refuse_plugin(path, "everybody may write it, and the server runs as root",
                         "see that it is what you built, then: chmod o-w " + path);
  std::vector<std::string> symbols{table_symbol(path)};
  char target[PATH_MAX];  // python3_plugin.so may be a link to python_plugin.so, which has another table
  if (readlink(path.c_str(), target, sizeof target) > 0 && realpath(path.c_str(), target) &&
      table_symbol(target) != symbols.front())
    symbols.push_back(table_symbol(target));

  const auto size = static_cast<size_t>(info.st_size);
  char small[64 * 1024];  // read in less time than it would be mapped
  if (size <= sizeof small && read(fd->get(), small, size) == info.st_size)
    return describe_plugin_bytes({small, size}, path, symbols);
  auto unmap = [size](void *memory) { munmap(memory, size + 1); };  // + 1: no bytes cannot be mapped
  void *memory = mmap(nullptr, size + 1, PROT_READ, MAP_PRIVATE, fd->get(), 0);
  if (memory == MAP_FAILED) return refuse_plugin(path, strerror(errno), {});
  std::unique_ptr<void, decltype(unmap)> owner(memory, unmap);
  return describe_plugin_bytes({static_cast<char *>(memory), size}, path, symbols);
}

}  // namespace mortise
