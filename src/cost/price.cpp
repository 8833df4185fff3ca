// SPDX-License-Identifier: MIT
// cost/price.cpp - what a usage costs by one entry: exact products, one sum, one rounding.
#include "cost/searches.hpp"

#include <aikit/cost/catalog.hpp>

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

/// The first price of a chain that there is.
template <class... More>
std::optional<Price> first_of(std::optional<Price> const& price, More const&... more) {
    if constexpr (sizeof...(more) == 0) {
        return price;
    } else {
        return price ? price : first_of(more...);
    }
}

/// Adds classes of tokens to the two bills and remembers the first that went wrong.
class Billing {
public:
    explicit Billing(std::string const& id) : id_(id) {}

    void read(char const* what, std::optional<Price> const& price, std::int64_t tokens) {
        add(input_, what, price, tokens);
    }
    void wrote(char const* what, std::optional<Price> const& price, std::int64_t tokens) {
        add(output_, what, price, tokens);
    }
    void request(Price price) { note(total_.add(price, 1)); }
    void piece(Piece piece, std::optional<Price> const& price, std::int64_t count) {
        if (!price && is_search(piece)) return unpriced_.push_back(piece);
        if (!price && !error_) error_ = no_price(name(piece));
        if (!price) return;
        any_pieces_ = true;
        note(pieces_.add(*price, count));
        note(total_.add(*price, count));
    }

    Result<Money> total() const {
        if (error_) return *error_;
        return total_.total();
    }

    Result<PricedUsage> finish() const {
        Result<Money> const cost = total();
        if (!cost) return cost.error();
        PricedUsage priced;
        priced.cost = *cost;
        priced.input_usd = input_.exact_usd();
        priced.output_usd = output_.exact_usd();
        if (any_pieces_) priced.pieces_usd = pieces_.exact_usd();
        priced.unpriced = unpriced_;
        priced.price_id = id_;
        return priced;
    }

private:
    Error no_price(std::string_view what) const {
        return fail(Errc::unknown_price, "the price entry " + id_ + " has no price for " + std::string(what));
    }

    void add(Bill& side, char const* what, std::optional<Price> const& price, std::int64_t tokens) {
        if (tokens == 0 || error_) return;
        if (!price) {
            error_ = no_price(what);
            return;
        }
        note(side.add(*price, tokens));
        note(total_.add(*price, tokens));
    }

    void note(Result<void> const& result) {
        if (!result && !error_) error_ = result.error();
    }

    std::string const& id_;
    Bill input_, output_, pieces_, total_;
    bool any_pieces_ = false;
    std::vector<Piece> unpriced_;
    std::optional<Error> error_;
};

/// No count below zero, no part above its whole, no sum beyond 64 bits.
Result<void> countable(Usage const& usage) {
    std::int64_t const counts[] = {usage.input,        usage.cache_read,  usage.cache_write_5m, usage.cache_write_1h,
                                   usage.output,       usage.reasoning,   usage.audio_input,    usage.audio_cache_read,
                                   usage.audio_output, usage.image_input, usage.image_output};
    constexpr std::int64_t most = std::int64_t{1} << 60;
    for (std::int64_t const count : counts) {
        if (count < 0 || count > most) {
            return fail(Errc::invalid_argument, "usage: a count is negative or too large to be priced");
        }
    }
    for (std::size_t i = 0; i < piece_count; ++i) {
        std::int64_t const count = usage.pieces[static_cast<Piece>(i)];
        if (count < 0 || count > most) {
            return fail(Errc::invalid_argument, "usage: a count is negative or too large to be priced");
        }
    }
    bool const parts_fit = usage.audio_input + usage.image_input <= usage.input &&
                           usage.audio_cache_read <= usage.cache_read &&
                           usage.audio_output + usage.image_output <= usage.output;
    if (!parts_fit)
        return fail(Errc::invalid_argument, "usage: audio or image tokens exceed the count they are part of");
    return ok();
}

/// The prices for this many input tokens: they hold for the whole request.
TokenPrices const& prices_at(PriceEntry const& entry, std::int64_t total_input) {
    TokenPrices const* prices = &entry.base;
    for (PriceStep const& step : entry.steps) {
        if (total_input > step.above_input) prices = &step.prices;
    }
    return *prices;
}

/// The price of a piece, of which there are `count`; nothing when the entry has none.
std::optional<Price> price_of(PriceEntry const& entry, Piece piece, std::int64_t count) {
    std::optional<Price> found;
    for (PiecePrice const& one : entry.pieces) {
        if (one.piece == piece && (one.above == 0 || count > one.above)) found = one.price;
    }
    return found;
}

void add_pieces(Billing& billing, PriceEntry const& entry, Pieces const& pieces) {
    if (pieces.empty()) return;
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        std::int64_t const count = pieces[piece];
        if (count == 0 || piece == Piece::results) continue;
        // A search engine asks more for a query that may give many results.
        std::int64_t const size = piece == Piece::queries ? pieces[Piece::results] : count;
        bool const once = entry.facts && entry.facts->searches_once && is_search(piece);
        billing.piece(piece, price_of(entry, piece, size), once ? 1 : count);
    }
}

/// Puts all classes of tokens on the bill.
Result<void> fill(Billing& billing, PriceEntry const& entry, Usage const& usage) {
    if (Result<void> good = countable(usage); !good) return good.error();
    if (entry.free) return ok();
    TokenPrices const& prices = prices_at(entry, usage.total_input());
    auto const write_5m = first_of(prices.cache_write_5m, prices.input);
    auto const cached = first_of(prices.cache_read, prices.input);
    billing.read("input", prices.input, usage.input - usage.audio_input - usage.image_input);
    billing.read("audio input", first_of(prices.audio_input, prices.input), usage.audio_input);
    billing.read("image input", first_of(prices.image_input, prices.input), usage.image_input);
    billing.read("cached input", cached, usage.cache_read - usage.audio_cache_read);
    billing.read("cached audio input", first_of(prices.audio_cache_read, cached), usage.audio_cache_read);
    billing.read("cache writes", write_5m, usage.cache_write_5m);
    billing.read("cache writes", first_of(prices.cache_write_1h, write_5m), usage.cache_write_1h);
    std::int64_t const words = usage.output - usage.audio_output - usage.image_output;
    std::int64_t const reasoned = prices.reasoning ? std::min(usage.reasoning, words) : 0;
    billing.wrote("output", prices.output, words - reasoned);
    billing.wrote("reasoning", prices.reasoning, reasoned);
    billing.wrote("audio output", first_of(prices.audio_output, prices.output), usage.audio_output);
    billing.wrote("image output", first_of(prices.image_output, prices.output), usage.image_output);
    if (entry.per_request) billing.request(*entry.per_request);
    add_pieces(billing, entry, usage.pieces);
    return ok();
}

}  // namespace

Result<PricedUsage> price(PriceEntry const& entry, Usage const& usage) {
    Billing billing(entry.id);
    if (Result<void> filled = fill(billing, entry, usage); !filled) return filled.error();
    return billing.finish();
}

Result<Money> cost_of(PriceEntry const& entry, Usage const& usage) {
    Billing billing(entry.id);
    if (Result<void> filled = fill(billing, entry, usage); !filled) return filled.error();
    return billing.total();
}

}  // namespace aikit::inline v0::cost
