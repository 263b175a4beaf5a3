#include "next_program.h"

#include <uwsgi.h>

#include <fstream>
#include <iterator>
#include <string>

namespace mortise::process {

namespace {

// Names the variable by which one generation tells the next what it has; no other program has it.
bool is_this_server(const char *path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return bytes.find("MORTISE_HANDOVER=") != bytes.npos;
}

}  // namespace

void set_next_program(char *name, char *path, void *) {
  char *whole = realpath(path, nullptr);
  if (!whole || access(whole, X_OK)) {
    uwsgi_log("warning: %s = %s: %s (a reload executes %s)\n", name, path, strerror(errno),
              uwsgi.binary_path);
  } else if (!is_this_server(whole)) {
    uwsgi_log("warning: %s = %s: it is no mortise (a reload executes %s)\n", name, path, uwsgi.binary_path);
  } else {
    uwsgi.binary_path = whole;
  }
}

}  // namespace mortise::process
