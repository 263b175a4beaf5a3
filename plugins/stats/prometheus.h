// The statistics in Prometheus' text format, version 0.0.4, with the names and labels of uwsgi_exporter.
#pragma once

#include <string>
#include <string_view>

namespace mortise::stats {

std::string prometheus_text();

// A metric's name as a name of a Prometheus metric: "uwsgi_metric_" and letters, digits, underscores.
std::string prometheus_name(std::string_view metric);

// Text for the inside of a label's quotes.
std::string label_value(std::string_view text);

}  // namespace mortise::stats
