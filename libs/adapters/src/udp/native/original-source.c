/*
 * UDP under somebody else's address: a datagram goes on with the source address and port that it came from. A raw socket lets us
 * write the UDP header, ports included; IP_TRANSPARENT lets its packets have any source address (IP_PKTINFO); the kernel makes the IP
 * header, the fragments and the way. It takes CAP_NET_RAW in the network namespace, and nothing is added to the host's addresses.
 *
 * openOriginal(address, port) -> handle, throws an Error with `code` (EPERM, ...)
 * sendOriginal(handle, bytes, sourceAddress, sourcePort) -> null, or why not: an errno name
 * closeOriginal(handle)
 */
#define _GNU_SOURCE
#include "original-source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

/* Datagrams come in bursts, and what a full buffer does not take is asked for again by JavaScript. */
enum { SEND_BUFFER = 4 * 1024 * 1024, LONGEST = 65535 };

struct original {
  int fd, family;
  uint16_t port;
  union {
    struct sockaddr plain;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } to;
  socklen_t length;
};

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct original *o = data;
  if (o->fd >= 0) close(o->fd);
  free(o);
}

static struct original *original_of(napi_env env, napi_value value) {
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external) napi_get_value_external(env, value, &data);
  return data;
}

/* A raw UDP socket would be given a copy of every datagram for this host: of none, when it is bound to the address of another
   one; and this filter throws away what comes where that is this host itself. */
static int hear_nothing(int fd) {
  struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {.len = 1, .filter = &drop};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int open_socket(struct original *o) {
  int on = 1, bytes = SEND_BUFFER;
  o->fd = socket(o->family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (o->fd < 0 || hear_nothing(o->fd) < 0) return errno;
  if (o->family == AF_INET) {
    if (setsockopt(o->fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on) < 0) return errno;
  } else {
    /* The kernel sums up: the field is 6 octets into the UDP header (RFC 3542 section 3.1). */
    int checksum_at = 6;
    if (setsockopt(o->fd, SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof on) < 0) return errno;
    if (setsockopt(o->fd, SOL_IPV6, IPV6_CHECKSUM, &checksum_at, sizeof checksum_at) < 0) return errno;
  }
  if (setsockopt(o->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(o->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return bind(o->fd, &o->to.plain, o->length) < 0 ? errno : 0;
}

napi_value js_open_original(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value arguments[2], handle;
  char address[128] = "";
  uint32_t port = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], address, sizeof address, &length);
  napi_get_value_uint32(env, arguments[1], &port);
  struct original *o = calloc(1, sizeof *o);
  int error = o ? 0 : ENOMEM;
  if (o) {
    o->fd = -1;
    o->port = (uint16_t)port;
    /* A raw socket takes no port: it is in the header that we write. */
    if (inet_pton(AF_INET, address, &o->to.four.sin_addr) == 1) {
      o->family = o->to.four.sin_family = AF_INET;
      o->length = sizeof o->to.four;
    } else {
      memset(&o->to, 0, sizeof o->to);
      error = inet_pton(AF_INET6, address, &o->to.six.sin6_addr) == 1 ? 0 : EINVAL;
      o->family = o->to.six.sin6_family = AF_INET6;
      o->length = sizeof o->to.six;
    }
    if (!error) error = open_socket(o);
  }
  if (error) {
    if (o) on_collected(env, o, NULL);
    napi_throw_error(env, name_of(error), strerror(error));
    return NULL;
  }
  napi_create_external(env, o, on_collected, NULL, &handle);
  return handle;
}

static uint32_t sum_of(uint32_t sum, const void *data, size_t length) {
  const uint8_t *at = data;
  for (; length > 1; at += 2, length -= 2) sum += (uint32_t)at[0] << 8 | at[1];
  return length > 0 ? sum + ((uint32_t)at[0] << 8) : sum;
}

/* RFC 768, with its pseudo header; zero would say that there is none. At most 65535 octets: the sum does not overflow. */
static uint16_t checksum_of(struct in_addr from, struct in_addr to, const struct udphdr *header, const void *bytes, size_t length) {
  uint32_t sum = IPPROTO_UDP + (uint32_t)(sizeof *header + length);
  sum = sum_of(sum, &from, sizeof from);
  sum = sum_of(sum, &to, sizeof to);
  sum = sum_of(sum, header, sizeof *header);
  sum = sum_of(sum, bytes, length);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  uint16_t checksum = (uint16_t)~sum;
  return checksum == 0 ? 0xffff : checksum;
}

static int send_from(struct original *o, void *bytes, size_t length, const char *address, uint16_t port) {
  if (length + sizeof(struct udphdr) > LONGEST) return EMSGSIZE;
  struct udphdr header = {.source = htons(port), .dest = htons(o->port), .len = htons((uint16_t)(length + sizeof header))};
  struct iovec parts[2] = {{&header, sizeof header}, {bytes, length}};
  union {
    struct cmsghdr first;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_name = &o->to, .msg_namelen = o->length, .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control};
  if (o->family == AF_INET) {
    struct in_pktinfo *source = (struct in_pktinfo *)CMSG_DATA(&control.first);
    if (inet_pton(AF_INET, address, &source->ipi_spec_dst) != 1) return EINVAL;
    control.first = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof *source), .cmsg_level = SOL_IP, .cmsg_type = IP_PKTINFO};
    message.msg_controllen = CMSG_SPACE(sizeof *source);
    header.check = htons(checksum_of(source->ipi_spec_dst, o->to.four.sin_addr, &header, bytes, length));
  } else {
    struct in6_pktinfo *source = (struct in6_pktinfo *)CMSG_DATA(&control.first);
    if (inet_pton(AF_INET6, address, &source->ipi6_addr) != 1) return EINVAL;
    control.first = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof *source), .cmsg_level = SOL_IPV6, .cmsg_type = IPV6_PKTINFO};
    message.msg_controllen = CMSG_SPACE(sizeof *source);
  }
  return sendmsg(o->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

napi_value js_send_original(napi_env env, napi_callback_info info) {
  size_t count = 4, length = 0, text;
  napi_value arguments[4], result;
  void *bytes = NULL;
  char address[128] = "";
  uint32_t port = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct original *o = original_of(env, arguments[0]);
  int error = EBADF;
  if (o && o->fd >= 0 && napi_get_typedarray_info(env, arguments[1], NULL, &length, &bytes, NULL, NULL) == napi_ok) {
    napi_get_value_string_utf8(env, arguments[2], address, sizeof address, &text);
    napi_get_value_uint32(env, arguments[3], &port);
    error = send_from(o, bytes, length, address, (uint16_t)port);
  }
  if (error) napi_create_string_utf8(env, name_of(error), NAPI_AUTO_LENGTH, &result);
  else napi_get_null(env, &result);
  return result;
}

napi_value js_close_original(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct original *o = original_of(env, argument);
  if (!o || o->fd < 0) return NULL;
  close(o->fd);
  o->fd = -1;
  return NULL;
}
