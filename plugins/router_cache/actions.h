// The families of actions.
#pragma once

#include <uwsgi.h>

// cache, cache-continue: an item as the answer; incache: the condition that there is one.
void register_cache_answers();
// cachevar, cacheset, cacheinc, cachedec, cachemul, cachediv.
void register_cache_items();
// cachestore: a response becomes an item.
void register_cache_store();
