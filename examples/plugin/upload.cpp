// Reads bodies and writes responses piece by piece: POST a text, get each line back with its number.
#include <mortise/plugin.hpp>

namespace {

mortise::Result<void> number_lines(const mortise::Request &request, mortise::Writer &response) {
  mortise::Body body = request.body();
  auto line = body.read_line();
  if (!line) return line.error();  // nothing was sent yet: the client gets the error's status
  if (auto done = response.start(200); !done) return done;
  if (auto done = response.header("Content-Type", request.content_type()); !done) return done;
  for (int number = 1; !line->empty(); ++number) {
    if (auto done = response.write(std::to_string(number) + ": " + std::string(*line)); !done) return done;
    line = body.read_line();
    if (!line) return line.error();
  }
  return {};
}

}  // namespace

MORTISE_PLUGIN(upload, .request = mortise::request_hook<number_lines>);
