/* SPDX-License-Identifier: MIT */
/* examples/01_hello.c - ask a model, print the answer as it comes, and what it cost. */
#include <aikit.h>

#include <stdio.h>

#define ASK "{\"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"What is the capital of France?\"}]}"

static void show(char const* before, aikit_bytes json, char const* pointer, size_t size) {
    aikit_bytes text = {NULL, 0};
    aikit_json_get(json.data, json.size, pointer, size, &text, NULL); /* leaves it empty when there is no such value */
    if (text.data != NULL) printf("%s%s", before, text.data);
    aikit_bytes_free(&text);
}

int main(void) {
    aikit_kit* kit = NULL;
    aikit_op* op = NULL;
    aikit_error* error = NULL;
    aikit_bytes config = {NULL, 0}, json = {NULL, 0};
    int32_t ended = 0;
    setbuf(stdout, NULL);                                   /* words are shown as they come */
    if (!aikit_config_from_env(NULL, 0, &config, &error) && /* 0 is success */
        !aikit_kit_open(NULL, config.data, config.size, &kit, &error) &&
        !aikit_chat_start(kit, AIKIT_TEXT(ASK), 0, NULL, NULL, NULL, &op, &error)) {
        for (; !aikit_op_next(op, -1, &json, &ended, &error) && !ended; aikit_bytes_free(&json))
            show("", json, AIKIT_TEXT("/choices/0/delta/content"));
    }
    if (!error && !aikit_op_result(op, &json, &error)) {
        show("\n", json, AIKIT_TEXT("/aikit/provider"));
        show(", ", json, AIKIT_TEXT("/usage/total_tokens"));
        show(" tokens, $", json, AIKIT_TEXT("/aikit/cost/usd"));
    }
    fprintf(error ? stderr : stdout, "%s\n", aikit_error_message(error)); /* "" when there is none */
    aikit_bytes_free(&config), aikit_bytes_free(&json), aikit_op_free(op), aikit_kit_free(kit);
    return error != NULL;
}
