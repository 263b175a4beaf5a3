#include "protocol.h"

#include <memory>
#include <string>
#include <vector>

#include "packed_array.h"

namespace mortise::calls {

namespace {

constexpr uint8_t kSignalModifier = 110;

// modifier2 of a call: how it is asked and answered.
enum : uint8_t {
  kPacket = 0,  // a packed array; answered by a header and the result
  kRaw = 1,     // a packed array; answered by the result alone
  kPath = 2,    // /function/argument/… of PATH_INFO; answered over HTTP
};

struct Free {
  void operator()(char *text) const { free(text); }
};
struct Result {
  std::unique_ptr<char, Free> bytes;
  uint64_t len = 0;
};

Result call(std::vector<std::string> &words) {
  std::vector<char *> argv;
  std::vector<uint16_t> argvs;
  for (size_t i = 1; i < words.size(); ++i) {
    argv.push_back(words[i].data());
    argvs.push_back(static_cast<uint16_t>(words[i].size()));
  }
  char *response = nullptr;
  const uint64_t len =
      uwsgi_rpc(words[0].c_str(), static_cast<uint8_t>(argv.size()), argv.data(), argvs.data(), &response);
  return {std::unique_ptr<char, Free>(response), len};
}

int send_head(wsgi_request *request, size_t size, uint8_t modifier1, uint8_t modifier2) {
  const uwsgi_header header = {modifier1, {static_cast<uint16_t>(size)}, modifier2};
  return uwsgi_response_write_body_do(request, reinterpret_cast<const char *>(&header), sizeof header);
}

int send_packet(wsgi_request *request, const Result &result) {
  if (result.len <= UINT16_MAX) {
    if (send_head(request, result.len, kCallModifier, kPacket)) return -1;
  } else {
    const std::string name = "CONTENT_LENGTH", value = std::to_string(result.len);
    std::string pairs;
    for (const std::string &text : {name, value}) {
      pairs.push_back(static_cast<char>(text.size()));
      pairs.push_back('\0');
      pairs += text;
    }
    if (send_head(request, pairs.size(), kCallModifier, kLongAnswer) ||
        uwsgi_response_write_body_do(request, pairs.data(), pairs.size()))
      return -1;
  }
  return uwsgi_response_write_body_do(request, result.bytes.get(), result.len);
}

int serve_array(wsgi_request *request) {
  std::vector<std::string> words;
  const bool good = parse_array({request->buffer, request->len}, [&](std::string_view item) {
    words.emplace_back(item);
    return words.size() <= UINT8_MAX;
  });
  if (!good || words.empty()) {
    uwsgi_log("a malformed call was refused\n");
    return -1;
  }
  const Result result = call(words);
  if (!result.bytes) return UWSGI_OK;  // the connection closes: there is no way to say no
  return request->uh->modifier2 == kRaw
             ? uwsgi_response_write_body_do(request, result.bytes.get(), result.len)
             : send_packet(request, result);
}

int serve_path(wsgi_request *request) {
  std::vector<std::string> words;
  std::string_view path(request->path_info, request->path_info_len);
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) words.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  if (words.empty() || words.size() > UINT8_MAX) return uwsgi_404(request);
  const Result result = call(words);
  if (!result.bytes) return uwsgi_404(request);
  uint16_t len = 0;
  const char *accept = uwsgi_get_var(request, "HTTP_ACCEPT", 11, &len);
  std::string_view type = accept ? std::string_view(accept, len) : std::string_view();
  if (type.empty() || type.find('*') != type.npos || type.find(',') != type.npos)
    type = "application/octet-stream";
  if (uwsgi_response_prepare_headers(request, "200 OK", 6) ||
      uwsgi_response_add_content_length(request, result.len) ||
      uwsgi_response_add_content_type(request, type.data(), static_cast<uint16_t>(type.size())))
    return -1;
  return uwsgi_response_write_body_do(request, result.bytes.get(), result.len);
}

int serve_signal(wsgi_request *request) {
  const bool sent = uwsgi_signal_send(uwsgi.signal_socket, request->uh->modifier2) == 0;
  return send_head(request, 0, UWSGI_MODIFIER_RESPONSE, sent ? 1 : 0);
}

// Answered with a text where the server has something to say about itself.
int serve_ping(wsgi_request *request) {
  const size_t len = strnlen(uwsgi.shared->warning_message, sizeof uwsgi.shared->warning_message);
  if (send_head(request, len, UWSGI_MODIFIER_PING, 1)) return -1;
  return len ? uwsgi_response_write_body_do(request, uwsgi.shared->warning_message, len) : UWSGI_OK;
}

uwsgi_plugin signals = [] {
  uwsgi_plugin plugin{};
  plugin.name = "calls: signals";
  plugin.modifier1 = kSignalModifier;
  plugin.request = serve_signal;
  return plugin;
}();
uwsgi_plugin pings = [] {
  uwsgi_plugin plugin{};
  plugin.name = "calls: pings";
  plugin.modifier1 = UWSGI_MODIFIER_PING;
  plugin.request = serve_ping;
  return plugin;
}();

}  // namespace

int serve_call(wsgi_request *request) {
  return request->uh->modifier2 == kPath ? serve_path(request) : serve_array(request);
}

void answer_signals_and_pings() {
  for (uwsgi_plugin *plugin : {&signals, &pings}) {
    uwsgi_plugin *&slot = uwsgi.p[plugin->modifier1];
    if (strcmp(slot->name, "none") == 0) slot = plugin;
  }
}

}  // namespace mortise::calls
