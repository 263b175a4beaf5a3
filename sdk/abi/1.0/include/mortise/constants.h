/* Numbers of the plugin ABI: return values, flags, exit codes. */
#pragma once

#define UWSGI_PLUGIN_API 1

/* What hooks and functions return. */
#define UWSGI_OK 0
#define UWSGI_AGAIN 1
#define UWSGI_ACCEPTING 2
#define UWSGI_PAUSED 3

/* Exit status of a worker, as seen by the master. */
#define UWSGI_RELOAD_CODE 17
#define UWSGI_FAILED_APP_CODE 22
#define UWSGI_QUIET_CODE 29
#define UWSGI_END_CODE 30
#define UWSGI_DE_HIJACKED_CODE 173

/* struct uwsgi_option.flags: what else an option switches on when it is given. */
#define UWSGI_OPT_IMMEDIATE (1 << 0) /* applied before the plugins' init, in the first pass */
#define UWSGI_OPT_MASTER (1 << 1)
#define UWSGI_OPT_LOG_MASTER (1 << 2)
#define UWSGI_OPT_THREADS (1 << 3)
#define UWSGI_OPT_CHEAPER (1 << 4)
#define UWSGI_OPT_VHOST (1 << 5)
#define UWSGI_OPT_MEMORY (1 << 6)
#define UWSGI_OPT_PROCNAME (1 << 7)
#define UWSGI_OPT_LAZY (1 << 8)
#define UWSGI_OPT_NO_INITIAL (1 << 9)
#define UWSGI_OPT_NO_SERVER (1 << 10)
#define UWSGI_OPT_POST_BUFFERING (1 << 11)
#define UWSGI_OPT_CLUSTER (1 << 12)
#define UWSGI_OPT_MIME (1 << 13)
#define UWSGI_OPT_REQ_LOG_MASTER (1 << 14)
#define UWSGI_OPT_METRICS (1 << 15)

/* wsgi_request.via: who produced the answer. */
#define UWSGI_VIA_SENDFILE 1
#define UWSGI_VIA_ROUTE 2
#define UWSGI_VIA_OFFLOAD 3

#define MAX64_STR "18446744073709551615"
#define UMAX64_STR MAX64_STR
#define UMAX16 65536
#define UMAX8 256

/* What this SDK says where uWSGI's plugins ask for its version. */
#define UWSGI_VERSION "2.0.31"
#define UWSGI_VERSION_BASE 2
#define UWSGI_VERSION_MAJOR 0
#define UWSGI_VERSION_MINOR 31
#define UWSGI_VERSION_REVISION 0
#define UWSGI_VERSION_CUSTOM ""

/* Modifiers of the uwsgi protocol that have a meaning of their own. */
#define UWSGI_MODIFIER_ADMIN_REQUEST 10
#define UWSGI_MODIFIER_SPOOL_REQUEST 17
#define UWSGI_MODIFIER_EVAL 22
#define UWSGI_MODIFIER_FASTFUNC 26
#define UWSGI_MODIFIER_MANAGE_PATH_INFO 30
#define UWSGI_MODIFIER_MESSAGE 31
#define UWSGI_MODIFIER_MESSAGE_ARRAY 32
#define UWSGI_MODIFIER_MESSAGE_MARSHAL 33
#define UWSGI_MODIFIER_MULTICAST_ANNOUNCE 73
#define UWSGI_MODIFIER_PING 100
#define UWSGI_MODIFIER_RESPONSE 255

/* wsgi_request.range_parsed */
#define UWSGI_RANGE_NOT_PARSED 0
#define UWSGI_RANGE_PARSED 1
#define UWSGI_RANGE_VALID 2
#define UWSGI_RANGE_INVALID 3
