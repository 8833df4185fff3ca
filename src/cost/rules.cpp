// SPDX-License-Identifier: MIT
// cost/rules.cpp - reading the catalog's file.
#include "cost/rules.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

constexpr std::int64_t million = 1'000'000;

/// A price as decimal text. One that does not come out in whole femto-dollars is refused: the maker of the file
/// rounds, and says so.
void read_price(json::Fields& fields, std::string_view key, std::int64_t units, std::optional<Price>& out) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return;
    bool rounded = false;
    Result<Price> price = Price::from_usd(*text, units, &rounded);
    if (!price || rounded)
        return fields.refuse(key, "must be dollars as decimal text, in whole femto-dollars per unit");
    out = *price;
}

void read_prices(json::Fields& fields, TokenPrices& prices) {
    read_price(fields, "input", million, prices.input);
    read_price(fields, "output", million, prices.output);
    read_price(fields, "cache_read", million, prices.cache_read);
    read_price(fields, "cache_write_5m", million, prices.cache_write_5m);
    read_price(fields, "cache_write_1h", million, prices.cache_write_1h);
    read_price(fields, "audio_input", million, prices.audio_input);
    read_price(fields, "audio_cache_read", million, prices.audio_cache_read);
    read_price(fields, "audio_output", million, prices.audio_output);
    read_price(fields, "image_input", million, prices.image_input);
    read_price(fields, "image_output", million, prices.image_output);
}

/// A step names only the classes that change with it; the others go on as before it.
Result<void> read_steps(json::Fields& fields, PriceSet& set) {
    json::array const* list = fields.take_array("steps");
    if (list == nullptr) return ok();
    for (std::size_t i = 0; i < list->size(); ++i) {
        std::string const path = fields.path() + ".steps[" + std::to_string(i) + "]";
        json::object const* object = (*list)[i].if_object();
        if (object == nullptr) return fail(Errc::invalid_argument, path + " must be an object");
        json::Fields inner(*object, path);
        PriceStep step;
        step.prices = set.steps.empty() ? set.base : set.steps.back().prices;
        inner.read("above", step.above_input);
        read_prices(inner, step.prices);
        if (Result<void> done = inner.finish(); !done) return done;
        bool const ascends = step.above_input > (set.steps.empty() ? 0 : set.steps.back().above_input);
        if (!ascends)
            return fail(Errc::invalid_argument, path + ".above must be greater than zero and the one before it");
        set.steps.push_back(std::move(step));
    }
    return ok();
}

std::optional<std::chrono::minutes> minutes_of(json::value const& value) {
    json::string const* text = value.if_string();
    if (text == nullptr || text->size() != 5 || (*text)[2] != ':') return std::nullopt;
    auto const digit = [&](std::size_t at) { return (*text)[at] - '0'; };
    for (std::size_t const at : {0u, 1u, 3u, 4u}) {
        if (digit(at) < 0 || digit(at) > 9) return std::nullopt;
    }
    int const hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
    if (hours > 23 || minutes > 59) return std::nullopt;
    return std::chrono::minutes(hours * 60 + minutes);
}

void read_times(json::Fields& fields, PriceSet& set) {
    std::optional<std::string> from;
    fields.read("from", from);
    if (from) {
        Result<SystemTime> const day = from_rfc3339(*from + "T00:00:00Z");
        if (!day) return fields.refuse("from", "must be a day such as \"2026-08-21\"");
        set.from = *day;
        set.label = "@" + *from;
    }
    json::array const* daily = fields.take_array("daily");
    if (daily == nullptr) return;
    if (daily->size() == 2) {
        set.opens = minutes_of((*daily)[0]);
        set.closes = minutes_of((*daily)[1]);
    }
    if (!set.opens || !set.closes)
        return fields.refuse("daily", "must be two times of day such as [\"00:30\", \"16:30\"]");
    set.label = "@" + std::string((*daily)[0].get_string()) + "-" + std::string((*daily)[1].get_string());
}

Result<PriceSet> read_set(json::value const& source, std::string const& path) {
    json::object const* object = source.if_object();
    if (object == nullptr) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(*object, path);
    PriceSet set;
    read_times(fields, set);
    read_prices(fields, set.base);
    read_price(fields, "request", 1, set.request);
    if (Result<void> steps = read_steps(fields, set); !steps) return steps.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    return set;
}

Result<void> read_sets(json::Fields& fields, ModelRule& rule) {
    if (json::array const* list = fields.take_array("prices")) {
        for (std::size_t i = 0; i < list->size(); ++i) {
            Result<PriceSet> set = read_set((*list)[i], fields.path() + ".prices[" + std::to_string(i) + "]");
            if (!set) return set.error();
            rule.prices.push_back(std::move(*set));
        }
    }
    if (json::object const* tiers = fields.take_object("tiers")) {
        for (auto const& [name, value] : *tiers) {
            std::string const path = fields.path() + ".tiers." + std::string(name);
            if (name != "batch" && name != "flex" && name != "priority") {
                return fail(Errc::invalid_argument, path + " is no service tier");
            }
            Result<PriceSet> set = read_set(value, path);
            if (!set) return set.error();
            rule.tiers.emplace(name, std::move(*set));
        }
    }
    return ok();
}

/// A list of one text or more.
Result<std::vector<std::string>> read_texts(json::value const& source, std::string const& path) {
    std::vector<std::string> texts;
    json::array const* list = source.if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (!(*list)[i].is_string()) return fail(Errc::invalid_argument, path + " must hold texts only");
        texts.emplace_back((*list)[i].get_string());
    }
    if (texts.empty()) return fail(Errc::invalid_argument, path + " must be a list of one text or more");
    return texts;
}

Result<ModelRule> read_model(json::value const& source, std::string const& path) {
    json::object const* object = source.if_object();
    if (object == nullptr) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(*object, path);
    ModelRule rule;
    fields.read("id", rule.id);
    fields.read("free", rule.free);
    fields.read("context", rule.context);
    fields.read("max_output", rule.max_output);
    fields.read("reasoning", rule.reasoning);
    fields.read("tokenizer", rule.tokenizer);
    json::value const* lacks = fields.take("lacks");
    if (rule.id.empty()) fields.refuse("id", "must not be empty");
    json::object const* match = fields.take_object("match");
    if (match == nullptr) fields.refuse("match", "is missing");
    if (Result<void> sets = read_sets(fields, rule); !sets) return sets.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    Result<MatchRule> parsed = MatchRule::parse(json::value(*match), path + ".match");
    if (!parsed) return parsed.error();
    rule.match = std::move(*parsed);
    if (lacks != nullptr) {
        Result<std::vector<std::string>> kinds = read_texts(*lacks, path + ".lacks");
        if (!kinds) return kinds.error();
        rule.lacks = std::move(*kinds);
    }
    return rule;
}

Result<ProviderRules> read_provider(json::value const& source, std::string const& path) {
    json::object const* object = source.if_object();
    if (object == nullptr) return fail(Errc::invalid_argument, path + " must be an object");
    json::Fields fields(*object, path);
    ProviderRules provider;
    fields.read("id", provider.id);
    fields.read("free", provider.free);
    if (provider.id.empty()) fields.refuse("id", "must not be empty");
    json::value const* fallback = fields.take("fallback");
    json::array const* models = fields.take_array("models");
    if (Result<void> done = fields.finish(); !done) return done.error();
    if (fallback != nullptr) {
        Result<std::vector<std::string>> others = read_texts(*fallback, path + ".fallback");
        if (!others) return others.error();
        provider.fallback = std::move(*others);
    }
    for (std::size_t i = 0; models != nullptr && i < models->size(); ++i) {
        Result<ModelRule> rule = read_model((*models)[i], path + ".models[" + std::to_string(i) + "]");
        if (!rule) return rule.error();
        provider.models.push_back(std::move(*rule));
    }
    provider.index();
    return provider;
}

}  // namespace

bool PriceSet::active(SystemTime at) const noexcept {
    if (from && at < *from) return false;
    if (!opens) return true;
    auto const of_day = at - std::chrono::floor<std::chrono::days>(at);
    if (*closes < *opens) return of_day >= *opens || of_day < *closes;
    return of_day >= *opens && of_day < *closes;
}

void ProviderRules::index() {
    for (std::size_t i = 0; i < models.size(); ++i) {
        std::vector<std::string> const* names = models[i].match.names();
        if (names == nullptr) {
            patterns_.push_back(i);
        } else {
            for (std::string const& name : *names) by_name_.emplace(name, i);
        }
    }
}

ModelRule const* ProviderRules::find(std::string_view model) const {
    auto const named = by_name_.find(std::string(model));
    std::size_t const first = named == by_name_.end() ? models.size() : named->second;
    for (std::size_t const i : patterns_) {
        if (i > first) break;
        if (models[i].match.matches(model)) return &models[i];
    }
    return first < models.size() ? &models[first] : nullptr;
}

ProviderRules const* CatalogRules::provider(std::string_view id) const {
    auto const found = std::find_if(providers.begin(), providers.end(), [&](auto const& p) { return p.id == id; });
    return found == providers.end() ? nullptr : &*found;
}

Result<CatalogRules> CatalogRules::parse(std::string_view text) {
    Result<json::value> source = json::parse(text, "price catalog", Errc::invalid_argument);
    if (!source) return source.error();
    json::object const* object = source->if_object();
    if (object == nullptr) return fail(Errc::invalid_argument, "price catalog must be an object");
    json::Fields fields(*object, "price catalog");
    CatalogRules rules;
    std::int64_t form = 0;
    fields.read("form", form);
    if (form != 1) fields.refuse("form", "must be 1");
    fields.read("version", rules.version);
    json::object const* aliases = fields.take_object("aliases");
    json::array const* providers = fields.take_array("providers");
    if (Result<void> done = fields.finish(); !done) return done.error();
    for (std::size_t i = 0; providers != nullptr && i < providers->size(); ++i) {
        Result<ProviderRules> provider =
            read_provider((*providers)[i], "price catalog.providers[" + std::to_string(i) + "]");
        if (!provider) return provider.error();
        rules.providers.push_back(std::move(*provider));
    }
    for (auto const& [name, targets] : aliases != nullptr ? *aliases : json::object()) {
        Result<std::vector<std::string>> texts = read_texts(targets, "price catalog.aliases." + std::string(name));
        if (!texts) return texts.error();
        rules.aliases[std::string(name)] = std::move(*texts);
    }
    return rules;
}

}  // namespace aikit::inline v0::cost
