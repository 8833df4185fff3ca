// SPDX-License-Identifier: MIT
// policy/budget_config.cpp - names of budgets' words, and what a configuration of them must hold.
#include <aikit/policy/budget.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace aikit::inline v0::policy {
namespace {

constexpr std::array<char const*, 6> windows{"minute", "hour", "day", "week", "month", "total"};
constexpr std::array<char const*, 4> actions{"cheaper_model", "lower_max_tokens", "queue", "refuse"};

template <class T, std::size_t N>
char const* name_in(std::array<char const*, N> const& names, T value) noexcept {
    auto const at = static_cast<std::size_t>(value);
    return at < N ? names[at] : "unknown";
}

template <class T, std::size_t N>
std::optional<T> value_in(std::array<char const*, N> const& names, std::string_view text) noexcept {
    auto const found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) return std::nullopt;
    return static_cast<T>(found - names.begin());
}

Result<void> check_budget(BudgetRule const& rule, std::string const& lead) {
    auto const wrong = [&](char const* what) { return fail(Errc::invalid_argument, lead + what); };
    if (rule.name.empty()) return wrong("name is empty; the file, sentences and status need it");
    if (!rule.cost && !rule.tokens) return wrong("cost or tokens must be given");
    if (rule.cost && *rule.cost < Money()) return wrong("cost must not be negative");
    if (rule.tokens && *rule.tokens < 0) return wrong("tokens must not be negative");
    if (rule.by == LimitBy::everyone && !rule.match.empty()) return wrong("match needs another 'by' than everyone");
    bool const sane = std::all_of(rule.alerts.begin(), rule.alerts.end(),
                                  [](int percent) { return percent >= 1 && percent <= 1'000; });
    if (!sane || rule.alerts.size() > 100) return wrong("alerts must be up to 100 percentages from 1 to 1000");
    return ok();
}

Result<void> check_control(CostControl const& control, std::string const& lead) {
    auto const wrong = [&](char const* what) { return fail(Errc::invalid_argument, lead + what); };
    using Action = CostControl::Action;
    if (control.at < 0 || control.at > 100) return wrong("at must be 0 to 100 (percent)");
    if (control.action == Action::cheaper_model && control.models.empty()) {
        return wrong("models is empty; it says which model takes the place of which");
    }
    if (control.action == Action::lower_max_tokens && control.max_tokens < 1)
        return wrong("max_tokens must be 1 or more");
    if (control.action == Action::queue && control.longest_wait.count() < 1)
        return wrong("longest_wait must be positive");
    return ok();
}

}  // namespace

char const* name(BudgetWindow window) noexcept {
    return name_in(windows, window);
}

std::optional<BudgetWindow> budget_window_from_name(std::string_view text) noexcept {
    return value_in<BudgetWindow>(windows, text);
}

char const* name(CostControl::Action action) noexcept {
    return name_in(actions, action);
}

std::optional<CostControl::Action> cost_control_from_name(std::string_view text) noexcept {
    return value_in<CostControl::Action>(actions, text);
}

Result<void> check(BudgetsConfig const& config, std::string const& lead) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < config.budgets.size(); ++i) {
        std::string const field = lead + "budgets[" + std::to_string(i) + "].";
        if (Result<void> const good = check_budget(config.budgets[i], field); !good) return good.error();
        if (!names.insert(config.budgets[i].name).second) {
            return fail(Errc::invalid_argument, field + "name stands for another budget already");
        }
    }
    for (std::size_t i = 0; i < config.controls.size(); ++i) {
        std::string const field = lead + "controls[" + std::to_string(i) + "].";
        if (Result<void> const good = check_control(config.controls[i], field); !good) return good.error();
    }
    if (config.lease_time < std::chrono::milliseconds(200) || config.lease_time > std::chrono::hours(24)) {
        return fail(Errc::invalid_argument, lead + "lease_time must be 200 ms to 24 hours");
    }
    if (config.patience.count() < 0 || config.patience > std::chrono::minutes(1)) {
        return fail(Errc::invalid_argument, lead + "patience must be 0 to 60 seconds");
    }
    return ok();
}

}  // namespace aikit::inline v0::policy
