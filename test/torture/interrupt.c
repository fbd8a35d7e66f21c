/*
 * Preloaded into the built program: counts, over all threads, the calls that change a file below a folder or send
 * to a server, and does something at the n-th one: the process is killed before it happens, or it fails. Unlike
 * the counters of strace, which are per thread and per call, this one counts everything in the order it happens.
 *
 *   INTERRUPT_FOLDER  counts calls on paths below it, and on sockets
 *   INTERRUPT_AT      acts at the n-th of them; 0 never
 *   INTERRUPT_HOW     "kill": SIGKILL; "torn": the same, but half of what the call was to write is written;
 *                     "full": from then on everything that needs room fails with ENOSPC; "short": only that call
 *                     fails so, with half of it written; "fsync": that call, if it is an fsync, fails with EIO;
 *                     "io": that call fails with EIO, whatever it is; "dead": it and all that come after it do
 *   INTERRUPT_LOG     one line for each call counted: its number, its name, what it is about
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What a call does to the disk, or that it is no call to the disk. */
enum kind { NEEDS_ROOM, SYNCS, FREES, SENDS };

static char folder[PATH_MAX];
static size_t folder_length;
static long at;
static enum { KILL, TORN, FULL, SHORT, FSYNC, IO, DEAD } how;
static int log_fd = -1;
static atomic_long count;

/* The write that this thread is about to do, if it is one at an offset. */
static _Thread_local struct {
  int fd;
  const void *data;
  size_t octets;
  off_t offset;
} writing;

__attribute__((constructor)) static void begin(void) {
  const char *value = getenv("INTERRUPT_FOLDER");
  if (value != NULL && realpath(value, folder) != NULL) folder_length = strlen(folder);
  value = getenv("INTERRUPT_AT");
  at = value == NULL ? 0 : atol(value);
  value = getenv("INTERRUPT_HOW");
  if (value != NULL && strcmp(value, "torn") == 0) how = TORN;
  if (value != NULL && strcmp(value, "full") == 0) how = FULL;
  if (value != NULL && strcmp(value, "short") == 0) how = SHORT;
  if (value != NULL && strcmp(value, "fsync") == 0) how = FSYNC;
  if (value != NULL && strcmp(value, "io") == 0) how = IO;
  if (value != NULL && strcmp(value, "dead") == 0) how = DEAD;
  value = getenv("INTERRUPT_LOG");
  if (value != NULL)
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* What the program starts itself is left alone. */
  unsetenv("LD_PRELOAD");
}

/* Whether the call is to fail; errno is set then. */
static int interrupted(enum kind kind, const char *name, const char *path) {
  long n = atomic_fetch_add(&count, 1) + 1;
  if (log_fd >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", n, name, path);
    if (length > 0) (void)!syscall(SYS_write, log_fd, line, (size_t)length);
  }
  if (at == 0 || n < at) return 0;
  if ((how == TORN || how == SHORT) && n == at && writing.octets > 1)
    (void)!syscall(SYS_pwrite64, writing.fd, writing.data, writing.octets / 2, writing.offset);
  if ((how == KILL || how == TORN) && n == at) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  if (how == FSYNC && kind == SYNCS && n == at) {
    errno = EIO;
    return 1;
  }
  if (kind != SENDS && (how == DEAD || (how == IO && n == at))) {
    errno = EIO;
    return 1;
  }
  if (kind == NEEDS_ROOM && (how == FULL || (how == SHORT && n == at))) {
    errno = ENOSPC;
    return 1;
  }
  return 0;
}

static int by_path(enum kind kind, const char *name, const char *path) {
  char absolute[PATH_MAX * 2];
  if (folder_length == 0 || path == NULL) return 0;
  if (path[0] != '/') {
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL) return 0;
    snprintf(absolute, sizeof absolute, "%s/%s", cwd, path);
    path = absolute;
  }
  if (strncmp(path, folder, folder_length) != 0 || path[folder_length] != '/') return 0;
  return interrupted(kind, name, path + folder_length + 1);
}

static int by_file(enum kind kind, const char *name, int fd) {
  char link[64], path[PATH_MAX];
  if (folder_length == 0 || fd <= 2 || fd == log_fd) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  if (kind == NEEDS_ROOM && strncmp(path, "socket:", 7) == 0) return interrupted(SENDS, name, "socket");
  if (strncmp(path, folder, folder_length) != 0 || path[folder_length] != '/') return 0;
  return interrupted(kind, name, path + folder_length + 1);
}


#define ON_FILE(type, function, kind, types, parameters, arguments) \
  type function parameters { \
    static type(*real) types; \
    if (real == NULL) real = (type(*) types)dlsym(RTLD_NEXT, #function); \
    if (by_file(kind, #function, fd)) return -1; \
    return real arguments; \
  }

#define ON_PATH(function, kind, types, parameters, arguments) \
  int function parameters { \
    static int(*real) types; \
    if (real == NULL) real = (int(*) types)dlsym(RTLD_NEXT, #function); \
    if (by_path(kind, #function, path)) return -1; \
    return real arguments; \
  }

ON_FILE(ssize_t, write, NEEDS_ROOM, (int, const void *, size_t), (int fd, const void *data, size_t octets),
        (fd, data, octets))
ON_FILE(ssize_t, writev, NEEDS_ROOM, (int, const struct iovec *, int), (int fd, const struct iovec *data, int parts),
        (fd, data, parts))
ON_FILE(int, fsync, SYNCS, (int), (int fd), (fd))
ON_FILE(int, fdatasync, SYNCS, (int), (int fd), (fd))
ON_FILE(int, ftruncate, FREES, (int, off_t), (int fd, off_t octets), (fd, octets))
ON_FILE(int, ftruncate64, FREES, (int, off64_t), (int fd, off64_t octets), (fd, octets))
ON_PATH(rename, NEEDS_ROOM, (const char *, const char *), (const char *from, const char *path), (from, path))
ON_PATH(link, NEEDS_ROOM, (const char *, const char *), (const char *from, const char *path), (from, path))
ON_PATH(unlink, FREES, (const char *), (const char *path), (path))
ON_PATH(mkdir, NEEDS_ROOM, (const char *, mode_t), (const char *path, mode_t mode), (path, mode))

#define AT_OFFSET(function, offset_type) \
  ssize_t function(int fd, const void *data, size_t octets, offset_type offset) { \
    static ssize_t (*real)(int, const void *, size_t, offset_type); \
    if (real == NULL) real = (ssize_t(*)(int, const void *, size_t, offset_type))dlsym(RTLD_NEXT, #function); \
    writing.fd = fd; \
    writing.data = data; \
    writing.octets = octets; \
    writing.offset = offset; \
    int fails = by_file(NEEDS_ROOM, #function, fd); \
    writing.octets = 0; \
    return fails ? -1 : real(fd, data, octets, offset); \
  }
AT_OFFSET(pwrite, off_t)
AT_OFFSET(pwrite64, off64_t)

/* What is torn is the first piece. */
#define PIECES_AT_OFFSET(function, offset_type) \
  ssize_t function(int fd, const struct iovec *pieces, int count, offset_type offset) { \
    static ssize_t (*real)(int, const struct iovec *, int, offset_type); \
    if (real == NULL) real = (ssize_t(*)(int, const struct iovec *, int, offset_type))dlsym(RTLD_NEXT, #function); \
    writing.fd = fd; \
    writing.data = pieces[0].iov_base; \
    writing.octets = pieces[0].iov_len; \
    writing.offset = offset; \
    int fails = by_file(NEEDS_ROOM, #function, fd); \
    writing.octets = 0; \
    return fails ? -1 : real(fd, pieces, count, offset); \
  }
PIECES_AT_OFFSET(pwritev, off_t)
PIECES_AT_OFFSET(pwritev64, off64_t)

static int opens(const char *name, const char *path, int flags) {
  return (flags & O_CREAT) != 0 && by_path(NEEDS_ROOM, name, path);
}

#define OPEN(function) \
  int function(const char *path, int flags, ...) { \
    static int (*real)(const char *, int, ...); \
    if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #function); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    if (opens(#function, path, flags)) return -1; \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
