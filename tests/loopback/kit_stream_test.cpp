// SPDX-License-Identifier: MIT
// Streams through the whole kit and a real network that ends them, delays them, cuts them to pieces or never stops.
#include "net_support.hpp"

#include <aikit/kit.hpp>
#include <aikit/sync.hpp>

#include <cstdlib>
#include <random>

namespace aikit_test {
namespace {

using aikit::CallOptions;
using aikit::ChatReply;
using aikit::ChatRequest;
using aikit::ChatStream;
using aikit::Kit;
using aikit::KitConfig;

std::string const key = "sk-canary-5d0b7a41c39e";

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

std::string head(std::string const& framing) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_7\r\n" + framing + "\r\n";
}

/// A kit whose only provider is the one at `base_url`, without retries.
Kit open_kit(std::string const& base_url, std::string const& ca_file = {}) {
    ::setenv("AIKIT_TEST_KEY", key.c_str(), 1);
    KitConfig config;
    aikit::ProviderConfig provider;
    provider.name = "remote";
    provider.type = "openai";
    provider.base_url = base_url;
    provider.api_key = "env:AIKIT_TEST_KEY";
    provider.model = "m";
    provider.max_retries = 0;
    config.providers.push_back(provider);
    config.unknown_price = aikit::policy::UnknownPrice::allow;
    config.http.ca_file = ca_file;
    return Kit::open(std::move(config)).value();
}

/// What a stream came to.
struct Heard {
    ChatReply reply;
    std::optional<Error> error;
    int tools = 0;
};

Heard listen(Kit& kit, CallOptions options = CallOptions()) {
    Heard heard;
    ChatRequest request("m", "Hi");
    Result<ChatStream> stream = aikit::sync::wait(kit, kit.stream_chat(request, options));
    if (!stream) {
        heard.error = stream.error();
        return heard;
    }
    auto events = aikit::sync::events(kit, std::move(*stream));
    for (Result<aikit::ChatEvent>& next : events) {
        if (!next) heard.error = next.error();
        if (next && std::holds_alternative<aikit::ToolCallReady>(*next)) ++heard.tools;
    }
    heard.reply = events.stream().take_reply();
    return heard;
}

/// One way in which a connection ends too early; `sent` is what of the body was sent before that.
struct Ending {
    std::string name;
    std::function<Reply(std::string const& sent)> reply;
    bool reset = false;  // bytes may be lost with it
};

std::vector<Ending> endings() {
    auto const chunked = [](std::string const& sent) {
        return Reply::raw(head("Transfer-Encoding: chunked\r\n") + chunk(sent));
    };
    auto const counted = [](std::string const& sent) {
        return Reply::raw(head("Content-Length: " + std::to_string(body().size()) + "\r\n") + sent);
    };
    auto const open_ended = [](std::string const& sent) { return Reply::raw(head("Connection: close\r\n") + sent); };
    std::vector<Ending> out;
    for (auto const& [name, step] : std::vector<std::pair<std::string, Step>>{
             {"FIN", Step::fin()}, {"FIN without close_notify", Step::cut()}, {"RST", Step::rst()}}) {
        bool const reset = step.kind == Step::Kind::rst;
        Step const end = step;
        out.push_back({"chunks, " + name, [=](std::string const& sent) { return chunked(sent).then(end); }, reset});
        out.push_back({"length, " + name, [=](std::string const& sent) { return counted(sent).then(end); }, reset});
        out.push_back({"no length, " + name, [=](std::string const& s) { return open_ended(s).then(end); }, reset});
    }
    out.push_back(
        {"the last chunk", [=](std::string const& sent) { return chunked(sent).then(Step::send(chunk(""))); }});
    return out;
}

/// Around the end of every event, and fifty places drawn at random.
std::vector<std::size_t> cuts(std::string const& whole) {
    std::vector<std::size_t> found;
    for (std::size_t at = whole.find("\n\n"); at != std::string::npos; at = whole.find("\n\n", at + 1)) {
        for (std::size_t const cut : {at + 1, at + 2, at + 3}) found.push_back(cut);
    }
    std::mt19937 draw(7);
    for (int i = 0; i < 50; ++i) found.push_back(1 + draw() % (whole.size() - 1));
    found.erase(std::remove_if(found.begin(), found.end(), [&](std::size_t cut) { return cut >= whole.size(); }),
                found.end());
    return found;
}

void check_cuts(Kit& kit, Reply& next) {
    std::string const whole = body();
    std::size_t const marker = whole.find("data: [DONE]") + std::string_view("data: [DONE]").size();
    int streams = 0;
    for (Ending const& ending : endings()) {
        for (std::size_t const cut : cuts(whole)) {
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
