NAME = '@NAME@'
GCC_LIST = ['@NAME@.c']
CFLAGS = ['-Wall', '-Wextra', '-Wno-missing-field-initializers']
LDFLAGS = []
LIBS = []
