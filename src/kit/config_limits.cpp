// SPDX-License-Identifier: MIT
// kit/config_limits.cpp - durations, the scopes of rules, and limits of calls, as JSON.
#include "kit/config_fields.hpp"

#include <cmath>

namespace aikit::inline v0 {
namespace {

void read_rule(json::Fields& fields, policy::LimitRule& out) {
    fields.read("name", out.name);
    read_scope(fields, out);
    fields.read("requests", out.requests);
    fields.read("tokens", out.tokens);
    fields.read("at_once", out.at_once);
    read_seconds(fields, "window", out.window);
}

json::value write_rule(policy::LimitRule const& rule) {
    json::object out;
    out["name"] = rule.name;
    write_scope(rule, out);
    if (rule.requests) out["requests"] = *rule.requests;
    if (rule.tokens) out["tokens"] = *rule.tokens;
    if (rule.at_once) out["at_once"] = *rule.at_once;
    out["window"] = seconds(rule.window);
    return out;
}

}  // namespace

void read_scope(json::Fields& fields, policy::CallScope& out) {
    std::optional<std::string> by;
    fields.read("by", by);
    fields.read("match", out.match);
    fields.read("provider", out.provider);
    fields.read("model", out.model);
    fields.read("tier", out.tier);
    if (!by) return;
    std::optional<policy::LimitBy> const known = policy::limit_by_from_name(*by);
    if (!known) fields.refuse("by", "must be everyone, provider, model, tenant, user, key, project or tag");
    out.by = known.value_or(out.by);
}

void write_scope(policy::CallScope const& scope, json::object& out) {
    auto const text = [&](char const* key, std::string const& value) {
        if (!value.empty()) out[key] = value;
    };
    out["by"] = policy::name(scope.by);
    text("match", scope.match);
    text("provider", scope.provider);
    text("model", scope.model);
    text("tier", scope.tier);
}

std::optional<std::vector<std::string>> read_texts(json::Fields& fields, std::string_view key) {
    json::array const* const list = fields.take_array(key);
    if (list == nullptr) return std::nullopt;
    std::vector<std::string> out;
    for (json::value const& text : *list) {
        if (!text.is_string()) {
            fields.refuse(key, "must be a list of strings");
            break;
        }
        out.emplace_back(text.get_string());
    }
    return out;
}

void read_dollars(json::Fields& fields, std::string_view key, std::optional<Money>& out) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return;
    Result<Money> const amount = Money::from_usd(*text);
    if (!amount) fields.refuse(key, "must be a number of dollars as text, such as \"12.50\"");
    if (amount) out = *amount;
}

void read_seconds(json::Fields& fields, std::string_view key, std::optional<std::chrono::milliseconds>& out) {
    std::optional<double> seconds;
    fields.read(key, seconds);
    if (!seconds) return;
    if (!(*seconds >= 0 && *seconds <= 1e9)) return fields.refuse(key, "must be 0 (no limit) to 1e9 seconds");
    out = std::chrono::milliseconds(std::llround(*seconds * 1000.0));
}

void read_seconds(json::Fields& fields, std::string_view key, std::chrono::milliseconds& out) {
    std::optional<std::chrono::milliseconds> value;
    read_seconds(fields, key, value);
    if (value) out = *value;
}

json::value seconds(std::chrono::milliseconds value) {
    if (value.count() % 1000 == 0) return value.count() / 1000;
    return static_cast<double>(value.count()) / 1000.0;
}

Result<void> read_call_limits(json::Fields& parent, std::optional<policy::LimitsConfig>& out) {
    json::object const* object = parent.take_object("call_limits");
    if (!object) return ok();
    json::Fields fields(*object, parent.path() + ".call_limits");
    policy::LimitsConfig read;
    if (Result<void> done = read_each(fields, "rules", read.rules, read_rule); !done) return done;
    fields.read("queue", read.queue);
    read_seconds(fields, "longest_wait", read.longest_wait);
    fields.read("most_waiting", read.most_waiting);
    fields.read("follow_providers", read.follow_providers);
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (Result<void> good = policy::check(read, fields.path() + "."); !good) return good.error();
    out = std::move(read);
    return ok();
}

json::value write_call_limits(policy::LimitsConfig const& config) {
    json::array rules;
    for (policy::LimitRule const& rule : config.rules) rules.push_back(write_rule(rule));
    json::object out;
    out["rules"] = std::move(rules);
    out["queue"] = config.queue;
    out["longest_wait"] = seconds(config.longest_wait);
    out["most_waiting"] = config.most_waiting;
    out["follow_providers"] = config.follow_providers;
    return out;
}

}  // namespace aikit::inline v0
