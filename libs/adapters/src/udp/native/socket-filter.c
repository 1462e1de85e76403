/*
 * Filters of sockets that somebody else has opened (SO_ATTACH_FILTER, classic BPF: linux/filter.h). It takes no right.
 *
 * filterSocket(fd, program) -> null, or why not: an errno name. `program` is an array of `struct sock_filter` in a Uint8Array; null
 *   takes the filter off again.
 */
#include "original-source.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

napi_value js_filter_socket(napi_env env, napi_callback_info info) {
  size_t count = 2, length = 0;
  napi_value arguments[2], result;
  void *bytes = NULL;
  int32_t fd = -1;
  int error, none = 0;
  bool is_program;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_int32(env, arguments[0], &fd);
  napi_is_typedarray(env, arguments[1], &is_program);
  if (is_program) {
    napi_get_typedarray_info(env, arguments[1], NULL, &length, &bytes, NULL, NULL);
    struct sock_fprog program = {.len = (unsigned short)(length / sizeof(struct sock_filter)), .filter = bytes};
    error = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? errno : 0;
  } else {
    error = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) < 0 ? errno : 0;
    if (error == ENOENT) error = 0;
  }
  if (error) napi_create_string_utf8(env, name_of(error), NAPI_AUTO_LENGTH, &result);
  else napi_get_null(env, &result);
  return result;
}
