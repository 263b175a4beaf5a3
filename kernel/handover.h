// What a server passes on to the next generation of itself: the process executes the program anew, and keeps
// its pid, its children and its listeners. Also what it gives to a trial, a child that starts the same way
// and shows that the next generation would. Knows nothing of how processes are supervised.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/result.h"

namespace mortise {

// A child of the generation before.
struct OldProcess {
  pid_t pid;
  int stop_fd;
  int64_t due_ms;  // as Process::due_ms
  bool told, is_worker, stop_first;
  std::string label;
};

struct SocketFile {
  std::string path;
  dev_t device;
  ino_t inode;
  pid_t owner;
};

struct Handover {
  int generation = 0;  // 0: nothing was passed on; 1 after the first reload
  bool trial = false;
  std::string dropped;         // what drop_privileges() has done: empty, or words behind a blank
  std::vector<int> links;      // the supervisor's pipes
  std::vector<int> listeners;  // all but the private ones, added by execute(); datagram sockets
  std::vector<int> any_port;   // those whose port the system chose
  std::vector<pid_t> askers;   // who waits for the outcome of the reload
  std::vector<OldProcess> processes;
  std::vector<SocketFile> files;
};

// What this process was given; empty in one that was started by somebody else. [any process of the server]
Handover &handover();

// Keeps command line, environment and folder for execute(), reads what was passed on. [main, first of all]
void receive_handover();

// Executes the program with what is passed on; returns only if that fails. [master; a child to become a
// trial]
Error execute(const Handover &passed_on);

// Tells a process that asked for a reload how it went, if it listens: "" is success; kReloadHeard that it was
// heard, for a signal is lost while another one is pending (signal(7)). [master]
constexpr char kReloadHeard[] = "\6";  // ACK
void answer_reload(pid_t asker, const std::string &failure);

// Also owned here: uwsgi_generation().

}  // namespace mortise
