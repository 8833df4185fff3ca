/* SPDX-License-Identifier: MIT */
/* tests/consume/hello.c - a program of somebody else's, in C. */
#include <aikit.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    static char const config[] =
        "{\"providers\": [{\"name\": \"scripted\", \"model\": \"m\", \"script\": {\"replies\": [{\"text\": "
        "\"Hello\"}]}}]}";
    static char const request[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
    aikit_kit* kit = NULL;
    aikit_bytes reply = {NULL, 0};
    aikit_error* error = NULL;
    int good = 0;
    if (aikit_abi_version() < AIKIT_ABI_VERSION) return 1;
    if (aikit_kit_open(NULL, config, strlen(config), &kit, &error) == AIKIT_OK &&
        aikit_chat(kit, request, strlen(request), &reply, &error) == AIKIT_OK) {
        good = strstr(reply.data, "\"content\":\"Hello\"") != NULL;
    } else {
        fprintf(stderr, "%s\n", aikit_error_message(error));
    }
    aikit_error_free(error);
    aikit_bytes_free(&reply);
    aikit_kit_free(kit);
    puts(aikit_version());
    return good ? 0 : 1;
}
