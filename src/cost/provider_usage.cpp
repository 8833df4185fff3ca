// SPDX-License-Identifier: MIT
// cost/provider_usage.cpp - which dialect a usage object speaks, its counts by name, and its price.
#include "core/json.hpp"
#include "cost/model_limits.hpp"
#include "cost/searches.hpp"
#include "model/usage_form/usage_form.hpp"

#include <aikit/cost/provider_usage.hpp>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace aikit::inline v0::cost {
namespace {

using usage_form::Dialect;
using usage_form::Reading;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_google(std::string_view provider) noexcept {
    return is_one_of(provider, {"google", "gemini", "vertex", "vertex_ai"});
}

/// How a provider counts in the API that is its own.
Dialect own_dialect(std::string_view provider) noexcept {
    if (is_one_of(provider, {"anthropic", "minimax"})) return Dialect::anthropic;
    if (is_google(provider)) return Dialect::gemini;
    if (is_one_of(provider, {"aws", "bedrock"})) return Dialect::bedrock;
    if (provider == "cohere") return Dialect::cohere;
    return provider == "ollama" ? Dialect::ollama : Dialect::chat;
}

Result<Dialect> dialect_of(UsageQuery const& query, json::value const& usage) {
    std::optional<Dialect> told;
    if (query.api == "chat") told = Dialect::chat;
    if (query.api == "responses") told = Dialect::responses;
    if (query.api == "embeddings") told = query.provider == "cohere" ? Dialect::cohere : Dialect::embeddings;
    if (query.api == "anthropic" || query.api == "messages") told = Dialect::anthropic;
    if (query.api == "tokens") told = Dialect::cohere;
    if (query.api == "aikit") told = Dialect::aikit;
    if (query.api == "default") told = own_dialect(query.provider);
    if (told) {
        if (usage_form::speaks(*told, usage)) return *told;
        return fail(Errc::invalid_argument, "the usage has not the members that the API \"" + query.api +
                                                "\" of provider \"" + query.provider +
                                                "\" counts in: name another API, or none");
    }
    if (!query.api.empty()) {
        return fail(Errc::invalid_argument,
                    "api must be chat, responses, embeddings, anthropic, tokens, aikit or default");
    }
    bool const of_claude = is_one_of(query.provider, {"anthropic", "minimax", "aws", "bedrock"}) ||
                           is_google(query.provider) || query.model.find("claude") != std::string::npos;
    std::optional<Dialect> const seen =
        usage_form::dialect_of(usage, of_claude ? Dialect::anthropic : Dialect::responses);
    if (seen) return *seen;
    return fail(Errc::invalid_argument, "the usage has no member that any provider counts in");
}

/// What a provider tells apart in an API; what it does not is a part of something else.
struct Telling {
    Telling() = default;

    bool cache_writes = true;  // else they are input like any other
    bool details = true;       // how long they last, what was reasoned, what was searched
};

Telling telling_of(std::string_view provider, Dialect dialect) noexcept {
    Telling telling;
    if (dialect == Dialect::chat || dialect == Dialect::responses) {
        telling.cache_writes = is_one_of(provider, {"openai", "openrouter", "doubleword"});
    }
    // Azure, Google and AWS bill Claude by the classes that they share with others.
    if (dialect == Dialect::anthropic) telling.details = provider == "anthropic";
    return telling;
}

void add_kinds(std::vector<NamedCount>& counts, usage_form::Kinds const& kinds, std::string const& before,
               std::string const& after) {
    counts.emplace_back(before + "text" + after, kinds.text);
    counts.emplace_back(before + "image" + after, kinds.image);
    counts.emplace_back(before + "audio" + after, kinds.audio);
    counts.emplace_back(before + "video" + after, kinds.video);
}

std::vector<NamedCount> name_counts(Reading const& reading, Telling const& telling) {
    Usage const& usage = reading.usage;
    std::vector<NamedCount> counts;
    counts.emplace_back("input_tokens", usage.total_input());
    counts.emplace_back("cache_read_tokens", usage.cache_read);
    counts.emplace_back("cache_write_tokens", telling.cache_writes ? usage.cache_write_5m + usage.cache_write_1h : 0);
    counts.emplace_back("output_tokens", usage.output);
    if (telling.details) {
        // A provider with one duration says nothing of it.
        bool const timed = reading.timed_writes && telling.cache_writes;
        counts.emplace_back("cache_write_5m_tokens", timed ? usage.cache_write_5m : 0);
        counts.emplace_back("cache_write_1h_tokens", timed ? usage.cache_write_1h : 0);
        counts.emplace_back("output_reasoning_tokens", usage.reasoning);
        counts.emplace_back("web_searches", reading.web_searches);
    }
    add_kinds(counts, reading.input, "input_", "_tokens");
    add_kinds(counts, reading.cached, "cache_", "_read_tokens");
    add_kinds(counts, reading.output, "output_", "_tokens");
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        if (piece != Piece::web_searches) counts.emplace_back(std::string(name(piece)), usage.pieces[piece]);
    }
    counts.emplace_back("input_tool_tokens", reading.tool_input);
    add_kinds(counts, reading.tool, "input_", "_tool_tokens");
    counts.erase(std::remove_if(counts.begin(), counts.end(), [](auto const& named) { return named.count == 0; }),
                 counts.end());
    return counts;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
}

}  // namespace

Result<PricedReply> price_reply(PriceCatalog const& catalog, UsageQuery const& given) {
    Result<json::value> const body = json::parse(given.body, "usage", Errc::invalid_argument);
    if (!body) return body.error();
    json::value const* usage = usage_form::usage_of_body(*body);
    if (usage == nullptr && given.api == "aikit" && body->is_object()) usage = &*body;
    if (usage == nullptr) return fail(Errc::invalid_argument, "there is no usage object in what was given");

    UsageQuery query = given;
    query.provider = lower(query.provider);
    if (query.provider.empty()) return fail(Errc::invalid_argument, "a usage needs its provider to be priced");
    if (query.model.empty()) query.model = usage_form::model_of_body(*body);
    if (query.model.empty()) return fail(Errc::invalid_argument, "the usage does not say its model: name it");
    if (query.service_tier.empty()) query.service_tier = usage_form::tier_of_body(*body);
    if (query.region.empty()) query.region = usage_form::region_of_body(*body);
    Result<Dialect> const dialect = dialect_of(query, *usage);
    if (!dialect) return dialect.error();

    PricedReply reply;
    Reading reading = usage_form::read(*dialect, *usage, reply.warnings);
    Telling const telling = telling_of(query.provider, *dialect);
    if (Result<void> const good = check(reading.usage); !good) return good.error();

    PriceQuery asked;
    asked.provider = query.provider;
    asked.model = query.model;
    asked.at = query.at;
    asked.service_tier = query.service_tier;
    asked.region = query.region;
    Result<PriceEntry> entry = catalog.find(asked);
    if (!entry) return entry.error();
    // Our own names tell all there is.
    if (*dialect != Dialect::aikit) add_searches(*entry, query.model, {}, reading.usage);
    Result<PricedUsage> priced = price(*entry, reading.usage);
    if (!priced) return priced.error();
    reply.provider = given.provider;
    reply.model = query.model;
    reply.service_tier = query.service_tier.empty() ? "default" : query.service_tier;
    reply.counts = name_counts(reading, telling);
    reply.usage = std::move(reading.usage);
    for (Piece const piece : priced->unpriced) {
        reply.warnings.push_back("The price entry " + entry->id + " has no price for " + std::string(name(piece)) +
                                 ": they are not in the cost.");
    }
    if (std::string end = end_of_life(*entry, query.at); !end.empty()) reply.warnings.push_back(std::move(end));
    reply.price = std::move(*priced);
    reply.entry = std::move(*entry);
    return reply;
}

}  // namespace aikit::inline v0::cost
