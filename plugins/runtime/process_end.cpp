// How a process of a plugin ends by the clock or by its own wish, and the descriptors that it keeps.
#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <thread>

extern "C" {

void gracefully_kill(int) {
  kill(getpid(), SIGTERM);
}
void gracefully_kill_them_all(int) {
  kill(uwsgi_master_pid(), SIGTERM);
}
void grace_them_all(int) {
  kill(uwsgi_master_pid(), SIGHUP);
}
void uwsgi_reload(char **) {
  uwsgi_reload_server();
}

void uwsgi_time_bomb(int seconds, int reload) {
  std::thread([=] {
    poll(nullptr, 0, seconds * 1000);
    _exit(reload ? UWSGI_RELOAD_CODE : UWSGI_END_CODE);
  }).detach();
}

void goodbye_cruel_world() {
  uwsgi_exit(UWSGI_END_CODE);
}

// Every descriptor here is close-on-exec and a fork closes those that belong to the master alone, so there is
// nothing that a plugin's own would have to be spared from.
void uwsgi_add_safe_fd(int) {}

void uwsgi_protected_close(int fd) {
  close(fd);
}

}  // extern "C"
