// A gateway process: the loop, and what its connections share.
#pragma once

#include <uv.h>

#include <memory>
#include <vector>

#include "board.h"
#include "deadline.h"
#include "dispatcher.h"
#include "exchange.h"
#include "listener.h"
#include "own_answers.h"
#include "packet_writer.h"
#include "request_parser.h"
#include "response_parser.h"
#include "stats_server.h"
#include "stream.h"
#include "uv_handle.h"

namespace mortise::http {

struct Gateway {
  // stop_fd: becomes readable when the process is to stop.
  Gateway(std::vector<Listener> &listeners, StatsServer &stats, Board &board, int stop_fd);
  ~Gateway();
  Gateway(const Gateway &) = delete;
  Gateway &operator=(const Gateway &) = delete;

  // Serves until the process is to stop and the requests under way have been answered.
  void run();

  // ---- what connections ask for
  std::unique_ptr<Exchange> take_exchange();
  void give_back(std::unique_ptr<Exchange> exchange);
  void client_came();
  void client_gone();
  // Out of descriptors: listeners are asked to go on a little later.
  void rest_listeners();
  const std::vector<Listener> &listeners() const { return listeners_; }
  // The port that a listener sends clients to; "": the usual one, which is also taken where the client came
  // to the usual one of HTTP: ours may be hidden behind it.
  std::string_view redirect_port(const Listener &from, bool came_to_a_port) const;

  uv_loop_t loop;
  Board &board;
  GatewayFigures &figures;
  ReadBuffer read_buffer;
  // Parsed heads are used up before the next one is parsed: one of each is enough for all connections.
  RequestHead request_head;
  ResponseHead response_head;
  HeadLimits limits, response_limits;
  PacketWriter packets;
  Dispatcher dispatcher;
  OwnAnswers own_answers;
  std::string scratch;

  // What clients are given: to send a head, between requests, for progress with a request, to connect to a
  // server of
  // --http-to, to take their last answer.
  DeadlineQueue head_deadlines, idle_deadlines, progress_deadlines, connect_deadlines, linger_deadlines,
      stop_deadlines;
  DeadlineQueue tunnels;  // upgraded connections: they never expire, and are found when the gateway stops

  size_t clients = 0;
  bool stopping = false;

 private:
  void begin_sweeps();
  void sweep();
  void begin_stop();
  void close_idle_clients();
  void answer_the_rest();
  void finish_if_done();
  void watch_other_processes();

  std::vector<Listener> &listeners_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // that are free
  UvHandle<uv_timer_t> sweep_timer_;
  UvHandle<uv_timer_t> grace_timer_, mercy_timer_;
  UvHandle<uv_poll_t> stop_poll_;
  UvHandle<uv_poll_t> wake_poll_;  // another process has freed a core
  StatsServer &stats_;
  bool resting_ = false;
};

}  // namespace mortise::http
