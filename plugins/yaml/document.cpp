#include "document.h"

namespace mortise::yaml {

Document::Document(std::string_view text) {
  yaml_parser_t parser;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char *>(text.data()), text.size());
  if (!yaml_parser_load(&parser, &document_)) {
    error_ = parser.problem ? parser.problem : "it is no YAML";
    error_line_ = static_cast<int>(parser.problem_mark.line) + 1;
    document_ = {};
  }
  yaml_parser_delete(&parser);
}

Document::~Document() {
  if (good()) yaml_document_delete(&document_);
}

yaml_node_t *Document::find(yaml_node_t *mapping, std::string_view key) {
  yaml_node_t *found = nullptr;
  for_each_pair(mapping, [&](yaml_node_t *name, yaml_node_t *value) {
    if (name->type == YAML_SCALAR_NODE && text_of(name) == key) found = value;
  });
  return found;
}

void Document::for_each_pair(yaml_node_t *mapping,
                             const std::function<void(yaml_node_t *, yaml_node_t *)> &func) {
  auto &pairs = mapping->data.mapping.pairs;
  for (yaml_node_pair_t *pair = pairs.start; pair < pairs.top; ++pair)
    func(node(pair->key), node(pair->value));
}

void Document::for_each_item(yaml_node_t *sequence, const std::function<void(yaml_node_t *)> &func) {
  auto &items = sequence->data.sequence.items;
  for (yaml_node_item_t *item = items.start; item < items.top; ++item) func(node(*item));
}

}  // namespace mortise::yaml
