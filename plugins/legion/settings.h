// What the options of legions say.
#pragma once

#include <uwsgi.h>

#include <string>

#include "cipher.h"

namespace mortise::legion {

struct Settings {
  int freq_s = 3;
  int tolerance_s = 15;
  int skew_tolerance_s = 60;
  int death_on_lord_error_s = 0;
  int scroll_bytes = 32768;
  int scroll_list_bytes = 32768;
};
Settings &settings();

// One of this server's legions; the object that plugins see is in it.
struct Legion : uwsgi_legion {
  Cipher cipher;
  bool multicast = false;
  uwsgi_string_list *nodes = nullptr;  // addresses that packets go to
  struct Board *board = nullptr;       // what all processes may ask
};
inline Legion &of(uwsgi_legion &legion) {
  return static_cast<Legion &>(legion);
}
Legion *find_legion(const char *name);

extern uwsgi_option option_rows[];

}  // namespace mortise::legion
