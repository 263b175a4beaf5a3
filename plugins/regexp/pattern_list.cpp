// Lists of patterns that options collect.
#include <uwsgi.h>

extern "C" {

uwsgi_regexp_list *uwsgi_regexp_custom_new_list(uwsgi_regexp_list **list, char *pattern, char *custom) {
  auto *item = static_cast<uwsgi_regexp_list *>(uwsgi_calloc(sizeof(uwsgi_regexp_list)));
  if (uwsgi_regexp_build(pattern, &item->pattern)) exit(64);  // the message tells where it is wrong
  item->custom_str = custom;
  while (*list) list = &(*list)->next;
  return *list = item;
}

uwsgi_regexp_list *uwsgi_regexp_new_list(uwsgi_regexp_list **list, char *pattern) {
  return uwsgi_regexp_custom_new_list(list, pattern, nullptr);
}

void uwsgi_opt_add_regexp_list(char *, char *value, void *data) {
  uwsgi_regexp_new_list(static_cast<uwsgi_regexp_list **>(data), value);
}

}  // extern "C"
