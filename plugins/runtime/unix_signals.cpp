// Signals of UNIX in the process of a plugin: sigaction(2), pthread_sigmask(3).
#include <uwsgi.h>

namespace {

void mask(int how, int signum) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signum);
  if (const int failed = pthread_sigmask(how, &set, nullptr))
    uwsgi_log("signal %d: %s\n", signum, strerror(failed));
}

}  // namespace

extern "C" {

void uwsgi_unix_signal(int signum, void (*func)(int)) {
  struct sigaction action {};
  action.sa_handler = func;
  sigemptyset(&action.sa_mask);
  if (sigaction(signum, &action, nullptr)) uwsgi_log("handle signal %d: %s\n", signum, strerror(errno));
}
void uwsgi_block_signal(int signum) {
  mask(SIG_BLOCK, signum);
}
void uwsgi_unblock_signal(int signum) {
  mask(SIG_UNBLOCK, signum);
}

}  // extern "C"
