// SPDX-License-Identifier: MIT
// Covers policy/tiers: who is in which tier, what it includes, and how many things a member may have.
#include "support.hpp"

#include <aikit/model/batch.hpp>
#include <aikit/policy/tiers.hpp>

#include <doctest/doctest.h>

#include <thread>

namespace aikit::inline v0::policy {
namespace {

/// Takes every call and remembers its caller's tier.
class Taker final : public AIProvider, public BatchApi {
public:
    std::string const& name() const noexcept override { return name_; }
    Task<ChatReply> chat(ChatRequest, CallOptions options) override { return take<ChatReply>(std::move(options)); }
    Task<ChatStream> stream_chat(ChatRequest, CallOptions options) override {
        return take<ChatStream>(std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest, CallOptions options) override { return take<EmbedReply>(std::move(options)); }
    Task<ModerateReply> moderate(ModerateRequest, CallOptions options) override {
        return take<ModerateReply>(std::move(options));
    }
    BatchApi* batch() noexcept override { return this; }
    Task<BatchJob> create(BatchRequest, CallOptions options) override { return take<BatchJob>(std::move(options)); }
    Task<BatchJob> poll(JobHandle, CallOptions options) override { return take<BatchJob>(std::move(options)); }
    Task<BatchResults> results(JobHandle, CallOptions options) override {
        return take<BatchResults>(std::move(options));
    }
    Task<BatchJob> cancel(JobHandle, CallOptions options) override { return take<BatchJob>(std::move(options)); }
    Task<BatchList> list(PageQuery, CallOptions options) override { return take<BatchList>(std::move(options)); }

    std::vector<std::string> tiers;

private:
    template <class Reply>
    Task<Reply> take(CallOptions options) {
        tiers.push_back(options.caller.tier);
        co_return Reply();
    }

    std::string name_ = "p";
};

Caller user(std::string name) {
    Caller caller;
    caller.user = std::move(name);
    return caller;
}

CallOptions options_of(Caller caller) {
    CallOptions options;
    options.caller = std::move(caller);
    return options;
}

SubscriptionTier tier_of_name(std::string name) {
    SubscriptionTier tier;
    tier.name = std::move(name);
    return tier;
}

struct Fixture {
    Fixture() {
        RuntimeConfig runtime_config;
        runtime_config.clock = clock;
        runtime = Runtime::create(std::move(runtime_config)).value();
        clock->set_system(from_rfc3339("2026-03-10T12:00:00Z").value());
        database = testing::run(storage::Database::open(runtime, storage::DatabaseConfig())).value();
        config.tiers = {tier_of_name("small"), tier_of_name("large")};
    }
    ~Fixture() {
        database.close();
        runtime.close();
    }

    std::shared_ptr<SubscriptionTiers> make(std::shared_ptr<BudgetGuardian> guardian = nullptr) {
        return SubscriptionTiers::create(database, config, std::move(guardian)).value();
    }
    std::shared_ptr<AIProvider> provider() { return make_tiered(taker, make()).value(); }
    static std::string tier(std::shared_ptr<SubscriptionTiers> const& tiers, Caller caller) {
        Result<std::string> const found = testing::run(tiers->tier_of(std::move(caller)));
        return found ? *found : name(found.error().code);
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    Runtime runtime;
    storage::Database database;
    TiersConfig config;
    std::shared_ptr<Taker> taker = std::make_shared<Taker>();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a member is in the tier that the call names, else the assigned, the configured, the first") {
    config.members["bob"] = "large";
    auto const tiers = make();
    CHECK(tier(tiers, user("ann")) == "small");
    CHECK(tier(tiers, user("bob")) == "large");
    CHECK(tier(tiers, Caller()) == "");

    CHECK(testing::run(tiers->assign("ann", "large")).has_value());
    CHECK(testing::run(tiers->assign("bob", "small")).has_value());
    CHECK(tier(tiers, user("ann")) == "large");
    CHECK(tier(tiers, user("bob")) == "small");

    Caller told = user("ann");
    told.tier = "small";
    CHECK(tier(tiers, told) == "small");
    told.tier = "huge";
    CHECK(tier(tiers, told) == "invalid_argument");

    CHECK(testing::run(tiers->assign("bob", "")).has_value());
    CHECK(tier(tiers, user("bob")) == "large");
    CHECK(testing::run(tiers->assign("ann", "huge")).error().code == Errc::not_found);
    CHECK(testing::run(tiers->assign("", "small")).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "what another process assigns is seen within five seconds") {
    auto const here = make(), there = make();
    CHECK(tier(here, user("ann")) == "small");
    CHECK(testing::run(there->assign("ann", "large")).has_value());
    CHECK(tier(here, user("ann")) == "small");
    clock->advance(std::chrono::milliseconds(5'001));
    CHECK(tier(here, user("ann")) == "large");
}

TEST_CASE_FIXTURE(Fixture, "an assigned tier that is configured no more counts as none") {
    CHECK(testing::run(make()->assign("ann", "large")).has_value());
    config.tiers.pop_back();
    CHECK(tier(make(), user("ann")) == "small");
    CHECK_FALSE(testing::run(make()->status("ann")).value().since);
}

TEST_CASE_FIXTURE(Fixture, "every operation is told its caller's tier, whether it is known or has to be read") {
    auto const tiered = provider();
    CallOptions const options = options_of(user("ann"));
    for (int round = 0; round < 2; ++round) {
        taker->tiers.clear();
        CHECK(testing::run(tiered->chat(ChatRequest("m", "Hi"), options)).has_value());
        CHECK(testing::run(tiered->stream_chat(ChatRequest("m", "Hi"), options)).has_value());
        CHECK(testing::run(tiered->embed(EmbedRequest(), options)).has_value());
        CHECK(testing::run(tiered->moderate(ModerateRequest(), options)).has_value());
        CHECK(testing::run(tiered->batch()->create(BatchRequest(), options)).has_value());
        CHECK(testing::run(tiered->batch()->poll(JobHandle(), options)).has_value());
        CHECK(testing::run(tiered->batch()->results(JobHandle(), options)).has_value());
        CHECK(testing::run(tiered->batch()->cancel(JobHandle(), options)).has_value());
        CHECK(testing::run(tiered->batch()->list(PageQuery(), options)).has_value());
        CHECK(taker->tiers == std::vector<std::string>(9, "small"));
    }
    CHECK(testing::run(tiered->chat(ChatRequest("m", "Hi"), CallOptions())).has_value());
    CHECK(taker->tiers.back() == "");
}

TEST_CASE_FIXTURE(Fixture, "a tier without a feature refuses each call that needs it, and nothing is sent") {
    ChatRequest with_tool("m", "Hi");
    with_tool.tools.emplace_back();
    auto const with_media = [](MediaPart::Kind kind) {
        MediaPart media;
        media.kind = kind;
        media.url = "https://example.org/it";
        ChatRequest request("m", "Look");
        request.messages[0].parts.emplace_back(media);
        return request;
    };
    ToolResult result;
    result.content.emplace_back(MediaPart());
    ChatRequest with_result("m", "Hi");
    with_result.messages.emplace_back(Role::tool).parts.emplace_back(result);

    using Provider = std::shared_ptr<AIProvider>;
    struct Case {
        char const* feature;
        std::function<Errc(Provider const&, CallOptions)> call;
    };
    auto const code = [](auto const& outcome) { return outcome ? Errc::internal : outcome.error().code; };
    auto const chat = [&](ChatRequest request) {
        return [=](Provider const& p, CallOptions o) { return code(testing::run(p->chat(request, o))); };
    };
    std::vector<Case> const cases{
        {"chat", chat(ChatRequest("m", "Hi"))},
        {"chat", [&](Provider const& p,
                     CallOptions o) { return code(testing::run(p->stream_chat(ChatRequest("m", "Hi"), o))); }},
        {"tools", chat(with_tool)},
        {"images", chat(with_media(MediaPart::Kind::image))},
        {"images", chat(with_result)},
        {"documents", chat(with_media(MediaPart::Kind::document))},
        {"audio", chat(with_media(MediaPart::Kind::audio))},
        {"embed", [&](Provider const& p, CallOptions o) { return code(testing::run(p->embed(EmbedRequest(), o))); }},
        {"moderate",
         [&](Provider const& p, CallOptions o) { return code(testing::run(p->moderate(ModerateRequest(), o))); }},
        {"batch",
         [&](Provider const& p, CallOptions o) { return code(testing::run(p->batch()->create(BatchRequest(), o))); }},
        {"batch",
         [&](Provider const& p, CallOptions o) { return code(testing::run(p->batch()->poll(JobHandle(), o))); }},
    };
    std::vector<std::string> const all{"chat", "embed", "moderate", "tools", "images", "documents", "audio", "batch"};
    for (Case const& one : cases) {
        CAPTURE(one.feature);
        config.tiers[0].features = all;
        CHECK(one.call(provider(), options_of(user("ann"))) == Errc::internal);  // no error
        std::erase(*config.tiers[0].features, one.feature);
        taker->tiers.clear();
        auto const without = provider();
        CHECK(one.call(without, options_of(user("ann"))) == Errc::permission);
        CHECK(one.call(without, options_of(user("ann"))) == Errc::permission);
        CHECK(taker->tiers.empty());
        CHECK(one.call(without, CallOptions()) == Errc::internal);
    }
}

TEST_CASE_FIXTURE(Fixture, "a tier with models refuses all others, in batches too") {
    struct Case {
        std::vector<std::string> models;
        std::vector<std::string> may, may_not;
    };
    std::vector<Case> const cases{
        {{"p/a"}, {"a"}, {"ab", "b", ""}},
        {{"p/a*"}, {"a", "ab"}, {"b"}},
        {{"q/a", "p/*"}, {"a", "b", ""}, {}},
        {{"q/*"}, {}, {"a"}},
        {{"*"}, {"a", ""}, {}},
    };
    for (Case const& one : cases) {
        config.tiers[0].models = one.models;
        auto const tiered = provider();
        auto const asked = [&](std::string const& model) {
            bool const chat = testing::run(tiered->chat(ChatRequest(model, "Hi"), options_of(user("ann")))).has_value();
            BatchRequest batch;
            batch.items.emplace_back("1", ChatRequest(model, "Hi"));
            CHECK(testing::run(tiered->batch()->create(batch, options_of(user("ann")))).has_value() == chat);
            return chat;
        };
        for (std::string const& model : one.may) CHECK(asked(model));
        for (std::string const& model : one.may_not) CHECK_FALSE(asked(model));
    }
    config.tiers[0].models = {"p/a"};
    BatchRequest file;
    file.input_file = "file-1";
    CHECK(testing::run(provider()->batch()->create(file, options_of(user("ann")))).error().code == Errc::permission);
}

TEST_CASE_FIXTURE(Fixture, "a tier's month holds each of its members, and nobody else") {
    config.tiers[0].monthly_tokens = 1'000;
    config.tiers[1].monthly_tokens = 5'000;
    config.tiers[1].monthly_cost = Money::nanos(7);
    BudgetsConfig budgets;
    budgets.patience = std::chrono::milliseconds(0);
    budgets.budgets = tier_budgets(config);
    auto const guardian = BudgetGuardian::create(database, budgets).value();
    auto const tiers = make(guardian);
    auto const use = [&](std::string const& member, std::int64_t tokens, std::int64_t nanos = 0) {
        BudgetedCall call;
        call.provider = "p";
        call.model = "m";
        call.caller = user(member);
        call.caller.tier = tier(tiers, call.caller);
        call.cost = Money::nanos(nanos);
        call.tokens = tokens;
        Result<BudgetGuardian::Hold> hold = testing::run(guardian->check_request_allowance(call));
        if (!hold) return hold.error().code;
        hold->settle(Money::nanos(nanos), tokens);
        return Errc::internal;  // no error
    };
    CHECK(use("ann", 1'000, 100) == Errc::internal);
    CHECK(use("ann", 1) == Errc::budget_exceeded);
    CHECK(use("bob", 999) == Errc::internal);
    CHECK(use("", 10'000) == Errc::internal);

    CHECK(testing::run(tiers->assign("ann", "large")).has_value());
    CHECK(use("ann", 4'999, 7) == Errc::internal);
    CHECK(use("ann", 1, 1) == Errc::budget_exceeded);
    CHECK(use("ann", 2) == Errc::budget_exceeded);

    TierStatus const ann = testing::run(tiers->status("ann")).value();
    CHECK(ann.tier == "large");
    CHECK(ann.since == from_rfc3339("2026-03-10T12:00:00Z").value());
    CHECK(ann.use.value().tokens == 4'999);
    CHECK(ann.use.value().token_limit == 5'000);
    CHECK(ann.use.value().cost == Money::nanos(7));

    clock->set_system(from_rfc3339("2026-04-01T00:00:00Z").value());
    CHECK(use("ann", 5'000) == Errc::internal);
}

TEST_CASE_FIXTURE(Fixture, "of many who claim the last ones of a kind at once, as many get one as there are") {
    config.tiers[0].counts["reports"] = 7;
    auto const one = make(), other = make();
    std::atomic<int> got = 0, refused = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 10; ++i) {
                std::string const id = std::to_string(thread * 10 + i);
                Result<bool> const claimed = testing::run((i % 2 ? one : other)->claim(user("ann"), "reports", id));
                if (claimed && *claimed) ++got;
                if (!claimed && claimed.error().code == Errc::quota_exceeded) ++refused;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(got == 7);
    CHECK(refused == 33);
    CHECK(testing::run(one->status("ann")).value().counts.at(0).used == 7);
}

TEST_CASE_FIXTURE(Fixture, "what a member has is counted by its id, and room is made by what is gone") {
    config.tiers[0].counts = {{"conversations", 1}, {"reports", 0}};
    auto const tiers = make();
    auto const claim = [&](std::string const& member, std::string const& kind, std::string const& id) {
        Result<bool> const done = testing::run(tiers->claim(user(member), kind, id));
        return done ? std::string(*done ? "new" : "there") : std::string(name(done.error().code));
    };
    CHECK(claim("ann", "conversations", "a") == "new");
    CHECK(claim("ann", "conversations", "a") == "there");
    CHECK(claim("ann", "conversations", "b") == "quota_exceeded");
    CHECK(claim("bob", "conversations", "b") == "new");
    CHECK(claim("ann", "reports", "r") == "quota_exceeded");
    CHECK(claim("ann", "plans", "p") == "new");
    CHECK(claim("", "reports", "r") == "there");  // the program's own is not counted
    CHECK(claim("ann", "", "r") == "invalid_argument");
    CHECK(claim("ann", "reports", "") == "invalid_argument");

    CHECK(testing::run(tiers->release(user("ann"), "conversations", "a")).value());
    CHECK_FALSE(testing::run(tiers->release(user("ann"), "conversations", "a")).value());
    CHECK(claim("ann", "conversations", "b") == "new");

    // A lower tier takes nothing away.
    CHECK(testing::run(tiers->assign("ann", "large")).has_value());
    CHECK(claim("ann", "conversations", "c") == "new");
    CHECK(testing::run(tiers->assign("ann", "small")).has_value());
    TierStatus const ann = testing::run(tiers->status("ann")).value();
    CHECK(ann.counts.size() == 3);
    CHECK(ann.counts[0].kind == "conversations");
    CHECK(ann.counts[0].used == 2);
    CHECK(ann.counts[0].limit == 1);
    CHECK(ann.counts[1].used == 1);
    CHECK_FALSE(ann.counts[1].limit);
    CHECK(ann.counts[2].used == 0);

    std::vector<TierStatus> const all = testing::run(tiers->members()).value();
    CHECK(all.size() == 2);
    CHECK(all[0].member == "ann");
    CHECK(all[1].member == "bob");
}

TEST_CASE_FIXTURE(Fixture, "members may be keys, tenants or projects") {
    for (LimitBy const by : {LimitBy::key, LimitBy::tenant, LimitBy::project}) {
        config.by = by;
        Caller caller;
        (by == LimitBy::key ? caller.key : by == LimitBy::tenant ? caller.tenant : caller.project) = "it";
        auto const tiers = make();
        CHECK(testing::run(tiers->assign("it", "large")).has_value());
        CHECK(tier(tiers, caller) == "large");
        CHECK(tier(tiers, user("it")) == "");
    }
}

TEST_CASE_FIXTURE(Fixture, "a feature of the program's own is asked for by its name") {
    config.tiers[0].features = {"chat"};
    config.tiers[1].features = {"chat", "shop:export"};
    auto const tiers = make();
    CHECK(testing::run(tiers->check_feature(user("ann"), "shop:export")).error().code == Errc::permission);
    CHECK(testing::run(tiers->assign("ann", "large")).has_value());
    CHECK(testing::run(tiers->check_feature(user("ann"), "shop:export")).has_value());
    CHECK(testing::run(tiers->check_feature(user("ann"), "export")).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "what a configuration of tiers lacks is told by the field's name") {
    struct Case {
        char const* field;
        std::function<void(TiersConfig&)> spoil;
    };
    std::vector<Case> const cases{
        {"tiers[0].name", [](TiersConfig& c) { c.tiers[0].name = ""; }},
        {"tiers[1].name", [](TiersConfig& c) { c.tiers[1].name = "small"; }},
        {"tiers[1].monthly_tokens", [](TiersConfig& c) { c.tiers[1].monthly_tokens = -1; }},
        {"tiers[0].monthly_cost", [](TiersConfig& c) { c.tiers[0].monthly_cost = Money::nanos(-1); }},
        {"tiers[0].counts.reports", [](TiersConfig& c) { c.tiers[0].counts["reports"] = -1; }},
        {"tiers[0].counts", [](TiersConfig& c) { c.tiers[0].counts[""] = 1; }},
        {"tiers[0].features", [](TiersConfig& c) { c.tiers[0].features = {"chatt"}; }},
        {"tiers[0].models", [](TiersConfig& c) { c.tiers[0].models = {"gpt-4o"}; }},
        {"tiers[0].models", [](TiersConfig& c) { c.tiers[0].models = {"p/*-mini"}; }},
        {"by", [](TiersConfig& c) { c.by = LimitBy::tag; }},
        {"default", [](TiersConfig& c) { c.default_tier = "huge"; }},
        {"members.ann", [](TiersConfig& c) { c.members["ann"] = "huge"; }},
    };
    for (Case const& one : cases) {
        TiersConfig spoilt = config;
        one.spoil(spoilt);
        Result<void> const checked = check(spoilt, "here.");
        CAPTURE(one.field);
        CHECK(checked.error().code == Errc::invalid_argument);
        CHECK(checked.error().message.rfind(std::string("here.") + one.field, 0) == 0);
    }
    CHECK(check(config, "").has_value());
    CHECK(check(TiersConfig(), "").has_value());
}

TEST_CASE("a configuration without tiers has free, pro and enterprise") {
    std::vector<BudgetRule> const rules = tier_budgets(TiersConfig());
    CHECK(rules.size() == 2);
    CHECK(rules[0].name == "tier:free");
    CHECK(rules[0].tokens == 100'000);
    CHECK(rules[1].name == "tier:pro");
    CHECK(rules[1].window == BudgetWindow::month);
}

}  // namespace aikit::inline v0::policy
