// SPDX-License-Identifier: MIT
// Covers src/provider/anthropic: what is sent for a request, what is made of answers, and streams that are cut or
// wrong.
#include "decoding.hpp"
#include "golden/recordings.hpp"
#include "provider/anthropic/stream.hpp"
#include "provider/anthropic/wire.hpp"

#include <aikit/model/json_form.hpp>
#include <aikit/provider/anthropic.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Came;
using aikit_test::Json;
using aikit_test::Recorded;
using provider::anthropic::StreamDecoder;
using provider::carrier::Encoded;
using provider::carrier::Exchange;

namespace {

Exchange exchange() {
    return aikit_test::plain_exchange("anthropic");
}

Json sent(ChatRequest const& request, std::int64_t max_tokens = 4'096) {
    Result<Encoded> const encoded = provider::anthropic::encode_chat(request, max_tokens, false);
    REQUIRE(encoded.has_value());
    return Json::parse(encoded->body);
}

std::vector<std::string> warned(ChatRequest const& request, std::int64_t max_tokens = 4'096) {
    Result<Encoded> const encoded = provider::anthropic::encode_chat(request, max_tokens, false);
    REQUIRE(encoded.has_value());
    return encoded->warnings;
}

Errc refused(ChatRequest const& request) {
    Result<Encoded> const encoded = provider::anthropic::encode_chat(request, 4'096, false);
    return encoded ? Errc{} : encoded.error().code;
}

ChatRequest hello(std::string model = "claude-sonnet-4-5") {
    return ChatRequest(std::move(model), "Hello");
}

Came decode(std::string_view body, std::size_t piece) {
    return aikit_test::decode_as<StreamDecoder>("anthropic", body, piece);
}

std::string event(std::string const& type, std::string const& members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + (members.empty() ? "" : ",") + members + "}\n\n";
}

std::string start(std::string const& usage = R"({"input_tokens":10,"output_tokens":1})") {
    return event("message_start", R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x",)"
                                  R"("content":[],"stop_reason":null,"usage":)" +
                                      usage + "}");
}

std::string stop(std::string const& reason, std::string const& usage = R"({"output_tokens":5})") {
    return event("message_delta",
                 R"("delta":{"stop_reason":")" + reason + R"(","stop_sequence":null},"usage":)" + usage) +
           event("message_stop", "");
}

std::string block(int index, std::string const& content, std::vector<std::string> const& deltas) {
    std::string const at = "\"index\":" + std::to_string(index);
    std::string all = event("content_block_start", at + ",\"content_block\":" + content);
    for (std::string const& delta : deltas) all += event("content_block_delta", at + ",\"delta\":" + delta);
    return all + event("content_block_stop", at);
}

std::string text_block(int index, std::string const& text) {
    return block(index, R"({"type":"text","text":""})", {R"({"type":"text_delta","text":")" + text + "\"}"});
}

}  // namespace

TEST_CASE("a limit of tokens is always sent: the request's, else the model's") {
    ChatRequest request = hello();
    CHECK(sent(request, 64'000)["max_tokens"].number() == 64'000);
    request.max_tokens = 7;
    CHECK(sent(request, 64'000)["max_tokens"].number() == 7);
    request.max_tokens = -1;
    CHECK(refused(request) == Errc::invalid_argument);
}

TEST_CASE("sides take turns, results of tools stand in front, and the system speaks first") {
    ChatRequest request;
    request.model = "claude-sonnet-4-5";
    request.messages.emplace_back(Role::system, "Be brief.");
    request.messages.emplace_back(Role::user, "One");
    request.messages.emplace_back(Role::user, "Two");
    Message& calls = request.messages.emplace_back(Role::assistant);
    for (std::string const id : {"call.1", "call_2"}) {
        ToolCall call;
        call.id = id;
        call.name = "look";
        call.arguments = R"({"at":1})";
        calls.parts.emplace_back(std::move(call));
    }
    request.messages.emplace_back(Role::user, "By the way");
    for (std::string const id : {"call.1", "call_2"}) {
        Message& message = request.messages.emplace_back(Role::tool);
        ToolResult result;
        result.call_id = id;
        result.content.emplace_back(TextPart("seen"));
        result.failed = id == "call_2";
        message.parts.emplace_back(std::move(result));
    }
    request.messages.emplace_back(Role::system, "And kind.");

    Json const body = sent(request);

    CHECK(body["system"].dump() == R"([{"text":"Be brief.","type":"text"},{"text":"And kind.","type":"text"}])");
    auto const& messages = body["messages"].items;
    REQUIRE(messages.size() == 3);
    CHECK(messages[0]["content"].items.size() == 2);
    CHECK(messages[1]["content"].items[0]["id"].text == "call_1");
    auto const& last = messages[2]["content"].items;
    REQUIRE(last.size() == 3);
    CHECK(last[0]["tool_use_id"].text == "call_1");
    CHECK(!last[0].has("is_error"));
    CHECK(last[1]["tool_use_id"].text == "call_2");
    CHECK(last[1]["is_error"].yes);
    CHECK(last[2]["text"].text == "By the way");
    CHECK(warned(request).size() == 1);  // the system's words from the middle
}

TEST_CASE("what this API refuses is refused, or put right, before anything is sent") {
    ChatRequest several = hello();
    several.n = 2;
    CHECK(refused(several) == Errc::unsupported);

    ChatRequest sound = hello();
    MediaPart part;
    part.kind = MediaPart::Kind::audio;
    part.bytes = std::make_shared<std::string const>("x");
    sound.messages.front().parts.emplace_back(part);
    CHECK(refused(sound) == Errc::unsupported);

    ChatRequest begun = hello();
    begun.messages.front().role = Role::assistant;
    CHECK(refused(begun) == Errc::invalid_argument);

    ChatRequest nothing = hello();
    nothing.messages.clear();
    CHECK(refused(nothing) == Errc::invalid_argument);

    ChatRequest broken = hello();
    broken.messages.emplace_back(Role::user, "\xFF");
    CHECK(refused(broken) == Errc::invalid_argument);

    ChatRequest prefill = hello();
    prefill.messages.emplace_back(Role::user, "");  // empty texts are left out
    prefill.messages.emplace_back(Role::assistant, "The answer is \n ");
    Json const body = sent(prefill);
    CHECK(body["messages"].items[0]["content"].items.size() == 1);
    CHECK(body["messages"].items[1]["content"].items[0]["text"].text == "The answer is");
}

TEST_CASE("parameters without a counterpart are named in a warning each, and not sent") {
    ChatRequest request = hello();
    request.seed = 1;
    request.presence_penalty = 0.5;
    request.frequency_penalty = 0.5;
    request.logprobs = true;
    request.temperature = 1.5;
    request.service_tier = "flex";
    request.response_format = ResponseFormat();
    request.response_format->kind = ResponseFormat::Kind::json_object;
    request.extra = R"({"logit_bias":{"1":2},"top_k":5,"user":"ann","stream_options":{}})";
    Json const body = sent(request);
    for (char const* name : {"seed", "presence_penalty", "frequency_penalty", "logprobs", "service_tier", "logit_bias",
                             "response_format", "user", "stream_options"}) {
        CAPTURE(name);
        CHECK(!body.has(name));
    }
    CHECK(body["temperature"].number() == 1);
    CHECK(body["top_k"].number() == 5);
    CHECK(body["metadata"]["user_id"].text == "ann");
    CHECK(warned(request).size() == 8);
}

TEST_CASE("the effort to think is told in the way a model's family knows") {
    struct Row {
        char const* model;
        char const* effort;
        std::int64_t limit;
        std::int64_t budget;  // 0: none
        char const* word;     // "": none
    };
    for (Row const& row : std::vector<Row>{{"claude-sonnet-4-5", "low", 64'000, 2'048, ""},
                                           {"claude-sonnet-4-20250514", "high", 64'000, 16'384, ""},
                                           {"claude-3-7-sonnet-20250219", "medium", 64'000, 8'192, ""},
                                           {"claude-haiku-4-5", "high", 4'096, 4'095, ""},
                                           {"claude-haiku-4-5", "high", 1'024, 0, ""},
                                           {"claude-haiku-4-5", "none", 64'000, 0, ""},
                                           {"claude-opus-4-5", "low", 64'000, 2'048, ""},
                                           {"claude-opus-4-6", "none", 64'000, 0, ""},
                                           {"claude-3-5-haiku", "high", 64'000, 0, ""},
                                           {"claude-opus-4-6", "minimal", 64'000, 0, "low"},
                                           {"claude-opus-5", "max", 64'000, 0, "max"}}) {
        CAPTURE(row.model);
        CAPTURE(row.effort);
        ChatRequest request = hello(row.model);
        request.reasoning_effort = row.effort;
        request.temperature = 0.5;
        Json const body = sent(request, row.limit);
        bool const adaptive = row.word[0] != '\0';
        CHECK(body.has("thinking") == (row.budget > 0 || adaptive));
        if (row.budget > 0) CHECK(body["thinking"]["budget_tokens"].number() == static_cast<double>(row.budget));
        if (adaptive) CHECK(body["thinking"]["type"].text == "adaptive");
        CHECK(body.has("temperature") == !body.has("thinking"));  // a model that thinks has its own
        CHECK(body["output_config"]["effort"].text == row.word);
    }
    ChatRequest wrong = hello();
    wrong.reasoning_effort = "hard";
    CHECK(refused(wrong) == Errc::invalid_argument);

    // A model that has to call a tool may not think first.
    ChatRequest forced("claude-sonnet-4-5", "Hello");
    forced.reasoning_effort = "low";
    forced.tools.emplace_back().name = "look";
    forced.tool_choice.emplace().kind = ToolChoice::Kind::required;
    CHECK(!sent(forced).has("thinking"));
    CHECK(sent(forced)["tool_choice"]["type"].text == "any");
    forced.model = "claude-opus-4-6";
    CHECK(!sent(forced).has("thinking"));
    CHECK(sent(forced)["output_config"]["effort"].text == "low");
    ChatRequest own = forced;
    own.tool_choice.reset();
    own.extra = R"({"thinking": {"type": "disabled"}})";
    CHECK(sent(own)["thinking"]["type"].text == "disabled");
    forced.tool_choice->raw = "{no JSON";
    CHECK(!provider::anthropic::encode_chat(forced, 4'096, false).has_value());
}

TEST_CASE("only reasoning that this provider signed goes back to it") {
    ChatRequest request = hello();
    Message& answer = request.messages.emplace_back(Role::assistant);
    ReasoningPart own;
    own.text = "Hm.";
    own.signature = "s1";
    ReasoningPart hidden;
    hidden.signature = "s2";
    hidden.redacted = true;
    ReasoningPart foreign;
    foreign.text = "Of another";
    foreign.source = "reasoning_content";
    for (ReasoningPart const& part : {own, hidden, foreign}) answer.parts.emplace_back(part);
    answer.parts.emplace_back(TextPart("Yes"));
    request.messages.emplace_back(Role::user, "Sure?");
    Json const body = sent(request);
    CHECK(body["messages"].items[1]["content"].dump() ==
          R"([{"signature":"s1","thinking":"Hm.","type":"thinking"},{"data":"s2","type":"redacted_thinking"},)"
          R"({"text":"Yes","type":"text"}])");
    CHECK(warned(request).size() == 1);
}

TEST_CASE("usage keeps what was read from and written to a cache apart, by its kind") {
    struct Row {
        char const* usage;
        std::int64_t input, read, write_5m, write_1h, output, reasoning;
    };
    for (Row const& row : std::vector<Row>{
             {R"({"input_tokens":10,"output_tokens":5})", 10, 0, 0, 0, 5, 0},
             {R"({"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":7,"cache_creation_input_tokens":3})",
              10, 7, 3, 0, 5, 0},
             {R"({"input_tokens":1,"output_tokens":5,"cache_creation_input_tokens":9,"cache_creation":)"
              R"({"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":5}})",
              1, 0, 4, 5, 5, 0},
             {R"({"input_tokens":1,"output_tokens":5,"cache_creation_input_tokens":9,"cache_creation":)"
              R"({"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":5}})",
              1, 0, 4, 5, 5, 0},
             {R"({"input_tokens":1,"output_tokens":50,"output_tokens_details":{"thinking_tokens":40}})", 1, 0, 0, 0, 50,
              40},
             {R"({"input_tokens":1,"output_tokens":5,"output_tokens_details":{"thinking_tokens":40}})", 1, 0, 0, 0, 5,
              5},
             {R"({"input_tokens":null,"output_tokens":5,"cache_creation":null})", 0, 0, 0, 0, 5, 0}}) {
        CAPTURE(row.usage);
        std::string const body = R"({"id":"m","type":"message","model":"c","content":[{"type":"text","text":"x"}],)"
                                 R"("stop_reason":"end_turn","usage":)" +
                                 std::string(row.usage) + "}";
        Result<ChatReply> const reply = provider::anthropic::decode_chat(exchange(), body);
        REQUIRE(reply.has_value());
        Usage const& usage = reply->usage;
        CHECK(usage.input == row.input);
        CHECK(usage.cache_read == row.read);
        CHECK(usage.cache_write_5m == row.write_5m);
        CHECK(usage.cache_write_1h == row.write_1h);
        CHECK(usage.output == row.output);
        CHECK(usage.reasoning == row.reasoning);
        CHECK(check(usage).has_value());
    }
}

TEST_CASE("a later usage of a stream replaces what was told, member by member") {
    std::string const body = start(R"({"input_tokens":10,"cache_read_input_tokens":4,"output_tokens":1})") +
                             event("ping", "") + text_block(0, "Hi") +
                             stop("end_turn", R"({"output_tokens":5,"cache_read_input_tokens":null})");
    Came const came = decode(body, body.size());
    CHECK(!came.error);
    CHECK(came.reply.usage.input == 10);
    CHECK(came.reply.usage.cache_read == 4);
    CHECK(came.reply.usage.output == 5);
}

TEST_CASE("tool calls come out whole, and one whose input is cut is dropped or an error, by why the stream ended") {
    std::string const call = R"({"type":"tool_use","id":"t1","name":"look","input":{}})";
    auto const piece = [](std::string const& json) {
        return R"({"type":"input_json_delta","partial_json":")" + json + "\"}";
    };
    std::string const whole = block(0, call, {piece(""), piece(R"({\"at\")"), piece(":1}")});
    Came const fine = decode(start() + whole + stop("tool_use"), 1);
    CHECK(!fine.error);
    REQUIRE(fine.reply.choices.size() == 1);
    REQUIRE(fine.reply.choices.front().message.tool_calls().size() == 1);
    CHECK(fine.reply.choices.front().message.tool_calls().front().arguments == R"({"at":1})");
    CHECK(fine.reply.choices.front().finish == FinishReason::tool_calls);

    Came const empty = decode(start() + block(0, call, {piece("")}) + stop("tool_use"), 7);
    REQUIRE(empty.reply.choices.front().message.tool_calls().size() == 1);
    CHECK(empty.reply.choices.front().message.tool_calls().front().arguments == "{}");

    std::string const half = block(0, call, {piece(R"({\"at\")")});
    Came const cut = decode(start() + half + stop("max_tokens"), 7);
    CHECK(!cut.error);
    CHECK(cut.reply.choices.front().message.tool_calls().empty());
    Came const wrong = decode(start() + half + stop("tool_use"), 7);
    REQUIRE(wrong.error);
    CHECK(wrong.error->code == Errc::protocol);
}

TEST_CASE("an error in the middle of a stream is what it says, and keeps what came before") {
    std::string const error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"details\":null,\"type\":\"overloaded_error\","
        "\"message\":\"Overloaded\"}        }\n\n";
    for (std::string const& before : {std::string(), start(), start() + text_block(0, "Hi")}) {
        Came const came = decode(before + error, 13);
        REQUIRE(came.error);
        CHECK(came.error->code == Errc::overloaded);
        CHECK(!came.reply.complete);
        bool const spoke = before.find("Hi") != std::string::npos;
        CHECK(came.reply.text() == (spoke ? "Hi" : ""));
        CHECK(came.error->maybe_executed == spoke);
    }
}

TEST_CASE("a stream that makes no sense is a protocol error, and never whole") {
    std::string const text = R"({"type":"text","text":""})";
    std::string const delta = event("content_block_delta", R"("index":0,"delta":{"type":"text_delta","text":"x"})");
    for (std::string const& body :
         {text_block(0, "begins in the middle") + stop("end_turn"), start() + delta + stop("end_turn"),
          start() + text_block(0, "a") + text_block(0, "b") + stop("end_turn"),
          start() + text_block(0, "a") + delta + stop("end_turn"),
          start() + text_block(0, "a") + event("message_stop", ""),
          start() + event("content_block_start", R"("index":0,"content_block":)" + text) + stop("end_turn"),
          start() + event("content_block_start", R"("index":0)") + stop("end_turn"),
          start() + "data: [1]\n\n" + stop("end_turn"), start() + "data: {\"no\":1}\n\n" + stop("end_turn"),
          start() + "data: {nonsense\n\n" + stop("end_turn"), std::string("data: {\"type\":\"message_start\"}\n\n")}) {
        CAPTURE(body);
        Came const came = decode(body, 11);
        REQUIRE(came.error);
        CHECK(came.error->code == Errc::protocol);
        CHECK(!came.reply.complete);
    }
}

TEST_CASE("a reply whose members are missing, null or of another kind is read or refused, and never crashes") {
    Json const whole = Json::parse(
        R"({"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"thinking","thinking":"t",)"
        R"("signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"x","citations":null},)"
        R"({"type":"tool_use","id":"t1","name":"n","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,)"
        R"("usage":{"input_tokens":1,"output_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":0}}})");
    int read = 0;
    int refused_ones = 0;
    auto const look = [&](Json const& body) {
        Result<ChatReply> const reply = provider::anthropic::decode_chat(exchange(), body.dump());
        ++(reply ? read : refused_ones);
        if (!reply) CHECK(reply.error().maybe_executed);
        if (reply) CHECK(check(reply->usage).has_value());
    };
    look(whole);
    CHECK(read == 1);
    for (std::string const other : {"null", "1", "\"text\"", "[]", "{}", "[{}]", "true", "-5", "1e300"}) {
        for (auto const& [name, value] : whole.members) {
            Json changed = whole;
            changed.members[name] = Json::parse(other);
            look(changed);
        }
        for (std::size_t i = 0; i < whole["content"].items.size(); ++i) {
            for (auto const& [name, value] : whole["content"].items[i].members) {
                Json changed = whole;
                changed.members["content"].items[i].members[name] = Json::parse(other);
                look(changed);
                changed.members["content"].items[i].members.erase(name);
                look(changed);
            }
        }
        for (auto const& [name, value] : whole["usage"].members) {
            Json changed = whole;
            changed.members["usage"].members[name] = Json::parse(other);
            look(changed);
        }
    }
    CHECK(read > 50);
    CHECK(refused_ones > 50);
}

TEST_CASE("a wrong configuration is refused, naming the field") {
    auto const clock = std::make_shared<testing::ManualClock>();
    auto const transport = std::make_shared<testing::FakeTransport>(clock);
    RuntimeConfig threads;
    threads.io = 0;
    threads.clock = clock;
    Runtime const runtime = Runtime::create(threads).value();
    auto const refusal = [&](auto change) {
        provider::AnthropicConfig config;
        change(config);
        auto const made = provider::make_anthropic(std::move(config), runtime, transport);
        return made ? std::string("accepted") : made.error().message;
    };
    using Config = provider::AnthropicConfig;
    CHECK(refusal([](Config&) {}) == "accepted");
    CHECK(refusal([](Config& c) { c.name = "a b"; }).find("name") != std::string::npos);
    CHECK(refusal([](Config& c) { c.base_url = "api.anthropic.com"; }).find("base_url") != std::string::npos);
    CHECK(refusal([](Config& c) { c.api_key = Secret("a\nb"); }).find("api_key") != std::string::npos);
    CHECK(refusal([](Config& c) { c.betas = {"a\r\nb"}; }).find("headers") != std::string::npos);
    CHECK(refusal([](Config& c) { c.max_reply_bytes = 0; }).find("max_reply_bytes") != std::string::npos);
}
