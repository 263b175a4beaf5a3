// The action gzip of routes: the body leaves compressed (RFC 9110 §8.4.1.3), piece by piece.
#include "gzip_body.h"

#include <strings.h>

#include <memory>
#include <string_view>

#include "sink.h"

extern "C" char gzheader[10];

namespace mortise::compression {

namespace {

// Of one response; two steps share it. It belongs to a core and is used again: zlib's memory is large.
struct Packing {
  z_stream stream;
  uint32_t crc32;
  size_t len;
  bool begun;
  bool passes;    // the application has encoded the body itself
  uint64_t user;  // when its request began; 0: nobody's
  Packing *next;
};
std::unique_ptr<Packing *[]> packings;  // for each core

// One that no step of this request has; those of earlier requests, also of broken ones, are free.
Packing *take(const wsgi_request *request) {
  Packing *&first = packings[static_cast<size_t>(request->async_id)];
  Packing *packing = first;
  while (packing && packing->user == request->start_of_request) packing = packing->next;
  if (!packing) {
    packing = static_cast<Packing *>(uwsgi_calloc(sizeof(Packing)));
    if (uwsgi_gzip_prepare(&packing->stream, nullptr, 0, &packing->crc32)) {
      free(packing);
      return nullptr;
    }
    packing->next = first;
    first = packing;
  } else if (deflateReset(&packing->stream)) {
    return nullptr;
  }
  packing->crc32 = 0;
  packing->len = 0;
  packing->begun = packing->passes = false;
  packing->user = request->start_of_request;
  return packing;
}

bool is_encoded(const uwsgi_buffer *head) {
  constexpr std::string_view kName = "\r\nContent-Encoding:";
  for (size_t at = 0; at + kName.size() < head->pos; ++at)
    if (strncasecmp(head->buf + at, kName.data(), kName.size()) == 0) return true;
  return false;
}

int pack(wsgi_request *request, uwsgi_transformation *step) {
  auto &packing = *static_cast<Packing *>(step->data);
  uwsgi_buffer *chunk = step->chunk;
  if (!packing.begun) packing.passes = is_encoded(request->headers);
  if (packing.passes || chunk->pos == 0) return packing.begun = true, 0;
  size_t len = 0;
  char *packed = uwsgi_gzip_chunk(&packing.stream, &packing.crc32, chunk->buf, chunk->pos, &len);
  if (!packed) return -1;
  packing.len += chunk->pos;
  uwsgi_buffer_map(chunk, packed, len);
  if (packing.begun) return 0;
  packing.begun = true;
  uwsgi_response_add_header(request, "Content-Encoding", 16, "gzip", 4);
  uwsgi_response_add_header(request, "Vary", 4, "Accept-Encoding", 15);
  return uwsgi_buffer_insert(chunk, 0, gzheader, sizeof gzheader);
}

// What zlib still holds, checksum and length (RFC 1952 §2.3.1).
int end(wsgi_request *, uwsgi_transformation *step) {
  auto &packing = *static_cast<Packing *>(step->data);
  packing.user = 0;
  if (packing.len == 0) return 0;
  size_t len = 0;
  char none = 0, *rest = deflate_piece(&packing.stream, &none, 0, &len, Z_FINISH);
  if (!rest) return -1;
  const int failed = uwsgi_buffer_append(step->chunk, rest, len);
  free(rest);
  return failed || uwsgi_buffer_u32le(step->chunk, packing.crc32) ||
                 uwsgi_buffer_u32le(step->chunk, static_cast<uint32_t>(packing.len))
             ? -1
             : 0;
}

int add(wsgi_request *request, uwsgi_route *) {
  Packing *packing = take(request);
  if (!packing) return UWSGI_ROUTE_NEXT;  // as it is, rather than not at all
  uwsgi_add_transformation(request, pack, packing)->can_stream = 1;
  uwsgi_add_transformation(request, end, packing)->is_final = 1;
  return UWSGI_ROUTE_NEXT;
}

int set_up(uwsgi_route *route, char *) {
  route->func = add;
  return 0;
}

}  // namespace

void prepare_cores(size_t cores) {
  packings = std::make_unique<Packing *[]>(cores);
}

void register_gzip() {
  uwsgi_register_router("gzip", set_up);
}

}  // namespace mortise::compression
