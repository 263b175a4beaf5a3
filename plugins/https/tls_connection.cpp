#include "tls_connection.h"

#include <openssl/err.h>
#include <uwsgi.h>

#include <cstring>
#include <utility>

#include "wire.h"

namespace mortise::https {

namespace {

constexpr size_t kRecordBytes = 16 * 1024;  // the most that one record carries

bool begins_like_http(char first) {
  return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
}

}  // namespace

TlsConnection::TlsConnection(SSL_CTX *context, uwsgi_http_client *client)
    : ssl_(SSL_new(context)), client_(client) {
  BIO *bio = ssl_ ? new_wire_bio() : nullptr;
  if (!bio) {
    ssl_.reset();
    return;
  }
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

int TlsConnection::received(std::string_view bytes) {
  constexpr char kHandshakeRecord = 22;
  if (!std::exchange(begun_, true) && bytes[0] != kHandshakeRecord)
    return begins_like_http(bytes[0]) ? UWSGI_HTTP_PLAIN : UWSGI_HTTP_BROKEN;
  if (broken_) return UWSGI_HTTP_BROKEN;
  wire().incoming = bytes;
  const int verdict = take_in();
  wire().incoming = {};
  return verdict;
}

int TlsConnection::take_in() {
  static char plain[4 * kRecordBytes];
  for (;;) {
    size_t have = 0;
    int got = 1;
    ERR_clear_error();
    while (have < sizeof plain && got > 0) {
      got = SSL_read(ssl_.get(), plain + have, static_cast<int>(sizeof plain - have));
      if (got > 0) have += static_cast<size_t>(got);
    }
    const int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), got);
    if (!flush()) return UWSGI_HTTP_BROKEN;
    if (have > 0 && uwsgi_http_client_deliver(client_, plain, have)) return UWSGI_HTTP_GOES_ON;
    switch (error) {
      case SSL_ERROR_NONE:
        continue;
      case SSL_ERROR_WANT_READ:
        return UWSGI_HTTP_GOES_ON;
      case SSL_ERROR_ZERO_RETURN:
        uwsgi_http_client_ended(client_);
        return UWSGI_HTTP_GOES_ON;
      default:
        return broken(error);
    }
  }
}

// Logs why with --ssl-verbose only: anybody can cause it.
int TlsConnection::broken(int error) {
  broken_ = true;
  if (uwsgi.ssl_verbose) {
    char why[256] = "the connection broke";
    if (const unsigned long code = error == SSL_ERROR_SSL ? ERR_get_error() : 0)
      ERR_error_string_n(code, why, sizeof why);
    uwsgi_log_verbose("https: a client was closed: %s\n", why);
  }
  ERR_clear_error();
  return UWSGI_HTTP_BROKEN;
}

// What is small goes in one record.
bool TlsConnection::write(std::span<const iovec> parts) {
  if (broken_) return false;
  static char joined[kRecordBytes];
  size_t total = 0;
  for (const iovec &part : parts) total += part.iov_len;
  iovec one{joined, total};
  if (parts.size() > 1 && total <= sizeof joined) {
    char *end = joined;
    for (const iovec &part : parts) end = static_cast<char *>(mempcpy(end, part.iov_base, part.iov_len));
    parts = {&one, 1};
  }
  for (const iovec &part : parts) {
    ERR_clear_error();
    size_t done = 0;
    while (done < part.iov_len) {  // partial writes: a record each
      size_t written = 0;
      const char *from = static_cast<const char *>(part.iov_base) + done;
      if (SSL_write_ex(ssl_.get(), from, part.iov_len - done, &written) != 1) {
        broken_ = true;
        ERR_clear_error();
        wire().outgoing.clear();  // the next connection's otherwise
        return false;
      }
      done += written;
    }
  }
  return flush();
}

void TlsConnection::end() {
  if (broken_ || !SSL_is_init_finished(ssl_.get()) || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN))
    return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  flush();
}

const ClientCertificate &TlsConnection::certificate() {
  if (!certificate_) certificate_ = std::make_unique<ClientCertificate>(ssl_.get());
  return *certificate_;
}

bool TlsConnection::flush() {
  std::string &outgoing = wire().outgoing;
  if (outgoing.empty()) return true;
  const bool sent = uwsgi_http_client_send(client_, outgoing.data(), outgoing.size()) == 0;
  outgoing.clear();
  return sent;
}

}  // namespace mortise::https
