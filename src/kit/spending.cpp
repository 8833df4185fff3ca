// SPDX-License-Identifier: MIT
// kit/spending.cpp - what is spent this month, for prices that depend on it.
#include "kit/spending.hpp"

#include "core/async.hpp"

#include <algorithm>
#include <map>

namespace aikit::inline v0 {
namespace {

constexpr std::chrono::seconds look_at_spending_every{60};

/// What all processes with the ledger have spent this month, by the catalog's names of their providers.
Task<void> read_spending(std::shared_ptr<Kit::State> state) {
    SystemTime const now = state->runtime.clock()->system_now();
    cost::ReportQuery query;
    query.by = cost::ReportBy::provider;
    query.from = cost::month_of(now);
    Task<cost::Report> pending = state->ledger->report(std::move(query));
    Result<cost::Report> const report = co_await std::move(pending);
    if (!report) co_return report.error();
    std::map<std::string, Money> spent;
    for (cost::ReportLine const& line : report->lines) {
        Result<std::shared_ptr<ProviderEntry const>> const entry = state->providers.find(line.key);
        std::string name = entry ? price_provider_of((*entry)->config) : line.key;
        name.resize(std::min(name.size(), name.find('+')));
        Result<Money> const sum = Money::add(spent[name], line.cost);
        if (!sum) co_return sum.error();
        spent[name] = *sum;
    }
    for (auto const& [name, cost] : spent) state->spending->put(name, cost, now);
    co_return ok();
}

/// Looks again from time to time, for what other processes spend. Holds no kit while it waits.
Task<void> watch_spending(std::weak_ptr<Kit::State> weak, std::shared_ptr<Clock> clock) {
    for (;;) {
        Task<void> waiting = sleep_until(clock, clock->now() + look_at_spending_every);
        Result<void> const waited = co_await std::move(waiting);
        std::shared_ptr<Kit::State> state = weak.lock();
        if (!waited || !state || state->closed) co_return ok();
        // What cannot be read now is read the next time.
        Task<void> reading = guard(read_spending(std::move(state)));
        Result<void> const read = co_await std::move(reading);
        (void)read;
    }
}

}  // namespace

std::shared_ptr<cost::MonthSpending> make_spending(KitConfig const& config) {
    std::vector<Money> steps;
    for (cost::PriceDiscount const& discount : config.price_discounts) {
        if (discount.from_spent != Money()) steps.push_back(discount.from_spent);
    }
    return steps.empty() ? nullptr : std::make_shared<cost::MonthSpending>(std::move(steps));
}

Task<void> follow_spending(std::shared_ptr<Kit::State> state) {
    Task<void> reading = read_spending(state);
    Result<void> const read = co_await std::move(reading);
    if (!read) co_return read.error();
    boost::asio::co_spawn(state->runtime.executor(), watch_spending(state, state->runtime.clock()),
                          [](std::exception_ptr const&, Result<void> const&) {});
    co_return ok();
}

}  // namespace aikit::inline v0
