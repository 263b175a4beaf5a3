#include "answer.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "conditions.h"
#include "file_cache.h"
#include "folder.h"
#include "options.h"

namespace mortise::files {

namespace {

std::string_view view(const uwsgi_static_text &text) {
  return {text.text, text.len};
}

// A number as text.
class Digits {
 public:
  explicit Digits(uint64_t number, int base = 10)
      : end_(std::to_chars(text_, text_ + sizeof text_, number, base).ptr) {}
  operator std::string_view() const { return {text_, static_cast<size_t>(end_ - text_)}; }

 private:
  char text_[20];
  const char *end_;
};

using TagText = char[64];

// Size and time of the last change, which has as many digits for each nanosecond.
std::string_view tag_of(const struct stat &info, TagText &out) {
  constexpr size_t kNanosecondDigits = 8;
  const Digits size(static_cast<uint64_t>(info.st_size), 16),
      seconds(static_cast<uint64_t>(info.st_mtim.tv_sec), 16),
      nanoseconds(static_cast<uint64_t>(info.st_mtim.tv_nsec), 16);
  const std::string_view fraction = nanoseconds;
  char *end = out;
  for (std::string_view text :
       {std::string_view("\""), std::string_view(size), std::string_view("-"), std::string_view(seconds),
        std::string_view("00000000", kNanosecondDigits - fraction.size()), fraction, std::string_view("\"")})
    end += text.copy(end, text.size());
  return {out, static_cast<size_t>(end - out)};
}

bool is_skipped(std::string_view path) {
  for (const uwsgi_string_list *ending = options.skipped; ending; ending = ending->next)
    if (path.size() >= ending->len && path.substr(path.size() - ending->len) == ending->value) return true;
  return false;
}

// Also by the name that it has behind links and for an index: a source must not get out that way.
bool is_skipped(const OpenFile &file) {
  return options.skipped && is_skipped(path_of(file.fd));
}

// The mount's folders, as this thread has them open.
struct Folders {
  std::deque<Folder> mounts, checked;
  std::map<std::string, Folder, std::less<>> others;  // DOCUMENT_ROOT
  FileCache cache;
  Folders() {
    for (const Mount &mount : options.mounts) mounts.emplace_back(mount.root);
    for (const uwsgi_string_list *item = options.checked; item; item = item->next)
      checked.emplace_back(item->value);
  }
};

class Answer {
 public:
  // cache: nullptr where the file is the caller's.
  Answer(const uwsgi_static_request &request, uwsgi_static_answer &answer, FileCache *cache)
      : request_(request), answer_(answer), cache_(cache), path_(view(request.path)) {
    answer.fd = -1;
    answer.borrowed = 0;
    answer.status = 0;
    answer.pos = answer.len = 0;
    answer.head_len = 0;
  }

  // Looks for the path in a folder; true: answered.
  bool look_in(Folder &folder, std::string_view path);

 private:
  OpenFile open(Folder &folder, std::string_view path) {
    return cache_ ? cache_->open(folder, path) : folder.open(path);
  }
  bool take_folder(Folder &folder, std::string_view path);
  bool serve(Folder &folder, std::string_view name, OpenFile file);
  bool hand_to_frontend(const std::string &file_path, std::string_view type);
  bool take_compressed(Folder &folder, const std::string &file_path, std::string_view name, OpenFile &file);
  bool may_be_compressed(const std::string &file_path, std::string_view name) const;
  void add_expiry(const std::string &file_path, std::string_view type, time_t modified);
  bool redirect_to_slash();
  // Whether the head is whole; one that does not fit is no answer.
  bool finish(int status) {
    answer_.status = status;
    return !overflows_;
  }
  // Appends to the head; not by printf, which would cost more than all the rest.
  void add(std::initializer_list<std::string_view> texts);
  void add_date(std::string_view name, time_t time);

  const uwsgi_static_request &request_;
  uwsgi_static_answer &answer_;
  FileCache *const cache_;
  const std::string_view path_;
  bool overflows_ = false;
};

void Answer::add(std::initializer_list<std::string_view> texts) {
  size_t len = 0;
  for (std::string_view text : texts) len += text.size();
  overflows_ = overflows_ || len > sizeof answer_.head - answer_.head_len;
  if (overflows_) return;
  for (std::string_view text : texts)
    answer_.head_len += text.copy(answer_.head + answer_.head_len, text.size());
}

void Answer::add_date(std::string_view name, time_t time) {
  char date[31];
  const int len = uwsgi_http_date(time, date);
  add({name, ": ", {date, static_cast<size_t>(len)}, "\r\n"});
}

bool Answer::look_in(Folder &folder, std::string_view path) {
  OpenFile file = open(folder, path);
  if (!file.is_open()) {
    if (errno != EACCES) return false;
    add({"Content-Type: text/plain\r\nContent-Length: 0\r\n"});
    return finish(403);
  }
  if (file.is_folder()) return take_folder(folder, path);
  if ((!path.empty() && path.back() == '/') || is_skipped(file)) return false;
  return serve(folder, path, std::move(file));
}

bool Answer::take_folder(Folder &folder, std::string_view path) {
  for (const uwsgi_string_list *index = options.indexes; index; index = index->next) {
    std::string name(path);
    if (!name.empty() && name.back() != '/') name += '/';
    name += index->value;
    OpenFile file = open(folder, name);
    if (!file.is_open() || file.is_folder()) continue;
    if (is_skipped(file)) return false;
    if (path_.empty() || path_.back() != '/') return redirect_to_slash();
    return serve(folder, name, std::move(file));
  }
  return false;
}

// The path as the client sent it, so that nothing has to be escaped anew; one slash in front, lest the path
// be taken for a host. One that is too long for the head is the application's.
bool Answer::redirect_to_slash() {
  std::string_view uri = view(request_.uri).substr(0, view(request_.uri).find_first_of("?#"));
  while (uri.size() > 1 && uri.substr(0, 2) == "//") uri.remove_prefix(1);
  const std::string_view query = view(request_.query);
  add({"Location: ", uri, "/", query.empty() ? "" : "?", query, "\r\nContent-Length: 0\r\n"});
  return finish(301);
}

bool Answer::may_be_compressed(const std::string &file_path, std::string_view name) const {
  if (options.gzip_all) return true;
  auto ends_with = [&name](std::string_view ending) {
    return name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
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
bool Answer::take_compressed(Folder &folder, const std::string &file_path, std::string_view name,
                             OpenFile &file) {
  if (!options.gzip_all && !options.gzip_endings && !options.gzip_folders && options.gzip_patterns.empty())
    return false;
  if (!may_be_compressed(file_path, name)) return false;
  if (!accepts_gzip(view(request_.accept_encoding))) return true;
  OpenFile compressed = open(folder, std::string(name) + ".gz");
  if (compressed.is_open() && !compressed.is_folder()) {
    file = std::move(compressed);
    add({"Content-Encoding: gzip\r\n"});
  }
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
    add({"Cache-Control: max-age=", Digits(until > now ? static_cast<uint64_t>(until - now) : 0), "\r\n"});
    return;
  }
}

// The frontend sends the file. A name that no header can hold is the application's.
bool Answer::hand_to_frontend(const std::string &file_path, std::string_view type) {
  for (char byte : file_path)
    if (static_cast<uint8_t>(byte) < ' ' || byte == 0x7f) return false;
  add({"Content-Type: ", type, "\r\nContent-Length: 0\r\n", options.frontend_header, ": ", file_path,
       "\r\n"});
  return finish(200);
}

bool Answer::serve(Folder &folder, std::string_view name, OpenFile file) {
  thread_local std::string file_path;  // keeps its memory
  file_path = folder.path();
  name.remove_prefix(std::min(name.find_first_not_of('/'), name.size()));
  if (!name.empty()) (file_path += '/') += name;
  size_t type_len = 0;
  const char *type = uwsgi_get_mime_type(file_path.data(), static_cast<int>(file_path.size()), &type_len);
  const std::string_view type_text = type ? std::string_view(type, type_len) : "application/octet-stream";
  if (options.frontend_header) {
    add_expiry(file_path, type_text, file.info.st_mtime);
    return hand_to_frontend(file_path, type_text);
  }
  if (take_compressed(folder, file_path, name, file)) add({"Vary: Accept-Encoding\r\n"});

  const uint64_t size = static_cast<uint64_t>(file.info.st_size);
  TagText tag_text;
  const std::string_view etag = tag_of(file.info, tag_text);
  const Validators validators{etag, file.info.st_mtime};
  const Conditions conditions{view(request_.if_match), view(request_.if_none_match),
                              view(request_.if_modified_since), view(request_.if_unmodified_since),
                              view(request_.if_range)};
  add({"ETag: ", etag, "\r\n"});
  add_date("Last-Modified", std::min(file.info.st_mtime, time(nullptr)));  // RFC 9110 §8.8.2.1
  add_expiry(file_path, type_text, file.info.st_mtime);
  if (int status = check_conditions(conditions, validators)) {
    if (status == 412) add({"Content-Length: 0\r\n"});
    return finish(status);
  }
  add({"Accept-Ranges: bytes\r\n"});
  const bool is_head = view(request_.method) == "HEAD";
  const ByteRange range =  // defined for GET alone (RFC 9110 §14.2)
      is_head ? ByteRange() : choose_range(view(request_.range), conditions, validators, size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    add({"Content-Range: bytes */", Digits(size), "\r\nContent-Length: 0\r\n"});
    return finish(416);
  }
  add({"Content-Type: ", type_text, "\r\n"});
  const bool whole = range.kind == ByteRange::Kind::kWhole;
  answer_.pos = range.first;
  answer_.len = whole ? size : range.length;
  add({"Content-Length: ", Digits(answer_.len), "\r\n"});
  if (!whole)
    add({"Content-Range: bytes ", Digits(range.first), "-", Digits(range.first + range.length - 1), "/",
         Digits(size), "\r\n"});
  if (is_head || answer_.len == 0) {
    answer_.len = 0;
  } else {
    answer_.borrowed = file.borrowed;
    answer_.fd = std::exchange(file.fd, -1);
  }
  return finish(whole ? 200 : 206);
}

// What of the path is looked up in the mount's folder; no data(): the path is not below the mount.
std::string_view path_in(const Mount &mount, std::string_view path) {
  if (path.substr(0, mount.path.size()) != mount.path) return {};
  const std::string_view rest = path.substr(mount.path.size());
  if (!rest.empty() && rest.front() != '/') return {};
  return mount.whole_path ? path : rest.empty() ? std::string_view("") : rest;
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
  Answer search(request, answer, request.borrows ? &folders.cache : nullptr);
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
  Folder folder(std::move(folder_path));
  return Answer(request, answer, nullptr).look_in(folder, path);
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
