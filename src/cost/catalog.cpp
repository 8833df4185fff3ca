// SPDX-License-Identifier: MIT
// cost/catalog.cpp - finding the entry of a query.
#include "core/os/files.hpp"
#include "cost/rules.hpp"
#include "cost/shipped.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/cost/catalog.hpp>

#include <algorithm>
#include <regex>

namespace aikit::inline v0::cost {
namespace {

constexpr std::size_t longest_name = 256;
constexpr std::int64_t largest_file = 64 << 20;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
}

/// "models/gemini-2.0-flash" and "publishers/google/models/..." are the same models as their last part.
std::string plain_model(std::string_view model) {
    std::string name = lower(model);
    std::size_t const folder = name.rfind("models/");
    if (folder == 0 || (folder != std::string::npos && name[folder - 1] == '/')) name.erase(0, folder + 7);
    return name;
}

/// "gpt-5.2-20251211" as "gpt-5.2-2025-12-11", the way the rules write dates; nothing when it has no such date.
std::optional<std::string> with_dashed_date(std::string const& model) {
    static NoDestructor<std::regex> const compact("-(20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?=-|:|$)");
    std::string dashed = std::regex_replace(model, *compact, "-$1-$2-$3");
    return dashed == model ? std::nullopt : std::optional<std::string>(std::move(dashed));
}

struct Found {
    ProviderRules const* provider = nullptr;
    ModelRule const* rule = nullptr;
    bool lent = false;       // of another provider, whose models it offers
    bool placeless = false;  // the places of its rule are that other one's
};

enum class Tier { standard, batch, flex, priority, fast };

Tier tier_of(std::string_view word) noexcept {
    if (word == "batch") return Tier::batch;
    if (word == "flex") return Tier::flex;
    if (word == "fast") return Tier::fast;
    return word == "priority" ? Tier::priority : Tier::standard;
}

char const* name(Tier tier) noexcept {
    switch (tier) {
        case Tier::batch: return "batch";
        case Tier::flex: return "flex";
        case Tier::priority: return "priority";
        case Tier::fast: return "fast";
        default: return "default";
    }
}

/// What each class costs at most, by its own price or the one that stands in for it, whatever the size of the input.
TokenPrices at_most(PriceEntry const& entry) {
    TokenPrices most;
    auto const raise = [](std::optional<Price>& price, std::optional<Price> const& to) {
        if (to && (!price || *price < *to)) price = to;
    };
    auto const take = [&](TokenPrices const& prices) {
        auto const cached = prices.cache_read ? prices.cache_read : prices.input;
        auto const written = prices.cache_write_5m ? prices.cache_write_5m : prices.input;
        raise(most.input, prices.input);
        raise(most.output, prices.output);
        raise(most.reasoning, prices.reasoning ? prices.reasoning : prices.output);
        raise(most.cache_read, cached);
        raise(most.cache_write_5m, written);
        raise(most.cache_write_1h, prices.cache_write_1h ? prices.cache_write_1h : written);
        raise(most.audio_input, prices.audio_input ? prices.audio_input : prices.input);
        raise(most.audio_cache_read, prices.audio_cache_read ? prices.audio_cache_read : cached);
        raise(most.audio_output, prices.audio_output ? prices.audio_output : prices.output);
        raise(most.image_input, prices.image_input ? prices.image_input : prices.input);
        raise(most.image_output, prices.image_output ? prices.image_output : prices.output);
    };
    take(entry.base);
    for (PriceStep const& step : entry.steps) take(step.prices);
    return most;
}

/// Each piece at the highest price that either list has for it.
std::vector<PiecePrice> dearest_pieces(std::vector<PiecePrice> pieces, std::vector<PiecePrice> const& others) {
    pieces.insert(pieces.end(), others.begin(), others.end());
    std::stable_sort(pieces.begin(), pieces.end(), [](PiecePrice const& a, PiecePrice const& b) {
        return a.piece != b.piece ? a.piece < b.piece : b.price < a.price;
    });
    auto const same = [](PiecePrice const& a, PiecePrice const& b) { return a.piece == b.piece; };
    pieces.erase(std::unique(pieces.begin(), pieces.end(), same), pieces.end());
    for (PiecePrice& piece : pieces) piece.above = 0;
    return pieces;
}

/// Makes an entry whose price is never less than that of either, whatever is used.
PriceEntry dearer_of(PriceEntry entry, PriceEntry const& other) {
    entry.base = at_most(entry);
    entry.steps.assign(1, PriceStep());
    entry.steps.front().prices = at_most(other);
    entry.base = at_most(entry);  // of both
    entry.steps.clear();
    entry.per_request = std::max(entry.per_request, other.per_request);
    entry.pieces = dearest_pieces(entry.pieces, other.pieces);
    entry.context_window = std::max(entry.context_window, other.context_window);
    entry.max_output = std::max(entry.max_output, other.max_output);
    entry.reasoning = entry.reasoning || other.reasoning;
    std::erase_if(entry.lacks, [&](std::string const& kind) {
        return std::find(other.lacks.begin(), other.lacks.end(), kind) == other.lacks.end();
    });
    entry.free = entry.free && other.free;
    return entry;
}

/// Who offers OpenAI's models bills what goes into a cache as input like any other (genai-prices, for Azure).
void forget_cache_writes(PriceEntry& entry) {
    auto const forget = [](TokenPrices& prices) {
        prices.cache_write_5m.reset();
        prices.cache_write_1h.reset();
    };
    forget(entry.base);
    for (PriceStep& step : entry.steps) forget(step.prices);
}

class RuledCatalog final : public PriceCatalog {
public:
    RuledCatalog(CatalogRules rules, std::shared_ptr<PriceCatalog const> base)
        : rules_(std::move(rules)), base_(std::move(base)) {}

    Result<PriceEntry> find(PriceQuery const& given) const override {
        std::size_t const plus = given.provider.find('+');
        if (plus == std::string::npos) return find_in(given);
        PriceQuery query = given;
        query.provider.erase(plus);
        if (query.region.empty()) query.region = given.provider.substr(plus + 1);
        return find_in(query);
    }

    std::string const& version() const noexcept override { return rules_.version; }

    std::vector<std::string> providers() const override {
        std::vector<std::string> ids;
        for (ProviderRules const& provider : rules_.providers) ids.push_back(provider.id);
        if (!base_) return ids;
        for (std::string& id : base_->providers()) {
            if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
        }
        return ids;
    }

    std::vector<std::string> models(std::string_view provider) const override {
        std::vector<std::string> ids;
        std::string const name = lower(provider.substr(0, provider.find('+')));
        auto const alias = rules_.aliases.find(name);
        std::vector<std::string> const targets =
            alias == rules_.aliases.end() ? std::vector<std::string>{name} : alias->second;
        for (std::string const& target : targets) add_models(target, ids);
        if (base_) {
            for (std::string& id : base_->models(provider)) {
                if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
            }
        }
        return ids;
    }

private:
    Result<PriceEntry> find_in(PriceQuery const& query) const {
        std::string const provider = lower(query.provider);
        std::string const model = plain_model(query.model);
        auto const alias = rules_.aliases.find(provider);
        if (model.size() > longest_name) return unknown(query);
        if (alias != rules_.aliases.end() && alias->second.size() > 1) {
            if (std::optional<PriceEntry> routed = find_routed(provider, alias->second, model, query)) return *routed;
        } else {
            Found const found =
                resolve(alias == rules_.aliases.end() ? provider : alias->second.front(), model, lower(query.region));
            if (found.provider != nullptr) {
                if (std::optional<PriceEntry> resolved = entry_of(found, model, query)) return *resolved;
                return unknown(query);  // known, and known to have no price
            }
        }
        return base_ ? base_->find(query) : unknown(query);
    }

    static Error unknown(PriceQuery const& query) {
        return fail(Errc::unknown_price, "no price is known for model \"" + query.model.substr(0, longest_name) +
                                             "\" of provider \"" + query.provider.substr(0, longest_name) +
                                             "\": add it to a price catalog, or allow unknown prices");
    }

    void add_models(std::string const& provider, std::vector<std::string>& ids) const {
        ProviderRules const* own = rules_.provider(provider);
        if (own == nullptr) return;
        auto const add = [&](ProviderRules const& rules) {
            for (ModelRule const& rule : rules.models) {
                if (std::find(ids.begin(), ids.end(), rule.id) == ids.end()) ids.push_back(rule.id);
            }
        };
        add(*own);
        for (std::string const& other : own->fallback) {
            if (ProviderRules const* rules = rules_.provider(other)) add(*rules);
        }
    }

    /// The provider's own rules, then those of the providers whose models it offers.
    Found resolve_exactly(std::string const& provider, std::string const& model) const {
        ProviderRules const* own = rules_.provider(provider);
        if (own == nullptr) return Found{};
        if (ModelRule const* rule = own->find(model)) return Found{own, rule, false, false};
        for (std::string const& other : own->fallback) {
            ProviderRules const* rules = rules_.provider(other);
            ModelRule const* rule = rules != nullptr ? rules->find(model) : nullptr;
            if (rule != nullptr) return Found{rules, rule, true, false};
        }
        return own->free ? Found{own, nullptr, false, false} : Found{};
    }

    Found resolve(std::string const& provider, std::string const& model) const {
        Found found = resolve_exactly(provider, model);
        if (found.provider == nullptr) {
            if (std::optional<std::string> const dashed = with_dashed_date(model)) {
                found = resolve_exactly(provider, *dashed);
            }
        }
        return found;
    }

    /// The same where it is processed: what only another list has may know its price there.
    Found resolve(std::string const& provider, std::string const& model, std::string const& region) const {
        Found found = resolve(provider, model);
        if (region.empty()) return found;
        for (std::string const& id : {provider, "litellm:" + provider}) {
            ProviderRules const* rules = rules_.provider(id);
            ModelRule const* rule = rules == nullptr ? nullptr : rules->find(model);
            if (rule != nullptr && rule->regions.count(region) != 0) return Found{rules, rule, false, false};
        }
        found.placeless = found.lent;
        return found;
    }

    /// A router of many providers: "org/model:groq" is that one's price, "org/model" the dearest of all, because the
    /// router chooses.
    std::optional<PriceEntry> find_routed(std::string const& provider, std::vector<std::string> const& routes,
                                          std::string const& model, PriceQuery const& query) const {
        std::size_t const colon = model.rfind(':');
        std::string const name = model.substr(0, colon);
        std::string const route = colon == std::string::npos ? std::string() : "_" + model.substr(colon + 1);
        std::optional<PriceEntry> dearest;
        for (std::string const& target : routes) {
            Found const found = resolve(target, name, lower(query.region));
            if (found.provider == nullptr) continue;
            std::optional<PriceEntry> entry = entry_of(found, name, query);
            if (!entry) continue;
            if (!route.empty() && target.ends_with(route)) return entry;
            dearest = dearest ? dearer_of(std::move(*dearest), *entry) : std::move(entry);
        }
        if (dearest) dearest->id = provider + "/" + dearest->model + "#dearest";
        return dearest;
    }

    /// Nothing when the rule has no price for this query.
    static std::optional<PriceEntry> entry_of(Found const& found, std::string const& model, PriceQuery const& query) {
        PriceEntry entry;
        if (found.rule == nullptr) {
            entry.model = model;
            entry.id = found.provider->id + "/*#free";
            entry.free = true;
            return entry;
        }
        ModelRule const& rule = *found.rule;
        entry.model = rule.id;
        entry.context_window = rule.context;
        entry.max_output = rule.max_output;
        entry.reasoning = rule.reasoning;
        entry.lacks = rule.lacks;
        entry.tokenizer = rule.tokenizer;
        entry.facts = rule.facts;
        entry.id = found.provider->id + "/" + rule.id;
        if (rule.free || found.provider->free) {
            entry.id += "#free";
            entry.free = true;
            return entry;
        }
        Prices const prices = prices_of(rule, found.placeless ? std::string() : query.region);
        Tier tier = tier_of(query.service_tier);
        Factor factor = prices.factor;
        PriceSet const* standard = standard_of(*prices.sets, query.at);
        PriceSet const* set = set_of(prices, standard, tier, factor, query.at);
        if (set == nullptr) return std::nullopt;
        entry.base = set->base;
        entry.steps = set->steps;
        if (found.lent && found.provider->id == "openai") forget_cache_writes(entry);
        entry.per_request = set->request;
        entry.pieces = set->pieces.empty() && standard != nullptr ? standard->pieces : set->pieces;
        if (factor != one_factor && !scale(entry, factor, one_factor, false)) return std::nullopt;
        entry.id += set->label + "#" + name(tier);
        if (prices.regional) entry.id += "+" + lower(query.region);
        return entry;
    }

    /// What holds in a place: its own prices, or those of everywhere with a factor.
    struct Prices {
        std::vector<PriceSet> const* sets = nullptr;
        Tiers const* tiers = nullptr;
        Factor factor = one_factor;
        bool regional = false;
    };

    static Prices prices_of(ModelRule const& rule, std::string const& region) {
        Prices prices;
        prices.sets = &rule.prices;
        prices.tiers = &rule.tiers;
        if (region.empty() || rule.regions.empty()) return prices;
        auto const place = rule.regions.find(lower(region));
        if (place == rule.regions.end()) return prices;
        prices.regional = true;
        prices.factor = place->second.factor.value_or(one_factor);
        if (place->second.factor) return prices;
        prices.sets = &place->second.prices;
        prices.tiers = &place->second.tiers;
        return prices;
    }

    static PriceSet const* standard_of(std::vector<PriceSet> const& sets, SystemTime at) {
        for (auto set = sets.rbegin(); set != sets.rend(); ++set) {
            if (set->active(at)) return &*set;
        }
        return sets.empty() ? nullptr : &sets.front();
    }

    /// The tier's own prices; batch and flex are discounts, so that without prices of their own the standard ones are
    /// an upper bound and `tier` says so. Priority is dearer: without its own it has none.
    static PriceSet const* set_of(Prices const& prices, PriceSet const* standard, Tier& tier, Factor& factor,
                                  SystemTime at) {
        if (tier == Tier::standard) return standard;
        auto const own = prices.tiers->find(std::string_view(name(tier)));
        if (own != prices.tiers->end() && own->second.factor) {
            // Both are at most a hundred.
            factor = factor * *own->second.factor / one_factor;
            return standard;
        }
        if (own != prices.tiers->end() && own->second.set.active(at)) return &own->second.set;
        if (tier == Tier::fast) {  // the nearest that there is
            tier = Tier::priority;
            return set_of(prices, standard, tier, factor, at);
        }
        if (tier == Tier::priority) return nullptr;
        tier = Tier::standard;
        return standard;
    }

    CatalogRules const rules_;
    std::shared_ptr<PriceCatalog const> const base_;
};

}  // namespace

std::shared_ptr<PriceCatalog const> PriceCatalog::shipped() {
    static NoDestructor<std::shared_ptr<PriceCatalog const>> const catalog(parse(shipped_catalog()).value());
    return *catalog;
}

Result<std::shared_ptr<PriceCatalog const>> PriceCatalog::parse(std::string_view json) {
    Result<CatalogRules> rules = CatalogRules::parse(json);
    if (!rules) return rules.error();
    std::shared_ptr<PriceCatalog const> catalog = std::make_shared<RuledCatalog>(std::move(*rules), nullptr);
    return catalog;
}

Result<std::shared_ptr<PriceCatalog const>> PriceCatalog::load(std::string const& path,
                                                               std::shared_ptr<PriceCatalog const> base) {
    Result<std::string> text = os::read_file(path, largest_file);
    if (!text) return text.error();
    Result<CatalogRules> rules = CatalogRules::parse(*text);
    if (!rules) {
        Error error = rules.error();
        error.message.insert(0, path + ": ");
        return error;
    }
    std::shared_ptr<PriceCatalog const> catalog = std::make_shared<RuledCatalog>(std::move(*rules), std::move(base));
    return catalog;
}

}  // namespace aikit::inline v0::cost
