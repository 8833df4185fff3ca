// SPDX-License-Identifier: MIT
// Covers src/provider/gemini/partial_args: arguments in pieces, put together; and media in the results of tools.
#include "decoding.hpp"
#include "golden/plain_json.hpp"
#include "model/json_exact.hpp"
#include "provider/gemini/wire.hpp"

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Came;
using aikit_test::Json;
using provider::gemini::ArgumentPieces;

namespace {

/// What the pieces come to, or "" where they make no sense.
std::string put_together(std::vector<std::string> const& pieces) {
    ArgumentPieces all;
    for (std::string const& piece : pieces) {
        Result<json::value> const given = json_exact::parse(piece, "piece", Errc::protocol);
        REQUIRE(given.has_value());
        if (!all.take(*given)) return {};
    }
    return json_exact::write(all.arguments());
}

std::string event(std::string const& part, std::string const& more = "") {
    return R"(data: {"candidates":[{"content":{"role":"model","parts":[)" + part + "]}" + more + "}]}\r\n\r\n";
}

constexpr char const* stopped = R"(,"finishReason":"STOP")";

Came decode(std::string const& body) {
    return aikit_test::decode_as<provider::gemini::StreamDecoder>("gemini", body, 7);
}

}  // namespace

TEST_CASE("pieces of arguments come together by their paths") {
    CHECK(put_together({R"({"jsonPath":"$.a","stringValue":"He","willContinue":true})",
                        R"({"jsonPath":"$.a","stringValue":"llo","willContinue":true})",
                        R"({"jsonPath":"$.a","stringValue":""})", R"({"jsonPath":"$.b.c[0]","numberValue":0.5})",
                        R"({"jsonPath":"$.b.c[1]['x y'].z","boolValue":true})",
                        R"({"jsonPath":"$.b.c[1]['x y'].w","nullValue":"NULL_VALUE"})",
                        R"({"jsonPath":"$[\"it's\"]","stringValue":"whole"})"}) ==
          R"({"a":"Hello","b":{"c":[0.5,{"x y":{"z":true,"w":null}}]},"it's":"whole"})");
    // A text that does not continue is told anew.
    CHECK(put_together({R"({"jsonPath":"$.a","stringValue":"x"})", R"({"jsonPath":"$.a","stringValue":"y"})"}) ==
          R"({"a":"y"})");
}

TEST_CASE("pieces that make no sense are refused") {
    for (char const* path : {"", "a", "$", "$.", "$..a", "$[0]", "$.a[", "$.a[]", "$.a[-1]", "$.a[x]", "$.a[5]",
                             "$.a[99999999999999]", "$.a['x", "$.a['x'", "$.a]", "$.a[0", "$a"}) {
        CAPTURE(path);
        CHECK(put_together({R"({"jsonPath":")" + std::string(path) + R"(","numberValue":1})"}).empty());
    }
    std::string deep = "$";
    for (int i = 0; i < 65; ++i) deep += ".a";
    CHECK(put_together({R"({"jsonPath":")" + deep + R"(","numberValue":1})"}).empty());
    CHECK(put_together({R"({"jsonPath":"$.a"})"}).empty());
    CHECK(put_together({R"({"jsonPath":"$.a","numberValue":1})", R"({"jsonPath":"$.a.b","numberValue":1})"}).empty());
    CHECK(put_together({R"({"jsonPath":"$.a","numberValue":{}})"}).empty());
    CHECK(put_together({"7"}).empty());
}

TEST_CASE("a call in pieces is one call, and goes back as if it had come whole") {
    std::string const first = event(R"({"functionCall":{"name":"look","willContinue":true},"thoughtSignature":"s1"})");
    std::string const middle = event(
        R"({"functionCall":{"partialArgs":[{"jsonPath":"$.at","stringValue":"he","willContinue":true}],"willContinue":true}})");
    std::string const last = event(R"({"functionCall":{"partialArgs":[{"jsonPath":"$.at","stringValue":"re"}]}})");
    std::string const second = event(R"({"functionCall":{"name":"walk","args":{"to":1}}})");
    for (std::string const& body :
         {first + middle + last + second + event(R"({"text":""})", stopped),
          first + event(R"({"functionCall":{"willContinue":true}})") + middle + last + second + event("", stopped),
          first + middle +
              event(
                  R"({"functionCall":{"partialArgs":[{"jsonPath":"$.at","stringValue":"re"}],"willContinue":true}})") +
              second + event(R"({"text":""})", stopped)}) {
        Came const came = decode(body);
        REQUIRE_FALSE(came.error.has_value());
        Message const& message = came.reply.choices.at(0).message;
        std::vector<ToolCall> const calls = message.tool_calls();
        REQUIRE(calls.size() == 2);
        CHECK(calls[0].name == "look");
        CHECK(calls[0].arguments == R"({"at":"here"})");
        CHECK(calls[1].arguments == R"({"to":1})");
        CHECK(came.reply.choices.at(0).finish == FinishReason::tool_calls);
        Json const native = Json::parse(message.extra)["native_content"]["gemini"];
        CHECK(native.items.at(0).dump() ==
              R"({"functionCall":{"args":{"at":"here"},"name":"look"},"thoughtSignature":"s1"})");
        CHECK(native.items.at(1)["functionCall"]["name"].text == "walk");
    }
    // Its last piece never came: whole where the model stopped by itself, unless a text was open.
    std::string const ended =
        event(R"({"functionCall":{"partialArgs":[{"jsonPath":"$.n","numberValue":1}],"willContinue":true}})");
    CHECK(decode(first + ended + event("", stopped)).reply.choices.at(0).message.tool_calls().at(0).arguments ==
          R"({"n":1})");
    CHECK(decode(first + middle + event("", stopped)).error->code == Errc::protocol);
    Came const cut = decode(first + middle + event("", R"(,"finishReason":"MAX_TOKENS")"));
    CHECK(cut.reply.choices.at(0).message.tool_calls().empty());
    CHECK(cut.reply.choices.at(0).finish == FinishReason::length);
    CHECK(decode(first + middle).error->code == Errc::incomplete);
    CHECK(decode(middle + event("", stopped)).error->code == Errc::protocol);
}

TEST_CASE("media in a tool's result are part of it from the third generation on, and stand beside it before") {
    for (auto const& [model, takes] : std::vector<std::pair<char const*, bool>>{
             {"gemini-3-flash-preview", true}, {"gemini-2.5-pro", false}, {"models/gemini-2.0-flash", false}}) {
        CAPTURE(model);
        ChatRequest request(model, "Hello");
        ToolCall call;
        call.id = "own";
        call.name = "shoot";
        call.arguments = "{}";
        request.messages.emplace_back(Role::assistant).parts.emplace_back(std::move(call));
        ToolResult result;
        result.call_id = "own";
        result.content.emplace_back(TextPart("A photo"));
        MediaPart photo;
        photo.media_type = "image/png";
        photo.bytes = std::make_shared<std::string const>("abc");
        result.content.emplace_back(std::move(photo));
        request.messages.emplace_back(Role::tool).parts.emplace_back(std::move(result));
        Result<provider::carrier::Encoded> const encoded = provider::gemini::encode_chat(request);
        REQUIRE(encoded.has_value());
        Json const parts = Json::parse(encoded->body)["contents"].items.at(2)["parts"];
        std::string const media = R"({"inlineData":{"data":"YWJj","mimeType":"image/png"}})";
        std::string const within = takes ? R"("parts":[)" + media + "]," : std::string();
        CHECK(parts.items.at(0)["functionResponse"].dump() ==
              R"({"id":"own","name":"shoot",)" + within + R"("response":{"result":"A photo"}})");
        REQUIRE(parts.items.size() == (takes ? 1 : 2));
        if (!takes) CHECK(parts.items.at(1).dump() == media);
    }
}
