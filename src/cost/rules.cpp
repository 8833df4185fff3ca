// SPDX-License-Identifier: MIT
// cost/rules.cpp - reading the catalog's file.
#include "cost/rules.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

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
    if (Result<void> sets = read_price_sets(fields, rule); !sets) return sets.error();
    if (Result<void> facts = read_facts(fields, rule); !facts) return facts.error();
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
