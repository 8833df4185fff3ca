// SPDX-License-Identifier: MIT
// Covers src/cost/model_limits and what meter takes from the catalog and the answer: a model's own limits, other
// names of models, the tier that served, the account's limits.
#include "cost/model_limits.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

constexpr char prices[] = R"({"form": 1, "version": "test", "aliases": {}, "providers": [{"id": "openai", "models": [
    {"id": "plain", "match": {"equals": "plain"}, "lacks": ["audio", "document", "image", "tools"], "max_output": 100,
     "prices": [{"input": "1", "output": "1"}], "tiers": {"flex": {"input": "0.5", "output": "0.5"}}},
    {"id": "thinker", "match": {"equals": "thinker"}, "reasoning": true, "prices": [{"input": "2", "output": "2"}]}]}]})";

struct Fixture {
    Fixture() {
        fake->on_chat = [] { return reply_of("hello", told(1'000'000, 0), "a name nobody knows"); };
        fake->on_stream = [this]() -> Result<std::vector<Step>> { return steps; };
    }

    std::shared_ptr<AIProvider> meter(MeterConfig config = MeterConfig()) {
        std::shared_ptr<cost::PriceCatalog const> const catalog = cost::PriceCatalog::parse(prices).value();
        config.costs = std::make_shared<cost::CostIntelligence const>(catalog, clock);
        config.clock = clock;
        return make_meter(fake, std::move(config)).value();
    }

    Result<ChatReply> chat(ChatRequest request, MeterConfig config = MeterConfig()) {
        std::shared_ptr<AIProvider> const metered = meter(std::move(config));
        return drive(*clock, metered->chat(std::move(request), CallOptions()));
    }

    Result<CallInfo> pull() {
        auto task = [](std::shared_ptr<AIProvider> model) -> Task<CallInfo> {
            Task<ChatStream> opening = model->stream_chat(ChatRequest("plain", "Say hello."), CallOptions());
            Result<ChatStream> stream = co_await std::move(opening);
            if (!stream) co_return stream.error();
            for (;;) {
                Result<std::optional<ChatEvent>> event = co_await stream->next();
                if (!event || !*event) break;
            }
            co_return stream->info();
        };
        return drive(*clock, task(meter()));
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    std::vector<Step> steps;
};

MediaPart media(MediaPart::Kind kind) {
    MediaPart part;
    part.kind = kind;
    part.url = "https://example.com/x";
    return part;
}

std::shared_ptr<RateLimits const> some_limits() {
    RateLimits limits;
    limits.requests.remaining = 7;
    return std::make_shared<RateLimits const>(limits);
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what a model is known not to take is unsupported before anything is sent") {
    std::vector<ChatRequest> requests;
    for (MediaPart::Kind const kind : {MediaPart::Kind::image, MediaPart::Kind::document, MediaPart::Kind::audio}) {
        requests.emplace_back("plain", "Look.").messages.back().parts.emplace_back(media(kind));
        ToolResult result;
        result.call_id = "c";
        result.content.emplace_back(media(kind));
        requests.emplace_back("plain", "Look.").messages.emplace_back(Role::tool).parts.emplace_back(std::move(result));
    }
    requests.emplace_back("plain", "Look.").tools.emplace_back().name = "look";
    for (ChatRequest& request : requests) {
        Result<ChatReply> const refused = chat(request);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == Errc::unsupported);
        CHECK(refused.error().message.find("plain") != std::string::npos);
        CHECK(fake->calls.empty());
        // Of another model nothing of the kind is known: its provider decides.
        request.model = "thinker";
        CHECK(chat(request).has_value());
        fake->calls.clear();
    }
    CHECK(chat(ChatRequest("plain", "Only words.")).has_value());
}

TEST_CASE_FIXTURE(Fixture, "a limit beyond what the model writes is asked for as it is, with a warning") {
    for (std::int64_t const limit : {99, 100, 101}) {
        ChatRequest request("plain", "Write.");
        request.max_tokens = limit;
        std::vector<std::string> const warnings = chat(request).value().info.warnings;
        CHECK(warnings.size() == (limit > 100 ? 1 : 0));
    }
}

TEST_CASE_FIXTURE(Fixture, "models that reason may be silent for longer, unless the caller says how long") {
    MeterConfig config;
    config.idle_reasoning = std::chrono::minutes(5);
    CHECK(chat(ChatRequest("thinker", "Hm?"), config).has_value());
    CHECK(fake->calls.back().limits.idle == std::chrono::minutes(5));
    CHECK(chat(ChatRequest("plain", "Hm?"), config).has_value());
    CHECK_FALSE(fake->calls.back().limits.idle.has_value());
    std::shared_ptr<AIProvider> const metered = meter(config);
    CallOptions own;
    own.limits.idle = std::chrono::seconds(1);
    CHECK(drive(*clock, metered->chat(ChatRequest("thinker", "Hm?"), own)).has_value());
    CHECK(fake->calls.back().limits.idle == std::chrono::seconds(1));
}

TEST_CASE_FIXTURE(Fixture, "a deployment is priced as the model that it is said to be, before it answers too") {
    CHECK(chat(ChatRequest("my-deployment", "Hi")).error().code == Errc::unknown_price);
    MeterConfig config;
    config.price_models["my-deployment"] = "plain";
    CHECK(chat(ChatRequest("my-deployment", "Hi"), config).value().info.cost == Money::from_usd("1").value());
    fake->on_chat = [] { return reply_of("hello", told(1'000'000, 0), "thinker"); };
    CHECK(chat(ChatRequest("my-deployment", "Hi"), config).value().info.cost == Money::from_usd("2").value());
    // What may have run is estimated by that price as well.
    fake->on_chat = []() -> Result<ChatReply> { return failure(Errc::connection, true); };
    CallOptions options;
    options.attempts = std::make_shared<std::vector<Attempt>>();
    std::shared_ptr<AIProvider> const metered = meter(config);
    CHECK_FALSE(drive(*clock, metered->chat(ChatRequest("my-deployment", "Hi"), options)).has_value());
    REQUIRE(options.attempts->size() == 1);
    CHECK(options.attempts->front().price_id == "openai/plain#default");
    CHECK(options.attempts->front().usage.input > 0);
}

TEST_CASE_FIXTURE(Fixture, "a stream is billed by the tier that it says it was served in") {
    ExtraDelta tier;
    tier.json = R"({"service_tier": "flex"})";
    Finished end;
    end.usage = told(1'000'000, 0);
    steps = {ReplyStarted(), tier, end};
    CHECK(pull().value().price_id == "openai/plain#flex");
    tier.json = R"({"service_tier": "scale", "other": 1})";
    steps = {ReplyStarted(), tier, end};
    CHECK(pull().value().price_id == "openai/plain#default");
}

TEST_CASE_FIXTURE(Fixture, "what the headers said of limits stands beside the attempt, whether it worked or not") {
    fake->on_chat = [] {
        ChatReply reply = reply_of("hello", told(10, 0));
        reply.info.attempts.emplace_back().rate_limits = some_limits();
        reply.info.attempts.back().provider_request_id = "req_1";
        return reply;
    };
    Result<ChatReply> const reply = chat(ChatRequest("plain", "Hi"));
    REQUIRE(reply.value().info.attempts.size() == 1);
    CHECK(reply->info.attempts.front().rate_limits->requests.remaining == 7);
    CHECK(reply->info.attempts.front().provider_request_id == "req_1");
    fake->on_chat = []() -> Result<ChatReply> {
        Error error = failure(Errc::rate_limited);
        error.rate_limits = some_limits();
        return error;
    };
    CallOptions options;
    options.attempts = std::make_shared<std::vector<Attempt>>();
    std::shared_ptr<AIProvider> const metered = meter();
    CHECK_FALSE(drive(*clock, metered->chat(ChatRequest("plain", "Hi"), options)).has_value());
    CHECK(options.attempts->at(0).rate_limits->requests.remaining == 7);
}

}  // namespace aikit::policy
