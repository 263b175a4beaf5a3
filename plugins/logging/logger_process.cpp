#include "logger_process.h"

#include <uwsgi.h>

#include <thread>

#include "board.h"
#include "chain.h"
#include "line_queue.h"
#include "log_file.h"
#include "options.h"
#include "siblings.h"
#include "takeover.h"
#include "touch.h"

namespace mortise::logging {

namespace {

constexpr size_t kQueueBytes = 16 << 20;
constexpr int kTurnMs = 1'000, kStoppingTurnMs = 20;
constexpr uint64_t kFlushUs = 5'000'000;  // what a logger that hangs may take at the end

Chain *server_chain = nullptr, *request_chain = nullptr;
LogFile *default_file = nullptr;  // logto

bool write_default(std::string_view line) {
  if (default_file) return default_file->append(line);
  return write(uwsgi.original_log_fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

void write_line(const QueuedLine &line) {
  if (line.text.empty()) return;
  call_watchers(line.text);
  (line.of_request && request_chain ? request_chain : server_chain)->write(line.text);
}

// What others asked for since the last look. [writer thread]
class Commands {
 public:
  void look(LineQueue &queue) {
    if (uint32_t now = board()->reopen; now != reopen_) reopen_ = now, reopen();
    if (uint32_t now = board()->rotate; now != rotate_) rotate_ = now, rotate();
    time_t now = uwsgi_now();
    if (now != looked_) {
      looked_ = now;
      if (touch_reopen_.changed()) reopen();
      if (touch_rotate_.changed()) rotate();
    }
    if (uint64_t lost = queue.take_lost()) server_chain->tell_lost(lost, "the loggers were too slow");
    Chain *requests = request_chain ? request_chain : server_chain;
    if (uint64_t lost = board()->lost_requests.exchange(0))
      requests->tell_lost(lost, "the log's pipe was full");
  }

 private:
  static void reopen() {
    if (default_file) default_file->reopen();
    reopen_logger_files();
    uwsgi_log_verbose("log files are open anew\n");
  }
  static void rotate() {
    if (default_file) default_file->rotate();
    rotate_logger_files();
    uwsgi_log_verbose("log files were rotated\n");
  }
  uint32_t reopen_ = board()->reopen, rotate_ = board()->rotate;
  time_t looked_ = 0;
  TouchedFiles touch_reopen_{options.touch_reopen}, touch_rotate_{options.touch_rotate};
};

void write_lines(LineQueue &queue) {
  Commands commands;
  while (auto line = queue.pop()) {
    commands.look(queue);
    write_line(*line);
  }
  commands.look(queue);
}

// All that is there now; false at the end of both pipes.
bool read_pipe(LinePipe &pipe, MessageReader &reader, bool of_request, LineQueue &queue) {
  while (pipe.read_end) {
    switch (reader.read(pipe.read_end.get())) {
      case MessageReader::Status::kMessage:
        queue.push({of_request, reader.message()});
        break;
      case MessageReader::Status::kEmpty:
        return true;
      case MessageReader::Status::kEnd:
        pipe.read_end.reset();
        break;
    }
  }
  return false;
}

// Who reads the pipes now, of this generation or the next one: the owner that the pipe itself records, since
// it is the one thing that both have.
void claim(const LinePipe &pipe) {
  fcntl(pipe.read_end.get(), F_SETOWN, getpid());
}
bool superseded(const LinePipe &pipe) {
  return pipe.read_end && fcntl(pipe.read_end.get(), F_GETOWN) != getpid();
}

// Reads until the log is somebody else's or nobody is left who could write. [reader thread]
void read_lines(LineQueue &queue) {
  MessageReader server_reader, request_reader;
  Ends &own = ends();
  for (bool stopping = false;;) {
    pollfd waiting[] = {{own.lines.read_end.get(), POLLIN, 0},
                        {own.requests.read_end.get(), POLLIN, 0},
                        {stopping ? -1 : uwsgi_stop_fd(), POLLIN, 0}};
    int ready = poll(waiting, 3, stopping ? kStoppingTurnMs : kTurnMs);
    stopping = stopping || uwsgi_stopping();
    bool finished = stopping && (superseded(own.lines) || !siblings_left());  // asked before the last look
    bool open = read_pipe(own.lines, server_reader, false, queue);
    open |= read_pipe(own.requests, request_reader, true, queue);
    if (ready == 0) queue.wake();
    if (finished || !open) return;
  }
}

void run(int, void *) {
  give_back();
  claim(ends().lines);
  if (default_file && !default_file->open() && default_file->fd() < 0)
    uwsgi_log("logto = %s: %s (tried again with each line)\n", default_file->path().c_str(), strerror(errno));
  static LineQueue queue(kQueueBytes);
  static std::atomic<bool> written = false;
  std::thread([] {
    write_lines(queue);
    written = true;
  }).detach();
  uwsgi_process_ready();
  read_lines(queue);
  queue.close();
  for (uint64_t began = uwsgi_monotonic_micros(); !written && uwsgi_monotonic_micros() - began < kFlushUs;)
    usleep(1000);
  _exit(0);  // a logger that hangs must not keep the server
}

bool wanted() {
  if (options.loggers || options.request_loggers || options.master || has_watchers()) return true;
  if (options.encoders || options.request_encoders || options.routes || options.request_routes) return true;
  // Workers could not be told to open a file anew.
  bool file = options.logto || options.logto2;
  return file && (uwsgi_option_value("master-fifo") || uwsgi_option_value("touch-logreopen"));
}

bool configure_chains(bool of_requests) {
  static std::vector<uwsgi_logger *> named;
  server_chain = new Chain;
  if (!server_chain->configure(
          {options.loggers, options.encoders, options.routes, options.drain, options.filter}, named))
    return false;
  server_chain->set_default(write_default);
  if (!of_requests) return true;
  request_chain = new Chain;
  request_chain->set_default(write_default);
  return request_chain->configure(
      {options.request_loggers, options.request_encoders, options.request_routes, nullptr, nullptr}, named);
}

}  // namespace

bool has_logger_process() {
  return server_chain != nullptr;
}

bool prepare_logger_process() {
  if (has_logger_process() || !wanted()) return true;
  const char *path = options.logto2 ? options.logto2 : options.logto;
  if (path && *path) {
    LogFileOptions file{.path = path,
                        .max_size = options.max_size,
                        .truncate = options.truncate != 0 && uwsgi_generation() == 0};
    if (options.backup_name) file.backup_name = options.backup_name;
    if (options.chmod) file.mode = static_cast<int>(strtoul(options.chmod, nullptr, 8));
    if (options.chown) file.owner = options.chown;
    default_file = new LogFile(file);
  }
  bool of_requests = options.request_loggers || options.request_encoders || options.request_routes;
  if (!configure_chains(of_requests)) return false;
  if (uwsgi_generation() < 0) return true;  // a trial writes to the log of the server that tries it
  if (!make_pipes(of_requests)) return false;
  if (geteuid() == 0 && uwsgi_option_value("uid")) {  // later it may not make files where root may
    if (default_file) default_file->open();
    open_logger_files(options.loggers);
    open_logger_files(options.request_loggers);
  }
  uwsgi_process_role role{};
  role.name = "logger";
  role.instances = 1;
  role.body = run;
  return uwsgi_register_process(&role) == 0;
}

void write_rest() {
  Ends &own = ends();
  if (!own.taken || getpid() != uwsgi_master_pid()) return;
  fflush(nullptr);
  give_back();
  static LineQueue queue(kQueueBytes);
  MessageReader server_reader, request_reader;
  read_pipe(own.lines, server_reader, false, queue);
  read_pipe(own.requests, request_reader, true, queue);
  queue.close();
  write_lines(queue);
}

}  // namespace mortise::logging
