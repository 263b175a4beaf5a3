// What an application set for the log line of its request: a list in the request's own memory.
#include <uwsgi.h>

#include <cstring>
#include <memory>
#include <new>

extern "C" {

uwsgi_logvar *uwsgi_logvar_get(wsgi_request *request, const char *key, uint8_t keylen) {
  for (uwsgi_logvar *variable = request->logvars; variable; variable = variable->next)
    if (!uwsgi_strncmp(variable->key, variable->keylen, key, keylen)) return variable;
  return nullptr;
}

void uwsgi_logvar_add(wsgi_request *request, const char *key, uint8_t keylen, const char *val,
                      uint8_t vallen) {
  uwsgi_logvar *variable = uwsgi_logvar_get(request, key, keylen);
  if (!variable) {
    void *memory = uwsgi_req_alloc(request, sizeof(uwsgi_logvar) + alignof(uwsgi_logvar));
    size_t room = sizeof(uwsgi_logvar) + alignof(uwsgi_logvar);
    if (!memory || !std::align(alignof(uwsgi_logvar), sizeof(uwsgi_logvar), memory, room)) return;
    variable = new (memory) uwsgi_logvar{};
    memcpy(variable->key, key, keylen);
    variable->keylen = keylen;
    variable->next = request->logvars;
    request->logvars = variable;
  }
  memcpy(variable->val, val, vallen);
  variable->val[vallen] = '\0';
  variable->vallen = vallen;
}

}  // extern "C"
