/* SPDX-License-Identifier: MIT */
/* tests/capi/check.c - the runner of test cases in C, and what they share. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

static atomic_int failures;
static char const* subject;

void about(char const* what) {
    subject = what;
}

void check_that(int holds, char const* what, char const* file, int line) {
    if (holds) return;
    atomic_fetch_add(&failures, 1);
    printf("%s:%d: FAILED: %s%s%s\n", file, line, what, subject ? "  with " : "", subject ? subject : "");
    fflush(stdout);
}

void require_that(int holds, char const* what, char const* file, int line) {
    check_that(holds, what, file, line);
    if (holds) return;
    printf("Status: FAILURE!\n");
    fflush(stdout);
    _Exit(1);
}

void check_status(aikit_status status, aikit_status wanted, char const* what, char const* file, int line) {
    char text[512];
    snprintf(text, sizeof text, "%s is %s, wanted %s", what, aikit_status_name(status), aikit_status_name(wanted));
    check_that(status == wanted, text, file, line);
}

int run_cases(int argc, char** argv, test_case const* cases, size_t count) {
    char const* chosen = NULL;
    size_t ran = 0;
    size_t i;
    for (i = 1; i < (size_t)argc; ++i) {
        if (strcmp(argv[i], "--list-test-cases") == 0) {
            for (size_t k = 0; k < count; ++k) puts(cases[k].name);
            return 0;
        }
        if (strncmp(argv[i], "--test-case=", 12) == 0) chosen = argv[i] + 12;
    }
    for (i = 0; i < count; ++i) {
        if (chosen != NULL && strcmp(chosen, cases[i].name) != 0) continue;
        int const before = atomic_load(&failures);
        cases[i].run();
        about(NULL);
        if (atomic_load(&failures) != before) printf("in: %s\n", cases[i].name);
        ++ran;
    }
    printf("test cases: %zu | %d failed checks\n", ran, atomic_load(&failures));
    printf("Status: %s!\n", atomic_load(&failures) == 0 ? "SUCCESS" : "FAILURE");
    return atomic_load(&failures) == 0 ? 0 : 1;
}

static void show(aikit_error* error) {
    if (error != NULL) printf("%s: %s\n", aikit_status_name(aikit_error_code(error)), aikit_error_message(error));
    aikit_error_free(error);
}

aikit_kit* scripted_kit(aikit_runtime* runtime, char const* replies) {
    static char const form[] =
        "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m-1\", \"embedding_model\": \"e-1\", "
        "\"script\": {\"repeat\": true, \"replies\": %s}}], \"runtime\": {\"cpu\": 1}}";
    size_t const room = sizeof form + strlen(replies);
    char* const config = malloc(room);
    aikit_kit* kit = NULL;
    aikit_error* error = NULL;
    REQUIRE(config != NULL);
    snprintf(config, room, form, replies);
    if (aikit_kit_open(runtime, STR(config), &kit, &error) != AIKIT_OK) show(error);
    free(config);
    REQUIRE(kit != NULL);
    return kit;
}

char const* long_reply(int pieces) {
    static char script[64 * 1024];
    char* at = script + snprintf(script, sizeof script, "[{\"pieces\": [");
    for (int i = 0; i < pieces; ++i) {
        at += snprintf(at, sizeof script - (size_t)(at - script), "%s\"%d \"", i ? "," : "", i);
    }
    snprintf(at, sizeof script - (size_t)(at - script), "], \"usage\": {\"input\": 1, \"output\": %d}}]", pieces);
    return script;
}

aikit_runtime* make_runtime(char const* config) {
    aikit_runtime* runtime = NULL;
    aikit_error* error = NULL;
    if (aikit_runtime_create(STR(config), &runtime, &error) != AIKIT_OK) show(error);
    REQUIRE(runtime != NULL);
    return runtime;
}

long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int ms) {
    struct timespec const time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

int thread_count(void) {
    int count = 0;
    DIR* const folder = opendir("/proc/self/task");
    REQUIRE(folder != NULL);
    for (struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') ++count;
    }
    closedir(folder);
    return count;
}

int wait_for(atomic_int* counter, int wanted) {
    long long const until = now_ms() + 20000;
    while (atomic_load(counter) != wanted && now_ms() < until) sleep_ms(1);
    return atomic_load(counter) == wanted;
}

static void enter(seen* what) {
    if (atomic_fetch_add(&what->inside, 1) != 0) atomic_fetch_add(&what->overlaps, 1);
}

void on_event(void* user, char const* event, size_t size) {
    seen* const what = user;
    enter(what);
    CHECK(event != NULL && size > 0 && event[size] == '\0' && strlen(event) == size);
    if (atomic_load(&what->done) != 0) atomic_fetch_add(&what->after_done, 1);
    atomic_fetch_add(&what->events, 1);
    atomic_fetch_sub(&what->inside, 1);
}

void on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    seen* const what = user;
    enter(what);
    CHECK((status == AIKIT_OK) == (error == NULL));
    if (error != NULL) CHECK(aikit_error_code(error) == status);
    if (result != NULL) CHECK(result[size] == '\0');
    snprintf(what->result, sizeof what->result, "%s", result ? result : "");
    atomic_store(&what->status, status);
    atomic_fetch_sub(&what->inside, 1);
    atomic_fetch_add(&what->done, 1);
}
