/* What original-source.c and socket-filter.c add to the module (addon.c registers it). */
#ifndef HOTSTANDBY_ORIGINAL_SOURCE_H
#define HOTSTANDBY_ORIGINAL_SOURCE_H
#define NAPI_VERSION 8
#include <node_api.h>

napi_value js_open_original(napi_env env, napi_callback_info info);
napi_value js_send_original(napi_env env, napi_callback_info info);
napi_value js_close_original(napi_env env, napi_callback_info info);
napi_value js_filter_socket(napi_env env, napi_callback_info info);

/* In words that Node uses, as far as a bind or a send meets them. */
const char *name_of(int error);

#endif
