// Sends a body through the steps of its request, and what comes out to the client.
#include <uwsgi.h>

#include <string_view>

#include "response_length.h"
#include "step_pool.h"

namespace mortise::transformations {

namespace {

// While steps run and while their result is sent the request has no chain: what they write is not transformed
// again.
class Paused {
 public:
  explicit Paused(wsgi_request *request)
      : request_(request), chain_(static_cast<uwsgi_transformation *>(request->transformations)) {
    request->transformations = nullptr;
  }
  ~Paused() { request_->transformations = chain_; }
  Paused(const Paused &) = delete;
  Paused &operator=(const Paused &) = delete;
  uwsgi_transformation *first() const { return chain_; }

 private:
  wsgi_request *request_;
  uwsgi_transformation *chain_;
};

enum class Outcome { kGoOn, kSentByStep, kFailed };

// Gives the step what the one before it left; a step that collects has more of it already.
Outcome call(wsgi_request *request, uwsgi_transformation &step, std::string_view text, bool collected) {
  if (!collected) step.chunk->pos = 0;
  if (uwsgi_buffer_append(step.chunk, text.data(), text.size())) return Outcome::kFailed;
  ++step.round;
  if (step.func(request, &step)) return Outcome::kFailed;
  return step.flushed ? Outcome::kSentByStep : Outcome::kGoOn;
}

std::string_view text_of(const uwsgi_buffer &buffer) {
  return {buffer.buf ? buffer.buf : "", buffer.pos};
}

}  // namespace

}  // namespace mortise::transformations

using namespace mortise::transformations;

extern "C" {

uwsgi_transformation *uwsgi_add_transformation(wsgi_request *request,
                                               int (*func)(wsgi_request *, uwsgi_transformation *),
                                               void *data) {
  uwsgi_transformation *step = append_step(request);
  step->func = func;
  step->data = data;
  return step;
}

int uwsgi_apply_transformations(wsgi_request *request, char *buf, size_t len) {
  Paused chain(request);
  std::string_view text(buf, len);
  for (uwsgi_transformation *step = chain.first(); step && !text.empty(); step = step->next) {
    if (step->is_final) continue;
    if (!step->can_stream) return uwsgi_buffer_append(step->chunk, text.data(), text.size());
    const Outcome outcome = call(request, *step, text, false);
    if (outcome != Outcome::kGoOn) return outcome == Outcome::kFailed ? -1 : 0;
    text = text_of(*step->chunk);
  }
  if (text.empty()) return 0;
  forget_length(request);  // what is still to come is not known
  return uwsgi_response_write_body_do(request, text.data(), text.size());
}

// Each step that has not had all of the body gets the rest, and the steps for the end are called.
static int finish(wsgi_request *request, uwsgi_transformation *step) {
  std::string_view text;
  for (; step; step = step->next) {
    const bool collects = !step->can_stream && !step->is_final;
    if (step->can_stream && !step->is_final && text.empty()) continue;
    if (collects) step->is_final = 1;
    const Outcome outcome = call(request, *step, text, collects);
    if (outcome != Outcome::kGoOn) return outcome == Outcome::kFailed ? -1 : 0;
    text = text_of(*step->chunk);
  }
  if (request->fd_closed) return 0;
  settle_length(request, text.size());
  return text.empty() ? 0 : uwsgi_response_write_body_do(request, text.data(), text.size());
}

int uwsgi_apply_final_transformations(wsgi_request *request) {
  int result;
  {
    Paused chain(request);
    result = finish(request, chain.first());
  }
  release_steps(request);
  return result;
}

void uwsgi_free_transformations(wsgi_request *request) {
  release_steps(request);
}

}  // extern "C"
