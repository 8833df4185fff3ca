// SPDX-License-Identifier: MIT
// cli/costs_options.cpp - the arguments of aikit cost and of what stands below it.
#include "cli/costs.hpp"

#include <CLI/CLI.hpp>

namespace aikit::cli {
namespace {

using Run = int (*)(CommonOptions const&, CostSettings const&);

CLI::App& add(CLI::App& cost, CommonOptions const& common, CostSettings& settings, std::function<int()>& chosen,
              std::string const& name, std::string const& what, Run run) {
    CLI::App* command = cost.add_subcommand(name, what);
    command->fallthrough();
    command->callback(
        [&common, &settings, &chosen, run] { chosen = [&common, &settings, run] { return run(common, settings); }; });
    return *command;
}

void add_filter(CLI::App& cost, CostSettings& settings) {
    cost.add_option("--from", settings.from, "What started then or later: a day or an RFC 3339 time");
    cost.add_option("--until", settings.until, "What started before");
    cost.add_option("--utc-offset", settings.utc_offset, "Whose days are meant, e.g. +02:00; default: UTC");
    cost.add_option("--provider", settings.filter.provider, "Of this provider only");
    cost.add_option("--model", settings.filter.model, "Of this model only");
    cost.add_option("--operation", settings.filter.operation, "Of this kind only: chat, embed, moderate");
    cost.add_option("--tenant", settings.filter.tenant, "Of this tenant only");
    cost.add_option("--user", settings.filter.user, "Of this user only");
    cost.add_option("--key", settings.filter.key, "Of this key only, by its name");
    cost.add_option("--project", settings.filter.project, "Of this project only");
    cost.add_option("--tag", settings.filter.tag, "With this tag only");
}

void add_advice(CLI::App& cost, CommonOptions const& common, CostSettings& settings, std::function<int()>& chosen) {
    CLI::App& forecast = add(cost, common, settings, chosen, "forecast",
                             "Show what this month will come to, by the days before", run_cost_forecast);
    forecast.add_option("--confidence", settings.confidence, "How likely the interval holds; 0.8")
        ->check(CLI::Range(0.5, 0.99));
    CLI::App& anomalies = add(cost, common, settings, chosen, "anomalies",
                              "Show days that stand out; with --by each line on its own", run_cost_anomalies);
    anomalies.add_option("--threshold", settings.threshold, "How many usual deviations away; 5")
        ->check(CLI::Range(2.0, 100.0));
    CLI::App& savings = add(cost, common, settings, chosen, "savings",
                            "Show what would have been cheaper, with the risk", run_cost_savings);
    savings.add_option("--budget", settings.budget, "Dollars a month: only what it takes to come below them");
    CLI::App& compare = add(cost, common, settings, chosen, "compare",
                            "Show what the catalog's models would ask for a request", run_cost_compare);
    add_request_options(compare, settings);
    compare.add_option("--most", settings.most, "How many offers; 20")->check(CLI::Range(1, 100'000));
}

void add_calls(CLI::App& cost, CommonOptions const& common, CostSettings& settings, std::function<int()>& chosen) {
    CLI::App& estimate = add(cost, common, settings, chosen, "estimate",
                             "Show what a chat would cost, by the latest calls of its kind too", run_cost_estimate);
    add_request_options(estimate, settings);
    CLI::App& volume = add(cost, common, settings, chosen, "volume",
                           "Show a month of many calls: by list prices, with discounts, as batches", run_cost_volume);
    CLI::App& track = add(cost, common, settings, chosen, "track",
                          "Write down a call that was made elsewhere; the other flags label it", run_cost_track);
    CLI::Range const tokens(std::int64_t{0}, std::int64_t{1'000'000'000'000});
    for (CLI::App* command : {&volume, &track}) {
        command->add_option("--input-tokens", settings.tokens.input, "Read by a call")->check(tokens);
        command->add_option("--cached-tokens", settings.tokens.cache_read, "Read from the provider's cache beside them")
            ->check(tokens);
        command->add_option("--output-tokens", settings.tokens.output, "Written by a call")->check(tokens);
        command->add_option("--service-tier", settings.service_tier, "As the provider calls it, e.g. batch");
    }
    volume.add_option("--calls", settings.calls, "How many a month")->required()->check(tokens);
    volume.add_option("--discount", settings.discounts, "From so many dollars on, so many percent: 1000:12.5");
    track.add_option("--request-id", settings.request_id, "Its own id; the same one is written once")->required();
    track.add_option("--started", settings.started, "When, e.g. 2026-08-21T09:30:00Z; default: now");
}

}  // namespace

void add_request_options(CLI::App& command, CostSettings& settings) {
    CLI::Option* prompt = command.add_option("prompt", settings.prompt, "What would be asked; - reads standard input");
    command.add_option("--request", settings.request, "A request in OpenAI's form; - reads standard input")
        ->excludes(prompt);
    command.add_option("--max-tokens", settings.max_tokens, "Most tokens of the answer")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
}

void add_ledger_commands(CLI::App& cost, CommonOptions const& common, CostSettings& settings,
                         std::function<int()>& chosen) {
    add_filter(cost, settings);
    cost.add_option("--by", settings.by, "Group by")
        ->check(CLI::IsMember({"model", "user", "day", "provider", "key", "project", "tag", "operation", "tenant"}))
        ->capture_default_str();
    cost.add_flag("--trend", settings.trend, "Compare with the period of the same length before; takes --from");
    cost.add_flag("--csv", settings.csv, "Print CSV");
    add(cost, common, settings, chosen, "report", "The same as cost alone", run_cost);
    add(cost, common, settings, chosen, "export", "Print every row, as lines of JSON or with --csv", run_cost_export);
    CLI::App& prune = add(cost, common, settings, chosen, "prune",
                          "Remove the rows of old days; what they cost stays in reports", run_cost_prune);
    CLI::Option* before = prune.add_option("--before", settings.before, "The first day that stays");
    prune.add_option("--keep", settings.keep, "How many days stay")->excludes(before);
    CLI::App& recost = add(cost, common, settings, chosen, "recost",
                           "Price rows anew, each as of its day; without --apply nothing changes", run_cost_recost);
    recost.add_flag("--apply", settings.apply, "Write the new prices down");
    add_advice(cost, common, settings, chosen);
    add_calls(cost, common, settings, chosen);
}

}  // namespace aikit::cli
