// SPDX-License-Identifier: MIT
// Covers src/cost/interrupted.cpp and src/policy/settlement.cpp: every recorded stream that tells its usage at its end,
// cut after its last piece and before that usage, against what the provider then said.
#include "golden/recordings.hpp"

#include <aikit/policy/meter.hpp>
#include <aikit/provider/anthropic.hpp>
#include <aikit/provider/gemini.hpp>
#include <aikit/provider/ollama.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

namespace aikit::policy {
namespace {

using aikit_test::Form;
using aikit_test::Json;
using aikit_test::Recorded;

/// What came of a recorded stream.
struct Outcome {
    bool whole = false;
    std::size_t delivered = 0;  // bytes of all that was generated
    Usage usage;
};

Task<Outcome> pull(std::shared_ptr<AIProvider> model, ChatRequest request) {
    Task<ChatStream> opening = model->stream_chat(std::move(request), CallOptions());
    Result<ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    Outcome outcome;
    for (;;) {
        Result<std::optional<ChatEvent>> event = co_await stream->next();
        if (!event || !*event) break;
        if (auto const* text = std::get_if<TextDelta>(&**event)) outcome.delivered += text->text.size();
        if (auto const* text = std::get_if<RefusalDelta>(&**event)) outcome.delivered += text->text.size();
        if (auto const* text = std::get_if<ReasoningDelta>(&**event)) outcome.delivered += text->text.size();
        if (auto const* call = std::get_if<ToolCallProgress>(&**event)) {
            outcome.delivered += call->name.size() + call->arguments.size();
        }
        if (auto const* finished = std::get_if<Finished>(&**event)) {
            outcome.whole = true;
            outcome.usage = finished->usage;
        }
    }
    if (!outcome.whole) outcome.usage = stream->info().usage;
    co_return outcome;
}

std::int64_t limit_of(Json const& body) {
    for (Json const& at : {body, body["generationConfig"], body["options"]}) {
        if (!at.is_object()) continue;
        for (char const* key :
             {"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "num_predict"}) {
            if (at.has(key) && at[key].number() > 0) return static_cast<std::int64_t>(at[key].number());
        }
    }
    return 0;
}

/// What was asked, as far as it bears on how much may be written.
ChatRequest request_of(Recorded const& recorded) {
    ChatRequest request("some-model", "Say hello.");
    Json const& body = recorded.request;
    if (!body.is_object()) return request;
    if (body["model"].is_text()) request.model = body["model"].text;
    std::size_t const at = recorded.path.find("/models/");
    std::size_t const end = recorded.path.find(":streamGenerateContent");
    if (at != std::string::npos && end != std::string::npos) request.model = recorded.path.substr(at + 8, end - at - 8);
    if (std::int64_t const limit = limit_of(body); limit > 0) request.max_tokens = limit;
    if (body["n"].number() > 1) request.n = static_cast<int>(body["n"].number());
    if (body["thinking"].is_object()) request.reasoning_effort = "medium";
    if (body["reasoning_effort"].is_text()) request.reasoning_effort = body["reasoning_effort"].text;
    if (body.has("think")) request.reasoning_effort = body["think"].dump() == "false" ? "none" : "medium";
    Json const& thinking = body["generationConfig"]["thinkingConfig"];
    if (thinking.is_object()) {
        bool const none = thinking.has("thinkingBudget") && thinking["thinkingBudget"].number() == 0;
        request.reasoning_effort = none ? "none" : "medium";
    }
    return request;
}

/// Who is asked, over a transport that answers with the recording.
struct Played {
    explicit Played(Recorded const& recorded_) : recorded(recorded_), form(*aikit_test::form_of(recorded_)) {
        RuntimeConfig threads;
        threads.io = 0;
        threads.clock = clock;
        runtime = Runtime::create(threads).value();
        MeterConfig config;
        config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
        config.clock = clock;
        config.unknown_price = UnknownPrice::allow;
        config.price_provider = price_provider();
        metered = make_meter(provider(), std::move(config)).value();
    }

    std::string price_provider() const {
        std::string const folder = recorded.name.substr(0, recorded.name.find('/'));
        if (folder == "vertex") return "gemini";
        if (folder != "openai-compat") return folder;
        for (char const* name : {"deepseek", "groq", "openrouter", "perplexity"}) {
            if (recorded.name.find(name) != std::string::npos) return name;
        }
        return "other";
    }

    std::shared_ptr<AIProvider> provider() {
        if (form == Form::anthropic) {
            provider::AnthropicConfig config;
            config.api_key = Secret("key");
            return provider::make_anthropic(std::move(config), runtime, transport).value();
        }
        if (form == Form::gemini) {
            provider::GeminiConfig config;
            config.api_key = Secret("key");
            return provider::make_gemini(std::move(config), runtime, transport).value();
        }
        if (form == Form::ollama) return provider::make_ollama(provider::OllamaConfig(), runtime, transport).value();
        provider::OpenAiConfig config;
        config.api_key = Secret("key");
        config.dialect = provider::OpenAiConfig::Dialect::compatible;
        config.done_marker_required = recorded.body.find("[DONE]") != std::string::npos;
        if (form == Form::responses) config.api = provider::OpenAiConfig::Api::responses;
        return provider::make_openai(std::move(config), runtime, transport).value();
    }

    Outcome play(std::size_t deliver) {
        testing::FakeReply reply(200, recorded.body);
        for (auto const& [name, value] : recorded.headers) reply.headers.add(name, value);
        reply.deliver = deliver;
        if (deliver < recorded.body.size()) reply.ending = testing::Ending::cut;
        transport->reply(std::move(reply));
        Result<Outcome> outcome = testing::run(pull(metered, request_of(recorded)));
        return outcome ? *outcome : Outcome();
    }

    Recorded const& recorded;
    Form form;
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<testing::FakeTransport> transport = std::make_shared<testing::FakeTransport>(clock);
    Runtime runtime;
    std::shared_ptr<AIProvider> metered;
};

std::vector<Recorded> streams() {
    std::vector<Recorded> all;
    for (std::string const folder :
         {"anthropic", "azure", "huggingface", "ollama", "openai", "openai-compat", "vertex"}) {
        for (Recorded& one : aikit_test::recordings(folder)) {
            if (aikit_test::is_streamed(one) && one.fidelity != "reconstructed") all.push_back(std::move(one));
        }
    }
    return all;
}

/// So many bytes deliver all that was generated.
std::size_t after_last_piece(Played& played, std::size_t delivered) {
    std::size_t least = 0, most = played.recorded.body.size();
    while (least < most) {  // what is delivered grows with the bytes
        std::size_t const middle = (least + most) / 2;
        played.play(middle).delivered >= delivered ? most = middle : least = middle + 1;
    }
    return most;
}

std::string name_of(Form form) {
    switch (form) {
        case Form::openai: return "chat completions";
        case Form::responses: return "responses";
        case Form::anthropic: return "messages";
        case Form::gemini: return "generateContent";
        case Form::ollama: return "ollama";
    }
    return "";
}

bool has_recordings() {
    bool const there = std::filesystem::is_directory(aikit_test::recordings_folder());
    if (!there) MESSAGE("[skipped] there are no recordings beside the repository");
    return there;
}

/// Takes so many events and lets the stream go.
Task<std::vector<Attempt>> take(std::shared_ptr<AIProvider> model, std::size_t events) {
    CallOptions options;
    options.attempts = std::make_shared<std::vector<Attempt>>();
    std::shared_ptr<std::vector<Attempt>> const attempts = options.attempts;
    Task<ChatStream> opening = model->stream_chat(ChatRequest("gpt-4o", "Say hello."), std::move(options));
    Result<ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    for (std::size_t i = 0; i < events; ++i) {
        Result<std::optional<ChatEvent>> event = co_await stream->next();
        if (!event || !*event) break;
    }
    *stream = ChatStream();
    co_return *attempts;
}

}  // namespace

TEST_CASE(
    "the interval of a stream that is cut behind its last piece holds what the provider counts, nine times of ten") {
    setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
    if (!has_recordings()) return;
    struct Score {
        int streams = 0, held = 0, plain = 0, narrow = 0;
    };
    std::map<Form, Score> scores;
    Score all;
    for (Recorded const& recorded : streams()) {
        Played played(recorded);
        Outcome const whole = played.play(recorded.body.size());
        bool const tells = whole.whole && !whole.usage.estimated && whole.delivered > 0;
        if (!tells) continue;
        CAPTURE(recorded.name);
        Usage const cut = played.play(after_last_piece(played, whole.delivered)).usage;
        CHECK(check(cut).has_value());
        bool const held = cut.least_output() <= whole.usage.output && whole.usage.output <= cut.most_output();
        bool const plain = cut.estimated && whole.usage.reasoning == 0 && cut.most_output() <= 2'000;
        bool const narrow = cut.most_output() <= 2 * whole.usage.output + 100;
        for (Score* score : {&scores[played.form], &all}) {
            ++score->streams;
            score->held += held;
            score->plain += plain;
            score->narrow += plain && narrow;
        }
        if (!held) {
            MESSAGE(recorded.name << ": " << whole.usage.output << " is not within " << cut.least_output() << " to "
                                  << cut.most_output());
        }
    }
    for (auto const& [form, score] : scores) {
        MESSAGE(name_of(form) << ": " << score.held << " of " << score.streams << " intervals hold");
        CHECK(score.held * 10 >= score.streams * 9);
    }
    CHECK(all.streams >= 80);
    CHECK(all.held * 20 >= all.streams * 19);
    // An interval that is as wide as anything holds anything.
    CHECK(all.plain >= 40);
    CHECK(all.narrow * 10 >= all.plain * 9);
}

TEST_CASE("a usage that was told after the end of all choices is no estimate, though the stream is cut behind it") {
    if (!has_recordings()) return;
    int streams_told = 0;
    for (Recorded const& recorded : streams()) {
        std::size_t const done = recorded.body.rfind("data: [DONE]");
        if (aikit_test::form_of(recorded) != Form::openai || done == std::string::npos) continue;
        Played played(recorded);
        Outcome const whole = played.play(recorded.body.size());
        bool const ends = recorded.body.find("\"finish_reason\":\"") != std::string::npos;  // some servers forget it
        if (!whole.whole || whole.usage.estimated || !ends) continue;
        CAPTURE(recorded.name);

        Outcome const cut = played.play(done);

        CHECK_FALSE(cut.whole);
        CHECK_FALSE(cut.usage.estimated);
        CHECK(cut.usage.output == whole.usage.output);
        CHECK(cut.usage.total_input() == whole.usage.total_input());
        ++streams_told;
    }
    CHECK(streams_told >= 20);
}

TEST_CASE("the row of a stream that was let go, or that broke, names the provider's own id of the request") {
    Recorded recorded;
    recorded.path = "/v1/chat/completions";
    recorded.headers.emplace_back("x-request-id", "req-7");
    for (int piece = 0; piece < 3; ++piece) {
        recorded.body += R"(data: {"id":"c1","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"word "}}]})";
        recorded.body += "\n\n";
    }
    for (testing::Ending const ending : {testing::Ending::whole, testing::Ending::cut, testing::Ending::reset}) {
        for (std::size_t events = 0; events <= 6; ++events) {
            CAPTURE(events);
            Played played(recorded);
            testing::FakeReply reply(200, recorded.body);
            reply.headers.add("x-request-id", "req-7");
            reply.ending = ending;
            played.transport->reply(std::move(reply));

            std::vector<Attempt> const attempts = testing::run(take(played.metered, events)).value();

            REQUIRE(attempts.size() == 1);
            CHECK(attempts[0].provider_request_id == "req-7");
            CHECK(attempts[0].outcome != "ok");
        }
    }
}

TEST_CASE("wherever a stream is cut, its count is within its interval and never beyond what was allowed") {
    setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
    if (!has_recordings()) return;
    for (Recorded const& recorded : streams()) {
        Played played(recorded);
        CAPTURE(recorded.name);
        std::optional<std::int64_t> const limit = request_of(recorded).max_tokens;
        for (std::size_t part = 1; part < 20; ++part) {
            Usage const usage = played.play(recorded.body.size() * part / 20).usage;
            CHECK(check(usage).has_value());
            if (usage.estimated && limit) CHECK(usage.most_output() <= std::max(*limit, usage.output));
        }
    }
}

}  // namespace aikit::policy
