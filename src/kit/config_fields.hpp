// SPDX-License-Identifier: MIT
// kit/config_fields.hpp - how durations stand in a configuration, and its parts on limits and prices.
#ifndef AIKIT_SRC_KIT_CONFIG_FIELDS_HPP
#define AIKIT_SRC_KIT_CONFIG_FIELDS_HPP

#include "core/json.hpp"

#include <aikit/kit.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// Durations stand in JSON as seconds, fractions allowed.
void read_seconds(json::Fields& fields, std::string_view key, std::optional<std::chrono::milliseconds>& out);
void read_seconds(json::Fields& fields, std::string_view key, std::chrono::milliseconds& out);
json::value seconds(std::chrono::milliseconds value);

/// The members of a rule's scope: "by", "match", "provider", "model", "tier".
void read_scope(json::Fields& fields, policy::CallScope& out);
void write_scope(policy::CallScope const& scope, json::object& out);

/// The objects of an array, where it is there. `read` takes the fields of one, and what it has put into a T.
template <class T, class Read>
Result<void> read_each(json::Fields& parent, char const* key, std::vector<T>& out, Read const& read) {
    json::array const* const list = parent.take_array(key);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        std::string const path = parent.path() + "." + key + "[" + std::to_string(i) + "]";
        if (!(*list)[i].is_object()) return fail(Errc::invalid_argument, path + " must be an object");
        json::Fields fields((*list)[i].get_object(), path);
        T one;
        read(fields, one);
        if (Result<void> done = fields.finish(); !done) return done.error();
        out.push_back(std::move(one));
    }
    return ok();
}

/// A list of texts, where it is there.
std::optional<std::vector<std::string>> read_texts(json::Fields& fields, std::string_view key);

/// Dollars as text, which is exact.
void read_dollars(json::Fields& fields, std::string_view key, std::optional<Money>& out);

/// "call_limits", where it is there.
Result<void> read_call_limits(json::Fields& parent, std::optional<policy::LimitsConfig>& out);
json::value write_call_limits(policy::LimitsConfig const& config);

/// "budgets", where it is there.
Result<void> read_budgets(json::Fields& parent, std::optional<policy::BudgetsConfig>& out);
json::value write_budgets(policy::BudgetsConfig const& config);

/// "tiers", where it is there.
Result<void> read_tiers(json::Fields& parent, std::optional<policy::TiersConfig>& out);
json::value write_tiers(policy::TiersConfig const& config);

/// "routers".
Result<void> read_routers(json::Fields& parent, std::vector<RouterSetup>& out);
json::value write_routers(std::vector<RouterSetup> const& routers);

/// "telemetry", where it is there.
Result<void> read_telemetry(json::Fields& parent, std::optional<TelemetryConfig>& out);
json::value write_telemetry(TelemetryConfig const& config);

/// A member whose values are texts: {"name": "text"}.
template <class Put>
Result<void> read_text_members(json::Fields& parent, char const* key, Put const& put) {
    json::object const* const texts = parent.take_object(key);
    if (texts == nullptr) return ok();
    for (auto const& [name, value] : *texts) {
        if (!value.is_string()) {
            return fail(Errc::invalid_argument,
                        parent.path() + "." + key + "." + std::string(name) + " must be a string");
        }
        put(std::string(name), std::string(value.get_string()));
    }
    return ok();
}

/// "env:NAME", "file:PATH" or "callback:NAME".
bool is_key_reference(std::string_view text) noexcept;

/// "cache", where it is there. What is set by code only has no form.
Result<void> read_cache(json::Fields& parent, std::optional<policy::ResponseCacheConfig>& out);
json::value write_cache(policy::ResponseCacheConfig const& config);

/// "price_discounts".
Result<void> read_price_discounts(json::Fields& parent, std::vector<cost::PriceDiscount>& out);
json::value write_price_discounts(std::vector<cost::PriceDiscount> const& discounts);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_CONFIG_FIELDS_HPP
