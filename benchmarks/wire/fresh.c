/* What the kernel takes to bring bytes from one process to another over a Unix socketpair, into memory that nobody has touched before.
 *
 * Reads "<bytes> <up|down>" lines, answers microseconds. The child is the other end, as a worker would be: it takes `up` and gives `down`.
 * Sender: memory that is ready. Receiver: malloc, read to the end, one byte of each page looked at; for `up` a byte comes back.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void give(int fd, const char *data, long size) {
  for (long at = 0; at < size;) {
    long n = write(fd, data + at, size - at);
    if (n <= 0) exit(1);
    at += n;
  }
}

static int take(int fd, long size) {
  char *data = malloc(size);
  int sum = 0;
  for (long at = 0; at < size;) {
    long n = read(fd, data + at, size - at);
    if (n <= 0) exit(1);
    at += n;
  }
  for (long at = 0; at < size; at += 4096) sum += data[at];
  free(data);
  return sum;
}

int main(void) {
  int ends[2];
  long ask[2];
  char way[8], byte;
  volatile int seen = 0;
  /* Every large piece of memory is the kernel's again when it is freed. */
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 1;
  if (fork() == 0) {
    close(ends[0]);
    char *ready = NULL;
    long size = 0;
    while (read(ends[1], ask, sizeof ask) == sizeof ask) {
      if (size < ask[0]) {
        ready = realloc(ready, size = ask[0]);
        memset(ready, 7, size);
      }
      if (ask[1]) {
        seen += take(ends[1], ask[0]);
        give(ends[1], "x", 1);
      } else {
        give(ends[1], ready, ask[0]);
      }
    }
    return 0;
  }
  close(ends[1]);
  while (scanf("%ld %7s", &ask[0], way) == 2) {
    ask[1] = strcmp(way, "up") == 0;
    char *ready = malloc(ask[0]);
    memset(ready, 7, ask[0]);
    double start = now();
    give(ends[0], (char *)ask, sizeof ask);
    if (ask[1]) {
      give(ends[0], ready, ask[0]);
      take(ends[0], 1);
    } else {
      seen += take(ends[0], ask[0]);
    }
    printf("%.1f\n", now() - start);
    fflush(stdout);
    free(ready);
  }
  return 0;
}
