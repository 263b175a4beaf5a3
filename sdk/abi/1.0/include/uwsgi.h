/* The plugin ABI of mortise: all that a plugin may include, source compatible with uWSGI's header of the same
 * name.
 *
 * Names, types and the order of members are those that uWSGI's plugins rely on; everything behind them is
 * ours. How the ABI is versioned: docs/abi.md. Each function says in brackets where it may be called: [load]
 * from on_load and option callbacks, in the master, one thread [master]   in the master before the workers
 * are forked, or from master_cycle [worker]   in a worker process, on any of its cores [request]  inside a
 * request hook, for the request of the calling core [any]      in any process, any thread Strings are given
 * as pointer and length unless a parameter is documented as NUL-terminated. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

/* System headers that plugins expect to get through this one. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "mortise/abi_note.h"
#include "mortise/alarms.h"
#include "mortise/api.h"
#include "mortise/caches.h"
#include "mortise/constants.h"
#include "mortise/emperor.h"
#include "mortise/encoding.h"
#include "mortise/gateways.h"
#include "mortise/hooks.h"
#include "mortise/legion.h"
#include "mortise/libraries.h"
#include "mortise/lifecycle.h"
#include "mortise/logging.h"
#include "mortise/loops.h"
#include "mortise/metrics.h"
#include "mortise/mules.h"
#include "mortise/offload.h"
#include "mortise/plugin_table.h"
#include "mortise/request.h"
#include "mortise/routing.h"
#include "mortise/rpc.h"
#include "mortise/scaling.h"
#include "mortise/server.h"
#include "mortise/sharedareas.h"
#include "mortise/stats.h"
#include "mortise/structs.h"
#include "mortise/timers.h"
#include "mortise/websockets.h"

#include "mortise/macros.h" /* last: it has a macro called exit */

UWSGI_EMIT_ABI_NOTE(sizeof(struct uwsgi_plugin), sizeof(struct wsgi_request), sizeof(struct uwsgi_worker));
