// SPDX-License-Identifier: MIT
// cli/prices.cpp - aikit cost price, import, changes.
#include "kit/prices.hpp"

#include "cli/commands.hpp"
#include "cost/model_limits.hpp"
#include "kit/json_views.hpp"

#include <aikit/cost/import.hpp>

#include <algorithm>

namespace aikit::cli {
namespace {

/// "2026-08-21" is the middle of that day, so that it is that day wherever it is asked.
Result<SystemTime> read_time(std::string const& text) {
    if (text.empty()) return real_clock()->system_now();
    constexpr std::size_t length_of_day = 10;
    Result<SystemTime> const at = from_rfc3339(text.size() == length_of_day ? text + "T12:00:00Z" : text);
    if (at) return *at;
    return fail(Errc::invalid_argument, "--at must be a day such as 2026-08-21 or a time such as 2026-08-21T09:30:00Z");
}

Result<cost::PricedReply> price(CommonOptions const& common, PriceSettings const& settings) {
    cost::UsageQuery query;
    query.provider = settings.provider;
    query.model = settings.model;
    query.api = settings.api;
    query.service_tier = settings.tier;
    query.region = settings.region;
    Result<SystemTime> const at = read_time(settings.at);
    if (!at) return at.error();
    query.at = *at;
    Result<std::string> body = read_argument_file(settings.usage);
    if (!body) return body.error();
    query.body = std::move(*body);
    Result<KitConfig> const config = KitConfig::from_env(common.config);
    if (!config) return config.error();
    Result<std::shared_ptr<cost::PriceCatalog const>> const catalog = load_catalog(*config);
    if (!catalog) return catalog.error();
    return cost::price_reply(**catalog, query);
}

void print(Console& console, cost::PricedReply const& reply) {
    auto const line = [&](std::string name, std::string const& value) {
        name.resize(28, ' ');
        console.line(name + value);
    };
    for (cost::NamedCount const& named : reply.counts) line(named.name, std::to_string(named.count));
    line("input", "$" + reply.price.input_usd);
    line("output", "$" + reply.price.output_usd);
    if (!reply.price.pieces_usd.empty()) line("by the piece", "$" + reply.price.pieces_usd);
    line("together", "$" + reply.price.cost.usd());
    line("by", reply.price.price_id);
}

json::array texts(std::vector<std::string> const& list) {
    json::array out;
    for (std::string const& text : list) out.push_back(json::string(text.data(), text.size()));
    return out;
}

Result<cost::PriceEntry> find_entry(CommonOptions const& common, PriceSettings const& settings, SystemTime at) {
    Result<KitConfig> const config = KitConfig::from_env(common.config);
    if (!config) return config.error();
    Result<std::shared_ptr<cost::PriceCatalog const>> const catalog = load_catalog(*config);
    if (!catalog) return catalog.error();
    cost::PriceQuery query;
    query.provider = settings.provider;
    query.model = settings.model;
    query.service_tier = settings.tier;
    query.region = settings.region;
    query.at = at;
    return (*catalog)->find(query);
}

void print(Console& console, json::value const& value, std::string const& name);

/// A step of the input's size, or a piece and its price.
void print_priced(Console& console, json::value const& one, std::string const& name) {
    std::optional<std::int64_t> const above = json::integer(one, "above");
    std::string const from = above ? "above " + std::to_string(*above) : std::string();
    if (std::optional<std::string_view> const piece = json::text(one, "piece")) {
        std::string const what = name + " " + std::string(*piece) + (above ? " " + from : "");
        return print(console,
                     json::value("$" + std::string(json::text(one, "usd_per_million").value_or("")) + " a million"),
                     what);
    }
    for (auto const& [key, price] : one.get_object()) {
        if (key != "above") print(console, price, from + " " + std::string(key));
    }
}

/// Each member of an entry on a line, those of objects with the object's name in front.
void print(Console& console, json::value const& value, std::string const& name) {
    if (json::object const* object = value.if_object()) {
        for (auto const& [key, inner] : *object) {
            print(console, inner, name.empty() ? std::string(key) : name + " " + std::string(key));
        }
        return;
    }
    std::string text = value.is_string() ? std::string(value.get_string()) : std::string();
    if (json::array const* list = value.if_array()) {
        for (json::value const& one : *list) {
            if (one.is_object()) print_priced(console, one, name);
            if (one.is_string()) text.append(text.empty() ? "" : ", ").append(one.get_string());
        }
        if (text.empty()) return;
    } else if (text.empty()) {
        text = json::serialize(value);
    }
    if (name.starts_with("prices ") || name.starts_with("above ")) text = "$" + text + " a million";
    if (name.starts_with("usd_")) text.insert(0, "$");
    std::string padded = name;
    padded.resize(std::max<std::size_t>(28, padded.size() + 1), ' ');
    console.line(padded + text);
}

/// A catalog by its file, or the shipped one.
Result<std::string> read_list(std::string const& name) {
    if (name == "shipped") return std::string(cost::shipped_prices());
    return read_argument_file(name);
}

}  // namespace

int run_cost_import(CommonOptions const& common, ImportSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<std::string> const list = read_argument_file(settings.file);
    if (!list) return console.fail(list.error());
    Result<cost::ImportedCatalog> const made = cost::import_prices(*list);
    if (!made) return console.fail(made.error());
    if (console.json()) {
        json::object out;
        out["rounded"] = texts(made->rounded);
        out["left_out"] = texts(made->left_out);
        std::string const notes = json::serialize(out);
        console.line("{\"catalog\":" + made->json + "," + notes.substr(1));
        return 0;
    }
    for (std::string const& what : made->rounded) console.warn("rounded: " + what);
    for (std::string const& what : made->left_out) console.note("left out: " + what);
    console.line(made->json);
    return 0;
}

int run_cost_changes(CommonOptions const& common, ChangesSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<std::string> const before = read_list(settings.before);
    if (!before) return console.fail(before.error());
    Result<std::string> const after = read_list(settings.after);
    if (!after) return console.fail(after.error());
    Result<std::vector<cost::PriceChange>> const changes = cost::track_provider_pricing_changes(*before, *after);
    if (!changes) return console.fail(changes.error());
    json::array list;
    for (cost::PriceChange const& change : *changes) {
        if (console.json()) {
            list.push_back(json::object{{"provider", change.provider},
                                        {"model", change.model},
                                        {"what", change.what},
                                        {"before", change.before},
                                        {"after", change.after}});
        } else {
            console.line(change.provider + "/" + change.model + " " + change.what + ": " +
                         (change.before.empty() ? "-" : change.before) + " -> " +
                         (change.after.empty() ? "-" : change.after));
        }
    }
    if (console.json()) console.line(json::serialize(json::object{{"changes", std::move(list)}}));
    return 0;
}

int run_cost_show(CommonOptions const& common, PriceSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<SystemTime> const at = read_time(settings.at);
    if (!at) return console.fail(at.error());
    Result<cost::PriceEntry> const entry = find_entry(common, settings, *at);
    if (!entry) return console.fail(entry.error());
    json::object const told = json_form::view(*entry);
    if (console.json()) {
        console.line(json::serialize(told));
        return 0;
    }
    if (std::string const end = cost::end_of_life(*entry, *at); !end.empty()) console.warn(end);
    print(console, told, {});
    return 0;
}

int run_cost_price(CommonOptions const& common, PriceSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::PricedReply> const reply = price(common, settings);
    if (!reply) return console.fail(reply.error());
    if (console.json()) {
        console.line(json_form::write_priced(*reply));
        return 0;
    }
    for (std::string const& warning : reply->warnings) console.warn(warning);
    print(console, *reply);
    return 0;
}

}  // namespace aikit::cli
