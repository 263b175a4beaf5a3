// Keeps the head of a response right about the length of a body that transformations change.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::transformations {

// Takes a header out of a head with its status line; true where it was there. Pure but for the buffer.
bool drop_header(uwsgi_buffer *head, std::string_view name);
bool has_header(const uwsgi_buffer *head, std::string_view name);

// The length that the application gave is not the body's any more; nothing once the head is sent. [request]
void forget_length(wsgi_request *request);

// All of the body is known: its length is what the head says, unless the body is framed otherwise. [request]
void settle_length(wsgi_request *request, size_t len);

}  // namespace mortise::transformations
