/* SPDX-License-Identifier: MIT */
/* examples/01_hello.c - ask a model, print the answer as it comes, and what it cost. */
#include <aikit.h>

#include <stdio.h>

static void show(char const* before, aikit_bytes json, char const* pointer, size_t size) {
    aikit_bytes text = {NULL, 0};
    if (aikit_json_get(json.data, json.size, pointer, size, &text, NULL) != AIKIT_OK) return;
    printf("%s%s", before, text.data ? text.data : "");
    aikit_bytes_free(&text);
}

int main(void) {
    static char const question[] =
        "{\"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"What is the capital of France?\"}]}";
    aikit_kit* kit = NULL;
    aikit_op* op = NULL;
    aikit_bytes json = {NULL, 0};
    int32_t ended = 0;
    if (aikit_config_from_env(NULL, 0, &json, NULL) != AIKIT_OK) return 1;
    if (aikit_kit_open(NULL, json.data, json.size, &kit, NULL) != AIKIT_OK) return 1;
    if (aikit_chat_start(kit, question, sizeof question - 1, 0, NULL, NULL, NULL, &op, NULL) != AIKIT_OK) return 1;
    for (aikit_bytes_free(&json); aikit_op_next(op, -1, &json, &ended, NULL) == AIKIT_OK && !ended;
         aikit_bytes_free(&json)) {
        show("", json, AIKIT_TEXT("/choices/0/delta/content"));
    }
    if (aikit_op_result(op, &json, NULL) != AIKIT_OK) return 1;
    show("\n", json, AIKIT_TEXT("/aikit/provider"));
    show(", ", json, AIKIT_TEXT("/usage/total_tokens"));
    show(" tokens, $", json, AIKIT_TEXT("/aikit/cost/usd"));
    puts("");
    aikit_bytes_free(&json);
    aikit_op_free(op);
    aikit_kit_free(kit);
    return 0;
}
