/* SPDX-License-Identifier: MIT */
/* tests/bindings/node/probe.c - an addon that tells whose OpenSSL is whose, in the process it is loaded into. */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <dlfcn.h>
#include <node_api.h>
#include <stddef.h>

static napi_value text_of(napi_env env, char const* text) {
    napi_value out = NULL;
    if (text != NULL) (void)napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &out);
    return out;
}

/* The file of an address. */
static char const* file_of(void* address) {
    Dl_info info;
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fname : NULL;
}

/* fileOf(name): where the process at large finds a function. */
static napi_value file_of_name(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1];
    char name[256] = "";
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return NULL;
    if (napi_get_value_string_utf8(env, given[0], name, sizeof name, NULL) != napi_ok) return NULL;
    return text_of(env, file_of(dlsym(RTLD_DEFAULT, name)));
}

/* The address of what is `offset` bytes into the library with aikit_version, which must be loaded. */
static void* inside(napi_env env, napi_value library, napi_value offset) {
    char path[4096] = "";
    int64_t bytes = 0;
    Dl_info info;
    if (napi_get_value_string_utf8(env, library, path, sizeof path, NULL) != napi_ok) return NULL;
    if (napi_get_value_int64(env, offset, &bytes) != napi_ok) return NULL;
    void* const handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    void* const ours = handle != NULL ? dlsym(handle, "aikit_version") : NULL;
    return ours != NULL && dladdr(ours, &info) != 0 ? (char*)info.dli_fbase + bytes : NULL;
}

/* fileAt(library, offset): the file of what is that many bytes into a loaded library. */
static napi_value file_at(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value given[2];
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return NULL;
    return text_of(env, file_of(inside(env, given[0], given[1])));
}

NAPI_MODULE_INIT() {
    static struct {
        char const* name;
        napi_callback function;
    } const functions[] = {{"fileOf", file_of_name}, {"fileAt", file_at}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; ++i) {
        napi_value value;
        if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &value) !=
                napi_ok ||
            napi_set_named_property(env, exports, functions[i].name, value) != napi_ok) {
            return NULL;
        }
    }
    return exports;
}
