// uwsgi_websocket_*: the session of a request.
#include <mutex>
#include <unordered_map>

#include "handshake.h"
#include "session.h"

namespace mortise::websockets {

namespace {

// By the request's object, of which each core has one: a session stays until the next one there.
std::mutex mutex;
std::unordered_map<const wsgi_request *, std::unique_ptr<Session>> sessions;

Session *session_of(const wsgi_request *request) {
  const std::lock_guard lock(mutex);
  const auto found = sessions.find(request);
  return found != sessions.end() && found->second->belongs_to(request) ? found->second.get() : nullptr;
}

uwsgi_buffer *receive(wsgi_request *request, bool wait) {
  Session *session = session_of(request);
  std::string message;
  if (!session || session->receive(wait, &message) == Session::Received::kClosed) return nullptr;
  uwsgi_buffer *buffer = uwsgi_buffer_new(message.size() + 1);
  uwsgi_buffer_append(buffer, message.data(), message.size());
  return buffer;
}

int send(wsgi_request *request, uint8_t opcode, const char *message, size_t len) {
  Session *session = session_of(request);
  return session && session->send(opcode, message, len) ? 0 : -1;
}

int send_area(wsgi_request *request, uint8_t opcode, int id, uint64_t pos, uint64_t len) {
  const uwsgi_sharedarea *area = uwsgi_sharedarea_get_by_id(id, pos);
  if (!area) return -1;
  if (len == 0) len = (area->honour_used ? area->used : area->max_pos + 1) - pos;
  std::string copy;  // so that nobody waits for the area's lock while a client reads slowly
  if (len > area->max_pos + 1 - pos) return -1;
  copy.resize(len);
  if (uwsgi_sharedarea_read(id, pos, copy.data(), len) < 0) return -1;
  return send(request, opcode, copy.data(), copy.size());
}

}  // namespace

}  // namespace mortise::websockets

using namespace mortise::websockets;

extern "C" {

int uwsgi_websocket_handshake(wsgi_request *request, const char *key, uint16_t key_len, const char *origin,
                              uint16_t origin_len, const char *protocol, uint16_t protocol_len) {
  if (!shake_hands(request, {{key, key_len}, {origin, origin_len}, {protocol, protocol_len}})) return -1;
  auto session = std::make_unique<Session>(request);
  const std::lock_guard lock(mutex);
  sessions[request] = std::move(session);
  return 0;
}

uwsgi_buffer *uwsgi_websocket_recv(wsgi_request *request) {
  return receive(request, true);
}
uwsgi_buffer *uwsgi_websocket_recv_nb(wsgi_request *request) {
  return receive(request, false);
}
int uwsgi_websocket_send(wsgi_request *request, const char *msg, size_t len) {
  return send(request, WSLAY_TEXT_FRAME, msg, len);
}
int uwsgi_websocket_send_binary(wsgi_request *request, const char *msg, size_t len) {
  return send(request, WSLAY_BINARY_FRAME, msg, len);
}
int uwsgi_websocket_send_from_sharedarea(wsgi_request *request, int id, uint64_t pos, uint64_t len) {
  return send_area(request, WSLAY_TEXT_FRAME, id, pos, len);
}
int uwsgi_websocket_send_binary_from_sharedarea(wsgi_request *request, int id, uint64_t pos, uint64_t len) {
  return send_area(request, WSLAY_BINARY_FRAME, id, pos, len);
}

}  // extern "C"
