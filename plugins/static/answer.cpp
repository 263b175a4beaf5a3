#include "answer.h"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "conditions.h"
#include "folder.h"
#include "options.h"

namespace mortise::files {

namespace {

std::string_view view(const uwsgi_static_text &text) {
  return {text.text, text.len};
}

// The mount's folders, as this thread has them open.
struct Folders {
  std::deque<Folder> mounts, checked;
  std::map<std::string, Folder, std::less<>> others;  // DOCUMENT_ROOT
  Folders() {
    for (const Mount &mount : options.mounts) mounts.emplace_back(mount.root);
    for (const uwsgi_string_list *item = options.checked; item; item = item->next)
      checked.emplace_back(item->value);
  }
};

class Answer {
 public:
  Answer(const uwsgi_static_request &request, uwsgi_static_answer &answer)
      : request_(request), answer_(answer), path_(view(request.path)) {}

  // Looks for the path in a folder; true: answered.
  bool look_in(Folder &folder, std::string_view path);

 private:
  bool take_folder(Folder &folder, std::string_view path, const OpenFile &found);
  void serve(Folder &folder, const std::string &name, OpenFile file);
  bool take_compressed(Folder &folder, const std::string &name, OpenFile &file);
  bool may_be_compressed(const std::string &file_path, const std::string &name) const;
  void add_expiry(const std::string &file_path, std::string_view type, time_t modified);
  void redirect_to_slash();
  void finish(int status) { answer_.status = status; }
  void add(const char *format, ...) __attribute__((format(printf, 2, 3)));
  void add_date(const char *name, time_t time);

  const uwsgi_static_request &request_;
  uwsgi_static_answer &answer_;
  const std::string_view path_;
};

void Answer::add(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const size_t left = sizeof answer_.head - answer_.head_len;
  const int len = vsnprintf(answer_.head + answer_.head_len, left, format, arguments);
  va_end(arguments);
  if (len > 0 && static_cast<size_t>(len) < left) answer_.head_len += static_cast<size_t>(len);
}

void Answer::add_date(const char *name, time_t time) {
  char date[31];
  const int len = uwsgi_http_date(time, date);
  add("%s: %.*s\r\n", name, len, date);
}

bool Answer::look_in(Folder &folder, std::string_view path) {
  OpenFile file = folder.open(path);
  if (file.fd < 0) {
    if (errno != EACCES) return false;
    add("Content-Type: text/plain\r\nContent-Length: 0\r\n");
    finish(403);
    return true;
  }
  if (file.is_folder()) {
    const bool taken = take_folder(folder, path, file);
    close(file.fd);
    return taken;
  }
  if (!path.empty() && path.back() == '/') {
    close(file.fd);
    return false;
  }
  serve(folder, std::string(path), file);
  return true;
}

bool Answer::take_folder(Folder &folder, std::string_view path, const OpenFile &) {
  for (const uwsgi_string_list *index = options.indexes; index; index = index->next) {
    std::string name(path);
    if (!name.empty() && name.back() != '/') name += '/';
    name += index->value;
    OpenFile file = folder.open(name);
    if (file.fd < 0) continue;
    if (file.is_folder()) {
      close(file.fd);
      continue;
    }
    if (path_.empty() || path_.back() != '/') {
      close(file.fd);
      redirect_to_slash();
    } else {
      serve(folder, name, file);
    }
    return true;
  }
  return false;
}

// The path as the client sent it, so that nothing has to be escaped anew; one slash in front, lest the path
// be taken for a host.
void Answer::redirect_to_slash() {
  std::string_view uri = view(request_.uri).substr(0, view(request_.uri).find_first_of("?#"));
  while (uri.size() > 1 && uri.substr(0, 2) == "//") uri.remove_prefix(1);
  const std::string_view query = view(request_.query);
  add("Location: %.*s/%s%.*s\r\nContent-Length: 0\r\n", static_cast<int>(uri.size()), uri.data(),
      query.empty() ? "" : "?", static_cast<int>(query.size()), query.data());
  finish(301);
}

bool Answer::may_be_compressed(const std::string &file_path, const std::string &name) const {
  if (options.gzip_all) return true;
  auto ends_with = [&name](std::string_view ending) {
    return name.size() >= ending.size() &&
           std::string_view(name).substr(name.size() - ending.size()) == ending;
  };
  for (const uwsgi_string_list *ending = options.gzip_endings; ending; ending = ending->next)
    if (ends_with(ending->value)) return true;
  for (const uwsgi_string_list *folder = options.gzip_folders; folder; folder = folder->next)
    if (file_path.compare(0, strlen(folder->value), folder->value) == 0) return true;
  for (const regex_t &pattern : options.gzip_patterns)
    if (matches(pattern, file_path)) return true;
  return false;
}

// Serves FILE.gz in FILE's place. True: whether it may be depends on the client's Accept-Encoding.
bool Answer::take_compressed(Folder &folder, const std::string &name, OpenFile &file) {
  if (!options.gzip_all && !options.gzip_endings && !options.gzip_folders && options.gzip_patterns.empty())
    return false;
  if (!may_be_compressed(folder.path() + "/" + name, name)) return false;
  if (!accepts_gzip(view(request_.accept_encoding))) return true;
  OpenFile compressed = folder.open(name + ".gz");
  if (compressed.fd >= 0 && !compressed.is_folder()) {
    std::swap(file, compressed);
    add("Content-Encoding: gzip\r\n");
  }
  if (compressed.fd >= 0) close(compressed.fd);
  return true;
}

void Answer::add_expiry(const std::string &file_path, std::string_view type, time_t modified) {
  for (const Expiry &expiry : options.expiries) {
    const bool applies = expiry.subject == Subject::kType   ? type == expiry.text
                         : expiry.subject == Subject::kFile ? matches(expiry.pattern, file_path)
                         : expiry.subject == Subject::kUri
                             ? matches(expiry.pattern, std::string(view(request_.uri)))
                             : matches(expiry.pattern, std::string(path_));
    if (!applies) continue;
    const time_t now = time(nullptr);
    const time_t until = (expiry.from_mtime ? modified : now) + expiry.seconds;
    add_date("Expires", until);
    add("Cache-Control: max-age=%lld\r\n", static_cast<long long>(until > now ? until - now : 0));
    return;
  }
}

void Answer::serve(Folder &folder, const std::string &name, OpenFile file) {
  const std::string file_path = name.empty() ? folder.path() : folder.path() + "/" + name;
  size_t type_len = 0;
  const char *type = uwsgi_get_mime_type(const_cast<char *>(file_path.data()),
                                         static_cast<int>(file_path.size()), &type_len);
  const std::string_view type_text = type ? std::string_view(type, type_len) : "application/octet-stream";
  if (take_compressed(folder, name, file)) add("Vary: Accept-Encoding\r\n");

  char etag[64];
  snprintf(etag, sizeof etag, "\"%llx-%llx%08lx\"", static_cast<unsigned long long>(file.info.st_size),
           static_cast<unsigned long long>(file.info.st_mtim.tv_sec),
           static_cast<unsigned long>(file.info.st_mtim.tv_nsec));
  const Validators validators{etag, file.info.st_mtime};
  const Conditions conditions{view(request_.if_match), view(request_.if_none_match),
                              view(request_.if_modified_since), view(request_.if_unmodified_since),
                              view(request_.if_range)};
  const uint64_t size = static_cast<uint64_t>(file.info.st_size);
  add("ETag: %s\r\n", etag);
  add_date("Last-Modified", file.info.st_mtime);
  add_expiry(file_path, type_text, file.info.st_mtime);
  if (int status = check_conditions(conditions, validators)) {
    close(file.fd);
    if (status == 412) add("Content-Length: 0\r\n");
    return finish(status);
  }
  add("Accept-Ranges: bytes\r\n");
  const ByteRange range = choose_range(view(request_.range), conditions, validators, size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    close(file.fd);
    add("Content-Range: bytes */%llu\r\nContent-Length: 0\r\n", static_cast<unsigned long long>(size));
    return finish(416);
  }
  add("Content-Type: %.*s\r\n", static_cast<int>(type_text.size()), type_text.data());
  const bool whole = range.kind == ByteRange::Kind::kWhole;
  answer_.pos = range.first;
  answer_.len = whole ? size : range.length;
  add("Content-Length: %llu\r\n", static_cast<unsigned long long>(answer_.len));
  if (!whole)
    add("Content-Range: bytes %llu-%llu/%llu\r\n", static_cast<unsigned long long>(range.first),
        static_cast<unsigned long long>(range.first + range.length - 1),
        static_cast<unsigned long long>(size));
  if (view(request_.method) == "HEAD" || answer_.len == 0) {
    close(file.fd);
    answer_.len = 0;
  } else {
    answer_.fd = file.fd;
  }
  finish(whole ? 200 : 206);
}

// What of the path is looked up in the mount's folder; no data(): the path is not below the mount.
std::string_view path_in(const Mount &mount, std::string_view path) {
  if (path.substr(0, mount.path.size()) != mount.path) return {};
  const std::string_view rest = path.substr(mount.path.size());
  if (!rest.empty() && rest.front() != '/') return {};
  return mount.whole_path ? path : rest.empty() ? std::string_view("") : rest;
}

bool is_skipped(std::string_view path) {
  for (const uwsgi_string_list *ending = options.skipped; ending; ending = ending->next)
    if (path.size() >= ending->len && path.substr(path.size() - ending->len) == ending->value) return true;
  return false;
}

}  // namespace

bool is_configured() {
  return !options.mounts.empty() || options.checked || options.check_docroot;
}

bool find_answer(const uwsgi_static_request &request, uwsgi_static_answer &answer) {
  thread_local Folders folders;
  const std::string_view path = view(request.path), method = view(request.method);
  if ((method != "GET" && method != "HEAD") || path.empty() || path.front() != '/' || is_skipped(path))
    return false;
  answer.fd = -1;
  answer.status = 0;
  answer.pos = answer.len = 0;
  answer.head_len = 0;
  Answer search(request, answer);
  for (size_t i = 0; i < options.mounts.size(); ++i) {
    const std::string_view below = path_in(options.mounts[i], path);
    if (below.data() && search.look_in(folders.mounts[i], below)) return true;
  }
  for (Folder &folder : folders.checked)
    if (search.look_in(folder, path)) return true;
  const std::string_view docroot = view(request.document_root);
  if (options.check_docroot && !docroot.empty()) {
    auto found = folders.others.find(docroot);
    if (found == folders.others.end())
      found = folders.others.emplace(std::string(docroot), Folder(std::string(docroot))).first;
    if (search.look_in(found->second, path)) return true;
  }
  return false;
}

bool find_file(const uwsgi_static_request &request, std::string folder_path, std::string_view path,
               uwsgi_static_answer &answer) {
  answer.fd = -1;
  answer.status = 0;
  answer.pos = answer.len = 0;
  answer.head_len = 0;
  Folder folder(std::move(folder_path));
  return Answer(request, answer).look_in(folder, path);
}

}  // namespace mortise::files

extern "C" __attribute__((visibility("default"))) int uwsgi_static_find(const uwsgi_static_request *request,
                                                                        uwsgi_static_answer *answer) {
  try {
    return mortise::files::find_answer(*request, *answer);
  } catch (const std::bad_alloc &) {
    return 0;
  }
}
