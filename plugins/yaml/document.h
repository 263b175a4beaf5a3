// A YAML file in memory. https://yaml.org/spec/1.1/
#pragma once

#include <yaml.h>

#include <functional>
#include <string>
#include <string_view>

namespace mortise::yaml {

class Document {
 public:
  // Of a whole text; what is wrong with it is in error() and error_line() then.
  explicit Document(std::string_view text);
  ~Document();
  Document(const Document &) = delete;
  Document &operator=(const Document &) = delete;

  bool good() const { return error_.empty(); }
  const std::string &error() const { return error_; }
  int error_line() const { return error_line_; }

  yaml_node_t *root() { return yaml_document_get_root_node(&document_); }
  yaml_node_t *node(int item) { return yaml_document_get_node(&document_, item); }
  // A value of a mapping, null: it has none of that name.
  yaml_node_t *find(yaml_node_t *mapping, std::string_view key);
  void for_each_pair(yaml_node_t *mapping, const std::function<void(yaml_node_t *, yaml_node_t *)> &);
  void for_each_item(yaml_node_t *sequence, const std::function<void(yaml_node_t *)> &);

 private:
  yaml_document_t document_{};
  std::string error_;
  int error_line_ = 0;
};

inline std::string text_of(const yaml_node_t *scalar) {
  return {reinterpret_cast<const char *>(scalar->data.scalar.value), scalar->data.scalar.length};
}
inline int line_of(const yaml_node_t *node) {
  return static_cast<int>(node->start_mark.line) + 1;
}

}  // namespace mortise::yaml
