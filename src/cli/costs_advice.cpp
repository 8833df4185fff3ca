// SPDX-License-Identifier: MIT
// cli/costs_advice.cpp - aikit cost forecast, anomalies, savings, compare.
#include "cli/costs.hpp"
#include "kit/cost_views.hpp"
#include "kit/prices.hpp"

#include <aikit/model/json_form.hpp>

namespace aikit::cli {
namespace {

std::string day_of(SystemTime time) {
    return to_rfc3339(time).substr(0, 10);
}

void print(Console& console, cost::CostForecast const& forecast) {
    auto const line = [&](std::string const& name, std::string const& value) {
        console.line(headed(name) + padded(value, 20));
    };
    line("month", day_of(forecast.from).substr(0, 7));
    line("spent", "$" + forecast.spent.usd());
    line("expected", "$" + forecast.month.expected.usd());
    line("from", "$" + forecast.month.low.usd());
    line("to", "$" + forecast.month.high.usd());
    line("by days", std::to_string(forecast.history_days));
}

void print(Console& console, cost::AnomalyReport const& report) {
    for (cost::CostAnomaly const& anomaly : report.anomalies) {
        console.line(day_of(anomaly.day) + "  " + headed(anomaly.key.empty() ? "-" : anomaly.key) +
                     padded("$" + anomaly.cost.usd(), 16) + "  in the place of $" + anomaly.expected.usd());
    }
    console.note(std::to_string(report.days_checked) + " days looked at");
}

void print(Console& console, cost::SavingsPlan const& plan) {
    for (cost::Saving const& saving : plan.savings) {
        console.line(padded("$" + saving.per_month.usd(), 16) + "  " + saving.provider + "/" + saving.model + ": " +
                     saving.what + " " + saving.risk);
    }
    console.line(padded("$" + plan.cost_per_month.usd(), 16) + "  a month as it is");
    console.line(padded("$" + plan.cost_after.usd(), 16) + "  with all of it");
    if (plan.enough && !*plan.enough) console.note("that is not enough for the budget");
}

void print(Console& console, std::vector<cost::ProviderOffer> const& offers) {
    console.line(console.bold(headed("model") + padded("expected", 20) + padded("at most", 20)));
    for (cost::ProviderOffer const& offer : offers) {
        console.line(headed(offer.provider + "/" + offer.model) + padded("$" + offer.estimate.expected.usd(), 20) +
                     padded("$" + offer.estimate.at_most.usd(), 20));
    }
}

/// What is printed, in both ways.
template <class T>
int show(Console& console, Result<T> const& found) {
    if (!found) return console.fail(found.error());
    if (console.json()) {
        console.line(json::serialize(json_form::view(*found)));
    } else {
        print(console, *found);
    }
    return 0;
}

Result<std::vector<cost::ProviderOffer>> compare(CommonOptions const& common, CostSettings const& settings) {
    Result<ChatRequest> const request = read_chat_request(settings);
    if (!request) return request.error();
    Result<KitConfig> const config = KitConfig::from_env(common.config);
    if (!config) return config.error();
    Result<std::shared_ptr<cost::PriceCatalog const>> catalog = load_catalog(*config);
    if (!catalog) return catalog.error();
    cost::ProviderCostAnalyzer const analyzer(
        std::make_shared<cost::CostIntelligence const>(std::move(*catalog), real_clock()));
    cost::CompareQuery query;
    if (!settings.filter.provider.empty()) query.providers = {settings.filter.provider};
    query.most = settings.most;
    return analyzer.compare_providers(*request, query);
}

}  // namespace

Result<ChatRequest> read_chat_request(CostSettings const& settings) {
    ChatRequest request;
    if (!settings.request.empty()) {
        Result<std::string> const text = read_argument_file(settings.request);
        if (!text) return text.error();
        Result<json_form::ChatCall> call = json_form::read_chat(*text);
        if (!call) return call.error();
        request = std::move(call->request);
    } else {
        Result<std::string> prompt = settings.prompt == "-" ? read_argument_file("-") : settings.prompt;
        if (!prompt) return prompt.error();
        if (prompt->empty()) return fail(Errc::invalid_argument, "it takes a prompt or --request");
        request.messages.emplace_back(Role::user, std::move(*prompt));
    }
    if (settings.max_tokens) request.max_tokens = settings.max_tokens;
    return request;
}

int run_cost_forecast(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const filter = read_cost_flags(settings);
    if (!filter) return console.fail(filter.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    cost::ForecastQuery query;
    static_cast<cost::RowFilter&>(query) = *filter;
    query.utc_offset = filter->utc_offset;
    query.confidence = settings.confidence;
    return show(console, run(*kit, kit->costs()->predict_monthly_cost(std::move(query))));
}

int run_cost_anomalies(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const filter = read_cost_flags(settings);
    if (!filter) return console.fail(filter.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    cost::AnomalyQuery query;
    static_cast<cost::RowFilter&>(query) = *filter;
    query.by = filter->by;
    query.utc_offset = filter->utc_offset;
    query.threshold = settings.threshold;
    return show(console, run(*kit, kit->costs()->detect_cost_anomalies(std::move(query))));
}

int run_cost_savings(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const filter = read_cost_flags(settings);
    if (!filter) return console.fail(filter.error());
    Result<Money> const budget = Money::from_usd(settings.budget.empty() ? "0" : settings.budget);
    if (!budget || *budget < Money()) {
        return console.fail(fail(Errc::invalid_argument, "--budget must be dollars, such as 99.50"));
    }
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    cost::SavingsQuery query;
    static_cast<cost::RowFilter&>(query) = *filter;
    query.names = [&kit](std::string& provider, std::string& model) { kit->price_names(provider, model); };
    std::shared_ptr<cost::CostIntelligence const> const costs = kit->costs();
    if (settings.budget.empty()) return show(console, run(*kit, costs->suggest_optimizations(std::move(query))));
    return show(console, run(*kit, costs->optimize_for_budget(*budget, std::move(query))));
}

int run_cost_compare(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    return show(console, compare(common, settings));
}

}  // namespace aikit::cli
