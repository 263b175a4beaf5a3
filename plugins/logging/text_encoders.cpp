// Encoders prefix, suffix, nl, format and json.
#include "encoders.h"
#include "line_template.h"

namespace mortise::logging {

namespace {

constexpr char kDefaultJson[] = R"({"unix":${unix},"msg":"${msg}"})";

char *result(std::string_view text, size_t *len) {
  *len = text.size();
  return uwsgi_concat2n(text.data(), static_cast<int>(text.size()), "", 0);
}

char *joined(std::string_view a, std::string_view b, size_t *len) {
  *len = a.size() + b.size();
  return uwsgi_concat2n(a.data(), static_cast<int>(a.size()), b.data(), static_cast<int>(b.size()));
}

std::string_view args_of(const uwsgi_log_encoder *encoder) {
  return encoder->args ? encoder->args : "";
}

char *add_prefix(uwsgi_log_encoder *encoder, char *line, size_t len, size_t *out_len) {
  return joined(args_of(encoder), {line, len}, out_len);
}

char *add_suffix(uwsgi_log_encoder *encoder, char *line, size_t len, size_t *out_len) {
  return joined({line, len}, args_of(encoder), out_len);
}

char *add_newline(uwsgi_log_encoder *, char *line, size_t len, size_t *out_len) {
  return joined({line, len}, "\n", out_len);
}

char *fill(uwsgi_log_encoder *encoder, char *line, size_t len, size_t *out_len, bool json) {
  std::string_view text = args_of(encoder);
  if (json && text.empty()) text = kDefaultJson;
  if (!encoder->configured) encoder->data = new LineTemplate(parse_template(text));
  encoder->configured = 1;
  auto *wanted = static_cast<LineTemplate *>(encoder->data);
  return result(fill_template(*wanted, {line, len}, uwsgi_micros(), json), out_len);
}

char *fill_format(uwsgi_log_encoder *encoder, char *line, size_t len, size_t *out_len) {
  return fill(encoder, line, len, out_len, false);
}

char *fill_json(uwsgi_log_encoder *encoder, char *line, size_t len, size_t *out_len) {
  return fill(encoder, line, len, out_len, true);
}

}  // namespace

void register_text_encoders() {
  uwsgi_register_log_encoder("prefix", add_prefix);
  uwsgi_register_log_encoder("suffix", add_suffix);
  uwsgi_register_log_encoder("nl", add_newline);
  uwsgi_register_log_encoder("format", fill_format);
  uwsgi_register_log_encoder("json", fill_json);
}

}  // namespace mortise::logging
