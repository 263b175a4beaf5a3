/* A program that is its own application server:
 *
 *   cc main.c $(pkg-config --cflags --libs mortise) -o my_server
 *   ./my_server 127.0.0.1:9090 ../hello/bootstrap.py
 */
#include <mortise/embed.h>

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s ADDRESS WSGI_FILE\n", argv[0]);
    return 64;
  }
  char *words[] = {argv[0], "--http-socket", argv[1], "--wsgi-file", argv[2], NULL};
  int status = uwsgi_init(5, words, NULL);
  fprintf(stderr, "the server ended with status %d\n", status);
  return status;
}
