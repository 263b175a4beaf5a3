#include "step_pool.h"

#include <unistd.h>

#include <memory>

namespace mortise::transformations {

namespace {

struct CorePool {
  uwsgi_transformation *in_use = nullptr;  // first step of the core's current request
  uwsgi_transformation *spare = nullptr;
};
std::unique_ptr<CorePool[]> pools;

constexpr size_t kLargestSpareChunk = 128 * 1024;

CorePool &pool_of(const wsgi_request *request) {
  return pools[static_cast<size_t>(request->async_id)];
}

// What stays in a spare step is the memory of its chunk.
void empty(uwsgi_transformation &step) {
  uwsgi_buffer *chunk = step.chunk;
  if (step.fd >= 0) close(step.fd);
  if (step.ub) uwsgi_buffer_destroy(step.ub);
  if (chunk && chunk->len > kLargestSpareChunk) {
    uwsgi_buffer_destroy(chunk);
    chunk = nullptr;
  }
  if (chunk) chunk->pos = 0;
  step = {};
  step.chunk = chunk;
  step.fd = -1;
}

void take_back(CorePool &pool) {
  while (uwsgi_transformation *step = pool.in_use) {
    pool.in_use = step->next;
    empty(*step);
    step->next = pool.spare;
    pool.spare = step;
  }
}

}  // namespace

void prepare_pools(size_t cores) {
  pools = std::make_unique<CorePool[]>(cores);
}

uwsgi_transformation *append_step(wsgi_request *request) {
  CorePool &pool = pool_of(request);
  if (!request->transformations) take_back(pool);
  uwsgi_transformation *step = pool.spare;
  if (step) {
    pool.spare = step->next;
    step->next = nullptr;
  } else {
    step = static_cast<uwsgi_transformation *>(uwsgi_calloc(sizeof(uwsgi_transformation)));
    step->fd = -1;
  }
  if (!step->chunk) step->chunk = uwsgi_buffer_new(0);
  uwsgi_transformation **end = &pool.in_use;
  while (*end) end = &(*end)->next;
  *end = step;
  request->transformations = pool.in_use;
  return step;
}

void release_steps(wsgi_request *request) {
  request->transformations = nullptr;
  take_back(pool_of(request));
}

}  // namespace mortise::transformations
