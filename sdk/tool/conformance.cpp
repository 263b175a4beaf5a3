#include "sdk/tool/conformance.h"

#include <signal.h>
#include <sys/wait.h>

#include <getopt.h>
#include <algorithm>
#include <cstdio>
#include <utility>

#include "sdk/inspect/plugin_file.h"
#include "sdk/runtime/strings.h"
#include "sdk/tool/trial_server.h"

namespace mortise {

namespace {

using Words = std::vector<std::string>;

constexpr const char *kGet = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr const char *kPost =
    "POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
constexpr const char *kHalfPost = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf";

struct Trial {
  const PluginDescription &plugin;
  std::string item;  // for --plugin: in slot 0, where requests go
  Words arguments;
  std::string &remark;  // what is allowed and yet hardly meant

  Result<TrialServer> start(Words more = {}) const {
    Words words{"--plugin", item, "--no-need-app"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), more.begin(), more.end());
    return TrialServer::start(words);
  }
};

std::string last_lines(const std::string &log) {
  if (log.empty()) return ", and wrote nothing";
  size_t begin = log.size();
  for (int line = 0; line < 4 && begin != 0 && begin != log.npos; ++line) begin = log.rfind('\n', begin - 1);
  std::string text = begin == log.npos ? log : log.substr(begin + 1);
  while (text.ends_with('\n')) text.pop_back();
  return ":\n" + text;
}

std::string how_it_ended(int status) {
  if (status == -1) return "it did not end within 15 s";
  if (WIFSIGNALED(status)) return format_text("it was ended by signal %d", WTERMSIG(status));
  return format_text("it ended with status %d", WEXITSTATUS(status));
}

// What must hold after each check: the server stops as it should, and nothing was thrown.
std::string finish(TrialServer &server) {
  const std::string log = server.log();
  const int status = server.stop();
  if (status != 0) return how_it_ended(status) + " when it was told to stop" + last_lines(server.log());
  const size_t thrown = log.find(", hook ");
  if (thrown != log.npos && log.find("exception", thrown) != log.npos)
    return "an exception left a hook" + last_lines(log.substr(0, log.find('\n', thrown)));
  return {};
}

bool is_answer(const std::string &text) {
  return text.starts_with("HTTP/1.");
}

// Requests of checks may well be ones that it refuses; but a plugin that fails is none that was tested.
std::string remark_on_failure(const std::string &answer, const TrialServer &server) {
  if (answer.size() < 12 || answer[9] != '5') return {};
  return "a GET of / was answered " + answer.substr(9, answer.find('\r') - 9) +
         ", so the checks say little of the plugin's answers (correct it, or add the options that it needs)" +
         last_lines(server.log());
}

// A check starts a server and returns what is wrong; empty: nothing is.
using Check = std::string (*)(const Trial &);

template <typename Work>
std::string with_server(const Trial &trial, Words more, Work work) {
  auto server = trial.start(std::move(more));
  if (!server) return server.error().message();
  if (!server->wait_ready()) {
    const int status = server->wait_end(0);
    return "the server did not start: " +
           (status == -1 ? "it was not ready within 20 s" : how_it_ended(status)) + last_lines(server->log());
  }
  std::string wrong = work(*server);
  return wrong.empty() ? finish(*server) : wrong + last_lines(server->log());
}

std::string starts_and_stops(const Trial &trial) {
  return with_server(trial, {}, [](TrialServer &) { return std::string(); });
}

std::string loads_twice(const Trial &trial) {
  return with_server(trial, {"--plugin", trial.item}, [](TrialServer &) { return std::string(); });
}

std::string refuses_nonsense(const Trial &trial) {
  for (const OptionDescription &option : trial.plugin.options) {
    if (option.argument != required_argument) continue;
    auto server = trial.start({"--" + option.name, "\x01?/nonsense"});
    if (!server) return server.error().message();
    const bool ready = server->wait_ready();
    const int status = ready ? server->stop() : server->wait_end(15'000);
    if (status == -1 || WIFSIGNALED(status))
      return "--" + option.name + " with a value that makes no sense: " + how_it_ended(status) +
             last_lines(server->log());
  }
  return {};
}

std::string answers_without_a_body(const Trial &trial) {
  return with_server(trial, {}, [&](TrialServer &server) -> std::string {
    const std::string answer = server.request(kGet);
    trial.remark = remark_on_failure(answer, server);
    return is_answer(answer) ? "" : "a GET was not answered";
  });
}

std::string leaves_a_body_unread(const Trial &trial) {
  return with_server(trial, {}, [](TrialServer &server) -> std::string {
    return is_answer(server.request(kPost)) ? "" : "a POST was not answered";
  });
}

std::string survives_clients_that_go(const Trial &trial) {
  return with_server(trial, {"--socket-timeout", "2"}, [](TrialServer &server) -> std::string {
    const auto before = server.children();
    for (int i = 0; i < 10; ++i) server.abandon(i % 2 ? kGet : kHalfPost);
    if (!is_answer(server.request(kGet))) return "after clients left, a GET was not answered";
    return server.children() == before ? "" : "a worker ended when its client was gone";
  });
}

std::string survives_odd_requests(const Trial &trial) {
  return with_server(trial, {}, [](TrialServer &server) -> std::string {
    const auto before = server.children();
    const std::string head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    for (const std::string &bytes :
         {"GET /%00%ff%2e%2e/?&=&%" + head + "\r\n", "BREW /" + head + "\r\n",
          "GET /" + std::string(8000, 'x') + head + "\r\n",
          "GET /" + head + "Cookie: ;=;a\r\nX-Long: " + std::string(8000, 'y') + "\r\n\r\n",
          "GET /" + head + "Content-Type:\r\nAuthorization: Basic !\r\n\r\n"})
      if (!is_answer(server.request(bytes)))
        return "not answered: " + bytes.substr(0, std::min<size_t>(bytes.find('\r'), 60));
    return server.children() == before ? "" : "a worker ended";
  });
}

std::string leaks_no_descriptor(const Trial &trial) {
  return with_server(trial, {}, [](TrialServer &server) -> std::string {
    auto worker_descriptors = [&] {
      size_t count = 0;
      for (pid_t pid : server.children()) count += count_descriptors(pid);
      return count;
    };
    for (int i = 0; i < 10; ++i) server.request(kGet);
    const size_t before = worker_descriptors();
    for (int i = 0; i < 100; ++i)
      if (!is_answer(server.request(i % 3 ? kGet : kPost))) return "a request was not answered";
    size_t after = 0;
    wait_until([&] { return (after = worker_descriptors()) <= before; }, 2000);
    if (after <= before + 5) return {};
    return format_text("%zu descriptors were open before 100 requests, %zu after", before, after);
  });
}

std::string survives_fork(const Trial &trial) {
  return with_server(trial, {"--processes", "2"}, [](TrialServer &server) -> std::string {
    if (!wait_until([&] { return server.children().size() >= 2; }, 5000)) return "two workers did not start";
    const auto before = server.children();
    for (int i = 0; i < 10; ++i)
      if (!is_answer(server.request(kGet))) return "two workers: a GET was not answered";
    kill(before.back(), SIGKILL);
    auto replaced = [&] {
      const auto now = server.children();
      return now.size() >= before.size() && std::find(now.begin(), now.end(), before.back()) == now.end();
    };
    if (!wait_until(replaced, 10'000)) return "a worker that was killed was not replaced";
    return is_answer(server.request(kGet)) ? "" : "after a worker was replaced, a GET was not answered";
  });
}

std::string survives_reload(const Trial &trial) {
  return with_server(trial, {}, [](TrialServer &server) -> std::string {
    const auto before = server.children();
    server.signal(SIGHUP);
    auto replaced = [&] {
      const auto now = server.children();
      return !now.empty() && std::none_of(before.begin(), before.end(), [&](pid_t pid) {
        return std::find(now.begin(), now.end(), pid) != now.end();
      });
    };
    if (!wait_until(replaced, 15'000)) return "SIGHUP did not replace the worker";
    server.wait_ready();
    return is_answer(server.request(kGet)) ? "" : "after a reload, a GET was not answered";
  });
}

constexpr struct {
  const char *name;
  Check check;
  bool needs_request_hook;
} kChecks[] = {
    {"starts and stops", starts_and_stops, false},
    {"loads twice", loads_twice, false},
    {"fails cleanly when it cannot start", refuses_nonsense, false},
    {"answers a request without a body", answers_without_a_body, true},
    {"may leave a body unread", leaves_a_body_unread, true},
    {"survives clients that go away", survives_clients_that_go, true},
    {"survives odd requests, throws nothing", survives_odd_requests, true},
    {"leaks no descriptor", leaks_no_descriptor, true},
    {"survives fork", survives_fork, false},
    {"survives a reload", survives_reload, false},
};

}  // namespace

Result<int> test_plugin(const std::string &file, const std::vector<std::string> &arguments) {
  auto plugin = describe_plugin(file);
  if (!plugin) return plugin.error();
  const bool answers =
      std::find(plugin->hooks.begin(), plugin->hooks.end(), "request") != plugin->hooks.end();
  const std::string path = file.find('/') == file.npos ? "./" + file : file;
  std::string remark;
  const Trial trial{*plugin, answers ? "0:" + path : path, arguments, remark};
  if (plugin->filled_by_constructor)
    printf(
        "remark its table is filled by a constructor: nothing tells whether it answers requests, not "
        "tried\n");
  int failed = 0;
  for (const auto &check : kChecks) {
    if (check.needs_request_hook && !answers) continue;
    const std::string wrong = check.check(trial);
    printf("%-6s %s%s%s\n", wrong.empty() ? "ok" : "FAILED", check.name, wrong.empty() ? "" : ": ",
           wrong.c_str());
    if (!remark.empty()) printf("remark %s\n", std::exchange(remark, {}).c_str());
    fflush(stdout);
    failed += !wrong.empty();
  }
  return failed;
}

}  // namespace mortise
