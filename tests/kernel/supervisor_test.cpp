// The supervisor and the master's loop with real processes: each test runs a server in a process of its own.
#include "kernel/supervisor.h"

#include <uwsgi.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

#include "kernel/clock.h"
#include "kernel/master.h"
#include "kernel/scoreboard.h"
#include "sdk/runtime/shm.h"

using namespace mortise;

namespace {

constexpr int kWaitMs = 10'000;

int64_t longest_nap_ms = 0;  // of those that were to be of 1 ms

bool wait_until(const std::function<bool()> &condition, int wait_ms = kWaitMs) {
  int64_t deadline = monotonic_ms() + wait_ms;
  while (!condition()) {
    int64_t now = monotonic_ms();
    if (now > deadline) return false;
    poll(nullptr, 0, 1);
    longest_nap_ms = std::max(longest_nap_ms, monotonic_ms() - now);
  }
  return true;
}

// A bound for a machine that has nothing else to do; one that has is given more, by how long it makes naps.
class Stopwatch {
 public:
  Stopwatch() { longest_nap_ms = 0; }
  bool within(int64_t ms) const {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    ms *= 5;
#endif
    return passed_ms() < ms + 20 * longest_nap_ms;
  }
  int64_t passed_ms() const {
    return monotonic_ms() - began_ms_;
  }

 private:
  int64_t began_ms_ = monotonic_ms();
};

// A zombie has ended: not everything that adopts orphans reaps them.
bool runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  return std::getline(stat, text) && text.find(") Z ") == std::string::npos;
}

size_t count_of(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// What the processes of a server and the test tell each other.
struct Board {
  std::atomic<int> mode{0};
  std::atomic<int> starts{0};
  std::atomic<int> steps{0};
  std::atomic<int> gateway_step{0}, worker_step{0};
  std::atomic<int> pids[64];
};

void wait_for_stop() {
  while (!uwsgi_stopping()) {
    pollfd waiting{uwsgi_stop_fd(), POLLIN, 0};
    poll(&waiting, 1, -1);
  }
}

int serve_until_stop() {
  uwsgi_process_ready();
  wait_for_stop();
  return 0;
}

int good_body(int) {
  return serve_until_stop();
}

Role workers(int count, std::function<int(int)> body = good_body) {
  return {
      .name = "worker", .instances = count, .body = std::move(body), .stop_first = false, .is_worker = true};
}

Role gateway(std::function<int(int)> body = good_body) {
  return {.name = "http", .instances = 1, .body = std::move(body), .stop_first = true, .is_worker = false};
}

struct Setup {
  Mercy mercy{};
  ForkHooks hooks{};
  MasterCallbacks callbacks{};
  std::function<void()> before_start{};
};

// A server in a process of its own; its log can be read and its scoreboard is uwsgi.workers.
struct Server {
  uwsgi_server saved = uwsgi;
  int log_fd = memfd_create("log", MFD_CLOEXEC);
  pid_t pid = 0;

  explicit Server(const std::vector<Role> &roles, const Setup &setup = {}) {
    uwsgi.numproc = 8;
    uwsgi.cores = 1;
    uwsgi.max_apps = 1;
    REQUIRE(create_scoreboard());
    fflush(nullptr);
    pid = fork();
    if (pid != 0) return;
    setpgid(0, 0);
    dup2(log_fd, 2);
    for (int signum : {SIGSEGV, SIGABRT, SIGTERM, SIGINT}) signal(signum, SIG_DFL);  // not Catch's
    if (setup.before_start) setup.before_start();
    Result<Supervisor> supervisor = Supervisor::create(setup.hooks, setup.mercy);
    for (const Role &role : roles) supervisor->add_role(role);
    _exit(run_master(*supervisor, setup.callbacks));
  }
  ~Server() {
    if (pid > 0) kill(-pid, SIGKILL), waitpid(pid, nullptr, 0);
    close(log_fd);
    uwsgi = saved;
  }

  std::string log() const {
    std::string text(static_cast<size_t>(lseek(log_fd, 0, SEEK_END)), '\0');
    ssize_t got = pread(log_fd, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }
  bool logs(const std::string &pattern) const {
    std::regex expected(pattern);
    bool found = wait_until([&] { return std::regex_search(log(), expected); });
    if (!found) UNSCOPED_INFO("the log:\n" << log());
    return found;
  }
  bool ready(int count) const {
    return wait_until([&] {
      for (int id = 1; id <= count; ++id)
        if (!worker_ready(id)) return false;
      return true;
    });
  }
  static bool worker_ready(int id) { return __atomic_load_n(&uwsgi.workers[id].ready, __ATOMIC_RELAXED); }
  static pid_t worker_pid(int id) { return __atomic_load_n(&uwsgi.workers[id].pid, __ATOMIC_RELAXED); }
  // Status of the server, -1 if it was killed or did not end.
  int wait_end() {
    int outcome = 0;
    if (!wait_until([&] { return waitpid(pid, &outcome, WNOHANG) == pid; })) return -1;
    pid = 0;
    return WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -1;
  }
  int stop() {
    kill(pid, SIGTERM);
    return wait_end();
  }
};

Board *new_board() {
  return new (map_shared(sizeof(Board))) Board;
}

}  // namespace

TEST_CASE("a server starts its processes, says so, and ends with 0 when it is told to stop") {
  int signum = GENERATE(SIGTERM, SIGINT, SIGQUIT);
  Board *board = new_board();
  Setup setup;
  setup.callbacks.ready = [&] { board->steps = 1; };
  setup.callbacks.cycle = [&] { ++board->starts; };
  setup.callbacks.cleanup = [&] { board->steps = 2; };
  Server server({gateway(), workers(2)}, setup);
  REQUIRE(server.ready(2));
  CHECK(wait_until([&] { return board->steps == 1; }));
  CHECK(uwsgi.workers[1].respawn_count == 1);
  kill(server.pid, signum);
  CHECK(server.wait_end() == 0);
  CHECK(board->steps == 2);
  CHECK(board->starts > 0);
  CHECK(Server::worker_pid(1) == 0);
  CHECK(
      server.logs("master \\(pid \\d+\\) started\n[\\s\\S]*http \\(pid \\d+\\) started\n[\\s\\S]*"
                  "worker 2 \\(pid \\d+\\) started\n[\\s\\S]*SIG[A-Z]+: stopping\n[\\s\\S]*"
                  "worker 1 \\(pid \\d+\\) stopped\n[\\s\\S]*mortise stopped\n"));
}

TEST_CASE("a worker that dies is replaced at once, and the log says how it died") {
  Server server({workers(2)});
  REQUIRE(server.ready(2));
  pid_t victim = Server::worker_pid(1);
  Stopwatch since_kill;
  kill(victim, SIGSEGV);
  REQUIRE(wait_until([&] { return Server::worker_ready(1) && Server::worker_pid(1) != victim; }));
  CHECK(since_kill.within(200));
  CHECK(server.logs("worker 1 \\(pid " + std::to_string(victim) +
                    "\\) died: signal 11 \\(Segmentation fault\\) \\(respawning\\)\n"));
  CHECK(uwsgi.workers[1].respawn_count == 2);
  CHECK(server.stop() == 0);
}

TEST_CASE("a pool is full again within 200 ms of each of many kills") {
  Server server({workers(2)});
  REQUIRE(server.ready(2));
  for (int i = 0; i < 10; ++i) {
    pid_t victim = Server::worker_pid(1);
    Stopwatch since_kill;
    kill(victim, SIGKILL);
    REQUIRE(wait_until([&] { return Server::worker_ready(1) && Server::worker_pid(1) != victim; }));
    CHECK(since_kill.within(200));
    wait_until([&] { return since_kill.passed_ms() >= 200; });
  }
  CHECK(server.stop() == 0);
}

TEST_CASE("a process that dies at once is started ever less often, and the master stays responsive") {
  Board *board = new_board();
  Role broken{.name = "mule", .instances = 1, .body = [&](int) { return ++board->starts, 3; }};
  Server server({workers(1), broken});
  REQUIRE(server.ready(1));
  CHECK(server.logs("mule \\(pid \\d+\\) ended: exit status 3 \\(respawning in 100 ms\\)\n"));
  CHECK(server.logs("mule \\(pid \\d+\\) ended: exit status 3 \\(respawning in 500 ms\\)\n"));
  CHECK(board->starts >= 3);
  Stopwatch since_stop;
  CHECK(server.stop() == 0);
  CHECK(since_stop.within(1000));  // it waits for no next try
}

TEST_CASE("a server none of whose workers starts gives up with the worker's status within a second") {
  auto [body, status, cause] = GENERATE(table<int (*)(int), int, std::string>({
      {[](int) { return 22; }, 22, "ended: exit status 22 .*need-app = false"},
      {[](int) { return 0; }, 22, "ended: exit status 0 .*need-app = false"},
      {[](int) { return 71; }, 71, "ended: exit status 71 "},
      {[](int) { return raise(SIGKILL); }, 1, "died: signal 9 \\(Killed\\) "},
      {[](int) -> int { throw std::runtime_error("no luck"); }, 1, "ended: exit status 1 "},
  }));
  Stopwatch since_start;
  Server server({gateway(), workers(4, body)});
  CHECK(server.wait_end() == status);
  CHECK(since_start.within(1000));
  CHECK(server.logs("no worker could load the application: worker \\d \\(pid \\d+\\) " + cause));
}

TEST_CASE("a worker that dies right after it was ready is no failure to start") {
  Board *board = new_board();
  Server server({workers(1, [&](int) {
    uwsgi_process_ready();
    if (++board->starts < 3) return 5;
    wait_for_stop();
    return 0;
  })});
  CHECK(wait_until([&] { return board->starts == 3; }));
  CHECK(server.ready(1));
  CHECK(server.stop() == 0);
}

TEST_CASE("gateways end before workers are told to stop, also when a signal reaches the whole group") {
  bool group = GENERATE(false, true);
  Board *board = new_board();
  auto drain = [&](int) {
    serve_until_stop();
    poll(nullptr, 0, 100);  // requests in flight
    board->gateway_step = ++board->steps;
    return 0;
  };
  auto work = [&](int) {
    serve_until_stop();
    board->worker_step = ++board->steps;
    return 0;
  };
  Server server({gateway(drain), workers(1, work)});
  REQUIRE(server.ready(1));
  kill(group ? -server.pid : server.pid, SIGTERM);
  CHECK(server.wait_end() == 0);
  CHECK(board->gateway_step > 0);
  // A signal that reaches the worker before the master asks for its successor, which may end first.
  CHECK(board->worker_step > board->gateway_step);
}

TEST_CASE("workers are told to stop at half the mercy while a gateway still drains") {
  Board *board = new_board();
  auto drain = [&](int) {
    serve_until_stop();
    return wait_until([&] { return board->worker_step != 0; }) ? 0 : 1;
  };
  auto work = [&](int) {
    serve_until_stop();
    board->worker_step = 1;
    return 0;
  };
  Server server({gateway(drain), workers(1, work)}, {.mercy = {.worker_ms = 9000, .other_ms = 2000}});
  REQUIRE(server.ready(1));
  Stopwatch since_stop;
  CHECK(server.stop() == 0);
  CHECK(since_stop.passed_ms() >= 1000);
  CHECK(since_stop.within(1900));
}

TEST_CASE("a process that does not stop is killed when its mercy ends") {
  auto stubborn = [](int id) {
    uwsgi_process_ready();
    if (id == 1) {
      for (;;) pause();
    }
    wait_for_stop();
    return 0;
  };
  Server server({workers(2, stubborn)}, {.mercy = {.worker_ms = 200, .other_ms = 200}});
  REQUIRE(server.ready(2));
  Stopwatch since_stop;
  CHECK(server.stop() == 0);
  CHECK(since_stop.passed_ms() >= 200);
  CHECK(
      server.logs("worker 1 \\(pid \\d+\\) still runs: killing it\n[\\s\\S]*"
                  "worker 1 \\(pid \\d+\\) stopped"));
}

TEST_CASE("a second signal stops the server at once") {
  Server server({gateway([](int) -> int {
                   for (uwsgi_process_ready();;) pause();
                 }),
                 workers(1)});
  REQUIRE(server.ready(1));
  kill(server.pid, SIGTERM);
  REQUIRE(server.logs("SIGTERM: stopping\n"));
  Stopwatch since_second;
  kill(server.pid, SIGINT);
  CHECK(server.wait_end() == 0);
  CHECK(since_second.within(1000));
  CHECK(server.logs("SIGINT: stopping at once\n"));
}

TEST_CASE("a stop while workers still start ends them") {
  Board *board = new_board();
  Server server({workers(2, [&](int) {
    ++board->starts;
    wait_for_stop();
    return 0;
  })});
  REQUIRE(wait_until([&] { return board->starts == 2; }));
  CHECK(server.stop() == 0);
}

TEST_CASE("a worker that hangs while it starts does not keep a stop waiting") {
  Board *board = new_board();
  Server server({workers(2, [&](int) -> int {
    ++board->starts;
    for (;;) pause();
  })});
  REQUIRE(wait_until([&] { return board->starts == 2; }));
  Stopwatch since_stop;
  kill(server.pid, SIGTERM);
  CHECK(server.wait_end() == 0);
  CHECK(since_stop.within(3000));
}

TEST_CASE("SIGTTIN starts a worker that does not run, SIGTTOU stops one, within their number") {
  Role role = workers(3);
  role.initial = 1;
  Server server({role});
  REQUIRE(server.ready(1));
  CHECK(uwsgi.workers[1].cheaped == 0);
  CHECK(uwsgi.workers[2].cheaped == 1);
  for (int id : {2, 3}) {
    kill(server.pid, SIGTTIN);
    REQUIRE(server.ready(id));
    CHECK(uwsgi.workers[id].cheaped == 0);
  }
  pid_t last = Server::worker_pid(3);
  kill(server.pid, SIGTTOU);
  CHECK(wait_until([&] { return !runs(last) && Server::worker_pid(3) == 0; }));
  CHECK(uwsgi.workers[3].cheaped == 1);
  CHECK(Server::worker_pid(1) > 0);
  CHECK(Server::worker_pid(2) > 0);
  kill(server.pid, SIGTTIN);
  REQUIRE(server.ready(3));
  last = Server::worker_pid(3);
  kill(server.pid, SIGTTIN);  // there are no more
  CHECK(server.stop() == 0);
  CHECK(Server::worker_pid(3) == 0);
  CHECK(!runs(last));
}

TEST_CASE("a worker that is not ready in time is killed and tried again") {
  Board *board = new_board();
  Setup setup;
  setup.mercy.start_ms = 200;
  Server server({workers(2,
                         [&](int id) -> int {
                           if (id == 1 || ++board->starts > 1) return serve_until_stop();
                           for (;;) pause();
                         })},
                setup);
  REQUIRE(server.ready(2));
  CHECK(server.logs(
      "worker 2 \\(pid \\d+\\) was not ready within 0.2 s: killing it \\(see --start-timeout\\)\n"));
  CHECK(board->starts == 2);
  CHECK(server.stop() == 0);
}

TEST_CASE("a worker and its successor have cores of their own, and the others see the ready one's") {
  Board *board = new_board();
  Server server({workers(1, [&](int id) {
    if (!own_bank(id)) return 1;
    uwsgi_core &mine = uwsgi.workers[id].cores[0];
    mine.requests = static_cast<uint64_t>(100 * ++board->starts);
    uwsgi_process_ready();
    wait_for_stop();
    board->steps = static_cast<int>(uwsgi.workers[id].cores[0].requests);
    return 0;
  })});
  REQUIRE(server.ready(1));
  CHECK(uwsgi.workers[1].cores[0].requests == 100);
  kill(server.pid, SIGHUP);
  REQUIRE(server.logs("reload done: 1 workers replaced\n"));
  CHECK(uwsgi.workers[1].cores[0].requests == 200);
  CHECK(wait_until([&] { return board->steps != 0; }));
  CHECK(board->steps == 100);  // its own, to its end
  CHECK(server.stop() == 0);
}

TEST_CASE("a reload replaces each worker, and the new one is ready before the old one is told") {
  Board *board = new_board();
  Server server({gateway(), workers(3, [&](int id) {
                   serve_until_stop();
                   if (Server::worker_pid(id) == getpid()) board->mode = 1;
                   return 0;
                 })});
  REQUIRE(server.ready(3));
  std::set<pid_t> before{Server::worker_pid(1), Server::worker_pid(2), Server::worker_pid(3)};
  kill(server.pid, SIGHUP);
  REQUIRE(
      server.logs("reload: replacing 3 workers, one after another\n[\\s\\S]*"
                  "worker 3 \\(pid \\d+\\) replaces pid \\d+\n[\\s\\S]*reload done: 3 workers replaced\n"));
  for (pid_t old : before) CHECK(wait_until([&] { return !runs(old); }));
  CHECK(board->mode == 0);
  for (int id = 1; id <= 3; ++id) CHECK(before.count(Server::worker_pid(id)) == 0);
  CHECK(uwsgi.workers[2].respawn_count == 2);
  CHECK(server.stop() == 0);
}

TEST_CASE("many reloads at once are at most two, and the server is whole afterwards") {
  Server server({workers(2, [](int) {
    poll(nullptr, 0, 50);  // the application is loaded
    return serve_until_stop();
  })});
  REQUIRE(server.ready(2));
  for (int i = 0; i < 50; ++i) kill(server.pid, SIGHUP);
  REQUIRE(wait_until([&] {
    std::string log = server.log();
    return count_of(log, "reload done") > 0 &&
           count_of(log, "reload: replacing") == count_of(log, "reload done");
  }));
  CHECK(count_of(server.log(), "reload done") <= 2);
  CHECK(server.ready(2));
  CHECK(server.stop() == 0);
}

TEST_CASE("reloads leave no descriptor and no zombie behind in the master") {
  Server server({workers(2)});
  REQUIRE(server.ready(2));
  auto count_entries = [](const std::string &path) {
    size_t count = 0;
    for ([[maybe_unused]] const auto &entry : std::filesystem::directory_iterator(path)) ++count;
    return count;
  };
  std::string fds = "/proc/" + std::to_string(server.pid) + "/fd";
  std::string children =
      "/proc/" + std::to_string(server.pid) + "/task/" + std::to_string(server.pid) + "/children";
  size_t before = count_entries(fds);
  for (size_t reload = 1; reload <= 50; ++reload) {
    kill(server.pid, SIGHUP);
    REQUIRE(wait_until([&] { return count_of(server.log(), "reload done") == reload; }));
  }
  CHECK(wait_until([&] { return count_entries(fds) == before; }));
  CHECK(wait_until([&] {
    std::ifstream file(children);
    std::string pids((std::istreambuf_iterator<char>(file)), {});
    return count_of(pids, " ") == 2;
  }));
  CHECK(server.stop() == 0);
}

TEST_CASE("a reload whose new process cannot start leaves the old ones serving and says why") {
  Board *board = new_board();
  Server server({workers(2, [&](int) { return board->mode ? 22 : serve_until_stop(); })});
  REQUIRE(server.ready(2));
  pid_t first = Server::worker_pid(1), second = Server::worker_pid(2);
  board->mode = 1;
  kill(server.pid, SIGHUP);
  REQUIRE(
      server.logs("reload failed after 0 workers: worker 1 \\(pid \\d+\\) ended: exit status 22 "
                  "\\(see the messages above; the old processes go on\\)\n"));
  CHECK(Server::worker_pid(1) == first);
  CHECK(Server::worker_pid(2) == second);
  CHECK(runs(first));
  board->mode = 0;
  kill(server.pid, SIGHUP);
  CHECK(server.logs("reload done: 2 workers replaced\n"));
  CHECK(server.stop() == 0);
}

TEST_CASE("a reload starts a worker at once that waits for its next try") {
  Board *board = new_board();
  Server server({workers(2, [&](int id) { return id == 1 && board->mode ? 22 : serve_until_stop(); })});
  REQUIRE(server.ready(2));
  board->mode = 1;
  kill(Server::worker_pid(1), SIGKILL);
  REQUIRE(server.logs("worker 1 \\(pid \\d+\\) ended: exit status 22 \\(respawning in 2000 ms\\)\n"));
  board->mode = 0;
  Stopwatch since_reload;
  kill(server.pid, SIGHUP);
  CHECK(server.logs("reload done: 2 workers replaced\n"));
  CHECK(since_reload.within(1900));
  CHECK(server.ready(2));
  CHECK(server.stop() == 0);
}

TEST_CASE("a worker that dies while its replacement starts is not started twice") {
  Board *board = new_board();
  Server server({workers(1, [&](int) {
    ++board->starts;
    wait_until([&] { return board->mode != 1; });
    return serve_until_stop();
  })});
  REQUIRE(server.ready(1));
  pid_t old = Server::worker_pid(1);
  board->mode = 1;
  kill(server.pid, SIGHUP);
  REQUIRE(wait_until([&] { return board->starts == 2; }));
  kill(old, SIGKILL);
  REQUIRE(server.logs("worker 1 \\(pid " + std::to_string(old) + "\\) died: signal 9 \\(Killed\\)\n"));
  board->mode = 0;
  REQUIRE(server.logs("reload done: 1 workers replaced\n"));
  CHECK(board->starts == 2);
  CHECK(server.ready(1));
  CHECK(server.stop() == 0);
}

TEST_CASE("a stop in the middle of a reload ends old and new processes") {
  Board *board = new_board();
  Server server({workers(2, [&](int) {
    ++board->starts;
    if (board->mode == 0) uwsgi_process_ready();
    wait_for_stop();
    return 0;
  })});
  REQUIRE(server.ready(2));
  board->mode = 1;
  kill(server.pid, SIGHUP);
  REQUIRE(wait_until([&] { return board->starts == 3; }));
  CHECK(server.stop() == 0);
  CHECK(count_of(server.log(), "stopped\n") == 4);  // three processes and the server
}

TEST_CASE("a worker that someone else tells to stop is replaced first") {
  Server server({workers(1)});
  REQUIRE(server.ready(1));
  pid_t old = Server::worker_pid(1);
  kill(old, SIGTERM);
  REQUIRE(
      server.logs("worker 1 \\(pid \\d+\\) is being replaced on its request\n[\\s\\S]*"
                  "worker 1 \\(pid \\d+\\) replaces pid " +
                  std::to_string(old) + "\n"));
  CHECK(wait_until([&] { return !runs(old); }));
  CHECK(server.stop() == 0);
}

TEST_CASE("when the master is killed all its processes are gone within a second") {
  Server server({gateway(), workers(4)});
  REQUIRE(server.ready(4));
  std::vector<pid_t> children;
  for (int id = 1; id <= 4; ++id) children.push_back(Server::worker_pid(id));
  kill(server.pid, SIGKILL);
  CHECK(server.wait_end() == -1);
  for (pid_t child : children) CHECK(wait_until([&] { return !runs(child); }, 1000));
}

TEST_CASE("when the master is killed, what hangs is killed when its mercy ends") {
  Board *board = new_board();
  Setup setup{.mercy = {.worker_ms = 300, .other_ms = 300}};
  Server server({workers(2,
                         [&](int id) -> int {
                           board->pids[id] = getpid();
                           if (id == 1) uwsgi_process_ready();
                           for (;;) pause();
                         })},
                setup);
  REQUIRE(wait_until([&] { return board->pids[1] && board->pids[2]; }));
  kill(server.pid, SIGKILL);
  CHECK(server.wait_end() == -1);
  for (int id : {1, 2}) CHECK(wait_until([&] { return !runs(board->pids[id]); }, 3000));
}

TEST_CASE("a process that cannot be forked is tried again") {
  Board *board = new_board();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  Setup setup;
  setup.hooks.after_parent = [&] {  // from the second process on
    rlimit none{0, limit.rlim_max};
    if (board->mode == 0) setrlimit(RLIMIT_NOFILE, &none);
  };
  setup.callbacks.cycle = [&] {
    if (board->mode == 1) setrlimit(RLIMIT_NOFILE, &limit);
  };
  Server server({workers(1), {.name = "mule", .instances = 2, .body = good_body}}, setup);
  CHECK(server.logs("spawn mule 1: Too many open files \\(retry in 0.1 s\\)\n"));
  board->mode = 1;
  CHECK(server.logs("mule 2 \\(pid \\d+\\) started\n"));
  CHECK(server.stop() == 0);
}

TEST_CASE("a child that is nobody's is reaped") {
  Board *board = new_board();
  Setup setup;
  setup.before_start = [&] {
    pid_t stray = fork();
    if (stray == 0) _exit(0);
    board->pids[0] = stray;
  };
  Server server({workers(1)}, setup);
  REQUIRE(server.ready(1));
  kill(Server::worker_pid(1), SIGKILL);  // a SIGCHLD that comes for sure
  CHECK(wait_until([&] { return kill(board->pids[0], 0) != 0; }));
  CHECK(server.stop() == 0);
}

TEST_CASE("the master calls what watches a descriptor, whether it was added before or while it runs") {
  Board *board = new_board();
  int first[2], second[2];
  REQUIRE(pipe(first) == 0);
  REQUIRE(pipe(second) == 0);
  board->pids[0] = second[0];
  Setup setup;
  setup.before_start = [&] {
    uwsgi_master_add_fd(
        first[0],
        [](int fd, void *data) {
          char byte;
          auto *shared = static_cast<Board *>(data);
          if (read(fd, &byte, 1) == 1) shared->steps = byte;
          uwsgi_master_add_fd(
              shared->pids[0],
              [](int later, void *same) {
                char last;
                if (read(later, &last, 1) == 1) static_cast<Board *>(same)->mode = last;
              },
              data);
        },
        board);
  };
  Server server({workers(1)}, setup);
  REQUIRE(write(first[1], "a", 1) == 1);
  CHECK(wait_until([&] { return board->steps == 'a'; }));
  REQUIRE(write(second[1], "b", 1) == 1);
  CHECK(wait_until([&] { return board->mode == 'b'; }));
  CHECK(server.stop() == 0);
  for (int fd : {first[0], first[1], second[0], second[1]}) close(fd);
}

TEST_CASE("a descriptor that cannot be watched is refused") {
  CHECK(uwsgi_master_add_fd(
            -1, [](int, void *) {}, nullptr) == -1);
  CHECK(uwsgi_master_add_fd(0, nullptr, nullptr) == -1);
}

TEST_CASE(
    "fork hooks run around each fork, and a process has no descriptor of the master or of its siblings") {
  Board *board = new_board();
  auto count_fds = [] {
    int count = 0;
    for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0;
    return count;
  };
  Setup setup;
  setup.hooks.before = [&] { ++board->steps; };
  setup.hooks.after_parent = [&] { ++board->gateway_step; };
  setup.hooks.after_child = [&](bool) { ++board->worker_step; };
  int inherited = count_fds();
  auto work = [&](int id) {
    board->pids[id] = count_fds();
    return serve_until_stop();
  };
  Server server({gateway(), workers(2, work)}, setup);
  REQUIRE(server.ready(2));
  CHECK(wait_until([&] { return board->worker_step == 3; }));
  CHECK(board->steps == 3);
  CHECK(board->gateway_step == 3);
  constexpr int kLog = 1, kLinks = 4;  // stop event, lifeline, messages, stop descriptor
  CHECK(board->pids[1] == inherited + kLog + kLinks);
  CHECK(board->pids[2] == board->pids[1]);
  CHECK(server.stop() == 0);
}

TEST_CASE("the server serves when everything that it requires is ready", "[supervisor]") {
  auto *board = map_shared_array<Board>(1);
  Role slow = gateway([board](int) {
    while (!board->mode) poll(nullptr, 0, 1);
    return serve_until_stop();
  });
  slow.required = true;
  Setup setup;
  setup.callbacks.ready = [board] { board->steps = 1; };
  Server server({workers(1), slow}, setup);
  REQUIRE(server.ready(1));
  poll(nullptr, 0, 50);
  CHECK(board->steps == 0);
  board->mode = 1;
  CHECK(wait_until([&] { return board->steps == 1; }));
  kill(server.pid, SIGTERM);
  CHECK(server.wait_end() == 0);
}

TEST_CASE("a required process that ends before it is ready ends the server with its status", "[supervisor]") {
  Role broken = gateway([](int) { return 7; });
  broken.required = true;
  Server server({workers(1), broken});
  CHECK(server.wait_end() == 7);
  CHECK(server.logs("the server cannot start: http \\(pid \\d+\\) ended: exit status 7"));
}

TEST_CASE("a required process that dies later is started again", "[supervisor]") {
  auto *board = map_shared_array<Board>(1);
  Role once = gateway([board](int) {
    board->pids[0] = getpid();
    if (++board->starts == 2) return 7;  // before it is ready, but the server served
    return serve_until_stop();
  });
  once.required = true;
  Setup setup;
  setup.callbacks.ready = [board] { board->steps = 1; };
  Server server({workers(1), once}, setup);
  REQUIRE(wait_until([&] { return board->steps == 1; }));
  kill(board->pids[0], SIGKILL);
  CHECK(wait_until([&] { return board->starts == 3; }));
  kill(server.pid, SIGTERM);
  CHECK(server.wait_end() == 0);
}
