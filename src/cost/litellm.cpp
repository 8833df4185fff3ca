// SPDX-License-Identifier: MIT
// cost/litellm.cpp - BerriAI/litellm's model_prices_and_context_window.json: dollars per single token, one flat object
// for each model.
#include "cost/price_list.hpp"

#include <algorithm>
#include <array>
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

/// "gemini/gemini-2.0-flash" without the provider that it begins with.
std::string plain_name(std::string_view name, std::string_view provider) {
    std::size_t const slash = name.find('/');
    if (slash == name.npos) return lower(name);
    std::string_view const first = name.substr(0, slash);
    bool const prefix = first == provider || provider_of(first) == provider_of(provider);
    return lower(prefix ? name.substr(slash + 1) : name);
}

/// One model's prices: which of its members are understood is noted, so that the others can be told.
class ModelReader {
public:
    ModelReader(PriceListReader& reader, std::string what, json::object const& facts)
        : reader_(reader), what_(std::move(what)), facts_(facts) {}

    Result<json::object> read() {
        json::object line;
        Result<json::object> const standard = read_set("");
        if (!standard) return standard.error();
        bool const priced = standard->if_contains("input") != nullptr || standard->if_contains("output") != nullptr;
        if (!priced || only_zero(*standard)) return json::object();
        line["prices"] = json::array{*standard};
        json::object by_tier;
        for (auto const& [name, suffix] : tiers) {
            if (name.empty()) continue;
            Result<json::object> set = read_set(suffix);
            if (!set) return set.error();
            if (set->if_contains("input") != nullptr) by_tier[name] = fill(std::move(*set), *standard);
        }
        if (!by_tier.empty()) line["tiers"] = std::move(by_tier);
        write_facts(line);
        tell_others();
        return line;
    }

private:
    Result<json::object> read_set(std::string_view suffix) {
        PriceSetDraft set;
        for (auto const& [key, value] : facts_) {
            if (value.is_null()) continue;
            for (PriceClass const& one : price_classes) {
                std::optional<std::int64_t> const above = step_of(key, one.litellm, suffix);
                if (!above) continue;
                known_.emplace_back(key);
                Result<std::string> const price = reader_.per_million(value, 1, what_ + " " + std::string(key));
                if (!price) return price.error();
                (*above == 0 ? set.base : set.steps[*above])[one.ours] = *price;
            }
        }
        for (std::string_view const free : {"cache_read", "cache_write_5m", "cache_write_1h"}) {
            if (set.base.count(free) != 0 && set.base[free] == "0")
                set.base.erase(free);  // its way to say: no such thing
        }
        json::object out;
        set.write(out);
        return out;
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

    static bool only_zero(json::object const& set) {
        return std::all_of(set.begin(), set.end(), [](auto const& member) {
            return member.value().is_string() && member.value().get_string() == "0";
        });
    }

    /// A tier costs no less for what it has no price of.
    static json::object fill(json::object set, json::object const& standard) {
        for (std::string_view const name :
             {"output", "cache_read", "audio_input", "audio_cache_read", "audio_output"}) {
            json::value const* price = standard.if_contains(name);
            if (price != nullptr && set.if_contains(name) == nullptr) set[name] = *price;
        }
        return set;
    }

    void write_facts(json::object& line) const {
        if (auto const context = count_of(facts_.if_contains("max_input_tokens")); context && *context > 0) {
            line["context"] = *context;
        }
        if (auto const most = count_of(facts_.if_contains("max_output_tokens")); most && *most > 0) {
            line["max_output"] = *most;
        }
        json::value const* reasons = facts_.if_contains("supports_reasoning");
        if (reasons != nullptr && reasons->is_bool() && reasons->get_bool()) line["reasoning"] = true;
    }

    /// Prices by the image, the second, the page, the query: tokens have none of them.
    void tell_others() {
        for (auto const& [key, value] : facts_) {
            bool const price = key.find("cost") != key.npos && !value.is_null();
            if (!price || std::find(known_.begin(), known_.end(), std::string_view(key)) != known_.end()) continue;
            reader_.leave_out(what_ + " " + std::string(key) + ": no such class of tokens here");
        }
    }

    PriceListReader& reader_;
    std::string what_;
    json::object const& facts_;
    std::vector<std::string> known_;
};

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
        ModelReader model(reader, what, facts.get_object());
        Result<json::object> line = model.read();
        if (!line) return line.error();
        if (line->empty()) {
            reader.leave_out(what + ": it has no price of tokens");
            continue;
        }
        (*line)["id"] = plain;
        (*line)["match"] = json::object{{"equals", plain}};
        blocks[ours].push_back(std::move(*line));
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
