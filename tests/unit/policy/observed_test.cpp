// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/observed.hpp and what the meter tells: names, traces, and that nobody's words are told.
#include "support.hpp"
#include "support/heard.hpp"

#include <aikit/policy/observed.hpp>
#include <aikit/policy/retry.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/fake_transport.hpp>

#include <doctest/doctest.h>

#include <map>

namespace aikit::policy {
namespace {

using aikit_test::Heard;
using std::chrono::milliseconds;

// The example of https://www.w3.org/TR/trace-context/.
constexpr char const* w3c_example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

using Labels = std::map<std::string, std::string>;

struct Fixture {
    Fixture() {
        fake->on_chat = [] {
            ChatReply reply = reply_of("the secret answer", told(1'000, 100));
            reply.id = "chatcmpl-123";
            reply.choices[0].finish = FinishReason::stop;
            return reply;
        };
        watched = watch(ObservedConfig());
    }

    std::shared_ptr<AIProvider> meter(std::shared_ptr<AIProvider> next, bool propagate = false) {
        MeterConfig config;
        config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
        config.clock = clock;
        config.observer = heard;
        config.propagate_trace = propagate;
        return make_meter(std::move(next), std::move(config)).value();
    }

    std::shared_ptr<AIProvider> watch(ObservedConfig config, std::shared_ptr<AIProvider> next = nullptr) {
        config.observer = heard;
        config.clock = clock;
        return make_observed(next ? next : meter(fake), std::move(config)).value();
    }

    Result<ChatReply> chat(CallOptions options = CallOptions()) {
        return drive(*clock, watched->chat(ChatRequest("gpt-4o", "the secret question"), std::move(options)));
    }

    /// Pulls `events` events of a scripted stream, ten milliseconds apart. Negative: to its end.
    void pull(std::vector<Step> steps, int events = -1) {
        fake->on_stream = [steps] { return steps; };
        auto task = [](Fixture* self, int most) -> Task<void> {
            Task<ChatStream> opening = self->watched->stream_chat(ChatRequest("gpt-4o", "hi"));
            Result<ChatStream> stream = co_await std::move(opening);
            if (!stream) co_return stream.error();
            for (int i = 0; i != most; ++i) {
                self->clock->advance(milliseconds(10));
                Result<std::optional<ChatEvent>> event = co_await stream->next();
                if (!event || !*event) break;
            }
            co_return ok();
        };
        drive(*clock, task(this, events)).value();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    std::shared_ptr<Heard> heard = std::make_shared<Heard>();
    std::shared_ptr<AIProvider> watched;
};

std::vector<Step> three_pieces() {
    ReplyStarted started;
    started.id = "chatcmpl-9";
    started.model = "gpt-4o-2024-08-06";
    ChoiceFinished ended;
    ended.reason = FinishReason::length;
    Finished finished;
    finished.usage = told(7, 3);
    return {started, TextDelta(0, "a"), TextDelta(0, "b"), TextDelta(0, "c"), ended, finished};
}

TEST_CASE_FIXTURE(Fixture, "a chat is told by the names and labels of OpenTelemetry's conventions") {
    chat().value();
    Labels const labels{{"aikit.provider", "openai"},
                        {"gen_ai.operation.name", "chat"},
                        {"gen_ai.provider.name", "openai"},
                        {"gen_ai.request.model", "gpt-4o"},
                        {"gen_ai.response.model", "gpt-4o-2024-08-06"}};
    std::vector<Heard::Value> const durations = heard->records("gen_ai.client.operation.duration");
    REQUIRE(durations.size() == 1);
    CHECK(durations[0].labels == labels);

    std::map<std::string, std::int64_t> tokens;
    for (Heard::Value const& usage : heard->records("gen_ai.client.token.usage")) {
        tokens[usage.labels.at("gen_ai.token.type")] += usage.value;
        Labels expected = labels;
        expected["gen_ai.token.type"] = usage.labels.at("gen_ai.token.type");
        CHECK(usage.labels == expected);
    }
    CHECK(tokens == std::map<std::string, std::int64_t>{{"input", 1'000}, {"output", 100}});

    // 1,000 tokens at $2.50 and 100 at $10.00 for a million of them.
    REQUIRE(heard->counts("aikit.cost").size() == 1);
    CHECK(heard->counts("aikit.cost")[0].value == 3'500'000);
    CHECK(heard->records("aikit.operation.duration").size() == 1);
    CHECK(heard->counts("aikit.operation.retries").empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "an attempt is a client's span within the operation's, with what the conventions ask of it") {
    chat().value();
    std::vector<Span> const spans = heard->spans();
    REQUIRE(spans.size() == 2);
    Span const& attempt = spans[0];
    Span const& operation = spans[1];
    CHECK(attempt.name == "chat gpt-4o");
    CHECK(attempt.kind == Span::Kind::client);
    CHECK(operation.name == "aikit.chat");
    CHECK(operation.kind == Span::Kind::internal);
    CHECK(attempt.context.trace_id == operation.context.trace_id);
    CHECK(attempt.parent == operation.context.span_id);
    CHECK(operation.parent == std::array<std::uint8_t, 8>{});
    CHECK(Heard::field(attempt, "gen_ai.usage.input_tokens") == "1000");
    CHECK(Heard::field(attempt, "gen_ai.usage.output_tokens") == "100");
    CHECK(Heard::field(attempt, "gen_ai.response.id") == "chatcmpl-123");
    CHECK(Heard::field(attempt, "gen_ai.response.finish_reasons") == "stop;");
    CHECK(Heard::field(attempt, "gen_ai.response.model") == "gpt-4o-2024-08-06");
    CHECK(Heard::field(attempt, "http.response.status_code") == "200");
    CHECK(attempt.status == Span::Status::unset);
    CHECK(Heard::field(operation, "aikit.attempts") == "1");
}

TEST_CASE_FIXTURE(Fixture, "each try has a span within the operation's, and what is tried again is counted") {
    RuntimeConfig config;
    config.io = 0;
    config.clock = clock;
    Runtime runtime = Runtime::create(config).value();
    watched = watch(ObservedConfig(), make_retry(meter(fake), runtime, RetryConfig()).value());
    int calls = 0;
    fake->on_chat = [&]() -> Result<ChatReply> {
        if (++calls < 3) return failure(Errc::overloaded);
        return reply_of("hello", told(10, 1));
    };
    chat().value();
    std::vector<Span> const spans = heard->spans();
    REQUIRE(spans.size() == 4);
    Span const& operation = spans[3];
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(spans[i].parent == operation.context.span_id);
        CHECK(Heard::field(spans[i], "error.type") == (i < 2 ? "overloaded" : ""));
        CHECK((spans[i].status == Span::Status::error) == (i < 2));
    }
    CHECK(Heard::field(operation, "aikit.attempts") == "3");
    REQUIRE(operation.events.size() == 2);
    CHECK(operation.events[0].name == "aikit.retry");
    CHECK(operation.events[0].time == spans[1].start);
    REQUIRE(heard->counts("aikit.operation.retries").size() == 1);
    CHECK(heard->counts("aikit.operation.retries")[0].value == 2);
    runtime.close();
}

TEST_CASE_FIXTURE(Fixture, "a failure is told with its type and aikit's sentence") {
    fake->on_chat = []() -> Result<ChatReply> { return failure(Errc::rate_limited); };
    CHECK_FALSE(chat().has_value());
    CHECK(heard->records("gen_ai.client.operation.duration").at(0).labels.at("error.type") == "rate_limited");
    CHECK(heard->records("aikit.operation.duration").at(0).labels.at("error.type") == "rate_limited");
    for (Span const& span : heard->spans()) {
        CHECK(span.status == Span::Status::error);
        CHECK(span.message == "as scripted");
    }
}

TEST_CASE_FIXTURE(Fixture, "a caller's trace goes on, and one that is not sampled has metrics and no spans") {
    CallOptions options;
    options.trace = w3c_example;
    chat(options).value();
    REQUIRE(heard->spans().size() == 2);
    Span const operation = heard->spans()[1];
    CHECK(trace_hex(operation.context.trace_id) == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(trace_hex(operation.parent) == "00f067aa0ba902b7");

    options.trace.back() = '0';
    chat(options).value();
    CHECK(heard->spans().size() == 2);
    CHECK(heard->records("aikit.operation.duration").size() == 2);
    CHECK(fake->calls.back().trace.ends_with("-00"));
}

TEST_CASE_FIXTURE(Fixture, "the share of new traces that is asked for is told") {
    ObservedConfig config;
    config.sample = 0;
    watched = watch(config);
    chat().value();
    CHECK(heard->spans().empty());
    config.sample = 0.5;
    watched = watch(config);
    for (int i = 0; i < 1'000; ++i) chat().value();
    // Six standard deviations around the half of a thousand, two spans each.
    CHECK(heard->spans().size() > 2 * 405);
    CHECK(heard->spans().size() < 2 * 595);
    config.sample = 1.5;
    config.observer = heard;
    config.clock = clock;
    CHECK(make_observed(fake, config).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "the times of a stream's pieces are told, and what it ended with") {
    pull(three_pieces());
    // The first event carries no text: the first piece comes with the second, ten milliseconds after it.
    REQUIRE(heard->records("gen_ai.client.operation.time_to_first_chunk").size() == 1);
    CHECK(heard->records("gen_ai.client.operation.time_to_first_chunk")[0].value == 20'000);
    std::vector<Heard::Value> const between = heard->records("gen_ai.client.operation.time_per_output_chunk");
    REQUIRE(between.size() == 2);
    for (Heard::Value const& piece : between) CHECK(piece.value == 10'000);
    CHECK(heard->records("aikit.operation.time_to_first_chunk").at(0).value == 20'000);
    CHECK(heard->records("gen_ai.client.operation.duration").at(0).value == 60'000);
    REQUIRE(heard->spans().size() == 2);
    Span const attempt = heard->spans()[0];
    CHECK(Heard::field(attempt, "gen_ai.request.stream") == "true");
    CHECK(Heard::field(attempt, "gen_ai.response.finish_reasons") == "length;");
    CHECK(Heard::field(attempt, "gen_ai.response.id") == "chatcmpl-9");
    CHECK(attempt.end - attempt.start == milliseconds(60));
}

TEST_CASE_FIXTURE(Fixture, "a stream that is let go is told once, as dropped, with its attempt") {
    pull(three_pieces(), 2);
    REQUIRE(heard->spans().size() == 2);
    for (Span const& span : heard->spans()) {
        CHECK(Heard::field(span, "error.type") == "dropped");
        CHECK(span.status == Span::Status::unset);
    }
    CHECK(heard->records("aikit.operation.duration").at(0).labels.at("error.type") == "dropped");
    CHECK(Heard::field(heard->spans()[1], "aikit.attempts") == "1");
}

TEST_CASE_FIXTURE(Fixture,
                  "no word of a request, a reply or a caller is told, and callers only where that is asked for") {
    CallOptions options;
    options.caller.user = "ann@example.com";
    options.caller.tenant = "canary-tenant";
    options.caller.key = "canary-key";
    options.idempotency_key = "canary-once";
    chat(options).value();
    for (char const* const word : {"secret", "ann@", "canary"}) {
        CAPTURE(word);
        CHECK(heard->all().find(word) == std::string::npos);
    }
    ObservedConfig config;
    config.tell_callers = true;
    watched = watch(config);
    chat(options).value();
    CHECK(Heard::field(heard->spans().back(), "user.id") == "ann@example.com");
    CHECK(Heard::field(heard->spans().back(), "aikit.tenant") == "canary-tenant");
    for (auto const& duration : heard->records("aikit.operation.duration")) CHECK(duration.labels.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "embeddings and moderations have names of their own, and a reply without tokens no usage") {
    fake->on_embed = [] {
        EmbedReply reply;
        reply.model = "text-embedding-3-small";
        reply.usage = told(12, 0);
        return reply;
    };
    fake->on_moderate = [] { return ModerateReply(); };
    EmbedRequest request;
    request.model = "text-embedding-3-small";
    drive(*clock, watched->embed(request, CallOptions())).value();
    drive(*clock, watched->moderate(ModerateRequest(), CallOptions())).value();
    drive(*clock, watched->models(CallOptions())).value();
    std::vector<std::string> names;
    for (Span const& span : heard->spans()) names.push_back(span.name);
    CHECK(names == std::vector<std::string>{"embeddings text-embedding-3-small", "aikit.embeddings", "moderation",
                                            "aikit.moderation", "aikit.models"});
    for (auto const& usage : heard->records("gen_ai.client.token.usage")) {
        CHECK(usage.labels.at("gen_ai.operation.name") == "embeddings");
    }
}

TEST_CASE_FIXTURE(Fixture,
                  "an attempt's own place in the trace is sent to the provider, and only where that is configured") {
    for (bool const propagate : {false, true}) {
        CAPTURE(propagate);
        RuntimeConfig runtime_config;
        runtime_config.io = 0;
        runtime_config.clock = clock;
        Runtime runtime = Runtime::create(runtime_config).value();
        auto transport = std::make_shared<testing::FakeTransport>(clock);
        transport->reply(200,
                         R"({"id":"x","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,
            "message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})");
        provider::OpenAiConfig openai;
        openai.api_key = Secret("sk-test");
        std::shared_ptr<AIProvider> const adapter = provider::make_openai(openai, runtime, transport).value();
        watched = watch(ObservedConfig(), meter(adapter, propagate));
        chat().value();
        net::HttpRequest const request = transport->sent().at(0);
        std::optional<std::string_view> const sent = request.headers.find("traceparent");
        CHECK(sent.has_value() == propagate);
        std::vector<Span> const spans = heard->spans();
        if (propagate) CHECK(*sent == spans[spans.size() - 2].context.traceparent());
        runtime.close();
    }
}

TEST_CASE_FIXTURE(Fixture, "without an observer there is no decorator, and what is missing is named") {
    ObservedConfig config;
    CHECK(make_observed(fake, config).value() == fake);
    CHECK(make_observed(nullptr, config).error().code == Errc::invalid_argument);
    config.observer = heard;
    CHECK(make_observed(fake, config).error().message.find("clock") != std::string::npos);
}

}  // namespace
}  // namespace aikit::policy
