// SPDX-License-Identifier: MIT
// Covers src/provider/builtin/builtin.cpp: the built-in provider as any other provider.
#include <aikit/model/sources.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>
#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

namespace aikit {
namespace {

struct Fixture {
    Fixture() {
        RuntimeConfig config;
        config.cpu = 1;
        config.clock = std::make_shared<testing::ManualClock>();
        runtime = Runtime::create(config).value();
        model = provider::make_builtin(provider::BuiltinConfig(), runtime).value();
    }

    Runtime runtime;
    std::shared_ptr<AIProvider> model;
};

ChatRequest question_over_sources() {
    std::vector<Source> const sources = {Source(1, "Facts", "The gateway listens on port 8443. It is written in C++."),
                                         Source(2, "More", "The gateway answers within nine milliseconds.")};
    return ChatRequest("extractive-1", write_sources(sources, "Which port does the gateway listen on?"));
}

Task<std::vector<ChatEvent>> drain(std::shared_ptr<AIProvider> model, ChatRequest request) {
    Task<ChatStream> starting = model->stream_chat(std::move(request));
    Result<ChatStream> stream = co_await std::move(starting);
    if (!stream) co_return stream.error();
    std::vector<ChatEvent> events;
    for (;;) {
        Task<std::optional<ChatEvent>> pending = stream->next();
        Result<std::optional<ChatEvent>> event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) co_return events;
        events.push_back(std::move(**event));
    }
}

Errc code_of(std::shared_ptr<AIProvider> const& model, ChatRequest request) {
    Result<ChatReply> const reply = testing::run(model->chat(std::move(request)));
    return reply ? Errc::internal : reply.error().code;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a question over sources is answered with a quote and its number") {
    ChatReply const reply = testing::run(model->chat(question_over_sources())).value();

    CHECK(reply.text().starts_with("The gateway listens on port 8443. [1]"));
    CHECK(reply.complete);
    CHECK(reply.model == "extractive-1");
    CHECK(reply.choices.at(0).finish == FinishReason::stop);
    CHECK(reply.usage.input > 0);
    CHECK(reply.usage.output == text::estimate_tokens(reply.text()).expected);
    CHECK(!reply.usage.estimated);
    CHECK(reply.info.provider == "builtin");
    REQUIRE(!reply.info.warnings.empty());
    CHECK(reply.info.warnings[0].find("does not understand") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a stream has its events in order word by word and one end") {
    std::vector<ChatEvent> const events = testing::run(drain(model, question_over_sources())).value();

    REQUIRE(events.size() > 6);
    CHECK(std::holds_alternative<ReplyStarted>(events.front()));
    std::string text;
    int finished = 0;
    int pieces = 0;
    for (ChatEvent const& event : events) {
        if (auto const* delta = std::get_if<TextDelta>(&event)) {
            CHECK(!delta->text.empty());
            text += delta->text;
            ++pieces;
        }
        finished += std::holds_alternative<Finished>(event) ? 1 : 0;
    }
    CHECK(text.starts_with("The gateway listens on port 8443. [1]"));
    CHECK(pieces > 5);
    CHECK(finished == 1);
    CHECK(std::holds_alternative<ChoiceFinished>(events[events.size() - 3]));
    CHECK(std::holds_alternative<UsageUpdate>(events[events.size() - 2]));
    REQUIRE(std::holds_alternative<Finished>(events.back()));
    CHECK(std::get<Finished>(events.back()).usage.output > 0);
}

TEST_CASE_FIXTURE(Fixture, "without support the answer is that the documents do not say") {
    std::vector<Source> const sources = {Source(1, "", "The gateway listens on port 8443.")};
    ChatRequest const request("extractive-1", write_sources(sources, "What is the capital of Mongolia?"));
    CHECK(testing::run(model->chat(request)).value().text() == unsupported_answer);
}

TEST_CASE_FIXTURE(Fixture, "without sources it says what it is and how to have a model") {
    std::string const text = testing::run(model->chat(ChatRequest("extractive-1", "Tell me a joke"))).value().text();
    CHECK(text.find("built-in") != std::string::npos);
    CHECK(text.find("configure a provider") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what was said before may be quoted without a number") {
    ChatRequest request("extractive-1", "The gateway listens on port 8443. It was built in Bern.");
    request.messages.emplace_back(Role::assistant, "Noted.");
    request.messages.emplace_back(Role::user, "Which port does the gateway listen on?");
    CHECK(testing::run(model->chat(request)).value().text() == "The gateway listens on port 8443.");
}

TEST_CASE_FIXTURE(Fixture, "max_tokens cuts between words and says so whatever the limit") {
    std::string const whole = testing::run(model->chat(question_over_sources())).value().text();
    for (std::int64_t most = 1; most < 40; ++most) {
        ChatRequest request = question_over_sources();
        request.max_tokens = most;
        ChatReply const reply = testing::run(model->chat(request)).value();
        CAPTURE(most);
        CHECK(whole.starts_with(reply.text()));
        CHECK(text::estimate_tokens(reply.text()).expected <= most);
        bool const cut = reply.text().size() < whole.size();
        CHECK((reply.choices[0].finish == FinishReason::length) == cut);
        if (cut) CHECK((reply.text().empty() || whole[reply.text().size()] == ' '));
    }
}

TEST_CASE_FIXTURE(Fixture, "a stop sequence ends the text before it") {
    ChatRequest request = question_over_sources();
    request.stop = {"nowhere", "8443", "port"};
    ChatReply const reply = testing::run(model->chat(request)).value();
    CHECK(reply.text() == "The gateway listens on ");
    CHECK(reply.choices[0].finish == FinishReason::stop);
}

TEST_CASE_FIXTURE(Fixture, "what it cannot do is unsupported before anything happens") {
    ChatRequest request = question_over_sources();
    request.tools.emplace_back();
    CHECK(code_of(model, request) == Errc::unsupported);
    request = question_over_sources();
    request.n = 2;
    CHECK(code_of(model, request) == Errc::unsupported);
    request = question_over_sources();
    request.response_format.emplace().kind = ResponseFormat::Kind::json_schema;
    CHECK(code_of(model, request) == Errc::unsupported);
    request = question_over_sources();
    request.logprobs = true;
    CHECK(code_of(model, request) == Errc::unsupported);
    request = question_over_sources();
    request.messages.back().parts.emplace_back(MediaPart());
    CHECK(code_of(model, request) == Errc::unsupported);
    request = question_over_sources();
    request.max_tokens = 0;
    CHECK(code_of(model, request) == Errc::invalid_argument);
    CHECK(code_of(model, ChatRequest("gpt-9", "Hi")) == Errc::not_found);
    request = ChatRequest();
    request.model = "extractive-1";
    CHECK(code_of(model, request) == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "parameters without a meaning here are named in a warning") {
    ChatRequest request = question_over_sources();
    request.temperature = 0.5;
    request.seed = 3;
    ChatReply const reply = testing::run(model->chat(request)).value();
    REQUIRE(reply.info.warnings.size() == 2);
    CHECK(reply.info.warnings[1].find("temperature, seed") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "texts are embedded in order and equal ones alike") {
    EmbedRequest request;
    request.model = "lexical-1";
    for (char const* text : {"one cat", "two dogs", "one cat"}) request.inputs.emplace_back(TextPart(text));
    EmbedReply const reply = testing::run(model->embed(request)).value();
    REQUIRE(reply.vectors.size() == 3);
    CHECK(reply.vectors[0].size() == static_cast<std::size_t>(provider::lexical_dimensions));
    CHECK(reply.vectors[0] == reply.vectors[2]);
    CHECK(reply.vectors[0] != reply.vectors[1]);
    CHECK(reply.usage.input > 0);
    CHECK(reply.usage.output == 0);
}

TEST_CASE_FIXTURE(Fixture, "embeddings that cannot be are refused") {
    auto const code = [&](EmbedRequest request) { return testing::run(model->embed(std::move(request))).error().code; };
    EmbedRequest request;
    request.model = "lexical-1";
    CHECK(code(request) == Errc::invalid_argument);
    request.inputs.emplace_back(TextPart(""));
    CHECK(code(request) == Errc::invalid_argument);
    request.inputs = {Part(MediaPart())};
    CHECK(code(request) == Errc::unsupported);
    request.inputs = {Part(TextPart("x"))};
    request.dimensions = 12;
    CHECK(code(request) == Errc::unsupported);
    request.dimensions = provider::lexical_dimensions;
    request.model = "extractive-1";
    CHECK(code(request) == Errc::not_found);
}

TEST_CASE_FIXTURE(Fixture, "each input is moderated on its own or all together") {
    ModerateRequest request;
    for (char const* text : {"I will kill", "you know"}) request.inputs.emplace_back(TextPart(text));
    CHECK(testing::run(model->moderate(request)).value().results.size() == 2);
    request.together = true;
    ModerateReply const reply = testing::run(model->moderate(request)).value();
    REQUIRE(reply.results.size() == 1);
    CHECK(reply.results[0].flagged);
    CHECK(!reply.info.warnings.empty());
}

TEST_CASE_FIXTURE(Fixture, "it lists its three models under the name it was given") {
    ModelList const list = testing::run(model->models(CallOptions())).value();
    REQUIRE(list.models.size() == 3);
    CHECK(list.models[0].id == "extractive-1");
    provider::BuiltinConfig config;
    config.name = "local";
    CHECK(provider::make_builtin(config, runtime).value()->name() == "local");
    config.name.clear();
    CHECK(provider::make_builtin(config, runtime).error().code == Errc::invalid_argument);
    CHECK(provider::make_builtin(provider::BuiltinConfig(), Runtime()).error().code == Errc::invalid_argument);
}

}  // namespace aikit
