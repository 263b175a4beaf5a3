// The hook table, the options, and how a YAML file is configuration: a mapping of directives below the name
// of the section; lists give an option several times.
#include <uwsgi.h>

#include <memory>
#include <set>

#include "document.h"

namespace mortise::yaml {

namespace {

class Reader {
 public:
  explicit Reader(Document &document) : document_(document) {}

  void read(yaml_node_t *section) {
    if (!open_.insert(section).second) return uwsgi_config_refuse(line_of(section), "it contains itself");
    if (section->type == YAML_MAPPING_NODE) {
      document_.for_each_pair(section, [&](yaml_node_t *key, yaml_node_t *value) { take(key, value); });
    } else if (section->type == YAML_SEQUENCE_NODE) {
      document_.for_each_item(section, [&](yaml_node_t *item) {
        if (item->type == YAML_SCALAR_NODE) {
          uwsgi_config_line(text_of(item).c_str(), nullptr, line_of(item));
        } else {
          read(item);
        }
      });
    } else {
      uwsgi_config_refuse(line_of(section), "a section is a mapping of options, or a list of these");
    }
    open_.erase(section);
  }

 private:
  void take(yaml_node_t *key, yaml_node_t *value) {
    if (key->type != YAML_SCALAR_NODE)
      return uwsgi_config_refuse(line_of(key), "the name of an option is no text");
    const std::string name = text_of(key);
    if (name == "<<") return read(value);  // the merge key: https://yaml.org/type/merge.html
    if (value->type == YAML_SEQUENCE_NODE) {
      document_.for_each_item(value, [&](yaml_node_t *item) { give(name, item); });
    } else {
      give(name, value);
    }
  }

  static void give(const std::string &name, yaml_node_t *value) {
    if (value->type != YAML_SCALAR_NODE)
      return uwsgi_config_refuse(line_of(value),
                                 ("the value of '" + name + "' is neither a text nor a list").c_str());
    const std::string text = text_of(value);
    const bool plain = value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const bool none = plain && (text.empty() || text == "~" || text == "null");
    uwsgi_config_line(name.c_str(), none ? nullptr : text.c_str(), line_of(value));
  }

  Document &document_;
  std::set<yaml_node_t *> open_;
};

void read_file(char *file, char *magic_table[]) {
  size_t size = 0;
  const std::unique_ptr<char, void (*)(void *)> text(uwsgi_open_and_read(file, &size, 0, magic_table), free);
  Document document({text.get(), size});
  if (!document.good()) return uwsgi_config_refuse(document.error_line(), document.error().c_str());
  yaml_node_t *root = document.root();
  if (!root) return;  // an empty file
  yaml_node_t *section =
      root->type == YAML_MAPPING_NODE ? document.find(root, uwsgi_config_section()) : nullptr;
  if (!section)
    return uwsgi_config_refuse(0, (std::string("it has no section '") + uwsgi_config_section() +
                                   "': options stand indented below its name")
                                      .c_str());
  Reader(document).read(section);
}

void on_load() {
  uwsgi_register_configurator(".yaml", read_file);
  uwsgi_register_configurator(".yml", read_file);
}

// The configuration itself follows them, as it does --ini.
uwsgi_option option_rows[] = {
    {"yaml", required_argument, 'y', "read a YAML configuration file: file.yaml, file.yaml:section", nullptr,
     nullptr, 0},
    {"yml", required_argument, 0, "same as yaml", nullptr, nullptr, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::yaml

uwsgi_plugin yaml_plugin = {
    .name = "yaml",
    .on_load = mortise::yaml::on_load,
    .options = mortise::yaml::option_rows,
};
