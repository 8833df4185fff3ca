// SPDX-License-Identifier: MIT
// kit/config_budgets.cpp - budgets as JSON.
#include "kit/config_fields.hpp"

namespace aikit::inline v0 {
namespace {

void read_budget(json::Fields& fields, policy::BudgetRule& out) {
    std::string window;
    fields.read("name", out.name);
    read_scope(fields, out);
    fields.read("window", window);
    fields.read("time_zone", out.time_zone);
    read_dollars(fields, "cost_usd", out.cost);
    fields.read("tokens", out.tokens);
    fields.read("hard", out.hard);
    if (!window.empty()) {
        std::optional<policy::BudgetWindow> const known = policy::budget_window_from_name(window);
        if (!known) fields.refuse("window", "must be minute, hour, day, week, month or total");
        out.window = known.value_or(policy::BudgetWindow::month);
    }
    if (json::array const* alerts = fields.take_array("alerts")) {
        out.alerts.clear();
        for (json::value const& percent : *alerts) {
            if (!percent.is_int64() || percent.get_int64() < 1 || percent.get_int64() > 1'000) {
                fields.refuse("alerts", "must be percentages from 1 to 1000");
                break;
            }
            out.alerts.push_back(static_cast<int>(percent.get_int64()));
        }
    }
}

void read_control(json::Fields& fields, policy::CostControl& out) {
    std::string action;
    std::int64_t at = out.at;
    fields.read("action", action);
    fields.read("at", at);
    fields.read("max_tokens", out.max_tokens);
    read_seconds(fields, "longest_wait", out.longest_wait);
    std::optional<policy::CostControl::Action> const known = policy::cost_control_from_name(action);
    if (!known) fields.refuse("action", "must be cheaper_model, lower_max_tokens, queue or refuse");
    out.action = known.value_or(policy::CostControl::Action::refuse);
    if (at < 0 || at > 100) fields.refuse("at", "must be 0 to 100 (percent)");
    out.at = static_cast<int>(std::clamp<std::int64_t>(at, 0, 100));
    if (json::object const* models = fields.take_object("models")) {
        for (auto const& [from, to] : *models) {
            if (!to.is_string()) {
                fields.refuse("models", "must name a model for each model");
                break;
            }
            out.models[std::string(from)] = std::string(to.get_string());
        }
    }
}

json::value write_budget(policy::BudgetRule const& rule) {
    json::object out;
    out["name"] = rule.name;
    write_scope(rule, out);
    out["window"] = policy::name(rule.window);
    out["time_zone"] = rule.time_zone;
    if (rule.cost) out["cost_usd"] = rule.cost->usd();
    if (rule.tokens) out["tokens"] = *rule.tokens;
    out["hard"] = rule.hard;
    json::array alerts;
    for (int const percent : rule.alerts) alerts.push_back(percent);
    out["alerts"] = std::move(alerts);
    return out;
}

json::value write_control(policy::CostControl const& control) {
    using Action = policy::CostControl::Action;
    json::object out;
    out["action"] = policy::name(control.action);
    out["at"] = control.at;
    if (control.action == Action::lower_max_tokens) out["max_tokens"] = control.max_tokens;
    if (control.action == Action::queue) out["longest_wait"] = seconds(control.longest_wait);
    if (control.action == Action::cheaper_model) {
        json::object models;
        for (auto const& [from, to] : control.models) models[from] = to;
        out["models"] = std::move(models);
    }
    return out;
}

}  // namespace

Result<void> read_budgets(json::Fields& parent, std::optional<policy::BudgetsConfig>& out) {
    json::object const* object = parent.take_object("budgets");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".budgets");
    policy::BudgetsConfig read;
    if (Result<void> done = read_each(fields, "budgets", read.budgets, read_budget); !done) return done;
    if (Result<void> done = read_each(fields, "controls", read.controls, read_control); !done) return done;
    fields.read("allow_unknown_price", read.allow_unknown_price);
    read_seconds(fields, "lease_time", read.lease_time);
    read_seconds(fields, "patience", read.patience);
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (Result<void> good = policy::check(read, fields.path() + "."); !good) return good.error();
    out = std::move(read);
    return ok();
}

json::value write_budgets(policy::BudgetsConfig const& config) {
    json::array budgets, controls;
    for (policy::BudgetRule const& rule : config.budgets) budgets.push_back(write_budget(rule));
    for (policy::CostControl const& control : config.controls) controls.push_back(write_control(control));
    json::object out;
    out["budgets"] = std::move(budgets);
    out["controls"] = std::move(controls);
    out["allow_unknown_price"] = config.allow_unknown_price;
    out["lease_time"] = seconds(config.lease_time);
    out["patience"] = seconds(config.patience);
    return out;
}

}  // namespace aikit::inline v0
