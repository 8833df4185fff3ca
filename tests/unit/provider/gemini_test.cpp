// SPDX-License-Identifier: MIT
// Covers src/provider/gemini: what is sent for a request, answers that make no sense, streams that are cut.
#include "decoding.hpp"
#include "golden/recordings.hpp"
#include "provider/gemini/wire.hpp"

#include <aikit/model/json_form.hpp>

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Came;
using aikit_test::Json;
using aikit_test::Recorded;
using provider::carrier::Encoded;
using provider::carrier::Exchange;

namespace {

Exchange exchange() {
    return aikit_test::plain_exchange("gemini");
}

Json sent(ChatRequest const& request) {
    Result<Encoded> const made = provider::gemini::encode_chat(request);
    REQUIRE(made.has_value());
    return Json::parse(made->body);
}

Errc refused(ChatRequest const& request) {
    Result<Encoded> const made = provider::gemini::encode_chat(request);
    return made ? Errc{} : made.error().code;
}

Came decode(std::string_view body, std::size_t piece) {
    return aikit_test::decode_as<provider::gemini::StreamDecoder>("gemini", body, piece);
}

std::string event(std::string const& json) {
    return "data: " + json + "\r\n\r\n";
}

}  // namespace

TEST_CASE("the effort to think is a level for newer models and a budget for older ones") {
    struct Row {
        char const* model;
        char const* effort;
        char const* thinking;
    };
    for (Row const& row : {Row{"gemini-2.5-flash", "none", R"({"thinkingBudget":0})"},
                           Row{"gemini-2.5-flash", "low", R"({"includeThoughts":true,"thinkingBudget":1024})"},
                           Row{"models/gemini-2.5-pro", "high", R"({"includeThoughts":true,"thinkingBudget":24576})"},
                           Row{"gemini-3-pro", "none", R"({"thinkingLevel":"MINIMAL"})"},
                           Row{"gemini-3-pro", "medium", R"({"includeThoughts":true,"thinkingLevel":"MEDIUM"})"}}) {
        CAPTURE(row.model);
        CAPTURE(row.effort);
        ChatRequest request(row.model, "Hello");
        request.reasoning_effort = row.effort;
        CHECK(sent(request)["generationConfig"]["thinkingConfig"].dump() == row.thinking);
    }
    ChatRequest wrong("gemini-3-pro", "Hello");
    wrong.reasoning_effort = "hard";
    CHECK(refused(wrong) == Errc::invalid_argument);
}

TEST_CASE("a tool's result is an object under the name of the tool that was called") {
    ChatRequest request("gemini-2.5-flash", "Hello");
    Message& calls = request.messages.emplace_back(Role::assistant);
    for (char const* id : {"call_1", "own-id"}) {
        ToolCall call;
        call.id = id;
        call.name = "look";
        call.arguments = R"({"at":1})";
        calls.parts.emplace_back(std::move(call));
    }
    for (auto const& [id, text, failed] : std::vector<std::tuple<char const*, char const*, bool>>{
             {"call_1", "plain", false}, {"own-id", R"({"a":2})", true}}) {
        ToolResult result;
        result.call_id = id;
        result.failed = failed;
        result.content.emplace_back(TextPart(text));
        request.messages.emplace_back(Role::tool).parts.emplace_back(std::move(result));
    }
    Json const body = sent(request);
    REQUIRE(body["contents"].items.size() == 3);
    CHECK(
        body["contents"].items[1]["parts"].dump() ==
        R"([{"functionCall":{"args":{"at":1},"name":"look"}},{"functionCall":{"args":{"at":1},"id":"own-id","name":"look"}}])");
    CHECK(body["contents"].items[2]["parts"].dump() ==
          R"([{"functionResponse":{"name":"look","response":{"result":"plain"}}},)"
          R"({"functionResponse":{"id":"own-id","name":"look","response":{"error":"{\"a\":2}"}}}])");

    ToolResult lost;
    lost.call_id = "of nobody";
    request.messages.emplace_back(Role::tool).parts.emplace_back(std::move(lost));
    CHECK(refused(request) == Errc::invalid_argument);
}

TEST_CASE("a tool's result with a picture holds it where the model can read it there, and has it beside it elsewhere") {
    for (auto const& [model, sent_parts] : std::vector<std::pair<char const*, char const*>>{
             {"gemini-3-pro", R"([{"functionResponse":{"name":"look","parts":[{"inlineData":{"data":"Zm9v",)"
                              R"("mimeType":"image/png"}}],"response":{}}}])"},
             {"gemini-2.5-flash", R"([{"functionResponse":{"name":"look","response":{}}},)"
                                  R"({"inlineData":{"data":"Zm9v","mimeType":"image/png"}}])"}}) {
        CAPTURE(model);
        ChatRequest request(model, "Hello");
        ToolCall call;
        call.id = "call_1";
        call.name = "look";
        call.arguments = "{}";
        request.messages.emplace_back(Role::assistant).parts.emplace_back(call);
        ToolResult result;
        result.call_id = "call_1";
        MediaPart picture;
        picture.bytes = std::make_shared<std::string const>("foo");
        picture.media_type = "image/png";
        result.content.emplace_back(picture);
        request.messages.emplace_back(Role::tool).parts.emplace_back(std::move(result));
        CHECK(sent(request)["contents"].items.back()["parts"].dump() == sent_parts);
    }
}

TEST_CASE("a part of a kind that Gemini has no form for is refused before anything is sent") {
    ChatRequest request("gemini-2.5-flash", "Hello");
    TextPart odd;
    odd.extra = R"({"type":"video_url","video_url":{"url":"https://a.example/b"}})";
    request.messages.front().parts.emplace_back(odd);
    CHECK(refused(request) == Errc::unsupported);
    TextPart own;
    own.extra = R"({"type":"gemini","gemini":{"videoMetadata":{}}})";
    request.messages.front().parts.back() = own;
    CHECK(sent(request)["contents"].items[0]["parts"].items.back().has("videoMetadata"));
}

TEST_CASE("an end for no stated reason is no end of a stream") {
    std::string const unsaid =
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"FINISH_REASON_UNSPECIFIED"}]})";
    Came const came = decode(event(unsaid), 5);
    REQUIRE(came.error);
    CHECK(came.error->code == Errc::incomplete);
}

TEST_CASE("usage adds thoughts to the output and takes what was cached out of the input") {
    Json const whole = Json::parse(
        R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":)"
        R"({"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":10,"thoughtsTokenCount":"30",)"
        R"("toolUsePromptTokenCount":5,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":50},)"
        R"({"modality":"IMAGE","tokenCount":20}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":15}]}})");
    Result<ChatReply> const reply = provider::gemini::decode_chat(exchange(), whole.dump());
    REQUIRE(reply.has_value());
    CHECK(reply->usage.input == 65);
    CHECK(reply->usage.cache_read == 40);
    CHECK(reply->usage.output == 40);
    CHECK(reply->usage.reasoning == 30);
    CHECK(reply->usage.audio_input == 35);
    CHECK(reply->usage.audio_cache_read == 15);
    CHECK(reply->usage.image_input == 20);
    CHECK(check(reply->usage).has_value());
}

TEST_CASE("searches that Google made for an answer are counted, whole and as a stream, each once") {
    std::string const grounded = R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP",)"
                                 R"("groundingMetadata":{"webSearchQueries":["a","b"]}}],"usageMetadata":)"
                                 R"({"promptTokenCount":4,"candidatesTokenCount":1}})";
    Result<ChatReply> const reply = provider::gemini::decode_chat(exchange(), grounded);
    REQUIRE(reply.has_value());
    CHECK(reply->usage.pieces[Piece::web_searches] == 2);
    Came const streamed = decode(event(grounded) + event(grounded), 5);
    CHECK(!streamed.error);
    CHECK(streamed.reply.usage.pieces[Piece::web_searches] == 2);
    for (char const* odd : {"null", "3", R"({"webSearchQueries":null})", R"({"webSearchQueries":{}})", "{}"}) {
        Result<ChatReply> const plain = provider::gemini::decode_chat(
            exchange(),
            R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","groundingMetadata":)" +
                std::string(odd) + R"(}],"usageMetadata":{"promptTokenCount":4}})");
        REQUIRE(plain.has_value());
        CHECK(plain->usage.pieces.empty());
    }
}

TEST_CASE("a stream is whole when each candidate said why it ended, whichever piece says so last") {
    std::string const text =
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"r","modelVersion":"m"})";
    std::string const stop = R"({"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]})";
    Came const twice = decode(event(text) + event(stop) + event(text) + event(stop), 5);
    CHECK(!twice.error);
    CHECK(twice.reply.complete);
    CHECK(twice.reply.text() == "abab");
    Came const open = decode(event(text) + event(text), 5);
    REQUIRE(open.error);
    CHECK(open.error->code == Errc::incomplete);
    Came const nothing = decode(event(R"({"usageMetadata":{"promptTokenCount":1}})"), 5);
    REQUIRE(nothing.error);
    CHECK(nothing.error->code == Errc::incomplete);
    std::string const second = R"({"candidates":[{"index":1,"content":{"parts":[{"text":"c"}]}}]})";
    Came const half = decode(event(text) + event(second) + event(stop), 5);
    REQUIRE(half.error);
    CHECK(half.error->code == Errc::incomplete);
}

TEST_CASE("a prompt that was blocked is content_filtered, whole and as a stream") {
    std::string const body = R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}})";
    Result<ChatReply> const reply = provider::gemini::decode_chat(exchange(), body);
    REQUIRE(reply.has_error());
    CHECK(reply.error().code == Errc::content_filtered);
    CHECK(reply.error().provider_code == "SAFETY");
    Came const came = decode(event(body), 7);
    REQUIRE(came.error);
    CHECK(came.error->code == Errc::content_filtered);
}

TEST_CASE("a reply of Gemini whose members are missing, null or of another kind never crashes, whole or as a stream") {
    Json const whole = Json::parse(
        R"({"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"t","thought":true},{"text":"x"},)"
        R"({"functionCall":{"name":"n","args":{"a":1}},"thoughtSignature":"s"}]},"finishReason":"STOP",)"
        R"("safetyRatings":[]}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,)"
        R"("promptTokensDetails":[{"modality":"TEXT","tokenCount":5}]},"modelVersion":"m","responseId":"r"})");
    int read = 0;
    int refused_ones = 0;
    auto const look = [&](Json const& body) {
        Result<ChatReply> const reply = provider::gemini::decode_chat(exchange(), body.dump());
        Came const streamed = decode(event(body.dump()), 1'000);
        ++(reply ? read : refused_ones);
        if (reply) CHECK(check(reply->usage).has_value());
        if (!streamed.error) CHECK(check(streamed.reply.usage).has_value());
    };
    look(whole);
    CHECK(read == 1);
    for (std::string const other : {"null", "1", "\"text\"", "[]", "{}", "[{}]", "true", "-5", "1e300"}) {
        Json const odd = Json::parse(other);
        for (auto const& [name, value] : whole.members) {
            Json changed = whole;
            changed.members[name] = odd;
            look(changed);
        }
        Json const& candidate = whole["candidates"].items[0];
        for (auto const& [name, value] : candidate.members) {
            Json changed = whole;
            changed.members["candidates"].items[0].members[name] = odd;
            look(changed);
        }
        for (std::size_t i = 0; i < 3; ++i) {
            for (auto const& [name, value] : candidate["content"]["parts"].items[i].members) {
                Json changed = whole;
                changed.members["candidates"].items[0].members["content"].members["parts"].items[i].members[name] = odd;
                look(changed);
            }
        }
        for (auto const& [name, value] : whole["usageMetadata"].members) {
            Json changed = whole;
            changed.members["usageMetadata"].members[name] = odd;
            look(changed);
        }
    }
    CHECK(read > 50);
    CHECK(refused_ones > 20);
}
