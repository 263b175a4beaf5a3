// What a worker may reach before it is replaced. Numbers of megabytes, seconds, requests; 0: no limit.
#pragma once

#include <cstdint>

namespace mortise::recycling {

struct Limits {
  int requests_delta = 0;  // added once for each worker's number
  int lifetime = 0, lifetime_delta = 0;
  int least_lifetime = 60;
  int rss = 0, pss = 0, uss = 0;
  int evil_as = 0, evil_rss = 0;
};
inline Limits limits;

}  // namespace mortise::recycling
