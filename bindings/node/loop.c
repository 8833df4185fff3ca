/* SPDX-License-Identifier: MIT */
/* bindings/node/loop.c - kits in Node's loop: their callbacks are run by it, and end with it.
 *
 * A kit's runtime keeps its callbacks until aikit_runtime_dispatch; its wait handle is watched by the loop of the
 * environment that opened it. So all of this runs on that environment's thread, and no other thread ever calls into
 * Node: there is no thread-safe function that could outlive its environment. Callbacks only take notes; JavaScript is
 * told after dispatch has returned, so that it may do anything, ending the process included.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* What is used of libuv, whose binary interface is stable throughout version 1 (docs.libuv.org, "Upgrading"). Declared
 * here since its header does not come with node-api-headers. */
typedef void (*uv_poll_cb)(void* handle, int status, int events);
int uv_poll_init(struct uv_loop_s* loop, void* handle, int fd);
int uv_poll_start(void* handle, int events, uv_poll_cb callback);
int uv_poll_stop(void* handle);
void uv_close(void* handle, void (*closed)(void* handle));
void uv_ref(void* handle);
void uv_unref(void* handle);
size_t uv_handle_size(int type);
void uv_handle_set_data(void* handle, void* data);
void* uv_handle_get_data(void const* handle);
int uv_queue_work(struct uv_loop_s* loop, void* request, void (*work)(void* request),
                  void (*after)(void* request, int status));
size_t uv_req_size(int type);
void uv_req_set_data(void* request, void* data);
void* uv_req_get_data(void const* request);
enum { POLL_HANDLE = 8, WORK_REQUEST = 7, READABLE = 1 };

/* ---- operations ---- */

void instance_release(instance* released) {
    if (--released->holders > 0) return;
    free(released->slots);
    free(released);
}

static bool slot_for(instance* in, operation* op) {
    uint32_t slot = in->slot_free;
    while (slot < in->slot_count && in->slots[slot] != NULL) ++slot;
    if (slot == in->slot_count) {
        uint32_t const count = in->slot_count > 0 ? 2 * in->slot_count : 16;
        operation** const slots = realloc(in->slots, count * sizeof *slots);
        if (slots == NULL) return false;
        memset(slots + in->slot_count, 0, (count - in->slot_count) * sizeof *slots);
        in->slots = slots;
        in->slot_count = count;
    }
    in->slots[slot] = op;
    in->slot_free = slot + 1;
    op->slot = slot;
    return true;
}

operation* operation_new(kit* owner, bool vectors) {
    operation* const op = calloc(1, sizeof *op);
    if (op == NULL) return NULL;
    op->end = calloc(1, sizeof *op->end);
    op->owner = owner;
    op->vectors = vectors;
    if (op->end == NULL || !slot_for(owner->owner, op)) {
        free(op->end);
        free(op);
        return NULL;
    }
    ++owner->holders;
    if (owner->running++ == 0 && !owner->ended) uv_ref(owner->poll);
    return op;
}

void operation_free(operation* ended) {
    kit* const owner = ended->owner;
    instance* const in = owner->owner;
    aikit_op_free(ended->handle);
    in->slots[ended->slot] = NULL;
    if (ended->slot < in->slot_free) in->slot_free = ended->slot;
    if (--owner->running == 0 && !owner->ended) uv_unref(owner->poll);
    free(ended->end);
    free(ended);
    kit_release(owner);
}

/* ---- notes ---- */

static void take_note(kit* of, note* taken) {
    taken->next = NULL;
    if (of->last != NULL) {
        of->last->next = taken;
    } else {
        of->first = taken;
    }
    of->last = taken;
}

static note* next_note(kit* of) {
    note* const next = of->first;
    if (next == NULL) return NULL;
    of->first = next->next;
    if (of->first == NULL) of->last = NULL;
    return next;
}

void on_event(void* user, char const* event, size_t size) {
    operation* const op = user;
    note* const taken = malloc(sizeof *taken + size);
    if (taken == NULL) {
        aikit_op_cancel(op->handle); /* the end tells why */
        op->end->status = AIKIT_E_OUT_OF_MEMORY;
        return;
    }
    *taken = (note){.about = op, .status = EVENT, .text_size = size};
    memcpy(taken->text, event, size);
    take_note(op->owner, taken);
}

void on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    operation* const op = user;
    aikit_bytes json = {NULL, 0};
    char const* const detail = error != NULL ? aikit_error_remote_detail(error) : "";
    size_t const detail_size = strlen(detail);
    if (error != NULL) (void)aikit_error_json(error, &json, NULL); /* without memory for it the status tells enough */
    note* end = op->end;
    if (end->status == AIKIT_OK) end = malloc(sizeof *end + size + json.size + detail_size);
    if (end == NULL || end == op->end) {
        end = op->end;
        end->status = AIKIT_E_OUT_OF_MEMORY;
    } else {
        *end = (note){.status = status, .text_size = size, .error_size = json.size, .detail_size = detail_size};
        if (size > 0) memcpy(end->text, result, size);
        if (json.size > 0) memcpy(end->text + size, json.data, json.size);
        if (detail_size > 0) memcpy(end->text + size + json.size, detail, detail_size);
        free(op->end);
        op->end = end;
    }
    aikit_bytes_free(&json);
    end->about = op;
    take_note(op->owner, end);
}

/* Tells what was noted; with `quiet` it is only put away. */
static void deliver(kit* of, bool quiet) {
    if (of->delivering) return; /* the call that is in there goes on with it */
    of->delivering = true;
    ++of->holders;
    note* told;
    while ((told = next_note(of)) != NULL) {
        quiet = quiet || of->torn;
        if (!quiet) quiet = !tell(of->owner, told);
        if (told->status == EVENT) {
            free(told);
        } else {
            operation_free(told->about);
        }
    }
    of->delivering = false;
    kit_release(of);
}

/* ---- kits ---- */

void kit_release(kit* released) {
    if (--released->holders > 0) return;
    instance_release(released->owner);
    free(released->poll);
    free(released);
}

static void on_readable(void* handle, int status, int events) {
    kit* const of = uv_handle_get_data(handle);
    (void)status; /* an error of the descriptor shows in dispatch as well */
    (void)events;
    (void)aikit_runtime_dispatch(of->runtime, NULL, NULL);
    deliver(of, false);
}

/* Nothing of it is in the loop any more: the environment may end. */
static void leave_loop(kit* of) {
    if (!of->closed || of->in_pool > 0) return;
    (void)napi_remove_async_cleanup_hook(of->hook);
    kit_release(of);
}

static void on_closed(void* handle) {
    kit* const of = uv_handle_get_data(handle);
    of->closed = true;
    leave_loop(of);
}

static void end_runtime(kit* of) {
    aikit_runtime_free(of->runtime);
    uv_close(of->poll, on_closed);
    if (of->before != NULL) of->before->after = of->after;
    if (of->after != NULL) of->after->before = of->before;
    if (of->owner->kits == of) of->owner->kits = of->after;
    deliver(of, of->torn);
}

void kit_end(kit* ending) {
    if (ending->ended) return;
    ending->ended = true;
    (void)uv_poll_stop(ending->poll);
    aikit_kit_free(ending->handle);
    end_runtime(ending);
}

/* A call that waits on a thread of Node's pool. */
typedef struct waiting {
    void* request; /* uv_work_t */
    operation* told;
    aikit_error* error;
    aikit_status status;
    bool closing;
} waiting;

static void wait_in_pool(void* request) {
    waiting* const call = uv_req_get_data(request);
    aikit_kit* const handle = call->told->owner->handle;
    call->status = call->closing ? aikit_kit_close(handle, &call->error) : aikit_kit_flush(handle, &call->error);
}

static void waited_in_pool(void* request, int status) {
    waiting* const call = uv_req_get_data(request);
    kit* const of = call->told->owner;
    (void)status; /* nobody cancels it */
    on_done(call->told, call->status, NULL, 0, call->error);
    aikit_error_free(call->error);
    if (call->closing) {
        aikit_kit_free(of->handle);
        end_runtime(of);
    } else {
        deliver(of, of->torn);
    }
    free(call->request);
    free(call);
    --of->in_pool;
    leave_loop(of); /* which had it until now */
}

bool kit_write(kit* written, operation* told, bool closing) {
    struct uv_loop_s* loop = NULL;
    waiting* const call = calloc(1, sizeof *call);
    void* const request = calloc(1, uv_req_size(WORK_REQUEST));
    if (call != NULL && request != NULL && napi_get_uv_event_loop(written->owner->env, &loop) == napi_ok) {
        *call = (waiting){.request = request, .told = told, .closing = closing};
        uv_req_set_data(request, call);
        if (uv_queue_work(loop, request, wait_in_pool, waited_in_pool) == 0) {
            ++written->in_pool;
            if (closing) {
                written->ended = true;
                (void)uv_poll_stop(written->poll);
            }
            return true;
        }
    }
    free(request);
    free(call);
    return false;
}

/* The environment ends: a worker was terminated, or the process's last work is done. It waits for on_closed. */
static void on_teardown(napi_async_cleanup_hook_handle hook, void* data) {
    kit* const of = data;
    (void)hook; /* the one that is kept */
    of->torn = true;
    kit_end(of); /* a close that is under way goes on */
}

/* Has the loop watch the runtime. */
static bool join_loop(kit* joining, int descriptor) {
    struct uv_loop_s* loop = NULL;
    joining->poll = calloc(1, uv_handle_size(POLL_HANDLE));
    if (joining->poll == NULL || napi_get_uv_event_loop(joining->owner->env, &loop) != napi_ok) return false;
    if (napi_add_async_cleanup_hook(joining->owner->env, on_teardown, joining, &joining->hook) != napi_ok) return false;
    if (uv_poll_init(loop, joining->poll, descriptor) != 0) {
        (void)napi_remove_async_cleanup_hook(joining->hook);
        return false;
    }
    uv_handle_set_data(joining->poll, joining);
    uv_unref(joining->poll);
    joining->after = joining->owner->kits;
    if (joining->after != NULL) joining->after->before = joining;
    joining->owner->kits = joining;
    joining->holders = 2; /* the loop, and who opens it */
    if (uv_poll_start(joining->poll, READABLE, on_readable) == 0) return true;
    kit_end(joining);
    return false;
}

kit* kit_open(instance* owner, char const* config, size_t config_size, char const* threads, size_t threads_size,
              aikit_key_cb keys, void* user, aikit_status* status, aikit_error** error) {
    int32_t descriptor = -1;
    kit* const opened = calloc(1, sizeof *opened);
    *status = AIKIT_E_OUT_OF_MEMORY;
    if (opened == NULL) return NULL;
    opened->owner = owner;
    opened->holders = 1;
    ++owner->holders;
    *status = aikit_runtime_create(threads, threads_size, &opened->runtime, error);
    if (*status == AIKIT_OK) *status = aikit_runtime_wait_handle(opened->runtime, &descriptor, error);
    if (*status == AIKIT_OK) {
        *status = aikit_kit_open_with_keys(opened->runtime, config, config_size, keys, user, &opened->handle, error);
    }
    if (*status == AIKIT_OK && join_loop(opened, descriptor)) return opened;
    aikit_kit_free(opened->handle);
    aikit_runtime_free(opened->runtime);
    kit_release(opened);
    return NULL;
}
