/*
 * Preloaded into a program: each fsync takes SLOW_DISK_MS longer, as on a disk that turns, and is counted. The
 * processes of a program add their counts to the file SLOW_DISK_COUNT, one line each.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_long count;

static void spin_up(void) {
  const char *value = getenv("SLOW_DISK_MS");
  double ms = value == NULL ? 0 : atof(value);
  struct timespec delay = {(time_t)(ms / 1000), (long)((ms - (long)(ms / 1000) * 1000) * 1000000)};
  atomic_fetch_add(&count, 1);
  if (ms > 0) nanosleep(&delay, NULL);
}

#define SLOW(function) \
  int function(int fd) { \
    static int (*real)(int); \
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, #function); \
    spin_up(); \
    return real(fd); \
  }
SLOW(fsync)
SLOW(fdatasync)
SLOW(syncfs)

/* The commit of an exit by _exit(2) would be lost, so this one is counted too. */
static void tell(void) {
  const char *path = getenv("SLOW_DISK_COUNT");
  long n = atomic_exchange(&count, 0);
  int fd = path == NULL || n == 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  char line[32];
  if (fd < 0) return;
  (void)!write(fd, line, (size_t)snprintf(line, sizeof line, "%ld\n", n));
  close(fd);
}

__attribute__((destructor)) static void end(void) { tell(); }

void _exit(int status) {
  static void (*real)(int);
  tell();
  real = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
  real(status);
  __builtin_unreachable();
}
