#include "chunk.h"

#include "dates.h"

namespace mortise::logging {

namespace {

uwsgi_logchunk *registered = nullptr;

void literal(Line &line, wsgi_request *, const Chunk &chunk) {
  line.text += chunk.text;
}

void dated_literal(Line &line, wsgi_request *request, const Chunk &chunk) {
  line.text += date_text(chunk.text.c_str(), static_cast<time_t>(request->start_of_request / 1000000));
}

void call_registered(Line &line, wsgi_request *request, const Chunk &chunk) {
  char *value = nullptr;
  ssize_t len = chunk.registered->func(request, &value);
  const Escape escape = line.escape;
  if (escape == Escape::kJson) line.escape = Escape::kText;  // plugins escape what a format needs themselves
  line.value(value && len > 0 ? std::string_view(value, static_cast<size_t>(len)) : std::string_view());
  line.escape = escape;
  if (chunk.registered->free && value) free(value);
}

void variable(Line &line, wsgi_request *request, const Chunk &chunk) {
  uint16_t len = 0;
  const char *value =
      uwsgi_get_var(request, chunk.text.c_str(), static_cast<uint16_t>(chunk.text.size()), &len);
  line.value(value ? std::string_view(value, len) : std::string_view());
}

// What the application set with set_logvar(), or else a variable of the request that has this name.
void log_variable(Line &line, wsgi_request *request, const Chunk &chunk) {
  const uwsgi_logvar *set = uwsgi_logvar_get(request, chunk.text.c_str(),
                                             static_cast<uint8_t>(std::min<size_t>(chunk.text.size(), 255)));
  if (set) return line.value({set->val, set->vallen});
  variable(line, request, chunk);
}

void metric(Line &line, wsgi_request *, const Chunk &chunk) {
  using Get = decltype(&uwsgi_metric_getn);
  static const auto get = reinterpret_cast<Get>(dlsym(RTLD_DEFAULT, "uwsgi_metric_getn"));
  line.number(get ? get(const_cast<char *>(chunk.text.c_str()), chunk.text.size(), nullptr, 0) : 0);
}

Chunk make_chunk(std::string_view name) {
  Chunk chunk;
  chunk.text = name;
  if ((chunk.registered = find_registered_chunk(name))) {
    chunk.func = call_registered;
  } else if (name.starts_with("var.")) {
    chunk.func = variable;
    chunk.text = name.substr(4);
  } else if (name.starts_with("metric.")) {
    uwsgi_load_plugin("metrics");
    chunk.func = metric;
    chunk.text = name.substr(7);
  } else if (name.starts_with("strftime:")) {
    chunk.func = dated_literal;
    chunk.text = name.substr(9);
  } else if (!(chunk.func = find_value(name))) {
    chunk.func = log_variable;
  }
  return chunk;
}

}  // namespace

void Line::value(std::string_view bytes) {
  if (bytes.empty() && dash)
    text += '-';
  else
    append_escaped(text, bytes, escape);
}

uwsgi_logchunk *find_registered_chunk(std::string_view name) {
  for (uwsgi_logchunk *chunk = registered; chunk; chunk = chunk->next)
    if (name == chunk->name) return chunk;
  return nullptr;
}

std::vector<Chunk> parse_format(std::string_view format, bool strftime) {
  std::vector<Chunk> chunks;
  while (!format.empty()) {
    size_t begin = format.find("%("), end = begin == format.npos ? begin : format.find(')', begin);
    std::string_view before = format.substr(0, end == format.npos ? format.npos : begin);
    if (!before.empty()) {
      Chunk &chunk = chunks.emplace_back();
      chunk.func = strftime ? dated_literal : literal;
      chunk.text = before;
    }
    if (end == format.npos) break;
    chunks.push_back(make_chunk(format.substr(begin + 2, end - begin - 2)));
    format.remove_prefix(end + 1);
  }
  return chunks;
}

}  // namespace mortise::logging

extern "C" uwsgi_logchunk *uwsgi_register_logchunk(const char *name,
                                                   ssize_t (*func)(wsgi_request *, char **buf),
                                                   int need_free) {
  using mortise::logging::registered;
  auto *chunk = mortise::logging::find_registered_chunk(name);
  if (!chunk) {
    chunk = static_cast<uwsgi_logchunk *>(uwsgi_calloc(sizeof(uwsgi_logchunk)));
    chunk->name = uwsgi_str(name);
    chunk->type = 3;
    chunk->next = registered;
    registered = chunk;
  }
  chunk->func = func;
  chunk->free = need_free;
  return chunk;
}
