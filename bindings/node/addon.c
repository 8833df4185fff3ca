/* SPDX-License-Identifier: MIT */
/* bindings/node/addon.c - the C ABI as JavaScript sees it. It decides nothing; lib/ is what people use. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* Text of an argument; short ones need no memory of their own. */
typedef struct text {
    char* data;
    size_t size;
    char brief[1024];
} text;

static void text_free(text* of) {
    if (of->data != of->brief) free(of->data);
}

/* ---- failures ---- */

/* Node refused: throws that, unless an exception waits already. */
static napi_value refused(napi_env env) {
    bool waits = false;
    napi_extended_error_info const* info = NULL;
    (void)napi_get_last_error_info(env, &info);
    char const* const why =
        info != NULL && info->error_message != NULL ? info->error_message : "Node-API refused a call";
    if (napi_is_exception_pending(env, &waits) == napi_ok && !waits) (void)napi_throw_error(env, NULL, why);
    return NULL;
}

static bool set_text(napi_env env, napi_value object, char const* name, char const* data, size_t size) {
    napi_value value;
    return napi_create_string_utf8(env, data, size, &value) == napi_ok &&
           napi_set_named_property(env, object, name, value) == napi_ok;
}

/* Throws {status, said, detail}, of which lib/errors.js makes an error, and frees the error. */
static napi_value failed(napi_env env, aikit_status status, aikit_error* error) {
    napi_value thrown, number;
    aikit_bytes json = {NULL, 0};
    char const* const detail = error != NULL ? aikit_error_remote_detail(error) : "";
    if (error != NULL) (void)aikit_error_json(error, &json, NULL); /* without memory for it the status tells enough */
    bool const made = napi_create_object(env, &thrown) == napi_ok &&
                      napi_create_int32(env, status, &number) == napi_ok &&
                      napi_set_named_property(env, thrown, "status", number) == napi_ok &&
                      set_text(env, thrown, "said", json.size > 0 ? json.data : "", json.size) &&
                      set_text(env, thrown, "detail", detail, strlen(detail)) && napi_throw(env, thrown) == napi_ok;
    aikit_bytes_free(&json);
    aikit_error_free(error);
    return made ? NULL : refused(env);
}

/* ---- arguments ---- */

/* Reads a string; undefined is the empty text. */
static bool read_text(napi_env env, napi_value value, text* out) {
    napi_valuetype type = napi_undefined;
    *out = (text){.data = out->brief};
    if (napi_typeof(env, value, &type) != napi_ok) return false;
    if (type == napi_undefined) return true;
    if (napi_get_value_string_utf8(env, value, out->brief, sizeof out->brief, &out->size) != napi_ok) return false;
    if (out->size + 4 < sizeof out->brief) return true; /* a cut could have left out up to three bytes more */
    if (napi_get_value_string_utf8(env, value, NULL, 0, &out->size) != napi_ok) return false;
    out->data = malloc(out->size + 1);
    return out->data != NULL && napi_get_value_string_utf8(env, value, out->data, out->size + 1, &out->size) == napi_ok;
}

/* Reads a Float32Array; undefined is none. */
static bool read_floats(napi_env env, napi_value value, float const** data, size_t* count) {
    napi_valuetype type = napi_undefined;
    napi_typedarray_type kind = napi_int8_array;
    void* memory = NULL;
    if (napi_typeof(env, value, &type) != napi_ok) return false;
    if (type == napi_undefined) return true;
    if (napi_get_typedarray_info(env, value, &kind, count, &memory, NULL, NULL) != napi_ok) return false;
    *data = memory;
    return kind == napi_float32_array;
}

static instance* instance_of(napi_env env) {
    void* data = NULL;
    return napi_get_instance_data(env, &data) == napi_ok ? data : NULL;
}

/* The kit of an argument; NULL when it is none that is open here. */
static kit* read_kit(napi_env env, napi_value value) {
    void* data = NULL;
    instance* const in = instance_of(env);
    if (in == NULL || napi_get_value_external(env, value, &data) != napi_ok) return NULL;
    for (kit* of = in->kits; of != NULL; of = of->after) {
        if (of == data) return of;
    }
    (void)napi_throw_error(env, NULL, "The kit is closed.");
    return NULL;
}

static operation* read_operation(napi_env env, napi_value value) {
    uint32_t slot = 0;
    instance* const in = instance_of(env);
    if (in == NULL || napi_get_value_uint32(env, value, &slot) != napi_ok || slot >= in->slot_count) return NULL;
    return in->slots[slot];
}

/* ---- what is started ---- */

typedef struct call {
    aikit_kit* kit;
    text first, second;
    float const* floats;
    size_t float_count;
    uint32_t number; /* flags, or rows */
    aikit_event_cb on_event;
    operation* op;
    aikit_error** error;
} call;

#define FIRST c->first.data, c->first.size
#define SECOND c->second.data, c->second.size
#define VECTOR c->floats, c->float_count
#define ROWS c->floats, c->number, (c->number > 0 ? c->float_count / c->number : 0)
#define ENDING on_done, c->op, &c->op->handle, c->error
#define LISTENING 0, c->on_event, ENDING /* 0: the usual window */
#define START(name, function, ...)                    \
    static aikit_status start_##name(call const* c) { \
        return aikit_##function##_start(__VA_ARGS__); \
    }

START(chat, chat, c->kit, FIRST, LISTENING)
START(ask, ask, c->kit, FIRST, SECOND, LISTENING)
START(ingest, ingest, c->kit, FIRST, SECOND, LISTENING)
START(embed, embed, c->kit, FIRST, c->number, ENDING)
START(cost, cost, c->kit, FIRST, SECOND, ENDING)
START(job, job, c->kit, FIRST, SECOND, LISTENING)
START(tools, tools, c->kit, FIRST, SECOND, LISTENING)
START(moderate, moderate, c->kit, FIRST, ENDING)
START(count_tokens, count_tokens, c->kit, FIRST, ENDING)
START(models, models, c->kit, FIRST, ENDING)
START(check_providers, check_providers, c->kit, FIRST, ENDING)
START(search, search, c->kit, FIRST, SECOND, VECTOR, ENDING)
START(costs, cost_report, c->kit, FIRST, ENDING)
START(open, vectors_open, c->kit, FIRST, ENDING)
START(drop, vectors_drop, c->kit, FIRST, ENDING)
START(collections, vectors_collections, c->kit, ENDING)
START(upsert, vectors_upsert, c->kit, FIRST, SECOND, ROWS, ENDING)
START(remove, vectors_remove, c->kit, FIRST, SECOND, ENDING)
START(get, vectors_get, c->kit, FIRST, SECOND, ENDING)
START(count, vectors_count, c->kit, FIRST, ENDING)
START(find, vectors_search, c->kit, FIRST, SECOND, VECTOR, ENDING)

typedef struct starter {
    char const* name;
    aikit_status (*start)(call const* c);
    bool vectors; /* its end may bring raw vectors */
} starter;

static starter const starters[] = {
    {"chat", start_chat, false},
    {"ask", start_ask, false},
    {"ingest", start_ingest, false},
    {"embed", start_embed, true},
    {"moderate", start_moderate, false},
    {"cost", start_cost, false},
    {"job", start_job, false},
    {"runTools", start_tools, false},
    {"countTokens", start_count_tokens, false},
    {"models", start_models, false},
    {"checkProviders", start_check_providers, false},
    {"search", start_search, false},
    {"costReport", start_costs, false},
    {"vectorsOpen", start_open, false},
    {"vectorsDrop", start_drop, false},
    {"vectorsCollections", start_collections, false},
    {"vectorsUpsert", start_upsert, false},
    {"vectorsRemove", start_remove, false},
    {"vectorsGet", start_get, true},
    {"vectorsCount", start_count, false},
    {"vectorsSearch", start_find, false},
};

/* NAME(kit, listens, first, second, floats, number): the slot that names the operation until its end was told. */
static napi_value start(napi_env env, napi_callback_info info) {
    size_t count = 6;
    napi_value given[6], slot = NULL;
    void* data = NULL;
    bool listens = false;
    aikit_error* error = NULL;
    call c = {.error = &error};
    if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return refused(env);
    starter const* const what = data;
    kit* const of = read_kit(env, given[0]);
    if (of == NULL || napi_get_value_bool(env, given[1], &listens) != napi_ok) return refused(env);
    c.kit = of->handle;
    c.on_event = listens ? on_event : NULL;
    bool read = read_text(env, given[2], &c.first);
    read = read_text(env, given[3], &c.second) && read;
    read = read && read_floats(env, given[4], &c.floats, &c.float_count) &&
           napi_get_value_uint32(env, given[5], &c.number) == napi_ok;
    aikit_status status = AIKIT_E_OUT_OF_MEMORY;
    c.op = read ? operation_new(of, what->vectors && (c.number > 0 || what->start == start_get)) : NULL;
    if (c.op != NULL) {
        status = what->start(&c);
        if (status == AIKIT_OK) {
            read = napi_create_uint32(env, c.op->slot, &slot) == napi_ok;
        } else {
            operation_free(c.op);
        }
    }
    text_free(&c.first);
    text_free(&c.second);
    if (!read) return refused(env);
    return status == AIKIT_OK ? slot : failed(env, status, error);
}

static napi_value cancel(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1];
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    operation const* const op = read_operation(env, given[0]);
    if (op != NULL) (void)aikit_op_cancel(op->handle); /* it cannot fail with a handle that is there */
    return NULL;
}

static napi_value more(napi_env env, napi_callback_info info) {
    size_t count = 2;
    uint32_t events = 0;
    napi_value given[2];
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    if (napi_get_value_uint32(env, given[1], &events) != napi_ok) return refused(env);
    operation const* const op = read_operation(env, given[0]);
    if (op != NULL) (void)aikit_op_more(op->handle, events);
    return NULL;
}

/* answer(slot, call, text): what a tool gave. Whether anybody waits for it: true, or false. */
static napi_value answer(napi_env env, napi_callback_info info) {
    size_t count = 3;
    int64_t number = 0;
    text given_text;
    napi_value given[3], waited = NULL;
    aikit_error* error = NULL;
    aikit_status status = AIKIT_E_INVALID_STATE;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    if (napi_get_value_int64(env, given[1], &number) != napi_ok) return refused(env);
    operation const* const op = read_operation(env, given[0]);
    bool const read = read_text(env, given[2], &given_text);
    if (read && op != NULL) {
        status = aikit_op_answer(op->handle, number, given_text.data, given_text.size, &error);
    }
    text_free(&given_text);
    if (!read) return refused(env);
    if (status != AIKIT_OK && status != AIKIT_E_NOT_FOUND && status != AIKIT_E_INVALID_STATE) {
        return failed(env, status, error);
    }
    aikit_error_free(error);
    return napi_get_boolean(env, status == AIKIT_OK, &waited) == napi_ok ? waited : refused(env);
}

/* ---- what is told ---- */

/* {data, count, dimensions} of an operation that has vectors, else undefined. */
static bool vectors_of(napi_env env, operation const* op, napi_value* out) {
    aikit_floats floats = {NULL, 0, 0};
    if (!op->vectors || aikit_op_vectors(op->handle, &floats, NULL) != AIKIT_OK) {
        return napi_get_undefined(env, out) == napi_ok;
    }
    size_t const length = floats.count * floats.dimensions;
    void* memory = NULL;
    napi_value buffer, data, rows;
    bool const made = napi_create_arraybuffer(env, length * sizeof(float), &memory, &buffer) == napi_ok &&
                      napi_create_typedarray(env, napi_float32_array, length, buffer, 0, &data) == napi_ok &&
                      napi_create_uint32(env, (uint32_t)floats.count, &rows) == napi_ok &&
                      napi_create_object(env, out) == napi_ok &&
                      napi_set_named_property(env, *out, "data", data) == napi_ok &&
                      napi_set_named_property(env, *out, "count", rows) == napi_ok;
    if (made && length > 0) memcpy(memory, floats.data, length * sizeof(float));
    aikit_floats_free(&floats);
    return made;
}

/* deliver(slot, status, text, error, detail, vectors), where a status of -1 is an event. */
static bool call_deliver(napi_env env, instance* in, note const* told) {
    napi_value deliver, global, given[6];
    char const* const error = told->text + told->text_size;
    /* Most ends are good ones without vectors, and need no more than events. */
    size_t const count = told->status > AIKIT_OK || (told->status == AIKIT_OK && told->about->vectors) ? 6 : 3;
    bool made = napi_get_reference_value(env, in->deliver, &deliver) == napi_ok && deliver != NULL &&
                napi_get_global(env, &global) == napi_ok &&
                napi_create_uint32(env, told->about->slot, &given[0]) == napi_ok &&
                napi_create_int32(env, told->status, &given[1]) == napi_ok &&
                napi_create_string_utf8(env, told->text, told->text_size, &given[2]) == napi_ok;
    if (count == 6) {
        made = made && napi_create_string_utf8(env, error, told->error_size, &given[3]) == napi_ok &&
               napi_create_string_utf8(env, error + told->error_size, told->detail_size, &given[4]) == napi_ok &&
               vectors_of(env, told->about, &given[5]);
    }
    return made && napi_make_callback(env, NULL, global, deliver, count, given, NULL) == napi_ok;
}

bool tell(instance* in, note const* told) {
    napi_env const env = in->env;
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    bool heard = call_deliver(env, in, told);
    if (!heard) {
        /* An exception goes where those of timers go; without one, the thread is being terminated. */
        bool waits = false;
        napi_value thrown;
        heard = napi_is_exception_pending(env, &waits) == napi_ok && waits &&
                napi_get_and_clear_last_exception(env, &thrown) == napi_ok &&
                napi_fatal_exception(env, thrown) == napi_ok;
    }
    (void)napi_close_handle_scope(env, scope);
    return heard;
}

/* listen(deliver), once, before anything else. */
static napi_value listen(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1];
    instance* const in = instance_of(env);
    if (in == NULL || napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    if (napi_create_reference(env, given[0], 1, &in->deliver) != napi_ok) return refused(env);
    return NULL;
}

/* ---- kits ---- */

static void kit_forgotten(napi_env env, void* data, void* hint) {
    (void)env;
    (void)hint;
    kit_end(data);
    kit_release(data);
}

/* The host's function that gives keys, while a kit is opened on this thread. */
typedef struct asked {
    napi_env env;
    napi_value function;
} asked;

/* What it throws stays pending, and is what open_kit's caller hears. */
static size_t ask_key(void* user, char const* name, size_t name_size, char* key, size_t room) {
    asked const* const of = user;
    napi_value global, given[1], said;
    size_t size = 0;
    bool const heard = napi_create_string_utf8(of->env, name, name_size, &given[0]) == napi_ok &&
                       napi_get_global(of->env, &global) == napi_ok &&
                       napi_call_function(of->env, global, of->function, 1, given, &said) == napi_ok &&
                       napi_get_value_string_utf8(of->env, said, NULL, 0, &size) == napi_ok;
    if (!heard) return 0;
    if (size >= room) return room + 1; /* a NUL is written behind it */
    return napi_get_value_string_utf8(of->env, said, key, room, &size) == napi_ok ? size : 0;
}

/* open(config, threads, keys): a kit; `keys` is a function, or undefined. */
static napi_value open_kit(napi_env env, napi_callback_info info) {
    size_t count = 3;
    napi_value given[3], out = NULL;
    napi_valuetype kind = napi_undefined;
    asked host = {env, NULL};
    bool thrown = false;
    text config, threads;
    aikit_error* error = NULL;
    aikit_status status = AIKIT_OK;
    instance* const in = instance_of(env);
    if (in == NULL || napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    bool read = read_text(env, given[0], &config);
    read = read_text(env, given[1], &threads) && read;
    kit* opened = NULL;
    read = read && napi_typeof(env, given[2], &kind) == napi_ok;
    host.function = given[2];
    if (read) {
        opened = kit_open(in, config.data, config.size, threads.data, threads.size,
                          kind == napi_function ? ask_key : NULL, &host, &status, &error);
    }
    text_free(&config);
    text_free(&threads);
    if (napi_is_exception_pending(env, &thrown) == napi_ok && thrown) {
        aikit_error_free(error);
        if (opened != NULL) kit_end(opened);
        if (opened != NULL) kit_release(opened);
        return NULL;
    }
    if (opened == NULL) return status == AIKIT_OK ? refused(env) : failed(env, status, error);
    if (napi_create_external(env, opened, kit_forgotten, NULL, &out) == napi_ok) return out;
    kit_end(opened);
    kit_release(opened);
    return refused(env);
}

/* end(kit): now, on this thread. */
static napi_value end_kit(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1];
    aikit_error* error = NULL;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    kit* const of = read_kit(env, given[0]);
    if (of == NULL) return refused(env);
    aikit_status const status = aikit_kit_close(of->handle, &error);
    kit_end(of);
    return status == AIKIT_OK ? NULL : failed(env, status, error);
}

static bool const flushing = false, closing = true;

/* flush(kit), close(kit): the slot of an operation that ends when that is done. */
static napi_value write_kit(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1], slot = NULL;
    void* data = NULL;
    if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return refused(env);
    bool const closes = data == &closing;
    kit* const of = read_kit(env, given[0]);
    operation* const told = of != NULL && !of->ended ? operation_new(of, false) : NULL;
    if (told == NULL) return refused(env);
    if (napi_create_uint32(env, told->slot, &slot) == napi_ok && kit_write(of, told, closes)) return slot;
    operation_free(told);
    return refused(env);
}

/* What a function of the library gave at once. */
static napi_value handed(napi_env env, aikit_status status, aikit_bytes* bytes, aikit_error* error) {
    napi_value out = NULL;
    if (status != AIKIT_OK) return failed(env, status, error);
    bool const made = napi_create_string_utf8(env, bytes->data, bytes->size, &out) == napi_ok;
    aikit_bytes_free(bytes);
    return made ? out : refused(env);
}

static aikit_status give_cost_estimate(aikit_kit* of, text const* request, aikit_bytes* out, aikit_error** error) {
    return aikit_cost_estimate(of, request->data, request->size, out, error);
}

static aikit_status give_cost_price(aikit_kit* of, text const* request, aikit_bytes* out, aikit_error** error) {
    return aikit_cost_price(of, request->data, request->size, out, error);
}

static aikit_status give_providers(aikit_kit* of, text const* nothing, aikit_bytes* out, aikit_error** error) {
    (void)nothing;
    return aikit_providers(of, out, error);
}

static aikit_status give_call_limits(aikit_kit* of, text const* nothing, aikit_bytes* out, aikit_error** error) {
    (void)nothing;
    return aikit_call_limits(of, out, error);
}

static aikit_status give_metrics(aikit_kit* of, text const* nothing, aikit_bytes* out, aikit_error** error) {
    (void)nothing;
    return aikit_metrics(of, out, error);
}

typedef struct giver {
    char const* name;
    aikit_status (*give)(aikit_kit* of, text const* given, aikit_bytes* out, aikit_error** error);
} giver;

static giver const givers[] = {
    {"costEstimate", give_cost_estimate}, {"costPrice", give_cost_price}, {"providers", give_providers},
    {"callLimits", give_call_limits},     {"metrics", give_metrics},
};

/* NAME(kit, text) */
static napi_value at_once(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value given[2];
    void* data = NULL;
    text request;
    aikit_bytes bytes = {NULL, 0};
    aikit_error* error = NULL;
    if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return refused(env);
    kit* const of = read_kit(env, given[0]);
    if (of == NULL) return refused(env);
    bool const read = read_text(env, given[1], &request);
    aikit_status status = AIKIT_OK;
    if (read) status = ((giver const*)data)->give(of->handle, &request, &bytes, &error);
    text_free(&request);
    return read ? handed(env, status, &bytes, error) : refused(env);
}

/* ---- the library ---- */

/* configFromEnv(path) */
static napi_value config_from_env(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value given[1];
    text path;
    aikit_bytes bytes = {NULL, 0};
    aikit_error* error = NULL;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    bool const read = read_text(env, given[0], &path);
    aikit_status status = AIKIT_OK;
    if (read) status = aikit_config_from_env(path.data, path.size, &bytes, &error);
    text_free(&path);
    return read ? handed(env, status, &bytes, error) : refused(env);
}

/* statusName(number) */
static napi_value status_name(napi_env env, napi_callback_info info) {
    size_t count = 1;
    int32_t number = 0;
    napi_value given[1], out = NULL;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return refused(env);
    if (napi_get_value_int32(env, given[0], &number) != napi_ok) return refused(env);
    if (napi_create_string_utf8(env, aikit_status_name(number), NAPI_AUTO_LENGTH, &out) != napi_ok) return refused(env);
    return out;
}

static void forget_instance(napi_env env, void* data, void* hint) {
    instance* const in = data;
    (void)hint;
    if (in->deliver != NULL) (void)napi_delete_reference(env, in->deliver);
    in->deliver = NULL;
    instance_release(in);
}

static bool export_function(napi_env env, napi_value exports, char const* name, napi_callback function, void* data) {
    napi_value value;
    return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, data, &value) == napi_ok &&
           napi_set_named_property(env, exports, name, value) == napi_ok;
}

NAPI_MODULE_INIT() {
    static struct {
        char const* name;
        napi_callback function;
        bool const* data;
    } const functions[] = {
        {"listen", listen, NULL},
        {"open", open_kit, NULL},
        {"flush", write_kit, &flushing},
        {"close", write_kit, &closing},
        {"end", end_kit, NULL},
        {"cancel", cancel, NULL},
        {"more", more, NULL},
        {"answer", answer, NULL},
        {"configFromEnv", config_from_env, NULL},
        {"statusName", status_name, NULL},
    };
    if (aikit_abi_version() < AIKIT_ABI_VERSION) {
        (void)napi_throw_error(env, NULL, "libaikit_c.so.1 is older than this addon: build the two together.");
        return NULL;
    }
    instance* const in = calloc(1, sizeof *in);
    if (in == NULL) return refused(env);
    in->env = env;
    in->holders = 1;
    if (napi_set_instance_data(env, in, forget_instance, NULL) != napi_ok) {
        free(in);
        return refused(env);
    }
    bool made = true;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; ++i) {
        made =
            made && export_function(env, exports, functions[i].name, functions[i].function, (void*)functions[i].data);
    }
    for (size_t i = 0; i < sizeof givers / sizeof givers[0]; ++i) {
        made = made && export_function(env, exports, givers[i].name, at_once, (void*)&givers[i]);
    }
    for (size_t i = 0; i < sizeof starters / sizeof starters[0]; ++i) {
        made = made && export_function(env, exports, starters[i].name, start, (void*)&starters[i]);
    }
    char const* const version = aikit_version();
    return made && set_text(env, exports, "version", version, strlen(version)) ? exports : refused(env);
}
