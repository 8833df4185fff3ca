// SPDX-License-Identifier: MIT
// cli/costs.hpp - aikit cost, and what stands below it for the ledger.
#ifndef AIKIT_SRC_CLI_COSTS_HPP
#define AIKIT_SRC_CLI_COSTS_HPP

#include "cli/commands.hpp"
#include "core/json.hpp"

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace aikit::cli {

struct CostSettings {
    std::string by = "model";
    std::string from;
    std::string until;
    std::string utc_offset;
    cost::RowFilter filter;  ///< Its texts.
    bool trend = false;
    bool csv = false;

    std::string before;  ///< prune: a day.
    std::string keep;    ///< prune: days.
    bool apply = false;  ///< recost.

    double confidence = 0.8;  ///< forecast.
    double threshold = 5;     ///< anomalies.
    std::string budget;       ///< savings: dollars a month.
    std::string request;      ///< compare: a file.
    std::string prompt;
    std::optional<std::int64_t> max_tokens;
    int most = 20;

    Usage tokens;  ///< volume, track: its input, cache_read and output.
    std::int64_t calls = 0;
    std::vector<std::string> discounts;
    std::string service_tier;
    std::string request_id;
    std::string started;
};

/// aikit cost, aikit cost report
int run_cost(CommonOptions const& common, CostSettings const& settings);
int run_cost_export(CommonOptions const& common, CostSettings const& settings);
int run_cost_prune(CommonOptions const& common, CostSettings const& settings);
int run_cost_forecast(CommonOptions const& common, CostSettings const& settings);
int run_cost_anomalies(CommonOptions const& common, CostSettings const& settings);
int run_cost_savings(CommonOptions const& common, CostSettings const& settings);
int run_cost_compare(CommonOptions const& common, CostSettings const& settings);
int run_cost_volume(CommonOptions const& common, CostSettings const& settings);
int run_cost_track(CommonOptions const& common, CostSettings const& settings);
int run_cost_estimate(CommonOptions const& common, CostSettings const& settings);
int run_cost_recost(CommonOptions const& common, CostSettings const& settings);

// ---- shared by them ----

/// What the flags ask for.
Result<cost::ReportQuery> read_cost_flags(CostSettings const& settings);

Result<Session> open_ledger(CommonOptions const& common);

/// The chat that a prompt, or a file, asks for.
Result<ChatRequest> read_chat_request(CostSettings const& settings);

/// Carries out an action of kit/cost_actions.hpp and prints its reply: as it is, or by `print`. Returns the exit code.
int show_action(CommonOptions const& common, char const* action, Result<json::object> const& request,
                std::function<void(Console&, json::value const&)> const& print);

/// A text at the left of a column, and one at its right.
std::string headed(std::string text);
std::string padded(std::string text, std::size_t width);

/// The text that an object has under that name; empty where it has none.
std::string text_of(json::value const& object, char const* member);

/// Adds what read_chat_request() reads: a prompt, --request, --max-tokens.
void add_request_options(CLI::App& command, CostSettings& settings);

/// Adds the flags of `cost` and the commands below it; what was chosen goes to `chosen`.
void add_ledger_commands(CLI::App& cost, CommonOptions const& common, CostSettings& settings,
                         std::function<int()>& chosen);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_COSTS_HPP
