/* SPDX-License-Identifier: MIT */
/* tests/capi/process_test.c - forks and exits with streams in flight: handles that are refused, and never a hang. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many pools of workers are forked, and exits tried; more by argument of the environment. */
static int rounds(char const* name, int usual) {
    char const* const given = getenv(name);
    return given ? atoi(given) : usual;
}

/* Waits for a child for at most 5 s; its exit code, or -1. */
static int reap(pid_t child) {
    long long const until = now_ms() + 5000;
    int status = 0;
    while (now_ms() < until) {
        if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        sleep_ms(1);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

typedef struct inherited {
    aikit_runtime* runtime;
    aikit_kit* kit;
    aikit_op* op;
    aikit_error* error;
} inherited;

/* What a worker does: 0 when all was as it should be. */
static int worker(inherited const* old) {
    aikit_bytes bytes = {NULL, 0};
    aikit_op* op = NULL;
    aikit_kit* kit = NULL;
    int32_t ended = 0;
    if (aikit_chat(old->kit, STR(CHAT_REQUEST), &bytes, NULL) != AIKIT_E_INVALID_STATE) return 1;
    if (aikit_chat_start(old->kit, STR(CHAT_REQUEST), 0, NULL, NULL, NULL, &op, NULL) != AIKIT_E_INVALID_STATE)
        return 2;
    if (aikit_op_wait(old->op, -1, &ended, NULL) != AIKIT_E_INVALID_STATE) return 3;
    if (aikit_op_next(old->op, -1, &bytes, &ended, NULL) != AIKIT_E_INVALID_STATE) return 4;
    if (aikit_op_cancel(old->op) != AIKIT_E_INVALID_STATE) return 5;
    if (aikit_runtime_dispatch(old->runtime, NULL, NULL) != AIKIT_E_INVALID_STATE) return 6;
    if (aikit_kit_close(old->kit, NULL) != AIKIT_E_INVALID_STATE) return 7;
    if (aikit_error_code(old->error) != AIKIT_E_INVALID_STATE) return 8;
    aikit_op_free(old->op);
    aikit_error_free(old->error);
    aikit_kit_free(old->kit);
    aikit_runtime_free(old->runtime);
    static char const config[] =
        "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"script\": {\"replies\": [{\"text\": "
        "\"mine\"}]}}]}";
    if (aikit_kit_open(NULL, STR(config), &kit, NULL) != AIKIT_OK) return 9;
    if (aikit_chat(kit, STR(CHAT_REQUEST), &bytes, NULL) != AIKIT_OK) return 10;
    if (strstr(bytes.data, "mine") == NULL) return 11;
    aikit_bytes_free(&bytes);
    /* A new handle is none of the inherited ones. */
    if (kit == old->kit || aikit_kit_flush(old->kit, NULL) != AIKIT_E_INVALID_STATE) return 12;
    aikit_kit_free(kit);
    return 0;
}

/* Streams that never stop, so that a fork finds the threads at work. */
typedef struct restless {
    aikit_kit* kit;
    atomic_int stop;
    atomic_int running;
    atomic_int streams;
} restless;

static void restart(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    restless* const r = user;
    aikit_op* op = NULL;
    (void)status, (void)result, (void)size, (void)error;
    atomic_fetch_add(&r->streams, 1);
    if (!atomic_load(&r->stop) &&
        aikit_chat_start(r->kit, STR(STREAM_REQUEST), AIKIT_WINDOW_AUTO, NULL, restart, r, &op, NULL) == AIKIT_OK) {
        aikit_op_free(op);
        return;
    }
    atomic_fetch_sub(&r->running, 1);
}

static void fork_pools(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("[skipped] the sanitizer's own allocator may be locked in a forked child");
    return;
#endif
    enum { workers = 4, streams = 4 };
    int const pools = rounds("AIKIT_FORK_POOLS", 100);
    restless r = {0};
    inherited old = {0};
    aikit_bytes bytes = {NULL, 0};
    int bad = 0;
    old.runtime = make_runtime("{\"callbacks\": \"dispatch\"}");
    old.kit = scripted_kit(NULL, "[{\"pieces\": [\"a\", \"b\", \"c\"], \"usage\": {\"output\": 3}}]");
    r.kit = old.kit;
    REQUIRE(aikit_chat(old.kit, STR("["), &bytes, &old.error) == AIKIT_E_INVALID_ARGUMENT);
    REQUIRE(aikit_chat_start(old.kit, STR(STREAM_REQUEST), 1, NULL, NULL, NULL, &old.op, NULL) == AIKIT_OK);
    atomic_store(&r.running, streams);
    for (int i = 0; i < streams; ++i) restart(&r, AIKIT_OK, NULL, 0, NULL);
    for (int i = 0; i < pools && bad < 5; ++i) {
        pid_t children[workers];
        fflush(NULL);
        for (int k = 0; k < workers; ++k) {
            children[k] = fork();
            REQUIRE(children[k] >= 0);
            if (children[k] == 0) exit(worker(&old)); /* exit, with its handlers, as a pool's worker does */
        }
        for (int k = 0; k < workers; ++k) {
            int const code = reap(children[k]);
            if (code != 0) printf("pool %d, worker %d: %d\n", i, k, code), ++bad;
        }
    }
    CHECK(bad == 0);
    printf("%d streams went on meanwhile\n", atomic_load(&r.streams));
    CHECK(atomic_load(&r.streams) > streams);
    atomic_store(&r.stop, 1);
    CHECK(wait_for(&r.running, 0));
    CHECK_STATUS(aikit_chat(old.kit, STR(CHAT_REQUEST), &bytes, NULL), AIKIT_OK); /* the parent is as it was */
    aikit_bytes_free(&bytes);
    aikit_op_free(old.op);
    aikit_error_free(old.error);
    aikit_kit_free(old.kit);
    aikit_runtime_free(old.runtime);
}

static void sleepy(void* user, char const* event, size_t size) {
    (void)event, (void)size;
    atomic_fetch_add((atomic_int*)user, 1);
    sleep_ms(600000); /* as a host that is being torn down: it never comes back */
}

static void exiting(void* user, char const* event, size_t size) {
    (void)user, (void)event, (void)size;
    exit(0);
}

/* A process that ends with everything open. */
static void live(int how) {
    static atomic_int events;
    char const* const configs[] = {"{}", "{\"callbacks\": \"dispatch\"}", "{\"io\": 0}", "{}", "{}", "{\"io\": 2}"};
    aikit_runtime* const runtime = make_runtime(configs[how]);
    aikit_kit* const kit =
        scripted_kit(how == 5 ? NULL : runtime, "[{\"pieces\": [\"a\", \"b\", \"c\"], \"piece_delay\": 0.001}]");
    for (int i = 0; i < 8; ++i) {
        aikit_op* op = NULL;
        static seen what;
        aikit_event_cb const callback = how == 3 ? sleepy : how == 4 ? exiting : on_event;
        aikit_status const status = aikit_chat_start(kit, STR(CHAT_REQUEST), 0, callback, how == 3 ? NULL : on_done,
                                                     how == 3 ? (void*)&events : (void*)&what, &op, NULL);
        /* The first one's callback may have the process exit before the last one starts. */
        if (status != AIKIT_OK && how != 4) _Exit(2);
    }
    if (how == 2) CHECK_STATUS(aikit_runtime_poll(runtime, 1, NULL, NULL), AIKIT_OK);
    if (how == 3) CHECK(wait_for(&events, 1));
    if (how == 4) sleep_ms(100000);
    exit(0);
}

static void exits(void) {
    int const each = rounds("AIKIT_EXITS", 20);
    for (int how = 0; how < 6; ++how) {
        int bad = 0;
        for (int i = 0; i < each && bad < 2; ++i) {
            fflush(NULL);
            pid_t const child = fork();
            REQUIRE(child >= 0);
            if (child == 0) live(how);
            if (reap(child) != 0) ++bad;
        }
        if (bad) printf("exits of kind %d hang or crash\n", how);
        CHECK(bad == 0);
    }
}

TEST_MAIN({"forked workers are refused what they inherited, open their own, and never hang", fork_pools},
          {"a process exits with streams in flight, whatever its callbacks do", exits})
