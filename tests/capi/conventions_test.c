/* SPDX-License-Identifier: MIT */
/* tests/capi/conventions_test.c - the numbered conventions of aikit.h, each function with each wrong argument. */
#include "check.h"

#include <stdlib.h>

#define REPLIES                                                                                             \
    "[{\"text\": \"Hi\", \"vectors\": [[0.6, 0.8]], \"moderation\": [{\"flagged\": false, \"categories\": " \
    "{\"hate\": 0.1}}], \"models\": [\"m-1\"], \"tokens\": 9, \"usage\": {\"input\": 1, \"output\": 1}}]"

#define EMBED_REQUEST "{\"input\": \"some words\"}"
#define USAGE_QUERY \
    "{\"provider\": \"openai\", \"model\": \"gpt-4o\", \"usage\": {\"prompt_tokens\": 3, \"completion_tokens\": 1}}"
#define INGEST_REQUEST "{\"documents\": [{\"uri\": \"a\", \"text\": \"Bees make honey.\"}]}"
#define SEARCH_REQUEST "{\"query\": \"honey\"}"
#define ASK_REQUEST "{\"question\": \"Who makes honey?\", \"model\": \"builtin/extractive-1\"}"
#define COLLECTION "{\"name\": \"c\", \"dimensions\": 2}"
#define ITEMS "[{\"id\": \"a\", \"text\": \"first\"}, {\"id\": \"b\", \"metadata\": {\"n\": 1}}]"

static float const rows[4] = {1, 0, 0, 1};

/* One function of the ABI, callable with its nth pointer NULL (-1: none), pointer 0 being the handle. What comes out
 * must be as it was when the call fails. */
typedef struct entry {
    char const* name;
    aikit_status (*call)(void* handle, int null_at, aikit_error** error);
    int pointers;
    char kind; /* of the handle: 'k', 'r', 'd' (a runtime whose callbacks wait), 'p' (a polled one), 'o', 'e', '-' */
} entry;

#define AT(index, pointer) (null_at == (index) ? NULL : (pointer))

/* An operation that was started has to end before what it tells is gone. */
static aikit_status started(aikit_status status, aikit_op* op, aikit_op* before) {
    if (status == AIKIT_OK) {
        int32_t ended = 0;
        CHECK(op != before);
        CHECK_STATUS(aikit_op_wait(op, 10000, &ended, NULL), AIKIT_OK);
        CHECK(ended == 1);
        CHECK_STATUS(aikit_op_result(op, NULL, NULL), AIKIT_OK);
        aikit_op_free(op);
    } else {
        CHECK(op == before);
    }
    return status;
}

static aikit_status gave(aikit_status status, aikit_bytes* bytes) {
    if (status == AIKIT_OK) {
        CHECK(bytes->data != NULL && bytes->data[bytes->size] == '\0');
        aikit_bytes_free(bytes);
        CHECK(bytes->data == NULL && bytes->size == 0);
    } else {
        CHECK(bytes->data == (char*)1 && bytes->size == 7);
    }
    return status;
}

#define BYTES aikit_bytes bytes = {(char*)1, 7}
#define OP                                 \
    aikit_op* const before = (aikit_op*)3; \
    aikit_op* op = before
#define TEXT(index, literal) AT(index, literal), sizeof(literal) - 1
#define ENTRY(function) static aikit_status call_##function(void* handle, int null_at, aikit_error** error)
#define KIT AT(0, (aikit_kit*)handle)
#define START(...)                             \
    OP;                                        \
    aikit_status const status = (__VA_ARGS__); \
    return started(status, op, before)

ENTRY(chat) {
    BYTES;
    return gave(aikit_chat(KIT, TEXT(1, CHAT_REQUEST), AT(2, &bytes), error), &bytes);
}
ENTRY(chat_start) {
    START(aikit_chat_start(KIT, TEXT(1, CHAT_REQUEST), 0, NULL, NULL, NULL, AT(2, &op), error));
}
ENTRY(embed) {
    BYTES;
    return gave(aikit_embed(KIT, TEXT(1, EMBED_REQUEST), NULL, AT(2, &bytes), error), &bytes);
}
ENTRY(embed_start) {
    START(aikit_embed_start(KIT, TEXT(1, EMBED_REQUEST), 0, NULL, NULL, AT(2, &op), error));
}
ENTRY(moderate) {
    BYTES;
    return gave(aikit_moderate(KIT, TEXT(1, EMBED_REQUEST), AT(2, &bytes), error), &bytes);
}
ENTRY(moderate_start) {
    START(aikit_moderate_start(KIT, TEXT(1, EMBED_REQUEST), NULL, NULL, AT(2, &op), error));
}
ENTRY(job) {
    BYTES;
    return gave(aikit_job(KIT, TEXT(1, "batch.list"), TEXT(3, "{}"), AT(2, &bytes), error), &bytes);
}
ENTRY(job_start) {
    START(aikit_job_start(KIT, TEXT(1, "batch.list"), TEXT(3, "{}"), 0, NULL, NULL, NULL, AT(2, &op), error));
}
ENTRY(tools_start) {
    START(aikit_tools_start(KIT, TEXT(1, CHAT_REQUEST), NULL, 0, 0, NULL, NULL, NULL, AT(2, &op), error));
}
ENTRY(count_tokens) {
    BYTES;
    return gave(aikit_count_tokens(KIT, TEXT(1, CHAT_REQUEST), AT(2, &bytes), error), &bytes);
}
ENTRY(count_tokens_start) {
    START(aikit_count_tokens_start(KIT, TEXT(1, CHAT_REQUEST), NULL, NULL, AT(2, &op), error));
}
ENTRY(models) {
    BYTES;
    return gave(aikit_models(KIT, TEXT(2, "scripted"), AT(1, &bytes), error), &bytes);
}
ENTRY(models_start) {
    START(aikit_models_start(KIT, NULL, 0, NULL, NULL, AT(1, &op), error));
}
ENTRY(providers) {
    BYTES;
    return gave(aikit_providers(KIT, AT(1, &bytes), error), &bytes);
}
ENTRY(metrics) {
    BYTES;
    return gave(aikit_metrics(KIT, AT(1, &bytes), error), &bytes);
}
ENTRY(check_providers) {
    BYTES;
    return gave(aikit_check_providers(KIT, TEXT(2, "scripted"), AT(1, &bytes), error), &bytes);
}
ENTRY(check_providers_start) {
    START(aikit_check_providers_start(KIT, NULL, 0, NULL, NULL, AT(1, &op), error));
}
ENTRY(ingest) {
    BYTES;
    return gave(aikit_ingest(KIT, TEXT(1, "b"), TEXT(2, INGEST_REQUEST), AT(3, &bytes), error), &bytes);
}
ENTRY(ingest_start) {
    START(aikit_ingest_start(KIT, TEXT(1, "b"), TEXT(2, INGEST_REQUEST), 0, NULL, NULL, NULL, AT(3, &op), error));
}
ENTRY(search) {
    BYTES;
    return gave(aikit_search(KIT, TEXT(1, "b"), TEXT(2, SEARCH_REQUEST), NULL, 0, AT(3, &bytes), error), &bytes);
}
ENTRY(search_start) {
    START(aikit_search_start(KIT, TEXT(1, "b"), TEXT(2, SEARCH_REQUEST), NULL, 0, NULL, NULL, AT(3, &op), error));
}
ENTRY(ask) {
    BYTES;
    return gave(aikit_ask(KIT, TEXT(1, "b"), TEXT(2, ASK_REQUEST), AT(3, &bytes), error), &bytes);
}
ENTRY(ask_start) {
    START(aikit_ask_start(KIT, TEXT(1, "b"), TEXT(2, ASK_REQUEST), 0, NULL, NULL, NULL, AT(3, &op), error));
}
ENTRY(cost_estimate) {
    BYTES;
    return gave(aikit_cost_estimate(KIT, TEXT(1, CHAT_REQUEST), AT(2, &bytes), error), &bytes);
}
ENTRY(cost_price) {
    BYTES;
    return gave(aikit_cost_price(KIT, TEXT(1, USAGE_QUERY), AT(2, &bytes), error), &bytes);
}
ENTRY(cost) {
    BYTES;
    return gave(aikit_cost(KIT, TEXT(1, "export"), TEXT(3, "{}"), AT(2, &bytes), error), &bytes);
}
ENTRY(cost_start) {
    START(aikit_cost_start(KIT, TEXT(1, "export"), TEXT(3, "{}"), NULL, NULL, AT(2, &op), error));
}
ENTRY(cost_report) {
    BYTES;
    return gave(aikit_cost_report(KIT, TEXT(2, "{}"), AT(1, &bytes), error), &bytes);
}
ENTRY(cost_report_start) {
    START(aikit_cost_report_start(KIT, NULL, 0, NULL, NULL, AT(1, &op), error));
}
ENTRY(vectors_open) {
    return aikit_vectors_open(KIT, TEXT(1, COLLECTION), error);
}
ENTRY(vectors_open_start) {
    START(aikit_vectors_open_start(KIT, TEXT(1, COLLECTION), NULL, NULL, AT(2, &op), error));
}
ENTRY(vectors_collections) {
    BYTES;
    return gave(aikit_vectors_collections(KIT, AT(1, &bytes), error), &bytes);
}
ENTRY(vectors_collections_start) {
    START(aikit_vectors_collections_start(KIT, NULL, NULL, AT(1, &op), error));
}
ENTRY(vectors_upsert) {
    return aikit_vectors_upsert(KIT, TEXT(1, "c"), TEXT(2, ITEMS), AT(3, rows), 2, 2, error);
}
ENTRY(vectors_upsert_start) {
    START(aikit_vectors_upsert_start(KIT, TEXT(1, "c"), TEXT(2, ITEMS), AT(3, rows), 2, 2, NULL, NULL, AT(4, &op),
                                     error));
}
ENTRY(vectors_count) {
    int64_t count = -5;
    aikit_status const status = aikit_vectors_count(KIT, TEXT(1, "c"), AT(2, &count), error);
    CHECK(count == (status == AIKIT_OK ? 2 : -5));
    return status;
}
ENTRY(vectors_count_start) {
    START(aikit_vectors_count_start(KIT, TEXT(1, "c"), NULL, NULL, AT(2, &op), error));
}
ENTRY(vectors_get) {
    BYTES;
    return gave(aikit_vectors_get(KIT, TEXT(1, "c"), TEXT(2, "[\"a\"]"), AT(3, &bytes), NULL, error), &bytes);
}
ENTRY(vectors_get_start) {
    START(aikit_vectors_get_start(KIT, TEXT(1, "c"), TEXT(2, "[\"a\"]"), NULL, NULL, AT(3, &op), error));
}
ENTRY(vectors_search) {
    BYTES;
    return gave(aikit_vectors_search(KIT, TEXT(1, "c"), NULL, 0, AT(2, rows), 2, AT(3, &bytes), error), &bytes);
}
ENTRY(vectors_search_start) {
    START(aikit_vectors_search_start(KIT, TEXT(1, "c"), NULL, 0, AT(2, rows), 2, NULL, NULL, AT(3, &op), error));
}
ENTRY(vectors_remove) {
    int64_t removed = -5;
    aikit_status const status = aikit_vectors_remove(KIT, TEXT(1, "c"), TEXT(2, "[\"b\"]"), &removed, error);
    CHECK((status == AIKIT_OK) == (removed != -5));
    return status;
}
ENTRY(vectors_remove_start) {
    START(aikit_vectors_remove_start(KIT, TEXT(1, "c"), TEXT(2, "[\"b\"]"), NULL, NULL, AT(3, &op), error));
}
ENTRY(vectors_drop) {
    return aikit_vectors_drop(KIT, TEXT(1, "c"), error);
}
ENTRY(vectors_drop_start) {
    START(aikit_vectors_drop_start(KIT, TEXT(1, "d"), NULL, NULL, AT(2, &op), error));
}
ENTRY(kit_flush) {
    return aikit_kit_flush(KIT, error);
}
ENTRY(json_get) {
    BYTES;
    (void)handle;
    return gave(aikit_json_get(TEXT(0, "{\"a\": [1]}"), TEXT(2, "/a"), AT(1, &bytes), error), &bytes);
}
ENTRY(error_json) {
    BYTES;
    return gave(aikit_error_json(AT(0, (aikit_error*)handle), AT(1, &bytes), error), &bytes);
}
ENTRY(config_from_env) {
    BYTES;
    (void)handle;
    return gave(aikit_config_from_env(NULL, 0, AT(0, &bytes), error), &bytes);
}
ENTRY(kit_open) {
    aikit_kit* kit = (aikit_kit*)5;
    aikit_status const status = aikit_kit_open((aikit_runtime*)handle, TEXT(1, "{}"), AT(2, &kit), error);
    CHECK((status == AIKIT_OK) == (kit != (aikit_kit*)5));
    if (status == AIKIT_OK) aikit_kit_free(kit);
    return status;
}
ENTRY(kit_open_with_keys) {
    aikit_kit* kit = (aikit_kit*)5;
    aikit_status const status =
        aikit_kit_open_with_keys((aikit_runtime*)handle, TEXT(1, "{}"), NULL, NULL, AT(2, &kit), error);
    CHECK((status == AIKIT_OK) == (kit != (aikit_kit*)5));
    if (status == AIKIT_OK) aikit_kit_free(kit);
    return status;
}
ENTRY(runtime_create) {
    aikit_runtime* runtime = (aikit_runtime*)5;
    aikit_status const status = aikit_runtime_create(NULL, 0, AT(0, &runtime), error);
    (void)handle;
    CHECK((status == AIKIT_OK) == (runtime != (aikit_runtime*)5));
    if (status == AIKIT_OK) aikit_runtime_free(runtime);
    return status;
}
ENTRY(runtime_wait_handle) {
    int32_t descriptor = -5;
    aikit_status const status = aikit_runtime_wait_handle(AT(0, (aikit_runtime*)handle), AT(1, &descriptor), error);
    CHECK((status == AIKIT_OK) == (descriptor >= 0));
    return status;
}
ENTRY(runtime_dispatch) {
    return aikit_runtime_dispatch(AT(0, (aikit_runtime*)handle), NULL, error);
}
ENTRY(runtime_poll) {
    return aikit_runtime_poll(AT(0, (aikit_runtime*)handle), 0, NULL, error);
}
ENTRY(op_cancel) {
    (void)error;
    return aikit_op_cancel(AT(0, (aikit_op*)handle));
}
ENTRY(op_more) {
    (void)error;
    return aikit_op_more(AT(0, (aikit_op*)handle), 1);
}
ENTRY(op_next) {
    aikit_bytes bytes = {(char*)1, 7};
    int32_t ended = -5;
    aikit_status const status = aikit_op_next(AT(0, (aikit_op*)handle), 10000, AT(1, &bytes), AT(2, &ended), error);
    CHECK((status == AIKIT_OK) == (ended == 1));
    return status;
}
ENTRY(op_wait) {
    int32_t ended = -5;
    aikit_status const status = aikit_op_wait(AT(0, (aikit_op*)handle), 10000, AT(1, &ended), error);
    CHECK((status == AIKIT_OK) == (ended == 1));
    return status;
}
ENTRY(op_result) {
    return aikit_op_result(AT(0, (aikit_op*)handle), NULL, error);
}
ENTRY(op_vectors) {
    static aikit_floats floats;
    aikit_status const status = aikit_op_vectors(AT(0, (aikit_op*)handle), AT(1, &floats), error);
    if (status == AIKIT_OK) {
        CHECK(floats.count == 1 && floats.dimensions == 2 && floats.data[0] > 0.59F && floats.data[0] < 0.61F);
        aikit_floats_free(&floats);
    }
    return status;
}
ENTRY(kit_close) {
    return aikit_kit_close(KIT, error);
}

/* In an order in which all can succeed. `pointers` counts those that must not be NULL, from 0. */
static entry const entries[] = {
    {"aikit_chat", call_chat, 3, 'k'},
    {"aikit_chat_start", call_chat_start, 3, 'k'},
    {"aikit_embed", call_embed, 3, 'k'},
    {"aikit_embed_start", call_embed_start, 3, 'k'},
    {"aikit_moderate", call_moderate, 3, 'k'},
    {"aikit_moderate_start", call_moderate_start, 3, 'k'},
    {"aikit_job", call_job, 3, 'k'},
    {"aikit_job_start", call_job_start, 3, 'k'},
    {"aikit_tools_start", call_tools_start, 3, 'k'},
    {"aikit_count_tokens", call_count_tokens, 3, 'k'},
    {"aikit_count_tokens_start", call_count_tokens_start, 3, 'k'},
    {"aikit_models", call_models, 3, 'k'},
    {"aikit_models_start", call_models_start, 2, 'k'},
    {"aikit_providers", call_providers, 2, 'k'},
    {"aikit_metrics", call_metrics, 2, 'k'},
    {"aikit_check_providers", call_check_providers, 3, 'k'},
    {"aikit_check_providers_start", call_check_providers_start, 2, 'k'},
    {"aikit_ingest", call_ingest, 4, 'k'},
    {"aikit_ingest_start", call_ingest_start, 4, 'k'},
    {"aikit_search", call_search, 4, 'k'},
    {"aikit_search_start", call_search_start, 4, 'k'},
    {"aikit_ask", call_ask, 4, 'k'},
    {"aikit_ask_start", call_ask_start, 4, 'k'},
    {"aikit_cost_estimate", call_cost_estimate, 3, 'k'},
    {"aikit_cost_price", call_cost_price, 3, 'k'},
    {"aikit_cost", call_cost, 3, 'k'},
    {"aikit_cost_start", call_cost_start, 3, 'k'},
    {"aikit_cost_report", call_cost_report, 3, 'k'},
    {"aikit_cost_report_start", call_cost_report_start, 2, 'k'},
    {"aikit_vectors_open", call_vectors_open, 2, 'k'},
    {"aikit_vectors_open_start", call_vectors_open_start, 3, 'k'},
    {"aikit_vectors_collections", call_vectors_collections, 2, 'k'},
    {"aikit_vectors_collections_start", call_vectors_collections_start, 2, 'k'},
    {"aikit_vectors_upsert", call_vectors_upsert, 4, 'k'},
    {"aikit_vectors_upsert_start", call_vectors_upsert_start, 5, 'k'},
    {"aikit_vectors_count", call_vectors_count, 3, 'k'},
    {"aikit_vectors_count_start", call_vectors_count_start, 3, 'k'},
    {"aikit_vectors_get", call_vectors_get, 4, 'k'},
    {"aikit_vectors_get_start", call_vectors_get_start, 4, 'k'},
    {"aikit_vectors_search", call_vectors_search, 4, 'k'},
    {"aikit_vectors_search_start", call_vectors_search_start, 4, 'k'},
    {"aikit_vectors_remove", call_vectors_remove, 3, 'k'},
    {"aikit_vectors_remove_start", call_vectors_remove_start, 4, 'k'},
    {"aikit_vectors_drop", call_vectors_drop, 2, 'k'},
    {"aikit_vectors_drop_start", call_vectors_drop_start, 3, 'k'},
    {"aikit_kit_flush", call_kit_flush, 1, 'k'},
    {"aikit_kit_open", call_kit_open, 3, 'r'}, /* its runtime may be NULL */
    {"aikit_kit_open_with_keys", call_kit_open_with_keys, 3, 'r'},
    {"aikit_runtime_wait_handle", call_runtime_wait_handle, 2, 'd'},
    {"aikit_runtime_dispatch", call_runtime_dispatch, 1, 'd'},
    {"aikit_runtime_poll", call_runtime_poll, 1, 'p'},
    {"aikit_error_json", call_error_json, 2, 'e'},
    {"aikit_op_wait", call_op_wait, 2, 'o'},
    {"aikit_op_next", call_op_next, 3, 'o'},
    {"aikit_op_result", call_op_result, 1, 'o'},
    {"aikit_op_vectors", call_op_vectors, 2, 'o'},
    {"aikit_op_cancel", call_op_cancel, 1, 'o'},
    {"aikit_op_more", call_op_more, 1, 'o'},
    {"aikit_json_get", call_json_get, 3, '-'},
    {"aikit_config_from_env", call_config_from_env, 1, '-'},
    {"aikit_runtime_create", call_runtime_create, 1, '-'},
    {"aikit_kit_close", call_kit_close, 1, 'k'},
};
enum { entry_count = sizeof entries / sizeof entries[0] };

static aikit_kit* kit;
static aikit_runtime *plain, *dispatched, *polled;
static aikit_op* op;
static aikit_error* failure;

static void open_all(void) {
    plain = make_runtime("{}");
    dispatched = make_runtime("{\"callbacks\": \"dispatch\"}");
    polled = make_runtime("{\"io\": 0, \"cpu\": 0, \"storage\": 0, \"resolver\": 0}");
    kit = scripted_kit(NULL, REPLIES);
    REQUIRE(aikit_vectors_open(kit, AIKIT_TEXT("{\"name\": \"d\", \"dimensions\": 2}"), NULL) == AIKIT_OK);
    REQUIRE(aikit_embed_start(kit, AIKIT_TEXT(EMBED_REQUEST), AIKIT_RAW_VECTORS, NULL, NULL, &op, NULL) == AIKIT_OK);
    REQUIRE(aikit_chat(kit, AIKIT_TEXT("["), &(aikit_bytes){NULL, 0}, &failure) == AIKIT_E_INVALID_ARGUMENT);
}

static void close_all(void) {
    aikit_error_free(failure);
    aikit_op_free(op);
    aikit_kit_free(kit);
    aikit_runtime_free(polled);
    aikit_runtime_free(dispatched);
    aikit_runtime_free(plain);
}

static void* handle_of(char kind) {
    switch (kind) {
        case 'k': return kit;
        case 'r': return plain;
        case 'd': return dispatched;
        case 'p': return polled;
        case 'o': return op;
        case 'e': return failure;
        default: return NULL;
    }
}

/* The call fails with `wanted`, says why in an error object, and does the same without one. */
static void refused(entry const* one, void* handle, int null_at, aikit_status wanted) {
    aikit_error* error = NULL;
    CHECK_STATUS(one->call(handle, null_at, &error), wanted);
    if (strncmp(one->name, "aikit_op_cancel", 15) != 0 && strncmp(one->name, "aikit_op_more", 13) != 0) {
        CHECK(aikit_error_code(error) == wanted);
        CHECK(strlen(aikit_error_message(error)) > 10);
    }
    aikit_error_free(error);
    CHECK_STATUS(one->call(handle, null_at, NULL), wanted);
}

static void null_sweep(void) {
    open_all();
    for (int i = 0; i < entry_count; ++i) {
        entry const* const one = &entries[i];
        about(one->name);
        for (int at = 0; at < one->pointers; ++at) {
            if (at == 0 && strncmp(one->name, "aikit_kit_open", 14) == 0) continue;
            if (strcmp(one->name, "aikit_kit_close") != 0 || at == 0) {
                refused(one, handle_of(one->kind), at, AIKIT_E_INVALID_ARGUMENT);
            }
        }
        aikit_error* untouched = (aikit_error*)9;
        CHECK_STATUS(one->call(handle_of(one->kind), -1, &untouched), AIKIT_OK);
        CHECK(untouched == (aikit_error*)9);
    }
    close_all();
}

static void foreign_sweep(void) {
    int on_stack = 0;
    void* const on_heap = malloc(64);
    open_all();
    for (int i = 0; i < entry_count; ++i) {
        entry const* const one = &entries[i];
        if (one->kind == '-') continue;
        about(one->name);
        void* const others[] = {kit,
                                plain,
                                op,
                                failure,
                                &on_stack,
                                on_heap,
                                (void*)(uintptr_t)1,
                                (void*)UINTPTR_MAX,
                                (char*)handle_of(one->kind) + 2,
                                (char*)handle_of(one->kind) - 1,
                                (void*)&entries};
        for (size_t k = 0; k < sizeof others / sizeof others[0]; ++k) {
            int const same =
                others[k] == handle_of(one->kind) || (strchr("rdp", one->kind) != NULL && others[k] == (void*)plain);
            if (!same) refused(one, others[k], -1, AIKIT_E_INVALID_STATE);
        }
    }
    aikit_runtime_free((aikit_runtime*)kit);
    aikit_kit_free((aikit_kit*)plain);
    aikit_op_free((aikit_op*)failure);
    aikit_error_free((aikit_error*)op);
    aikit_error_free((aikit_error*)on_heap);
    CHECK_STATUS(aikit_kit_flush(kit, NULL), AIKIT_OK);
    CHECK(aikit_error_code(failure) == AIKIT_E_INVALID_ARGUMENT);
    free(on_heap);
    close_all();
}

static void stale_sweep(void) {
    open_all();
    close_all();
    for (int i = 0; i < entry_count; ++i) {
        if (entries[i].kind == '-') continue;
        about(entries[i].name);
        refused(&entries[i], handle_of(entries[i].kind), -1, AIKIT_E_INVALID_STATE);
    }
    close_all(); /* freeing again does nothing */
    open_all();  /* and new handles are not the old ones */
    CHECK_STATUS(aikit_kit_flush(kit, NULL), AIKIT_OK);
    close_all();
}

static void closed_kit(void) {
    open_all();
    CHECK_STATUS(aikit_kit_close(kit, NULL), AIKIT_OK);
    for (int i = 0; i < entry_count; ++i) {
        if (entries[i].kind != 'k' || strstr(entries[i].name, "_start") != NULL) continue;
        if (strcmp(entries[i].name, "aikit_kit_close") == 0) continue;
        about(entries[i].name);
        CHECK_STATUS(entries[i].call(kit, -1, NULL), AIKIT_E_INVALID_STATE);
    }
    CHECK_STATUS(aikit_kit_close(kit, NULL), AIKIT_OK);
    close_all();
}

static void sizes(void) {
    aikit_bytes bytes = {NULL, 0};
    aikit_op* none = NULL;
    open_all();
    CHECK_STATUS(aikit_chat(kit, "x", SIZE_MAX, &bytes, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_chat(kit, NULL, 5, &bytes, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_runtime_create(NULL, 5, &plain, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_vectors_search(kit, AIKIT_TEXT("d"), NULL, 0, NULL, 3, &bytes, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_vectors_search(kit, AIKIT_TEXT("d"), NULL, 0, rows, 0, &bytes, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_vectors_search(kit, AIKIT_TEXT("d"), NULL, 0, rows, SIZE_MAX, &bytes, NULL),
                 AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_vectors_upsert(kit, AIKIT_TEXT("d"), AIKIT_TEXT("[{\"id\": \"a\"}]"), rows, 2, 2, NULL),
                 AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_vectors_upsert(kit, AIKIT_TEXT("d"), AIKIT_TEXT("[]"), rows, SIZE_MAX / 2, 8, NULL),
                 AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_embed_start(kit, AIKIT_TEXT(EMBED_REQUEST), 2, NULL, NULL, &none, NULL),
                 AIKIT_E_INVALID_ARGUMENT);
    close_all();
}

static void unknown_members(void) {
    static struct {
        char const *what, *json, *member;
    } const wrong[] = {
        {"runtime", "{\"threads\": 1}", "threads"},
        {"runtime", "{\"callbacks\": \"later\"}", "callbacks"},
        {"config", "{\"stroe\": \"x\"}", "stroe"},
        {"chat", "{\"messages\": [], \"aikit\": {\"tiemout\": 1}}", "tiemout"},
        {"ingest", "{\"files\": []}", "files"},
        {"ingest", "{\"documents\": [{\"uri\": \"a\"}]}", "text"},
        {"ingest", "{\"paths\": [], \"documents\": []}", "paths"},
        {"search", "{\"query\": \"x\", \"limit\": 3}", "limit"},
        {"search", "{\"query\": \"x\", \"mode\": \"magic\"}", "mode"},
        {"ask", "{\"question\": \"x\", \"aikit\": {\"x\": 1}}", "aikit.x"},
        {"cost", "{\"by\": \"week\"}", "by"},
        {"cost", "{\"from\": \"yesterday\"}", "from"},
        {"collection", "{\"name\": \"x\", \"dim\": 3}", "dim"},
        {"items", "[{\"id\": \"a\", \"vector\": [1]}]", "items[0].vector"},
        {"query", "{\"k\": 3}", "k"},
        {"ids", "[1]", "ids"},
    };
    open_all();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        aikit_error* error = NULL;
        aikit_bytes bytes = {NULL, 0};
        aikit_runtime* runtime = NULL;
        aikit_kit* other = NULL;
        aikit_status status = AIKIT_OK;
        char const* const json = wrong[i].json;
        about(json);
        if (!strcmp(wrong[i].what, "runtime")) status = aikit_runtime_create(STR(json), &runtime, &error);
        if (!strcmp(wrong[i].what, "config")) status = aikit_kit_open(NULL, STR(json), &other, &error);
        if (!strcmp(wrong[i].what, "chat")) status = aikit_chat(kit, STR(json), &bytes, &error);
        if (!strcmp(wrong[i].what, "ingest")) status = aikit_ingest(kit, STR("b"), STR(json), &bytes, &error);
        if (!strcmp(wrong[i].what, "search")) status = aikit_search(kit, STR("b"), STR(json), NULL, 0, &bytes, &error);
        if (!strcmp(wrong[i].what, "ask")) status = aikit_ask(kit, STR("b"), STR(json), &bytes, &error);
        if (!strcmp(wrong[i].what, "cost")) status = aikit_cost_report(kit, STR(json), &bytes, &error);
        if (!strcmp(wrong[i].what, "collection")) status = aikit_vectors_open(kit, STR(json), &error);
        if (!strcmp(wrong[i].what, "items")) {
            status = aikit_vectors_upsert(kit, STR("d"), STR(json), NULL, 0, 0, &error);
        }
        if (!strcmp(wrong[i].what, "query")) {
            status = aikit_vectors_search(kit, STR("d"), STR(json), rows, 2, &bytes, &error);
        }
        if (!strcmp(wrong[i].what, "ids")) status = aikit_vectors_remove(kit, STR("d"), STR(json), NULL, &error);
        CHECK_STATUS(status, AIKIT_E_INVALID_ARGUMENT);
        CHECK(strstr(aikit_error_message(error), wrong[i].member) != NULL);
        aikit_error_free(error);
    }
    close_all();
}

static void errors_tell(void) {
    aikit_kit* const failing =
        scripted_kit(NULL,
                     "[{\"error\": {\"code\": \"rate_limited\", \"message\": \"Slow down.\", \"http_status\": "
                     "429, \"provider_code\": \"too_fast\", \"retry_after\": 1.5}}]");
    aikit_error* error = NULL;
    aikit_bytes bytes = {NULL, 0};
    aikit_bytes value = {NULL, 0};
    CHECK_STATUS(aikit_chat(failing,
                            AIKIT_TEXT("{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"aikit\": "
                                       "{\"max_retries\": 0}}"),
                            &bytes, &error),
                 AIKIT_E_RATE_LIMITED);
    CHECK(aikit_error_code(error) == AIKIT_E_RATE_LIMITED);
    CHECK(strcmp(aikit_error_message(error), "Slow down.") == 0);
    CHECK(strcmp(aikit_error_provider(error), "scripted") == 0);
    CHECK(strcmp(aikit_error_provider_code(error), "too_fast") == 0);
    CHECK(strcmp(aikit_error_remote_detail(error), "") == 0);
    CHECK(aikit_error_request_id(error) != NULL);
    CHECK(aikit_error_http_status(error) == 429);
    CHECK(aikit_error_retryable(error) == 1);
    CHECK(aikit_error_retry_after_ms(error) == 1500);
    CHECK_STATUS(aikit_error_json(error, &bytes, NULL), AIKIT_OK);
    CHECK_STATUS(aikit_json_get(bytes.data, bytes.size, STR("/code"), &value, NULL), AIKIT_OK);
    CHECK(strcmp(value.data, "rate_limited") == 0);
    aikit_bytes_free(&value);
    aikit_bytes_free(&bytes);
    aikit_error_free(error);
    aikit_error_free(error);
    CHECK(aikit_error_code(error) == AIKIT_E_INVALID_STATE);
    CHECK(strcmp(aikit_error_message(error), "") == 0);
    CHECK(aikit_error_code(NULL) == AIKIT_E_INVALID_ARGUMENT);
    CHECK(strcmp(aikit_error_remote_detail(NULL), "") == 0);
    CHECK(aikit_error_retry_after_ms(NULL) == -1);
    CHECK(aikit_error_http_status(NULL) == 0);
    aikit_kit_free(failing);
}

static void names(void) {
    static char const* const all[] = {"ok",
                                      "invalid_argument",
                                      "authentication",
                                      "permission",
                                      "not_found",
                                      "invalid_request",
                                      "context_length",
                                      "content_filtered",
                                      "rate_limited",
                                      "quota_exceeded",
                                      "overloaded",
                                      "server_error",
                                      "timeout",
                                      "connection",
                                      "incomplete",
                                      "protocol",
                                      "budget_exceeded",
                                      "unknown_price",
                                      "unsupported",
                                      "cancelled",
                                      "storage",
                                      "busy",
                                      "invalid_state",
                                      "out_of_memory",
                                      "internal"};
    for (int i = 0; i < 25; ++i) CHECK(strcmp(aikit_status_name(i), all[i]) == 0);
    CHECK(strcmp(aikit_status_name(25), "unknown") == 0);
    CHECK(strcmp(aikit_status_name(-1), "unknown") == 0);
    CHECK(aikit_abi_version() == AIKIT_ABI_VERSION);
    CHECK(strchr(aikit_version(), '.') != NULL);
}

static void json_values(void) {
    static char const json[] = "{\"a\": [{\"b\": \"x\\ny\"}, 1.5, null], \"c/d\": true, \"\": 1}";
    static struct {
        char const *pointer, *value;
    } const known[] = {
        {"/a/0/b", "x\ny"}, {"/a/1", "1.5"}, {"/a/2", "null"}, {"/c~1d", "true"}, {"/a/0", "{\"b\":\"x\\ny\"}"},
        {"/", "1"}};
    static char const* const missing[] = {"/b", "/a/3", "/a/-1", "/a/0/b/c", "a", "/a/x"};
    aikit_bytes value = {NULL, 0};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        about(known[i].pointer);
        CHECK_STATUS(aikit_json_get(STR(json), STR(known[i].pointer), &value, NULL), AIKIT_OK);
        CHECK(value.data != NULL && strcmp(value.data, known[i].value) == 0);
        aikit_bytes_free(&value);
    }
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; ++i) {
        about(missing[i]);
        CHECK_STATUS(aikit_json_get(STR(json), STR(missing[i]), &value, NULL), AIKIT_E_NOT_FOUND);
    }
    about(NULL);
    CHECK_STATUS(aikit_json_get(STR("{"), STR("/a"), &value, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_json_get(STR("[\"\"]"), STR("/0"), &value, NULL), AIKIT_OK);
    CHECK(value.data == NULL && value.size == 0);
    aikit_bytes_free(NULL);
    aikit_floats_free(NULL);
}

static void vectors_come_back(void) {
    float const many[6] = {3, 4, 0, 1, 5, 12};
    aikit_kit* const store = scripted_kit(NULL, REPLIES);
    aikit_bytes bytes = {NULL, 0};
    aikit_floats floats = {NULL, 0, 0};
    aikit_bytes value = {NULL, 0};
    int64_t removed = 0;
    CHECK_STATUS(
        aikit_vectors_open(store, AIKIT_TEXT("{\"name\": \"l\", \"dimensions\": 2, \"metric\": \"l2\"}"), NULL),
        AIKIT_OK);
    CHECK_STATUS(aikit_vectors_upsert(store, AIKIT_TEXT("l"),
                                      AIKIT_TEXT("[{\"id\": \"a\", \"text\": \"red apple\"}, {\"id\": \"b\", "
                                                 "\"text\": \"green pear\", \"metadata\": {\"n\": [1]}}, {\"id\": "
                                                 "\"c\"}]"),
                                      many, 3, 2, NULL),
                 AIKIT_OK);
    CHECK_STATUS(aikit_vectors_search(store, AIKIT_TEXT("l"), AIKIT_TEXT("{\"top\": 2}"), many + 2, 2, &bytes, NULL),
                 AIKIT_OK);
    CHECK_STATUS(aikit_json_get(bytes.data, bytes.size, STR("/hits/0/id"), &value, NULL), AIKIT_OK);
    CHECK(value.data != NULL && strcmp(value.data, "b") == 0);
    aikit_bytes_free(&value);
    CHECK_STATUS(aikit_json_get(bytes.data, bytes.size, STR("/hits/0/metadata/n/0"), &value, NULL), AIKIT_OK);
    aikit_bytes_free(&value);
    CHECK_STATUS(aikit_json_get(bytes.data, bytes.size, STR("/hits/2"), &value, NULL), AIKIT_E_NOT_FOUND);
    aikit_bytes_free(&bytes);
    CHECK_STATUS(
        aikit_vectors_search(store, AIKIT_TEXT("l"), AIKIT_TEXT("{\"text\": \"apples\"}"), NULL, 0, &bytes, NULL),
        AIKIT_OK);
    CHECK(bytes.data != NULL && strstr(bytes.data, "\"id\":\"a\"") != NULL);
    aikit_bytes_free(&bytes);
    CHECK_STATUS(
        aikit_vectors_search(store, AIKIT_TEXT("l"), AIKIT_TEXT("{\"text\": \"apples\"}"), many, 2, &bytes, NULL),
        AIKIT_OK);
    CHECK(bytes.data != NULL && strstr(bytes.data, "\"dense_score\":") != NULL);
    aikit_bytes_free(&bytes);
    CHECK_STATUS(aikit_vectors_get(store, AIKIT_TEXT("l"), AIKIT_TEXT("[\"c\", \"x\", \"a\"]"), &bytes, &floats, NULL),
                 AIKIT_OK);
    CHECK(floats.count == 2 && floats.dimensions == 2 && memcmp(floats.data, many + 4, 8) == 0 &&
          memcmp(floats.data + 2, many, 8) == 0);
    aikit_bytes_free(&bytes);
    aikit_floats_free(&floats);
    CHECK_STATUS(aikit_vectors_remove(store, AIKIT_TEXT("l"), AIKIT_TEXT("[\"a\", \"x\"]"), &removed, NULL), AIKIT_OK);
    CHECK(removed == 1);
    CHECK_STATUS(aikit_embed(store, AIKIT_TEXT(EMBED_REQUEST), &floats, NULL, NULL), AIKIT_OK);
    CHECK(floats.count == 1 && floats.dimensions == 2);
    aikit_floats_free(&floats);
    aikit_kit_free(store);
}

typedef struct asked {
    char const* says; /* NULL: more than there is room for */
    int times;
} asked;

static size_t host_key(void* user, char const* name, size_t name_size, char* key, size_t room) {
    asked* const of = user;
    ++of->times;
    CHECK(name_size == 4 && memcmp(name, "work", 4) == 0);
    CHECK(room == 65536);
    if (of->says == NULL) return room + 1;
    memcpy(key, of->says, strlen(of->says));
    return strlen(of->says);
}

static void keys_of_the_host(void) {
    static char const config[] =
        "{\"providers\": [{\"name\": \"openai\", \"base_url\": \"http://127.0.0.1:9/v1\", \"api_key\": "
        "\"callback:work\"}, {\"name\": \"xai\", \"base_url\": \"http://127.0.0.1:9/v1\", \"api_key\": "
        "\"callback:work\", \"max_retries\": 0}]}";
    static char const request[] =
        "{\"model\": \"xai/grok-4\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
    asked with[] = {{"sk-abc", 0}, {"", 0}, {NULL, 0}};
    /* With a key the call goes out, to where nobody listens. */
    aikit_status const ends[] = {AIKIT_E_CONNECTION, AIKIT_E_AUTHENTICATION};
    for (int i = 0; i < 3; ++i) {
        aikit_kit* opened = NULL;
        aikit_bytes reply = {NULL, 0};
        aikit_status const wanted = with[i].says == NULL ? AIKIT_E_INVALID_ARGUMENT : AIKIT_OK;
        CHECK_STATUS(aikit_kit_open_with_keys(NULL, STR(config), host_key, &with[i], &opened, NULL), wanted);
        CHECK(with[i].times == 1);
        if (opened != NULL) CHECK_STATUS(aikit_chat(opened, STR(request), &reply, NULL), ends[i]);
        aikit_kit_free(opened);
    }
}

TEST_MAIN({"a pointer that must not be NULL and is gives invalid_argument in every function", null_sweep},
          {"a handle of another kind, or no handle at all, gives invalid_state in every function", foreign_sweep},
          {"a freed handle gives invalid_state in every function, and freeing it again does nothing", stale_sweep},
          {"a closed kit refuses everything", closed_kit}, {"sizes that cannot be are refused", sizes},
          {"an unknown member is an error that names it", unknown_members},
          {"an error tells code, sentence, provider and when to try again", errors_tell},
          {"every number has its name", names}, {"a value is found in JSON by its pointer", json_values},
          {"vectors go in and come back as they are", vectors_come_back},
          {"the host is asked once for each key that a configuration leaves to it", keys_of_the_host})
