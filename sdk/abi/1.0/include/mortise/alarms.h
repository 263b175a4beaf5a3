/* Alarms: named reactions to what happens. Provider: plugins/alarms, loaded by itself with `alarm` options or
 * when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_alarm;
struct uwsgi_alarm_fd;

/* `alarm = name plugin:arg`. */
struct uwsgi_alarm_instance {
  char *name;
  char *arg;
  void *data_ptr;
  uint8_t data8;
  uint16_t data16;
  uint32_t data32;
  uint64_t data64;
  time_t last_run;
  char *last_msg; /* what is repeated within alarm-freq seconds is not raised again */
  size_t last_msg_size;
  struct uwsgi_alarm *alarm;
  struct uwsgi_alarm_instance *next;
};

struct uwsgi_alarm {
  char *name;
  void (*init)(struct uwsgi_alarm_instance *);
  void (*func)(struct uwsgi_alarm_instance *, char *msg, size_t len);
  struct uwsgi_alarm *next;
};

/* [load] Makes `alarm = x name:arg` possible. init is called once for each instance, at the start of the
 * alarms process, and may start threads; func in the same process, one call at a time, and may block. */
UWSGI_API void uwsgi_register_alarm(const char *name, void (*init)(struct uwsgi_alarm_instance *),
                                    void (*func)(struct uwsgi_alarm_instance *, char *msg, size_t len));
/* [any] Raises an alarm by its instance's name; msg is copied, cut at alarm-msg-size. Does not block: an
 * alarm that the process cannot take is counted and lost. One of an unknown name is lost, too; that is logged
 * once. */
UWSGI_API void uwsgi_alarm_trigger(const char *instance, char *msg, size_t len);
/* [load] Raises the alarm whenever fd is readable; n bytes are read from it (8: an eventfd), msg NULL: they
 * are the message. */
UWSGI_API struct uwsgi_alarm_fd *uwsgi_add_alarm_fd(int fd, char *alarm, size_t n, char *msg, size_t msg_len);
/* [any] Logs, and raises the alarms that `log-alarm` has for such lines. */
#define uwsgi_log_alarm(...) uwsgi_log("[uwsgi-alarm" __VA_ARGS__)

#ifdef __cplusplus
}
#endif
