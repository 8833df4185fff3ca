/* SPDX-License-Identifier: MIT */
/* tests/capi/flow_test.c - a consumer that stops reading, in front of a server that never stops writing. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* An endless stream of chunks on loopback; `sent` counts its bytes. */
typedef struct server {
    int listener;
    int port;
    atomic_int stop;
    atomic_llong sent;
} server;

static void serve_one(server* s, int client) {
    static char const head[] =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    static char const data[] =
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"another word \"},\"finish_reason\":null}]}\n\n";
    char chunk[512];
    char request[4096];
    struct timeval const limit = {0, 100000};
    int const size = snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", sizeof data - 1, data);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (recv(client, request, sizeof request, 0) <= 0) return;
    if (send(client, head, sizeof head - 1, MSG_NOSIGNAL) < 0) return;
    int at = 0;
    while (!atomic_load(&s->stop)) {
        ssize_t const wrote = send(client, chunk + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (wrote > 0) {
            at = (at + (int)wrote) % size;
            atomic_fetch_add(&s->sent, wrote);
        } else if (wrote < 0 && !atomic_load(&s->stop)) {
            /* Full: the time limit of a send has passed. A connection that is gone says so in the same way. */
            char byte;
            if (recv(client, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) return;
        }
    }
}

static void* serve(void* user) {
    server* const s = user;
    while (!atomic_load(&s->stop)) {
        int const client = accept(s->listener, NULL, NULL);
        if (client < 0) break;
        serve_one(s, client);
        close(client);
    }
    return NULL;
}

static long long resident_kib(void) {
    long long pages = 0;
    FILE* const file = fopen("/proc/self/statm", "r");
    REQUIRE(file != NULL);
    REQUIRE(fscanf(file, "%*s %lld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void stops_reading(void) {
    char const* const given = getenv("AIKIT_FLOW_SECONDS");
    int const seconds = given ? atoi(given) : 2;
    server s = {0};
    seen what = {0};
    pthread_t thread;
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    char config[512];
    aikit_kit* kit = NULL;
    aikit_op* op = NULL;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s.listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(s.listener, (struct sockaddr*)&address, sizeof address) == 0 && listen(s.listener, 4) == 0);
    REQUIRE(getsockname(s.listener, (struct sockaddr*)&address, &length) == 0);
    REQUIRE(pthread_create(&thread, NULL, serve, &s) == 0);
    snprintf(config, sizeof config,
             "{\"providers\": [{\"name\": \"openai\", \"base_url\": \"http://127.0.0.1:%d/v1\", \"model\": "
             "\"gpt-4o-mini\"}], \"unknown_price\": \"allow\"}",
             ntohs(address.sin_port));
    REQUIRE(aikit_kit_open(NULL, STR(config), &kit, NULL) == AIKIT_OK);

    REQUIRE(aikit_chat_start(kit, STR(CHAT_REQUEST), 0, on_event, on_done, &what, &op, NULL) == AIKIT_OK);
    CHECK(wait_for(&what.events, 64));
    sleep_ms(500);
    long long const sent = atomic_load(&s.sent);
    long long const resident = resident_kib();
    sleep_ms(seconds * 1000);
    printf("%lld KiB were sent in all, %lld of them later; memory grew by %lld KiB\n", atomic_load(&s.sent) / 1024,
           (atomic_load(&s.sent) - sent) / 1024, resident_kib() - resident);
    CHECK(atomic_load(&what.events) == 64);
    CHECK(atomic_load(&s.sent) == sent);     /* the socket is not read */
    CHECK(sent < 32LL * 1024 * 1024);        /* what the system's buffers hold */
    CHECK(resident_kib() - resident < 1024); /* and nothing is here */

    CHECK_STATUS(aikit_op_more(op, 100000), AIKIT_OK);
    CHECK(wait_for(&what.events, 64 + 100000));
    CHECK(atomic_load(&s.sent) > sent);
#if !defined(__SANITIZE_ADDRESS__)                /* which keeps what was freed */
    CHECK(resident_kib() - resident < 64 * 1024); /* the reply itself is kept */
#endif
    CHECK_STATUS(aikit_op_cancel(op), AIKIT_OK);
    CHECK(wait_for(&what.done, 1));
    CHECK(atomic_load(&what.status) == AIKIT_E_CANCELLED);
    CHECK(atomic_load(&what.events) == 64 + 100000);
    aikit_op_free(op);
    aikit_kit_free(kit);
    atomic_store(&s.stop, 1);
    shutdown(s.listener, SHUT_RDWR);
    close(s.listener);
    pthread_join(thread, NULL);
}

TEST_MAIN({"a consumer that stops reading holds a window of events, and the provider's socket is not read",
           stops_reading})
