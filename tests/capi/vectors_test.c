/* SPDX-License-Identifier: MIT */
/* tests/capi/vectors_test.c - the shared cases (tests/vectors/cases.json), run through the C ABI alone.
 *
 * With AIKIT_EMITTED=FILE every JSON that aikit hands over is noted there as a line of its schema's name and itself. */
#include "check.h"

#include <stdarg.h>
#include <stdlib.h>

static char* document;
static FILE* emitted;

/* Every pointer below is under this one. */
static char place[256];

static void note(char const* schema, char const* json) {
    if (emitted != NULL && json != NULL) fprintf(emitted, "{\"schema\":\"%s\",\"value\":%s}\n", schema, json);
}

/* The value at place + more, or NULL; the caller frees it. */
static char* maybe(char const* more, ...) {
    char pointer[512];
    aikit_bytes bytes = {NULL, 0};
    va_list arguments;
    int const used = snprintf(pointer, sizeof pointer, "%s", place);
    va_start(arguments, more);
    vsnprintf(pointer + used, sizeof pointer - (size_t)used, more, arguments);
    va_end(arguments);
    aikit_status const status = aikit_json_get(document, strlen(document), STR(pointer), &bytes, NULL);
    if (status == AIKIT_E_NOT_FOUND) return NULL;
    REQUIRE(status == AIKIT_OK);
    if (bytes.data == NULL) bytes.data = calloc(1, 1);
    return bytes.data;
}

static char* text_or(char const* more, char const* otherwise) {
    char* const found = maybe("%s", more);
    if (found != NULL) return found;
    char* const copy = malloc(strlen(otherwise) + 1);
    REQUIRE(copy != NULL);
    return strcpy(copy, otherwise);
}

/* The pairs of pointer and value under `more` hold in `json`. */
static void expect(char const* more, char const* json) {
    for (int i = 0;; ++i) {
        char* const pointer = maybe("%s/%d/0", more, i);
        if (pointer == NULL) break;
        char* const wanted = maybe("%s/%d/1", more, i);
        aikit_bytes value = {NULL, 0};
        char what[512];
        snprintf(what, sizeof what, "%s%s at %s", place, more, pointer);
        about(what);
        if (json == NULL) {
            CHECK(!"there is a reply");
        } else {
            CHECK_STATUS(aikit_json_get(STR(json), STR(pointer), &value, NULL), AIKIT_OK);
            char const* const got = value.data ? value.data : "";
            CHECK(strcmp(got, wanted) == 0);
            if (strcmp(got, wanted) != 0) printf("  got %s, wanted %s\n", got, wanted);
        }
        about(NULL);
        aikit_bytes_free(&value);
        free(pointer);
        free(wanted);
    }
}

/* Rows of numbers: place + more is an array of arrays, or one array. */
static size_t read_rows(char const* more, int single, float* out, size_t room, size_t* dimensions) {
    size_t count = 0;
    size_t used = 0;
    for (;; ++count) {
        size_t width = 0;
        for (;; ++width) {
            char* const number = single ? maybe("%s/%zu", more, width) : maybe("%s/%zu/%zu", more, count, width);
            if (number == NULL) break;
            REQUIRE(used < room);
            out[used++] = strtof(number, NULL);
            free(number);
        }
        if (width == 0) break;
        *dimensions = width;
        if (single) return 1;
    }
    return count;
}

typedef struct heard {
    char text[4096];
    char result[64 * 1024];
    int events;
    char const* schema;
    atomic_int done;
    aikit_status status;
    aikit_bytes error;
    aikit_op* op; /* of a run of tools */
} heard;

/* Answers a call as the step says. */
static void answer(heard* h, char const* event, size_t size) {
    aikit_bytes number = {NULL, 0};
    aikit_bytes name = {NULL, 0};
    CHECK_STATUS(aikit_json_get(event, size, STR("/call"), &number, NULL), AIKIT_OK);
    CHECK_STATUS(aikit_json_get(event, size, STR("/name"), &name, NULL), AIKIT_OK);
    REQUIRE(number.data != NULL && name.data != NULL);
    char* const given = maybe("/answers/%s", name.data);
    REQUIRE(given != NULL);
    CHECK_STATUS(aikit_op_answer(h->op, strtoll(number.data, NULL, 10), STR(given), NULL), AIKIT_OK);
    note("tool_answer", given);
    free(given);
    aikit_bytes_free(&number);
    aikit_bytes_free(&name);
}

static void hear_event(void* user, char const* event, size_t size) {
    heard* const h = user;
    char const* pointer = strcmp(h->schema, "chat_chunk") == 0 ? "/choices/0/delta/content" : "/text";
    aikit_bytes text = {NULL, 0};
    if (strcmp(h->schema, "tool_event") == 0) {
        pointer = "/chunk/choices/0/delta/content";
        if (strncmp(event, "{\"type\":\"call\"", 14) == 0) answer(h, event, size);
    }
    note(h->schema, event);
    ++h->events;
    if (aikit_json_get(event, size, STR(pointer), &text, NULL) != AIKIT_OK || text.data == NULL) return;
    strncat(h->text, text.data, sizeof h->text - strlen(h->text) - 1);
    aikit_bytes_free(&text);
}

static void hear_done(void* user, aikit_status status, char const* result, size_t size, aikit_error const* error) {
    heard* const h = user;
    CHECK(size < sizeof h->result);
    snprintf(h->result, sizeof h->result, "%s", result ? result : "");
    h->status = status;
    if (error != NULL) CHECK_STATUS(aikit_error_json(error, &h->error, NULL), AIKIT_OK);
    atomic_store(&h->done, 1);
}

/* Runs one step; its schema is what the reply is noted as. */
static aikit_status run_step(aikit_kit* kit, char const* call, heard* h, aikit_bytes* reply, char const** schema,
                             aikit_error** error) {
    aikit_op* op = NULL;
    float rows[64];
    size_t dimensions = 0;
    int64_t number = -1;
    aikit_status status = AIKIT_E_INTERNAL;
    char* const request = text_or("/request", "");
    char* const base = text_or("/base", "");
    char* const collection = text_or("/collection", "");
    char* const provider = text_or("/provider", "");
    char* const action = text_or("/action", "");
    char* const ids = text_or("/ids", "[]");
    char* const items = text_or("/items", "[]");
#define REQUEST request, strlen(request)
    *schema = "empty";
    if (!strcmp(call, "chat")) {
        *schema = "chat_reply";
        status = aikit_chat(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "stream")) {
        *schema = "chat_reply";
        h->schema = "chat_chunk";
        status = aikit_chat_start(kit, REQUEST, AIKIT_WINDOW_AUTO, hear_event, hear_done, h, &op, error);
    } else if (!strcmp(call, "tools")) {
        char* const limits = text_or("/limits", "");
        *schema = "tool_run";
        h->schema = "tool_event";
        status = aikit_tools_start(kit, REQUEST, limits, strlen(limits), AIKIT_WINDOW_AUTO, hear_event, hear_done, h,
                                   &h->op, error);
        op = h->op;
        free(limits);
    } else if (!strcmp(call, "ask_stream")) {
        *schema = "answer";
        h->schema = "answer_event";
        status = aikit_ask_start(kit, STR(base), REQUEST, AIKIT_WINDOW_AUTO, hear_event, hear_done, h, &op, error);
    } else if (!strcmp(call, "ingest")) {
        *schema = "ingest_report";
        h->schema = "ingest_progress";
        status = aikit_ingest_start(kit, STR(base), REQUEST, AIKIT_WINDOW_AUTO, hear_event, hear_done, h, &op, error);
    } else if (!strcmp(call, "embed")) {
        *schema = "embeddings";
        status = aikit_embed(kit, REQUEST, NULL, reply, error);
    } else if (!strcmp(call, "moderate")) {
        *schema = "moderation";
        status = aikit_moderate(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "job")) {
        *schema = "job_reply";
        status = aikit_job(kit, STR(action), REQUEST, reply, error);
    } else if (!strcmp(call, "batch_results")) {
        *schema = "job_reply";
        h->schema = "batch_result";
        status = aikit_job_start(kit, STR(action), REQUEST, AIKIT_WINDOW_AUTO, hear_event, hear_done, h, &op, error);
    } else if (!strcmp(call, "count_tokens")) {
        *schema = "token_count";
        status = aikit_count_tokens(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "models")) {
        *schema = "models";
        status = aikit_models(kit, STR(provider), reply, error);
    } else if (!strcmp(call, "providers")) {
        *schema = "providers";
        status = aikit_providers(kit, reply, error);
    } else if (!strcmp(call, "call_limits")) {
        *schema = "call_limits";
        status = aikit_call_limits(kit, reply, error);
    } else if (!strcmp(call, "metrics")) {
        *schema = "metrics";
        status = aikit_metrics(kit, reply, error);
    } else if (!strcmp(call, "check_providers")) {
        *schema = "provider_checks";
        status = aikit_check_providers(kit, STR(provider), reply, error);
    } else if (!strcmp(call, "search")) {
        *schema = "search_result";
        status = aikit_search(kit, STR(base), REQUEST, NULL, 0, reply, error);
    } else if (!strcmp(call, "ask")) {
        *schema = "answer";
        status = aikit_ask(kit, STR(base), REQUEST, reply, error);
    } else if (!strcmp(call, "cost_estimate")) {
        *schema = "cost_estimate";
        status = aikit_cost_estimate(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "cost_price")) {
        *schema = "priced_usage";
        status = aikit_cost_price(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "cost")) {
        *schema = "cost_reply";
        status = aikit_cost(kit, STR(action), REQUEST, reply, error);
    } else if (!strcmp(call, "cost_report")) {
        *schema = "cost_report";
        status = aikit_cost_report(kit, REQUEST, reply, error);
    } else if (!strcmp(call, "vectors_open")) {
        status = aikit_vectors_open(kit, REQUEST, error);
    } else if (!strcmp(call, "vectors_drop")) {
        status = aikit_vectors_drop_start(kit, STR(collection), hear_done, h, &op, error);
    } else if (!strcmp(call, "vectors_collections")) {
        *schema = "collections";
        status = aikit_vectors_collections(kit, reply, error);
    } else if (!strcmp(call, "vectors_upsert")) {
        size_t const count = read_rows("/rows", 0, rows, 64, &dimensions);
        *schema = "written";
        h->schema = "empty";
        status = aikit_vectors_upsert_start(kit, STR(collection), STR(items), rows, count, dimensions, hear_done, h,
                                            &op, error);
    } else if (!strcmp(call, "vectors_count")) {
        *schema = "count";
        h->schema = "empty";
        status = aikit_vectors_count_start(kit, STR(collection), hear_done, h, &op, error);
        if (status == AIKIT_OK && aikit_vectors_count(kit, STR(collection), &number, NULL) == AIKIT_OK) {
            CHECK(number >= 0);
        }
    } else if (!strcmp(call, "vectors_get")) {
        aikit_floats floats = {NULL, 0, 0};
        *schema = "vector_found";
        status = aikit_vectors_get(kit, STR(collection), STR(ids), reply, &floats, error);
        if (status == AIKIT_OK) CHECK(floats.count > 0 && floats.dimensions == 2);
        aikit_floats_free(&floats);
    } else if (!strcmp(call, "vectors_remove")) {
        *schema = "removed";
        status = aikit_vectors_remove_start(kit, STR(collection), STR(ids), hear_done, h, &op, error);
    } else if (!strcmp(call, "vectors_search")) {
        size_t const count = read_rows("/vector", 1, rows, 64, &dimensions);
        *schema = "vector_hits";
        status = aikit_vectors_search(kit, STR(collection), REQUEST, count && dimensions ? rows : NULL, dimensions,
                                      reply, error);
    } else {
        printf("no such call: %s\n", call);
        CHECK(!"the call is known");
    }
    if (op != NULL) {
        int32_t ended = 0;
        CHECK_STATUS(aikit_op_wait(op, 60000, &ended, NULL), AIKIT_OK);
        REQUIRE(ended == 1);
        status = aikit_op_result(op, reply, error);
        CHECK(status == h->status);
        CHECK(strcmp(reply->data ? reply->data : "", h->result) == 0);
        aikit_op_free(op);
    }
    free(request);
    free(base);
    free(collection);
    free(provider);
    free(action);
    free(ids);
    free(items);
    return status;
}

static void check_step(aikit_kit* kit) {
    static heard h;
    aikit_bytes reply = {NULL, 0};
    aikit_error* error = NULL;
    char const* schema = "empty";
    char* const call = maybe("/call");
    char* const wanted = text_or("/error", "ok");
    char* const text = maybe("/text");
    memset(&h, 0, sizeof h);
    about(place);
    REQUIRE(call != NULL);
    aikit_status const status = run_step(kit, call, &h, &reply, &schema, &error);
    CHECK(strcmp(aikit_status_name(status), wanted) == 0);
    if (strcmp(aikit_status_name(status), wanted) != 0) {
        printf("  %s: %s\n", aikit_status_name(status), aikit_error_message(error));
    }
    note(schema, reply.data);
    if (text != NULL) {
        CHECK(strcmp(text, h.text) == 0);
        CHECK(h.events > 0);
    }
    expect("/expect", reply.data);
    if (status != AIKIT_OK) {
        aikit_bytes json = {NULL, 0};
        CHECK_STATUS(aikit_error_json(error, &json, NULL), AIKIT_OK);
        note("error", json.data);
        expect("/error_expect", json.data);
        aikit_bytes_free(&json);
    }
    aikit_bytes_free(&h.error);
    aikit_bytes_free(&reply);
    aikit_error_free(error);
    free(call);
    free(wanted);
    free(text);
}

static void read_cases(void) {
    FILE* const file = fopen(AIKIT_SOURCE_DIR "/tests/vectors/cases.json", "rb");
    REQUIRE(file != NULL);
    document = calloc(1, 1 << 20);
    REQUIRE(document != NULL);
    REQUIRE(fread(document, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
}

static void shared_cases(void) {
    int ran = 0;
    read_cases();
    if (getenv("AIKIT_EMITTED") != NULL) emitted = fopen(getenv("AIKIT_EMITTED"), "w");
    for (int i = 0;; ++i) {
        aikit_kit* kit = NULL;
        snprintf(place, sizeof place, "/cases/%d", i);
        char* const config = maybe("/config");
        if (config == NULL) break;
        REQUIRE(aikit_kit_open(NULL, STR(config), &kit, NULL) == AIKIT_OK);
        free(config);
        for (int k = 0;; ++k) {
            snprintf(place, sizeof place, "/cases/%d/steps/%d", i, k);
            char* const step = maybe("%s", "");
            if (step == NULL) break;
            free(step);
            check_step(kit);
            ++ran;
        }
        aikit_kit_free(kit);
    }
    printf("%d steps\n", ran);
    CHECK(ran > 60);
    if (emitted != NULL) fclose(emitted);
    free(document);
}

TEST_MAIN({"the shared cases hold in C", shared_cases})
