// The parts of a log format: text, and what is told of a request. Parsing knows names; values.cpp what they
// are.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>
#include <vector>

#include "escape.h"

namespace mortise::logging {

// A line under construction.
struct Line {
  std::string text;
  Escape escape = Escape::kText;
  bool dash = true;  // an empty value is "-"

  void value(std::string_view bytes);
  void number(int64_t number) { text += std::to_string(number); }
};

struct Chunk {
  using Func = void (*)(Line &, wsgi_request *, const Chunk &);
  Func func = nullptr;
  std::string text;  // literal text, a variable's or metric's name, a strftime format
  uwsgi_logchunk *registered = nullptr;
};

// Appends what `name` stands for; a function of values.cpp, nullptr where it is none of ours.
Chunk::Func find_value(std::string_view name);

// %(name)… text. strftime: text is a strftime(3) format, filled with the time of the request.
std::vector<Chunk> parse_format(std::string_view format, bool strftime);

// Chunks of other plugins: uwsgi_register_logchunk().
uwsgi_logchunk *find_registered_chunk(std::string_view name);

}  // namespace mortise::logging
