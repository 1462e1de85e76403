/*
 * UDP receive in batches, on a thread of its own. Each socket has a thread that takes datagrams from the kernel with recvmmsg
 * and writes them, stamped, into frames as libs/core/src/frame describes them; whole frames go to JavaScript. While JavaScript
 * is busy or collects garbage the thread goes on into a bounded ring; when that is full the kernel's buffer takes what comes.
 *
 * open(options, onFrame) -> { handle, receiveBufferBytes, port }, throws an Error with `code` (EADDRINUSE, ...)
 *   options: { address, port, kind, receiveBufferBytes, frameBytes, frameDelayMs, ringFrames, merge }
 *   onFrame(frame: Buffer, datagrams: number) or onFrame(null, errno name) when the socket failed; nothing comes after that
 * handOn(handle)            everything that has arrived goes to JavaScript soon, full frame or not; `look` tells when it has
 * send(handle, bytes, address, port)
 * look(handle) -> [drops by the kernel, bytes in the kernel's buffer, bytes in the ring, datagrams read, system calls, waits for room,
 *   1 when the latest handOn is done]
 * close(handle)             reads what the kernel still holds, hands it on at once, ends the thread
 * openOriginal, sendOriginal, closeOriginal: in original-source.c
 * filterSocket: in socket-filter.c
 */
#define _GNU_SOURCE
#include "original-source.h"
#include "receiver.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* The number that the JavaScript side expects: a binary of another version is not used. */
enum { INTERFACE_VERSION = 4 };

/* Frames handed over before the event loop turns. */
enum { FRAMES_AT_A_TIME = 32 };

/* What `look` tells. */
enum { FIGURES = 7 };

static void call_back(napi_env env, napi_value callback, napi_value first, napi_value second) {
  napi_value arguments[2] = {first, second}, none, ignored;
  napi_get_undefined(env, &none);
  if (napi_call_function(env, none, callback, 2, arguments, &ignored) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
  }
}

/* True: more is ready. */
static bool hand_to(struct receiver *r, napi_env env, napi_value callback, uint32_t at_most) {
  for (uint32_t handed = 0; handed < at_most; handed++) {
    pthread_mutex_lock(&r->lock);
    bool there = r->ready_count > 0;
    struct ready one = {0, 0, 0};
    if (there) {
      one = r->ready[r->ready_first];
      r->ready_first = (r->ready_first + 1) % r->ring_frames;
      r->ready_count--;
      r->ready_bytes -= one.bytes;
    }
    pthread_mutex_unlock(&r->lock);
    if (!there) return false;
    napi_handle_scope scope;
    napi_open_handle_scope(env, &scope);
    napi_value frame = NULL, count;
    napi_create_buffer_copy(env, one.bytes, r->ring + (size_t)one.slot * r->slot_bytes, NULL, &frame);
    pthread_mutex_lock(&r->lock);
    r->spare[r->spare_count++] = one.slot;
    pthread_cond_signal(&r->room);
    pthread_mutex_unlock(&r->lock);
    atomic_fetch_add(&r->frames_handed, 1);
    napi_create_uint32(env, one.datagrams, &count);
    if (frame) call_back(env, callback, frame, count);
    napi_close_handle_scope(env, scope);
  }
  return true;
}

static void on_call(napi_env env, napi_value callback, void *context, void *data) {
  (void)data;
  struct receiver *r = context;
  atomic_store(&r->called, false);
  if (!env || !callback) return;
  if (hand_to(r, env, callback, FRAMES_AT_A_TIME)) {
    if (!atomic_exchange(&r->called, true)) napi_call_threadsafe_function(r->call, NULL, napi_tsfn_nonblocking);
    return;
  }
  int failure = atomic_exchange(&r->failure, 0);
  if (failure == 0) return;
  napi_value none, name;
  napi_get_null(env, &none);
  napi_create_string_utf8(env, strerror(failure), NAPI_AUTO_LENGTH, &name);
  call_back(env, callback, none, name);
}

static void end_thread(struct receiver *r) {
  if (!r->running) return;
  r->running = false;
  pthread_mutex_lock(&r->lock);
  atomic_store(&r->closing, true);
  pthread_cond_broadcast(&r->room);
  pthread_mutex_unlock(&r->lock);
  uint64_t one = 1;
  if (write(r->wake, &one, sizeof one) < 0) { /* It wakes by itself: a counter that is full is readable. */
  }
  pthread_join(r->thread, NULL);
}

static void free_receiver(struct receiver *r) {
  if (r->fd >= 0) close(r->fd);
  if (r->wake >= 0) close(r->wake);
  if (r->ring) munmap(r->ring, (size_t)r->slot_bytes * r->ring_frames);
  free(r->spare);
  free(r->ready);
  free(r->sources);
  free(r->scratch);
  free(r->messages);
  free(r->vectors);
  free(r->names);
  free(r->control);
  free(r);
}

/* The environment ends with a socket still open. */
static void at_exit(void *argument) {
  end_thread(argument);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)hint;
  struct receiver *r = data;
  napi_remove_env_cleanup_hook(env, at_exit, r);
  end_thread(r);
  free_receiver(r);
}

static struct receiver *receiver_of(napi_env env, napi_value value) {
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external) napi_get_value_external(env, value, &data);
  return data;
}

const char *name_of(int error) {
  switch (error) {
    case EADDRINUSE: return "EADDRINUSE";
    case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EACCES: return "EACCES";
    case EPERM: return "EPERM";
    case EINVAL: return "EINVAL";
    case EMFILE: return "EMFILE";
    case ENOMEM: return "ENOMEM";
    case EAGAIN: return "EAGAIN";
    case ENOBUFS: return "ENOBUFS";
    case EMSGSIZE: return "EMSGSIZE";
    case ENETUNREACH: return "ENETUNREACH";
    case EHOSTUNREACH: return "EHOSTUNREACH";
    default: return "EUNKNOWN";
  }
}

static napi_value fail(napi_env env, int error, const char *what) {
  char message[160];
  snprintf(message, sizeof message, "%s: %s", what, strerror(error));
  napi_throw_error(env, name_of(error), message);
  return NULL;
}

static int64_t number_in(napi_env env, napi_value object, const char *name) {
  napi_value value;
  int64_t number = 0;
  if (napi_get_named_property(env, object, name, &value) == napi_ok) napi_get_value_int64(env, value, &number);
  return number;
}

static int lookup(const char *address, uint16_t port, struct sockaddr_storage *into, socklen_t *length, int family) {
  char service[8];
  struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found;
  if (family == AF_INET6) hints.ai_flags |= AI_V4MAPPED;
  snprintf(service, sizeof service, "%u", port);
  if (getaddrinfo(address, service, &hints, &found) != 0) return EADDRNOTAVAIL;
  memcpy(into, found->ai_addr, found->ai_addrlen);
  *length = found->ai_addrlen;
  freeaddrinfo(found);
  return 0;
}

static int open_socket(struct receiver *r, const char *address, uint16_t port, int wanted_bytes, int *given_bytes) {
  struct sockaddr_storage name;
  socklen_t length;
  int error = lookup(address, port, &name, &length, AF_UNSPEC);
  if (error) return error;
  r->family = name.ss_family;
  r->fd = socket(r->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (r->fd < 0) return errno;
  int on = 1, off = 0;
  setsockopt(r->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (r->family == AF_INET6) setsockopt(r->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (r->merge) setsockopt(r->fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  /* With CAP_NET_ADMIN beyond net.core.rmem_max; the kernel doubles what is asked. */
  if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted_bytes, sizeof wanted_bytes) < 0)
    setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &wanted_bytes, sizeof wanted_bytes);
  socklen_t size = sizeof *given_bytes;
  getsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, given_bytes, &size);
  if (bind(r->fd, (struct sockaddr *)&name, length) < 0) return errno;
  length = sizeof name;
  if (getsockname(r->fd, (struct sockaddr *)&name, &length) < 0) return errno;
  r->port = port_of(&name);
  return 0;
}

static bool make_room(struct receiver *r) {
  long page = sysconf(_SC_PAGESIZE);
  uint32_t largest = FRAME_HEADER + DATAGRAM_HEADER + ADDRESS_TEXT + MESSAGE_BYTES;
  uint32_t bytes = r->frame_bytes > largest ? r->frame_bytes : largest;
  r->slot_bytes = (uint32_t)((bytes + page - 1) / page * page);
  r->ring = mmap(NULL, (size_t)r->slot_bytes * r->ring_frames, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (r->ring == MAP_FAILED) {
    r->ring = NULL;
    return false;
  }
  r->spare = calloc(r->ring_frames, sizeof *r->spare);
  r->ready = calloc(r->ring_frames, sizeof *r->ready);
  r->sources = calloc(SOURCES, sizeof *r->sources);
  r->scratch = malloc((size_t)BATCH * MESSAGE_BYTES);
  r->messages = calloc(BATCH, sizeof *r->messages);
  r->vectors = calloc(BATCH, sizeof *r->vectors);
  r->names = calloc(BATCH, sizeof *r->names);
  r->control = calloc(BATCH, CONTROL_BYTES);
  if (!r->spare || !r->ready || !r->sources || !r->scratch || !r->messages || !r->vectors || !r->names || !r->control) return false;
  for (uint32_t i = 0; i < r->ring_frames; i++) r->spare[r->spare_count++] = r->ring_frames - 1 - i;
  for (int i = 0; i < BATCH; i++) {
    r->vectors[i] = (struct iovec){r->scratch + (size_t)i * MESSAGE_BYTES, MESSAGE_BYTES};
    r->messages[i].msg_hdr = (struct msghdr){.msg_name = &r->names[i],
                                             .msg_iov = &r->vectors[i],
                                             .msg_iovlen = 1,
                                             .msg_control = r->control + (size_t)i * CONTROL_BYTES};
  }
  return true;
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], value;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_value options = arguments[0];
  char address[128] = "";
  size_t length;
  napi_get_named_property(env, options, "address", &value);
  napi_get_value_string_utf8(env, value, address, sizeof address, &length);

  struct receiver *r = calloc(1, sizeof *r);
  if (!r) return fail(env, ENOMEM, "open");
  r->fd = r->wake = -1;
  r->env = env;
  r->kind = (uint8_t)number_in(env, options, "kind");
  r->frame_bytes = (uint32_t)number_in(env, options, "frameBytes");
  r->frame_delay_ns = number_in(env, options, "frameDelayMs") * 1000000;
  r->ring_frames = (uint32_t)number_in(env, options, "ringFrames");
  if (r->ring_frames < 2) r->ring_frames = 2;
  napi_get_named_property(env, options, "merge", &value);
  napi_get_value_bool(env, value, &r->merge);
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->room, NULL);

  int given = 0;
  int error = open_socket(r, address, (uint16_t)number_in(env, options, "port"), (int)number_in(env, options, "receiveBufferBytes"), &given);
  if (!error && (r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) error = errno;
  if (!error && !make_room(r)) error = ENOMEM;
  if (error) {
    free_receiver(r);
    return fail(env, error, "bind");
  }
  /* As long as the buffer surely lasts: at 1.5 GB/s of what the kernel counts for it. */
  r->pause_ns = (int64_t)given * 2 / 3;
  if (r->pause_ns < 50000) r->pause_ns = 50000;
  if (r->pause_ns > 1000000) r->pause_ns = 1000000;
  if (r->pause_ns > r->frame_delay_ns) r->pause_ns = r->frame_delay_ns;

  napi_value name, handle, object;
  napi_create_string_utf8(env, "hotstandby udp", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, arguments[1], NULL, name, 0, 1, NULL, NULL, r, on_call, &r->call);
  napi_create_reference(env, arguments[1], 1, &r->on_frame);
  error = pthread_create(&r->thread, NULL, receive, r);
  if (error) {
    napi_release_threadsafe_function(r->call, napi_tsfn_abort);
    napi_delete_reference(env, r->on_frame);
    free_receiver(r);
    return fail(env, error, "thread");
  }
  r->running = true;
  napi_add_env_cleanup_hook(env, at_exit, r);
  napi_create_external(env, r, on_collected, NULL, &handle);
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "handle", handle);
  napi_create_int64(env, given, &value);
  napi_set_named_property(env, object, "receiveBufferBytes", value);
  napi_create_uint32(env, r->port, &value);
  napi_set_named_property(env, object, "port", value);
  return object;
}

static napi_value js_hand_on(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct receiver *r = receiver_of(env, argument);
  if (!r || !r->running) return NULL;
  atomic_fetch_add(&r->asked, 1);
  uint64_t one = 1;
  if (write(r->wake, &one, sizeof one) < 0) return NULL;
  return NULL;
}

static napi_value js_send(napi_env env, napi_callback_info info) {
  size_t count = 4, length;
  napi_value arguments[4];
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct receiver *r = receiver_of(env, arguments[0]);
  void *bytes = NULL;
  uint32_t port = 0;
  char address[128] = "";
  if (!r || r->fd < 0 || napi_get_typedarray_info(env, arguments[1], NULL, &length, &bytes, NULL, NULL) != napi_ok) return NULL;
  size_t text;
  napi_get_value_string_utf8(env, arguments[2], address, sizeof address, &text);
  napi_get_value_uint32(env, arguments[3], &port);
  struct sockaddr_storage to;
  socklen_t to_length;
  /* What the network does not take is lost. */
  if (lookup(address, (uint16_t)port, &to, &to_length, r->family) == 0)
    sendto(r->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, to_length);
  return NULL;
}

static napi_value js_look(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, list, value;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct receiver *r = receiver_of(env, argument);
  napi_create_array_with_length(env, FIGURES, &list);
  double figures[FIGURES] = {0};
  if (r) {
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof memory;
    if (r->fd >= 0 && getsockopt(r->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0) {
      figures[0] = memory[SK_MEMINFO_DROPS];
      figures[1] = memory[SK_MEMINFO_RMEM_ALLOC];
    }
    /* In the order in which datagrams go through, so that one that moves on meanwhile is seen where it comes to. */
    figures[2] = atomic_load(&r->reading) ? 1 : 0;
    figures[2] += (double)atomic_load(&r->open_bytes);
    pthread_mutex_lock(&r->lock);
    figures[2] += (double)r->ready_bytes;
    pthread_mutex_unlock(&r->lock);
    figures[3] = (double)atomic_load(&r->datagrams);
    figures[4] = (double)atomic_load(&r->calls);
    figures[5] = (double)atomic_load(&r->waits);
    figures[6] = atomic_load(&r->answered) == atomic_load(&r->asked) && atomic_load(&r->frames_handed) >= atomic_load(&r->answered_frames);
  }
  for (uint32_t i = 0; i < FIGURES; i++) {
    napi_create_double(env, figures[i], &value);
    napi_set_element(env, list, i, value);
  }
  return list;
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, callback;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct receiver *r = receiver_of(env, argument);
  if (!r || !r->running) return NULL;
  end_thread(r);
  napi_get_reference_value(env, r->on_frame, &callback);
  hand_to(r, env, callback, UINT32_MAX);
  napi_delete_reference(env, r->on_frame);
  napi_release_threadsafe_function(r->call, napi_tsfn_abort);
  close(r->fd);
  r->fd = -1;
  return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {{"open", js_open}, {"handOn", js_hand_on}, {"send", js_send}, {"look", js_look}, {"close", js_close},
                   {"openOriginal", js_open_original}, {"sendOriginal", js_send_original}, {"closeOriginal", js_close_original},
                   {"filterSocket", js_filter_socket}};
  napi_value value;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &value);
    napi_set_named_property(env, exports, functions[i].name, value);
  }
  napi_create_uint32(env, INTERFACE_VERSION, &value);
  napi_set_named_property(env, exports, "version", value);
  return exports;
}

NAPI_MODULE(udp_batch, init)
