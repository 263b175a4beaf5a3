// The registering functions of <mortise/metrics.h>.
#include "definitions.h"
#include "registry.h"
#include "value.h"

using namespace mortise::metrics;

extern "C" {

uwsgi_metric *uwsgi_register_metric(const char *name, const char *oid, uint8_t type, const char *collector,
                                    void *ptr, uint32_t freq, void *custom) {
  if (!name || !is_valid_name(name)) {
    uwsgi_log("metrics: metric '%s': a name has letters, digits and .-_ only (left out)\n", name ? name : "");
    return nullptr;
  }
  uwsgi_metric *metric = find_or_add(name, oid ? oid : "");
  metric->type = type;
  metric->collector = collector ? find_collector(collector) : nullptr;
  if (collector && !metric->collector)
    uwsgi_log("metrics: metric '%s': no collector '%s' (it is set by hand)\n", name, collector);
  metric->ptr = static_cast<int64_t *>(ptr);
  metric->freq = freq ? freq : 1;
  metric->custom = custom;
  return metric;
}

uwsgi_metric *uwsgi_register_keyval_metric(char *keyval) {
  return define_metric(keyval);
}

uwsgi_metric_collector *uwsgi_register_metric_collector(const char *name, int64_t (*func)(uwsgi_metric *)) {
  return add_collector(name, func);
}

uwsgi_metric_child *uwsgi_metric_add_child(uwsgi_metric *parent, uwsgi_metric *child) {
  if (!parent || !child) return nullptr;
  auto *entry = static_cast<uwsgi_metric_child *>(uwsgi_calloc(sizeof(uwsgi_metric_child)));
  entry->um = child;
  uwsgi_metric_child **end = &parent->children;
  while (*end) end = &(*end)->next;
  return *end = entry;
}

}  // extern "C"
