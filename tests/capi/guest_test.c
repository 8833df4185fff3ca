/* SPDX-License-Identifier: MIT */
/* tests/capi/guest_test.c - a good guest: what a process is before, it is after; and the library can be unloaded. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

extern char** environ;

/* ISO C has no cast from an object's address to a function's; POSIX says that the bits are the same. */
#define LOAD(library, name)                        \
    __typeof__(&name) call_##name;                 \
    *(void**)&call_##name = dlsym(library, #name); \
    REQUIRE(call_##name != NULL)
#pragma GCC diagnostic ignored "-Wpedantic"

static char const https_config[] =
    "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"script\": {\"repeat\": true, \"replies\": "
    "[{\"pieces\": [\"a\", \"b\"]}]}}, {\"name\": \"openai\", \"base_url\": \"https://127.0.0.1:9/v1\", "
    "\"max_retries\": "
    "0}], \"unknown_price\": \"allow\"}";
static char const ingest_request[] = "{\"documents\": [{\"uri\": \"a\", \"text\": \"# Bees\\n\\nBees make honey.\"}]}";
static char const ask_request[] = "{\"question\": \"Who makes honey?\", \"model\": \"builtin/extractive-1\"}";
static char const tls_request[] =
    "{\"model\": \"openai/gpt-4o-mini\", \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}";

/* A bit of everything, TLS included, and everything freed. */
static void use(void* library) {
    aikit_runtime* runtime = NULL;
    aikit_kit* kit = NULL;
    aikit_op* op = NULL;
    aikit_bytes bytes = {NULL, 0};
    int32_t ended = 0;
    LOAD(library, aikit_runtime_create);
    LOAD(library, aikit_runtime_free);
    LOAD(library, aikit_kit_open);
    LOAD(library, aikit_kit_free);
    LOAD(library, aikit_chat);
    LOAD(library, aikit_chat_start);
    LOAD(library, aikit_op_wait);
    LOAD(library, aikit_op_free);
    LOAD(library, aikit_bytes_free);
    LOAD(library, aikit_ingest);
    LOAD(library, aikit_ask);
    REQUIRE(call_aikit_runtime_create(NULL, 0, &runtime, NULL) == AIKIT_OK);
    REQUIRE(call_aikit_kit_open(runtime, STR(https_config), &kit, NULL) == AIKIT_OK);
    CHECK(call_aikit_chat(kit, STR(CHAT_REQUEST), &bytes, NULL) == AIKIT_OK);
    call_aikit_bytes_free(&bytes);
    CHECK(call_aikit_chat(kit, STR(tls_request), &bytes, NULL) == AIKIT_E_CONNECTION);
    CHECK(call_aikit_ingest(kit, STR("b"), STR(ingest_request), &bytes, NULL) == AIKIT_OK);
    call_aikit_bytes_free(&bytes);
    CHECK(call_aikit_ask(kit, STR("b"), STR(ask_request), &bytes, NULL) == AIKIT_OK);
    call_aikit_bytes_free(&bytes);
    REQUIRE(call_aikit_chat_start(kit, STR(STREAM_REQUEST), 0, NULL, NULL, NULL, &op, NULL) == AIKIT_OK);
    CHECK(call_aikit_op_wait(op, 10000, &ended, NULL) == AIKIT_OK && ended == 1);
    call_aikit_op_free(op);
    call_aikit_kit_free(kit);
    call_aikit_runtime_free(runtime);
}

static void* load(void) {
    void* const library = dlopen(AIKIT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) printf("%s\n", dlerror());
    REQUIRE(library != NULL);
    return library;
}

static void read_text(char const* path, char* out, size_t room) {
    int const file = open(path, O_RDONLY);
    ssize_t used = 0;
    ssize_t got = 0;
    REQUIRE(file >= 0);
    while (used + 1 < (ssize_t)room && (got = read(file, out + used, room - 1 - (size_t)used)) > 0) used += got;
    out[used] = '\0';
    close(file);
}

static int is_mapped(void) {
    static char maps[1 << 20];
    read_text("/proc/self/maps", maps, sizeof maps);
    return strstr(maps, "libaikit_c") != NULL;
}

static int open_files(void) {
    int count = 0;
    DIR* const folder = opendir("/proc/self/fd");
    REQUIRE(folder != NULL);
    while (readdir(folder) != NULL) ++count;
    closedir(folder);
    return count;
}

/* The lines of /proc/self/status that tell of signals. */
static void signals_of(char* out, size_t room) {
    static char status[1 << 14];
    read_text("/proc/self/status", status, sizeof status);
    out[0] = '\0';
    for (char* line = strtok(status, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "Sig", 3) == 0 && strncmp(line, "SigQ", 4) != 0 && strlen(out) + strlen(line) + 2 < room) {
            strcat(strcat(out, line), "\n");
        }
    }
}

static void* nothing(void* argument) {
    return argument;
}

static void leaves_no_trace(void) {
    pthread_t thread;
    char signals[2][512];
    char place[2][4096];
    char locale[2][256];
    char printed[64];
    size_t variables[2] = {0, 0};
    char template[] = "capi_guest_XXXXXX";
    int const files = open_files();
    int const file = mkstemp(template);
    int const out = dup(1);
    int const err = dup(2);
    REQUIRE(file >= 0 && out >= 0 && err >= 0);
    /* The C library takes a signal for itself when the first thread is made. */
    REQUIRE(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
    fflush(NULL);
    signals_of(signals[0], sizeof signals[0]);
    snprintf(locale[0], sizeof locale[0], "%s", setlocale(LC_ALL, NULL));
    REQUIRE(getcwd(place[0], sizeof place[0]) != NULL);
    for (char** at = environ; *at != NULL; ++at) variables[0] += strlen(*at) + 1;
    int const threads = thread_count();
    dup2(file, 1);
    dup2(file, 2);

    void* const library = load();
    use(library);
    signals_of(signals[1], sizeof signals[1]); /* while it is there, and after */
    CHECK(strcmp(signals[0], signals[1]) == 0);
    CHECK(dlclose(library) == 0);

    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    CHECK(lseek(file, 0, SEEK_END) == 0);
    close(file);
    read_text(template, printed, sizeof printed);
    if (printed[0]) printf("printed: %s\n", printed);
    remove(template);
    CHECK(strstr(signals[0], "SigCgt") != NULL);
    signals_of(signals[1], sizeof signals[1]);
    CHECK(strcmp(signals[0], signals[1]) == 0);
    snprintf(locale[1], sizeof locale[1], "%s", setlocale(LC_ALL, NULL));
    CHECK(strcmp(locale[0], locale[1]) == 0);
    REQUIRE(getcwd(place[1], sizeof place[1]) != NULL);
    CHECK(strcmp(place[0], place[1]) == 0);
    for (char** at = environ; *at != NULL; ++at) variables[1] += strlen(*at) + 1;
    CHECK(variables[0] == variables[1]);
    CHECK(thread_count() == threads);
    CHECK(open_files() == files);
    CHECK(!is_mapped());
}

static void unloads(void) {
    for (int i = 0; i < 100; ++i) {
        void* const library = load();
        CHECK(is_mapped());
        use(library);
        CHECK(dlclose(library) == 0);
        CHECK(!is_mapped());
    }
    CHECK(thread_count() == 1);
}

static void unloads_unused(void) {
    void* const library = load();
    LOAD(library, aikit_version);
    CHECK(strlen(call_aikit_version()) > 4);
    CHECK(dlclose(library) == 0);
    CHECK(!is_mapped());
}

/* Loading alone: no file but the libraries themselves is touched, and it is quick. */
static void loads_quickly(void) {
    long long best = 1000;
    for (int i = 0; i < 5; ++i) {
        long long const began = now_ms();
        void* const library = load();
        long long const took = now_ms() - began;
        LOAD(library, aikit_abi_version);
        CHECK(call_aikit_abi_version() == AIKIT_ABI_VERSION);
        CHECK(dlclose(library) == 0);
        if (took < best) best = took;
    }
    printf("loaded in %lld ms\n", best);
    CHECK(thread_count() == 1);
    CHECK(best < 100);
}

TEST_MAIN({"a process is after the library what it was before", leaves_no_trace},
          {"after a hundred loads, uses and unloads the library is gone each time", unloads},
          {"a library that was never used can be unloaded", unloads_unused},
          {"loading starts nothing and is quick", loads_quickly})
