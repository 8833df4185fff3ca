// SPDX-License-Identifier: MIT
// cost/intelligence.cpp - estimates: what is expected, and what it can cost at most.
#include "core/json.hpp"
#include "cost/request_tokens.hpp"
#include "cost/searches.hpp"
#include "cost/worst_case.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/cost/intelligence.hpp>

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

// How long an answer is when nothing limits it; reasoning models think before they answer.
constexpr std::int64_t usual_answer = 256, usual_thinking = 1'024;

// A bound where neither the request nor the catalog has one: no model has a window beyond some millions of tokens.
constexpr std::int64_t widest_window = 4'194'304;

std::optional<Price> dearer(std::optional<Price> const& a, std::optional<Price> const& b) {
    if (!a || !b) return a ? a : b;
    return std::max(*a, *b);
}

/// What the request can be charged for, beside plain text.
struct Classes {
    bool cache_hour = false;
    bool audio_input = false;
    bool audio_output = false;
    bool images = false;
    std::int64_t searches = 0;  // at most
    Piece search = Piece::web_searches;
    std::string_view model;
};

// How often a model may search the web in one answer where nothing limits it.
constexpr std::int64_t most_searches = 32;

/// How often a tool of the provider's may search.
std::int64_t searches_of(ToolSpec const& tool) {
    if (tool.raw.find("search") == std::string::npos) return 0;
    Result<json::value> const raw = json::parse(tool.raw, "tool");
    std::int64_t const told = raw ? json::integer(*raw, "max_uses").value_or(0) : 0;
    constexpr std::int64_t most = 1'000'000;
    return told > 0 ? std::min(told, most) : most_searches;
}

/// Of those who bill what they cite: research, which searches often.
std::optional<Price> price_of_citations(PriceEntry const& entry) {
    for (PiecePrice const& one : entry.pieces) {
        if (one.piece == Piece::citation_tokens && one.above == 0) return one.price;
    }
    return std::nullopt;
}

/// The dearest search of an entry; nothing when it has none.
std::optional<Price> dearest_search(PriceEntry const& entry) {
    std::optional<Price> dearest;
    for (PiecePrice const& one : entry.pieces) {
        bool const search = is_search(one.piece);
        if (search) dearest = dearer(dearest, one.price);
    }
    return dearest;
}

/// The dearest price of a token read and of one written, at any size up to `input`.
struct Dearest {
    Dearest(PriceEntry const& entry, std::int64_t input, Classes const& classes) {
        take(entry.base, classes);
        for (PriceStep const& step : entry.steps) {
            if (input > step.above_input) take(step.prices, classes);
        }
    }

    void take(TokenPrices const& prices, Classes const& classes) {
        read = dearer(dearer(read, prices.input), dearer(prices.cache_write_5m, prices.cache_read));
        wrote = dearer(wrote, dearer(prices.output, prices.reasoning));
        if (classes.cache_hour) read = dearer(read, prices.cache_write_1h);
        if (classes.audio_input) read = dearer(read, dearer(prices.audio_input, prices.audio_cache_read));
        if (classes.images) read = dearer(read, prices.image_input);
        if (classes.images) wrote = dearer(wrote, prices.image_output);
        if (classes.audio_output) wrote = dearer(wrote, prices.audio_output);
    }

    std::optional<Price> read, wrote;
};

Result<Money> at_most_of(PriceEntry const& entry, CostEstimate const& estimate, Classes const& classes) {
    if (entry.free) return Money();
    Dearest const dearest(entry, estimate.input_tokens_at_most, classes);
    Bill bill;
    Result<void> added = ok();
    if (dearest.read) added = bill.add(*dearest.read, estimate.input_tokens_at_most);
    if (added && dearest.wrote) added = bill.add(*dearest.wrote, estimate.output_tokens_at_most);
    std::optional<Price> const citation = price_of_citations(entry);
    if (added && citation) added = bill.add(*citation, entry.context_window.value_or(widest_window));
    std::int64_t const always = always_searches(entry, classes.model) ? (citation ? most_searches : 1) : 0;
    std::int64_t const searches = std::max(classes.searches, always);
    std::optional<Price> const search = searches > 0 ? dearest_search(entry) : std::nullopt;
    if (added && search) added = bill.add(*search, searches);
    if (added && entry.per_request) added = bill.add(*entry.per_request, 1);
    if (!added) return added.error();
    return bill.total();
}

/// Prices both ends of an estimate whose tokens are counted.
Result<CostEstimate> priced(PriceEntry const& entry, CostEstimate estimate, Classes const& classes) {
    Usage usage;
    usage.input = estimate.input_tokens;
    usage.output = estimate.output_tokens;
    if (always_searches(entry, classes.model)) usage.pieces[classes.search] = 1;
    Result<PricedUsage> expected = price(entry, usage);
    if (!expected) return expected.error();
    Result<Money> at_most = at_most_of(entry, estimate, classes);
    if (!at_most) return at_most.error();
    estimate.expected = expected->cost;
    estimate.at_most = std::max(*at_most, expected->cost);
    estimate.price_id = entry.id;
    return estimate;
}

/// "openai" of "openai+eu".
std::string without_region(std::string const& provider) {
    return provider.substr(0, provider.find('+'));
}

CostEstimate with_input(PriceEntry const& entry, InputTokens const& tokens) {
    CostEstimate estimate;
    estimate.input_tokens = tokens.expected;
    estimate.input_tokens_at_most = std::max(tokens.at_most, tokens.expected);
    if (tokens.open_ended) {
        estimate.input_tokens_at_most =
            std::max(estimate.input_tokens_at_most, entry.context_window.value_or(widest_window));
    }
    estimate.exact_tokens = tokens.exact;
    return estimate;
}

Classes classes_of(InputTokens const& tokens) {
    Classes classes;
    classes.audio_input = tokens.audio;
    classes.images = tokens.images;
    return classes;
}

Classes classes_of(ChatRequest const& request, InputTokens const& tokens) {
    Classes classes = classes_of(tokens);
    classes.cache_hour = mentions(request, "1h");
    classes.audio_output = mentions(request, "audio");
    classes.images = classes.images || mentions(request, "image");
    classes.searches = mentions(request, "search") ? most_searches : 0;
    classes.search = asked_search(request.extra);
    classes.model = request.model;
    for (ToolSpec const& tool : request.tools) classes.searches += searches_of(tool);
    return classes;
}

Result<void> check_counts(ChatRequest const& request) {
    if (request.max_tokens && *request.max_tokens < 0) {
        return fail(Errc::invalid_argument, "estimate: max_tokens is negative");
    }
    if (request.n && (*request.n < 1 || *request.n > 128)) {
        return fail(Errc::invalid_argument, "estimate: n must be 1 to 128");
    }
    return ok();
}

/// How much all choices of a request may write.
std::int64_t output_at_most(PriceEntry const* entry, ChatRequest const& request) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    std::optional<std::int64_t> limit = request.max_tokens;
    if (!limit && entry != nullptr) limit = entry->max_output ? entry->max_output : entry->context_window;
    return std::min(limit.value_or(widest_window), most) * request.n.value_or(1);
}

Result<WorstCase> worst_of(PriceEntry const* entry, InputTokens const& tokens, std::int64_t output,
                           Classes const& classes) {
    static NoDestructor<PriceEntry> const unknown;
    CostEstimate estimate = with_input(entry != nullptr ? *entry : *unknown, tokens);
    estimate.output_tokens_at_most = output;
    WorstCase worst;
    worst.input_tokens = estimate.input_tokens_at_most;
    worst.output_tokens = output;
    if (entry == nullptr) return worst;
    Result<Money> const cost = at_most_of(*entry, estimate, classes);
    if (!cost) return cost.error();
    worst.cost = *cost;
    if (!entry->free) worst.output_price = Dearest(*entry, worst.input_tokens, classes).wrote;
    return worst;
}

}  // namespace

Result<WorstCase> worst_case(PriceEntry const* entry, std::string const& provider, ChatRequest const& request,
                             std::optional<std::int64_t> output) {
    if (Result<void> const good = check_counts(request); !good) return good.error();
    InputTokens const tokens = count_chat(without_region(provider), request, nullptr);
    std::int64_t const most = output_at_most(entry, request);
    return worst_of(entry, tokens, std::min(most, output.value_or(most)), classes_of(request, tokens));
}

Result<WorstCase> worst_case(PriceEntry const* entry, std::string const& provider, EmbedRequest const& request) {
    InputTokens const tokens = count_embed(without_region(provider), request, nullptr);
    return worst_of(entry, tokens, 0, classes_of(tokens));
}

CostIntelligence::CostIntelligence(std::shared_ptr<PriceCatalog const> catalog, std::shared_ptr<Clock> clock,
                                   std::shared_ptr<Ledger> ledger)
    : catalog_(std::move(catalog)), clock_(std::move(clock)), ledger_(std::move(ledger)) {}

Result<CostEstimate> CostIntelligence::estimate_request_cost(std::string const& provider,
                                                             ChatRequest const& request) const {
    if (Result<void> const good = check_counts(request); !good) return good.error();
    PriceQuery query;
    query.provider = provider;
    query.model = request.model;
    query.at = clock_->system_now();
    query.service_tier = request.service_tier;
    Result<PriceEntry> entry = catalog_->find(query);
    if (!entry) return entry.error();
    std::shared_ptr<text::Tokenizer const> const tokenizer = tokenizer_of(*entry);
    InputTokens const tokens = count_chat(without_region(provider), request, tokenizer.get());
    CostEstimate estimate = with_input(*entry, tokens);

    std::int64_t const usual = entry->reasoning ? usual_thinking : usual_answer;
    estimate.output_tokens_at_most = output_at_most(&*entry, request);
    estimate.output_tokens = std::min(usual * request.n.value_or(1), estimate.output_tokens_at_most);
    return priced(*entry, std::move(estimate), classes_of(request, tokens));
}

Result<CostEstimate> CostIntelligence::estimate_request_cost(std::string const& provider,
                                                             EmbedRequest const& request) const {
    PriceQuery query;
    query.provider = provider;
    query.model = request.model;
    query.at = clock_->system_now();
    Result<PriceEntry> entry = catalog_->find(query);
    if (!entry) return entry.error();
    std::shared_ptr<text::Tokenizer const> const tokenizer = tokenizer_of(*entry);
    InputTokens const tokens = count_embed(without_region(provider), request, tokenizer.get());
    return priced(*entry, with_input(*entry, tokens), classes_of(tokens));
}

std::int64_t CostIntelligence::count_tokens(std::string const& provider, std::string const& model,
                                            std::string_view text, bool* exact) const {
    PriceQuery query;
    query.provider = provider;
    query.model = model;
    query.at = clock_->system_now();
    Result<PriceEntry> const entry = catalog_->find(query);
    std::shared_ptr<text::Tokenizer const> const tokenizer = entry ? tokenizer_of(*entry) : nullptr;
    if (exact != nullptr) *exact = tokenizer != nullptr;
    return tokenizer ? tokenizer->count(text) : text::estimate_tokens(text).expected;
}

Result<PriceEntry> CostIntelligence::price_entry(std::string const& provider, std::string const& model,
                                                 std::string const& service_tier) const {
    PriceQuery query;
    query.provider = provider;
    query.model = model;
    query.at = clock_->system_now();
    query.service_tier = service_tier;
    return catalog_->find(query);
}

Result<PricedUsage> CostIntelligence::price_usage(std::string const& provider, std::string const& model,
                                                  std::string const& service_tier, Usage const& usage) const {
    Result<PriceEntry> const entry = price_entry(provider, model, service_tier);
    if (!entry) return entry.error();
    return price(*entry, usage);
}

}  // namespace aikit::inline v0::cost
