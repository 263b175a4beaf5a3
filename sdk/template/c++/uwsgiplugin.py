NAME = '@NAME@'
GCC_LIST = ['@NAME@.cpp']
CFLAGS = ['-Wall', '-Wextra', '-Wno-missing-field-initializers']
LDFLAGS = []
LIBS = []
