/* SPDX-License-Identifier: MIT */
/* tests/capi/callbacks_test.c - events and ends: on our thread, in a host's loop, without threads, pulled, cancelled.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define NO_THREADS "{\"io\": 0, \"cpu\": 0, \"storage\": 0, \"resolver\": 0}"
#define DISPATCH "{\"cpu\": 1, \"callbacks\": \"dispatch\"}"

static aikit_op* start_chat(aikit_kit* kit, char const* request, uint32_t window, seen* what) {
    aikit_op* op = NULL;
    REQUIRE(aikit_chat_start(kit, STR(request), window, what ? on_event : NULL, what ? on_done : NULL, what, &op,
                             NULL) == AIKIT_OK);
    return op;
}

static void ended_well(seen* what, int events) {
    CHECK(atomic_load(&what->done) == 1);
    CHECK(atomic_load(&what->status) == AIKIT_OK);
    CHECK(atomic_load(&what->events) == events);
    CHECK(atomic_load(&what->after_done) == 0);
    CHECK(atomic_load(&what->overlaps) == 0);
}

/* The provider's pieces, the beginning, the usage and the end of the choice. */
enum { pieces = 100, all_events = pieces + 3 };

static void on_our_thread(void) {
    seen what = {0};
    aikit_kit* const kit = scripted_kit(NULL, long_reply(pieces));
    aikit_op* const op = start_chat(kit, CHAT_REQUEST, AIKIT_WINDOW_AUTO, &what);
    int32_t ended = 0;
    CHECK_STATUS(aikit_op_wait(op, 20000, &ended, NULL), AIKIT_OK);
    CHECK(ended == 1);
    ended_well(&what, all_events);
    CHECK(strstr(what.result, "\"complete\":true") != NULL);
    CHECK(strstr(what.result, "0 1 2 3 4 ") != NULL);
    aikit_op_free(op);
    aikit_kit_free(kit);
}

static void whole_without_events(void) {
    seen what = {0};
    aikit_kit* const kit = scripted_kit(NULL, long_reply(3));
    aikit_op* op = NULL;
    aikit_bytes result = {NULL, 0};
    REQUIRE(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, NULL, on_done, &what, &op, NULL) == AIKIT_OK);
    CHECK(wait_for(&what.done, 1));
    ended_well(&what, 0);
    CHECK_STATUS(aikit_op_result(op, &result, NULL), AIKIT_OK);
    CHECK(result.data != NULL && strcmp(result.data, what.result) == 0);
    aikit_bytes_free(&result);
    aikit_op_free(op);
    aikit_kit_free(kit);
}

static void in_a_loop(void) {
    enum { streams = 20 };
    static seen what[streams];
    aikit_runtime* const runtime = make_runtime(DISPATCH);
    aikit_kit* const kit = scripted_kit(runtime, long_reply(pieces));
    aikit_op* ops[streams];
    struct pollfd watched = {-1, POLLIN, 0};
    int done = 0;
    int idle = 0;
    int32_t ended = 0;
    memset(what, 0, sizeof what);
    CHECK_STATUS(aikit_runtime_wait_handle(runtime, &watched.fd, NULL), AIKIT_OK);
    CHECK(poll(&watched, 1, 0) == 0);
    for (int i = 0; i < streams; ++i) ops[i] = start_chat(kit, CHAT_REQUEST, AIKIT_WINDOW_AUTO, &what[i]);
    CHECK_STATUS(aikit_op_wait(ops[0], -1, &ended, NULL), AIKIT_E_INVALID_STATE);
    long long const until = now_ms() + 20000;
    while (done < streams && now_ms() < until) {
        size_t ran = 0;
        CHECK(poll(&watched, 1, 10000) == 1);
        int const before = atomic_load(&what[0].events);
        sleep_ms(1);
        CHECK(atomic_load(&what[0].events) == before); /* nothing runs but in here */
        CHECK_STATUS(aikit_runtime_dispatch(runtime, &ran, NULL), AIKIT_OK);
        idle += ran == 0; /* what came while others ran went with them */
        done = 0;
        for (int i = 0; i < streams; ++i) done += atomic_load(&what[i].done);
    }
    CHECK(idle < 50);
    for (int i = 0; i < streams; ++i) {
        ended_well(&what[i], all_events);
        CHECK_STATUS(aikit_op_wait(ops[i], -1, &ended, NULL), AIKIT_OK);
        CHECK(ended == 1);
        aikit_op_free(ops[i]);
    }
    CHECK(poll(&watched, 1, 0) == 0);
    aikit_kit_free(kit);
    aikit_runtime_free(runtime);
}

static void without_threads(void) {
    enum { streams = 20 };
    static seen what[streams];
    int const threads = thread_count();
    aikit_runtime* const runtime = make_runtime(NO_THREADS);
    aikit_kit* const kit = scripted_kit(runtime, long_reply(pieces));
    aikit_bytes reply = {NULL, 0};
    int done = 0;
    memset(what, 0, sizeof what);
    for (int i = 0; i < streams; ++i) aikit_op_free(start_chat(kit, CHAT_REQUEST, AIKIT_WINDOW_AUTO, &what[i]));
    sleep_ms(20);
    CHECK(atomic_load(&what[0].events) == 0);
    long long const until = now_ms() + 20000;
    while (done < streams && now_ms() < until) {
        CHECK_STATUS(aikit_runtime_poll(runtime, 1000, NULL, NULL), AIKIT_OK);
        done = 0;
        for (int i = 0; i < streams; ++i) done += atomic_load(&what[i].done);
    }
    for (int i = 0; i < streams; ++i) ended_well(&what[i], all_events);
    CHECK(thread_count() == threads);
    CHECK_STATUS(aikit_chat(kit, STR(CHAT_REQUEST), &reply, NULL), AIKIT_OK); /* drives the loop itself */
    aikit_bytes_free(&reply);
    long long const began = now_ms();
    CHECK_STATUS(aikit_runtime_poll(runtime, 30, NULL, NULL), AIKIT_OK);
    CHECK(now_ms() - began < 10000);
    CHECK(thread_count() == threads);
    aikit_kit_free(kit);
    aikit_runtime_free(runtime);
    CHECK(thread_count() == threads);
}

static void pulled(void) {
    static char const* const configs[] = {"{\"cpu\": 1}", DISPATCH, NO_THREADS};
    for (int i = 0; i < 3; ++i) {
        about(configs[i]);
        aikit_runtime* const runtime = make_runtime(configs[i]);
        aikit_kit* const kit = scripted_kit(runtime, long_reply(pieces));
        aikit_op* const op = start_chat(kit, STREAM_REQUEST, 8, NULL);
        int events = 0;
        int32_t ended = 0;
        aikit_bytes event = {NULL, 0};
        while (!ended) {
            CHECK_STATUS(aikit_op_next(op, 10000, &event, &ended, NULL), AIKIT_OK);
            CHECK((event.data == NULL) == (ended == 1));
            if (event.data != NULL) ++events;
            aikit_bytes_free(&event);
        }
        CHECK(events == all_events);
        CHECK_STATUS(aikit_op_next(op, -1, &event, &ended, NULL), AIKIT_OK);
        CHECK(ended == 1);
        CHECK_STATUS(aikit_op_result(op, NULL, NULL), AIKIT_OK);
        aikit_op_free(op);
        aikit_kit_free(kit);
        aikit_runtime_free(runtime);
    }
}

static void waits_run_out(void) {
    static char const* const configs[] = {"{\"cpu\": 1}", NO_THREADS};
    for (int i = 0; i < 2; ++i) {
        aikit_runtime* const runtime = make_runtime(configs[i]);
        aikit_kit* const kit = scripted_kit(runtime, "[{\"text\": \"late\", \"delay\": 30}]");
        aikit_op* const op = start_chat(kit, STREAM_REQUEST, 0, NULL);
        aikit_bytes event = {NULL, 0};
        int32_t ended = 5;
        long long const began = now_ms();
        CHECK_STATUS(aikit_op_wait(op, 0, &ended, NULL), AIKIT_OK);
        CHECK(ended == 0);
        CHECK_STATUS(aikit_op_wait(op, 50, &ended, NULL), AIKIT_OK);
        CHECK(ended == 0);
        CHECK_STATUS(aikit_op_next(op, 50, &event, &ended, NULL), AIKIT_OK);
        CHECK(event.data == NULL && ended == 0);
        CHECK(now_ms() - began >= 100 && now_ms() - began < 10000);
        CHECK_STATUS(aikit_op_result(op, &event, NULL), AIKIT_E_INVALID_STATE);
        aikit_kit_free(kit);
        aikit_op_free(op);
        aikit_runtime_free(runtime);
        CHECK(now_ms() - began < 10000);
    }
}

static void window_holds(void) {
    for (uint32_t window = 0; window <= 10; window += 10) {
        int const most = window == 0 ? 64 : 10;
        seen what = {0};
        aikit_kit* const kit = scripted_kit(NULL, long_reply(pieces));
        aikit_op* const op = start_chat(kit, CHAT_REQUEST, window, &what);
        CHECK(wait_for(&what.events, most));
        sleep_ms(50);
        CHECK(atomic_load(&what.events) == most);
        CHECK_STATUS(aikit_op_more(op, 1), AIKIT_OK);
        CHECK(wait_for(&what.events, most + 1));
        sleep_ms(20);
        CHECK(atomic_load(&what.events) == most + 1);
        CHECK(atomic_load(&what.done) == 0);
        CHECK_STATUS(aikit_op_more(op, UINT32_MAX), AIKIT_OK);
        CHECK(wait_for(&what.done, 1));
        ended_well(&what, all_events);
        aikit_op_free(op);
        aikit_kit_free(kit);
    }
}

/* Once its handle is gone nobody can ask for more: what is left comes as it comes. */
static void window_lifted(void) {
    static char const* const configs[] = {"{\"cpu\": 1}", DISPATCH};
    for (int i = 0; i < 2; ++i) {
        seen what = {0};
        aikit_runtime* const runtime = make_runtime(configs[i]);
        aikit_kit* const kit = scripted_kit(runtime, long_reply(pieces));
        aikit_op* const op = start_chat(kit, CHAT_REQUEST, 4, &what);
        for (int k = 0; k < 2000 && atomic_load(&what.events) < 4; ++k) {
            if (i == 1) CHECK_STATUS(aikit_runtime_dispatch(runtime, NULL, NULL), AIKIT_OK);
            sleep_ms(1);
        }
        aikit_op_free(op);
        for (int k = 0; k < 20000 && atomic_load(&what.done) < 1; ++k) {
            if (i == 1) CHECK_STATUS(aikit_runtime_dispatch(runtime, NULL, NULL), AIKIT_OK);
            sleep_ms(1);
        }
        ended_well(&what, all_events);
        aikit_kit_free(kit);
        aikit_runtime_free(runtime);
    }
}

static void cancelled(void) {
    /* Before it begins, while it waits for the provider, while it waits for room, and after its end. */
    for (int when = 0; when < 4; ++when) {
        seen what = {0};
        aikit_kit* const kit =
            scripted_kit(NULL, when == 1 ? "[{\"text\": \"x\", \"delay\": 60}]" : long_reply(pieces));
        aikit_op* const op = start_chat(kit, CHAT_REQUEST, when == 3 ? AIKIT_WINDOW_AUTO : 5, &what);
        if (when == 1) sleep_ms(20);
        if (when == 2) CHECK(wait_for(&what.events, 5));
        if (when == 3) CHECK(wait_for(&what.done, 1));
        CHECK_STATUS(aikit_op_cancel(op), AIKIT_OK);
        CHECK_STATUS(aikit_op_cancel(op), AIKIT_OK);
        CHECK(wait_for(&what.done, 1));
        CHECK(atomic_load(&what.status) == (when == 3 ? AIKIT_OK : AIKIT_E_CANCELLED));
        if (when == 2) CHECK(strstr(what.result, "\"complete\":false") != NULL);
        if (when == 2) CHECK(strstr(what.result, "0 1 2 ") != NULL);
        aikit_bytes partial = {NULL, 0};
        CHECK_STATUS(aikit_op_result(op, &partial, NULL), when == 3 ? AIKIT_OK : AIKIT_E_CANCELLED);
        CHECK(strcmp(partial.data ? partial.data : "", what.result) == 0 || partial.size > sizeof what.result);
        aikit_bytes_free(&partial);
        sleep_ms(5);
        CHECK(atomic_load(&what.done) == 1);
        aikit_op_free(op);
        aikit_kit_free(kit);
    }
}

static void cut_streams_keep_what_came(void) {
    seen what = {0};
    aikit_kit* const kit = scripted_kit(NULL, "[{\"pieces\": [\"one \", \"two \", \"three\"], \"fail_after\": 3}]");
    aikit_op* const op = start_chat(kit, CHAT_REQUEST, 0, &what);
    CHECK(wait_for(&what.done, 1));
    CHECK(atomic_load(&what.status) == AIKIT_E_INCOMPLETE);
    CHECK(strstr(what.result, "one two ") != NULL);
    CHECK(strstr(what.result, "\"complete\":false") != NULL);
    aikit_op_free(op);
    aikit_kit_free(kit);
}

/* Callbacks that do everything they may. */
typedef struct busy {
    seen what;
    aikit_kit* kit;
    aikit_op* _Atomic op;
    int act; /* what the first event does */
    seen* other;
} busy;

static void act_on_event(void* user, char const* event, size_t size) {
    busy* const b = user;
    aikit_bytes bytes = {NULL, 0};
    aikit_error* error = NULL;
    aikit_op* other = NULL;
    if (atomic_load(&b->what.events) == 0) {
        while (atomic_load(&b->op) == NULL) sleep_ms(1);
        switch (b->act) {
            case 0: CHECK_STATUS(aikit_op_cancel(atomic_load(&b->op)), AIKIT_OK); break;
            case 1: aikit_op_free(atomic_load(&b->op)); break;
            case 2: aikit_kit_free(b->kit); break;
            case 3:
                CHECK_STATUS(aikit_chat(b->kit, STR(CHAT_REQUEST), &bytes, &error), AIKIT_E_INVALID_STATE);
                aikit_error_free(error);
                break;
            case 4:
                CHECK_STATUS(aikit_chat_start(b->kit, STR(CHAT_REQUEST), AIKIT_WINDOW_AUTO, on_event, on_done, b->other,
                                              &other, NULL),
                             AIKIT_OK);
                CHECK(atomic_load(&b->other->done) == 0 && atomic_load(&b->other->events) == 0);
                aikit_op_free(other);
                break;
            case 5: {
                int32_t ended = 0;
                CHECK_STATUS(aikit_op_wait(atomic_load(&b->op), -1, &ended, NULL), AIKIT_E_INVALID_STATE);
                break;
            }
            default:
                CHECK_STATUS(aikit_kit_flush(b->kit, NULL), AIKIT_E_INVALID_STATE);
                CHECK_STATUS(aikit_kit_close(b->kit, NULL), AIKIT_E_INVALID_STATE);
                break;
        }
    }
    on_event(&b->what, event, size);
}

static void act_on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    busy* const b = user;
    aikit_op_free(atomic_load(&b->op));
    on_done(&b->what, status, result, size, error);
}

static void busy_callbacks(void) {
    for (int act = 0; act < 7; ++act) {
        seen other = {0};
        busy b = {.act = act, .other = &other};
        aikit_runtime* const runtime = make_runtime("{\"cpu\": 1}");
        aikit_op* op = NULL;
        b.kit = scripted_kit(runtime, long_reply(pieces));
        REQUIRE(aikit_chat_start(b.kit, STR(CHAT_REQUEST), AIKIT_WINDOW_AUTO, act_on_event, act_on_done, &b, &op,
                                 NULL) == AIKIT_OK);
        atomic_store(&b.op, op);
        CHECK(wait_for(&b.what.done, 1));
        CHECK(atomic_load(&b.what.status) == (act == 0 ? AIKIT_E_CANCELLED : AIKIT_OK));
        if (act == 4) CHECK(wait_for(&other.done, 1));
        if (act == 4) ended_well(&other, all_events);
        aikit_kit_free(b.kit);
        aikit_runtime_free(runtime);
        CHECK(atomic_load(&b.what.done) == 1);
    }
}

/* A runtime's end, from outside and from inside, with operations running. */
typedef struct ender {
    seen what;
    aikit_runtime* runtime;
} ender;

static void end_on_event(void* user, char const* event, size_t size) {
    ender* const e = user;
    if (atomic_load(&e->what.events) == 0) aikit_runtime_free(e->runtime);
    on_event(&e->what, event, size);
}

static void end_on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    on_done(&((ender*)user)->what, status, result, size, error);
}

static void runtime_ends(void) {
    static char const* const configs[] = {"{\"cpu\": 1}", DISPATCH, NO_THREADS};
    int const threads = thread_count();
    for (int inside = 0; inside < 2; ++inside) {
        for (int i = 0; i < 3; ++i) {
            enum { streams = 10 };
            static ender e[streams];
            aikit_op* ops[streams];
            memset(e, 0, sizeof e);
            aikit_runtime* const runtime = make_runtime(configs[i]);
            aikit_kit* const kit =
                scripted_kit(runtime, "[{\"pieces\": [\"a\", \"b\", \"c\"], \"delay\": 0.05, \"piece_delay\": 20}]");
            for (int k = 0; k < streams; ++k) {
                e[k].runtime = runtime;
                REQUIRE(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, inside ? end_on_event : on_event, end_on_done,
                                         &e[k], &ops[k], NULL) == AIKIT_OK);
            }
            long long const began = now_ms();
            while (inside && atomic_load(&e[0].what.events) == 0 && now_ms() - began < 10000) {
                if (i == 1) (void)aikit_runtime_dispatch(runtime, NULL, NULL);
                if (i == 2) (void)aikit_runtime_poll(runtime, 10, NULL, NULL);
                sleep_ms(1);
            }
            aikit_runtime_free(inside ? NULL : runtime);
            /* Begun inside a callback of its own thread, it goes on there. */
            for (int k = 0; k < streams; ++k) CHECK(wait_for(&e[k].what.done, 1));
            CHECK(now_ms() - began < 5000);
            for (int k = 0; k < streams; ++k) {
                int32_t ended = 0;
                aikit_status const status = atomic_load(&e[k].what.status);
                CHECK(status == AIKIT_E_CANCELLED || status == AIKIT_E_INVALID_STATE);
                CHECK(atomic_load(&e[k].what.overlaps) == 0 && atomic_load(&e[k].what.after_done) == 0);
                CHECK_STATUS(aikit_op_wait(ops[k], 1000, &ended, NULL), AIKIT_OK);
                CHECK(ended == 1);
                aikit_op_free(ops[k]);
            }
            CHECK_STATUS(aikit_kit_flush(kit, NULL), AIKIT_E_INVALID_STATE);
            aikit_op* none = NULL;
            CHECK_STATUS(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, NULL, NULL, NULL, &none, NULL),
                         AIKIT_E_INVALID_STATE);
            aikit_kit_free(kit);
            aikit_runtime_free(make_runtime("{}")); /* does what had to be left */
            CHECK(thread_count() == threads);
        }
    }
}

static void loops_refuse(void) {
    int32_t descriptor = -1;
    aikit_runtime* const plain = make_runtime("{}");
    aikit_runtime* const polled = make_runtime(NO_THREADS);
    CHECK_STATUS(aikit_runtime_poll(plain, 0, NULL, NULL), AIKIT_E_INVALID_STATE);
    CHECK_STATUS(aikit_runtime_dispatch(plain, NULL, NULL), AIKIT_E_INVALID_STATE);
    CHECK_STATUS(aikit_runtime_wait_handle(plain, &descriptor, NULL), AIKIT_E_INVALID_STATE);
    CHECK_STATUS(aikit_runtime_dispatch(polled, NULL, NULL), AIKIT_E_INVALID_STATE);
    CHECK(descriptor == -1);
    aikit_runtime_free(plain);
    aikit_runtime_free(polled);
}

typedef struct inner {
    seen what;
    aikit_runtime* runtime;
} inner;

static void dispatch_inside(void* user, aikit_status status, char const* result, size_t size,
                            aikit_error const* error) {
    inner* const i = user;
    CHECK_STATUS(aikit_runtime_dispatch(i->runtime, NULL, NULL), AIKIT_E_INVALID_STATE);
    on_done(&i->what, status, result, size, error);
}

static void dispatch_is_not_nested(void) {
    inner i = {.runtime = make_runtime(DISPATCH)};
    aikit_kit* const kit = scripted_kit(i.runtime, "[{\"text\": \"x\"}]");
    aikit_op* op = NULL;
    REQUIRE(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, NULL, dispatch_inside, &i, &op, NULL) == AIKIT_OK);
    for (int k = 0; k < 10000 && atomic_load(&i.what.done) == 0; ++k) {
        CHECK_STATUS(aikit_runtime_dispatch(i.runtime, NULL, NULL), AIKIT_OK);
        sleep_ms(1);
    }
    CHECK(atomic_load(&i.what.done) == 1);
    aikit_op_free(op);
    aikit_kit_free(kit);
    aikit_runtime_free(i.runtime);
}

/* 200 streams from four threads, half of them cancelled from a fifth; every one ends exactly once. */
enum { many = 200 };
static seen crowd[many];
static aikit_op* _Atomic crowd_ops[many];
static aikit_kit* crowd_kit;

static void* starter(void* which) {
    for (int i = (int)(intptr_t)which; i < many; i += 4) {
        aikit_op* op = NULL;
        CHECK_STATUS(aikit_chat_start(crowd_kit, STR(CHAT_REQUEST), i % 3 ? 0 : AIKIT_WINDOW_AUTO, on_event, on_done,
                                      &crowd[i], &op, NULL),
                     AIKIT_OK);
        atomic_store(&crowd_ops[i], op);
    }
    return NULL;
}

static void* canceller(void* nothing) {
    for (int i = 0; i < many; ++i) {
        while (atomic_load(&crowd_ops[i]) == NULL) sleep_ms(1);
        if (i % 2) {
            CHECK_STATUS(aikit_op_cancel(atomic_load(&crowd_ops[i])), AIKIT_OK);
        } else {
            CHECK_STATUS(aikit_op_more(atomic_load(&crowd_ops[i]), 1000), AIKIT_OK);
        }
    }
    return nothing;
}

static void two_hundred_streams(void) {
    pthread_t threads[5];
    crowd_kit = scripted_kit(NULL, "[{\"pieces\": [\"a\", \"b\", \"c\", \"d\"], \"piece_delay\": 0.005}]");
    for (intptr_t i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, starter, (void*)i);
    pthread_create(&threads[4], NULL, canceller, NULL);
    for (int i = 0; i < 5; ++i) pthread_join(threads[i], NULL);
    int good = 0;
    for (int i = 0; i < many; ++i) {
        CHECK(wait_for(&crowd[i].done, 1));
        aikit_status const status = atomic_load(&crowd[i].status);
        CHECK(status == AIKIT_OK || (i % 2 && status == AIKIT_E_CANCELLED));
        CHECK(atomic_load(&crowd[i].overlaps) == 0 && atomic_load(&crowd[i].after_done) == 0);
        good += status == AIKIT_OK;
        aikit_op_free(atomic_load(&crowd_ops[i]));
    }
    CHECK(good >= many / 2);
    aikit_kit_free(crowd_kit);
}

/* Blocking calls and frees of the same kit from several threads at once. */
static void* caller(void* kit) {
    for (int i = 0; i < 50; ++i) {
        aikit_bytes reply = {NULL, 0};
        aikit_status const status = aikit_chat(kit, STR(CHAT_REQUEST), &reply, NULL);
        CHECK(status == AIKIT_OK || status == AIKIT_E_INVALID_STATE || status == AIKIT_E_CANCELLED);
        aikit_bytes_free(&reply);
    }
    return NULL;
}

static void freed_during_calls(void) {
    for (int round = 0; round < 20; ++round) {
        pthread_t threads[4];
        aikit_runtime* const runtime = round % 2 ? make_runtime("{\"cpu\": 1}") : NULL;
        aikit_kit* const kit = scripted_kit(runtime, "[{\"text\": \"x\", \"delay\": 0.001}]");
        for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, caller, kit);
        sleep_ms(round % 7);
        if (runtime != NULL) aikit_runtime_free(runtime);
        aikit_kit_free(kit);
        for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    }
}

static void ingest_and_ask(void) {
    seen what = {0};
    aikit_kit* const kit = scripted_kit(NULL, long_reply(1));
    aikit_op* op = NULL;
    int32_t ended = 0;
    static char const documents[] =
        "{\"documents\": [{\"uri\": \"bees\", \"text\": \"Bees make honey in summer.\", \"metadata\": {\"a\": 1}}, "
        "{\"uri\": \"cats\", \"text\": \"Cats sleep all day.\"}, {\"uri\": \"bad\", \"text\": \"%PDF-1.7\"}]}";
    REQUIRE(aikit_ingest_start(kit, STR("base"), STR(documents), 0, on_event, on_done, &what, &op, NULL) == AIKIT_OK);
    CHECK(wait_for(&what.done, 1));
    ended_well(&what, 3);
    CHECK(strstr(what.result, "\"added\":2") != NULL && strstr(what.result, "\"uri\":\"bad\"") != NULL);
    aikit_op_free(op);

    memset(&what, 0, sizeof what);
    static char const question[] = "{\"question\": \"What do bees make?\", \"model\": \"builtin/extractive-1\"}";
    REQUIRE(aikit_ask_start(kit, STR("base"), STR(question), 0, on_event, on_done, &what, &op, NULL) == AIKIT_OK);
    CHECK(wait_for(&what.done, 1));
    CHECK(atomic_load(&what.status) == AIKIT_OK);
    CHECK(atomic_load(&what.events) >= 2);
    CHECK(strstr(what.result, "honey") != NULL && strstr(what.result, "\"supported\":true") != NULL);
    aikit_op_free(op);

    CHECK_STATUS(aikit_ask_start(kit, STR("nowhere"), STR(question), 0, NULL, NULL, NULL, &op, NULL), AIKIT_OK);
    CHECK_STATUS(aikit_op_wait(op, -1, &ended, NULL), AIKIT_OK);
    aikit_error* error = NULL;
    CHECK_STATUS(aikit_op_result(op, NULL, &error), AIKIT_E_NOT_FOUND);
    CHECK(strstr(aikit_error_message(error), "nowhere") != NULL);
    aikit_error_free(error);
    aikit_op_free(op);
    aikit_kit_free(kit);
}

static aikit_kit* budget_kit(aikit_runtime* runtime) {
    static char const config[] =
        "{\"budgets\": {\"budgets\": [{\"name\": \"day\", \"window\": \"day\", \"tokens\": 10, \"hard\": false, "
        "\"alerts\": [50]}]}, \"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"script\": {\"repeat\": "
        "true, \"replies\": [{\"text\": \"x\", \"usage\": {\"input\": 4, \"output\": 2}}]}}]}";
    aikit_kit* kit = NULL;
    REQUIRE(aikit_kit_open(runtime, STR(config), &kit, NULL) == AIKIT_OK);
    return kit;
}

static aikit_op* start_alerts(aikit_kit* kit, char const* request, seen* what) {
    aikit_op* op = NULL;
    memset(what, 0, sizeof *what);
    REQUIRE(aikit_cost_start(kit, STR("budget_alerts"), STR(request), on_done, what, &op, NULL) == AIKIT_OK);
    return op;
}

static void alerts_are_waited_for(void) {
    static seen readers[2];
    static seen stopped;
    aikit_kit* const kit = budget_kit(NULL);
    aikit_bytes bytes = {NULL, 0};
    aikit_op* const op = start_alerts(kit, "{\"after_alert\": 0}", &stopped);
    for (int i = 0; i < 2; ++i) aikit_op_free(start_alerts(kit, "{\"after_alert\": 0}", &readers[i]));
    CHECK_STATUS(aikit_op_cancel(op), AIKIT_OK);
    CHECK(wait_for(&stopped.done, 1));
    CHECK(atomic_load(&stopped.status) == AIKIT_E_CANCELLED);
    CHECK(atomic_load(&readers[0].done) == 0 && atomic_load(&readers[1].done) == 0);
    aikit_op_free(op);

    CHECK_STATUS(aikit_chat(kit, STR(CHAT_REQUEST), &bytes, NULL), AIKIT_OK);
    aikit_bytes_free(&bytes);
    for (int i = 0; i < 2; ++i) {
        CHECK(wait_for(&readers[i].done, 1));
        CHECK(atomic_load(&readers[i].status) == AIKIT_OK);
        CHECK(strstr(readers[i].result, "\"percent\":50") != NULL);
        CHECK(strstr(readers[i].result, "\"last_alert\":1") != NULL);
    }
    aikit_kit_free(kit);
}

static void alerts_end_with_their_kit(void) {
    static seen closed;
    static seen freed;
    aikit_runtime* const runtime = make_runtime("{\"cpu\": 1}");
    aikit_kit* kit = budget_kit(runtime);
    aikit_op* op = start_alerts(kit, "{}", &closed);
    CHECK_STATUS(aikit_kit_close(kit, NULL), AIKIT_OK);
    CHECK(wait_for(&closed.done, 1));
    CHECK(atomic_load(&closed.status) == AIKIT_E_INVALID_STATE);
    aikit_op_free(op);
    aikit_kit_free(kit);
    aikit_runtime_free(runtime);

    kit = budget_kit(NULL);
    op = start_alerts(kit, "{}", &freed);
    aikit_kit_free(kit); /* and with it its runtime */
    CHECK(wait_for(&freed.done, 1));
    CHECK(atomic_load(&freed.status) == AIKIT_E_INVALID_STATE || atomic_load(&freed.status) == AIKIT_E_CANCELLED);
    aikit_op_free(op);
}

static void rows_survive_the_free(void) {
    char config[512];
    char path[] = "capi_rows_XXXXXX";
    int const made = mkstemp(path);
    aikit_kit* kit = NULL;
    aikit_bytes bytes = {NULL, 0};
    REQUIRE(made >= 0);
    snprintf(config, sizeof config,
             "{\"store\": \"%s\", \"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"script\": {\"repeat\": "
             "true, \"replies\": [{\"text\": \"x\"}]}}]}",
             path);
    for (int i = 0; i < 2; ++i) {
        aikit_runtime* const runtime = make_runtime("{}");
        REQUIRE(aikit_kit_open(i ? runtime : NULL, STR(config), &kit, NULL) == AIKIT_OK);
        for (int k = 0; k < 7; ++k) {
            CHECK_STATUS(aikit_chat(kit, STR(CHAT_REQUEST), &bytes, NULL), AIKIT_OK);
            aikit_bytes_free(&bytes);
        }
        aikit_kit_free(kit);
        aikit_runtime_free(runtime);
    }
    REQUIRE(aikit_kit_open(NULL, STR(config), &kit, NULL) == AIKIT_OK);
    CHECK_STATUS(aikit_cost_report(kit, NULL, 0, &bytes, NULL), AIKIT_OK);
    CHECK(bytes.data != NULL && strstr(bytes.data, "\"calls\":14") != NULL);
    aikit_bytes_free(&bytes);
    aikit_kit_free(kit);
    remove(path);
}

TEST_MAIN({"a stream's events and its end arrive once, in order, on our thread", on_our_thread},
          {"without on_event a chat comes whole", whole_without_events},
          {"in a host's loop callbacks wait for dispatch, and the wait handle tells", in_a_loop},
          {"without any thread poll drives everything", without_threads},
          {"events can be pulled in every kind of runtime", pulled},
          {"waiting ends when its time runs out", waits_run_out},
          {"a full window holds the stream until more is asked for", window_holds},
          {"once an operation is let go its window is lifted", window_lifted},
          {"an operation is cancelled whenever it is told to, and ends once", cancelled},
          {"a cut stream keeps what came", cut_streams_keep_what_came},
          {"callbacks may cancel, free, start and be refused what blocks", busy_callbacks},
          {"a runtime ends with all its operations, from outside and from inside a callback", runtime_ends},
          {"a loop of the wrong kind is refused", loops_refuse}, {"dispatch is not nested", dispatch_is_not_nested},
          {"two hundred streams from four threads end once each, half of them cancelled", two_hundred_streams},
          {"kits and runtimes may be freed while calls run", freed_during_calls},
          {"documents go in with progress, and questions are answered with sources", ingest_and_ask},
          {"alerts of budgets reach all who wait for them and are not cancelled", alerts_are_waited_for},
          {"waiting for alerts ends with the kit", alerts_end_with_their_kit},
          {"what was recorded is there after a kit is freed", rows_survive_the_free})
