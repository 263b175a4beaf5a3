/* The ABI note: what a plugin was built for, readable before any of its code runs. docs/abi.md has the rules.
 *
 * uwsgi.h puts one into every object file that includes it; an author writes nothing. The server reads all
 * of a plugin's notes from its PT_NOTE segments and refuses the file when they differ from each other or do
 * not fit the server. */
#pragma once

#include <stdint.h>

/* Raised by what breaks plugins: they must be built again. */
#define UWSGI_ABI_MAJOR 1
/* Raised by each addition. A server runs plugins of its own minor and of lower ones. */
#define UWSGI_ABI_MINOR 0
/* Bits that a server must know to run the plugin. None is defined yet. */
#define UWSGI_ABI_FEATURES 0
/* One byte each for major, minor and patch level. */
#define UWSGI_SDK_RELEASE 0x000100

/* -DUWSGI_ABI_TARGET=n builds for servers that offer minor n: what is newer is hidden. */
#ifndef UWSGI_ABI_TARGET
#define UWSGI_ABI_TARGET UWSGI_ABI_MINOR
#elif UWSGI_ABI_TARGET < 0 || UWSGI_ABI_TARGET > UWSGI_ABI_MINOR
#error "UWSGI_ABI_TARGET is a minor version of the ABI that this SDK knows: 0 to UWSGI_ABI_MINOR"
#endif

#define UWSGI_ABI_NOTE_OWNER "mortise"
#define UWSGI_ABI_NOTE_TYPE 1

/* The descriptor. A later minor may append members; these stay. */
struct uwsgi_abi {
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t features;
  uint32_t plugin_size;  /* sizeof(struct uwsgi_plugin) */
  uint32_t request_size; /* sizeof(struct wsgi_request) */
  uint32_t worker_size;  /* sizeof(struct uwsgi_worker) */
  uint32_t sdk_release;
};

/* Elf64_Nhdr, its name and the descriptor. Every part is a multiple of four bytes, so the notes of several
 * object files stand one after another without padding. */
struct uwsgi_abi_note {
  uint32_t name_size;
  uint32_t desc_size;
  uint32_t type;
  char name[8];
  struct uwsgi_abi abi;
};

/* clang's AddressSanitizer would append a red zone to the note; gcc's leaves named sections alone. */
#ifdef __clang__
#define UWSGI_ABI_NOTE_PLAIN , no_sanitize_address
#else
#define UWSGI_ABI_NOTE_PLAIN
#endif

/* Defines the note of this object file. The section's name makes it SHT_NOTE, which linkers never collect, so
 * `used` is enough; `retain` would make gcc warn where its assembler is older than 2.36. */
#define UWSGI_EMIT_ABI_NOTE(plugin_bytes, request_bytes, worker_bytes)                                       \
  static const struct uwsgi_abi_note uwsgi_abi_note_of_this_unit                                             \
      __attribute__((section(".note.mortise.abi"), used, aligned(4) UWSGI_ABI_NOTE_PLAIN)) = {               \
          sizeof(UWSGI_ABI_NOTE_OWNER),                                                                      \
          sizeof(struct uwsgi_abi),                                                                          \
          UWSGI_ABI_NOTE_TYPE,                                                                               \
          UWSGI_ABI_NOTE_OWNER,                                                                              \
          {UWSGI_ABI_MAJOR, UWSGI_ABI_TARGET, UWSGI_ABI_FEATURES, plugin_bytes, request_bytes, worker_bytes, \
           UWSGI_SDK_RELEASE}}
