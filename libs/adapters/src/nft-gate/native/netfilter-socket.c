/*
 * A NETLINK_NETFILTER socket of the kernel: what is sent is carried out, and answered, before the send returns (a netlink
 * message to the kernel is worked off in the sender's own system call: netlink_unicast_kernel in net/netlink/af_netlink.c).
 * So one call sends a request and takes its answers, and nothing is ever left behind to be carried out later. Messages are
 * made and read in TypeScript.
 *
 * open() -> handle                             throws an Error that says why there is none
 * exchange(handle, request, answers) -> bytes  how much of `answers` was filled, message behind message as they came; a negative
 *                                              errno: ENOBUFS when the kernel could not leave an answer, EMSGSIZE when there was no room
 *                                              for one, EBADF when it is closed, otherwise what kept the request from being sent
 * close(handle)
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <node_api.h>

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* The number that the TypeScript side expects: a binary of another version is not used. */
enum { INTERFACE_VERSION = 1 };

struct handle {
  int fd;
};

static napi_value fail(napi_env env, int error, const char *what) {
  char message[160];
  snprintf(message, sizeof message, "%s: %s", what, strerror(error));
  napi_throw_error(env, NULL, message);
  return NULL;
}

static void close_handle(struct handle *h) {
  if (h->fd >= 0) close(h->fd);
  h->fd = -1;
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_handle(data);
  free(data);
}

static struct handle *handle_of(napi_env env, napi_value value) {
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external) napi_get_value_external(env, value, &data);
  return data;
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  (void)info;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK}; /* nl_pid 0: the kernel gives it a port of its own */
  int on = 1;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0) return fail(env, errno, "socket");
  if (bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
    int error = errno;
    close(fd);
    return fail(env, error, "bind");
  }
  /* Answers without the request that they answer. Kernels before 4.3 do not know it and send both. */
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  struct handle *h = malloc(sizeof *h);
  napi_value value;
  if (!h || napi_create_external(env, h, on_collected, NULL, &value) != napi_ok) {
    close(fd);
    free(h);
    return fail(env, ENOMEM, "open");
  }
  h->fd = fd;
  return value;
}

static int send_all(int fd, const void *bytes, size_t length) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent;
  do sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : (size_t)sent == length ? 0 : EMSGSIZE;
}

/* Everything that waits, to the last: what is left would be taken for the answer to the next request. */
static int receive_all(int fd, uint8_t *into, size_t room, size_t *filled) {
  int error = 0;
  for (;;) {
    struct sockaddr_nl from = {0};
    socklen_t length = sizeof from;
    ssize_t n = recvfrom(fd, into + *filled, room - *filled, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &length);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return error;
      if (errno != ENOBUFS) return errno;
      error = ENOBUFS; /* said once; there may be more behind it */
    } else if (from.nl_pid != 0) {
      continue; /* not the kernel's */
    } else if ((size_t)n > room - *filled) {
      error = EMSGSIZE;
    } else {
      *filled += NLMSG_ALIGN((size_t)n) > room - *filled ? (size_t)n : NLMSG_ALIGN((size_t)n);
    }
  }
}

static napi_value js_exchange(napi_env env, napi_callback_info info) {
  size_t count = 3, length = 0, room = 0, filled = 0;
  napi_value arguments[3], value;
  void *request = NULL, *answers = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct handle *h = handle_of(env, arguments[0]);
  int error = 0;
  if (!h || h->fd < 0)
    error = EBADF;
  else if (napi_get_typedarray_info(env, arguments[1], NULL, &length, &request, NULL, NULL) != napi_ok ||
           napi_get_typedarray_info(env, arguments[2], NULL, &room, &answers, NULL, NULL) != napi_ok)
    error = EINVAL;
  if (!error) error = send_all(h->fd, request, length);
  if (!error) error = receive_all(h->fd, answers, room, &filled);
  napi_create_int32(env, error ? -error : (int32_t)filled, &value);
  return value;
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct handle *h = handle_of(env, argument);
  if (h) close_handle(h);
  return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {{"open", js_open}, {"exchange", js_exchange}, {"close", js_close}};
  napi_value value;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &value);
    napi_set_named_property(env, exports, functions[i].name, value);
  }
  napi_create_uint32(env, INTERFACE_VERSION, &value);
  napi_set_named_property(env, exports, "version", value);
  return exports;
}

NAPI_MODULE(netfilter_socket, init)
