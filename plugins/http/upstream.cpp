#include "upstream.h"

#include "dispatcher.h"
#include "exchange.h"

namespace mortise::http {

void Upstream::received(char *data, size_t len) {
  if (exchange_) return exchange_->response_received({data, len});
  dispatcher_.stirred(*this);  // bytes that answer nothing
}

void Upstream::ended(int error) {
  if (exchange_) return exchange_->upstream_ended(error);
  dispatcher_.stirred(*this);
}

void Upstream::write_failed(int error) {
  if (exchange_) return exchange_->request_lost(error);
  dispatcher_.stirred(*this);
}

void Upstream::drained() {
  if (exchange_) exchange_->upstream_drained();
}

}  // namespace mortise::http
