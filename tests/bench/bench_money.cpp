// SPDX-License-Identifier: MIT
// tests/bench/bench_money.cpp - CPU of what keeps account of money: prices, rows of the ledger, the whole of metering.
//
// All is CPU time of the process on all its threads, the ledger's writer included; what is told in rows a second is by
// the wall clock. A figure above its limit makes the program end with 1. bench_money [SHARE] does a share of the work,
// in percent, and is then no measurement.
#include "answering.hpp"
#include "bench.hpp"
#include "reading.hpp"

#include <aikit/aikit.hpp>
#include <aikit/core/id.hpp>
#include <aikit/policy/budget.hpp>
#include <aikit/policy/meter.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>
#include <unistd.h>

namespace asio = boost::asio;

namespace {

constexpr int callers = 32;

int share = 100;
bool kept = true;

aikit::SystemTime now() {
    return aikit::real_clock()->system_now();
}

int part_of(int count) {
    return std::max(1, count * share / 100);
}

using bench::die;
using bench::must;

/// Prints a figure beside the most it may be.
void tell(char const* what, double us, double limit, std::int64_t times) {
    bool const good = us <= limit;
    kept = kept && good;
    bench::print({{"bench", "money"},
                  {"what", what},
                  {"cpu_us", us},
                  {"limit_us", limit},
                  {"times", times},
                  {"kept", good ? "yes" : "no"}});
}

/// A store of its own, removed with this object.
class Store {
public:
    explicit Store(aikit::Runtime runtime)
        : path_(std::filesystem::temp_directory_path().native() + "/aikit_bench_money_" + std::to_string(::getpid()) +
                ".db"),
          runtime_(std::move(runtime)) {
        aikit::storage::DatabaseConfig config;
        config.path = path_;
        config.survive_power_cut = true;
        database_ = must(aikit::sync::wait(runtime_, aikit::storage::Database::open(runtime_, config)));
        ledger = std::make_shared<aikit::cost::Ledger>(database_);
    }
    ~Store() {
        ledger.reset();
        database_.close();
        for (char const* suffix : {"", "-wal", "-shm"}) ::unlink((path_ + suffix).c_str());
    }
    Store(Store const&) = delete;
    Store& operator=(Store const&) = delete;

    void flush() { must(aikit::sync::wait(runtime_, ledger->flush())); }

    std::int64_t rows() {
        return must(aikit::sync::wait(runtime_, ledger->report(aikit::cost::ReportQuery()))).total.calls;
    }

    aikit::storage::Database const& database() const noexcept { return database_; }

    std::shared_ptr<aikit::cost::Ledger> ledger;

private:
    std::string path_;
    aikit::Runtime runtime_;
    aikit::storage::Database database_;
};

void price_lookups() {
    std::shared_ptr<aikit::cost::PriceCatalog const> const catalog = aikit::cost::PriceCatalog::shipped();
    std::array<std::array<char const*, 2>, 4> const models{{{"openai", "gpt-4o-mini-2024-07-18"},
                                                            {"openai", "gpt-4o"},
                                                            {"anthropic", "claude-sonnet-4-5"},
                                                            {"google", "gemini-2.5-flash"}}};
    std::vector<aikit::cost::PriceQuery> queries;
    for (auto const& [provider, model] : models) {
        aikit::cost::PriceQuery query;
        query.provider = provider;
        query.model = model;
        query.at = now();
        queries.push_back(query);
    }
    aikit::Usage const usage = bench::used();
    int const times = part_of(200'000);
    std::vector<double> rounds;
    std::int64_t sum = 0;
    for (int round = 0; round < 7; ++round) {
        double const before = bench::cpu_seconds();
        for (int i = 0; i < times; ++i) {
            aikit::Result<aikit::cost::PriceEntry> const entry =
                catalog->find(queries[static_cast<std::size_t>(i) % 4]);
            if (!entry) die(entry.error().message);
            sum += must(aikit::cost::cost_of(*entry, usage)).nanos();
        }
        rounds.push_back((bench::cpu_seconds() - before) * 1e6 / times);
    }
    if (sum <= 0) die("what costs money was priced as nothing");
    tell("catalog lookup and price", bench::median(rounds), 1, std::int64_t(times) * 7);
}

aikit::cost::LedgerRow ledger_row() {
    aikit::cost::LedgerRow row;
    row.operation = "chat";
    row.caller.user = "ann";
    row.caller.project = "bench";
    row.attempt.provider = "openai";
    row.attempt.model = "gpt-4o-mini-2024-07-18";
    row.attempt.outcome = "ok";
    row.attempt.http_status = 200;
    row.attempt.provider_request_id = "req_0123456789abcdef0123456789abcdef";
    row.attempt.latency = std::chrono::milliseconds(750);
    row.attempt.usage = bench::used();
    row.attempt.usage.raw.clear();
    row.attempt.cost = must(aikit::Money::from_usd("0.0000975"));
    row.attempt.price_id = "openai/gpt-4o-mini#default";
    return row;
}

void number(aikit::cost::LedgerRow& row, char const* kind, std::int64_t index) {
    row.request_id = std::string("01a9b3c4-7a71-7bd1-a3c9-") + kind + std::to_string(1'000'000'000 + index);
    row.attempt.started = now();
}

/// 20,000 rows a second for some seconds, a few each millisecond, as they come from calls.
void steady_rows(Store& store) {
    int const seconds = std::max(1, part_of(10));
    std::int64_t const rows = std::int64_t(20'000) * seconds;
    aikit::cost::LedgerRow row = ledger_row();
    std::int64_t most_pending = 0;
    auto const begin = std::chrono::steady_clock::now();
    double const before = bench::cpu_seconds();
    for (std::int64_t i = 0; i < rows; ++i) {
        if (i % 20 == 0) std::this_thread::sleep_until(begin + std::chrono::milliseconds(i / 20));
        number(row, "s", i);
        store.ledger->record(row);
        if (i % 1'000 == 0) most_pending = std::max(most_pending, store.ledger->pending());
    }
    store.flush();
    double const cpu = bench::cpu_seconds() - before;
    double const wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    // What was left at the end must be what lingers, not what could not be kept up with.
    bool const good = wall <= seconds * 1.05 && most_pending < 20'000;
    kept = kept && good;
    tell("ledger row, 20000 a second", cpu * 1e6 / static_cast<double>(rows), 10, rows);
    bench::print({{"bench", "money"},
                  {"what", "20000 rows a second with full sync"},
                  {"rows_per_second", static_cast<double>(rows) / wall},
                  {"most_pending", most_pending},
                  {"kept", good ? "yes" : "no"}});
}

/// As fast as they can be written down: what waits is kept below what the ledger holds.
void many_rows(Store& store) {
    std::int64_t const rows = part_of(400'000);
    aikit::cost::LedgerRow row = ledger_row();
    auto const begin = std::chrono::steady_clock::now();
    double const before = bench::cpu_seconds();
    for (std::int64_t i = 0; i < rows; ++i) {
        if (i % 1'000 == 0) {
            while (store.ledger->pending() > 20'000) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        number(row, "m", i);
        store.ledger->record(row);
    }
    store.flush();
    double const cpu = bench::cpu_seconds() - before;
    double const wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    tell("ledger row, many at once", cpu * 1e6 / static_cast<double>(rows), 10, rows);
    bool const good = static_cast<double>(rows) / wall >= 20'000;
    kept = kept && good;
    bench::print({{"bench", "money"},
                  {"what", "rows as fast as they go, with full sync"},
                  {"rows_per_second", static_cast<double>(rows) / wall},
                  {"kept", good ? "yes" : "no"}});
}

aikit::Task<void> caller(std::shared_ptr<aikit::AIProvider> provider, std::shared_ptr<aikit::Clock> clock,
                         bool streamed, int calls) {
    for (int i = 0; i < calls; ++i) {
        aikit::CallOptions options;
        options.request_id = aikit::new_id(*clock);
        options.caller.user = "ann";
        if (!streamed) {
            aikit::Task<aikit::ChatReply> pending = provider->chat(bench::request_of_a_kibibyte(), std::move(options));
            aikit::Result<aikit::ChatReply> reply = co_await std::move(pending);
            if (!reply) co_return reply.error();
            continue;
        }
        aikit::Task<aikit::ChatStream> opening =
            provider->stream_chat(bench::request_of_a_kibibyte(), std::move(options));
        aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        for (;;) {
            aikit::Result<std::optional<aikit::ChatEvent>> event = co_await stream->next();
            if (!event) co_return event.error();
            if (!*event) break;
        }
    }
    co_return aikit::ok();
}

double round_of_calls(aikit::Runtime const& runtime, Store& store, std::shared_ptr<aikit::AIProvider> const& provider,
                      bool streamed, int calls) {
    std::atomic<int> running = callers;
    std::promise<void> done;
    double const before = bench::cpu_seconds();
    for (int i = 0; i < callers; ++i) {
        asio::co_spawn(runtime.executor(), caller(provider, runtime.clock(), streamed, calls),
                       [&](std::exception_ptr thrown, aikit::Result<void> result) {
                           if (thrown || !result) die(thrown ? "exception" : result.error().message);
                           if (--running == 0) done.set_value();
                       });
    }
    done.get_future().wait();
    store.flush();
    return (bench::cpu_seconds() - before) * 1e6 / (static_cast<double>(calls) * callers);
}

/// Counting where the rank files are ($AIKIT_DATA) takes longer than estimating where they are not.
bool counts_exactly(aikit::cost::CostIntelligence const& costs) {
    bool exact = false;
    costs.count_tokens("openai", "gpt-4o-mini", "word", &exact);
    return exact;
}

/// The difference that the meter makes, as the median of rounds beside rounds without it.
aikit::policy::MeterConfig meter_of(aikit::Runtime const& runtime, Store const& store) {
    aikit::policy::MeterConfig config;
    config.costs =
        std::make_shared<aikit::cost::CostIntelligence const>(aikit::cost::PriceCatalog::shipped(), runtime.clock());
    config.ledger = store.ledger;
    config.clock = runtime.clock();
    return config;
}

void metering(aikit::Runtime const& runtime, Store& store, char const* what, bool streamed, bool tells) {
    auto const bare = std::make_shared<bench::Answering>(tells);
    aikit::policy::MeterConfig const config = meter_of(runtime, store);
    std::shared_ptr<aikit::AIProvider> const metered = must(aikit::policy::make_meter(bare, config));
    int const calls = part_of(400);
    round_of_calls(runtime, store, bare, streamed, 10);
    round_of_calls(runtime, store, metered, streamed, 10);
    std::int64_t const rows_before = store.rows();
    std::vector<double> without;
    std::vector<double> differences;
    for (int round = 0; round < 9; ++round) {
        without.push_back(round_of_calls(runtime, store, bare, streamed, calls));
        differences.push_back(round_of_calls(runtime, store, metered, streamed, calls) - without.back());
    }
    std::int64_t const made = std::int64_t(calls) * callers * 9;
    if (store.rows() - rows_before != made) die("the ledger has not one row for each call");
    tell(what, bench::median(differences), 20, made);
    bench::print({{"bench", "money"},
                  {"what", "the same without a meter"},
                  {"cpu_us", bench::median(without)},
                  {"tokens_counted", counts_exactly(*config.costs) ? "exactly" : "roughly, for want of rank files"}});
}

/// What telling Prometheus of a metered call costs on top: metrics, and ids of spans that nobody takes.
void telling(aikit::Runtime const& runtime, Store& store, char const* what, bool streamed, double limit) {
    auto const bare = std::make_shared<bench::Answering>(true);
    aikit::policy::MeterConfig config = meter_of(runtime, store);
    std::shared_ptr<aikit::AIProvider> const metered = must(aikit::policy::make_meter(bare, config));
    aikit::policy::ObservedConfig observed;
    observed.observer = must(aikit::telemetry::PrometheusExporter::create());
    observed.clock = runtime.clock();
    config.observer = observed.observer;
    std::shared_ptr<aikit::AIProvider> const told =
        must(aikit::policy::make_observed(must(aikit::policy::make_meter(bare, config)), observed));
    int const calls = part_of(200);
    round_of_calls(runtime, store, metered, streamed, 10);
    round_of_calls(runtime, store, told, streamed, 10);
    std::vector<double> differences;
    for (int round = 0; round < 9; ++round) {
        double const without = round_of_calls(runtime, store, metered, streamed, calls);
        differences.push_back(round_of_calls(runtime, store, told, streamed, calls) - without);
    }
    tell(what, bench::median(differences), limit, std::int64_t(calls) * callers * 9);
}

/// Setting aside and settling in three scopes, with all contacts of the file that this takes.
void budgets(aikit::Runtime const& runtime, Store const& store) {
    using aikit::policy::BudgetGuardian;
    aikit::policy::BudgetsConfig config;
    for (aikit::policy::LimitBy const by :
         {aikit::policy::LimitBy::everyone, aikit::policy::LimitBy::user, aikit::policy::LimitBy::project}) {
        aikit::policy::BudgetRule rule;
        rule.name = aikit::policy::name(by);
        rule.by = by;
        rule.window = aikit::policy::BudgetWindow::day;
        rule.cost = must(aikit::Money::from_usd("100000"));
        config.budgets.push_back(std::move(rule));
    }
    std::shared_ptr<BudgetGuardian> const guardian = must(BudgetGuardian::create(store.database(), config));
    aikit::policy::BudgetedCall call;
    call.provider = "openai";
    call.model = "gpt-4o";
    call.caller.user = "ann@example.com";
    call.caller.project = "website";
    call.cost = aikit::Money::nanos(3'500'000);
    call.tokens = 1'100;
    int const times = part_of(50'000);
    std::vector<double> rounds;
    std::int64_t asked_file = 0;
    for (int round = 0; round < 9; ++round) {
        double const before = bench::cpu_seconds();
        for (int i = 0; i < times; ++i) {
            aikit::Result<std::optional<BudgetGuardian::Hold>> at_once = guardian->try_hold(call);
            if (!at_once) die(at_once.error().message);
            if (*at_once) {
                (*at_once)->settle(aikit::Money::nanos(1'200'000), 600);
                continue;
            }
            ++asked_file;
            must(aikit::sync::wait(runtime, guardian->check_request_allowance(call)))
                .settle(aikit::Money::nanos(1'200'000), 600);
        }
        rounds.push_back((bench::cpu_seconds() - before) * 1e6 / times);
    }
    must(aikit::sync::wait(runtime, guardian->flush()));
    tell("budget check and settle, 3 scopes", bench::median(rounds), 4, std::int64_t{times} * 9);
    bench::print({{"bench", "money"}, {"what", "of them with a word to the file"}, {"times", asked_file}});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) share = std::clamp(std::atoi(argv[1]), 1, 100);
    price_lookups();
    aikit::Runtime runtime = must(aikit::Runtime::create());
    {
        Store store(runtime);
        steady_rows(store);
        many_rows(store);
    }
    {
        Store const store(runtime);
        budgets(runtime, store);
    }
    {
        Store store(runtime);
        metering(runtime, store, "metering a chat", false, true);
        metering(runtime, store, "metering a stream", true, true);
        metering(runtime, store, "metering a chat whose usage nobody tells", false, false);
        telling(runtime, store, "telling Prometheus of a chat", false, 20);
        telling(runtime, store, "telling Prometheus of a stream", true, 100);
    }
    runtime.close();
    return kept ? 0 : 1;
}
