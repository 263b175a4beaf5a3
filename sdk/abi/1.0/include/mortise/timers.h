/* Timers and cron entries that raise user signals: what the plugin `timers` offers to others, besides
 * <uwsgi.h>.
 *
 * A plugin that calls these functions gets the provider loaded before itself. Entries live in the master and
 * fire once in the whole server. They may be added from any process at any time; adding an equal entry (same
 * signal, kind and times), as each worker does when it loads the same application, changes nothing, so that
 * it still fires once and a respawned worker does not start it anew. Entries stay until the server ends. */
#pragma once

#include <uwsgi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* [any] Raises the signal every so many seconds, the first time after as long. A late one does not move those
 * that follow, and several missed ones are raised once. 0; -1: not a positive period, no master, or too many
 * entries (the log says which). */
UWSGI_API int uwsgi_add_timer(uint8_t signum, int seconds);
/* [any] Same, in milliseconds. */
UWSGI_API int uwsgi_add_ms_timer(uint8_t signum, int milliseconds);
/* [any] Same, in seconds and nanoseconds; less than a millisecond is none. */
UWSGI_API int uwsgi_add_timer_hr(uint8_t signum, int seconds, long nanoseconds);
/* [any] Same, but at most `iterations` times; 0: for ever. */
UWSGI_API int uwsgi_signal_add_rb_timer(uint8_t signum, int seconds, int iterations);
/* [any] Raises the signal once in each minute of local time that matches. -1: any; -n: each that n divides.
 * As in crontab(5) a day of the month (1 to 31) and a day of the week (0 to 7, Sunday is 0 and 7) that are
 * both given match when either does. Months are 1 to 12. */
UWSGI_API int uwsgi_signal_add_cron(uint8_t signum, int minute, int hour, int day, int month, int weekday);

#ifdef __cplusplus
}
#endif
