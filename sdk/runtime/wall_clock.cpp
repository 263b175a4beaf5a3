// The time of day, by the system's clock or by a plugin's (--clock), and dates of HTTP.
#include <uwsgi.h>

#include <chrono>
#include <cstring>

#include "kernel/clock.h"

namespace {

// What a plugin tells the time with, where --clock chose it.
uwsgi_clock *chosen, *registered;

constexpr int kDateBytes = 29;

void put_two_digits(char *out, int number) {
  out[0] = static_cast<char>('0' + number / 10);
  out[1] = static_cast<char>('0' + number % 10);
}
}  // namespace

extern "C" {

void uwsgi_register_clock(uwsgi_clock *clock) {
  clock->next = registered;
  registered = clock;
}

int uwsgi_set_clock(char *name) {
  uwsgi_clock *wanted = registered;
  while (wanted && strcmp(wanted->name, name) != 0) wanted = wanted->next;
  if (!wanted && strcmp(name, "unix") != 0) return -1;
  chosen = wanted;
  return 0;
}

uint64_t uwsgi_micros(void) {
  if (chosen) return chosen->microseconds();
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count());
}

time_t uwsgi_now(void) {
  if (chosen) return chosen->seconds();
  return time(nullptr);
}

uint64_t uwsgi_monotonic_micros(void) {
  return mortise::monotonic_us();
}

// By hand: strftime(3) would give the names of days and months in the language of the locale, and printf(3)
// costs ten times as much.
int uwsgi_http_date(time_t time, char *buf) {
  static const char kDays[] = "SunMonTueWedThuFriSat";
  static const char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  tm utc{};
  // Years beyond four digits have no form in RFC 9110 and would not fit.
  if (!gmtime_r(&time, &utc) || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900) {
    time = 0;
    gmtime_r(&time, &utc);
  }
  memcpy(buf, "Sun, 00 Jan 0000 00:00:00 GMT", kDateBytes + 1);
  memcpy(buf, kDays + 3 * utc.tm_wday, 3);
  put_two_digits(buf + 5, utc.tm_mday);
  memcpy(buf + 8, kMonths + 3 * utc.tm_mon, 3);
  put_two_digits(buf + 12, (utc.tm_year + 1900) / 100);
  put_two_digits(buf + 14, (utc.tm_year + 1900) % 100);
  put_two_digits(buf + 17, utc.tm_hour);
  put_two_digits(buf + 20, utc.tm_min);
  put_two_digits(buf + 23, utc.tm_sec);
  return kDateBytes;
}

}  // extern "C"
