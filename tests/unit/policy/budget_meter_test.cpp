// SPDX-License-Identifier: MIT
// Covers budgets under a meter: what is set aside before a call, and what becomes of it on every way out.
#include "support.hpp"
#include "support/heard.hpp"

#include <aikit/policy/budget.hpp>

#include <doctest/doctest.h>

#include <future>

namespace aikit::policy {
namespace {

Money usd(char const* text) {
    return Money::from_usd(text).value();
}

BudgetRule budget(char const* cost) {
    BudgetRule rule;
    rule.name = "all";
    rule.window = BudgetWindow::total;
    rule.cost = usd(cost);
    return rule;
}

/// "abcd" is never more than 4 tokens.
std::vector<Step> stream_of(int pieces) {
    ReplyStarted started;
    started.model = "gpt-4o-2024-08-06";
    ChoiceFinished end;
    end.reason = FinishReason::stop;
    Finished finished;
    finished.usage = told(10, pieces);
    std::vector<Step> steps{started};
    for (int i = 0; i < pieces; ++i) steps.emplace_back(TextDelta(0, "abcd"));
    steps.emplace_back(end);
    steps.emplace_back(finished);
    return steps;
}

struct Fixture {
    explicit Fixture(BudgetRule rule, std::vector<CostControl> controls = {}) {
        BudgetsConfig config;
        config.budgets = {std::move(rule)};
        config.controls = std::move(controls);
        config.patience = std::chrono::milliseconds(0);
        database = testing::run(storage::Database::open(runtime, storage::DatabaseConfig())).value();
        budgets = BudgetGuardian::create(database, std::move(config)).value();
        MeterConfig how;
        how.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
        how.clock = clock;
        how.budgets = budgets;
        how.observer = heard;
        how.unknown_price = UnknownPrice::allow;
        metered = make_meter(fake, std::move(how)).value();
    }
    ~Fixture() {
        metered.reset();
        budgets.reset();
        database.close();
        runtime.close();
    }

    static ChatRequest request(std::int64_t max_tokens, std::string model = "gpt-4o") {
        ChatRequest made(std::move(model), "Say hello.");
        made.max_tokens = max_tokens;
        return made;
    }
    Result<ChatReply> chat(ChatRequest request) const { return testing::run(metered->chat(std::move(request))); }

    /// What a stream ended with after at most so many events; and its facts.
    Result<CallInfo> pull(int events, std::int64_t max_tokens = 100) const {
        auto task = [](std::shared_ptr<AIProvider> model, ChatRequest asked, int most) -> Task<CallInfo> {
            Task<ChatStream> opening = model->stream_chat(std::move(asked));
            Result<ChatStream> stream = co_await std::move(opening);
            if (!stream) co_return stream.error();
            for (int i = 0; i != most; ++i) {
                Result<std::optional<ChatEvent>> event = co_await stream->next();
                if (!event) co_return event.error();
                if (!*event) break;
            }
            co_return stream->info();
        };
        return testing::run(task(metered, request(max_tokens), events));
    }

    BudgetStatus status() const {
        std::vector<BudgetStatus> const all = testing::run(budgets->status()).value();
        REQUIRE(all.size() == 1);
        return all[0];
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    std::shared_ptr<aikit_test::Heard> heard = std::make_shared<aikit_test::Heard>();
    Runtime runtime = Runtime::create().value();
    storage::Database database;
    std::shared_ptr<BudgetGuardian> budgets;
    std::shared_ptr<AIProvider> metered;
};

}  // namespace

TEST_CASE("a call that does not fit is refused before a byte is sent") {
    Fixture f(budget("0.001"));
    Result<ChatReply> const reply = f.chat(Fixture::request(1'000));
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == Errc::budget_exceeded);
    CHECK(f.fake->calls.empty());
}

TEST_CASE("what budgets refuse is counted for an observer, and is no attempt") {
    Fixture f(budget("0.001"));
    CHECK_FALSE(f.chat(Fixture::request(1'000)).has_value());
    CHECK_FALSE(f.pull(1, 1'000).has_value());
    std::vector<aikit_test::Heard::Value> const refusals = f.heard->counts("aikit.budget.refusals");
    REQUIRE(refusals.size() == 2);
    for (aikit_test::Heard::Value const& refusal : refusals) {
        CHECK(refusal.value == 1);
        CHECK(refusal.labels.at("error.type") == "budget_exceeded");
        CHECK(refusal.labels.at("gen_ai.request.model") == "gpt-4o");
    }
    CHECK(f.heard->spans().empty());
    CHECK(f.heard->records("gen_ai.client.operation.duration").empty());
}

TEST_CASE("a model without a price is refused under a budget of money although its meter would let it run") {
    Fixture f(budget("1"));
    CHECK(f.chat(Fixture::request(10, "nobody-knows-it")).error().code == Errc::unknown_price);
    CHECK(f.fake->calls.empty());
}

TEST_CASE("whatever a call comes to, it is settled to its cost and nothing stays set aside") {
    struct Way {
        char const* name;
        std::function<void(FakeProvider&)> how;
        Money least, most;
    };
    std::vector<Way> const ways{
        {"answered", [](FakeProvider& p) { p.on_chat = [] { return reply_of("hi", told(1'000, 100)); }; },
         usd("0.0035"), usd("0.0035")},
        {"refused", [](FakeProvider& p) { p.on_chat = [] { return failure(Errc::invalid_request); }; }, Money(),
         Money()},
        {"lost", [](FakeProvider& p) { p.on_chat = [] { return failure(Errc::timeout, true); }; }, usd("0.000001"),
         usd("0.01")},
        {"thrown", [](FakeProvider& p) { p.throws = true; }, usd("0.002"), usd("0.01")},
    };
    for (Way const& way : ways) {
        Fixture f(budget("1"));
        way.how(*f.fake);
        (void)f.chat(Fixture::request(200));
        CAPTURE(way.name);
        BudgetStatus const status = f.status();
        CHECK(status.held_cost == Money());
        CHECK(status.cost >= way.least);
        CHECK(status.cost <= way.most);
    }
}

TEST_CASE("a call that may have run counts with the most it can have come to") {
    Fixture f(budget("1"));
    f.fake->on_chat = [] { return failure(Errc::timeout, true); };
    (void)f.chat(Fixture::request(2'000));
    // 2,000 tokens at 10 dollars a million, and some to read.
    CHECK(f.status().cost >= usd("0.02"));
    CHECK(f.status().cost < usd("0.021"));
    CHECK(f.status().tokens > 2'000);
    CHECK(f.status().tokens < 2'100);
}

TEST_CASE("a stream that is cut counts with the upper end of what its answer is taken for, and no unwritten token") {
    Fixture f(budget("1"));
    f.fake->on_stream = [] {
        std::vector<Step> steps = stream_of(10);
        steps.resize(8);
        steps.emplace_back(failure(Errc::incomplete, true));
        return steps;
    };
    CHECK(f.pull(-1, 16'000).error().code == Errc::incomplete);
    BudgetStatus const status = f.status();
    CHECK(status.cost >= usd("0.00007"));
    CHECK(status.cost < usd("0.002"));
    CHECK(status.tokens < 200);
}

TEST_CASE("a stream of long pieces sets aside what the next may hold before it comes") {
    // Each piece is 2,000 bytes, of which the provider counts each as a token.
    Fixture f(budget("0.45"));
    for (int i = 0; i < 20; ++i) (void)f.budgets->learn_output("openai/gpt-4o//plain", 10);
    f.fake->on_stream = [] {
        std::vector<Step> steps = stream_of(0);
        steps.insert(steps.begin() + 1, 12, TextDelta(0, std::string(2'000, 'x')));
        return steps;
    };
    auto task = [](std::shared_ptr<AIProvider> model, std::shared_ptr<BudgetGuardian> budgets) -> Task<int> {
        Task<ChatStream> opening = model->stream_chat(Fixture::request(30'000));
        Result<ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        int short_of = 0;
        std::int64_t delivered = 0;
        for (;;) {
            Task<std::vector<BudgetStatus>> asking = budgets->status();
            Result<std::vector<BudgetStatus>> const before = co_await std::move(asking);
            Result<std::optional<ChatEvent>> event = co_await stream->next();
            if (!event) co_return event.error();
            if (!*event) break;
            if (!std::holds_alternative<TextDelta>(**event)) continue;
            delivered += 2'000;
            bool const first = delivered == 2'000;
            if (!first && (*before)[0].held_cost < Money::nanos(delivered * 10'000)) ++short_of;
        }
        co_return short_of;
    };
    CHECK(testing::run(task(f.metered, f.budgets)).value() == 0);
}

TEST_CASE("a stream let go at any event, or broken there, is settled and nothing stays set aside") {
    for (int events = 0; events < 14; ++events) {
        for (bool const breaks : {false, true}) {
            Fixture f(budget("1"));
            f.fake->on_stream = [&]() -> Result<std::vector<Step>> {
                std::vector<Step> steps = stream_of(10);
                if (breaks && events < static_cast<int>(steps.size())) {
                    steps.resize(static_cast<std::size_t>(events));
                    steps.emplace_back(failure(Errc::connection, true));
                }
                return steps;
            };
            (void)f.pull(breaks ? -1 : events);
            CAPTURE(events);
            BudgetStatus const status = f.status();
            CHECK(status.held_cost == Money());
            CHECK(status.cost > Money());
            CHECK(status.cost < usd("0.01"));
        }
    }
}

TEST_CASE("a huge max_tokens does not freeze a budget once the length of answers is known") {
    Fixture f(budget("0.30"));
    f.fake->on_stream = [] { return stream_of(10); };
    // 16,000 tokens at 10 dollars a million: more than half of the budget, until twenty answers are known.
    for (int i = 0; i < 20; ++i) REQUIRE(f.pull(-1, 16'000).has_value());
    auto several = [](std::shared_ptr<AIProvider> model, int count) -> Task<int> {
        std::vector<ChatStream> open;
        for (int i = 0; i < count; ++i) {
            ChatRequest request = Fixture::request(16'000);
            Task<ChatStream> opening = model->stream_chat(std::move(request));
            Result<ChatStream> stream = co_await std::move(opening);
            if (stream) open.push_back(std::move(*stream));
        }
        co_return static_cast<int>(open.size());
    };
    CHECK(testing::run(several(f.metered, 20)).value() == 20);
}

TEST_CASE("a stream that outgrows its budget is stopped, typed, and never overspends it") {
    Fixture f(budget("0.06"));
    f.fake->on_stream = [] { return stream_of(10); };
    for (int i = 0; i < 20; ++i) (void)f.budgets->learn_output("openai/gpt-4o//plain", 10);
    f.fake->on_stream = [] { return stream_of(100'000); };
    Result<CallInfo> const stopped = f.pull(-1, 16'000);
    REQUIRE_FALSE(stopped.has_value());
    CHECK(stopped.error().code == Errc::budget_exceeded);
    BudgetStatus const status = f.status();
    CHECK(status.cost <= usd("0.06"));
    CHECK(status.cost > usd("0.001"));
    CHECK(status.held_cost == Money());
}

TEST_CASE("controls are applied in their order, and told") {
    CostControl cheaper;
    cheaper.action = CostControl::Action::cheaper_model;
    cheaper.models = {{"gpt-4o", "gpt-4o-mini"}};
    CostControl shorter;
    shorter.action = CostControl::Action::lower_max_tokens;
    shorter.max_tokens = 100;
    Fixture f(budget("0.005"), {cheaper, shorter});
    f.fake->on_chat = [] { return reply_of("hi", told(10, 10), "gpt-4o-mini-2024-07-18"); };
    Result<ChatReply> const cheap = f.chat(Fixture::request(1'000));
    REQUIRE(cheap.has_value());
    REQUIRE(cheap->info.warnings.size() == 1);
    CHECK(cheap->info.warnings[0].find("'gpt-4o-mini'") != std::string::npos);
    Result<ChatReply> const both = f.chat(Fixture::request(16'000));
    REQUIRE(both.has_value());
    CHECK(both->info.warnings.size() == 2);
    CHECK(f.chat(Fixture::request(1'000, "gpt-4")).error().code == Errc::budget_exceeded);
}

TEST_CASE("a control with a mark is applied before the budget is at its end") {
    CostControl shorter;
    shorter.action = CostControl::Action::lower_max_tokens;
    shorter.max_tokens = 50;
    shorter.at = 50;
    Fixture f(budget("0.01"), {shorter});
    f.fake->on_chat = [] { return reply_of("hi", told(1'000, 300)); };
    REQUIRE(f.chat(Fixture::request(300))->info.warnings.empty());  // 0.0055
    REQUIRE(testing::run(f.budgets->flush()).has_value());
    Result<ChatReply> const later = f.chat(Fixture::request(300));
    REQUIRE(later.has_value());
    CHECK(later->info.warnings.size() == 1);
}

TEST_CASE("what queues gets its room when another call gives it back") {
    CostControl queue;
    queue.action = CostControl::Action::queue;
    queue.longest_wait = std::chrono::seconds(20);
    Fixture f(budget("0.02"), {queue});
    f.fake->on_chat = [] { return reply_of("hi", told(10, 10)); };
    BudgetedCall other;
    other.cost = usd("0.018");
    BudgetGuardian::Hold hold = testing::run(f.budgets->check_request_allowance(other)).value();
    std::future<bool> waiting =
        std::async(std::launch::async, [&f] { return f.chat(Fixture::request(1'000)).has_value(); });
    CHECK(waiting.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    hold.settle(Money(), 0);
    CHECK(waiting.get());
}

TEST_CASE("an embedding is held against budgets too") {
    Fixture f(budget("0.0000001"));
    f.fake->on_embed = [] { return EmbedReply(); };
    EmbedRequest request;
    request.model = "text-embedding-3-large";
    request.inputs.emplace_back(TextPart{"some words that cost more than that"});
    CHECK(testing::run(f.metered->embed(request)).error().code == Errc::budget_exceeded);
    CHECK(f.fake->calls.empty());
}

}  // namespace aikit::policy
