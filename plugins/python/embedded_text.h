// Text of a file as part of the plugin: there is no file to install or to lose.
#pragma once

// Declares `const char symbol[]`, the file's contents with a NUL behind them. At namespace scope, once a
// symbol.
#define MORTISE_EMBEDDED_TEXT(symbol, file) \
  asm(".pushsection .rodata\n"              \
      ".globl " #symbol                     \
      "\n"                                  \
      ".hidden " #symbol "\n" #symbol       \
      ":\n"                                 \
      ".incbin \"" file                     \
      "\"\n"                                \
      ".byte 0\n"                           \
      ".popsection\n");                     \
  extern "C" __attribute__((visibility("hidden"))) const char symbol[]
