/* The thread: from the kernel into frames, stamped; whole frames and old ones are made ready for JavaScript. */
#define _GNU_SOURCE
#include "receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* A datagram's stamp is the kernel's, but no older than this when it is read: whoever takes over counts on that. */
static const int64_t oldest_stamp_ms = 500;

static int64_t now_ns(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static uint8_t *put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
  return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
  return at + 4;
}

static uint8_t *put_double(uint8_t *at, double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  bits = __builtin_bswap64(bits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  memcpy(&bits, &value, 8);
#endif
  memcpy(at, &bits, 8);
  return at + 8;
}

/* The sender as records name it: IPv4 in its own form also on a socket of both families, no zone. */
static const struct source *source_of(struct receiver *r, const struct sockaddr_storage *name) {
  uint8_t address[16] = {0};
  uint16_t family = AF_INET;
  if (name->ss_family == AF_INET6) {
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)name)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in6)) memcpy(address, in6->s6_addr + 12, 4);
    else {
      family = AF_INET6;
      memcpy(address, in6->s6_addr, 16);
    }
  } else {
    memcpy(address, &((const struct sockaddr_in *)name)->sin_addr, 4);
  }
  uint64_t parts[2];
  memcpy(parts, address, 16);
  uint64_t hash = (parts[0] ^ (parts[1] * 0x9e3779b97f4a7c15ull)) * 0xff51afd7ed558ccdull;
  struct source *source = &r->sources[(hash >> 40) & (SOURCES - 1)];
  if (source->family != family || memcmp(source->address, address, 16) != 0) {
    source->family = family;
    memcpy(source->address, address, 16);
    inet_ntop(family, address, source->text, sizeof source->text);
    source->length = (uint8_t)strlen(source->text);
  }
  return source;
}

uint16_t port_of(const struct sockaddr_storage *name) {
  return ntohs(name->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)name)->sin6_port
                                           : ((const struct sockaddr_in *)name)->sin_port);
}

/* One call to JavaScript is enough for everything that is ready until it comes. */
static void call_javascript(struct receiver *r) {
  if (!atomic_exchange(&r->called, true)) napi_call_threadsafe_function(r->call, NULL, napi_tsfn_nonblocking);
}

static void hand_on_frame(struct receiver *r) {
  if (!r->filling || r->count == 0) return;
  uint8_t *frame = r->ring + (size_t)r->slot * r->slot_bytes;
  frame[0] = 0xd6;
  frame[1] = 1;
  put16(frame + 2, 0);
  put32(frame + 4, r->count);
  pthread_mutex_lock(&r->lock);
  r->ready[(r->ready_first + r->ready_count) % r->ring_frames] = (struct ready){r->slot, r->size, r->count};
  r->ready_count++;
  r->ready_bytes += r->size;
  atomic_fetch_add(&r->frames_ready, 1);
  pthread_mutex_unlock(&r->lock);
  atomic_store(&r->open_bytes, 0);
  r->filling = false;
  if (!atomic_load(&r->closing)) call_javascript(r);
}

/* False: the ring is full and nobody will empty it. */
static bool take_slot(struct receiver *r) {
  pthread_mutex_lock(&r->lock);
  if (r->spare_count == 0) atomic_fetch_add(&r->waits, 1);
  while (r->spare_count == 0 && !atomic_load(&r->closing)) pthread_cond_wait(&r->room, &r->lock);
  bool there = r->spare_count > 0;
  if (there) r->slot = r->spare[--r->spare_count];
  pthread_mutex_unlock(&r->lock);
  if (!there) return false;
  r->filling = true;
  r->size = FRAME_HEADER;
  r->count = 0;
  r->opened_ns = now_ns(CLOCK_MONOTONIC);
  return true;
}

static bool add(struct receiver *r, const struct source *source, uint16_t port, double stamp_ms, const uint8_t *bytes, uint32_t length) {
  uint32_t header = DATAGRAM_HEADER + source->length;
  if (r->filling && r->count > 0 && r->size + header + length > r->frame_bytes) hand_on_frame(r);
  if (!r->filling && !take_slot(r)) return false;
  uint8_t *at = r->ring + (size_t)r->slot * r->slot_bytes + r->size;
  at = put16(at, header);
  *at++ = r->kind;
  *at++ = source->length;
  at = put16(at, port);
  at = put16(at, r->port);
  at = put_double(at, stamp_ms);
  at = put32(at, length);
  memcpy(at, source->text, source->length);
  memcpy(at + source->length, bytes, length);
  r->size += header + length;
  r->count++;
  return true;
}

static bool add_message(struct receiver *r, int index, int64_t wall_ms) {
  struct msghdr *message = &r->messages[index].msg_hdr;
  uint32_t length = r->messages[index].msg_len;
  int64_t stamp_ms = wall_ms;
  uint32_t piece = length;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec at;
      memcpy(&at, CMSG_DATA(c), sizeof at);
      stamp_ms = (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment;
      memcpy(&segment, CMSG_DATA(c), sizeof segment);
      if (segment > 0) piece = (uint32_t)segment;
    }
  }
  if (stamp_ms > wall_ms || stamp_ms < wall_ms - oldest_stamp_ms) stamp_ms = stamp_ms > wall_ms ? wall_ms : wall_ms - oldest_stamp_ms;
  const struct source *source = source_of(r, &r->names[index]);
  uint16_t port = port_of(&r->names[index]);
  const uint8_t *bytes = r->scratch + (size_t)index * MESSAGE_BYTES;
  uint32_t offset = 0;
  do {
    uint32_t rest = length - offset;
    uint32_t part = rest < piece ? rest : piece;
    if (!add(r, source, port, (double)stamp_ms, bytes + offset, part)) return false;
    atomic_fetch_add_explicit(&r->datagrams, 1, memory_order_relaxed);
    offset += part;
  } while (offset < length);
  return true;
}

/* How many messages were read; 0: nothing is there; -1: the socket, or the ring at the end, takes no more. */
static int read_messages(struct receiver *r) {
  for (int i = 0; i < BATCH; i++) {
    r->messages[i].msg_hdr.msg_namelen = sizeof(struct sockaddr_storage);
    r->messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
  }
  atomic_store(&r->reading, true);
  int n = recvmmsg(r->fd, r->messages, BATCH, MSG_DONTWAIT, NULL);
  atomic_fetch_add_explicit(&r->calls, 1, memory_order_relaxed);
  if (n < 0) {
    /* An ICMP answer to something that was sent from here is no fault of the socket. */
    if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH ||
        errno == ENOBUFS || errno == ENOMEM)
      return 0;
    atomic_store(&r->failure, errno);
    return -1;
  }
  int64_t wall_ms = now_ns(CLOCK_REALTIME) / 1000000;
  for (int i = 0; i < n; i++)
    if (!add_message(r, i, wall_ms)) return -1;
  if (r->filling) atomic_store(&r->open_bytes, r->size);
  return n;
}

static int read_batch(struct receiver *r) {
  int n = read_messages(r);
  atomic_store(&r->reading, false);
  return n;
}

static void hand_on_what_is_due(struct receiver *r, uint32_t asked, bool kernel_is_empty) {
  bool answers = kernel_is_empty && asked != atomic_load(&r->answered);
  if (r->filling && r->count > 0 && (answers || now_ns(CLOCK_MONOTONIC) - r->opened_ns >= r->frame_delay_ns)) hand_on_frame(r);
  if (!answers) return;
  atomic_store(&r->answered_frames, atomic_load(&r->frames_ready));
  atomic_store(&r->answered, asked);
}

static void wait_for_datagrams(struct receiver *r) {
  struct pollfd fds[2] = {{.fd = r->fd, .events = POLLIN}, {.fd = r->wake, .events = POLLIN}};
  struct timespec limit, *timeout = NULL;
  if (r->filling && r->count > 0) {
    int64_t left = r->opened_ns + r->frame_delay_ns - now_ns(CLOCK_MONOTONIC);
    if (left < 0) left = 0;
    limit = (struct timespec){left / 1000000000, left % 1000000000};
    timeout = &limit;
  }
  ppoll(fds, 2, timeout, NULL);
  if (fds[1].revents & POLLIN) {
    uint64_t ignored;
    if (read(r->wake, &ignored, sizeof ignored) < 0) return;
  }
}

void *receive(void *argument) {
  struct receiver *r = argument;
  while (!atomic_load(&r->closing)) {
    uint32_t asked = atomic_load(&r->asked);
    int n = read_batch(r);
    if (n < 0) break;
    hand_on_what_is_due(r, asked, n < BATCH);
    if (n == BATCH) continue;
    if (n > 0) {
      /* More will come. A short pause makes large batches out of single datagrams; the kernel's buffer holds them. */
      struct timespec pause = {0, r->pause_ns};
      nanosleep(&pause, NULL);
    } else {
      wait_for_datagrams(r);
    }
  }
  if (atomic_load(&r->failure) == 0) {
    int64_t until = now_ns(CLOCK_MONOTONIC) + 50000000;
    while (read_batch(r) > 0 && now_ns(CLOCK_MONOTONIC) < until) continue;
  }
  hand_on_frame(r);
  if (atomic_load(&r->failure) != 0) call_javascript(r);
  return NULL;
}
