// SPDX-License-Identifier: MIT
// The scripted provider: tests of what stands on providers rely on it.
#include "openai_support.hpp"

#include <aikit/testing/scripted_provider.hpp>

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Json;
using std::chrono::milliseconds;
using testing::ScriptedProvider;
using testing::ScriptedReply;

namespace {

struct Stage {
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    Runtime runtime;
    std::shared_ptr<ScriptedProvider> provider;

    Stage() {
        RuntimeConfig config;
        config.io = 0;
        config.clock = clock;
        runtime = Runtime::create(config).value();
        provider = ScriptedProvider::create("scripted", runtime);
    }

    /// Runs a task while the clock jumps from timer to timer.
    template <class T>
    Result<T> run(Task<T> task) {
        boost::asio::io_context loop;
        Result<T> result = fail(Errc::internal, "the task did not end");
        boost::asio::co_spawn(loop, std::move(task),
                              [&](std::exception_ptr, Result<T> value) { result = std::move(value); });
        while (loop.poll() > 0 || clock->advance_to_next()) {
        }
        return result;
    }

    Result<ChatReply> chat(CallOptions options = CallOptions()) {
        return run(provider->chat(ChatRequest("m", "What is the weather?"), std::move(options)));
    }
    Result<ChatReply> stream(std::shared_ptr<ChatReply> partial = nullptr, CallOptions options = CallOptions()) {
        return run(aikit_test::FakeOpenAi::collect_stream(provider, ChatRequest("m", "What is the weather?"),
                                                          std::move(options), partial));
    }
};

std::shared_ptr<AIProvider> from_json(Stage const& stage, std::string const& script) {
    Result<std::shared_ptr<AIProvider>> made = testing::scripted_from_json(script, "scripted", stage.runtime);
    REQUIRE(made.has_value());
    return *made;
}

std::string refused(std::string const& script) {
    Stage const stage;
    Result<std::shared_ptr<AIProvider>> const made = testing::scripted_from_json(script, "scripted", stage.runtime);
    return made ? std::string() : made.error().message;
}

}  // namespace

TEST_CASE("replies come in the order of the script, and nothing comes after the last") {
    Stage stage;
    stage.provider->add(ScriptedReply("One"));
    stage.provider->add(ScriptedReply("Two"));
    CHECK(stage.chat()->text() == "One");
    CHECK(stage.stream()->text() == "Two");
    CHECK(stage.chat().error().code == Errc::invalid_state);
    stage.provider->repeat(true);
    CHECK(stage.chat()->text() == "One");
    CHECK(stage.chat()->text() == "Two");
    CHECK(stage.chat()->text() == "One");
}

TEST_CASE("a script keeps what it was asked") {
    Stage stage;
    stage.provider->add(ScriptedReply("One"));
    CallOptions options;
    options.request_id = "id-1";
    REQUIRE(stage.chat(options).has_value());
    (void)stage.run(stage.provider->embed(EmbedRequest()));
    REQUIRE(stage.provider->calls().size() == 2);
    CHECK(stage.provider->calls()[0].operation == "chat");
    CHECK(stage.provider->calls()[0].options.request_id == "id-1");
    CHECK(stage.provider->calls()[1].operation == "embed");
    CHECK(stage.provider->chats().front().messages.front().text() == "What is the weather?");
    CHECK(stage.provider->embeds().size() == 1);
}

TEST_CASE("a reply may wait for the request that fits it") {
    Stage stage;
    ScriptedReply weather("Sunny");
    weather.match = "weather";
    ScriptedReply other("Other");
    other.match = "no such words";
    stage.provider->add(other);
    stage.provider->add(weather);
    CHECK(stage.chat()->text() == "Sunny");
    CHECK(stage.chat().error().code == Errc::invalid_state);
}

TEST_CASE("pieces, reasoning, tools and refusals arrive as a provider's would") {
    Stage stage;
    ScriptedReply reply;
    reply.pieces = {"Hel", "lo"};
    reply.reasoning = "Hm";
    reply.refusal = "No";
    ToolCall& call = reply.tool_calls.emplace_back();
    call.id = "c1";
    call.name = "clock";
    call.arguments = "{}";
    reply.finish = FinishReason::tool_calls;
    reply.usage.output = 3;
    stage.provider->add(reply);
    Result<ChatStream> stream = stage.run(stage.provider->stream_chat(ChatRequest("m", "hi")));
    REQUIRE(stream.has_value());
    std::vector<std::string> texts;
    std::string last;
    while (true) {
        Result<std::optional<ChatEvent>> const event = stage.run(stream->next());
        REQUIRE(event.has_value());
        if (!*event) break;
        if (auto const* text = std::get_if<TextDelta>(&**event)) texts.push_back(text->text);
        last = json_form::write_chunk(**event, stream->reply());
    }
    CHECK(texts == std::vector<std::string>{"Hel", "lo"});
    ChatReply const& got = stream->reply();
    CHECK(got.complete);
    CHECK(got.text() == "Hello");
    CHECK(got.choices.front().message.reasoning() == "Hm");
    CHECK(got.choices.front().message.refusal() == "No");
    CHECK(got.choices.front().message.tool_calls().size() == 1);
    CHECK(got.choices.front().finish == FinishReason::tool_calls);
    CHECK(got.usage.output == 3);
    CHECK(got.info.provider == "scripted");
    CHECK(got.info.attempts.front().outcome == "ok");
}

TEST_CASE("a stream can be cut after any event, with any error") {
    for (int cut = 0; cut < 6; ++cut) {
        for (bool const own : {false, true}) {
            Stage stage;
            ScriptedReply reply;
            reply.pieces = {"a", "b", "c"};
            reply.fail_after = cut;
            if (own) reply.error = fail(Errc::overloaded, "Later.");
            stage.provider->add(reply);
            auto const partial = std::make_shared<ChatReply>();
            Result<ChatReply> const got = stage.stream(partial);
            REQUIRE(!got.has_value());
            CHECK(got.error().code == (own ? Errc::overloaded : Errc::incomplete));
            CHECK(got.error().provider == "scripted");
            CHECK(partial->text() == std::string("abc").substr(0, static_cast<std::size_t>(std::clamp(cut - 1, 0, 3))));
            CHECK(!partial->complete);
            CHECK(partial->info.attempts.front().outcome == name(got.error().code));
        }
    }
}

TEST_CASE("errors and delays come as scripted, and time limits go before") {
    Stage stage;
    ScriptedReply slow("Slow");
    slow.delay = milliseconds(500);
    slow.piece_delay = milliseconds(100);
    stage.provider->add(slow);
    SteadyTime const before = stage.clock->now();
    REQUIRE(stage.chat().has_value());
    CHECK(stage.clock->now() - before == milliseconds(600));

    for (int which = 0; which < 3; ++which) {
        CallOptions options;
        if (which == 0) options.limits.total = milliseconds(200);
        if (which == 1) options.limits.first_byte = milliseconds(300);
        if (which == 2) options.limits.idle = milliseconds(50);
        stage.provider->add(slow);
        SteadyTime const start = stage.clock->now();
        CHECK(stage.stream(nullptr, options).error().code == Errc::timeout);
        CHECK(stage.clock->now() - start == milliseconds(which == 0 ? 200 : which == 1 ? 300 : 550));
    }
    ScriptedReply error;
    error.error = fail(Errc::rate_limited, "Slow down.");
    stage.provider->add(error);
    CHECK(stage.run(stage.provider->moderate(ModerateRequest())).error().code == Errc::rate_limited);
}

TEST_CASE("embeddings are the script's own, or depend on the text alone") {
    Stage stage;
    ScriptedReply hashed;
    hashed.dimensions = 8;
    stage.provider->add(hashed);
    ScriptedReply own;
    own.vectors = {{1, 2}};
    stage.provider->add(own);
    stage.provider->repeat(true);
    EmbedRequest request;
    request.model = "e";
    for (char const* text : {"same", "other", "same"}) request.inputs.emplace_back(TextPart(text));
    Result<EmbedReply> const reply = stage.run(stage.provider->embed(request));
    REQUIRE(reply.has_value());
    CHECK(reply->vectors[0] == reply->vectors[2]);
    CHECK(reply->vectors[0] != reply->vectors[1]);
    double length = 0;
    for (float const number : reply->vectors[0]) length += static_cast<double>(number) * static_cast<double>(number);
    CHECK(length == doctest::Approx(1.0));
    CHECK(stage.run(stage.provider->embed(request)).error().code == Errc::invalid_argument);
}

TEST_CASE("a script in JSON says all that one in code can say") {
    Stage stage;
    std::shared_ptr<AIProvider> const provider = from_json(stage, R"({"repeat": false, "replies": [
        {"text": "Hello", "reasoning": "Hm", "finish": "length", "model": "m-9",
         "usage": {"input": 10, "cache_read": 4, "output": 3, "reasoning": 1}},
        {"pieces": ["a", "b"], "tool_calls": [{"id": "c1", "name": "clock", "arguments": "{\"a\":1}"}]},
        {"reply": {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Whole"},
                   "finish_reason": "stop"}], "usage": {"prompt_tokens": 2, "completion_tokens": 1}}, "piece": 2},
        {"error": {"code": "rate_limited", "message": "Slow down.", "http_status": 429, "retry_after": 0.5}},
        {"text": "cut", "fail_after": 1},
        {"models": ["a", "b"]},
        {"vectors": [[0.5, 1]]},
        {"moderation": [{"flagged": true, "categories": {"hate": 0.9}}]}
    ]})");
    auto const chat = [&] { return stage.run(provider->chat(ChatRequest("m", "hi"))); };
    Result<ChatReply> const first = chat();
    REQUIRE(first.has_value());
    CHECK(first->text() == "Hello");
    CHECK(first->model == "m-9");
    CHECK(first->choices.front().finish == FinishReason::length);
    CHECK(first->usage.cache_read == 4);
    CHECK(chat()->choices.front().message.tool_calls().front().arguments == "{\"a\":1}");
    Result<ChatReply> const whole = chat();
    CHECK(whole->text() == "Whole");
    CHECK(whole->usage.input == 2);
    Error const error = chat().error();
    CHECK(error.code == Errc::rate_limited);
    CHECK(error.retry_after == milliseconds(500));
    CHECK(error.http_status == 429);
    CHECK(chat().error().code == Errc::incomplete);
    CHECK(stage.run(provider->models(CallOptions()))->models.size() == 2);
    EmbedRequest embed;
    embed.inputs.emplace_back(TextPart("x"));
    CHECK(stage.run(provider->embed(embed))->vectors.front() == std::vector<float>{0.5F, 1});
    ModerateRequest moderate;
    moderate.inputs.emplace_back(TextPart("x"));
    CHECK(stage.run(provider->moderate(moderate))->results.front().flagged);
    CHECK(chat().error().code == Errc::invalid_state);
}

TEST_CASE("a recording answers as the provider did, whole or broken") {
    std::string const recording =
        R"({"request": {"method": "POST", "path": "/v1/chat/completions", "body": null},
            "response": {"status": 200, "headers": {"x-request-id": "req_r"}, "body": "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n"}})";
    Stage stage;
    std::shared_ptr<AIProvider> const alone = from_json(stage, recording);
    for (int i = 0; i < 3; ++i) {
        Result<ChatReply> const reply =
            stage.run(aikit_test::FakeOpenAi::collect_stream(alone, ChatRequest("m", "hi"), CallOptions(), nullptr));
        REQUIRE(reply.has_value());
        CHECK(reply->text() == "Hi");
        CHECK(reply->info.attempts.front().provider_request_id == "req_r");
        CHECK(reply->info.provider == "scripted");
    }
    std::shared_ptr<AIProvider> const broken =
        from_json(stage, R"({"replies":[{"recording":)" + recording + R"(,"deliver":80,"ending":"cut"}]})");
    auto const partial = std::make_shared<ChatReply>();
    Result<ChatReply> const cut =
        stage.run(aikit_test::FakeOpenAi::collect_stream(broken, ChatRequest("m", "hi"), CallOptions(), partial));
    CHECK(cut.error().code == Errc::incomplete);
    CHECK(partial->text() == "Hi");
    CHECK(stage.run(broken->embed(EmbedRequest())).error().code == Errc::invalid_state);
}

TEST_CASE("a script that is wrong is refused by the name of its member") {
    CHECK(refused("nothing") != "");
    CHECK(refused("[]") != "");
    CHECK(refused(R"({"replys":[]})").find("replys") != std::string::npos);
    CHECK(refused(R"({"replies":[{"txt":"x"}]})").find("replies[0]") != std::string::npos);
    CHECK(refused(R"({"replies":[{"text":7}]})").find("text") != std::string::npos);
    CHECK(refused(R"({"replies":[{"finish":"never"}]})").find("finish") != std::string::npos);
    CHECK(refused(R"({"replies":[{"error":{"code":"bad"}}]})").find("code") != std::string::npos);
    CHECK(refused(R"({"replies":[{"reply":{"choices":7}}]})").find("reply") != std::string::npos);
    CHECK(refused(R"({"replies":[{"piece":-1}]})").find("piece") != std::string::npos);
    CHECK(refused(R"({"replies":[{"dimensions":-1}]})").find("dimensions") != std::string::npos);
    CHECK(refused(R"({"replies":[{"models":[1]}]})").find("models") != std::string::npos);
    CHECK(refused(R"({"replies":[{"deliver":3}]})").find("recording") != std::string::npos);
    CHECK(refused(R"({"replies":[{"delay":-1}]})").find("delay") != std::string::npos);
    CHECK(refused(R"({"response":{}})") != "");
}
