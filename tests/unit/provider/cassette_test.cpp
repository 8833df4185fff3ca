// SPDX-License-Identifier: MIT
// Covers testing/cassette: what is recorded is answered again, and no secret is written.
#include "openai_support.hpp"

#include <aikit/testing/cassette.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace aikit::inline v0 {
namespace {

using testing::Ending;
using testing::FakeReply;

std::string scratch(std::string const& name) {
    std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
    return std::string(AIKIT_TEST_SCRATCH) + "/" + name;
}

std::string contents(std::string const& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

net::HttpRequest request_for(std::string url, std::string body) {
    net::HttpRequest request;
    request.url = std::move(url);
    request.headers.add("Content-Type", "application/json");
    request.headers.add("X-Account", "acme");
    request.credential_header = "Authorization";
    request.credential = Secret(std::string_view("Bearer sk-canary-1234567890"));
    if (body.empty()) request.method = "GET";
    if (!body.empty()) request.body = std::make_shared<std::string const>(std::move(body));
    return request;
}

net::HttpRequest chat_request(std::string body) {
    return request_for("https://api.openai.com/v1/chat/completions", std::move(body));
}

/// Status, header and pieces, and how it ended; or the error's name.
std::string told(std::shared_ptr<net::HttpTransport> const& transport, net::HttpRequest request, int pieces = 99) {
    auto const ask = [](std::shared_ptr<net::HttpTransport> to, net::HttpRequest what, int most) -> Task<std::string> {
        Task<net::HttpResponse> sending = to->send(std::move(what));
        Result<net::HttpResponse> response = co_await std::move(sending);
        if (!response) co_return std::string(name(response.error().code));
        std::string text = std::to_string(response->status);
        text += "/" + std::string(response->headers.find("X-Request-Id").value_or("-")) + ":";
        for (int i = 0; i < most; ++i) {
            Task<std::string> reading = response->body->read();
            Result<std::string> piece = co_await std::move(reading);
            if (!piece) co_return text + name(piece.error().code);
            if (piece->empty()) co_return text + "end";
            text += *piece + "|";
        }
        co_return text;
    };
    Result<std::string> const text = testing::run(ask(transport, std::move(request), pieces));
    return text ? *text : name(text.error().code);
}

struct Studio {
    explicit Studio(std::string const& file) { config.cassette = scratch(file); }

    void record(std::vector<FakeReply> replies) {
        fake = std::make_shared<testing::FakeTransport>();
        for (FakeReply& reply : replies) {
            reply.headers.add("X-Request-Id", "req_1");
            reply.headers.add("Set-Cookie", "session=canary-cookie");
            fake->reply(std::move(reply));
        }
        transport = testing::record_cassette(config, fake).value();
    }

    std::shared_ptr<net::HttpTransport> replay() { return testing::replay_cassette(config).value(); }

    testing::CassetteConfig config;
    std::shared_ptr<testing::FakeTransport> fake;
    std::shared_ptr<net::HttpTransport> transport;
};

std::string error_of(Result<std::shared_ptr<net::HttpTransport>> const& made) {
    return made ? "fine" : std::string(name(made.error().code)) + ": " + made.error().message;
}

}  // namespace

TEST_CASE("what was recorded is answered again in the same pieces, however it ended") {
    for (Ending const ending : {Ending::whole, Ending::cut, Ending::reset, Ending::stall}) {
        Studio studio("endings.jsonl");
        FakeReply reply(200, {"data: {\"a\":1}\n", "\ndata: \xC3", "\xBC\n\n"});
        reply.ending = ending;
        studio.record({reply});
        std::string const said = told(studio.transport, chat_request(R"({"model":"m"})"));
        CHECK(told(studio.replay(), chat_request(R"({ "model" : "m" })")) == said);
        CHECK(said.starts_with("200/req_1:data: {\"a\":1}\n|"));
    }
}

TEST_CASE("bytes that are no text survive a cassette") {
    Studio studio("bytes.jsonl");
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    studio.record({FakeReply(200, all)});
    std::string const said = told(studio.transport, chat_request(all));
    CHECK(said.find(all) != std::string::npos);
    CHECK(told(studio.replay(), chat_request(all)) == said);
}

TEST_CASE("a call that failed fails the same way again") {
    Studio studio("failures.jsonl");
    std::vector<FakeReply> replies;
    for (Errc const code : {Errc::connection, Errc::timeout, Errc::protocol}) {
        FakeReply reply;
        reply.failure = fail(code, "It broke.");
        replies.push_back(reply);
    }
    studio.record(replies);
    std::string said;
    for (int i = 0; i < 3; ++i) said += told(studio.transport, chat_request("{}")) + " ";
    std::string again;
    std::shared_ptr<net::HttpTransport> const replayed = studio.replay();
    for (int i = 0; i < 3; ++i) again += told(replayed, chat_request("{}")) + " ";
    CHECK(said == "connection timeout protocol ");
    CHECK(again == said);
}

TEST_CASE("a reply that was let go is a cut one") {
    Studio studio("let_go.jsonl");
    studio.record({FakeReply(200, {"one", "two", "three"})});
    CHECK(told(studio.transport, chat_request("{}"), 2) == "200/req_1:one|two|");
    CHECK(told(studio.replay(), chat_request("{}")) == "200/req_1:one|two|incomplete");
}

TEST_CASE("no secret reaches a cassette, whatever shows it") {
    Studio studio("secrets.jsonl");
    studio.config.scrub = [](std::string body) {
        std::size_t const at = body.find("Ada");
        return at == std::string::npos ? body : body.replace(at, 3, "Bob");
    };
    studio.record({FakeReply(401, R"({"error":"Incorrect key: sk-canary-1234567890"})"),
                   FakeReply(200, R"({"access_token": "canary-token \" x", "expires_in": 3599})"),
                   FakeReply(200, "Hello Ada")});
    told(studio.transport, chat_request(R"({"user":"Ada","key":"sk-canary-1234567890"})"));
    net::HttpRequest token = request_for("https://oauth2.googleapis.com/token?key=canary-parameter&alt=json",
                                         "grant_type=jwt&assertion=canary-assertion&x=1");
    told(studio.transport, token);
    told(studio.transport, chat_request("Ada"));
    std::string const written = contents(studio.config.cassette);
    CHECK(written.find("canary") == std::string::npos);
    CHECK(written.find("Ada") == std::string::npos);
    CHECK(written.find("acme") == std::string::npos);
    CHECK(written.find("alt=json") != std::string::npos);

    // The same calls with other secrets are the same calls.
    std::shared_ptr<net::HttpTransport> const replayed = studio.replay();
    net::HttpRequest other = request_for("https://oauth2.googleapis.com/token?key=another&alt=json",
                                         "grant_type=jwt&assertion=signed-later&x=1");
    other.credential = Secret(std::string_view("Bearer another-key"));
    CHECK(told(replayed, other) == R"(200/req_1:{"access_token": "***", "expires_in": 3599}|end)");
    CHECK(told(replayed, chat_request("Ada")) == "200/req_1:Hello Bob|end");
}

TEST_CASE("equal requests are answered in their order, each answer once unless asked otherwise") {
    Studio studio("order.jsonl");
    studio.record({FakeReply(200, "1"), FakeReply(200, "2"), FakeReply(200, "x")});
    told(studio.transport, chat_request("{\"n\":1}"));
    told(studio.transport, chat_request("{\"n\":1}"));
    told(studio.transport, chat_request("{\"n\":2}"));
    for (bool const repeat : {false, true}) {
        studio.config.repeat = repeat;
        std::shared_ptr<net::HttpTransport> const replayed = studio.replay();
        CHECK(told(replayed, chat_request("{\"n\":2}")) == "200/req_1:x|end");
        CHECK(told(replayed, chat_request("{\"n\":1}")) == "200/req_1:1|end");
        CHECK(told(replayed, chat_request("{\"n\":1}")) == "200/req_1:2|end");
        CHECK(told(replayed, chat_request("{\"n\":1}")) == (repeat ? "200/req_1:2|end" : "not_found"));
    }
}

TEST_CASE("a request that is not in the cassette is told by where it differs, and by none of its text") {
    Studio studio("differs.jsonl");
    studio.record({FakeReply(200, "x")});
    told(studio.transport, chat_request(R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})"));
    auto const differs = [&](net::HttpRequest const& request) {
        Result<net::HttpResponse> const response = testing::run(studio.replay()->send(request));
        REQUIRE(!response.has_value());
        CHECK(response.error().code == Errc::not_found);
        std::string const& sentence = response.error().message;
        CHECK(sentence.find("canary") == std::string::npos);
        std::size_t const at = sentence.find("differs in ");
        return sentence.substr(at + 11, sentence.rfind(". Record") - at - 11);
    };
    CHECK(differs(chat_request(R"({"model":"m","messages":[{"role":"user","content":"canary"}]})")) ==
          "body.messages[0].content");
    CHECK(differs(chat_request(R"({"model":"m","messages":[]})")) == "body.messages[0]");
    CHECK(differs(chat_request(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"n":1})")) == "body.n");
    CHECK(differs(chat_request("canary")) == "body");
    CHECK(differs(request_for("https://api.openai.com/v1/embeddings", "{}")) == "path");
    CHECK(differs(request_for("https://elsewhere.example/v1/chat/completions", "{}")) == "host");
    CHECK(differs(request_for("https://api.openai.com/v1/chat/completions", "")) == "method");
    studio.config.match_host = false;
    CHECK(differs(request_for("https://elsewhere.example/v1/chat/completions", R"({"model":"m"})")) == "body.messages");
}

TEST_CASE("a whole conversation with a provider is replayed without its key") {
    Studio studio("provider.jsonl");
    studio.record(
        {FakeReply(
             200,
             R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})"),
         FakeReply(429, R"({"error":{"message":"Slow down.","code":"rate_limit_exceeded"}})")});
    auto const through = [](std::shared_ptr<net::HttpTransport> transport, std::string_view key) {
        aikit_test::FakeOpenAi const runs;
        provider::OpenAiConfig config;
        config.api_key = Secret(key);
        std::shared_ptr<AIProvider> const openai =
            provider::make_openai(std::move(config), runs.runtime, std::move(transport)).value();
        std::string said;
        for (int i = 0; i < 2; ++i) {
            Result<ChatReply> const reply = testing::run(openai->chat(ChatRequest("m", "hi")));
            said += (reply ? reply->text() : name(reply.error().code)) + std::string(" ");
        }
        return said;
    };
    CHECK(through(studio.transport, "sk-a-real-key") == "Hello rate_limited ");
    CHECK(through(studio.replay(), "no-key-at-all") == "Hello rate_limited ");
}

TEST_CASE("a cassette damaged anywhere is refused with its place, or read as far as it is whole") {
    Studio studio("damage.jsonl");
    studio.record({FakeReply(200, {"one", "two"}), FakeReply(200, "x")});
    told(studio.transport, chat_request("{\"n\":1}"));
    told(studio.transport, chat_request("{\"n\":2}"));
    std::string const whole = contents(studio.config.cassette);
    std::size_t const first = whole.find('\n') + 1;
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        testing::CassetteConfig config;
        config.cassette = whole.substr(0, cut);
        std::string const error = error_of(testing::replay_cassette(config));
        bool const at_a_line = cut == first || cut + 1 == first || cut + 1 == whole.size();
        CHECK((error == "fine") == at_a_line);
        if (!at_a_line) CHECK(error.starts_with("invalid_argument: "));
        if (cut > first && !at_a_line) CHECK(error.find("line 2") != std::string::npos);
    }
    for (std::string const bad :
         {"[]x", "[1]", R"({"request":{}})", R"({"request":{"method":"GET","path":"x"},"response":{"status":200}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":99}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":200,"body":"ab","pieces":[1]}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":200,"body":"ab","pieces":[1,-1]}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":200,"body":"ab","pieces":[3]}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":200,"ending":"soon"}})",
          R"({"request":{"method":"GET","path":"/x"},"response":{"status":200,"body_base64":"!"}})",
          R"({"request":{"method":"GET","path":"/x"},"failure":{"code":"bad luck"}})"}) {
        CAPTURE(bad);
        testing::CassetteConfig config;
        config.cassette = bad;
        CHECK(error_of(testing::replay_cassette(config)).starts_with("invalid_argument: "));
    }
}

TEST_CASE("a cassette that cannot be written or found is told") {
    testing::CassetteConfig config;
    config.cassette = scratch("no/such/folder.jsonl");
    auto const fake = std::make_shared<testing::FakeTransport>();
    CHECK(error_of(testing::record_cassette(config, fake)).starts_with("not_found: "));
    CHECK(error_of(testing::replay_cassette(config)).starts_with("not_found: "));
    CHECK(error_of(testing::record_cassette(config, nullptr)).starts_with("invalid_argument: "));
    if (std::filesystem::exists("/dev/full")) {
        config.cassette = "/dev/full";
        fake->reply(200, "x");
        std::shared_ptr<net::HttpTransport> const recording = testing::record_cassette(config, fake).value();
        CHECK(told(recording, chat_request("{}")) == "200/-:x|storage");
        CHECK(told(recording, chat_request("{}")) == "storage");
    }
}

TEST_CASE("a reply longer than a cassette takes fails the read that goes beyond it") {
    Studio studio("long.jsonl");
    studio.config.max_body = 10;
    studio.record({FakeReply(200, {"12345", "67890", "x"})});
    CHECK(told(studio.transport, chat_request("{}")) == "200/req_1:12345|67890|protocol");
}

}  // namespace aikit::inline v0
