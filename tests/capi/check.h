/* SPDX-License-Identifier: MIT */
/* tests/capi/check.h - test cases in plain C, listed and chosen as doctest's are. */
#ifndef AIKIT_TESTS_CAPI_CHECK_H
#define AIKIT_TESTS_CAPI_CHECK_H

#include "aikit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct test_case {
    char const* name;
    void (*run)(void);
} test_case;

/* Runs what argv chooses; the number of failures is the exit code's cause. */
int run_cases(int argc, char** argv, test_case const* cases, size_t count);

#define TEST_MAIN(...)                                                         \
    int main(int argc, char** argv) {                                          \
        static test_case const cases[] = {__VA_ARGS__};                        \
        return run_cases(argc, argv, cases, sizeof(cases) / sizeof(cases[0])); \
    }

/* A failed CHECK is noted, a failed REQUIRE ends the program. From any thread. */
#define CHECK(expression) check_that((expression) ? 1 : 0, #expression, __FILE__, __LINE__)
#define REQUIRE(expression) require_that((expression) ? 1 : 0, #expression, __FILE__, __LINE__)
#define CHECK_STATUS(call, wanted) check_status((call), (wanted), #call, __FILE__, __LINE__)

void check_that(int holds, char const* what, char const* file, int line);
void require_that(int holds, char const* what, char const* file, int line);
void check_status(aikit_status status, aikit_status wanted, char const* what, char const* file, int line);

/* What a test is about right now, shown with failures. NULL: nothing. */
void about(char const* what);

/* A C string as (pointer, length). */
#define STR(text) (text), strlen(text)

/* Opens a kit in memory whose provider says what `replies` (a JSON array) says, over and over. */
aikit_kit* scripted_kit(aikit_runtime* runtime, char const* replies);

/* A script of one reply with `pieces` pieces of text. */
char const* long_reply(int pieces);

aikit_runtime* make_runtime(char const* config);

/* Milliseconds of a steady clock. */
long long now_ms(void);
void sleep_ms(int ms);

/* How many threads this process has. */
int thread_count(void);

/* Waits until *counter is `wanted`, for at most 20 s. */
int wait_for(atomic_int* counter, int wanted);

/* What happened to an operation; for use as `user`. */
typedef struct seen {
    atomic_int events;
    atomic_int done;
    atomic_int after_done; /* events that came too late */
    atomic_int inside;     /* callbacks running now */
    atomic_int overlaps;
    atomic_int status;
    char result[4096];
} seen;

void on_event(void* user, char const* event, size_t size);
void on_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error);

#define CHAT_REQUEST "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}]}"
#define STREAM_REQUEST "{\"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}]}"

#endif /* AIKIT_TESTS_CAPI_CHECK_H */
