#include "kernel/sockets.h"

#include <uwsgi.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

using namespace mortise;

namespace {

struct TempDir {
  TempDir() { REQUIRE(mkdtemp(path)); }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string operator/(const char *name) const { return std::string(path) + "/" + name; }
  char path[32] = "/tmp/mortise-sockets-XXXXXX";
};

Result<BoundSocket> bind_at(const std::string &text, const BindOptions &options = {}) {
  auto address = parse_address(text);
  REQUIRE(address);
  return bind_address(*address, options);
}

Error refusal(const std::string &text, const BindOptions &options = {}) {
  auto bound = bind_at(text, options);
  REQUIRE_FALSE(bound);
  return bound.error();
}

Fd connect_to(const std::string &name) {
  Fd fd(uwsgi_connect(name.c_str(), 5, 0));
  REQUIRE(fd);
  return fd;
}

int mode_of(const std::string &path) {
  struct stat status;
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

bool has_ipv6() {
  Fd probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return probe && bind(probe.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
}

}  // namespace

TEST_CASE("a port of 0 is named as the system chose it, and takes connections") {
  auto bound = bind_at("127.0.0.1:0");
  REQUIRE(bound);
  CHECK(bound->name.starts_with("127.0.0.1:"));
  CHECK_FALSE(bound->name.ends_with(":0"));
  CHECK(bound->family == AF_INET);
  CHECK(fcntl(bound->fd.get(), F_GETFD) == FD_CLOEXEC);
  CHECK((fcntl(bound->fd.get(), F_GETFL) & O_NONBLOCK) != 0);
  connect_to(bound->name);
}

TEST_CASE("a port is kept in its name as it was given and can be bound again at once") {
  std::string name = bind_at("127.0.0.1:0")->name;
  auto again = bind_at(name);
  REQUIRE(again);
  CHECK(again->name == name);
}

TEST_CASE("the IPv6 wildcard serves IPv4 too") {
  if (!has_ipv6()) return;
  auto bound = bind_at("[::]:0");
  REQUIRE(bound);
  connect_to("127.0.0.1:" + bound->name.substr(bound->name.rfind(':') + 1));
}

TEST_CASE("an address in use is refused with how to find its user") {
  auto bound = bind_at("127.0.0.1:0");
  std::string port = bound->name.substr(bound->name.rfind(':') + 1);
  Error error = refusal(bound->name);
  CHECK(error.exit_code == kExitNoAddress);
  CHECK(error.message() ==
        "bind " + bound->name +
            ": Address already in use (another process listens there; see it with: ss -ltnp 'sport "
            "= :" +
            port + "')");
}

TEST_CASE("an address that this machine does not have is refused") {
  CHECK(refusal("192.0.2.1:8080").message() ==
        "bind 192.0.2.1:8080: Cannot assign requested address (no interface of this machine has it; see them "
        "with: ip "
        "addr; --freebind listens in advance)");
}

TEST_CASE("a socket file is as wide as asked for and removed by its owner alone") {
  TempDir dir;
  BindOptions options;
  options.mode = 0666;
  auto bound = bind_at(dir / "x.sock", options);
  REQUIRE(bound);
  CHECK(bound->name == dir / "x.sock");
  CHECK(bound->family == AF_UNIX);
  CHECK(mode_of(dir / "x.sock") == 0666);
  connect_to(dir / "x.sock");
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    unlink_socket_files();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  CHECK(uwsgi_file_exists((dir / "x.sock").c_str()) == 1);
  unlink_socket_files();
  CHECK(uwsgi_file_exists((dir / "x.sock").c_str()) == 0);
}

TEST_CASE("a socket file is not wider than 0660 where no mode is given") {
  TempDir dir;
  mode_t before = umask(0);
  auto bound = bind_at(dir / "x.sock");
  umask(before);
  CHECK(mode_of(dir / "x.sock") == 0660);
}

TEST_CASE("a socket file that another server bound since is not removed") {
  TempDir dir;
  auto first = bind_at(dir / "x.sock");
  first->fd.reset();
  REQUIRE(link((dir / "x.sock").c_str(), (dir / "holds the inode").c_str()) == 0);
  unlink((dir / "x.sock").c_str());
  Fd other(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  socklen_t len = socket_to_un_addr((dir / "x.sock").c_str(), &address);
  REQUIRE(bind(other.get(), reinterpret_cast<sockaddr *>(&address), len) == 0);
  unlink_socket_files();
  CHECK(uwsgi_file_exists((dir / "x.sock").c_str()) == 1);
}

TEST_CASE("the socket file of a dead server is replaced, that of a live one is not") {
  TempDir dir;
  auto dead = bind_at(dir / "x.sock");
  dead->fd.reset();
  auto live = bind_at(dir / "x.sock");
  REQUIRE(live);
  CHECK(refusal(dir / "x.sock").message() ==
        "bind " + (dir / "x.sock") +
            ": Address already in use (another process listens there; see it with: ss -lxp src " +
            (dir / "x.sock") + ")");
  connect_to(dir / "x.sock");
}

TEST_CASE("a file that is no socket is left alone") {
  TempDir dir;
  std::string path = dir / "app.ini";
  close(creat(path.c_str(), 0600));
  CHECK(refusal(path).message() ==
        "bind " + path + ": File exists (it is not a socket and is left alone; choose another path)");
  CHECK(uwsgi_is_file(path.c_str()) == 1);
}

TEST_CASE("a socket in a folder that does not exist is refused with the command that creates it") {
  TempDir dir;
  CHECK(refusal(dir / "run/x.sock").message() ==
        "bind " + (dir / "run/x.sock") + ": No such file or directory (create its folder: mkdir -p " +
            (dir / "run/") + ")");
}

TEST_CASE("an owner that does not exist is refused") {
  TempDir dir;
  BindOptions options;
  options.owner = "no-such-user:root";
  Error error = refusal(dir / "x.sock", options);
  CHECK(error.message() == "change the owner of " + (dir / "x.sock") +
                               " to no-such-user:root: there is no such user (correct --chown-socket)");
  options.owner = ":no-such-group";
  CHECK(refusal(dir / "x.sock", options).why == "there is no such group");
}

TEST_CASE("a socket file gets the owner asked for") {
  if (geteuid() != 0) return;
  TempDir dir;
  BindOptions options;
  options.owner = "12345:23456";
  REQUIRE(bind_at(dir / "x.sock", options));
  struct stat status;
  REQUIRE(stat((dir / "x.sock").c_str(), &status) == 0);
  CHECK(status.st_uid == 12345);
  CHECK(status.st_gid == 23456);
}

TEST_CASE("abstract names have no file and can be asked for by path") {
  std::string name = "@mortise-test-" + std::to_string(getpid());
  auto bound = bind_at(name);
  REQUIRE(bound);
  CHECK(bound->name == name);
  connect_to(name);
  CHECK(refusal(name).why == "Address already in use");
  BindOptions options;
  options.abstract_names = true;
  auto by_path = bind_at("/no/such/folder/" + std::to_string(getpid()), options);
  REQUIRE(by_path);
  CHECK(by_path->name.starts_with("@/no/such/folder/"));
  connect_to(by_path->name);
}

TEST_CASE("a private socket has an unpredictable name and its peer is known to be ours") {
  auto first = bind_private(), second = bind_private();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->name != second->name);
  CHECK(first->name.starts_with("@mortise-" + std::to_string(getpid()) + "-"));
  Fd client = connect_to(first->name);
  Fd server(accept4(first->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(server);
  CHECK(peer_is_ours(server.get()));
  CHECK_FALSE(peer_is_ours(bind_at("127.0.0.1:0")->fd.get()));
}

TEST_CASE("a process of another user is not ours") {
  if (geteuid() != 0) return;
  auto listener = bind_private();
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    if (setuid(12345)) _exit(1);
    int fd = uwsgi_connect(listener->name.c_str(), 5, 0);
    char byte;
    _exit(fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1);
  }
  REQUIRE(uwsgi_waitfd(listener->fd.get(), 5) == 1);
  Fd server(accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK_FALSE(peer_is_ours(server.get()));
  REQUIRE(seteuid(12345) == 0);
  bool same_user = peer_is_ours(server.get());
  REQUIRE(seteuid(0) == 0);
  CHECK(same_user);
  server.reset();
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("fd://N listens on a descriptor that was passed") {
  auto bound = bind_at("127.0.0.1:0");
  int fd = dup(bound->fd.get());
  auto adopted = bind_at("fd://" + std::to_string(fd));
  REQUIRE(adopted);
  CHECK(adopted->fd.get() == fd);
  CHECK(adopted->name == bound->name);
  CHECK(adopted->inherited);
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("fd://N that is no socket is refused") {
  Error error = refusal("fd://987");
  CHECK(error.message() ==
        "listen on fd://987: Bad file descriptor (pass a listening socket as this descriptor)");
  CHECK(error.exit_code == kExitNoAddress);
  int pipe_ends[2];
  REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
  CHECK(refusal("fd://" + std::to_string(pipe_ends[0])).why == "Socket operation on non-socket");
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

// sd_listen_fds(3) begins at descriptor 3, which may be in use here: a child has room.
TEST_CASE("listeners of the service manager are taken over by the address that equals theirs") {
  auto tcp = bind_at("127.0.0.1:0"), other = bind_at("127.0.0.1:0");
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    int first = fcntl(tcp->fd.get(), F_DUPFD, 100), second = fcntl(other->fd.get(), F_DUPFD, 100);
    if (dup2(first, 3) != 3 || dup2(second, 4) != 4) _exit(1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "2", 1);
    if (adopt_inherited_listeners() != 2 || getenv("LISTEN_FDS") || getenv("LISTEN_PID")) _exit(2);
    auto bound = bind_address(*parse_address(tcp->name), {});
    if (!bound || !bound->inherited || bound->fd.get() != 3 || bound->name != tcp->name) _exit(3);
    if (fcntl(3, F_GETFD) != FD_CLOEXEC) _exit(4);
    auto unused = close_unused_listeners();
    _exit(unused == std::vector{other->name + " (descriptor 4)"} ? 0 : 5);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("descriptors that were meant for another process are not taken") {
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "3", 1);
  CHECK(adopt_inherited_listeners() == 0);
  CHECK(getenv("LISTEN_FDS") == nullptr);
}

TEST_CASE("plugins bind by the functions of the API") {
  TempDir dir;
  Fd tcp(bind_to_tcp("127.0.0.1:0", 16, nullptr));
  CHECK(tcp);
  for (size_t skipped : {0, 1}) {
    char cut[] = "127.0.0.1:0";
    cut[strlen("127.0.0.1")] = '\0';
    CHECK(Fd(bind_to_tcp(cut, 16, cut + strlen(cut) + skipped)));
  }
  std::string path = dir / "a:b.sock";
  Fd file(bind_to_unix(path.c_str(), 16, 0, 0));
  CHECK(file);
  CHECK(bind_to_unix(path.c_str(), 16, 0, 0) == -1);
  CHECK(errno != 0);
  char *name = nullptr;
  Fd any(uwsgi_bind_or_exit("127.0.0.1:0", &name));
  CHECK(any);
  CHECK(std::string(name).starts_with("127.0.0.1:"));
  free(name);
}

TEST_CASE("what the options ask for is what is bound with") {
  auto saved =
      std::make_tuple(uwsgi.listen_queue, uwsgi.chmod_socket, uwsgi.chmod_socket_value, uwsgi.chown_socket);
  char owner[] = "www-data";
  uwsgi.listen_queue = 7;
  uwsgi.chmod_socket = 1;
  uwsgi.chmod_socket_value = 0664;
  uwsgi.chown_socket = owner;
  BindOptions options = configured_bind_options();
  CHECK(options.backlog == 7);
  CHECK(options.mode == 0664);
  CHECK(options.owner == "www-data");
  std::tie(uwsgi.listen_queue, uwsgi.chmod_socket, uwsgi.chmod_socket_value, uwsgi.chown_socket) = saved;
}
