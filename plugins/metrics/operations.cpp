// The getters and setters of <mortise/metrics.h>: what applications and plugins do to metrics by name.
#include "registry.h"
#include "value.h"

using namespace mortise::metrics;

namespace {

uwsgi_metric *find(const char *name, const char *oid) {
  if (!uwsgi.has_metrics) return nullptr;
  if (name) return find_by_name(name);
  return oid ? find_by_oid(oid) : nullptr;
}

// 0, or -1 for a metric that is unknown or belongs to its collector.
template <typename Change>
int apply(const char *name, const char *oid, Change change) {
  uwsgi_metric *metric = find(name, oid);
  if (!metric || metric->collector || metric->type == UWSGI_METRIC_ALIAS) return -1;
  change(metric);
  return 0;
}

int64_t wrapped_product(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace

extern "C" {

uwsgi_metric *uwsgi_metric_find_by_name(const char *name) {
  return name ? find_by_name(name) : nullptr;
}

uwsgi_metric *uwsgi_metric_find_by_namen(const char *name, size_t len) {
  return find_by_name({name, len});
}

uwsgi_metric *uwsgi_metric_find_by_oid(const char *oid) {
  return oid ? find_by_oid(oid) : nullptr;
}

uwsgi_metric *uwsgi_metric_find_by_oidn(const char *oid, size_t len) {
  return find_by_oid({oid, len});
}

int64_t uwsgi_metric_get(char *name, char *oid) {
  const uwsgi_metric *metric = find(name, oid);
  return metric ? get(metric) : 0;
}

int64_t uwsgi_metric_getn(char *name, size_t name_len, char *oid, size_t oid_len) {
  if (!uwsgi.has_metrics) return 0;
  const uwsgi_metric *metric = name  ? find_by_name({name, name_len})
                               : oid ? find_by_oid({oid, oid_len})
                                     : nullptr;
  return metric ? get(metric) : 0;
}

int uwsgi_metric_set(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) { set(metric, value); });
}

int uwsgi_metric_inc(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) { add(metric, value); });
}

int uwsgi_metric_dec(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) {
    change(metric, [value](int64_t now) {
      return static_cast<int64_t>(static_cast<uint64_t>(now) - static_cast<uint64_t>(value));
    });
  });
}

int uwsgi_metric_mul(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) {
    change(metric, [value](int64_t now) { return wrapped_product(now, value); });
  });
}

int uwsgi_metric_div(char *name, char *oid, int64_t value) {
  if (value == 0) return -1;
  return apply(name, oid, [value](uwsgi_metric *metric) {
    // The one quotient that does not fit is a product.
    change(metric, [value](int64_t now) { return value == -1 ? wrapped_product(now, -1) : now / value; });
  });
}

int uwsgi_metric_set_max(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) {
    change(metric, [value](int64_t now) { return now > value ? now : value; });
  });
}

int uwsgi_metric_set_min(char *name, char *oid, int64_t value) {
  return apply(name, oid, [value](uwsgi_metric *metric) {
    change(metric, [value](int64_t now) { return now < value ? now : value; });
  });
}

}  // extern "C"
