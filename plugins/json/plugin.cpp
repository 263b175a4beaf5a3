// The hook table, the option, and how a JSON file (RFC 8259) is configuration: an object of directives below
// the name of the section; arrays give an option several times.
#include <jansson.h>
#include <uwsgi.h>

#include <memory>
#include <string>

namespace mortise::json {

namespace {

using Json = std::unique_ptr<json_t, void (*)(json_t *)>;

void give(const char *name, json_t *value) {
  if (json_is_null(value)) return uwsgi_config_line(name, nullptr, 0);
  if (json_is_string(value)) return uwsgi_config_line(name, json_string_value(value), 0);
  if (json_is_boolean(value)) return uwsgi_config_line(name, json_is_true(value) ? "true" : "false", 0);
  if (!json_is_number(value))
    return uwsgi_config_refuse(0, (std::string("the value of '") + name +
                                   "' is neither a text, a number, a boolean nor an array of these")
                                      .c_str());
  const std::unique_ptr<char, void (*)(void *)> text(json_dumps(value, JSON_ENCODE_ANY), free);
  uwsgi_config_line(name, text.get(), 0);
}

void read_section(json_t *section) {
  const char *name;
  json_t *value, *item;
  size_t index;
  json_object_foreach(section, name, value) {
    if (!json_is_array(value)) {
      give(name, value);
      continue;
    }
    json_array_foreach(value, index, item) give(name, item);
  }
}

void read_file(char *file, char *magic_table[]) {
  size_t size = 0;
  const std::unique_ptr<char, void (*)(void *)> text(uwsgi_open_and_read(file, &size, 0, magic_table), free);
  json_error_t error;
  const Json root(json_loadb(text.get(), size, JSON_REJECT_DUPLICATES, &error), json_decref);
  if (!root) return uwsgi_config_refuse(error.line, error.text);
  json_t *section = json_object_get(root.get(), uwsgi_config_section());
  if (!section)
    return uwsgi_config_refuse(0, (std::string("it has no section '") + uwsgi_config_section() +
                                   "': options are members of an object of that name")
                                      .c_str());
  if (json_is_object(section)) return read_section(section);
  size_t index;
  json_t *part;
  bool objects = json_is_array(section);
  json_array_foreach(section, index, part) objects = objects && json_is_object(part);
  if (!objects) return uwsgi_config_refuse(0, "a section is an object, or an array of objects");
  json_array_foreach(section, index, part) read_section(part);
}

void on_load() {
  uwsgi_register_configurator(".json", read_file);
}

// The configuration itself follows it, as it does --ini.
uwsgi_option option_rows[] = {
    {"json", required_argument, 'j', "read a JSON configuration file: file.json, file.json:section", nullptr,
     nullptr, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::json

uwsgi_plugin json_plugin = {
    .name = "json",
    .on_load = mortise::json::on_load,
    .options = mortise::json::option_rows,
};
