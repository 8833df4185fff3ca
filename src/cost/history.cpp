// SPDX-License-Identifier: MIT
// cost/history.cpp - what the ledger's past says of a request, of this month, of its days, and of savings.
#include "cost/reports.hpp"
#include "cost/savings.hpp"

#include <aikit/cost/forecast.hpp>
#include <aikit/cost/intelligence.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using Keep = std::shared_ptr<Ledger>;

constexpr std::chrono::hours a_day{24};

Error no_ledger() {
    return fail(Errc::invalid_state, "there is no ledger to read the past from");
}

/// Reads what is in the ledger once all is durable.
template <class T>
Task<T> read_past(Keep ledger, std::function<Result<T>(Connection&)> work) {
    if (!ledger) co_return no_ledger();
    Task<void> flushing = ledger->flush();
    Result<void> const flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    storage::Database const database = ledger->database();
    Task<T> pending = database.read<T>(std::move(work));
    co_return co_await std::move(pending);
}

/// The midnight at or before a time, in a place that far east.
SystemTime midnight(SystemTime time, std::chrono::minutes utc_offset) {
    return std::chrono::floor<std::chrono::days>(time + utc_offset) - utc_offset;
}

/// The first moment of a month, `months` after the one of `time`.
SystemTime month_of(SystemTime time, std::chrono::minutes utc_offset, int months) {
    std::chrono::year_month_day const date(std::chrono::floor<std::chrono::days>(time + utc_offset));
    std::chrono::year_month const month = date.year() / date.month() + std::chrono::months(months);
    return std::chrono::sys_days(month / std::chrono::day(1)) - utc_offset;
}

/// Puts what calls of one kind wrote into an estimate. Of so many values the outer tenths are left out, counted so that
/// the next one of the same kind is within with a likelihood of 80 percent (Vovk and others, "Algorithmic Learning in a
/// Random World", 2005: conformal prediction).
Result<void> learn(CostEstimate& estimate, PriceEntry const& entry, std::vector<std::int64_t> outputs) {
    constexpr std::size_t least = 20;
    if (outputs.size() < least) return ok();
    std::sort(outputs.begin(), outputs.end());
    std::size_t const tail = (outputs.size() + 1) / 10;
    std::int64_t sum = 0;
    for (std::int64_t const output : outputs) sum += output;
    auto const cost_with = [&](std::int64_t output) {
        Usage usage;
        usage.input = estimate.input_tokens;
        usage.output = std::min(output, estimate.output_tokens_at_most);
        return cost_of(entry, usage);
    };
    Result<Money> const low = cost_with(outputs[tail - 1]);
    if (!low) return low.error();
    Result<Money> const high = cost_with(outputs[outputs.size() - tail]);
    if (!high) return high.error();
    std::int64_t const mean = sum / static_cast<std::int64_t>(outputs.size());
    Result<Money> const expected = cost_with(mean);
    if (!expected) return expected.error();
    estimate.output_tokens = std::min(mean, estimate.output_tokens_at_most);
    estimate.expected = std::min(*expected, estimate.at_most);
    estimate.low = *low;
    estimate.high = *high;
    estimate.learned_from = static_cast<std::int64_t>(outputs.size());
    return ok();
}

Result<CostForecast> forecast_month(Connection& db, ForecastQuery const& query, SystemTime now) {
    SystemTime const today = midnight(now, query.utc_offset);
    CostForecast forecast;
    forecast.from = month_of(now, query.utc_offset, 0);
    forecast.until = month_of(now, query.utc_offset, 1);
    forecast.confidence = query.confidence;
    ReportQuery spent;
    static_cast<RowFilter&>(spent) = query;
    spent.from = forecast.from;
    spent.until = forecast.until;
    Result<Report> const month = read_report(db, spent);
    if (!month) return month.error();
    forecast.spent = month->total.cost;
    Result<std::map<std::string, CostHistory>> histories =
        read_histories(db, query, today - query.history_days * a_day, query.history_days, std::nullopt, {""});
    if (!histories) return histories.error();
    CostHistory& history = histories->begin()->second;
    // A history begins with its first cost.
    auto const first = std::find_if(history.days.begin(), history.days.end(), [](Money m) { return m != Money(); });
    history.first_day += (first - history.days.begin()) * a_day;
    history.days.erase(history.days.begin(), first);
    forecast.history_days = static_cast<std::int64_t>(history.days.size());
    auto const left = std::chrono::duration_cast<std::chrono::hours>(forecast.until - today) / a_day;
    std::vector<double> parts(static_cast<std::size_t>(left), 1.0);
    using Days = std::chrono::duration<double, std::chrono::days::period>;
    if (!parts.empty()) parts.front() = 1 - Days(now - today).count();
    Result<CostRange> range = forecast_costs(history, parts, query.confidence);
    if (!range) return range.error();
    forecast.month = std::move(*range);
    for (Money* amount : {&forecast.month.expected, &forecast.month.low, &forecast.month.high}) {
        Result<Money> const sum = Money::add(*amount, forecast.spent);
        if (!sum) return sum.error();
        *amount = *sum;
    }
    return forecast;
}

Result<AnomalyReport> detect(Connection& db, AnomalyQuery const& query, SystemTime now) {
    constexpr std::size_t most_lines = 200;
    SystemTime const until = midnight(query.until.value_or(now), query.utc_offset);
    SystemTime const from = query.from ? midnight(*query.from, query.utc_offset) : until - query.history_days * a_day;
    AnomalyReport report;
    if (until <= from) return report;
    if (until - from > 1'000 * a_day) {
        return fail(Errc::invalid_argument, "anomalies: the period is longer than 1,000 days");
    }
    auto const days = static_cast<int>(std::chrono::duration_cast<std::chrono::hours>(until - from) / a_day);
    std::vector<std::string> keys = {""};
    std::optional<ReportBy> const by = query.by == ReportBy::day ? std::nullopt : query.by;
    if (by) {
        ReportQuery lines;
        static_cast<RowFilter&>(lines) = query;
        lines.from = from;
        lines.until = until;
        lines.by = *by;
        Result<Report> const found = read_report(db, lines);
        if (!found) return found.error();
        keys.clear();
        for (ReportLine const& line : found->lines) keys.push_back(line.key);
        if (keys.size() > most_lines) keys.resize(most_lines);
    }
    Result<std::map<std::string, CostHistory>> const histories = read_histories(db, query, from, days, by, keys);
    if (!histories) return histories.error();
    for (auto const& [key, history] : *histories) {
        auto const first =
            std::find_if(history.days.begin(), history.days.end(), [](Money day) { return day != Money(); });
        report.days_checked += std::max<std::int64_t>(0, history.days.end() - first - 14);
        for (CostAnomaly& anomaly : find_anomalies(history, query.threshold)) {
            anomaly.key = key;
            report.anomalies.push_back(std::move(anomaly));
        }
    }
    std::stable_sort(report.anomalies.begin(), report.anomalies.end(),
                     [](CostAnomaly const& a, CostAnomaly const& b) { return a.day > b.day; });
    return report;
}

Task<SavingsPlan> plan_task(Keep ledger, std::shared_ptr<PriceCatalog const> catalog, SavingsQuery query,
                            SystemTime now, std::optional<Money> per_month) {
    constexpr int usual_days = 30;
    if (!query.until) query.until = now;
    if (!query.from) query.from = *query.until - usual_days * a_day;
    using Days = std::chrono::duration<double, std::chrono::days::period>;
    double const days = Days(*query.until - *query.from).count();
    if (!(days >= 1)) co_return fail(Errc::invalid_argument, "savings: the period must be a day or longer");
    std::function<Result<SavingsPlan>(Connection&)> work = [catalog, query, now, per_month,
                                                            days](Connection& db) -> Result<SavingsPlan> {
        Result<ModelPasts> const pasts = read_pasts(db, query);
        if (!pasts) return pasts.error();
        return plan_savings(*pasts, *catalog, query, now, days, per_month);
    };
    Task<SavingsPlan> pending = read_past<SavingsPlan>(std::move(ledger), std::move(work));
    co_return co_await std::move(pending);
}

/// How long the latest answers were.
Task<std::vector<std::int64_t>> outputs_task(Keep ledger, HistoryQuery query) {
    std::function<Result<std::vector<std::int64_t>>(Connection&)> work = [query](Connection& db) {
        return latest_outputs(db, query, query.calls);
    };
    Task<std::vector<std::int64_t>> pending = read_past<std::vector<std::int64_t>>(std::move(ledger), std::move(work));
    co_return co_await std::move(pending);
}

Task<CostEstimate> estimate_task(std::shared_ptr<PriceCatalog const> catalog, std::shared_ptr<Clock> clock, Keep ledger,
                                 std::string provider, ChatRequest request, HistoryQuery query) {
    CostIntelligence const costs(std::move(catalog), std::move(clock));
    Result<CostEstimate> estimate = costs.estimate_request_cost(provider, request);
    if (!estimate) co_return estimate.error();
    if (query.calls < 20 || query.calls > 10'000)
        co_return fail(Errc::invalid_argument, "history: calls must be 20 to 10,000");
    Task<std::vector<std::int64_t>> reading = outputs_task(std::move(ledger), std::move(query));
    Result<std::vector<std::int64_t>> outputs = co_await std::move(reading);
    if (!outputs) co_return outputs.error();
    Result<PriceEntry> const entry = costs.price_entry(provider, request.model, request.service_tier);
    if (!entry) co_return entry.error();
    if (Result<void> const learned = learn(*estimate, *entry, std::move(*outputs)); !learned) co_return learned.error();
    co_return estimate;
}

}  // namespace

Task<CostEstimate> CostIntelligence::estimate_request_cost(std::string provider, ChatRequest request,
                                                           HistoryQuery history) const {
    return estimate_task(catalog_, clock_, ledger_, std::move(provider), std::move(request), std::move(history));
}

Result<PricedUsage> CostIntelligence::track_actual_cost(TrackedCall const& call) const {
    if (!ledger_) return no_ledger();
    if (call.request_id.empty()) return fail(Errc::invalid_argument, "track: request_id is empty");
    if (Result<void> const good = check(call.usage); !good) {
        return fail(Errc::invalid_argument, "track: " + good.error().message);
    }
    PriceQuery query;
    query.provider = call.provider;
    query.model = call.model;
    query.service_tier = call.service_tier;
    query.at = call.started;
    Result<PriceEntry> const entry = catalog_->find(query);
    if (!entry) return entry.error();
    Result<PricedUsage> priced = price(*entry, call.usage);
    if (!priced) return priced.error();
    LedgerRow row;
    row.request_id = call.request_id;
    row.operation = call.operation;
    row.caller = call.caller;
    row.attempt.provider = call.provider;
    row.attempt.model = call.model;
    row.attempt.outcome = "ok";
    row.attempt.started = call.started;
    row.attempt.latency = call.latency;
    row.attempt.usage = call.usage.without_raw();
    row.attempt.cost = priced->cost;
    row.attempt.price_id = priced->price_id;
    ledger_->record(row);
    return priced;
}

Task<CostForecast> CostIntelligence::predict_monthly_cost(ForecastQuery query) const {
    SystemTime const now = clock_->system_now();
    std::function<Result<CostForecast>(Connection&)> work = [query, now](Connection& db) -> Result<CostForecast> {
        if (query.history_days < 7 || query.history_days > 1'000) {
            return fail(Errc::invalid_argument, "forecast: history_days must be 7 to 1,000");
        }
        return forecast_month(db, query, now);
    };
    return read_past<CostForecast>(ledger_, std::move(work));
}

Task<AnomalyReport> CostIntelligence::detect_cost_anomalies(AnomalyQuery query) const {
    SystemTime const now = clock_->system_now();
    std::function<Result<AnomalyReport>(Connection&)> work = [query, now](Connection& db) -> Result<AnomalyReport> {
        bool const good =
            query.history_days >= 14 && query.history_days <= 1'000 && query.threshold >= 2 && query.threshold <= 100;
        if (!good) {
            return fail(Errc::invalid_argument, "anomalies: history_days must be 14 to 1,000, threshold 2 to 100");
        }
        return detect(db, query, now);
    };
    return read_past<AnomalyReport>(ledger_, std::move(work));
}

Task<SavingsPlan> CostIntelligence::suggest_optimizations(SavingsQuery query) const {
    return plan_task(ledger_, catalog_, std::move(query), clock_->system_now(), std::nullopt);
}

Task<SavingsPlan> CostIntelligence::optimize_for_budget(Money per_month, SavingsQuery query) const {
    return plan_task(ledger_, catalog_, std::move(query), clock_->system_now(), per_month);
}

}  // namespace aikit::inline v0::cost
