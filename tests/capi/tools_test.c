/* SPDX-License-Identifier: MIT */
/* tests/capi/tools_test.c - runs of tools: calls that come as events, and answers from here, from there, or never. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TWO_CALLS                                                                                                  \
    "[{\"tool_calls\": [{\"id\": \"c1\", \"name\": \"clock\", \"arguments\": \"{}\"}, {\"id\": \"c2\", \"name\": " \
    "\"clock\", \"arguments\": \"{}\"}], \"finish\": \"tool_calls\"}, {\"text\": \"It is noon.\"}]"
#define REQUEST                                                                                                      \
    "{\"messages\": [{\"role\": \"user\", \"content\": \"How late is it?\"}], \"tools\": [{\"type\": \"function\", " \
    "\"function\": {\"name\": \"clock\"}}]}"
#define NO_THREADS "{\"io\": 0, \"cpu\": 0, \"storage\": 0, \"resolver\": 0}"
#define DISPATCH "{\"cpu\": 1, \"callbacks\": \"dispatch\"}"

/* A run as it is seen from here. */
typedef struct run {
    seen what;
    aikit_op* op;
    int at_once; /* answer inside the callback */
    atomic_int calls;
    atomic_int cancelled;
    atomic_int results;
    atomic_llong last;
} run;

static long long number_of(char const* event) {
    aikit_bytes bytes = {NULL, 0};
    CHECK_STATUS(aikit_json_get(STR(event), STR("/call"), &bytes, NULL), AIKIT_OK);
    long long const number = bytes.data ? strtoll(bytes.data, NULL, 10) : 0;
    aikit_bytes_free(&bytes);
    CHECK(number > 0);
    return number;
}

static int is(char const* event, char const* type) {
    char begin[64];
    snprintf(begin, sizeof begin, "{\"type\":\"%s\"", type);
    return strncmp(event, begin, strlen(begin)) == 0;
}

static void hear(void* user, char const* event, size_t size) {
    run* const r = user;
    on_event(&r->what, event, size);
    if (is(event, "call")) {
        long long const number = number_of(event);
        if (r->at_once) CHECK_STATUS(aikit_op_answer(r->op, number, STR("\"12:00\""), NULL), AIKIT_OK);
        atomic_store(&r->last, number);
        atomic_fetch_add(&r->calls, 1);
    } else if (is(event, "cancelled")) {
        CHECK(number_of(event) <= atomic_load(&r->last));
        atomic_fetch_add(&r->cancelled, 1);
    } else if (is(event, "result")) {
        atomic_fetch_add(&r->results, 1);
    }
}

static void end(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    on_done(&((run*)user)->what, status, result, size, error);
}

static void begin(run* r, aikit_kit* kit, char const* limits) {
    REQUIRE(aikit_tools_start(kit, STR(REQUEST), STR(limits), AIKIT_WINDOW_AUTO, hear, end, r, &r->op, NULL) ==
            AIKIT_OK);
}

static void ended(run* r, aikit_status status, char const* how) {
    CHECK(wait_for(&r->what.done, 1));
    CHECK(atomic_load(&r->what.status) == status);
    CHECK(atomic_load(&r->what.after_done) == 0);
    CHECK(atomic_load(&r->what.overlaps) == 0);
    CHECK(strstr(r->what.result, how) != NULL);
    CHECK_STATUS(aikit_op_answer(r->op, 1, STR("\"late\""), NULL), AIKIT_E_INVALID_STATE);
    aikit_op_free(r->op);
}

static void answered_inside(void) {
    run r = {.at_once = 1};
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    begin(&r, kit, "");
    ended(&r, AIKIT_OK, "\"end\":\"answered\"");
    CHECK(atomic_load(&r.calls) == 2);
    CHECK(atomic_load(&r.results) == 2);
    CHECK(atomic_load(&r.cancelled) == 0);
    CHECK(strstr(r.what.result, "It is noon.") != NULL);
    aikit_kit_free(kit);
}

static void* answer_later(void* user) {
    run* const r = user;
    CHECK(wait_for(&r->calls, 2));
    aikit_error* error = NULL;
    /* What is wrong with an answer is told, and the call still waits. */
    CHECK_STATUS(aikit_op_answer(r->op, 1, STR("{"), &error), AIKIT_E_INVALID_ARGUMENT);
    CHECK(error != NULL);
    aikit_error_free(error);
    CHECK_STATUS(aikit_op_answer(r->op, 1, STR("{\"content\": 3}"), NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_op_answer(r->op, 1, STR("{\"content\": \"x\", \"more\": 1}"), NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_op_answer(r->op, 1, NULL, 1, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_op_answer(r->op, 7, STR("\"x\""), NULL), AIKIT_E_NOT_FOUND);
    CHECK_STATUS(aikit_op_answer(r->op, 2, STR("{\"content\": \"broken\", \"failed\": true}"), NULL), AIKIT_OK);
    CHECK_STATUS(aikit_op_answer(r->op, 2, STR("\"again\""), NULL), AIKIT_E_NOT_FOUND);
    CHECK_STATUS(aikit_op_answer(r->op, 1, STR("\"12:00\""), NULL), AIKIT_OK);
    return NULL;
}

static void answered_elsewhere(void) {
    run r = {.at_once = 0};
    pthread_t thread;
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    begin(&r, kit, "{\"max_parallel\": 2}");
    REQUIRE(pthread_create(&thread, NULL, answer_later, &r) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    ended(&r, AIKIT_OK, "\"content\":\"broken\",\"aikit\":{\"failed\":true}");
    aikit_kit_free(kit);
}

static void cancelled_while_tools_work(void) {
    run r = {.at_once = 0};
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    begin(&r, kit, "");
    CHECK(wait_for(&r.calls, 2));
    CHECK_STATUS(aikit_op_cancel(r.op), AIKIT_OK);
    CHECK(wait_for(&r.cancelled, 2));
    ended(&r, AIKIT_E_CANCELLED, "The call was stopped before it ended: the run was cancelled.");
    CHECK(strstr(r.what.result, "\"end\":\"cancelled\"") != NULL);
    CHECK(atomic_load(&r.cancelled) == 2);
    aikit_kit_free(kit);
}

static void out_of_time(void) {
    run r = {.at_once = 0};
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    begin(&r, kit, "{\"max_time\": 0.1}");
    ended(&r, AIKIT_OK, "\"end\":\"time\"");
    CHECK(atomic_load(&r.calls) == 2);
    CHECK(atomic_load(&r.cancelled) == 2);
    aikit_kit_free(kit);
}

static void one_by_one(void) {
    static char const* const configs[] = {"{\"cpu\": 1}", DISPATCH, NO_THREADS};
    for (int i = 0; i < 3; ++i) {
        about(configs[i]);
        aikit_runtime* const runtime = make_runtime(configs[i]);
        aikit_kit* const kit = scripted_kit(runtime, TWO_CALLS);
        aikit_op* op = NULL;
        aikit_bytes event = {NULL, 0};
        aikit_bytes result = {NULL, 0};
        int calls = 0;
        int32_t over = 0;
        REQUIRE(aikit_tools_start(kit, STR(REQUEST), NULL, 0, 1, NULL, NULL, NULL, &op, NULL) == AIKIT_OK);
        for (;;) {
            REQUIRE(aikit_op_next(op, 20000, &event, &over, NULL) == AIKIT_OK);
            if (over) break;
            REQUIRE(event.data != NULL);
            if (is(event.data, "call")) {
                ++calls;
                CHECK_STATUS(aikit_op_answer(op, number_of(event.data), STR("\"12:00\""), NULL), AIKIT_OK);
            }
            aikit_bytes_free(&event);
        }
        CHECK(calls == 2);
        CHECK_STATUS(aikit_op_result(op, &result, NULL), AIKIT_OK);
        CHECK(result.data != NULL && strstr(result.data, "\"calls\":2") != NULL);
        aikit_bytes_free(&result);
        aikit_op_free(op);
        aikit_kit_free(kit);
        aikit_runtime_free(runtime);
    }
    about(NULL);
}

static void in_a_loop(void) {
    run r = {.at_once = 1};
    aikit_runtime* const runtime = make_runtime(DISPATCH);
    aikit_kit* const kit = scripted_kit(runtime, TWO_CALLS);
    begin(&r, kit, "");
    long long const until = now_ms() + 20000;
    while (atomic_load(&r.what.done) == 0 && now_ms() < until) {
        CHECK_STATUS(aikit_runtime_dispatch(runtime, NULL, NULL), AIKIT_OK);
        sleep_ms(1);
    }
    ended(&r, AIKIT_OK, "\"calls\":2");
    aikit_kit_free(kit);
    aikit_runtime_free(runtime);
}

/* Whoever lets go of the operation, or of its runtime, ends it. */
static void nobody_answers(void) {
    run let_go = {.at_once = 0};
    run closed = {.at_once = 0};
    aikit_runtime* const runtime = make_runtime("{\"cpu\": 1}");
    aikit_kit* const kit = scripted_kit(runtime, TWO_CALLS);
    begin(&let_go, kit, "");
    CHECK(wait_for(&let_go.calls, 2));
    aikit_op_free(let_go.op);
    CHECK(wait_for(&let_go.what.done, 1));
    CHECK(atomic_load(&let_go.what.status) == AIKIT_E_CANCELLED);
    CHECK(atomic_load(&let_go.cancelled) == 2);
    CHECK_STATUS(aikit_op_answer(let_go.op, 1, STR("\"x\""), NULL), AIKIT_E_INVALID_STATE);
    aikit_kit* const other = scripted_kit(runtime, TWO_CALLS);
    begin(&closed, other, "");
    CHECK(wait_for(&closed.calls, 2));
    aikit_kit_free(other);
    aikit_kit_free(kit);
    aikit_runtime_free(runtime);
    CHECK(atomic_load(&closed.what.done) == 1);
    CHECK(atomic_load(&closed.what.status) != AIKIT_OK);
    CHECK_STATUS(aikit_op_answer(closed.op, 1, STR("\"x\""), NULL), AIKIT_E_INVALID_STATE);
    aikit_op_free(closed.op);
}

static void forked(void) {
    run r = {.at_once = 0};
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    int status = 0;
    begin(&r, kit, "");
    CHECK(wait_for(&r.calls, 2));
    pid_t const child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(aikit_op_answer(r.op, 1, STR("\"x\""), NULL) == AIKIT_E_INVALID_STATE ? 0 : 1);
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STATUS(aikit_op_answer(r.op, 1, STR("\"12:00\""), NULL), AIKIT_OK);
    CHECK_STATUS(aikit_op_answer(r.op, 2, STR("{\"declined\": true}"), NULL), AIKIT_OK);
    ended(&r, AIKIT_OK, "The call was declined.");
    aikit_kit_free(kit);
}

/* The process ends while a tool is at work: at once, and nobody is called back. */
static void exited(void) {
    pid_t const child = fork();
    int status = 0;
    REQUIRE(child >= 0);
    if (child == 0) {
        static run r;
        aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
        begin(&r, kit, "");
        if (!wait_for(&r.calls, 2)) _exit(2);
        exit(7);
    }
    long long const until = now_ms() + 10000;
    while (waitpid(child, &status, WNOHANG) == 0 && now_ms() < until) sleep_ms(2);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void refused(void) {
    aikit_kit* const kit = scripted_kit(NULL, TWO_CALLS);
    aikit_op* op = NULL;
    aikit_op* chat = NULL;
    static char const* const limits[] = {"[]",
                                         "{\"max_steps\": 0}",
                                         "{\"max_cost\": \"-1\"}",
                                         "{\"max_cost\": \"x\"}",
                                         "{\"max_time\": \"1\"}",
                                         "{\"max_parallel\": 65}",
                                         "{\"steps\": 1}"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
        about(limits[i]);
        CHECK_STATUS(aikit_tools_start(kit, STR(REQUEST), STR(limits[i]), 0, NULL, NULL, NULL, &op, NULL),
                     AIKIT_E_INVALID_ARGUMENT);
    }
    about(NULL);
    CHECK_STATUS(aikit_tools_start(kit, NULL, 0, NULL, 0, 0, NULL, NULL, NULL, &op, NULL), AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_tools_start(NULL, STR(REQUEST), NULL, 0, 0, NULL, NULL, NULL, &op, NULL),
                 AIKIT_E_INVALID_ARGUMENT);
    CHECK_STATUS(aikit_op_answer(NULL, 1, STR("\"x\""), NULL), AIKIT_E_INVALID_ARGUMENT);
    REQUIRE(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, NULL, NULL, NULL, &chat, NULL) == AIKIT_OK);
    CHECK_STATUS(aikit_op_answer(chat, 1, STR("\"x\""), NULL), AIKIT_E_INVALID_STATE);
    aikit_op_free(chat);
    aikit_kit_free(kit);
}

TEST_MAIN({"calls are answered inside the callback", answered_inside},
          {"calls are answered later and from another thread", answered_elsewhere},
          {"a run that is cancelled tells each call that is under way", cancelled_while_tools_work},
          {"a run that is out of time tells each call that is under way", out_of_time},
          {"calls are taken one by one with any kind of runtime", one_by_one},
          {"calls come in a host's loop", in_a_loop}, {"a run that nobody can answer ends", nobody_answers},
          {"a forked child answers nothing", forked}, {"a process exits with a tool at work", exited},
          {"what is wrong with a run of tools is told before it begins", refused})
