// SPDX-License-Identifier: MIT
// Covers src/provider/ollama: what is sent for a request, answers that make no sense, streams that are cut.
#include "decoding.hpp"
#include "golden/recordings.hpp"
#include "provider/ollama/wire.hpp"

#include <aikit/model/json_form.hpp>
#include <aikit/provider/ollama.hpp>

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Came;
using aikit_test::Json;
using aikit_test::Recorded;
using provider::carrier::Encoded;
using provider::carrier::Exchange;

namespace {

Exchange exchange() {
    return aikit_test::plain_exchange("ollama");
}

Encoded encoded(ChatRequest const& request) {
    Result<Encoded> made = provider::ollama::encode_chat(request, false);
    REQUIRE(made.has_value());
    return *made;
}

Errc refused(ChatRequest const& request) {
    Result<Encoded> const made = provider::ollama::encode_chat(request, false);
    return made ? Errc{} : made.error().code;
}

Came decode(std::string_view body, std::size_t piece) {
    return aikit_test::decode_as<provider::ollama::StreamDecoder>("ollama", body, piece);
}

}  // namespace

TEST_CASE("parameters of a request become options, and the caller's own options stay beside them") {
    ChatRequest request("qwen3:4b", "Hello");
    request.max_tokens = 10;
    request.temperature = 0.5;
    request.seed = 7;
    request.stop = {"a", "b"};
    request.extra = R"({"options":{"num_ctx":8192,"seed":1},"keep_alive":"5m","logit_bias":{}})";
    Encoded const made = encoded(request);
    Json const body = Json::parse(made.body);
    CHECK(body["options"].dump() == R"({"num_ctx":8192,"num_predict":10,"seed":7,"stop":["a","b"],"temperature":0.5})");
    CHECK(body["keep_alive"].text == "5m");
    CHECK(!body["stream"].yes);
    CHECK(!body.has("logit_bias"));
    CHECK(made.warnings.size() == 1);
}

TEST_CASE("the effort to think is a word for gpt-oss and a yes or no for the others") {
    for (auto const& [model, effort, sent] :
         std::vector<std::array<char const*, 3>>{{"gpt-oss:20b", "minimal", "\"low\""},
                                                 {"gpt-oss:20b", "high", "\"high\""},
                                                 {"gpt-oss:20b", "none", "false"},
                                                 {"qwen3", "low", "true"},
                                                 {"qwen3", "none", "false"}}) {
        CAPTURE(model);
        CAPTURE(effort);
        ChatRequest request(model, "Hello");
        request.reasoning_effort = effort;
        CHECK(Json::parse(encoded(request).body)["think"].dump() == sent);
    }
    ChatRequest wrong("qwen3", "Hello");
    wrong.reasoning_effort = "hard";
    CHECK(refused(wrong) == Errc::invalid_argument);
}

TEST_CASE("what this API has no form for is refused before anything is sent, or named in a warning") {
    ChatRequest several("m", "Hello");
    several.n = 2;
    CHECK(refused(several) == Errc::unsupported);
    for (MediaPart::Kind const kind : {MediaPart::Kind::audio, MediaPart::Kind::document}) {
        ChatRequest request("m", "Hello");
        MediaPart part;
        part.kind = kind;
        part.bytes = std::make_shared<std::string const>("x");
        request.messages.front().parts.emplace_back(part);
        CHECK(refused(request) == Errc::unsupported);
    }
    ChatRequest by_url("m", "Hello");
    MediaPart picture;
    picture.url = "https://example.com/a.png";
    by_url.messages.front().parts.emplace_back(picture);
    CHECK(refused(by_url) == Errc::unsupported);

    ChatRequest foreign("m", "Hello");
    TextPart odd;
    odd.extra = R"({"type":"video_url","video_url":{"url":"https://a.example/b"}})";
    foreign.messages.front().parts.emplace_back(odd);
    CHECK(refused(foreign) == Errc::unsupported);
    ChatRequest hosted("m", "Hello");
    hosted.tools.emplace_back().raw = R"({"type":"web_search"})";
    CHECK(refused(hosted) == Errc::unsupported);

    ChatRequest forced("m", "Hello");
    forced.tools.emplace_back().name = "look";
    forced.tool_choice.emplace().kind = ToolChoice::Kind::required;
    CHECK(encoded(forced).warnings.size() == 1);
    CHECK(Json::parse(encoded(forced).body)["tools"].items.size() == 1);
    forced.tool_choice->kind = ToolChoice::Kind::none;  // what is not offered is not called
    CHECK(!Json::parse(encoded(forced).body).has("tools"));
}

TEST_CASE("OLLAMA_HOST means an address in all of its spellings") {
    for (auto const& [host, url] :
         std::vector<std::pair<char const*, char const*>>{{"", "http://localhost:11434"},
                                                          {"0.0.0.0", "http://localhost:11434"},
                                                          {"0.0.0.0:80", "http://localhost:80"},
                                                          {":1234", "http://localhost:1234"},
                                                          {"box", "http://box:11434"},
                                                          {"box:1", "http://box:1"},
                                                          {"10.0.0.1/", "http://10.0.0.1:11434"},
                                                          {"http://box", "http://box"},
                                                          {"https://box/ollama/", "https://box/ollama"},
                                                          {"https://ollama.com", "https://ollama.com"},
                                                          {"[::1]", "http://[::1]:11434"},
                                                          {"[::1]:5", "http://[::1]:5"},
                                                          {"::1", "http://[::1]:11434"},
                                                          {"[::]", "http://localhost:11434"}}) {
        CAPTURE(host);
        CHECK(provider::ollama_base_url(host) == url);
    }
}

TEST_CASE("an answer whose members are missing, null or of another kind is read or refused, and never crashes") {
    Json const whole = Json::parse(
        R"({"model":"m","created_at":"2025-01-30T13:49:48.34999Z","message":{"role":"assistant","content":"x",)"
        R"("thinking":"t","tool_calls":[{"function":{"name":"n","arguments":{"a":1}}}]},"done":true,)"
        R"("done_reason":"stop","prompt_eval_count":5,"eval_count":7,"total_duration":1})");
    int read = 0;
    int refused_ones = 0;
    auto const look = [&](Json const& body) {
        Result<ChatReply> const reply = provider::ollama::decode_chat(exchange(), body.dump());
        Came const streamed = decode(body.dump() + "\n", 1'000);
        CHECK(streamed.reply.complete == reply.has_value());
        ++(reply ? read : refused_ones);
        if (reply) CHECK(check(reply->usage).has_value());
    };
    look(whole);
    CHECK(read == 1);
    for (std::string const other : {"null", "1", "\"text\"", "[]", "{}", "[{}]", "true", "-5", "1e300"}) {
        for (char const* name :
             {"model", "created_at", "message", "done", "done_reason", "prompt_eval_count", "eval_count"}) {
            Json changed = whole;
            changed.members[name] = Json::parse(other);
            look(changed);
        }
        for (char const* name : {"content", "thinking", "tool_calls"}) {
            Json changed = whole;
            changed.members["message"].members[name] = Json::parse(other);
            look(changed);
        }
    }
    CHECK(read > 20);
    CHECK(refused_ones > 20);
}
