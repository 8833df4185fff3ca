// SPDX-License-Identifier: MIT
// Covers src/provider/carrier/requests, and what the dialects that are not OpenAI's make of requests in its words.
#include "provider/carrier/requests.hpp"

#include "golden/plain_json.hpp"
#include "provider/anthropic/wire.hpp"
#include "provider/gemini/wire.hpp"
#include "provider/ollama/wire.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <vector>

using namespace aikit;
using aikit_test::Json;
using provider::carrier::Encoded;

namespace {

using Encode = std::function<Result<Encoded>(ChatRequest const&)>;

struct Dialect {
    char const* name;
    Encode encode;
};

std::vector<Dialect> dialects() {
    return {{"anthropic",
             [](ChatRequest const& request) { return provider::anthropic::encode_chat(request, 4096, false); }},
            {"gemini", [](ChatRequest const& request) { return provider::gemini::encode_chat(request); }},
            {"ollama", [](ChatRequest const& request) { return provider::ollama::encode_chat(request, false); }}};
}

ChatRequest with_choice(std::string raw) {
    ChatRequest request("a-model", "Hello");
    for (char const* name : {"look", "walk"}) {
        ToolSpec& tool = request.tools.emplace_back();
        tool.name = name;
    }
    request.tool_choice.emplace().raw = std::move(raw);
    return request;
}

std::string choice_of(char const* member, Result<Encoded> const& encoded) {
    if (!encoded) return std::string(name(encoded.error().code));
    return Json::parse(encoded->body)[member].dump();
}

}  // namespace

TEST_CASE("a parameter that is no finite number is named and nothing is sent, whatever the dialect") {
    using Field = std::optional<double> ChatRequest::*;
    for (auto const& [field, word] :
         std::vector<std::pair<Field, char const*>>{{&ChatRequest::temperature, "temperature"},
                                                    {&ChatRequest::top_p, "top_p"},
                                                    {&ChatRequest::presence_penalty, "presence_penalty"},
                                                    {&ChatRequest::frequency_penalty, "frequency_penalty"}}) {
        for (double const value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity()}) {
            for (Dialect const& dialect : dialects()) {
                CAPTURE(dialect.name);
                CAPTURE(word);
                ChatRequest request("a-model", "Hello");
                request.*field = value;
                Result<Encoded> const encoded = dialect.encode(request);
                REQUIRE_FALSE(encoded.has_value());
                CHECK(encoded.error().code == Errc::invalid_argument);
                CHECK(encoded.error().message.find(word) != std::string::npos);
            }
        }
    }
}

TEST_CASE("a choice of tools in OpenAI's words is put into the dialect's, or refused") {
    struct Row {
        char const* raw;
        char const* anthropic;
        char const* gemini;
    };
    char const* const named_theirs = R"({"name":"look","type":"tool"})";
    char const* const named_google = R"({"functionCallingConfig":{"allowedFunctionNames":["look"],"mode":"ANY"}})";
    for (
        Row const& row : std::vector<Row>{
            {R"("auto")", R"({"type":"auto"})", R"({"functionCallingConfig":{"mode":"AUTO"}})"},
            {R"("required")", R"({"type":"any"})", R"({"functionCallingConfig":{"mode":"ANY"}})"},
            {R"("none")", R"({"type":"none"})", R"({"functionCallingConfig":{"mode":"NONE"}})"},
            {R"({"type":"function","name":"look"})", named_theirs, named_google},
            {R"({"type":"function","function":{"name":"look","x":1}})", named_theirs, named_google},
            {R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"look"}}]}})",
             named_theirs, named_google},
            {R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"look"}]})", "unsupported",
             R"({"functionCallingConfig":{"allowedFunctionNames":["look"],"mode":"VALIDATED"}})"},
            {R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"look"},{"type":"function","name":"walk"}]})",
             "unsupported", R"({"functionCallingConfig":{"allowedFunctionNames":["look","walk"],"mode":"ANY"}})"},
            {R"({"type":"allowed_tools","mode":"auto","tools":[]})", "invalid_argument", "invalid_argument"},
            {R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"}]})", "unsupported", "unsupported"},
            {R"({"type":"function"})", "invalid_argument", "invalid_argument"},
            {R"({"type":"web_search_preview"})", "unsupported", "unsupported"},
            {R"("sometimes")", "unsupported", "unsupported"},
            {"7", "unsupported", "unsupported"},
            {"no JSON", "invalid_argument", "invalid_argument"},
        }) {
        CAPTURE(row.raw);
        ChatRequest const request = with_choice(row.raw);
        CHECK(choice_of("tool_choice", provider::anthropic::encode_chat(request, 4096, false)) == row.anthropic);
        CHECK(choice_of("toolConfig", provider::gemini::encode_chat(request)) == row.gemini);
    }
    // Its own words stay as they are.
    char const* const own = R"({"disable_parallel_tool_use":true,"type":"any"})";
    CHECK(choice_of("tool_choice", provider::anthropic::encode_chat(with_choice(own), 4096, false)) == own);
    CHECK(Json::parse(provider::ollama::encode_chat(with_choice(R"("none")"), false)->body).has("tools") == false);
}

TEST_CASE("a function in OpenAI's words is a function in every dialect") {
    for (
        char const* raw :
        {R"({"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object"}},"mark":1})",
         R"({"type":"function","name":"look","description":"Looks.","parameters":{"type":"object"}})"}) {
        CAPTURE(raw);
        ChatRequest request("a-model", "Hello");
        request.tools.emplace_back().raw = raw;
        Result<Encoded> const theirs = provider::anthropic::encode_chat(request, 4096, false);
        REQUIRE(theirs.has_value());
        Json const tool = Json::parse(theirs->body)["tools"].items.at(0);
        CHECK(tool["name"].text == "look");
        CHECK(tool["description"].text == "Looks.");
        CHECK(tool["input_schema"].dump() == R"({"type":"object"})");
        CHECK_FALSE(tool.has("function"));
        Result<Encoded> const google = provider::gemini::encode_chat(request);
        REQUIRE(google.has_value());
        CHECK(
            Json::parse(google->body)["tools"].dump() ==
            R"([{"functionDeclarations":[{"description":"Looks.","name":"look","parametersJsonSchema":{"type":"object"}}]}])");
    }
    for (char const* raw :
         {"[]", "no JSON", R"({"type":"function"})", R"({"type":"function","function":{"name":""}})"}) {
        CAPTURE(raw);
        ChatRequest request("a-model", "Hello");
        request.tools.emplace_back().raw = raw;
        CHECK(choice_of("tools", provider::anthropic::encode_chat(request, 4096, false)) == "invalid_argument");
        CHECK(choice_of("tools", provider::gemini::encode_chat(request)) == "invalid_argument");
    }
}
