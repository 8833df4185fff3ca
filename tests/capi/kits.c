/* SPDX-License-Identifier: MIT */
/* tests/capi/kits.c - runtimes, scripted kits and listeners for the tests. */
#include "check.h"

#include <stdlib.h>

void check_status(aikit_status status, aikit_status wanted, char const* what, char const* file, int line) {
    char text[512];
    snprintf(text, sizeof text, "%s is %s, wanted %s", what, aikit_status_name(status), aikit_status_name(wanted));
    check_that(status == wanted, text, file, line);
}

static void show(aikit_error* error) {
    if (error != NULL) printf("%s: %s\n", aikit_status_name(aikit_error_code(error)), aikit_error_message(error));
    aikit_error_free(error);
}

aikit_kit* scripted_kit(aikit_runtime* runtime, char const* replies) {
    static char const form[] =
        "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m-1\", \"embedding_model\": \"e-1\", "
        "\"script\": {\"repeat\": true, \"replies\": %s}}], \"telemetry\": {\"prometheus\": true}, \"runtime\": "
        "{\"cpu\": 1}}";
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
