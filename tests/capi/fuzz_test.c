/* SPDX-License-Identifier: MIT */
/* tests/capi/fuzz_test.c - random calls from several threads: NULL, stale and foreign handles, double frees, frees
 * during calls, callbacks that cancel, free and start. Nothing crashes or hangs, and every operation ends once.
 *
 * AIKIT_FUZZ_SEEDS=N runs N seeds instead of the fixed ones; AIKIT_FUZZ_FIRST=N starts with that one. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

enum { slots = 48, threads = 3, calls = 250, most_listeners = 4000 };

static atomic_uintptr_t handles[slots]; /* of any kind, live or not */

/* Kits to begin with, and everything that has to be freed in the end. */
enum { first_kits = 4, most_made = 4000 };
static aikit_kit* kits[first_kits];
static atomic_uintptr_t made[most_made];
static atomic_int made_count;

typedef struct random_state {
    uint64_t at;
} random_state;

/* xorshift64* (Marsaglia 2003, Vigna 2016). */
static uint32_t roll(random_state* state, uint32_t below) {
    state->at ^= state->at >> 12;
    state->at ^= state->at << 25;
    state->at ^= state->at >> 27;
    return (uint32_t)((state->at * UINT64_C(2685821657736338717)) >> 32) % below;
}

/* What one operation is told; lives as long as the seed. */
typedef struct listener {
    atomic_int done;
    atomic_int events;
    atomic_int late;
    atomic_int inside;
    atomic_int overlaps;
    atomic_uintptr_t op;
    uint64_t seed;
} listener;

static listener listeners[most_listeners];
static atomic_int used_listeners;
static atomic_int started;

static void one_call(random_state* state, int in_callback);

static void act(listener* l, uint64_t salt) {
    random_state state = {l->seed ^ (salt * UINT64_C(0x9E3779B97F4A7C15))};
    if (state.at == 0) state.at = 1;
    void* const op = (void*)atomic_load(&l->op);
    switch (roll(&state, 12)) {
        case 4: (void)aikit_op_answer(op, roll(&state, 3), STR("\"x\""), NULL); break;
        case 0: (void)aikit_op_cancel(op); break;
        case 1: aikit_op_free(op); break;
        case 2: (void)aikit_op_more(op, roll(&state, 100)); break;
        case 3: one_call(&state, 1); break;
        default: break;
    }
}

static void fuzz_event(void* user, char const* event, size_t size) {
    listener* const l = user;
    if (atomic_fetch_add(&l->inside, 1) != 0) atomic_fetch_add(&l->overlaps, 1);
    if (atomic_load(&l->done)) atomic_fetch_add(&l->late, 1);
    if (event == NULL || event[size] != '\0') atomic_fetch_add(&l->late, 1);
    act(l, (uint64_t)atomic_fetch_add(&l->events, 1) + 2);
    atomic_fetch_sub(&l->inside, 1);
}

static void fuzz_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    listener* const l = user;
    if (atomic_fetch_add(&l->inside, 1) != 0) atomic_fetch_add(&l->overlaps, 1);
    if (result != NULL && result[size] != '\0') atomic_fetch_add(&l->late, 1);
    if ((status == AIKIT_OK) != (error == NULL)) atomic_fetch_add(&l->late, 1);
    act(l, 1);
    atomic_fetch_sub(&l->inside, 1);
    atomic_fetch_add(&l->done, 1);
}

static void* any_handle(random_state* state) {
    static int object;
    switch (roll(state, 20)) {
        case 0: return NULL;
        case 1: return &object;
        case 2: return (void*)(uintptr_t)(((uint64_t)roll(state, UINT32_MAX) << 20) | 1);
        default: return (void*)atomic_load(&handles[roll(state, slots)]);
    }
}

/* A kit, more often than not one that is open. */
static void* any_kit(random_state* state) {
    return roll(state, 4) ? (void*)kits[roll(state, first_kits)] : any_handle(state);
}

static void note_made(void* handle) {
    int const index = atomic_fetch_add(&made_count, 1);
    REQUIRE(index < most_made);
    atomic_store(&made[index], (uintptr_t)handle);
}

static void keep(random_state* state, void* handle) {
    if (handle != NULL) atomic_store(&handles[roll(state, slots)], (uintptr_t)handle);
}

#define TOOLS_REQUEST                                                                                           \
    "{\"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}], \"tools\": [{\"type\": " \
    "\"function\", \"function\": {\"name\": \"t\"}}]}"

static char const* any_text(random_state* state) {
    static char const* const texts[] = {
        CHAT_REQUEST,
        CHAT_REQUEST,
        CHAT_REQUEST,
        STREAM_REQUEST,
        TOOLS_REQUEST,
        TOOLS_REQUEST,
        "{\"input\": [\"a\", \"b\"]}",
        "{\"documents\": [{\"uri\": \"a\", \"text\": \"Bees make honey.\"}]}",
        "{\"query\": \"honey\"}",
        "{\"question\": \"Who makes honey?\", \"model\": \"builtin/extractive-1\", \"stream\": true}",
        "{\"name\": \"c\", \"dimensions\": 2}",
        "[{\"id\": \"a\"}, {\"id\": \"b\"}]",
        "[\"a\"]",
        "{\"by\": \"day\"}",
        "c",
        "{}",
        "[",
        "\xff\xfe",
        "",
        "null",
        "{\"messages\": [{\"role\": \"user\", \"content\": 7}]}",
    };
    return texts[roll(state, sizeof texts / sizeof texts[0])];
}

/* The right text for what start_one() starts, more often than not. */
static char const* text_for(random_state* state, uint32_t operation) {
    static char const* const right[] = {"{\"input\": [\"a\", \"b\"]}",
                                        "{\"input\": \"a\"}",
                                        "",
                                        "{\"documents\": [{\"uri\": \"a\", \"text\": \"Bees make honey.\"}]}",
                                        "{\"query\": \"honey\"}",
                                        "{\"question\": \"Who makes honey?\", \"model\": \"builtin/extractive-1\"}",
                                        "{}",
                                        "{\"name\": \"c\", \"dimensions\": 2}",
                                        "[{\"id\": \"a\"}, {\"id\": \"b\"}]",
                                        "{\"top\": 1}",
                                        CHAT_REQUEST,
                                        "{}",
                                        "{\"after_alert\": 0}",
                                        "{\"budget\": \"b\", \"tokens\": 600}"};
    if (roll(state, 4) == 0) return any_text(state);
    return operation < sizeof right / sizeof right[0] ? right[operation] : CHAT_REQUEST;
}

/// `t` is a name, not a call: it is looked at twice.
#define TEXT_OF(t) (t), ((t) ? strlen(t) : 0)

static char const runtimes[5][64] = {"{\"cpu\": 1}", "{\"cpu\": 1, \"callbacks\": \"dispatch\"}",
                                     "{\"io\": 0, \"cpu\": 0, \"storage\": 0, \"resolver\": 0}",
                                     "{\"io\": 2, \"cpu\": 1}", "{\"io\": -3}"};
static char const kit_config[] =
    "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"embedding_model\": \"e\", \"max_retries\": 1, "
    "\"script\": {\"repeat\": true, \"replies\": [{\"pieces\": [\"a\", \"b\", \"c\", \"d\"], \"dimensions\": 4}, "
    "{\"pieces\": [\"a\", \"b\"], \"piece_delay\": 0.002, \"dimensions\": 2}, {\"pieces\": [\"a\", \"b\"], "
    "\"fail_after\": 1}, {\"error\": {\"code\": \"server_error\", \"retry_after\": 0.001}}, {\"text\": \"late\", "
    "\"delay\": 0.1}, {\"tool_calls\": [{\"id\": \"c\", \"name\": \"t\", \"arguments\": \"{}\"}]}]}}], \"budgets\": "
    "{\"budgets\": [{\"name\": \"b\", \"tokens\": 1000, \"hard\": false}]}, \"runtime\": {\"cpu\": 1}}";

static void start_one(random_state* state) {
    int const index = atomic_fetch_add(&used_listeners, 1);
    if (index >= most_listeners) return;
    listener* const l = &listeners[index];
    aikit_kit* const kit = any_kit(state);
    uint32_t const operation = roll(state, 18);
    char const* const text = text_for(state, operation);
    char const* const tools = roll(state, 4) ? TOOLS_REQUEST : text;
    char const* const name = roll(state, 3) ? "c" : any_text(state);
    float const vectors[4] = {1, 0, 0, 1};
    aikit_event_cb const event = roll(state, 3) ? fuzz_event : NULL;
    uint32_t const window = roll(state, 3) ? roll(state, 4) : AIKIT_WINDOW_AUTO;
    aikit_error* error = NULL;
    aikit_op* op = NULL;
    aikit_status status = AIKIT_OK;
    l->seed = state->at | 1;
    switch (operation) {
        case 10:
            status = aikit_tools_start(kit, TEXT_OF(tools), NULL, 0, window, event, fuzz_done, l, &op, &error);
            break;
        case 0: status = aikit_embed_start(kit, TEXT_OF(text), roll(state, 3), fuzz_done, l, &op, &error); break;
        case 1: status = aikit_moderate_start(kit, TEXT_OF(text), fuzz_done, l, &op, &error); break;
        case 2: status = aikit_models_start(kit, NULL, 0, fuzz_done, l, &op, &error); break;
        case 3:
            status = aikit_ingest_start(kit, STR("b"), TEXT_OF(text), window, event, fuzz_done, l, &op, &error);
            break;
        case 4: status = aikit_search_start(kit, STR("b"), TEXT_OF(text), NULL, 0, fuzz_done, l, &op, &error); break;
        case 5: status = aikit_ask_start(kit, STR("b"), TEXT_OF(text), window, event, fuzz_done, l, &op, &error); break;
        case 6: status = aikit_cost_report_start(kit, TEXT_OF(text), fuzz_done, l, &op, &error); break;
        case 7: status = aikit_vectors_open_start(kit, TEXT_OF(text), fuzz_done, l, &op, &error); break;
        case 8:
            status =
                aikit_vectors_upsert_start(kit, TEXT_OF(name), TEXT_OF(text), vectors, 2, 2, fuzz_done, l, &op, &error);
            break;
        case 9:
            status = aikit_vectors_search_start(kit, STR("c"), TEXT_OF(text), roll(state, 2) ? vectors : NULL,
                                                roll(state, 3), fuzz_done, l, &op, &error);
            break;
        case 11: status = aikit_cost_start(kit, STR("savings"), TEXT_OF(text), fuzz_done, l, &op, &error); break;
        case 12: status = aikit_cost_start(kit, STR("budget_alerts"), TEXT_OF(text), fuzz_done, l, &op, &error); break;
        case 13: status = aikit_cost_start(kit, STR("adjust_budget"), TEXT_OF(text), fuzz_done, l, &op, &error); break;
        default:
            status =
                aikit_chat_start(kit, TEXT_OF(text), window, event, fuzz_done, l, roll(state, 20) ? &op : NULL, &error);
            break;
    }
    aikit_error_free(error);
    if (status != AIKIT_OK) {
        atomic_store(&l->done, -1); /* and it stays so */
        return;
    }
    atomic_fetch_add(&started, 1);
    atomic_store(&l->op, (uintptr_t)op);
    keep(state, op);
}

static void free_one(random_state* state) {
    void* const handle = any_handle(state);
    switch (roll(state, 16)) {
        case 0: aikit_runtime_free(handle); break;
        case 1: aikit_kit_free(handle); break;
        case 2: aikit_error_free(handle); break;
        case 3: (void)aikit_kit_close(handle, NULL); break;
        default: aikit_op_free(handle); break;
    }
}

static void ask_op(random_state* state, int in_callback) {
    aikit_bytes bytes = {NULL, 0};
    aikit_floats floats = {NULL, 0, 0};
    int32_t ended = 0;
    void* const handle = any_handle(state);
    char const* const answer = any_text(state);
    int32_t const wait = in_callback ? 0 : (int32_t)roll(state, 4);
    switch (roll(state, 8)) {
        case 6: (void)aikit_op_answer(handle, roll(state, 3), TEXT_OF(answer), NULL); break;
        case 0: (void)aikit_op_cancel(handle); break;
        case 1: (void)aikit_op_more(handle, roll(state, 8)); break;
        case 2: (void)aikit_op_next(handle, wait, &bytes, &ended, NULL); break;
        case 3: (void)aikit_op_wait(handle, wait, roll(state, 9) ? &ended : NULL, NULL); break;
        case 4: (void)aikit_op_result(handle, roll(state, 2) ? &bytes : NULL, NULL); break;
        case 5: (void)aikit_op_vectors(handle, &floats, NULL); break;
        default: (void)aikit_error_json(handle, &bytes, NULL); break;
    }
    aikit_bytes_free(&bytes);
    aikit_floats_free(&floats);
}

static void block(random_state* state) {
    aikit_bytes bytes = {NULL, 0};
    aikit_error* error = NULL;
    char const* const text = any_text(state);
    void* const kit = any_kit(state);
    int64_t number = 0;
    switch (roll(state, 9)) {
        case 0: (void)aikit_embed(kit, TEXT_OF(text), NULL, &bytes, &error); break;
        case 1: (void)aikit_ingest(kit, STR("b"), TEXT_OF(text), &bytes, &error); break;
        case 2: (void)aikit_search(kit, STR("b"), TEXT_OF(text), NULL, 0, &bytes, &error); break;
        case 3: (void)aikit_cost_estimate(kit, TEXT_OF(text), &bytes, &error); break;
        case 7: (void)aikit_cost_price(kit, TEXT_OF(text), &bytes, &error); break;
        case 4: (void)aikit_cost_report(kit, TEXT_OF(text), &bytes, &error); break;
        case 5: (void)aikit_vectors_count(kit, STR("c"), &number, &error); break;
        case 6: (void)aikit_vectors_collections(kit, roll(state, 9) ? &bytes : NULL, &error); break;
        default: (void)aikit_kit_flush(kit, &error); break;
    }
    aikit_bytes_free(&bytes);
    CHECK(aikit_error_message(error) != NULL);
    if (roll(state, 3)) {
        aikit_error_free(error);
    } else {
        keep(state, error);
    }
}

static void open_one(random_state* state) {
    aikit_runtime* runtime = NULL;
    aikit_kit* kit = NULL;
    if (roll(state, 3) == 0) {
        if (aikit_runtime_create(STR(runtimes[roll(state, 5)]), &runtime, NULL) == AIKIT_OK) note_made(runtime);
        keep(state, runtime);
    } else {
        void* const on = roll(state, 4) ? any_handle(state) : NULL;
        if (aikit_kit_open(on, STR(kit_config), &kit, NULL) == AIKIT_OK) note_made(kit);
        keep(state, kit);
    }
}

static void one_call(random_state* state, int in_callback) {
    uint32_t const what = roll(state, 100);
    if (what < 30) {
        start_one(state);
    } else if (what < 50) {
        ask_op(state, in_callback);
    } else if (what < 62) {
        free_one(state);
    } else if (what < 72) {
        (void)aikit_runtime_dispatch(any_handle(state), NULL, NULL);
    } else if (what < 82) {
        (void)aikit_runtime_poll(any_handle(state), in_callback ? 0 : (int32_t)roll(state, 3), NULL, NULL);
    } else if (what < 95) {
        block(state);
    } else {
        open_one(state);
    }
}

static void* run_thread(void* seed) {
    random_state state = {(uint64_t)(uintptr_t)seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
    for (int i = 0; i < calls; ++i) one_call(&state, 0);
    return NULL;
}

static void run_seed(int seed) {
    pthread_t running[threads];
    random_state state = {(uint64_t)seed * UINT64_C(0xD1342543DE82EF95) + 7};
    memset(listeners, 0, sizeof listeners);
    atomic_store(&used_listeners, 0);
    atomic_store(&started, 0);
    atomic_store(&made_count, 0);
    for (int i = 0; i < slots; ++i) atomic_store(&handles[i], 0);
    for (int i = 0; i < first_kits; ++i) {
        aikit_runtime* const runtime = make_runtime(runtimes[i]);
        REQUIRE(aikit_kit_open(runtime, STR(kit_config), &kits[i], NULL) == AIKIT_OK);
        note_made(runtime);
        note_made(kits[i]);
        if (roll(&state, 2)) keep(&state, kits[i]);
        if (roll(&state, 2)) keep(&state, runtime);
    }
    for (int i = 0; i < threads; ++i) {
        REQUIRE(pthread_create(&running[i], NULL, run_thread, (void*)(uintptr_t)(seed * threads + i + 1)) == 0);
    }
    for (int i = 0; i < threads; ++i) pthread_join(running[i], NULL);
    for (int i = 0; i < atomic_load(&made_count); ++i) {
        aikit_kit_free((aikit_kit*)atomic_load(&made[i]));
        aikit_runtime_free((aikit_runtime*)atomic_load(&made[i]));
    }
    for (int i = 0; i < slots; ++i) {
        aikit_error_free((aikit_error*)atomic_load(&handles[i]));
        aikit_op_free((aikit_op*)atomic_load(&handles[i]));
    }
    aikit_runtime_free(make_runtime("{}")); /* and what had to be left for later is done */
}

static void every_operation_ended(int seed) {
    char what[32];
    int done = 0;
    int all = atomic_load(&used_listeners);
    if (all > most_listeners) all = most_listeners;
    snprintf(what, sizeof what, "seed %d", seed);
    about(what);
    for (int i = 0; i < all; ++i) {
        int const times = atomic_load(&listeners[i].done);
        CHECK(times <= 1);
        CHECK(atomic_load(&listeners[i].late) == 0);
        CHECK(atomic_load(&listeners[i].overlaps) == 0);
        done += times == 1;
    }
    CHECK(done == atomic_load(&started));
    about(NULL);
}

static void random_calls(void) {
    char const* const given = getenv("AIKIT_FUZZ_SEEDS");
    char const* const from = getenv("AIKIT_FUZZ_FIRST");
    int const first = from ? atoi(from) : 1;
    int const seeds = given ? atoi(given) : 25;
    long long total = 0;
    for (int seed = first; seed < first + seeds; ++seed) {
        run_seed(seed);
        every_operation_ended(seed);
        total += atomic_load(&started);
    }
    printf("%d seeds, %lld operations\n", seeds, total);
    CHECK(total > 20 * seeds);
}

TEST_MAIN({"random calls from several threads neither crash nor hang, and operations end once", random_calls})
