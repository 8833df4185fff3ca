// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/{intelligence,savings,analysis}.hpp: what the ledger's past says, and providers compared.
#include <aikit/cost/analysis.hpp>
#include <aikit/cost/forecast.hpp>
#include <aikit/cost/ledger.hpp>
#include <aikit/cost/savings.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace aikit::cost {
namespace {

// Dollars per million tokens.
constexpr char const* prices = R"({"form": 1, "version": "t", "providers": [
  {"id": "alpha", "models": [
    {"id": "large-1", "match": {"equals": "large-1"}, "context": 100000, "max_output": 8000,
     "prices": [{"input": "10", "output": "30", "cache_read": "1"}], "tiers": {"batch": {"input": "5", "output": "15"}}},
    {"id": "large-1-mini", "match": {"equals": "large-1-mini"}, "context": 100000, "max_output": 8000,
     "prices": [{"input": "1", "output": "3"}]},
    {"id": "large-1-blind", "match": {"equals": "large-1-blind"}, "context": 100, "prices": [{"input": "2", "output": "2"}]},
    {"id": "vectors", "match": {"equals": "vectors"}, "prices": [{"input": "0.1"}]}]},
  {"id": "beta", "models": [
    {"id": "other", "match": {"equals": "other"}, "lacks": ["tools"], "prices": [{"input": "4", "output": "4"}]},
    {"id": "thinker", "match": {"equals": "thinker"}, "reasoning": true, "prices": [{"input": "3", "output": "9"}]}]},
  {"id": "here", "free": true, "models": [{"id": "local", "match": {"equals": "local"}, "free": true}]}]})";

SystemTime at(char const* text) {
    return from_rfc3339(text).value();
}

struct Fixture {
    Fixture() {
        clock->set_system(at("2026-08-21T12:00:00Z"));
        database = testing::run(storage::Database::open(runtime, storage::DatabaseConfig())).value();
        ledger = std::make_shared<Ledger>(database);
        costs = std::make_shared<CostIntelligence const>(PriceCatalog::parse(prices).value(), clock, ledger);
    }
    ~Fixture() {
        costs.reset();
        ledger.reset();
        database.close();
        runtime.close();
    }

    LedgerRow row(SystemTime started, double dollars) {
        LedgerRow made;
        made.request_id = "r" + std::to_string(++number);
        made.operation = "chat";
        made.attempt.provider = "alpha";
        made.attempt.model = "large-1";
        made.attempt.outcome = "ok";
        made.attempt.started = started;
        made.attempt.cost = Money::nanos(static_cast<std::int64_t>(std::llround(dollars * 1e9)));
        made.attempt.price_id = "alpha/large-1#default";
        return made;
    }

    Runtime runtime = Runtime::create().value();
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    storage::Database database;
    std::shared_ptr<Ledger> ledger;
    std::shared_ptr<CostIntelligence const> costs;
    int number = 0;
};

ChatRequest question(std::string model) {
    ChatRequest request;
    request.model = std::move(model);
    request.messages.emplace_back(Role::user, "What is the capital of Italy?");
    return request;
}

Saving const* saving_of(SavingsPlan const& plan, Change change) {
    auto const found =
        std::find_if(plan.savings.begin(), plan.savings.end(), [&](Saving const& s) { return s.change == change; });
    return found == plan.savings.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a month is what was spent and what its other days are likely to cost") {
    std::mt19937 dice(1);
    // Ten dollars on working days, two on others, since the middle of June.
    for (SystemTime day = at("2026-06-15T09:00:00Z"); day < at("2026-08-21T00:00:00Z"); day += std::chrono::hours(24)) {
        std::chrono::weekday const weekday(std::chrono::floor<std::chrono::days>(day));
        bool const weekend = weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
        ledger->record(row(day, (weekend ? 2.0 : 10.0) + static_cast<double>(dice() % 100) / 100));
    }
    CostForecast const forecast = testing::run(costs->predict_monthly_cost(ForecastQuery())).value();
    CHECK(forecast.from == at("2026-08-01T00:00:00Z"));
    CHECK(forecast.until == at("2026-09-01T00:00:00Z"));
    CHECK(forecast.history_days == 67);
    // August 2026 has 21 working days and 10 others: 241 dollars with half a dollar of noise a day.
    CHECK(forecast.month.expected > Money::nanos(225'000'000'000));
    CHECK(forecast.month.expected < Money::nanos(255'000'000'000));
    CHECK(forecast.month.low > forecast.spent);
    CHECK(forecast.month.low < forecast.month.expected);
    CHECK(forecast.month.expected < forecast.month.high);
    CHECK(forecast.month.weekdays[0] < 0.5);
    CHECK(forecast.month.weekdays[3] > 1.1);

    testing::run(ledger->prune(at("2026-08-15T00:00:00Z"))).value();
    CostForecast const after = testing::run(costs->predict_monthly_cost(ForecastQuery())).value();
    CHECK(after.month.expected == forecast.month.expected);
    CHECK(after.spent == forecast.spent);
    ForecastQuery nobody;
    nobody.user = "nobody";
    CHECK(testing::run(costs->predict_monthly_cost(nobody)).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a day that stands out is told with the user it is of") {
    std::mt19937 dice(2);
    for (int day = 0; day < 60; ++day) {
        SystemTime const start = at("2026-06-22T10:00:00Z") + std::chrono::hours(24 * day);
        for (char const* const user : {"ann", "bob"}) {
            LedgerRow made = row(start, 5 + static_cast<double>(dice() % 100) / 100);
            made.caller.user = user;
            if (day == 40 && made.caller.user == "bob") made.attempt.cost = Money::nanos(60'000'000'000);
            ledger->record(made);
        }
    }
    AnomalyQuery query;
    query.by = ReportBy::user;
    query.history_days = 60;
    AnomalyReport const report = testing::run(costs->detect_cost_anomalies(query)).value();
    REQUIRE(report.anomalies.size() == 1);
    CHECK(report.anomalies[0].key == "bob");
    CHECK(report.anomalies[0].day == at("2026-08-01T00:00:00Z"));
    CHECK(report.anomalies[0].cost == Money::nanos(60'000'000'000));
    CHECK(report.anomalies[0].expected < Money::nanos(7'000'000'000));
    CHECK(report.days_checked == 2 * (60 - 14));
    query.threshold = 1;
    CHECK(testing::run(costs->detect_cost_anomalies(query)).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture,
                  "after 200 calls of a kind the interval of 80 percent holds 75 to 85 percent of the next 200") {
    std::mt19937_64 dice(77);
    int inside = 0, all = 0;
    for (int kind = 0; kind < 10; ++kind) {
        std::lognormal_distribution<double> length(3 + 0.4 * kind, 0.2 + 0.1 * kind);
        std::string const project = "p" + std::to_string(kind);
        for (int call = 0; call < 200; ++call) {
            LedgerRow made = row(at("2026-08-01T00:00:00Z") + std::chrono::minutes(call + 300 * kind), 0.01);
            made.caller.project = project;
            made.attempt.usage.output = 1 + static_cast<std::int64_t>(length(dice));
            ledger->record(made);
        }
        HistoryQuery history;
        history.project = project;
        history.calls = 200;
        CostEstimate const estimate =
            testing::run(costs->estimate_request_cost("alpha", question("large-1"), history)).value();
        REQUIRE(estimate.low.has_value());
        CHECK(estimate.learned_from == 200);
        CHECK(*estimate.low <= estimate.expected);
        CHECK(*estimate.high <= estimate.at_most);
        PriceEntry const entry = costs->price_entry("alpha", "large-1", "").value();
        for (int call = 0; call < 200; ++call) {
            Usage usage;
            usage.input = estimate.input_tokens;
            usage.output = 1 + static_cast<std::int64_t>(length(dice));
            Money const cost = cost_of(entry, usage).value();
            inside += cost >= *estimate.low && cost <= *estimate.high ? 1 : 0;
            ++all;
        }
    }
    MESSAGE("inside: " << inside << " of " << all);
    CHECK(inside * 100 >= all * 75);
    CHECK(inside * 100 <= all * 85);
    HistoryQuery none;
    none.project = "never";
    CostEstimate const plain = testing::run(costs->estimate_request_cost("alpha", question("large-1"), none)).value();
    CHECK_FALSE(plain.low.has_value());
    CHECK(plain.learned_from == 0);
}

TEST_CASE_FIXTURE(Fixture, "a call that was made elsewhere is priced as of its day and has its row") {
    TrackedCall call;
    call.provider = "alpha";
    call.model = "large-1";
    call.request_id = "from-elsewhere";
    call.usage.input = 1'000;
    call.usage.output = 100;
    call.started = at("2026-08-20T08:00:00Z");
    call.caller.user = "ann";
    CHECK(costs->track_actual_cost(call).value().cost == Money::nanos(13'000'000));
    CHECK(costs->track_actual_cost(call).has_value());
    ReportQuery query;
    query.by = ReportBy::user;
    Report const report = testing::run(ledger->report(query)).value();
    REQUIRE(report.lines.size() == 1);
    CHECK(report.lines[0].key == "ann");
    CHECK(report.total.calls == 1);
    CHECK(report.total.cost == Money::nanos(13'000'000));
    call.model = "unheard-of";
    CHECK(costs->track_actual_cost(call).error().code == Errc::unknown_price);
    CostIntelligence const alone(costs->catalog(), clock);
    CHECK(alone.track_actual_cost(call).error().code == Errc::invalid_state);
    CHECK(testing::run(alone.predict_monthly_cost(ForecastQuery())).error().code == Errc::invalid_state);
}

TEST_CASE_FIXTURE(Fixture, "each way to save is found in calls that waste so, with its saving to a tenth") {
    // 30 days: 300 calls of 2,000 tokens in and 100 out, one minute apart within each day, and 4 with very long
    // answers.
    PriceEntry const entry = costs->price_entry("alpha", "large-1", "").value();
    for (int call = 0; call < 304; ++call) {
        LedgerRow made =
            row(at("2026-07-22T13:00:00Z") + std::chrono::hours(24 * (call / 11)) + std::chrono::minutes(call % 11), 0);
        made.attempt.usage.input = 2'000;
        made.attempt.usage.output = call < 300 ? 100 : 7'000;
        made.attempt.cost = cost_of(entry, made.attempt.usage).value();
        ledger->record(made);
    }
    LedgerRow failed = row(at("2026-08-01T00:00:00Z"), 0.5);
    failed.attempt.outcome = "timeout";
    ledger->record(failed);
    SavingsPlan const plan = testing::run(costs->suggest_optimizations(SavingsQuery())).value();
    auto const near = [&](Change change, double dollars) {
        Saving const* saving = saving_of(plan, change);
        CAPTURE(name(change));
        REQUIRE(saving != nullptr);
        CHECK_FALSE(saving->what.empty());
        CHECK_FALSE(saving->risk.empty());
        CHECK(static_cast<double>(saving->per_month.nanos()) * 1e-9 == doctest::Approx(dollars).epsilon(0.1));
    };
    double const whole = 304 * 0.02 + 300 * 0.003 + 4 * 0.21;
    near(Change::fix_retries, 0.5);
    near(Change::batch, whole / 2);
    near(Change::cheaper_model, whole * 0.9);
    CHECK(saving_of(plan, Change::cheaper_model)->to == "large-1-mini");
    // All but the first of each of 28 days follow another within five minutes; 9 dollars a million, half of the input.
    near(Change::prompt_caching, (304 - 28) * 2'000 * 9e-6 / 2);
    near(Change::output_limit, 4 * (7'000 - 105) * 30e-6);
    CHECK(static_cast<double>(plan.cost_per_month.nanos()) * 1e-9 == doctest::Approx(whole + 0.5).epsilon(0.01));
    CHECK(plan.cost_after < plan.cost_per_month);
    CHECK_FALSE(plan.enough.has_value());

    SavingsPlan const mild =
        testing::run(costs->optimize_for_budget(Money::nanos(7'900'000'000), SavingsQuery())).value();
    CHECK(mild.enough == true);
    REQUIRE(mild.savings.size() == 1);
    CHECK(mild.savings[0].change == Change::fix_retries);
    SavingsPlan const hard = testing::run(costs->optimize_for_budget(Money::nanos(1), SavingsQuery())).value();
    CHECK(hard.enough == false);
    CHECK(hard.savings.size() == plan.savings.size());
    SavingsPlan const none =
        testing::run(costs->optimize_for_budget(Money::nanos(90'000'000'000), SavingsQuery())).value();
    CHECK(none.savings.empty());
    CHECK(none.enough == true);
}

TEST_CASE_FIXTURE(Fixture, "providers that can serve a request are compared, the cheapest first") {
    ProviderCostAnalyzer const analyzer(costs);
    auto const names = [&](ChatRequest const& request, CompareQuery const& query = CompareQuery()) {
        std::vector<std::string> models;
        std::vector<ProviderOffer> const offers = analyzer.compare_providers(request, query).value();
        for (ProviderOffer const& offer : offers) {
            models.push_back(offer.model);
            CHECK(offer.estimate.expected <= offer.estimate.at_most);
        }
        bool const sorted = std::is_sorted(offers.begin(), offers.end(), [](auto const& a, auto const& b) {
            return a.estimate.expected < b.estimate.expected;
        });
        CHECK(sorted);
        return models;
    };
    ChatRequest request = question("");
    request.max_tokens = 50;
    using Names = std::vector<std::string>;
    CHECK(names(request) == Names{"large-1-blind", "large-1-mini", "other", "thinker", "large-1"});
    request.max_tokens = 200;  // too many for the one with a window of 100
    CHECK(names(request).front() == "large-1-mini");
    request.tools.emplace_back();
    request.tools.back().name = "look";
    Names const with_tools = names(request);
    CHECK(std::find(with_tools.begin(), with_tools.end(), "other") == with_tools.end());
    CompareQuery query;
    query.reasoning_only = true;
    CHECK(names(request, query) == Names{"thinker"});
    query = CompareQuery();
    query.free_too = true;
    CHECK(names(question(""), query).front() == "local");
    query.providers = {"beta"};
    query.most = 1;
    CHECK(names(question(""), query).size() == 1);
    request.max_tokens = -1;
    CHECK(analyzer.compare_providers(request, query).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "discounts take their part of what lies between them") {
    ProviderCostAnalyzer const analyzer(costs);
    VolumeProjection projection;
    projection.provider = "alpha";
    projection.model = "large-1";
    projection.call.input = 1'000;
    projection.calls_per_month = 100'000;  // 10 dollars a thousand: 1,000 dollars
    auto const step = [](std::int64_t dollars, std::int64_t points, char const* provider = "") {
        VolumeDiscount discount;
        discount.from = Money::nanos(dollars * 1'000'000'000);
        discount.basis_points = points;
        discount.provider = provider;
        return discount;
    };
    VolumeQuote const quote = analyzer
                                  .volume_discounts(projection, {step(800, 2'000), step(200, 1'000), step(5'000, 3'000),
                                                                 step(1, 9'000, "beta")})
                                  .value();
    CHECK(quote.list.usd() == "1000");
    CHECK(quote.discounted.usd() == "900");  // 200 + 600 * 0.9 + 200 * 0.8
    CHECK(quote.batch.usd() == "500");
    CHECK(quote.next_from->usd() == "5000");
    CHECK(quote.next_basis_points == 3'000);
    CHECK(analyzer.volume_discounts(projection, {}).value().discounted == quote.list);
    CHECK(analyzer.volume_discounts(projection, {step(1, 10'001)}).error().code == Errc::invalid_argument);
    projection.calls_per_month = -1;
    CHECK(analyzer.volume_discounts(projection, {}).error().code == Errc::invalid_argument);
    projection.calls_per_month = 1;
    projection.model = "unheard-of";
    CHECK(analyzer.volume_discounts(projection, {}).error().code == Errc::unknown_price);
}

}  // namespace aikit::cost
