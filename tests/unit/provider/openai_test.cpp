// SPDX-License-Identifier: MIT
// The OpenAI adapter as its users see it: what is sent, what comes back, how long it may take.
#include "openai_support.hpp"
#include "provider/openai_wire/wire.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

using namespace aikit;
using aikit_test::chunk;
using aikit_test::FakeOpenAi;
using aikit_test::Json;
using aikit_test::sse;
using provider::OpenAiConfig;
using std::chrono::milliseconds;

namespace {

std::string reply_body(std::string const& message = R"({"role":"assistant","content":"Hi"})",
                       std::string const& finish = "stop", std::string const& more = "") {
    return R"({"id":"c1","object":"chat.completion","created":7,"model":"m-1","choices":[{"index":0,"message":)" +
           message + R"(,"finish_reason":")" + finish + "\"}]" + more + "}";
}

Json sent_body(FakeOpenAi const& openai) {
    return Json::parse(*openai.transport->sent().back().body);
}

/// What is sent for a request, whatever the answer.
Json body_of(ChatRequest const& request, std::vector<std::string>* warnings = nullptr) {
    FakeOpenAi openai;
    openai.transport->reply(200, reply_body());
    Result<ChatReply> const reply = openai.chat(request);
    REQUIRE(reply.has_value());
    if (warnings != nullptr) *warnings = reply->info.warnings;
    return sent_body(openai);
}

}  // namespace

TEST_CASE("a call carries the key apart, the account in headers and JSON in the body") {
    OpenAiConfig config = FakeOpenAi::defaults();
    config.organization = "org-1";
    config.project = "proj-1";
    config.headers.emplace_back("X-Title", "tests");
    config.base_url = "https://api.openai.com/v1/";
    FakeOpenAi openai(config);
    openai.transport->reply(200, reply_body());
    CallOptions options;
    options.idempotency_key = "idem-1";
    options.request_id = "mine-1";

    Result<ChatReply> const reply = openai.chat(ChatRequest("m-1", "hi"), options);

    REQUIRE(reply.has_value());
    net::HttpRequest const sent = openai.transport->sent().front();
    CHECK(sent.method == "POST");
    CHECK(sent.url == "https://api.openai.com/v1/chat/completions");
    CHECK(sent.credential_header == "Authorization");
    CHECK(sent.credential.reveal() == std::string("Bearer ") + aikit_test::test_key);
    CHECK(!sent.headers.find("authorization").has_value());
    CHECK(sent.headers.find("OpenAI-Organization") == "org-1");
    CHECK(sent.headers.find("OpenAI-Project") == "proj-1");
    CHECK(sent.headers.find("X-Title") == "tests");
    CHECK(sent.headers.find("Content-Type") == "application/json");
    CHECK(sent.headers.find("Idempotency-Key") == "idem-1");
    CHECK(sent.headers.find("X-Client-Request-Id") == "mine-1");
    CHECK(sent.repeatable);
    CHECK(reply->info.request_id == "mine-1");
}

TEST_CASE("without an idempotency key a call is not repeatable, and without a request id one is made") {
    FakeOpenAi openai;
    openai.transport->reply(200, reply_body());
    Result<ChatReply> const reply = openai.chat(ChatRequest("m-1", "hi"));
    REQUIRE(reply.has_value());
    CHECK(!openai.transport->sent().front().repeatable);
    CHECK(!openai.transport->sent().front().headers.find("Idempotency-Key").has_value());
    CHECK(reply->info.request_id.size() == 36);
}

TEST_CASE("a reply tells how it came about") {
    FakeOpenAi openai;
    testing::FakeReply answer(200,
                              reply_body(R"({"role":"assistant","content":"Hi"})", "stop",
                                         R"(,"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7})"));
    answer.headers.add("x-request-id", "req_1");
    answer.head_after = milliseconds(250);
    openai.transport->reply(answer);
    Result<ChatReply> reply = fail(Errc::internal, "not run");
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, openai.provider->chat(ChatRequest("m", "hi")),
                          [&](std::exception_ptr, Result<ChatReply> value) { reply = std::move(value); });
    while (loop.poll() > 0 || openai.clock->advance_to_next()) {
    }

    REQUIRE(reply.has_value());
    CHECK(reply->info.provider == "openai");
    CHECK(reply->info.model == "m-1");
    CHECK(reply->info.usage.input == 5);
    REQUIRE(reply->info.attempts.size() == 1);
    Attempt const& attempt = reply->info.attempts.front();
    CHECK(attempt.outcome == "ok");
    CHECK(attempt.http_status == 200);
    CHECK(attempt.provider_request_id == "req_1");
    CHECK(attempt.latency == milliseconds(250));
    CHECK(attempt.usage.output == 2);
    CHECK(to_rfc3339(attempt.started) == "2026-01-01T00:00:00Z");
    CHECK(!reply->info.cost.has_value());
}

TEST_CASE("time limits come from the call, else the configuration, else the defaults") {
    OpenAiConfig config = FakeOpenAi::defaults();
    config.limits.idle = milliseconds(7'000);
    FakeOpenAi openai(config);
    auto const limits_of = [&](CallOptions const& options, bool streamed, std::string const& model) {
        openai.transport->reply(200, streamed ? sse({chunk("{}", R"("stop")")}) : reply_body());
        if (streamed) REQUIRE(openai.stream(ChatRequest(model, "hi"), nullptr, options).has_value());
        if (!streamed) REQUIRE(openai.chat(ChatRequest(model, "hi"), options).has_value());
        return openai.transport->sent().back().limits;
    };
    SteadyTime const now = openai.clock->now();
    net::TimeLimits const plain = limits_of(CallOptions(), false, "m");
    CHECK(plain.connect == milliseconds(5'000));
    CHECK(plain.first_byte == milliseconds(600'000));
    CHECK(plain.idle == milliseconds(7'000));
    CHECK(plain.total.at() == now + milliseconds(600'000));
    CHECK(limits_of(CallOptions(), true, "m").total.is_never());

    CallOptions options;
    options.limits.connect = milliseconds(1);
    options.limits.first_byte = milliseconds(2);
    options.limits.idle = milliseconds(3);
    options.limits.total = milliseconds(4'000);
    options.deadline = Deadline(now + milliseconds(5'000));
    net::TimeLimits const asked = limits_of(options, true, "m");
    CHECK(asked.connect == milliseconds(1));
    CHECK(asked.first_byte == milliseconds(2));
    CHECK(asked.idle == milliseconds(3));
    CHECK(asked.total.at() == now + milliseconds(4'000));
    options.deadline = Deadline(now + milliseconds(10));
    CHECK(limits_of(options, false, "m").total.at() == now + milliseconds(10));

    FakeOpenAi fresh;
    fresh.transport->reply(200, reply_body());
    REQUIRE(fresh.chat(ChatRequest("o3-mini", "hi")).has_value());
    CHECK(fresh.transport->sent().back().limits.idle == milliseconds(300'000));
}

TEST_CASE("the transport's failures pass through with the provider's name") {
    for (Errc const code : {Errc::connection, Errc::timeout, Errc::protocol, Errc::cancelled}) {
        FakeOpenAi openai;
        testing::FakeReply broken;
        broken.failure = fail(code, "net: broken");
        openai.transport->reply(broken);
        Error const error = openai.chat(ChatRequest("m", "hi")).error();
        CHECK(error.code == code);
        CHECK(error.provider == "openai");
        CHECK(error.message == "net: broken");
    }
    FakeOpenAi openai;
    testing::FakeReply stalled(200, reply_body());
    stalled.deliver = 10;
    stalled.ending = testing::Ending::stall;
    stalled.headers.add("x-request-id", "req_s");
    openai.transport->reply(stalled);
    Result<ChatReply> reply = fail(Errc::internal, "not run");
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, openai.provider->chat(ChatRequest("m", "hi")),
                          [&](std::exception_ptr, Result<ChatReply> value) { reply = std::move(value); });
    while (loop.poll() > 0 || openai.clock->advance_to_next()) {
    }
    CHECK(reply.error().code == Errc::timeout);
    CHECK(reply.error().request_id == "req_s");
    CHECK(reply.error().maybe_executed);
    CHECK(openai.transport->open_bodies() == 0);
}

TEST_CASE("a dropped stream frees its connection and says so") {
    FakeOpenAi openai;
    openai.transport->reply(200, {"data: " + chunk(R"({"content":"One"})") + "\n\n", sse({chunk("{}", R"("stop")")})});
    {
        Result<ChatStream> stream = testing::run(openai.provider->stream_chat(ChatRequest("m", "hi")));
        REQUIRE(stream.has_value());
        CHECK(openai.transport->open_bodies() == 1);
        Result<std::optional<ChatEvent>> const event = testing::run(stream->next());
        REQUIRE(event.has_value());
        CHECK(stream->info().attempts.front().outcome == "dropped");
    }
    CHECK(openai.transport->open_bodies() == 0);
}

TEST_CASE("a cancelled read frees the connection and keeps what came") {
    FakeOpenAi openai;
    testing::FakeReply reply(200, "data: " + chunk(R"({"content":"One"})") + "\n\n");
    reply.ending = testing::Ending::stall;
    openai.transport->reply(reply);
    auto const partial = std::make_shared<ChatReply>();
    boost::asio::io_context loop;
    boost::asio::cancellation_signal cancel;
    std::optional<Errc> code;
    CallOptions options;
    options.limits.idle = milliseconds(0);
    boost::asio::co_spawn(
        loop, FakeOpenAi::collect_stream(openai.provider, ChatRequest("m", "hi"), options, partial),
        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, Result<ChatReply> const& got) {
            code = got ? Errc::internal : got.error().code;
        }));
    loop.poll();
    CHECK(openai.transport->open_bodies() == 1);
    cancel.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
    CHECK(code == Errc::cancelled);
    CHECK(partial->text() == "One");
    CHECK(openai.transport->open_bodies() == 0);
}

TEST_CASE("what follows the end marker is read so that the connection can be used again") {
    FakeOpenAi openai;
    openai.transport->reply(200, {sse({chunk(R"({"content":"One"})"), chunk("{}", R"("stop")")}), "\n", "\n"});
    Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
    REQUIRE(reply.has_value());
    CHECK(openai.transport->open_bodies() == 0);
}

TEST_CASE("a reply longer than the configured limit is refused") {
    OpenAiConfig config = FakeOpenAi::defaults();
    config.max_reply_bytes = 100;
    FakeOpenAi openai(config);
    openai.transport->reply(200, reply_body());
    CHECK(openai.chat(ChatRequest("m", "hi")).error().code == Errc::protocol);
}

TEST_CASE("a request without a model, messages or valid text is refused before anything is sent") {
    FakeOpenAi openai;
    ChatRequest none;
    none.model = "m";
    CHECK(openai.chat(ChatRequest("", "hi")).error().message.find("model") != std::string::npos);
    CHECK(openai.chat(none).error().message.find("messages") != std::string::npos);
    CHECK(openai.stream(none).error().code == Errc::invalid_argument);
    CHECK(openai.chat(ChatRequest("m", "bad \xFF")).error().message.find("messages[0]") != std::string::npos);
    ChatRequest request("m", "hi");
    request.extra = "not JSON";
    CHECK(openai.chat(request).error().message.find("extra") != std::string::npos);
    request.extra = "[1]";
    CHECK(openai.chat(request).error().code == Errc::invalid_argument);
    request.extra.clear();
    request.temperature = std::nan("");
    CHECK(openai.chat(request).error().message.find("temperature") != std::string::npos);
    request.temperature.reset();
    request.tools.emplace_back().name = "f";
    request.tools.back().parameters = "{broken";
    CHECK(openai.chat(request).error().message.find("tools[0].parameters") != std::string::npos);
    CHECK(openai.transport->sent().empty());
}

TEST_CASE("without a key OpenAI is not asked, and other endpoints are asked without one") {
    FakeOpenAi without(OpenAiConfig{});
    Error const error = without.chat(ChatRequest("m", "hi")).error();
    CHECK(error.code == Errc::authentication);
    CHECK(error.message.find("OPENAI_API_KEY") != std::string::npos);
    CHECK(without.transport->sent().empty());

    OpenAiConfig local;
    local.base_url = "http://127.0.0.1:8080/v1";
    FakeOpenAi other(local);
    other.transport->reply(200, reply_body());
    CHECK(other.chat(ChatRequest("m", "hi")).has_value());
    CHECK(other.transport->sent().front().credential_header.empty());
}

TEST_CASE("what OpenAI's own endpoint cannot take is said before anything is sent") {
    FakeOpenAi openai;
    auto const refused = [&](Part part, Role role = Role::user) {
        ChatRequest request("m", "look");
        request.messages.front().role = role;
        request.messages.front().parts.push_back(std::move(part));
        return openai.chat(request).error().code;
    };
    MediaPart document;
    document.kind = MediaPart::Kind::document;
    document.url = "https://example.com/a.pdf";
    CHECK(refused(document) == Errc::unsupported);
    MediaPart image;
    image.file_id = "file-1";
    CHECK(refused(image) == Errc::unsupported);
    MediaPart sound;
    sound.kind = MediaPart::Kind::audio;
    sound.url = "https://example.com/a.mp3";
    CHECK(refused(sound) == Errc::unsupported);
    MediaPart nothing;
    CHECK(refused(nothing) == Errc::invalid_argument);

    ToolResult result;
    result.call_id = "1";
    result.content.emplace_back(image);
    ChatRequest request("m", "hi");
    request.messages.emplace_back().role = Role::tool;
    request.messages.back().parts.emplace_back(result);
    CHECK(openai.chat(request).error().code == Errc::unsupported);
    CHECK(openai.transport->sent().empty());

    OpenAiConfig config = FakeOpenAi::defaults();
    config.dialect = OpenAiConfig::Dialect::compatible;
    FakeOpenAi compatible(config);
    compatible.transport->reply(200, reply_body());
    ChatRequest look("m", "look");
    look.messages.front().parts.emplace_back(sound);
    CHECK(compatible.chat(look).has_value());
}

TEST_CASE("images, sounds and documents travel as OpenAI takes them") {
    ChatRequest request("m", "look");
    std::vector<Part>& parts = request.messages.front().parts;
    MediaPart image;
    image.bytes = std::make_shared<std::string const>(std::string("\x89PNG\r\n\0", 7));
    image.media_type = "image/png";
    image.detail = "low";
    parts.emplace_back(image);
    MediaPart link;
    link.url = "https://example.com/a.png";
    parts.emplace_back(link);
    MediaPart sound;
    sound.kind = MediaPart::Kind::audio;
    sound.bytes = std::make_shared<std::string const>("RIFF");
    sound.media_type = "audio/wav";
    parts.emplace_back(sound);
    MediaPart document;
    document.kind = MediaPart::Kind::document;
    document.bytes = std::make_shared<std::string const>("%PDF");
    document.media_type = "application/pdf";
    document.name = "a.pdf";
    parts.emplace_back(document);

    Json const content = body_of(request)["messages"].items.front()["content"];

    CHECK(content == Json::parse(R"([{"type":"text","text":"look"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KAA==","detail":"low"}},
        {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
        {"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}},
        {"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERg==","filename":"a.pdf"}}])"));
}

TEST_CASE("a tool loop's messages are written as OpenAI wants them back") {
    ChatRequest request("m", "weather?");
    Message& turn = request.messages.emplace_back();
    turn.role = Role::assistant;
    ToolCall call;
    call.id = "call_1";
    call.name = "weather";
    call.arguments = R"({"city":"Berlin"})";
    turn.parts.emplace_back(call);
    Message& results = request.messages.emplace_back();
    results.role = Role::tool;
    ToolResult result;
    result.call_id = "call_1";
    result.content.emplace_back(TextPart("sunny"));
    results.parts.emplace_back(result);
    result.call_id = "call_2";
    result.failed = true;
    results.parts.emplace_back(result);

    std::vector<std::string> warnings;
    Json const messages = body_of(request, &warnings)["messages"];

    REQUIRE(messages.items.size() == 4);
    CHECK(messages.items[1] == Json::parse(R"({"role":"assistant","tool_calls":[{"id":"call_1","type":"function",
        "function":{"name":"weather","arguments":"{\"city\":\"Berlin\"}"}}]})"));
    CHECK(messages.items[2] == Json::parse(R"({"role":"tool","tool_call_id":"call_1","content":"sunny"})"));
    CHECK(messages.items[3] == Json::parse(R"({"role":"tool","tool_call_id":"call_2","content":"sunny"})"));
    CHECK(warnings.size() == 1);
}

TEST_CASE("reasoning goes back under the name it came with, and foreign reasoning is left out with a warning") {
    ChatRequest request("m", "hi");
    Message& turn = request.messages.emplace_back(Role::assistant, "Answer");
    ReasoningPart own;
    own.text = "I thought";
    own.source = "reasoning_content";
    turn.parts.emplace_back(own);
    ReasoningPart foreign;
    foreign.text = "Elsewhere";
    foreign.signature = "sig";
    turn.parts.emplace_back(foreign);

    std::vector<std::string> warnings;
    Json const message = body_of(request, &warnings)["messages"].items[1];

    CHECK(message == Json::parse(R"({"role":"assistant","content":"Answer","reasoning_content":"I thought"})"));
    CHECK(warnings.size() == 1);
}

TEST_CASE("reasoning models get the limit under its new name and keep what they take") {
    auto const request_for = [](std::string const& model) {
        ChatRequest request(model, "hi");
        request.max_tokens = 50;
        request.temperature = 0.5;
        request.stop = {"END"};
        request.seed = 7;
        request.extra = R"({"logit_bias":{"1":2},"user":"u"})";
        return request;
    };
    for (std::string const model : {"o1", "o1-mini", "o3-mini-2025", "o4-mini", "gpt-5", "gpt-5-mini"}) {
        std::vector<std::string> warnings;
        Json const body = body_of(request_for(model), &warnings);
        CAPTURE(model);
        CHECK(body["max_completion_tokens"].number() == 50);
        CHECK(!body.has("max_tokens"));
        CHECK(!body.has("temperature"));
        CHECK(!body.has("stop"));
        CHECK(!body.has("logit_bias"));
        CHECK(body["seed"].number() == 7);
        CHECK(body["user"].text == "u");
        CHECK(warnings.size() == 3);
        for (std::string const& warning : warnings) CHECK(warning.find(model) != std::string::npos);
    }
    for (std::string const model : {"gpt-4o", "o1x", "gpt-50", "llama-3", "openai/gpt-5"}) {
        std::vector<std::string> warnings;
        Json const body = body_of(request_for(model), &warnings);
        CAPTURE(model);
        CHECK(body["max_tokens"].number() == 50);
        CHECK(body["temperature"].number() == 0.5);
        CHECK(body.has("stop"));
        CHECK(warnings.empty());
    }
    ChatRequest newer = request_for("gpt-5.1");
    CHECK(body_of(newer)["temperature"].number() == 0.5);
    newer.reasoning_effort = "high";
    CHECK(!body_of(newer).has("temperature"));
    CHECK(body_of(request_for("gpt-5-chat-latest")).has("stop"));
}

TEST_CASE("parameters given in OpenAI's own form are sent as they are") {
    Result<json_form::ChatCall> const call = json_form::read_chat(
        R"({"model":"gpt-5-mini","messages":[{"role":"user","content":"hi"}],"max_tokens":5,"stop":["x"],"temperature":0})");
    REQUIRE(call.has_value());
    std::vector<std::string> warnings;
    Json const body = body_of(call->request, &warnings);
    CHECK(body["max_tokens"].number() == 5);
    CHECK(body["stop"].items.size() == 1);
    CHECK(body.has("temperature"));
    CHECK(warnings.empty());
}

TEST_CASE("a stream asks for its usage unless the endpoint must not be asked") {
    for (bool const ask : {true, false}) {
        OpenAiConfig config = FakeOpenAi::defaults();
        config.stream_usage = ask;
        FakeOpenAi openai(config);
        openai.transport->reply(200, sse({chunk("{}", R"("stop")")}));
        REQUIRE(openai.stream(ChatRequest("m", "hi")).has_value());
        Json const body = sent_body(openai);
        CHECK(body["stream"].yes);
        CHECK(body["stream_options"]["include_usage"].yes == ask);
        CHECK(openai.transport->sent().front().headers.find("Accept") == "text/event-stream");
    }
    Result<json_form::ChatCall> const call = json_form::read_chat(
        R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
            "stream_options":{"include_usage":false,"include_obfuscation":false}})");
    FakeOpenAi openai;
    openai.transport->reply(200, sse({chunk("{}", R"("stop")")}));
    REQUIRE(openai.stream(call->request).has_value());
    CHECK(sent_body(openai)["stream_options"] == Json::parse(R"({"include_usage":false,"include_obfuscation":false})"));
    openai.transport->reply(200, reply_body());
    REQUIRE(openai.chat(call->request).has_value());
    CHECK(!sent_body(openai).has("stream_options"));
}

TEST_CASE("every word for the end of a choice has its one meaning") {
    std::vector<std::pair<std::string, FinishReason>> const words{
        {"stop", FinishReason::stop},
        {"length", FinishReason::length},
        {"tool_calls", FinishReason::tool_calls},
        {"function_call", FinishReason::tool_calls},
        {"content_filter", FinishReason::content_filter},
        {"eos", FinishReason::stop},
        {"eos_token", FinishReason::stop},
        {"stop_sequence", FinishReason::stop},
        {"end_turn", FinishReason::stop},
        {"STOP", FinishReason::stop},
        {"max_tokens", FinishReason::length},
        {"MAX_TOKENS", FinishReason::length},
        {"model_length", FinishReason::length},
        {"tool_use", FinishReason::tool_calls},
        {"SAFETY", FinishReason::content_filter},
        {"RECITATION", FinishReason::content_filter},
        {"FAKE_ENUM", FinishReason::unknown},
        {"stopped", FinishReason::unknown},
        {"", FinishReason::unknown},
    };
    for (auto const& [word, reason] : words) {
        CAPTURE(word);
        FakeOpenAi openai;
        openai.transport->reply(200, reply_body(R"({"role":"assistant","content":"Hi"})", word));
        openai.transport->reply(200, sse({chunk(R"({"content":"Hi"})"), chunk("{}", "\"" + word + "\"")}));
        Result<ChatReply> const whole = openai.chat(ChatRequest("m", "hi"));
        Result<ChatReply> const streamed = openai.stream(ChatRequest("m", "hi"));
        REQUIRE(whole.has_value());
        REQUIRE(streamed.has_value());
        CHECK(whole->choices.front().finish == reason);
        CHECK(streamed->choices.front().finish == reason);
        CHECK(streamed->choices.front().finish_text == word);
    }
    // What says that the text was cut stands, whatever else is said.
    for (std::string const cut : {"length", "content_filter"}) {
        FakeOpenAi openai;
        openai.transport->reply(200, sse({chunk("{}", "\"" + cut + "\""), chunk("{}", R"("stop")")}));
        openai.transport->reply(200, sse({chunk("{}", R"("stop")"), chunk("{}", "\"" + cut + "\"")}));
        CHECK(openai.stream(ChatRequest("m", "hi"))->choices.front().finish_text == cut);
        CHECK(openai.stream(ChatRequest("m", "hi"))->choices.front().finish_text == cut);
    }
}

TEST_CASE("usage is counted one way, and never negative or more than its whole") {
    struct Case {
        char const* usage;
        std::vector<std::int64_t> counts;  // input, cache_read, cache_write, output, reasoning, audio_in, audio_out
        std::size_t warnings;
    };
    std::vector<Case> const cases{
        {R"({"prompt_tokens":10,"completion_tokens":4,"total_tokens":14})", {10, 0, 0, 4, 0, 0, 0}, 0},
        {R"({"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,
            "prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":16,"audio_tokens":5},
            "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":3}})",
         {20, 64, 16, 40, 30, 5, 3},
         0},
        {R"({"prompt_tokens":17,"completion_tokens":2,"total_tokens":19,"prompt_cache_hit_tokens":7})",
         {10, 7, 0, 2, 0, 0, 0},
         0},
        {R"({"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"cached_tokens":4})", {6, 4, 0, 2, 0, 0, 0}, 0},
        {R"({"prompt_tokens":32,"completion_tokens":9,"total_tokens":151,
            "completion_tokens_details":{"reasoning_tokens":110}})",
         {32, 0, 0, 119, 110, 0, 0},
         0},
        {R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":40})", {10, 0, 0, 30, 25, 0, 0}, 1},
        {R"({"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":99}})",
         {0, 10, 0, 2, 0, 0, 0},
         1},
        {R"({"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":6,"cache_write_tokens":9}})",
         {0, 6, 4, 2, 0, 0, 0},
         1},
        {R"({"prompt_tokens":-5,"completion_tokens":-1})", {0, 0, 0, 0, 0, 0, 0}, 2},
        {R"({"prompt_tokens":"10","completion_tokens":2.5})", {0, 0, 0, 0, 0, 0, 0}, 2},
        {R"({"prompt_tokens":10.0,"completion_tokens":null,"prompt_tokens_details":null})", {10, 0, 0, 0, 0, 0, 0}, 0},
        {R"({"prompt_tokens":3,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":50,"audio_tokens":9}})",
         {3, 0, 0, 2, 2, 0, 2},
         2},
        {R"({"prompt_tokens":9223372036854775807,"completion_tokens":1})", {0, 0, 0, 1, 0, 0, 0}, 1},
        {R"("many")", {0, 0, 0, 0, 0, 0, 0}, 1},
        {"null", {0, 0, 0, 0, 0, 0, 0}, 0},
    };
    for (Case const& one : cases) {
        CAPTURE(one.usage);
        FakeOpenAi openai;
        openai.transport->reply(
            200, reply_body(R"({"role":"assistant","content":"Hi"})", "stop", std::string(",\"usage\":") + one.usage));
        Result<ChatReply> const reply = openai.chat(ChatRequest("m", "hi"));
        REQUIRE(reply.has_value());
        Usage const& usage = reply->usage;
        CHECK(std::vector<std::int64_t>{usage.input, usage.cache_read, usage.cache_write_5m, usage.output,
                                        usage.reasoning, usage.audio_input, usage.audio_output} == one.counts);
        CHECK(reply->info.warnings.size() == one.warnings);
        CHECK(check(usage).has_value());
    }
}

TEST_CASE("usage is found wherever a stream puts it") {
    std::string const usage = R"("usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7})";
    std::vector<std::vector<std::string>> const streams{
        {chunk(R"({"content":"a"})"), chunk("{}", R"("stop")"), R"({"id":"c","choices":[],)" + usage + "}"},
        {chunk(R"({"content":"a"})"),
         R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)" + usage + "}"},
        {R"({"id":"c","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}})",
         R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)" + usage + "}"},
        {chunk(R"({"content":"a"})"),
         R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r",)" + usage + "}}"},
        {chunk(R"({"content":"a"})"), chunk("{}", R"("stop")"), "{" + usage + "}"},
    };
    for (std::vector<std::string> const& data : streams) {
        FakeOpenAi openai;
        openai.transport->reply(200, sse(data));
        Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
        REQUIRE(reply.has_value());
        CHECK(reply->usage.input == 5);
        CHECK(reply->usage.output == 2);
        CHECK(reply->info.usage.output == 2);
        CHECK(reply->info.attempts.front().usage.output == 2);
    }
}

TEST_CASE("reasoning is kept apart from the text, under every name servers give it") {
    for (std::string const field : {"reasoning_content", "reasoning"}) {
        FakeOpenAi openai;
        openai.transport->reply(200, sse({chunk("{\"" + field + "\":\"I \",\"content\":\"\"}"),
                                          chunk("{\"" + field + "\":\"think\",\"content\":null}"),
                                          chunk(R"({"content":"So."})"), chunk("{}", R"("stop")")}));
        Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
        REQUIRE(reply.has_value());
        CHECK(reply->text() == "So.");
        CHECK(reply->choices.front().message.reasoning() == "I think");
        CHECK(Json::parse(json_form::write_reply(*reply))["choices"].items.front()["message"][field].text == "I think");
    }
    FakeOpenAi openai;
    openai.transport->reply(
        200,
        sse({chunk(R"({"reasoning":"same","reasoning_content":"same"})"),
             chunk(
                 R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"deep"}]},{"type":"text","text":"So."}]})"),
             chunk("{}", R"("stop")")}));
    Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
    REQUIRE(reply.has_value());
    CHECK(reply->choices.front().message.reasoning() == "samedeep");
    CHECK(reply->text() == "So.");
}

TEST_CASE("log-probabilities and members without a field survive a stream") {
    FakeOpenAi openai;
    openai.transport->reply(
        200,
        sse({R"({"id":"c","system_fingerprint":"fp","service_tier":"default","citations":["a"],"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.1}],"refusal":null},"seed":7}]})",
             R"({"id":"c","citations":["a","b"],"choices":[{"index":0,"delta":{"content":"b","annotations":[{"type":"x"}],"audio":{"id":"1","data":"AA","transcript":"he"}},"logprobs":{"content":[{"token":"b","logprob":-5.829126566113866e-6}]},"native_finish_reason":null}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"annotations":[{"type":"y"}],"audio":{"data":"BB","transcript":"llo","expires_at":9},"function_call":{"name":"f","arguments":"{"}},"finish_reason":"stop","native_finish_reason":"done"}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"function_call":{"arguments":"}"}}}]})"}));
    Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
    REQUIRE(reply.has_value());
    Json json = Json::parse(json_form::write_reply(*reply));
    json.members.erase("aikit");
    CHECK(
        aikit_test::difference(
            json, Json::parse(R"({"id":"c","object":"chat.completion","created":0,"model":"","system_fingerprint":"fp",
        "service_tier":"default","citations":["a","b"],"choices":[{"index":0,"finish_reason":"stop","seed":7,
        "native_finish_reason":"done","message":{"role":"assistant","content":"ab",
        "annotations":[{"type":"x"},{"type":"y"}],"function_call":{"name":"f","arguments":"{}"},
        "audio":{"id":"1","data":"AABB","transcript":"hello","expires_at":9}},
        "logprobs":{"content":[{"token":"a","logprob":-0.1},{"token":"b","logprob":-5.829126566113866e-6}],
        "refusal":null}}]})")) == "");
}

TEST_CASE("embeddings are asked for in batches and come back in order") {
    OpenAiConfig config = FakeOpenAi::defaults();
    config.max_embed_inputs = 3;
    FakeOpenAi openai(config);
    openai.transport->serve([](net::HttpRequest const& request) {
        Json const body = Json::parse(*request.body);
        std::string data;
        // Answered back to front: the index says where each belongs.
        for (std::size_t i = body["input"].items.size(); i-- > 0;) {
            std::string const number = body["input"].items[i].text.substr(1);
            data += (data.empty() ? "" : ",") + (R"({"object":"embedding","index":)" + std::to_string(i)) +
                    ",\"embedding\":[" + number + ",0.5]}";
        }
        return testing::FakeReply(200, R"({"object":"list","model":"e-1","data":[)" + data +
                                           R"(],"usage":{"prompt_tokens":2,"total_tokens":2}})");
    });
    EmbedRequest request;
    request.model = "e";
    request.dimensions = 2;
    for (int i = 0; i < 10; ++i) request.inputs.emplace_back(TextPart("n" + std::to_string(i)));

    Result<EmbedReply> const reply = testing::run(openai.provider->embed(request));

    REQUIRE(reply.has_value());
    REQUIRE(reply->vectors.size() == 10);
    for (std::size_t i = 0; i < 10; ++i) CHECK(reply->vectors[i] == std::vector<float>{static_cast<float>(i), 0.5F});
    CHECK(openai.transport->sent().size() == 4);
    CHECK(reply->usage.input == 8);
    CHECK(reply->info.attempts.size() == 4);
    CHECK(reply->model == "e-1");
    Json const body = Json::parse(*openai.transport->sent().front().body);
    CHECK(body["encoding_format"].text == "base64");
    CHECK(body["dimensions"].number() == 2);
}

TEST_CASE("batches of embeddings are under way four at once, and none begins after one has failed") {
    for (int const failing : {-1, 0, 3, 5}) {
        OpenAiConfig config = FakeOpenAi::defaults();
        config.max_embed_inputs = 1;
        FakeOpenAi openai(config);
        openai.transport->serve([failing](net::HttpRequest const& request) {
            std::string const number = Json::parse(*request.body)["input"].items.front().text;
            bool const fails = number == std::to_string(failing);
            testing::FakeReply reply(fails ? 503 : 200,
                                     fails ? "{}" : R"({"data":[{"index":0,"embedding":[)" + number + "]}]}");
            reply.head_after = milliseconds(1000);
            return reply;
        });
        EmbedRequest request;
        request.model = "e";
        for (int i = 0; i < 10; ++i) request.inputs.emplace_back(TextPart(std::to_string(i)));
        boost::asio::io_context loop;
        std::optional<Result<EmbedReply>> reply;
        boost::asio::co_spawn(loop, openai.provider->embed(request),
                              [&](std::exception_ptr, Result<EmbedReply> value) { reply.emplace(std::move(value)); });
        std::vector<std::size_t> sent;
        while (!reply && sent.size() < 20) {
            loop.restart();
            loop.poll();
            sent.push_back(openai.transport->sent().size());
            openai.clock->advance(milliseconds(1000));
        }
        REQUIRE(reply.has_value());
        CHECK(sent.front() == 4);
        if (failing < 0) {
            CHECK(sent == std::vector<std::size_t>{4, 8, 10, 10});
            REQUIRE(reply->has_value());
            for (std::size_t i = 0; i < 10; ++i) CHECK((*reply)->vectors[i].front() == static_cast<float>(i));
        } else {
            CHECK(sent.back() < 10);
            REQUIRE(!reply->has_value());
            CHECK(reply->error().code == Errc::overloaded);
        }
    }
}

TEST_CASE("embeddings that do not fit their inputs are refused") {
    auto const code = [](std::string const& data, std::size_t inputs) {
        FakeOpenAi openai;
        openai.transport->reply(200, "{\"data\":" + data + "}");
        EmbedRequest request;
        request.model = "e";
        for (std::size_t i = 0; i < inputs; ++i) request.inputs.emplace_back(TextPart("x"));
        Result<EmbedReply> const reply = testing::run(openai.provider->embed(request));
        return reply ? Errc::internal : reply.error().code;
    };
    CHECK(code(R"([{"index":0,"embedding":[1]}])", 1) == Errc::internal);
    for (std::string const data :
         {R"([])", R"([{"index":0,"embedding":[1]}])", R"([{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":5,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}])",
          R"([{"index":1,"embedding":[1,2]},{"index":0,"embedding":[1]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":[]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":["x"]}])",
          R"([{"index":0,"embedding":[1]},{"index":1,"embedding":[1e300]}])",
          R"([{"index":0,"embedding":"AAAA"},{"index":1,"embedding":"!!!!"}])",
          R"([{"index":0,"embedding":"AACAfw=="},{"index":1,"embedding":"AACAfw=="}])", R"([1,2])", R"({})",
          R"(null)"}) {
        CAPTURE(data);
        CHECK(std::string(name(code(data, 2))) == "protocol");
    }
    FakeOpenAi openai;
    EmbedRequest empty;
    empty.model = "e";
    CHECK(testing::run(openai.provider->embed(empty)).error().code == Errc::invalid_argument);
    empty.inputs.emplace_back(TextPart(""));
    CHECK(testing::run(openai.provider->embed(empty)).error().message.find("inputs[0]") != std::string::npos);
    empty.inputs.front() = MediaPart();
    CHECK(testing::run(openai.provider->embed(empty)).error().code == Errc::unsupported);
    CHECK(openai.transport->sent().empty());
}

TEST_CASE("a list of models comes back with all its members") {
    FakeOpenAi openai;
    openai.transport->reply(200, R"({"object":"list","data":[{"id":"a","object":"model","created":7,"owned_by":"x"},
                                     {"id":"b","shutdown_date":null}]})");
    Result<ModelList> const list = testing::run(openai.provider->models(CallOptions()));
    REQUIRE(list.has_value());
    REQUIRE(list->models.size() == 2);
    CHECK(list->models[0].id == "a");
    CHECK(list->models[0].created == 7);
    CHECK(list->models[0].owner == "x");
    CHECK(Json::parse(list->models[1].extra).has("shutdown_date"));
    CHECK(openai.transport->sent().front().url == "https://api.openai.com/v1/models");
    openai.transport->reply(200, R"({"data":[{"object":"model"}]})");
    CHECK(testing::run(openai.provider->models(CallOptions())).error().code == Errc::protocol);
}

TEST_CASE("moderation takes texts one by one and a message of parts together") {
    FakeOpenAi openai;
    std::string const verdict =
        R"({"id":"m","model":"omni","results":[{"flagged":true,"categories":{"hate":true,"illicit":null},
            "category_scores":{"hate":0.75,"illicit":0.1},"category_applied_input_types":{"hate":["text","image"]}}]})";
    openai.transport->reply(200, verdict);
    ModerateRequest request;
    request.together = true;
    request.inputs.emplace_back(TextPart("a"));
    MediaPart image;
    image.url = "https://example.com/a.png";
    request.inputs.emplace_back(image);
    Result<ModerateReply> const reply = testing::run(openai.provider->moderate(request));
    REQUIRE(reply.has_value());
    REQUIRE(reply->results.front().categories.size() == 1);
    CHECK(reply->results.front().categories.front().score == 0.75);
    CHECK(reply->results.front().categories.front().applied_to == std::vector<std::string>{"text", "image"});
    Json written = Json::parse(json_form::write_moderation(*reply));
    written.members.erase("aikit");
    CHECK(aikit_test::difference(written, Json::parse(verdict)) == "");
    CHECK(sent_body(openai) == Json::parse(R"({"input":[{"type":"text","text":"a"},
        {"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]})"));

    request.together = false;
    CHECK(testing::run(openai.provider->moderate(request)).error().code == Errc::unsupported);
    request.inputs.pop_back();
    openai.transport->reply(200, verdict);
    REQUIRE(testing::run(openai.provider->moderate(request)).has_value());
    CHECK(sent_body(openai) == Json::parse(R"({"input":["a"]})"));
    openai.transport->reply(200, R"({"results":[{"flagged":"yes"}]})");
    CHECK(testing::run(openai.provider->moderate(request)).error().code == Errc::protocol);
}

TEST_CASE("a configuration that cannot work is refused by the name of its field") {
    FakeOpenAi openai;
    auto const refused = [&](auto change) {
        OpenAiConfig config = FakeOpenAi::defaults();
        change(config);
        Result<std::shared_ptr<AIProvider>> const made =
            provider::make_openai(config, openai.runtime, openai.transport);
        return made ? std::string() : made.error().message;
    };
    CHECK(refused([](OpenAiConfig& c) { c.name = ""; }).find(" name ") != std::string::npos);
    CHECK(refused([](OpenAiConfig& c) { c.name = "a b"; }).find(" name ") != std::string::npos);
    for (std::string const url : {"", "api.openai.com/v1", "ftp://x/v1", "https://", "https:///v1", "https://u:p@x/v1",
                                  "https://x/v1?a=b", "https://x/v1#f", "https://x /v1", "https://x/\r\nv1"}) {
        CAPTURE(url);
        CHECK(refused([&](OpenAiConfig& c) { c.base_url = url; }).find("base_url") != std::string::npos);
    }
    std::string const bad_key = refused([](OpenAiConfig& c) { c.api_key = Secret("sk-1\r\nX: y"); });
    CHECK(bad_key.find("api_key") != std::string::npos);
    CHECK(bad_key.find("sk-1") == std::string::npos);
    CHECK(refused([](OpenAiConfig& c) { c.organization = "a\nb"; }).find("organization") != std::string::npos);
    CHECK(refused([](OpenAiConfig& c) { c.headers.emplace_back("a", "b\rc"); }).find("headers") != std::string::npos);
    CHECK(refused([](OpenAiConfig& c) { c.max_embed_inputs = 0; }).find("max_embed_inputs") != std::string::npos);
    CHECK(refused([](OpenAiConfig& c) { c.max_reply_bytes = 0; }).find("max_reply_bytes") != std::string::npos);
    CHECK(!provider::make_openai(FakeOpenAi::defaults(), openai.runtime, nullptr).has_value());
    CHECK(provider::make_openai(FakeOpenAi::defaults(), Runtime(), openai.transport).error().code ==
          Errc::invalid_state);
}

TEST_CASE("the environment is read by one function only") {
    setenv("OPENAI_API_KEY", "sk-env", 1);
    setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1", 1);
    setenv("OPENAI_ORG_ID", "org-env", 1);
    setenv("OPENAI_PROJECT_ID", "proj-env", 1);
    OpenAiConfig const config = provider::openai_config_from_env();
    CHECK(config.api_key.reveal() == "sk-env");
    CHECK(config.base_url == "http://127.0.0.1:1/v1");
    CHECK(config.organization == "org-env");
    CHECK(config.project == "proj-env");
    for (char const* name : {"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"}) unsetenv(name);
    CHECK(provider::openai_config_from_env().base_url == "https://api.openai.com/v1");
    CHECK(provider::openai_config_from_env().api_key.empty());
}

TEST_CASE("a provider, its tasks and its streams work in any order of destruction and end with the runtime") {
    FakeOpenAi openai;
    openai.transport->reply(200, sse({chunk(R"({"content":"Hi"})"), chunk("{}", R"("stop")")}));
    Task<ChatStream> task = openai.provider->stream_chat(ChatRequest("m", "hi"));
    openai.provider.reset();
    Result<ChatStream> stream = testing::run(std::move(task));
    REQUIRE(stream.has_value());
    Result<ChatReply> const reply = testing::run(collect(std::move(*stream)));
    CHECK(reply->text() == "Hi");

    FakeOpenAi other;
    other.runtime.close();
    CHECK(other.chat(ChatRequest("m", "hi")).error().code == Errc::invalid_state);
}
