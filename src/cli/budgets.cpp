// SPDX-License-Identifier: MIT
// cli/budgets.cpp - aikit budget: what is spent and set aside of the configured budgets, and corrections of it.
#include "cli/budgets.hpp"

#include "cli/costs.hpp"

namespace aikit::cli {
namespace {

std::int64_t count_of(json::value const& object, char const* member) {
    return json::integer(object, member).value_or(0);
}

/// "$1.5 of $10, 1200 of 5000 tokens"
std::string share(json::value const& one) {
    std::string text;
    std::string const most = text_of(one, "cost_limit_usd");
    if (!most.empty()) text = "$" + text_of(one, "cost_usd") + " of $" + most;
    if (std::optional<std::int64_t> const limit = json::integer(one, "token_limit")) {
        if (!text.empty()) text += ", ";
        text += std::to_string(count_of(one, "tokens")) + " of " + std::to_string(*limit) + " tokens";
    }
    return text;
}

/// "; set aside: $0.5, 100 tokens", where there is anything.
std::string aside(json::value const& one, char const* what, char const* usd, char const* tokens) {
    if (text_of(one, usd) == "0" && count_of(one, tokens) == 0) return "";
    return std::string("; ") + what + ": $" + text_of(one, usd) + ", " + std::to_string(count_of(one, tokens)) +
           " tokens";
}

void print(Console& console, json::value const& one) {
    std::string const value = text_of(one, "value");
    std::string const name = text_of(one, "budget");
    std::string text = headed(value.empty() ? name : name + " " + value) + share(one);
    text += aside(one, "set aside", "held_usd", "held_tokens");
    text += aside(one, "lost with processes that were killed", "lost_usd", "lost_tokens");
    std::string const resets = text_of(one, "resets_at");
    if (!resets.empty()) text += "; begins anew " + resets;
    console.line(text);
}

void print_all(Console& console, json::value const& reply) {
    json::array const& all = json::find(reply, "budgets")->get_array();
    for (json::value const& one : all) print(console, one);
    if (all.empty()) console.line("nothing is spent or set aside in the windows of now");
}

Result<json::object> adjust_request(BudgetSettings const& settings) {
    if (settings.cost.empty() && settings.tokens == 0) {
        return fail(Errc::invalid_argument, "adjust takes --cost, --tokens, or both");
    }
    json::object request{{"budget", settings.budget}, {"value", settings.value}, {"tokens", settings.tokens}};
    if (settings.cost.empty()) return request;
    if (!Money::from_usd(settings.cost)) {
        return fail(Errc::invalid_argument, "--cost must be dollars, such as 1.25 or -0.5");
    }
    request["usd"] = settings.cost;
    return request;
}

}  // namespace

int run_budget(CommonOptions const& common, BudgetSettings const&) {
    return show_action(common, "budgets", json::object(), print_all);
}

int run_budget_adjust(CommonOptions const& common, BudgetSettings const& settings) {
    return show_action(common, "adjust_budget", adjust_request(settings), print_all);
}

}  // namespace aikit::cli
