// The hook table, the options, and how an XML file is configuration: an element for each directive, in
// <uwsgi> or <uwsgi id="section">, wherever that stands in the file.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <pugixml.hpp>
#include <string>

namespace mortise::xml {

namespace {

int line_at(const char *text, ptrdiff_t offset) {
  return offset < 0 ? 0 : 1 + static_cast<int>(std::count(text, text + offset, '\n'));
}

bool is_wanted(const pugi::xml_node &element) {
  if (strcmp(element.name(), "uwsgi") != 0) return false;
  const std::string wanted = uwsgi_config_section(), id = element.attribute("id").value();
  return id == wanted || (id.empty() && wanted == "uwsgi");
}

// Whole value without the white space around it: values are indented as elements are.
std::string value_of(const pugi::xml_node &element) {
  std::string text;
  for (const pugi::xml_node &part : element.children())
    if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) text += part.value();
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

void read_file(char *file, char *magic_table[]) {
  size_t size = 0;
  const std::unique_ptr<char, void (*)(void *)> text(uwsgi_open_and_read(file, &size, 1, magic_table), free);
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(text.get(), strlen(text.get()));
  if (!result) return uwsgi_config_refuse(line_at(text.get(), result.offset), result.description());
  const pugi::xml_node section = document.find_node(is_wanted);
  if (!section)
    return uwsgi_config_refuse(
        0, (std::string("it has no element <uwsgi id=\"") + uwsgi_config_section() + "\">").c_str());
  for (const pugi::xml_node &element : section.children()) {
    if (element.type() != pugi::node_element) continue;
    const int line = line_at(text.get(), element.offset_debug());
    // <app mountpoint="/x"><script>module</script></app> is how uWSGI 1 wrote mount = /x=module.
    if (const pugi::xml_attribute where = element.attribute("mountpoint");
        where && !strcmp(element.name(), "app")) {
      const std::string mounted = where.value() + ("=" + value_of(element.child("script")));
      uwsgi_config_line("mount", mounted.c_str(), line);
      continue;
    }
    if (std::any_of(element.begin(), element.end(),
                    [](const pugi::xml_node &part) { return part.type() == pugi::node_element; }))
      return uwsgi_config_refuse(
          line,
          (std::string("<") + element.name() + "> has elements in it: a directive has a value").c_str());
    const std::string value = value_of(element);
    uwsgi_config_line(element.name(), value.empty() ? nullptr : value.c_str(), line);
  }
}

void on_load() {
  uwsgi_register_configurator(".xml", read_file);
}

// The configuration itself follows them, as it does --ini.
uwsgi_option option_rows[] = {
    {"xml", required_argument, 'x', "read an XML configuration file: file.xml, file.xml:section", nullptr,
     nullptr, 0},
    {"xmlconfig", required_argument, 0, "same as xml", nullptr, nullptr, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::xml

uwsgi_plugin xml_plugin = {
    .name = "xml",
    .on_load = mortise::xml::on_load,
    .options = mortise::xml::option_rows,
};
