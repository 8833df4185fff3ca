// SPDX-License-Identifier: MIT
// cost/price_sets.cpp - reading what a model of the catalog costs, when, in which tier and where.
#include "cost/rules.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace aikit::inline v0::cost {
namespace {

__extension__ typedef __int128 Wide;

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
    read_price(fields, "reasoning", million, prices.reasoning);
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

std::optional<SystemTime> read_day(json::Fields& fields, std::string_view key, std::string& day) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return std::nullopt;
    Result<SystemTime> const at = from_rfc3339(*text + "T00:00:00Z");
    if (!at) {
        fields.refuse(key, "must be a day such as \"2026-08-21\"");
        return std::nullopt;
    }
    day = *text;
    return *at;
}

void read_times(json::Fields& fields, PriceSet& set) {
    std::string from, until;
    set.from = read_day(fields, "from", from);
    set.until = read_day(fields, "until", until);
    if (set.from) set.label = "@" + from;
    if (set.until && !set.from) set.label = "@until-" + until;
    json::array const* daily = fields.take_array("daily");
    if (daily == nullptr) return;
    if (daily->size() == 2) {
        set.opens = minutes_of((*daily)[0]);
        set.closes = minutes_of((*daily)[1]);
    }
    if (!set.opens || !set.closes)
        return fields.refuse("daily", "must be two times of day such as [\"00:30\", \"16:30\"]");
    set.label += "@" + std::string((*daily)[0].get_string()) + "-" + std::string((*daily)[1].get_string());
}

/// "0.003", or what it is from a size on: [{"price": "0.005"}, {"above": 25, "price": "0.025"}].
Result<void> read_piece(json::value const& source, std::string const& path, Piece piece, PriceSet& set) {
    json::array const whole{json::object{{"price", source}}};
    json::array const& list = source.is_array() ? source.get_array() : whole;
    if (list.empty()) return fail(Errc::invalid_argument, path + " must have a price");
    std::int64_t last = -1;
    for (std::size_t i = 0; i < list.size(); ++i) {
        std::string const where = source.is_array() ? path + "[" + std::to_string(i) + "]" : path;
        if (!list[i].is_object()) return fail(Errc::invalid_argument, where + " must be an object");
        json::Fields fields(list[i].get_object(), where);
        PiecePrice one;
        one.piece = piece;
        std::optional<Price> price;
        fields.read("above", one.above);
        read_price(fields, "price", price_units(piece), price);
        if (Result<void> done = fields.finish(); !done) return done;
        if (!price) return fail(Errc::invalid_argument, where + " must have a price");
        if (one.above <= last)
            return fail(Errc::invalid_argument, where + ".above must be greater than the one before");
        last = one.above;
        one.price = *price;
        set.pieces.push_back(one);
    }
    return ok();
}

Result<void> read_pieces(json::Fields& fields, PriceSet& set) {
    json::object const* pieces = fields.take_object("pieces");
    if (pieces == nullptr) return ok();
    for (auto const& [key, value] : *pieces) {
        std::string const path = fields.path() + ".pieces." + std::string(key);
        std::optional<Piece> known;
        for (std::size_t i = 0; i < piece_count; ++i) {
            auto const piece = static_cast<Piece>(i);
            if (piece != Piece::results && price_name(piece) == key) known = piece;
        }
        if (!known) return fail(Errc::invalid_argument, path + " is nothing that has a price");
        if (Result<void> read = read_piece(value, path, *known, set); !read) return read;
    }
    std::stable_sort(set.pieces.begin(), set.pieces.end(),
                     [](PiecePrice const& a, PiecePrice const& b) { return a.piece < b.piece; });
    return ok();
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
    if (Result<void> pieces = read_pieces(fields, set); !pieces) return pieces.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    return set;
}

/// A factor in decimal text, as {"multiplier": "1.1"} alone; nothing when the object is none.
Result<std::optional<Factor>> read_factor(json::value const& source, std::string const& path) {
    json::object const* object = source.if_object();
    if (object == nullptr || object->if_contains("multiplier") == nullptr) return std::optional<Factor>();
    json::Fields fields(*object, path);
    std::string text;
    fields.read("multiplier", text);
    std::optional<Factor> const factor = factor_of(text);
    if (!factor) {
        fields.refuse("multiplier", "must be a number such as \"1.1\", above 0 and at most 100, with six decimals");
    }
    if (Result<void> done = fields.finish(); !done) return done.error();
    return factor;
}

Result<void> read_list(json::Fields& fields, std::vector<PriceSet>& prices) {
    json::array const* list = fields.take_array("prices");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        Result<PriceSet> set = read_set((*list)[i], fields.path() + ".prices[" + std::to_string(i) + "]");
        if (!set) return set.error();
        prices.push_back(std::move(*set));
    }
    return ok();
}

Result<void> read_tiers(json::Fields& fields, Tiers& tiers) {
    json::object const* given = fields.take_object("tiers");
    if (given == nullptr) return ok();
    for (auto const& [name, value] : *given) {
        std::string const path = fields.path() + ".tiers." + std::string(name);
        if (name != "batch" && name != "flex" && name != "priority" && name != "fast") {
            return fail(Errc::invalid_argument, path + " is no service tier");
        }
        TierPrices tier;
        Result<std::optional<Factor>> factor = read_factor(value, path);
        if (!factor) return factor.error();
        tier.factor = *factor;
        if (!tier.factor) {
            Result<PriceSet> set = read_set(value, path);
            if (!set) return set.error();
            tier.set = std::move(*set);
        }
        tiers.emplace(name, std::move(tier));
    }
    return ok();
}

Result<void> read_regions(json::Fields& fields, ModelRule& rule) {
    json::object const* regions = fields.take_object("regions");
    if (regions == nullptr) return ok();
    for (auto const& [name, value] : *regions) {
        std::string const path = fields.path() + ".regions." + std::string(name);
        if (!value.is_object()) return fail(Errc::invalid_argument, path + " must be an object");
        RegionPrices region;
        Result<std::optional<Factor>> factor = read_factor(value, path);
        if (!factor) return factor.error();
        region.factor = *factor;
        if (!region.factor) {
            json::Fields inner(value.get_object(), path);
            if (Result<void> read = read_list(inner, region.prices); !read) return read;
            if (Result<void> read = read_tiers(inner, region.tiers); !read) return read;
            if (region.prices.empty()) inner.refuse("prices", "is missing");
            if (Result<void> done = inner.finish(); !done) return done;
        }
        rule.regions.emplace(name, std::move(region));
    }
    return ok();
}

/// Half to even; both are positive.
Result<Price> times(Price price, std::int64_t parts, std::int64_t of) {
    Wide const product = Wide(price.femtos()) * parts;
    Wide quotient = product / of;
    Wide const twice = 2 * (product % of);
    if (twice > of || (twice == of && quotient % 2 == 1)) ++quotient;
    if (quotient > std::numeric_limits<std::int64_t>::max()) {
        return fail(Errc::invalid_argument, "a price times its multiplier is too large");
    }
    return Price::femtos(static_cast<std::int64_t>(quotient));
}

Result<void> scale(TokenPrices& prices, std::int64_t parts, std::int64_t of) {
    for (std::optional<Price>* price :
         {&prices.input, &prices.output, &prices.cache_read, &prices.cache_write_5m, &prices.cache_write_1h,
          &prices.audio_input, &prices.audio_cache_read, &prices.audio_output, &prices.image_input,
          &prices.image_output, &prices.reasoning}) {
        if (!*price) continue;
        Result<Price> const scaled = times(**price, parts, of);
        if (!scaled) return scaled.error();
        *price = *scaled;
    }
    return ok();
}

}  // namespace

bool PriceSet::active(SystemTime at) const noexcept {
    if (from && at < *from) return false;
    if (until && at >= *until) return false;
    if (!opens) return true;
    auto const of_day = at - std::chrono::floor<std::chrono::days>(at);
    if (*closes < *opens) return of_day >= *opens || of_day < *closes;
    return of_day >= *opens && of_day < *closes;
}

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

Result<void> read_price_sets(json::Fields& fields, ModelRule& rule) {
    if (Result<void> read = read_list(fields, rule.prices); !read) return read;
    if (Result<void> read = read_tiers(fields, rule.tiers); !read) return read;
    return read_regions(fields, rule);
}

Result<void> read_facts(json::Fields& fields, ModelRule& rule) {
    ModelFacts facts;
    std::string retires;
    fields.read("mode", facts.mode);
    fields.read("deprecated", facts.deprecated);
    fields.read("searches_once", facts.searches_once);
    fields.read("always_searches", facts.always_searches);
    facts.retires = read_day(fields, "retires", retires);
    fields.read("requests_per_minute", facts.requests_per_minute);
    fields.read("tokens_per_minute", facts.tokens_per_minute);
    fields.read("dimensions", facts.dimensions);
    fields.read("least_cached", facts.least_cached);
    for (auto const& [key, list] : {std::pair("can", &facts.can), std::pair("served_in", &facts.regions)}) {
        json::value const* given = fields.take(key);
        if (given == nullptr) continue;
        Result<std::vector<std::string>> texts = read_texts(*given, fields.path() + "." + key);
        if (!texts) return texts.error();
        *list = std::move(*texts);
    }
    for (auto const& [name, prices] : rule.regions) {
        if (std::find(facts.regions.begin(), facts.regions.end(), name) == facts.regions.end()) {
            facts.regions.push_back(name);
        }
    }
    rule.facts = std::make_shared<ModelFacts const>(std::move(facts));
    return ok();
}

std::string factor_text(Factor factor) {
    return Price::femtos(factor * 1'000).usd_per_million();
}

std::optional<Factor> factor_of(std::string_view text) {
    bool rounded = false;
    // A femto-dollar stands for a millionth.
    Result<Price> const read = Price::from_usd(text, 1'000'000'000, &rounded);
    constexpr std::int64_t largest = 100 * one_factor;
    if (!read || rounded || read->femtos() == 0 || read->femtos() > largest) return std::nullopt;
    return read->femtos();
}

std::string price_name(Piece piece) {
    std::string text(name(piece));
    if (text.ends_with("_ms")) text.replace(text.size() - 2, 2, "seconds");
    return text;
}

std::int64_t price_units(Piece piece) noexcept {
    return name(piece).ends_with("_ms") ? 1'000 : 1;
}

Result<void> scale(PriceEntry& entry, std::int64_t parts, std::int64_t of, bool all) {
    if (Result<void> done = scale(entry.base, parts, of); !done) return done;
    for (PriceStep& step : entry.steps) {
        if (Result<void> done = scale(step.prices, parts, of); !done) return done;
    }
    if (!all) return ok();
    if (entry.per_request) {
        Result<Price> const scaled = times(*entry.per_request, parts, of);
        if (!scaled) return scaled.error();
        entry.per_request = *scaled;
    }
    for (PiecePrice& piece : entry.pieces) {
        Result<Price> const scaled = times(piece.price, parts, of);
        if (!scaled) return scaled.error();
        piece.price = *scaled;
    }
    return ok();
}

}  // namespace aikit::inline v0::cost
