// SPDX-License-Identifier: MIT
// Streams through the whole kit and a real network that ends them, delays them, cuts them to pieces or never stops.
#include "kit_support.hpp"

namespace aikit_test {
namespace {

std::string event(std::string const& delta, std::string const& finish = "null") {
    return R"(data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":)" +
           delta + R"(,"finish_reason":)" + finish + "}]}\n\n";
}

/// What the model says, in characters of one to four bytes.
std::vector<std::string> const words = {
    "Hello", ", w\xC3\xB6rld", " \xE4\xBD\xA0\xE5\xA5\xBD", " \xF0\x9F\x98\x80", " and", " goodbye", "."};

std::string said() {
    std::string text;
    for (std::string const& word : words) text += word;
    return text;
}

/// A whole answer: text, a tool call, usage and the end marker.
std::string body() {
    std::string out = event(R"({"role":"assistant","content":""})");
    for (std::string const& word : words) out += event("{\"content\":\"" + word + "\"}");
    out += event(
        R"({"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\""}}]})");
    out += event(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})");
    out += event("{}", R"("tool_calls")");
    out +=
        "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":8,"
        "\"total_tokens\":17}}\n\n";
    return out + "data: [DONE]\n\n";
}

void check_cuts(Kit& kit, Reply& next) {
    std::string const whole = body();
    std::size_t const marker = whole.find("data: [DONE]") + std::string_view("data: [DONE]").size();
    int streams = 0;
    for (Ending const& ending : endings(whole.size())) {
        for (std::size_t const cut : cuts(whole, "\n\n")) {
            next = ending.reply(whole.substr(0, cut));
            CAPTURE(ending.name);
            CAPTURE(cut);
            Heard const heard = listen(kit);
            ++streams;
            REQUIRE(heard.reply.complete == !heard.error.has_value());
            if (cut >= marker) continue;  // what ends behind the marker has said all
            REQUIRE(heard.error.has_value());
            CHECK((heard.error->code == Errc::incomplete || heard.error->code == Errc::connection));
            CHECK(heard.error->maybe_executed);
            CHECK(heard.tools == 0);
            CHECK(said().starts_with(heard.reply.text()));
            if (ending.reset) continue;
            CHECK(heard.error->request_id == "req_7");
            // All that came whole is kept.
            std::size_t const events = static_cast<std::size_t>(
                std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut), '\n') / 2);
            std::string kept;
            for (std::size_t i = 0; i + 1 < events && i < words.size(); ++i) kept += words[i];
            CHECK(heard.reply.text().starts_with(kept));
        }
    }
    MESSAGE("streams cut: " << streams);
    CHECK(streams > 500);
    next = Reply::chunked(200, {whole});
    Heard const heard = listen(kit);
    CHECK(heard.reply.complete);
    CHECK(heard.reply.text() == said());
    CHECK(heard.tools == 1);
}

}  // namespace

TEST_CASE("a stream cut at any event, beside it or anywhere else is never complete, however its connection ends") {
    Reply next;
    LoopbackServer server([&](ServerRequest const&) { return next; });
    Kit kit = open_kit(server.url("/v1"));
    check_cuts(kit, next);
}

TEST_CASE("a stream cut anywhere under TLS is never complete, with and without a closing message") {
    TestAuthority authority;
    Reply next;
    LoopbackServer server([&](ServerRequest const&) { return next; }, authority.issue());
    Kit kit = open_kit(server.url("/v1"), authority.write(scratch() / "kit-ca.pem"));
    check_cuts(kit, next);
}

TEST_CASE("an answer is the same however the network cuts its bytes") {
    LoopbackServer server([](ServerRequest const&) { return Reply::chunked(200, {body()}); });
    FaultProxy proxy(server.port());
    Kit kit = open_kit(proxy.url("/v1"));
    for (std::size_t const piece : {1u, 2u, 3u, 5u, 7u, 64u}) {
        CAPTURE(piece);
        Faults faults;
        faults.piece = piece;
        proxy.set(faults);
        Heard const heard = listen(kit);
        CHECK(heard.reply.complete);
        CHECK(heard.reply.text() == said());
    }
}

TEST_CASE("comments keep a slow stream alive and reach nobody, and without them it ends at the idle limit") {
    for (bool const comments : {true, false}) {
        CAPTURE(comments);
        LoopbackServer server([&](ServerRequest const&) {
            Reply reply = Reply::raw(head("Transfer-Encoding: chunked\r\n") + chunk(event(R"({"content":"Hi"})")));
            for (int i = 0; i < 12; ++i) {
                reply.then(Step::pause(100ms));
                if (comments) reply.then(Step::send(chunk(": keep-alive\n\n")));
            }
            return reply.then(Step::send(chunk(event("{}", R"("stop")") + "data: [DONE]\n\n") + chunk("")));
        });
        Kit kit = open_kit(server.url("/v1"));
        CallOptions options;
        options.limits.idle = 700ms;
        Heard const heard = listen(kit, options);
        CHECK(heard.reply.text() == "Hi");
        CHECK(heard.reply.complete == comments);
        if (!comments) CHECK(heard.error->code == Errc::timeout);
    }
}

TEST_CASE("an endless stream of chunks without words runs through the kit at full speed in flat memory") {
    // With AIKIT_LONG=1 in the environment: a minute.
    std::chrono::milliseconds const length = std::getenv("AIKIT_LONG") != nullptr ? 60s : 3s;
    std::string batch;
    for (int i = 0; i < 100; ++i) batch += ": ping\n\n" + event(R"({"content":""})");
    LoopbackServer server(
        [&](ServerRequest const&) { return Reply::raw(head("Connection: close\r\n")).then(Step::repeat(batch, -1)); });
    Kit kit = open_kit(server.url("/v1"));
    CallOptions options;
    options.limits.total = length;
    std::atomic<bool> done{false};
    std::atomic<std::int64_t> settled{0};
    std::atomic<std::int64_t> most{0};
    std::thread watch([&] {
        std::this_thread::sleep_for(length / 4);
        settled = resident_kib();
        for (; !done; std::this_thread::sleep_for(10ms)) most = std::max<std::int64_t>(most, resident_kib());
    });
    Heard const heard = listen(kit, options);
    done = true;
    watch.join();
    REQUIRE(heard.error.has_value());
    CHECK(heard.error->code == Errc::timeout);
    CHECK_FALSE(heard.reply.complete);
    MESSAGE("memory went from " << settled.load() << " to " << most.load() << " KiB");
    if (AIKIT_TEST_MEASURES_MEMORY) CHECK(most < settled + 2 * 1024);
}

TEST_CASE("an endless stream of words is an error at the cap of a reply") {
    std::string const words_of_1_mb = event("{\"content\":\"" + std::string(1'000'000, 'x') + "\"}");
    LoopbackServer server([&](ServerRequest const&) {
        return Reply::raw(head("Connection: close\r\n")).then(Step::repeat(words_of_1_mb, -1));
    });
    Kit kit = open_kit(server.url("/v1"));
    std::int64_t const before = resident_kib();
    Heard const heard = listen(kit);
    REQUIRE(heard.error.has_value());
    CHECK(heard.error->code == Errc::protocol);
    CHECK(heard.reply.text().size() <= aikit::max_reply_size + 1'000'000);
    if (AIKIT_TEST_MEASURES_MEMORY) {
        CHECK(resident_kib() - before < static_cast<std::int64_t>(3 * aikit::max_reply_size / 1024));
    }
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
}

}  // namespace aikit_test
