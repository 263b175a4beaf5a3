// The static plugin's table: its options and hooks. What they do is in options, mounts and serve.
#include <uwsgi.h>

#include "options.h"
#include "serve.h"

using namespace mortise::files;

// clang-format off
static uwsgi_option static_options[] = {
    {"static-map", required_argument, 0, "serve what is below a path from a folder (/static=/srv/static) or a file",
     add_mount, nullptr, 0},
    {"static-map2", required_argument, 0, "same, the whole path is looked up in the folder",
     add_mount, const_cast<char *>("whole"), 0},
    {"check-static", required_argument, 0, "serve what is in this folder, ask the application for the rest",
     uwsgi_opt_add_string_list, &options.checked, 0},
    {"static-check", required_argument, 0, "same as --check-static",
     uwsgi_opt_add_string_list, &options.checked, 0},
    {"check-static-docroot", no_argument, 0, "same for the folder in DOCUMENT_ROOT",
     uwsgi_opt_true, &options.check_docroot, 0},
    {"static-index", required_argument, 0, "the file that is served for a folder",
     uwsgi_opt_add_string_list, &options.indexes, 0},
    {"static-skip-ext", required_argument, 0, "leave paths with this ending to the application",
     uwsgi_opt_add_string_list, &options.skipped, 0},
    {"static-safe", required_argument, 0, "links may lead into this folder",
     uwsgi_opt_add_string_list, &options.safe, 0},
    {"static-expires", required_argument, 0, "PATTERN=SECONDS: files that match expire so much later",
     add_expiry, expiry(Subject::kFile, false), 0},
    {"static-expires-mtime", required_argument, 0, "same, counted from the file's last change",
     add_expiry, expiry(Subject::kFile, true), 0},
    {"static-expires-type", required_argument, 0, "TYPE=SECONDS: same by MIME type",
     add_expiry, expiry(Subject::kType, false), 0},
    {"static-expires-type-mtime", required_argument, 0, "same, counted from the file's last change",
     add_expiry, expiry(Subject::kType, true), 0},
    {"static-expires-uri", required_argument, 0, "same by a pattern of the request's URI",
     add_expiry, expiry(Subject::kUri, false), 0},
    {"static-expires-uri-mtime", required_argument, 0, "same, counted from the file's last change",
     add_expiry, expiry(Subject::kUri, true), 0},
    {"static-expires-path-info", required_argument, 0, "same by a pattern of the request's path",
     add_expiry, expiry(Subject::kPath, false), 0},
    {"static-expires-path-info-mtime", required_argument, 0, "same, counted from the file's last change",
     add_expiry, expiry(Subject::kPath, true), 0},
    {"static-gzip", required_argument, 0, "serve FILE.gz for files that match, to clients that take it",
     add_gzip_pattern, nullptr, 0},
    {"static-gzip-all", no_argument, 0, "same for all files",
     uwsgi_opt_true, &options.gzip_all, 0},
    {"static-gzip-dir", required_argument, 0, "same for files in this folder",
     uwsgi_opt_add_string_list, &options.gzip_folders, 0},
    {"static-gzip-prefix", required_argument, 0, "same as --static-gzip-dir",
     uwsgi_opt_add_string_list, &options.gzip_folders, 0},
    {"static-gzip-ext", required_argument, 0, "same for files with this ending",
     uwsgi_opt_add_string_list, &options.gzip_endings, 0},
    {"static-gzip-suffix", required_argument, 0, "same as --static-gzip-ext",
     uwsgi_opt_add_string_list, &options.gzip_endings, 0},
    {"fileserve-mode", required_argument, 0, "have a frontend send files: x-accel-redirect (nginx) or x-sendfile",
     set_frontend, nullptr, 0},
    {"file-serve-mode", required_argument, 0, "same as --fileserve-mode", set_frontend, nullptr, 0},
    {"static-cache-paths", required_argument, 0, "folders are looked at once a second anyway",
     [](char *, char *, void *) {}, nullptr, 0},
    {"static-cache-paths-name", required_argument, 0, "same",
     [](char *, char *, void *) {}, nullptr, 0},
    UWSGI_END_OF_OPTIONS
};
// clang-format on

uwsgi_plugin static_plugin = {
    .name = "static",
    .post_init = serve_before_routes,
    .options = static_options,
};
