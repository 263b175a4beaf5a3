#include "encoders.h"

namespace mortise::logging {

namespace {

uwsgi_log_encoder *kinds = nullptr;

uwsgi_log_encoder *find_kind(std::string_view name) {
  for (uwsgi_log_encoder *kind = kinds; kind; kind = kind->next)
    if (name == kind->name) return kind;
  return nullptr;
}

char *copy(std::string_view text) {
  return uwsgi_strncopy(text.data(), static_cast<int>(text.size()));
}

bool applies(const uwsgi_log_encoder *encoder, const uwsgi_logger *logger) {
  if (!encoder->use_for) return true;
  return logger && logger->id && strcmp(logger->id, encoder->use_for) == 0;
}

}  // namespace

EncoderSpec parse_encoder(std::string_view text) {
  EncoderSpec spec;
  size_t space = text.find(' ');
  if (space != text.npos) spec.args = text.substr(space + 1);
  spec.name = text.substr(0, space);
  size_t colon = spec.name.find(':');
  if (colon != spec.name.npos) {
    spec.use_for = spec.name.substr(colon + 1);
    spec.name = spec.name.substr(0, colon);
  }
  return spec;
}

bool make_encoders(const uwsgi_string_list *options, std::vector<uwsgi_log_encoder *> &made) {
  for (const uwsgi_string_list *option = options; option; option = option->next) {
    EncoderSpec spec = parse_encoder(option->value);
    const uwsgi_log_encoder *kind = find_kind(spec.name);
    if (!kind) {
      std::string names;
      for (uwsgi_log_encoder *known = kinds; known; known = known->next)
        names += (names.empty() ? "" : ", ") + std::string(known->name);
      uwsgi_log("log encoder '%s': there is no encoder '%.*s' (there are: %s)\n", option->value,
                static_cast<int>(spec.name.size()), spec.name.data(), names.c_str());
      return false;
    }
    auto *encoder = static_cast<uwsgi_log_encoder *>(uwsgi_calloc(sizeof(uwsgi_log_encoder)));
    encoder->name = kind->name;
    encoder->func = kind->func;
    if (spec.args.data()) encoder->args = copy(spec.args);
    if (!spec.use_for.empty()) encoder->use_for = copy(spec.use_for);
    made.push_back(encoder);
  }
  return true;
}

bool encode(const std::vector<uwsgi_log_encoder *> &encoders, const uwsgi_logger *logger,
            std::string_view line, std::string &out) {
  out = line;
  for (uwsgi_log_encoder *encoder : encoders) {
    if (!applies(encoder, logger)) continue;
    size_t len = 0;
    char *encoded = encoder->func(encoder, out.data(), out.size(), &len);
    if (!encoded) return false;
    if (encoded != out.data()) {
      out.assign(encoded, len);
      free(encoded);
    } else {
      out.resize(len);
    }
  }
  return true;
}

void list_encoders() {
  for (uwsgi_log_encoder *kind = kinds; kind; kind = kind->next) uwsgi_log("log encoder: %s\n", kind->name);
}

}  // namespace mortise::logging

extern "C" void uwsgi_register_log_encoder(const char *name,
                                           char *(*func)(uwsgi_log_encoder *, char *, size_t, size_t *)) {
  using namespace mortise::logging;
  uwsgi_log_encoder *kind = find_kind(name);
  if (!kind) {
    kind = static_cast<uwsgi_log_encoder *>(uwsgi_calloc(sizeof(uwsgi_log_encoder)));
    kind->name = copy(name);
    kind->next = kinds;
    kinds = kind;
  }
  kind->func = func;
}
