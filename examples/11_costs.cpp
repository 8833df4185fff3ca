// SPDX-License-Identifier: MIT
// examples/11_costs.cpp - what a ledger says of two months: their sum, the month to come, a day that stands out,
// savings.
#include <aikit/aikit.hpp>

#include <cmath>
#include <iostream>

namespace cost = aikit::cost;
using days = std::chrono::days;

// Ten calls a day for ten cents each, and twenty times as many on one of them: made elsewhere, and written down here.
void fill(cost::CostIntelligence const& costs, aikit::SystemTime today) {
    for (int day = 1; day <= 60; ++day) {
        for (int call = 0; call < (day == 45 ? 200 : 10); ++call) {
            cost::TrackedCall tracked;
            tracked.provider = "openai";
            tracked.model = "gpt-4o";
            tracked.request_id = std::to_string(day) + "-" + std::to_string(call);
            tracked.started = today - days(day) + std::chrono::minutes(720 + call);
            tracked.usage.input = 20'000;
            tracked.usage.output = 5'000;
            tracked.caller.user = call % 2 == 0 ? "ada" : "bob";
            costs.track_actual_cost(tracked).value();
        }
    }
}

int main() {
    aikit::Kit kit = aikit::Kit::open(aikit::KitConfig::from_env().value()).value();
    std::shared_ptr<cost::CostIntelligence const> costs = kit.costs();
    aikit::SystemTime const today = std::chrono::floor<days>(std::chrono::system_clock::now());
    fill(*costs, today);

    cost::ReportQuery sums;
    sums.by = cost::ReportBy::user;
    sums.from = today - days(60);
    cost::Report const report = aikit::sync::wait(kit, kit.cost_report(sums)).value();
    for (cost::ReportLine const& line : report.lines) {
        std::cout << line.key << ": " << line.calls << " calls, $" << line.cost.usd() << "\n";
    }

    cost::ForecastQuery forecast;
    forecast.history_days = 30;
    cost::CostForecast const month = aikit::sync::wait(kit, costs->predict_monthly_cost(forecast)).value();
    double const length = std::chrono::duration<double, days::period>(month.until - month.from).count();
    double const dollars = static_cast<double>(month.month.expected.nanos()) / 1e9;
    std::cout << "this month: about $" << std::lround(dollars / length) << " a day\n";

    cost::AnomalyReport const found =
        aikit::sync::wait(kit, costs->detect_cost_anomalies(cost::AnomalyQuery())).value();
    for (cost::CostAnomaly const& day : found.anomalies) {
        std::cout << "a day stands out: $" << day.cost.usd() << " in the place of $" << day.expected.usd() << "\n";
    }

    cost::SavingsQuery savings;
    savings.from = today - days(30);
    savings.until = today;
    aikit::Money const budget = aikit::Money::from_usd("20").value();
    cost::SavingsPlan const plan = aikit::sync::wait(kit, costs->optimize_for_budget(budget, savings)).value();
    for (cost::Saving const& saving : plan.savings) {
        std::cout << name(saving.change) << " saves $" << saving.per_month.usd() << " of $" << plan.cost_per_month.usd()
                  << " a month. " << saving.risk << "\n";
    }
}
