// SPDX-License-Identifier: MIT
// cost/genai_prices.cpp - pydantic/genai-prices' data.json: dollars per million tokens, with match rules and
// conditions.
#include "cost/price_list.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr int deepest = 8;

Error wrong(std::string const& what, char const* why) {
    return fail(Errc::invalid_argument, "price list: " + what + " " + why);
}

/// The rule with its texts in lower case: names are compared so.
Result<json::value> match_of(json::value const& given, std::string const& what, int depth = 0) {
    json::object const* rule = given.if_object();
    if (rule == nullptr || rule->size() != 1 || depth > deepest) return wrong(what, "has no match rule");
    json::object out;
    std::string_view const kind = rule->begin()->key();
    json::value const& value = rule->begin()->value();
    if (json::array const* parts = value.if_array()) {
        json::array made;
        for (json::value const& part : *parts) {
            Result<json::value> inner = match_of(part, what, depth + 1);
            if (!inner) return inner.error();
            made.push_back(std::move(*inner));
        }
        out[kind] = std::move(made);
    } else if (json::string const* text = value.if_string()) {
        std::string lower(*text);
        for (char& c : lower) c = kind != "regex" && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        out[kind] = lower;
    } else {
        return wrong(what, "has no match rule");
    }
    return json::value(std::move(out));
}

class SetReader {
public:
    SetReader(PriceListReader& reader, std::string const& what) : reader_(reader), what_(what) {}

    Result<PriceSetDraft> read(json::object const& prices) {
        PriceSetDraft set;
        for (auto const& [key, value] : prices) {
            if (value.is_null()) continue;
            Result<void> const taken = take(set, key, value);
            if (!taken) return taken.error();
        }
        return set;
    }

private:
    Result<void> take(PriceSetDraft& set, std::string_view key, json::value const& value) {
        std::string const what = what_ + " " + std::string(key);
        if (key == "requests_kcount") {
            Result<std::string> const price = reader_.per_one(value, 1000, what);
            if (!price) return price.error();
            set.request = *price;
            return ok();
        }
        auto const known = std::find_if(price_classes.begin(), price_classes.end(),
                                        [&](PriceClass const& one) { return one.genai_prices == key; });
        if (known == price_classes.end()) {
            reader_.leave_out(what + ": no such class of tokens here");
            return ok();
        }
        json::object const* tiered = value.if_object();
        json::value const* base = tiered == nullptr ? &value : tiered->if_contains("base");
        if (base == nullptr) return wrong(what, "has tiers and no base");
        Result<std::string> const price = reader_.per_million(*base, million, what);
        if (!price) return price.error();
        set.base[known->ours] = *price;
        json::array const* tiers = tiered == nullptr ? nullptr : json::member_array(value, "tiers");
        if (tiers == nullptr) return ok();
        for (json::value const& tier : *tiers) {
            std::optional<std::int64_t> const start = count_of(json::find(tier, "start"));
            json::value const* from = json::find(tier, "price");
            if (!start || from == nullptr) return wrong(what, "has a tier without start or price");
            Result<std::string> const step = reader_.per_million(*from, million, what);
            if (!step) return step.error();
            set.steps[*start][known->ours] = *step;
        }
        return ok();
    }

    PriceListReader& reader_;
    std::string const& what_;
};

/// "00:30" of "00:30:00Z"; nothing for what is not a whole minute of UTC.
std::optional<std::string_view> minute_of(std::string_view time) {
    constexpr std::size_t minutes = 5;
    std::string_view rest = time.size() < minutes ? std::string_view() : time.substr(minutes);
    if (rest.starts_with(":00")) rest.remove_prefix(3);
    if (rest.starts_with(".000000")) rest.remove_prefix(7);
    bool const utc = rest == "Z" || rest == "+00:00";
    return utc ? std::optional<std::string_view>(time.substr(0, minutes)) : std::nullopt;
}

/// When a set holds: from a day on, up to one, or between two times of day.
Result<void> write_condition(json::object& out, json::value const* given, std::string const& what) {
    if (given == nullptr || given->is_null()) return ok();
    if (!given->is_object()) return wrong(what, "holds under a condition of another kind");
    std::optional<std::string_view> opens, closes;
    for (auto const& [key, value] : given->get_object()) {
        std::optional<std::string_view> const text =
            value.is_string() ? std::optional<std::string_view>(value.get_string()) : std::nullopt;
        if (!text) return wrong(what, "holds under a condition that is no text");
        if (key == "start_date") {
            out["from"] = *text;
        } else if (key == "end_date") {
            out["until"] = *text;
        } else if (key == "start_time") {
            opens = minute_of(*text);
            if (!opens) return wrong(what, "has a time of day that is no minute of UTC");
        } else if (key == "end_time") {
            closes = minute_of(*text);
            if (!closes) return wrong(what, "has a time of day that is no minute of UTC");
        } else {
            return wrong(what, "holds under a condition of another kind");
        }
    }
    if (opens.has_value() != closes.has_value()) return wrong(what, "has one time of day and not the other");
    if (opens) out["daily"] = json::array{*opens, *closes};
    return ok();
}

Result<json::array> read_sets(json::value const& given, PriceListReader& reader, std::string const& what) {
    json::array out;
    json::array const whole{json::object{{"prices", given}}};
    json::array const& list = given.is_array() ? given.get_array() : whole;
    for (json::value const& entry : list) {
        json::object const* prices = json::member_object(entry, "prices");
        if (prices == nullptr) return wrong(what, "has no prices");
        SetReader sets(reader, what);
        Result<PriceSetDraft> const set = sets.read(*prices);
        if (!set) return set.error();
        json::object written;
        if (Result<void> when = write_condition(written, json::find(entry, "constraint"), what); !when) {
            return when.error();
        }
        set->write(written);
        if (!written.empty()) out.push_back(std::move(written));
    }
    return out;
}

Result<json::value> read_model(json::value const& given, PriceListReader& reader, std::string const& provider) {
    std::optional<std::string_view> const id = json::text(given, "id");
    json::value const* match = json::find(given, "match");
    json::value const* prices = json::find(given, "prices");
    if (!id || match == nullptr || prices == nullptr) return wrong(provider, "has a model without id, match or prices");
    std::string const what = provider + "/" + std::string(*id);
    Result<json::value> rule = match_of(*match, what);
    if (!rule) return rule.error();
    json::object out;
    out["id"] = *id;
    out["match"] = std::move(*rule);
    if (auto const context = count_of(json::find(given, "context_window"))) out["context"] = *context;
    if (json::boolean(given, "deprecated") == true) out["deprecated"] = true;
    Result<json::array> sets = read_sets(*prices, reader, what);
    if (!sets) return sets.error();
    if (!sets->empty()) {
        out["prices"] = std::move(*sets);
    } else if (id->ends_with(":free")) {
        out["free"] = true;
    } else {
        reader.leave_out(what + ": it has no price; calls of it stay without one");
    }
    return json::value(std::move(out));
}

}  // namespace

Result<json::object> read_genai_prices(json::array const& providers, PriceListReader& reader) {
    json::array blocks;
    for (json::value const& given : providers) {
        std::optional<std::string_view> const id = json::text(given, "id");
        json::array const* models = json::member_array(given, "models");
        if (!id || models == nullptr) return wrong("a provider", "has no id or no models");
        json::object block;
        block["id"] = *id;
        if (json::array const* others = json::member_array(given, "fallback_model_providers");
            others && !others->empty()) {
            block["fallback"] = *others;
        }
        json::array lines;
        for (json::value const& model : *models) {
            Result<json::value> line = read_model(model, reader, std::string(*id));
            if (!line) return line.error();
            lines.push_back(std::move(*line));
        }
        block["models"] = std::move(lines);
        blocks.push_back(std::move(block));
    }
    json::object out;
    out["form"] = 1;
    out["aliases"] = json::object{{"gemini", json::array{"google"}},
                                  {"vertex", json::array{"google"}},
                                  {"xai", json::array{"x-ai"}},
                                  {"bedrock", json::array{"aws"}}};
    out["providers"] = std::move(blocks);
    return out;
}

}  // namespace aikit::inline v0::cost
