// SPDX-License-Identifier: MIT
// cost/litellm.cpp - BerriAI/litellm's model_prices_and_context_window.json: dollars per single token, one flat object
// for each model.
#include "cost/price_list.hpp"
#include "cost/rules.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// What LiteLLM calls a provider, and what we do, where that differs.
constexpr std::array<Pair, 15> providers{{{"gemini", "google"},
                                          {"xai", "x-ai"},
                                          {"together_ai", "together"},
                                          {"fireworks_ai", "fireworks"},
                                          {"fireworks_ai-embedding-models", "fireworks"},
                                          {"bedrock", "aws"},
                                          {"bedrock_converse", "aws"},
                                          {"azure_ai", "azure"},
                                          {"text-completion-openai", "openai"},
                                          {"cohere_chat", "cohere"},
                                          {"moonshot", "moonshotai"},
                                          {"voyage", "voyageai"},
                                          {"codestral", "mistral"},
                                          {"text-completion-codestral", "mistral"},
                                          {"vertex_ai", "google"}}};

constexpr std::array<Pair, 4> tiers{{{"", ""}, {"batch", "_batches"}, {"flex", "_flex"}, {"priority", "_priority"}}};

std::string provider_of(std::string_view name) {
    if (name.starts_with("vertex_ai-")) return "google";
    auto const known =
        std::find_if(providers.begin(), providers.end(), [&](Pair const& one) { return one.first == name; });
    return std::string(known == providers.end() ? name : known->second);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
}

/// "gemini/gemini-2.0-flash" without the provider that it begins with, and "accounts/fireworks/models/..." without the
/// folders that queries go without, too.
std::string plain_name(std::string_view name, std::string_view provider) {
    std::size_t const slash = name.find('/');
    if (slash == name.npos) return lower(name);
    std::string_view const first = name.substr(0, slash);
    bool const prefix = first == provider || provider_of(first) == provider_of(provider);
    std::string_view plain = prefix ? name.substr(slash + 1) : name;
    constexpr std::string_view folder = "/models/";
    if (std::size_t const at = plain.rfind(folder); at != plain.npos) plain.remove_prefix(at + folder.size());
    return lower(plain);
}

/// One model's prices: which of its members are understood is noted, so that the others can be told.
class ModelReader {
public:
    ModelReader(PriceListReader& reader, std::string what, json::value const& whole)
        : reader_(reader), what_(std::move(what)), whole_(whole), facts_(whole.get_object()) {}

    Result<json::object> read() {
        Result<json::object> pieces = read_litellm_pieces(facts_, reader_, what_, known_);
        if (!pieces) return pieces.error();
        Result<json::object> standard = read_set("", std::move(*pieces));
        if (!standard) return standard.error();
        if (standard->empty() || only_zero(json::value(*standard))) return json::object();
        json::object line;
        line["prices"] = json::array{*standard};
        if (Result<void> done = read_tiers(*standard, line); !done) return done.error();
        write_litellm_facts(facts_, line);
        tell_others();
        return line;
    }

private:
    Result<void> read_tiers(json::object const& standard, json::object& line) {
        json::object by_tier, regions;
        for (auto const& [name, suffix] : tiers) {
            if (name.empty()) continue;
            Result<json::object> set = read_set(suffix, {});
            if (!set) return set.error();
            if (set->if_contains("input") != nullptr) by_tier[name] = fill(std::move(*set), standard);
        }
        // A fast mode, and where it runs, cost a multiple.
        json::value const* own = facts_.if_contains("provider_specific_entry");
        for (auto const& [where, key, name, into] :
             {std::tuple(own, "fast", "fast", &by_tier), std::tuple(own, "us", "us", &regions),
              std::tuple(&whole_, "regional_processing_uplift_multiplier_us", "us", &regions),
              std::tuple(&whole_, "regional_processing_uplift_multiplier_eu", "eu", &regions)}) {
            std::optional<std::string_view> const text = where == nullptr ? std::nullopt : json::text(*where, key);
            if (!text) continue;
            std::optional<Factor> const factor = factor_of(*text);
            if (!factor) return fail(Errc::invalid_argument, what_ + " " + key + " is no multiplier");
            (*into)[name] = json::object{{"multiplier", factor_text(*factor)}};
        }
        if (!by_tier.empty()) line["tiers"] = std::move(by_tier);
        if (!regions.empty()) line["regions"] = std::move(regions);
        return ok();
    }

    Result<json::object> read_set(std::string_view suffix, json::object pieces) {
        PriceSetDraft set;
        set.pieces = std::move(pieces);
        if (Result<void> done = read_tokens(facts_, suffix, 0, set); !done) return done.error();
        if (suffix.empty()) {
            if (Result<void> done = read_standard(set); !done) return done.error();
        }
        for (std::string_view const free : {"cache_read", "cache_write_5m", "cache_write_1h"}) {
            if (set.base.count(free) != 0 && set.base[free] == "0")
                set.base.erase(free);  // its way to say: no such thing
        }
        // Where it costs what other output does it goes along with it, also above a size.
        if (set.base.count("reasoning") != 0 && set.base["reasoning"] == set.base["output"]) {
            set.base.erase("reasoning");
            for (auto& [above, prices] : set.steps) {
                auto const reasoning = prices.find("reasoning"), output = prices.find("output");
                bool const same =
                    reasoning != prices.end() && output != prices.end() && reasoning->second == output->second;
                if (same) prices.erase(reasoning);
            }
        }
        json::object out;
        set.write(out);
        return out;
    }

    /// What has no name of its own in the tiers.
    Result<void> read_standard(PriceSetDraft& set) {
        if (json::value const* hit = facts_.if_contains("input_cost_per_token_cache_hit")) {
            known_.emplace_back("input_cost_per_token_cache_hit");
            Result<std::string> const price = reader_.per_million(*hit, 1, what_ + " input_cost_per_token_cache_hit");
            if (!price) return price.error();
            set.base.emplace("cache_read", *price);
        }
        if (json::value const* request = facts_.if_contains("input_cost_per_request")) {
            known_.emplace_back("input_cost_per_request");
            Result<std::string> const price = reader_.per_one(*request, 1, what_ + " input_cost_per_request");
            if (!price) return price.error();
            set.request = *price;
        }
        json::value const* ranges = facts_.if_contains("tiered_pricing");
        if (ranges == nullptr || !ranges->is_array()) return ok();
        for (json::value const& range : ranges->get_array()) {
            json::array const* tokens = json::member_array(range, "range");
            if (tokens == nullptr || tokens->empty()) continue;
            std::optional<std::int64_t> const above = count_of(&tokens->front());
            if (!above) return fail(Errc::invalid_argument, what_ + " tiered_pricing has a range without a beginning");
            if (Result<void> done = read_tokens(range.get_object(), "", *above, set); !done) return done;
        }
        return ok();
    }

    /// Those of the members that are prices of tokens, from a size of the input on.
    Result<void> read_tokens(json::object const& from, std::string_view suffix, std::int64_t size, PriceSetDraft& set) {
        for (auto const& [key, value] : from) {
            if (value.is_null()) continue;
            for (PriceClass const& one : price_classes) {
                std::optional<std::int64_t> const above = step_of(key, one.litellm, suffix);
                if (!above) continue;
                known_.emplace_back(key);
                Result<std::string> const price = reader_.per_million(value, 1, what_ + " " + std::string(key));
                if (!price) return price.error();
                std::int64_t const from_size = std::max(*above, size);
                (from_size == 0 ? set.base : set.steps[from_size])[one.ours] = *price;
            }
        }
        return ok();
    }

    /// 0 for "KEY" + suffix, the number of tokens for "KEY_above_200k_tokens" + suffix, nothing for another key.
    static std::optional<std::int64_t> step_of(std::string_view key, std::string_view name, std::string_view suffix) {
        if (!key.starts_with(name) || !key.ends_with(suffix) || key.size() < name.size() + suffix.size()) {
            return std::nullopt;
        }
        std::string_view middle = key.substr(name.size(), key.size() - name.size() - suffix.size());
        if (middle.empty()) return 0;
        constexpr std::string_view before = "_above_", after = "k_tokens";
        if (!middle.starts_with(before) || !middle.ends_with(after)) return std::nullopt;
        middle.remove_prefix(before.size());
        middle.remove_suffix(std::min(after.size(), middle.size()));
        json::value const digits = json::string(middle.data(), middle.size());
        std::optional<std::int64_t> const thousands = count_of(&digits);
        return thousands ? std::optional<std::int64_t>(*thousands * 1000) : std::nullopt;
    }

    static bool only_zero(json::value const& value) {
        if (json::object const* object = value.if_object()) {
            return std::all_of(object->begin(), object->end(),
                               [](auto const& member) { return member.key() == "above" || only_zero(member.value()); });
        }
        if (json::array const* list = value.if_array()) {
            return std::all_of(list->begin(), list->end(), [](json::value const& one) { return only_zero(one); });
        }
        return value.is_string() && value.get_string() == "0";
    }

    /// A tier costs no less for what it has no price of.
    static json::object fill(json::object set, json::object const& standard) {
        for (std::string_view const name :
             {"output", "cache_read", "audio_input", "audio_cache_read", "audio_output", "reasoning"}) {
            json::value const* price = standard.if_contains(name);
            if (price != nullptr && set.if_contains(name) == nullptr) set[name] = *price;
        }
        return set;
    }

    /// Storage by the day, units of a machine's work, and what else there is no place for.
    void tell_others() {
        for (auto const& [key, value] : facts_) {
            bool const price = key.find("cost") != key.npos && !value.is_null();
            if (!price || std::find(known_.begin(), known_.end(), std::string_view(key)) != known_.end()) continue;
            reader_.leave_out(what_ + " " + std::string(key) + ": nothing here is counted so");
        }
    }

    PriceListReader& reader_;
    std::string what_;
    json::value const& whole_;
    json::object const& facts_;
    std::vector<std::string> known_;
};

/// "eu", "us-gov-west-1", "global-standard" of a name that begins with it; empty for one that does not.
std::string_view region_of(std::string_view name) {
    std::string_view const first = name.substr(0, name.find('/'));
    if (first.size() == name.size() || name.find('/', first.size() + 1) != name.npos) return {};
    if (first == "us" || first == "eu" || first == "global" || first == "global-standard") return first;
    bool const dashes = std::count(first.begin(), first.end(), '-') >= 2;
    bool const digit = !first.empty() && first.back() >= '0' && first.back() <= '9';
    bool const plain = std::all_of(first.begin(), first.end(),
                                   [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
    return dashes && digit && plain && first.find('x') == first.npos ? first : std::string_view();
}

/// Puts the prices of "eu/gpt-4o" as those of "eu" under "gpt-4o", too.
void fold_regions(json::array& lines) {
    std::map<std::string, std::size_t, std::less<>> places;
    for (std::size_t i = 0; i < lines.size(); ++i) places.emplace(lines[i].at("id").get_string(), i);
    std::size_t const count = lines.size();
    for (std::size_t i = 0; i < count; ++i) {
        std::string const id(lines[i].at("id").get_string());
        std::string const region(region_of(id));
        if (region.empty()) continue;
        std::string const plain = id.substr(region.size() + 1);
        auto const [place, is_new] = places.emplace(plain, lines.size());
        if (is_new) {  // it is sold nowhere else
            json::object line = lines[i].get_object();
            line.erase("prices");
            line.erase("tiers");
            line.erase("regions");
            line["id"] = plain;
            line["match"] = json::object{{"equals", plain}};
            lines.push_back(std::move(line));
        }
        json::object own{{"prices", lines[i].at("prices")}};
        if (json::value const* by_tier = lines[i].get_object().if_contains("tiers")) own["tiers"] = *by_tier;
        json::value& regions = lines[place->second].get_object()["regions"];
        if (!regions.is_object()) regions = json::object();
        regions.get_object()[region] = std::move(own);
    }
}

}  // namespace

Result<json::object> read_litellm(json::object const& models, PriceListReader& reader) {
    std::map<std::string, json::array> blocks;
    std::map<std::string, bool> seen;
    for (auto const& [name, facts] : models) {
        std::optional<std::string_view> const provider = json::text(facts, "litellm_provider");
        if (!provider || name == "sample_spec") continue;
        std::string const ours = provider_of(*provider);
        std::string const plain = plain_name(std::string_view(name), *provider);
        std::string const what = ours + "/" + plain;
        if (plain.empty() || !seen.emplace(what, true).second) {
            reader.leave_out(std::string(name) + ": the list has this model already");
            continue;
        }
        ModelReader model(reader, what, facts);
        Result<json::object> line = model.read();
        if (!line) return line.error();
        if (line->empty()) {
            reader.leave_out(what + ": it has no price");
            continue;
        }
        (*line)["id"] = plain;
        (*line)["match"] = json::object{{"equals", plain}};
        blocks[ours].push_back(std::move(*line));
    }
    for (std::string_view const provider : {"azure", "aws"}) {
        auto const block = blocks.find(std::string(provider));
        if (block != blocks.end()) fold_regions(block->second);
    }
    json::array list;
    for (auto& [provider, lines] : blocks) {
        list.push_back(json::object{{"id", provider}, {"models", std::move(lines)}});
    }
    json::object aliases;
    for (auto const& [theirs, ours] : providers) aliases[theirs] = json::array{std::string(ours)};
    json::object out;
    out["form"] = 1;
    out["aliases"] = std::move(aliases);
    out["providers"] = std::move(list);
    return out;
}

}  // namespace aikit::inline v0::cost
