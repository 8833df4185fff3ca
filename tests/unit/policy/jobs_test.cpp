// SPDX-License-Identifier: MIT
// Covers batches behind decorators: prices and rows of results, each once; what is tried again.
#include "support.hpp"

#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/policy/budget.hpp>
#include <aikit/policy/retry.hpp>

#include <doctest/doctest.h>

namespace aikit::policy {
namespace {

class Results final : public BatchResults::Source {
public:
    explicit Results(std::vector<BatchResult> results) : results_(std::move(results)) {}

    Task<std::optional<BatchResult>> next() override {
        std::optional<BatchResult> one;
        if (at_ < results_.size()) one = results_[at_++];
        co_return one;
    }

private:
    std::vector<BatchResult> results_;
    std::size_t at_ = 0;
};

/// Fails so often, and then has one batch with these results.
class FakeBatches final : public BatchApi {
public:
    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        created = std::move(request);
        return answer<BatchJob>(job, std::move(options));
    }
    Task<BatchJob> poll(JobHandle, CallOptions options) override { return answer<BatchJob>(job, options); }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        handle.created = 1'760'000'000;
        return answer<BatchResults>(BatchResults(handle, std::make_unique<Results>(given)), std::move(options));
    }
    Task<BatchJob> cancel(JobHandle, CallOptions options) override { return answer<BatchJob>(BatchJob(), options); }
    Task<BatchList> list(PageQuery, CallOptions options) override { return answer<BatchList>(BatchList(), options); }

    int failures = 0;
    Errc code = Errc::overloaded;
    std::vector<CallOptions> calls;
    std::vector<BatchResult> given;
    BatchRequest created;
    BatchJob job;

private:
    template <class T>
    Task<T> answer(T value, CallOptions options) {
        calls.push_back(std::move(options));
        bool const fails = static_cast<int>(calls.size()) <= failures;
        return reply<T>(fails ? Result<T>(failure(code)) : Result<T>(std::move(value)));
    }
    template <class T>
    static Task<T> reply(Result<T> result) {
        co_return result;
    }
};

class Provider final : public AIProvider {
public:
    std::string const& name() const noexcept override { return name_; }
    BatchApi* batch() noexcept override { return &batches; }

    FakeBatches batches;

private:
    std::string name_ = "openai";
};

struct Fixture {
    Fixture() {
        setenv("AIKIT_DATA", AIKIT_DATA_DIR, 0);
        RuntimeConfig config;
        config.io = 0;
        config.clock = clock;
        runtime = Runtime::create(config).value();
    }
    ~Fixture() { runtime.close(); }

    std::shared_ptr<AIProvider> metered(UnknownPrice unknown = UnknownPrice::deny,
                                        std::shared_ptr<BudgetGuardian> budgets = nullptr) {
        MeterConfig config;
        config.budgets = std::move(budgets);
        config.costs = std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::shipped(), clock);
        config.ledger = rows.ledger;
        config.clock = clock;
        config.unknown_price = unknown;
        return make_meter(provider, config).value();
    }

    std::vector<BatchResult> read(AIProvider& from, JobHandle handle) {
        Result<BatchResults> results = drive(*clock, from.batch()->results(std::move(handle), CallOptions()));
        REQUIRE(results.has_value());
        std::vector<BatchResult> all;
        while (true) {
            Result<std::optional<BatchResult>> one = drive(*clock, results->next());
            REQUIRE(one.has_value());
            if (!*one) return all;
            all.push_back(std::move(**one));
        }
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<Provider> provider = std::make_shared<Provider>();
    Runtime runtime;
    MemoryLedger rows;
};

BatchResult result_of(std::string id, Result<ChatReply> reply) {
    BatchResult result;
    result.custom_id = std::move(id);
    result.reply = std::move(reply);
    return result;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "each result of a batch has one row at the batch's price, however often it is read") {
    provider->batches.given = {result_of("a", reply_of("x", told(1'000'000, 100'000), "gpt-4o-mini")),
                               result_of("b", failure(Errc::invalid_request))};
    JobHandle handle("openai", JobKind::batch, "b1");
    handle.caller.user = "ann";
    for (int reading = 0; reading < 3; ++reading) {
        std::shared_ptr<AIProvider> const from = metered();  // as after a restart
        std::vector<BatchResult> const all = read(*from, handle);
        REQUIRE(all.size() == 2);
        CHECK(all[0].reply->info.cost == Money::from_usd("0.105").value());
        CHECK(all[0].reply->info.cost_exact);
        CHECK(rows.number("SELECT count(*) FROM ledger") == 2);
    }
    CHECK(rows.number("SELECT count(*) FROM ledger WHERE operation = 'batch' AND user = 'ann'") == 2);
    CHECK(rows.number("SELECT count(*) FROM ledger WHERE outcome = 'ok' AND input = 1000000") == 1);
    CHECK(rows.number("SELECT count(*) FROM ledger WHERE outcome = 'invalid_request' AND cost = 0") == 1);
}

namespace {

/// Budgets in a store of their own, with threads of their own.
struct Budgets {
    Budgets() : database(testing::run(storage::Database::open(runtime, storage::DatabaseConfig())).value()) {}
    ~Budgets() {
        database.close();
        runtime.close();
    }
    std::shared_ptr<BudgetGuardian> guardian() const {
        BudgetsConfig config;
        config.patience = std::chrono::milliseconds(0);
        BudgetRule& rule = config.budgets.emplace_back();
        rule.name = "ann's";
        rule.by = LimitBy::user;
        rule.cost = Money::from_usd("1").value();
        return BudgetGuardian::create(database, config).value();
    }
    static BudgetStatus status(std::shared_ptr<BudgetGuardian> const& guardian) {
        std::vector<BudgetStatus> const all = testing::run(guardian->status()).value();
        REQUIRE(all.size() == 1);
        return all[0];
    }

    Runtime runtime = Runtime::create().value();
    storage::Database database;
};

BatchRequest one_chat() {
    BatchRequest request;
    request.items.emplace_back("a", ChatRequest("gpt-4o-mini", "x"));
    request.items.back().request.max_tokens = 1'000'000;  // $0.3 at most, as a batch
    return request;
}

CallOptions for_ann() {
    CallOptions options;
    options.caller.user = "ann";
    return options;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a batch counts with its worst case until its results are read, in whatever process, and once") {
    Budgets store;
    provider->batches.job.handle = JobHandle("openai", JobKind::batch, "b1");
    provider->batches.given = {result_of("a", reply_of("x", told(1'000'000, 100'000), "gpt-4o-mini"))};
    {
        auto const guardian = store.guardian();
        auto const from = metered(UnknownPrice::deny, guardian);
        REQUIRE(testing::run(from->batch()->create(one_chat(), for_ann())).has_value());
        CHECK(Budgets::status(guardian).cost >= Money::from_usd("0.3").value());
        CHECK(Budgets::status(guardian).cost < Money::from_usd("0.301").value());
        CHECK(testing::run(from->batch()->create(one_chat(), for_ann())).has_value());
        CHECK(testing::run(from->batch()->create(one_chat(), for_ann())).has_value());
        CHECK(testing::run(from->batch()->create(one_chat(), for_ann())).error().code == Errc::budget_exceeded);
        CHECK(testing::run(guardian->adjust("ann's", "ann", -600'000'000, 0)).has_value());
    }
    auto const guardian = store.guardian();
    for (int reading = 0; reading < 3; ++reading) {
        auto const from = metered(UnknownPrice::deny, guardian);
        auto const before = Budgets::status(guardian).cost;
        Result<BatchResults> results =
            testing::run(from->batch()->results(JobHandle("openai", JobKind::batch, "b1"), CallOptions()));
        REQUIRE(results.has_value());
        REQUIRE(testing::run(results->next()).value().has_value());
        CHECK(Budgets::status(guardian).cost == before);  // not before all are read
        REQUIRE_FALSE(testing::run(results->next()).value().has_value());
        BudgetStatus const now = Budgets::status(guardian);
        // The worst cases of three were some millionths above 0.9, of which 0.6 was taken off.
        CHECK(now.cost >= Money::from_usd("0.105").value());
        CHECK(now.cost < Money::from_usd("0.106").value());
    }
}

TEST_CASE_FIXTURE(Fixture, "a batch that failed as a whole comes to nothing, and one that was refused never counted") {
    Budgets store;
    auto const guardian = store.guardian();
    auto const from = metered(UnknownPrice::deny, guardian);
    provider->batches.job.handle = JobHandle("openai", JobKind::batch, "b1");
    REQUIRE(testing::run(from->batch()->create(one_chat(), for_ann())).has_value());
    CHECK(Budgets::status(guardian).cost > Money());
    provider->batches.job.status = JobStatus::running;
    REQUIRE(testing::run(from->batch()->poll(provider->batches.job.handle, CallOptions())).has_value());
    CHECK(Budgets::status(guardian).cost > Money());
    provider->batches.job.status = JobStatus::failed;
    REQUIRE(testing::run(from->batch()->poll(provider->batches.job.handle, CallOptions())).has_value());
    CHECK(Budgets::status(guardian).cost == Money());

    provider->batches.failures = 100;
    provider->batches.code = Errc::invalid_request;
    CHECK_FALSE(testing::run(from->batch()->create(one_chat(), for_ann())).has_value());
    CHECK(Budgets::status(guardian).cost == Money());
}

TEST_CASE_FIXTURE(Fixture, "a batch that cannot be priced is refused before it is begun, unless that is allowed") {
    BatchRequest request;
    request.items.emplace_back("a", ChatRequest("gpt-4o-mini", "x"));
    request.items.emplace_back("b", ChatRequest("no-such-model", "x"));
    BatchRequest file;
    file.input_file = "file-1";
    for (BatchRequest const& asked : {request, file}) {
        std::shared_ptr<AIProvider> const strict = metered();
        CHECK(drive(*clock, strict->batch()->create(asked, CallOptions())).error().code == Errc::unknown_price);
        CHECK(provider->batches.calls.empty());
    }
    file.model = "gpt-4o-mini";
    CHECK(drive(*clock, metered()->batch()->create(file, CallOptions())).has_value());
    CHECK(drive(*clock, metered(UnknownPrice::allow)->batch()->create(request, CallOptions())).has_value());
}

TEST_CASE_FIXTURE(Fixture, "a batch with something that its model does not take is refused, naming the request") {
    BatchRequest request;
    request.items.emplace_back("words", ChatRequest("gpt-3.5-turbo", "x"));
    CHECK(drive(*clock, metered()->batch()->create(request, CallOptions())).has_value());
    provider->batches.calls.clear();
    MediaPart image;
    image.url = "https://example.com/a.png";
    request.items.emplace_back("picture", ChatRequest("gpt-3.5-turbo", "x"))
        .request.messages[0]
        .parts.emplace_back(image);
    Result<BatchJob> const refused = drive(*clock, metered()->batch()->create(request, CallOptions()));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.find("'picture'") != std::string::npos);
    CHECK(provider->batches.calls.empty());
    for (BatchItem& item : request.items) item.request.model = "gpt-4o";
    CHECK(drive(*clock, metered()->batch()->create(request, CallOptions())).has_value());
}

TEST_CASE_FIXTURE(Fixture, "what may work later is asked again with one key, and what a provider lacks stays away") {
    std::shared_ptr<AIProvider> const retrying = make_retry(provider, runtime, RetryConfig()).value();
    CHECK(retrying->files() == nullptr);
    CHECK(retrying->fine_tune() == nullptr);
    provider->batches.failures = 2;
    BatchRequest request;
    request.items.emplace_back("a", ChatRequest("m", "x"));
    CHECK(drive(*clock, retrying->batch()->create(request, CallOptions())).has_value());
    REQUIRE(provider->batches.calls.size() == 3);
    CHECK(provider->batches.created.items.size() == 1);
    CHECK_FALSE(provider->batches.calls[0].idempotency_key.empty());
    CHECK(provider->batches.calls[0].idempotency_key == provider->batches.calls[2].idempotency_key);
    CHECK(provider->batches.calls[2].attempt == 3);

    provider->batches.calls.clear();
    provider->batches.code = Errc::not_found;
    CHECK(drive(*clock, retrying->batch()->poll(JobHandle(), CallOptions())).error().code == Errc::not_found);
    CHECK(provider->batches.calls.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a task of a job outlives the handle of its provider") {
    std::shared_ptr<AIProvider> retrying = make_retry(metered(), runtime, RetryConfig()).value();
    Task<BatchJob> pending = retrying->batch()->poll(JobHandle(), CallOptions());
    retrying.reset();
    CHECK(drive(*clock, std::move(pending)).has_value());
}

}  // namespace aikit::policy
