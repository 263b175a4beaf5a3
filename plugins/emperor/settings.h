// What the options ask of the emperor.
#pragma once

#include <uwsgi.h>

namespace mortise::emperor {

struct Settings {
  uwsgi_string_list *sources = nullptr;  // emperor: a folder, a pattern of files, or monitor:argument
  uwsgi_string_list *inherit = nullptr, *inherit_before = nullptr;
  uwsgi_string_list *include = nullptr, *include_before = nullptr;
  uwsgi_string_list *set = nullptr;
  uwsgi_string_list *extensions = nullptr;
  uwsgi_string_list *attributes = nullptr;  // names that are read from the [emperor] section of a vassal
  char *start_hook = nullptr, *stop_hook = nullptr;
  char *pidfile = nullptr;
  char *stats = nullptr;
  char *wrapper = nullptr;  // program that is run instead of this server
  int tyrant = 0;           // each vassal runs as the owner of its file
  int tyrant_nofollow = 0;
  int throttle_ms = 1000;
  int max_throttle_seconds = 180;
  int curse_seconds = 30;
  int no_blacklist = 0;
  int namespaces = 0;             // CLONE_NEW… of each vassal, clone(2)
  int heartbeat_seconds = 30;     // silence after which a vassal that has sent heartbeats is killed
  int own_heartbeat_seconds = 0;  // of this server, where it is a vassal; 0: none
};

inline Settings &settings() {
  static Settings values;
  return values;
}

}  // namespace mortise::emperor
