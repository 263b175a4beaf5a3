#include "kernel/flusher.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <uwsgi.h>

#include <cerrno>
#include <csignal>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/state.h"

namespace mortise {

namespace {

using Lock = std::lock_guard<std::mutex>;

constexpr int kSweepMs = 1000;
constexpr int kRetryMs = 1000;
constexpr int kTickMs = 2;
constexpr int kIdleTicks = 50;

void renew(Connection &connection) {
  connection.deadline_ms.store(monotonic_ms() + uwsgi.socket_timeout * int64_t{1000},
                               std::memory_order_relaxed);
}

}  // namespace

Flusher::Flusher(ConnectionTable &connections, std::function<Result<void>(int fd)> watch)
    : connections_(connections), watch_done_(std::move(watch)) {}

Flusher::~Flusher() {
  if (!thread_.joinable()) return;
  stops_ = true;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

bool Flusher::ready() {
  if (running_.load(std::memory_order_acquire)) return true;
  Lock lock(start_mutex_);
  const int64_t now = monotonic_ms();
  if (running_ || now < next_try_ms_) return running_;
  auto started = start();
  if (!started && next_try_ms_ == 0) log_error(started.error());
  next_try_ms_ = now + kRetryMs;
  running_.store(static_cast<bool>(started), std::memory_order_release);
  return running_;
}

Result<void> Flusher::start() {
  const std::string what = "start the thread that serves slow clients";
  const std::string hint = "until it can be started, tried each second, they hold their cores";
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return system_error(what, errno, hint, kExitSystem);
  auto wake = make_eventfd();
  if (!wake) return wake.error();
  auto done = make_pipe(true);
  if (!done) return done.error();
  if (auto blocking = set_nonblocking(done->write_end.get(), false); !blocking) return blocking.error();
  wake_ = std::move(*wake);
  done_ = std::move(*done);
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event))
    return system_error(what, errno, hint, kExitSystem);
  if (auto watched = watch_done_(done_.read_end.get()); !watched) return watched.error();
  sigset_t all, before;  // signals are for who serves requests, and may wait for them
  sigemptyset(&all);
  for (int signum = 1; signum < NSIG; ++signum) sigaddset(&all, signum);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int errnum = 0;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error &error) {
    errnum = error.code().value();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (errnum) return system_error(what, errnum, hint, kExitSystem);
  return {};
}

void Flusher::run() {
  pthread_setname_np(pthread_self(), "flusher");  // uwsgi_set_processname() would name the worker
  int64_t next_sweep_ms = 0;
  while (!stops_) {
    if (Connection *connection = wait()) flush(*connection);
    if (const int64_t now = monotonic_ms(); now >= next_sweep_ms) {
      next_sweep_ms = now + kSweepMs;
      expire();
    }
  }
}

// A connection that takes more, or nullptr.
Connection *Flusher::wait() {
  epoll_event event{};
  const bool ticks = ticks_;
  int count = epoll_wait(epoll_.get(), &event, 1, ticks ? kTickMs : kSweepMs);
  const bool woken = count > 0 && !event.data.ptr;
  if (ticks && !woken) tick();
  if (count == 0 && watched_ == 0 && !ticks) {
    sleeps_ = true;
    if (watched_ == 0) count = epoll_wait(epoll_.get(), &event, 1, -1);
    sleeps_ = false;
  }
  if (count <= 0) return nullptr;
  eventfd_t ignored;
  if (!event.data.ptr) eventfd_read(wake_.get(), &ignored);
  return static_cast<Connection *>(event.data.ptr);
}

// Goes on for a while after the last answer that was held, for a wake costs more than some ticks.
void Flusher::tick() {
  idle_ticks_ = cork_.pull() ? 0 : idle_ticks_ + 1;
  if (idle_ticks_ < kIdleTicks) return;
  idle_ticks_ = 0;
  ticks_ = false;
  cork_.pull();  // what came before that was seen
}

void Flusher::hold(const wsgi_request &request) {
  cork_.hold(request.fd, request.start_of_request);
  if (!ticks_.exchange(true)) eventfd_write(wake_.get(), 1);
}

// From here to expire(): with the connection's mutex, unless it says otherwise.
void Flusher::watch(Connection &connection) {
  if (connection.flush.watched) return;
  renew(connection);
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.ptr = &connection;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd, &event)) return lose(connection);
  connection.flush.watched = true;
  if (watched_.fetch_add(1) == 0 && sleeps_) eventfd_write(wake_.get(), 1);
}

void Flusher::unwatch(Connection &connection) {
  if (!std::exchange(connection.flush.watched, false)) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd, nullptr);
  watched_.fetch_sub(1);
}

void Flusher::lose(Connection &connection) {
  connection.unsent->clear();
  connection.flush.lost = true;
  unwatch(connection);
}

void Flusher::send(Connection &connection) {
  const Unsent::Sent sent = connection.unsent->send(connection.fd);
  if (sent == Unsent::Sent::kSome) renew(connection);
  if (sent == Unsent::Sent::kAll) unwatch(connection);
  if (sent == Unsent::Sent::kFailed) lose(connection);
}

// Without the mutex: the next core locks it.
void Flusher::hand_back(Connection &connection) {
  Connection *address = &connection;
  while (write(done_.write_end.get(), &address, sizeof address) < 0 && errno == EINTR) continue;
}

template <typename Step>
void Flusher::step(Connection &connection, Step step) {
  {
    Lock lock(connection.mutex);
    if (!connection.flush.watched) return;  // an event of before
    step();
    if (connection.flush.watched || !connection.flush.left) return;
    connection.flush.left = false;
  }
  hand_back(connection);
}

void Flusher::flush(Connection &connection) {
  step(connection, [&] { send(connection); });
}

void Flusher::expire() {
  if (watched_ == 0) return;
  const int64_t now = monotonic_ms();
  connections_.for_each([&](Connection &connection) {
    step(connection, [&] {
      if (connection.deadline_ms.load(std::memory_order_relaxed) <= now) lose(connection);
    });
  });
}

Flusher::Kept Flusher::keep(Connection &connection, iovec *&iov, int &count) {
  return keep_with(connection, [&](Unsent &unsent) {
    return unsent.add(iov, count, static_cast<uint64_t>(limits().response_buffering) << 20);
  });
}

Flusher::Kept Flusher::keep_file(Connection &connection, int fd, off_t begin, size_t len) {
  return keep_with(connection, [&](Unsent &unsent) { return unsent.add_file(fd, begin, len); });
}

template <typename Add>
Flusher::Kept Flusher::keep_with(Connection &connection, Add add) {
  if (!ready()) return Kept::kSome;
  Lock lock(connection.mutex);
  if (!connection.unsent) connection.unsent = std::make_unique<Unsent>();
  if (connection.flush.lost) return Kept::kLost;
  const bool all = add(*connection.unsent);
  if (!all) send(connection);  // the caller waits for room, and need not wait for the thread
  if (!connection.unsent->empty()) watch(connection);
  return connection.flush.lost ? Kept::kLost : all ? Kept::kAll : Kept::kSome;
}

Flusher::Rest Flusher::rest(Connection &connection) {
  if (!connection.unsent) return Rest::kNone;
  Lock lock(connection.mutex);
  return connection.flush.lost ? Rest::kLost : connection.unsent->empty() ? Rest::kNone : Rest::kSome;
}

void Flusher::take_over(Connection &connection) {
  {
    Lock lock(connection.mutex);
    connection.phase.store(Phase::kFlush, std::memory_order_relaxed);
    connection.owner.store(Owner::kFlusher, std::memory_order_relaxed);
    if (connection.flush.watched) return static_cast<void>(connection.flush.left = true);
  }
  hand_back(connection);  // it was faster
}

bool Flusher::drop(Connection &connection) {
  Lock lock(connection.mutex);
  const bool lost = connection.flush.lost;
  unwatch(connection);
  connection.unsent.reset();
  connection.flush = {};
  return !lost;
}

Connection *Flusher::next_done() {
  Connection *connection = nullptr;
  if (read(done_.read_end.get(), &connection, sizeof connection) != sizeof connection) return nullptr;
  connection->owner.store(Owner::kCore, std::memory_order_relaxed);
  return connection;
}

}  // namespace mortise
