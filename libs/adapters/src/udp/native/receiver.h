/* What the receiving thread (receive.c) and JavaScript's side (addon.c) share: one struct a socket. */
#ifndef HOTSTANDBY_RECEIVER_H
#define HOTSTANDBY_RECEIVER_H
#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
  BATCH = 32,                /* datagrams (or merged bursts of them) in a system call */
  MESSAGE_BYTES = 65536,     /* a UDP datagram is never longer */
  FRAME_HEADER = 8,
  DATAGRAM_HEADER = 20,
  ADDRESS_TEXT = 46,
  SOURCES = 512,             /* remembered senders with their addresses in words; a power of two */
  CONTROL_BYTES = 128        /* of a message: its stamp and the length of merged datagrams */
};

struct source {
  uint16_t family;
  uint8_t length;
  uint8_t address[16];
  char text[ADDRESS_TEXT];
};

struct ready {
  uint32_t slot, bytes, datagrams;
};

struct receiver {
  int fd, wake, family;
  uint16_t port;
  uint8_t kind;
  uint32_t frame_bytes, slot_bytes, ring_frames;
  int64_t frame_delay_ns, pause_ns;
  bool merge;

  pthread_t thread;
  bool running;
  pthread_mutex_t lock;
  pthread_cond_t room;
  uint8_t *ring;
  /* Last used, first taken: while JavaScript keeps up a few slots stay in the processor's cache. */
  uint32_t *spare;
  uint32_t spare_count;
  struct ready *ready;
  uint32_t ready_first, ready_count;
  uint64_t ready_bytes;

  /* `reading`: the thread holds messages that are neither in the kernel nor in a frame. */
  atomic_bool closing, called, reading;
  /* JavaScript asks for everything; the thread answers when the kernel had no more, and with how many frames that is. */
  atomic_uint asked, answered;
  atomic_ullong frames_ready, frames_handed, answered_frames;
  atomic_int failure;
  atomic_ullong datagrams, calls, waits, open_bytes;

  /* Of the thread alone. */
  uint32_t slot, size, count;
  bool filling;
  int64_t opened_ns;
  struct source *sources;
  uint8_t *scratch;
  struct mmsghdr *messages;
  struct iovec *vectors;
  struct sockaddr_storage *names;
  uint8_t *control;

  napi_env env;
  napi_threadsafe_function call;
  napi_ref on_frame;
};

/* The body of the thread; `argument` is a receiver whose socket is bound. Ends when `closing` is set, or with `failure`. */
void *receive(void *argument);

uint16_t port_of(const struct sockaddr_storage *name);

#endif
