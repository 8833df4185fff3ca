// SPDX-License-Identifier: MIT
// Covers price() of include/aikit/cost/catalog.hpp: classes, steps, one rounding.
#include <aikit/cost/catalog.hpp>

#include <doctest/doctest.h>

#include <random>

namespace aikit::cost {
namespace {

__extension__ typedef __int128 Wide;

Price usd(char const* per_million) {
    return Price::from_usd(per_million, 1'000'000).value();
}

PriceEntry entry_of(char const* input, char const* output) {
    PriceEntry entry;
    entry.id = "test";
    entry.base.input = usd(input);
    entry.base.output = usd(output);
    return entry;
}

Usage used(std::int64_t input, std::int64_t output) {
    Usage usage;
    usage.input = input;
    usage.output = output;
    return usage;
}

/// Femto-dollars to nano-dollars, half to even, written down from the definition.
std::int64_t rounded(Wide femtos) {
    Wide const nano = 1'000'000;
    Wide whole = femtos / nano;
    Wide const rest = femtos % nano * 2;
    if (rest > nano || (rest == nano && whole % 2 == 1)) ++whole;
    return static_cast<std::int64_t>(whole);
}

}  // namespace

TEST_CASE("a class without its own price is charged as the one that stands in for it") {
    PriceEntry entry = entry_of("1", "10");
    struct Row {
        char const* what;
        std::int64_t Usage::*count;
        std::int64_t Usage::*whole;  // of which it is a part; null: it is a whole
        std::optional<Price> TokenPrices::*own;
        char const* without;
    };
    Row const rows[] = {
        {"cache read", &Usage::cache_read, nullptr, &TokenPrices::cache_read, "1"},
        {"cache write", &Usage::cache_write_5m, nullptr, &TokenPrices::cache_write_5m, "1"},
        {"hour", &Usage::cache_write_1h, nullptr, &TokenPrices::cache_write_1h, "1"},
        {"audio in", &Usage::audio_input, &Usage::input, &TokenPrices::audio_input, "1"},
        {"image in", &Usage::image_input, &Usage::input, &TokenPrices::image_input, "1"},
        {"audio cached", &Usage::audio_cache_read, &Usage::cache_read, &TokenPrices::audio_cache_read, "1"},
        {"audio out", &Usage::audio_output, &Usage::output, &TokenPrices::audio_output, "10"},
        {"image out", &Usage::image_output, &Usage::output, &TokenPrices::image_output, "10"},
        {"reasoning", &Usage::reasoning, &Usage::output, &TokenPrices::reasoning, "10"},
    };
    for (Row const& row : rows) {
        CAPTURE(row.what);
        Usage usage;
        usage.*row.count = 1'000'000;
        if (row.whole != nullptr) usage.*row.whole = 1'000'000;
        CHECK(price(entry, usage).value().cost.usd() == row.without);

        PriceEntry priced = entry;
        priced.base.*row.own = usd("0.25");
        CHECK(price(priced, usage).value().cost.usd() == "0.25");
        priced.base.*row.own = usd("0");
        CHECK(price(priced, usage).value().cost == Money());
    }
    PriceEntry written = entry;
    written.base.cache_write_5m = usd("1.25");
    written.base.cache_read = usd("0.1");
    Usage usage;
    usage.cache_write_1h = usage.cache_read = usage.audio_cache_read = 1'000'000;
    CHECK(price(written, usage).value().cost.usd() == "1.35");
}

TEST_CASE("a step reprices the whole request, above its size and not at it") {
    PriceEntry entry = entry_of("1", "10");
    for (std::int64_t const above : {1'000, 5'000}) {
        PriceStep step;
        step.above_input = above;
        step.prices = entry.base;
        step.prices.input = Price::femtos(entry.base.input->femtos() * (above / 500));
        entry.steps.push_back(step);
    }
    auto const cost = [&](Usage const& usage) { return price(entry, usage).value().cost.nanos(); };
    CHECK(cost(used(1'000, 0)) == 1'000 * 1'000);
    CHECK(cost(used(1'001, 0)) == 1'001 * 2'000);
    CHECK(cost(used(5'000, 0)) == 5'000 * 2'000);
    CHECK(cost(used(5'001, 1)) == 5'001 * 10'000 + 10'000);
    Usage cached = used(1, 0);
    cached.cache_read = 1'000;  // what was cached counts towards the size
    CHECK(cost(cached) == 1'001 * 2'000);
}

TEST_CASE("the price of a request is added once, also to an empty one") {
    PriceEntry entry = entry_of("1", "10");
    entry.per_request = Price::from_usd("0.012", 1).value();
    CHECK(price(entry, Usage()).value().cost.usd() == "0.012");
    CHECK(price(entry, used(1'000'000, 0)).value().cost.usd() == "1.012");
    CHECK(price(entry, used(1'000'000, 0)).value().input_usd == "1");
}

TEST_CASE("each piece has its own price, and one without is unknown_price, never zero") {
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        CAPTURE(name(piece));
        PriceEntry entry = entry_of("1", "10");
        Usage usage = used(1'000'000, 0);
        usage.pieces[piece] = 3;
        bool const search =
            piece == Piece::web_searches || piece == Piece::web_searches_low || piece == Piece::web_searches_high;
        Result<PricedUsage> const without = price(entry, usage);
        if (piece == Piece::results) {  // says how a query is priced, and costs nothing
            CHECK(without.value().cost.usd() == "1");
            continue;
        }
        if (search) {
            CHECK(without.value().cost.usd() == "1");
            CHECK(without->unpriced == std::vector<Piece>{piece});
        } else {
            CHECK(without.error().code == Errc::unknown_price);
            CHECK(without.error().message.find(name(piece)) != std::string::npos);
        }
        PiecePrice one;
        one.piece = piece;
        one.price = Price::from_usd("0.02", 1).value();
        entry.pieces.push_back(one);
        PricedUsage const priced = price(entry, usage).value();
        CHECK(priced.cost.usd() == "1.06");
        CHECK(priced.input_usd == "1");
        CHECK(priced.pieces_usd == "0.06");
        CHECK(priced.unpriced.empty());
        CHECK(cost_of(entry, usage).value() == priced.cost);
        usage.pieces[piece] = std::numeric_limits<std::int64_t>::max();
        CHECK(price(entry, usage).error().code == Errc::invalid_argument);
        usage.pieces[piece] = -1;
        CHECK(price(entry, usage).error().code == Errc::invalid_argument);
    }
}

TEST_CASE("a price from a size on holds for all pieces, above the size and not at it") {
    PriceEntry entry = entry_of("1", "10");
    for (auto const& [piece, above, usd_each] :
         {std::tuple(Piece::pages, 0, "0.01"), std::tuple(Piece::pages, 10, "0.005"),
          std::tuple(Piece::queries, 0, "1"), std::tuple(Piece::queries, 25, "5")}) {
        PiecePrice one;
        one.piece = piece;
        one.above = above;
        one.price = Price::from_usd(usd_each, 1).value();
        entry.pieces.push_back(one);
    }
    auto const pages = [&](std::int64_t count) {
        Usage usage;
        usage.pieces[Piece::pages] = count;
        return price(entry, usage).value().cost.usd();
    };
    CHECK(pages(10) == "0.1");
    CHECK(pages(11) == "0.055");
    auto const queries = [&](std::int64_t results) {
        Usage usage;
        usage.pieces[Piece::queries] = 40;
        usage.pieces[Piece::results] = results;
        return price(entry, usage).value().cost.usd();
    };
    CHECK(queries(0) == "40");
    CHECK(queries(25) == "40");
    CHECK(queries(26) == "200");
}

TEST_CASE("what is used and has no price is unknown_price, never zero") {
    PriceEntry entry;
    entry.id = "p/m#default";
    entry.base.input = usd("1");
    CHECK(price(entry, used(5, 0)).has_value());
    Result<PricedUsage> const bill = price(entry, used(5, 1));
    REQUIRE_FALSE(bill.has_value());
    CHECK(bill.error().code == Errc::unknown_price);
    CHECK(bill.error().message.find("p/m#default") != std::string::npos);
    entry.free = true;
    CHECK(price(entry, used(5, 1)).value().cost == Money());
}

TEST_CASE("counts that cannot be are invalid_argument") {
    PriceEntry const entry = entry_of("1", "10");
    for (std::int64_t Usage::*count :
         {&Usage::input, &Usage::cache_read, &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::output,
          &Usage::reasoning, &Usage::audio_input, &Usage::audio_cache_read, &Usage::audio_output, &Usage::image_input,
          &Usage::image_output}) {
        for (std::int64_t const bad :
             {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
            Usage usage = used(10, 10);
            usage.cache_read = 10;
            usage.*count = bad;
            CHECK(price(entry, usage).error().code == Errc::invalid_argument);
        }
    }
    Usage parts = used(10, 10);
    parts.audio_input = 6;
    parts.image_input = 5;
    CHECK(price(entry, parts).error().code == Errc::invalid_argument);
    CHECK(price(entry_of("9000000000", "1"), used(std::int64_t{1} << 60, 0)).error().code == Errc::invalid_argument);
}

TEST_CASE("random usages at random prices are exact products, summed and rounded once half to even") {
    std::mt19937_64 random(17);
    for (int round = 0; round < 20'000; ++round) {
        PriceEntry entry;
        entry.id = "r";
        // Small odd prices make halves of a nano-dollar frequent.
        auto const some_price = [&] {
            return Price::femtos(static_cast<std::int64_t>(random() % (round % 2 ? 2'000'000 : 50'000'000'000)));
        };
        auto const some_count = [&] { return static_cast<std::int64_t>(random() % 200'000); };
        entry.base.input = some_price();
        entry.base.output = some_price();
        entry.base.cache_read = some_price();
        entry.base.cache_write_5m = Price::femtos(500'000);
        Usage usage = used(some_count(), some_count());
        usage.cache_read = some_count();
        usage.cache_write_5m = some_count();
        Wide const exact =
            Wide(entry.base.input->femtos()) * usage.input + Wide(entry.base.output->femtos()) * usage.output +
            Wide(entry.base.cache_read->femtos()) * usage.cache_read + Wide(500'000) * usage.cache_write_5m;
        if (price(entry, usage).value().cost.nanos() != rounded(exact)) FAIL_CHECK("round " << round);
    }
    CHECK(rounded(1'500'000) == 2);
    CHECK(rounded(2'500'000) == 2);
}

TEST_CASE("a million calls add up to the nano-dollar") {
    PriceEntry const entry = entry_of("0.075", "0.3");
    std::mt19937 random(23);
    Money sum;
    std::int64_t input = 0, output = 0;
    for (int call = 0; call < 1'000'000; ++call) {
        std::int64_t const in = 40 * (random() % 5'000), out = 10 * (random() % 1'000);  // whole nano-dollars each
        input += in;
        output += out;
        if (call % 10 == 0) {
            sum = Money::add(sum, price(entry, used(in, out)).value().cost).value();
        } else {
            sum = Money::add(sum, Money::nanos(in * 75 + out * 300)).value();
        }
    }
    CHECK(sum.nanos() == input * 75 + output * 300);
}

}  // namespace aikit::cost
