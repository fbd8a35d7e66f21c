/*
 * A wire between two network namespaces: a TUN device in ours, another in the one named by the second argument, and
 * every packet handed on a fixed time after it came, in both directions. Connection set-up and slow start are the
 * kernel's own, so they take as long as over a real distance. Bandwidth is what the machine can copy.
 *
 *   delay-line DEVICE NAMESPACE-FILE
 *
 * Reads lines from standard input: a number sets the round trip in milliseconds, "octets" answers with the octets
 * carried so far to and from the other namespace, without the headers of IP and TCP. Ends with its input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET = 2048, SLOTS = 1 << 16 };

struct packet {
  uint64_t due;
  int length;
  unsigned char octets[PACKET];
};

struct direction {
  int from, to;
  struct packet *slots;
  unsigned head, tail;
  unsigned long long payload;
};

static uint64_t half_trip;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_device(const char *name) {
  struct ifreq request;
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
    perror(name);
    exit(1);
  }
  return fd;
}

static int payload(const unsigned char *p, int length) {
  if (length < 40 || p[0] >> 4 != 4 || p[9] != 6) return 0;
  int ip = (p[0] & 15) * 4;
  return length - ip - (p[ip + 12] >> 4) * 4;
}

static void take(struct direction *d) {
  while (d->head - d->tail < SLOTS) {
    struct packet *slot = &d->slots[d->head % SLOTS];
    ssize_t length = read(d->from, slot->octets, PACKET);
    if (length <= 0) return;
    slot->length = (int)length;
    slot->due = now() + half_trip;
    d->payload += (unsigned long long)payload(slot->octets, (int)length);
    d->head++;
  }
}

static void hand_on(struct direction *d) {
  while (d->tail != d->head) {
    struct packet *slot = &d->slots[d->tail % SLOTS];
    if (slot->due > now()) return;
    if (write(d->to, slot->octets, (size_t)slot->length) < 0 && errno == EAGAIN) return;
    d->tail++;
  }
}

static void obey(void) {
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
  if (line[0] >= '0' && line[0] <= '9') half_trip = (uint64_t)(atof(line) * 500000);
}

int main(int count, char **words) {
  static struct direction there, back;
  if (count != 3) return 2;
  int near = open_device(words[1]);
  int space = open(words[2], O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) {
    perror(words[2]);
    return 1;
  }
  int far = open_device(words[1]);
  there.from = back.to = near;
  there.to = back.from = far;
  there.slots = calloc(SLOTS, sizeof(struct packet));
  back.slots = calloc(SLOTS, sizeof(struct packet));
  if (there.slots == NULL || back.slots == NULL) return 1;
  setvbuf(stdin, NULL, _IONBF, 0);
  puts("ready");
  fflush(stdout);
  for (;;) {
    uint64_t next = UINT64_MAX, at = now();
    if (there.tail != there.head) next = there.slots[there.tail % SLOTS].due;
    if (back.tail != back.head && back.slots[back.tail % SLOTS].due < next)
      next = back.slots[back.tail % SLOTS].due;
    uint64_t wait = next == UINT64_MAX ? 1000000000u : next > at ? next - at : 0;
    struct timespec patience = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
    struct pollfd fds[] = {{near, POLLIN, 0}, {far, POLLIN, 0}, {0, POLLIN, 0}};
    ppoll(fds, 3, &patience, NULL);
    take(&there);
    take(&back);
    hand_on(&there);
    hand_on(&back);
    if (fds[2].revents & (POLLIN | POLLHUP)) {
      obey();
      printf("%llu %llu\n", there.payload, back.payload);
      fflush(stdout);
    }
  }
}
