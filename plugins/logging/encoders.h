// What is done to lines before loggers get them: the kinds of encoders and the ones that the configuration
// asks for.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>
#include <vector>

namespace mortise::logging {

// `name[:logger id][ args]`, with views into the text.
struct EncoderSpec {
  std::string_view name, use_for, args;
};
EncoderSpec parse_encoder(std::string_view text);

bool make_encoders(const uwsgi_string_list *options, std::vector<uwsgi_log_encoder *> &made);

// The line after all encoders that apply to a logger (nullptr: the default log); false: one of them dropped
// it.
bool encode(const std::vector<uwsgi_log_encoder *> &encoders, const uwsgi_logger *logger,
            std::string_view line, std::string &out);

void register_text_encoders();
void register_compressing_encoders();
void list_encoders();

}  // namespace mortise::logging
