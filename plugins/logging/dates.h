// Dates in request lines, which are the same for all requests of a second.
#pragma once

#include <ctime>
#include <string_view>

namespace mortise::logging {

// strftime(3) of a local time. format lives for ever; the text until this thread's next call but three.
std::string_view date_text(const char *format, time_t seconds);

}  // namespace mortise::logging
