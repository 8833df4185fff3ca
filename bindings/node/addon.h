/* SPDX-License-Identifier: MIT */
/* bindings/node/addon.h - what the parts of the addon share: environments, kits in their loop, operations. */
#ifndef AIKIT_BINDINGS_NODE_ADDON_H
#define AIKIT_BINDINGS_NODE_ADDON_H

#define NAPI_VERSION 8
#include <aikit.h>

#include <node_api.h>
#include <stdbool.h>

typedef struct instance instance;   /* an environment: the main thread's, or a worker's */
typedef struct kit kit;             /* a kit, its runtime, and the handle that watches it in the loop */
typedef struct operation operation; /* from its start until JavaScript has heard of its end */

/* What JavaScript hears of an operation: an event, or its end. */
typedef struct note {
    struct note* next;
    operation* about;
    int32_t status; /* of the end; EVENT for an event */
    size_t text_size, error_size, detail_size;
    char text[]; /* the event or the result; the error as JSON; the remote side's words */
} note;

enum { EVENT = -1 };

struct instance {
    napi_env env;
    napi_ref deliver; /* the one function of JavaScript that is called */
    operation** slots;
    uint32_t slot_count, slot_free; /* slot_free: none below it is free */
    kit* kits;
    unsigned holders;
};

struct kit {
    instance* owner;
    aikit_runtime* runtime;
    aikit_kit* handle;
    void* poll; /* uv_poll_t of the runtime's wait handle; keeps the loop alive while operations run */
    napi_async_cleanup_hook_handle hook;
    note *first, *last;
    kit *before, *after;
    unsigned holders, running, in_pool;   /* in_pool: calls that wait on other threads */
    bool ended, closed, torn, delivering; /* torn: the environment ends, and no JavaScript runs any more */
};

struct operation {
    kit* owner;
    aikit_op* handle; /* NULL for a flush or close */
    uint32_t slot;
    bool vectors;
    note* end; /* made beforehand: the end is told also when there is no memory left */
};

/* ---- loop.c ---- */

/* Opens a kit whose callbacks run in the loop of this environment. On failure NULL, with the status; with AIKIT_OK
 * there it is Node that refused. */
kit* kit_open(instance* owner, char const* config, size_t config_size, char const* threads, size_t threads_size,
              aikit_key_cb keys, void* user, aikit_status* status, aikit_error** error);

/* Ends it here and now: what runs is cancelled and told. */
void kit_end(kit* ending);

/* Writes what it has recorded on a thread of the pool, and closes it when that is said; the operation ends when that is
 * done. False: Node refused, or there is no memory. */
bool kit_write(kit* written, operation* told, bool closing);

void kit_release(kit* released);

void instance_release(instance* released);

operation* operation_new(kit* owner, bool vectors);
void operation_free(operation* ended);

void on_event(void* user, char const* event, size_t size);
void on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error);

/* ---- addon.c ---- */

/* Tells JavaScript. False: it can hear nothing any more. */
bool tell(instance* in, note const* told);

#endif /* AIKIT_BINDINGS_NODE_ADDON_H */
