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

/* A choice as doctest takes it: a comma of the name has a backslash before it. */
static int is_chosen(char const* chosen, char const* name) {
    for (; *chosen != '\0' && *name != '\0'; ++chosen, ++name) {
        if (chosen[0] == '\\' && chosen[1] == ',') ++chosen;
        if (*chosen != *name) return 0;
    }
    return *chosen == *name;
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
        if (chosen != NULL && !is_chosen(chosen, cases[i].name)) continue;
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
