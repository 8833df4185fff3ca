// SPDX-License-Identifier: MIT
#include <aikit/model/usage.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace aikit;

namespace {

Usage some(std::int64_t base) {
    Usage usage;
    usage.input = base;
    usage.cache_read = base * 2;
    usage.cache_write_5m = base * 3;
    usage.cache_write_1h = base * 4;
    usage.output = base * 5;
    usage.reasoning = base;
    usage.audio_input = base;
    usage.audio_cache_read = base;
    usage.audio_output = base;
    usage.image_input = base;
    usage.image_output = base;
    return usage;
}

}  // namespace

TEST_CASE("usage adds up kind by kind") {
    Usage usage = some(1);
    usage.raw = "{}";
    Usage other = some(10);
    other.estimated = true;
    usage.add(other);
    CHECK(usage.input == 11);
    CHECK(usage.cache_read == 22);
    CHECK(usage.cache_write_5m == 33);
    CHECK(usage.cache_write_1h == 44);
    CHECK(usage.output == 55);
    CHECK(usage.reasoning == 11);
    CHECK(usage.image_output == 11);
    CHECK(usage.total_input() == 110);
    CHECK(usage.total() == 165);
    CHECK(usage.estimated);
    CHECK(usage.raw.empty());
    CHECK(check(usage).has_value());
}

TEST_CASE("usage that cannot be is told by the rule it breaks") {
    CHECK(check(Usage()).has_value());
    CHECK(check(some(7)).has_value());
    std::int64_t Usage::*const fields[] = {&Usage::input,          &Usage::cache_read,       &Usage::cache_write_5m,
                                           &Usage::cache_write_1h, &Usage::output,           &Usage::reasoning,
                                           &Usage::audio_input,    &Usage::audio_cache_read, &Usage::audio_output,
                                           &Usage::image_input,    &Usage::image_output};
    for (auto const field : fields) {
        Usage usage = some(7);
        usage.*field = -1;
        CHECK(check(usage).error().code == Errc::protocol);
    }
    std::int64_t Usage::*const parts[] = {&Usage::reasoning,    &Usage::audio_input, &Usage::audio_cache_read,
                                          &Usage::audio_output, &Usage::image_input, &Usage::image_output};
    for (auto const part : parts) {
        Usage usage = some(7);
        usage.*part = 1'000;
        CHECK(check(usage).error().message.find("exceeds") != std::string::npos);
    }
    Usage huge;
    huge.input = std::numeric_limits<std::int64_t>::max();
    huge.output = 1;
    CHECK(!check(huge).has_value());
}

TEST_CASE("what is counted by the piece has a name, adds up, and is never negative") {
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        CAPTURE(name(piece));
        CHECK(!name(piece).empty());
        CHECK(piece_from_name(name(piece)) == piece);
        Usage usage;
        CHECK(usage.nothing());
        usage.pieces[piece] = 2;
        CHECK(!usage.nothing());
        CHECK(usage.total() == 0);
        Usage other = usage;
        other.pieces[piece] = 3;
        usage.add(other);
        CHECK(usage.pieces[piece] == (piece == Piece::results ? 3 : 5));
        CHECK(usage.without_raw().pieces == usage.pieces);
        usage.pieces[piece] = std::numeric_limits<std::int64_t>::max();
        usage.add(usage);
        CHECK(usage.pieces[piece] == std::numeric_limits<std::int64_t>::max());
        usage.pieces[piece] = -1;
        CHECK(check(usage).error().message.find(name(piece)) != std::string::npos);
    }
    CHECK(name(static_cast<Piece>(piece_count)).empty());
    CHECK(!piece_from_name("").has_value());
    CHECK(!piece_from_name("tokens").has_value());
}

TEST_CASE("what is estimated keeps its interval in sums, and an exact count is an interval of itself") {
    Usage sum;
    sum.output = 7;
    CHECK(sum.least_output() == 7);
    CHECK(sum.most_output() == 7);
    CHECK_FALSE(sum.has_interval());
    Usage estimated;
    estimated.output = 10;
    estimated.estimated = true;
    estimated.output_at_least = 8;
    estimated.output_at_most = 20;
    sum.add(estimated);
    CHECK(sum.output == 17);
    CHECK(sum.least_output() == 15);
    CHECK(sum.most_output() == 27);
    CHECK(check(sum).has_value());
    CHECK(sum.without_raw().output_at_most == 27);
    sum.output_at_most = 16;
    CHECK(check(sum).error().message.find("interval") != std::string::npos);
}

TEST_CASE("sums beyond the largest number stay at it") {
    Usage usage;
    usage.input = std::numeric_limits<std::int64_t>::max() - 1;
    usage.add(usage);
    CHECK(usage.input == std::numeric_limits<std::int64_t>::max());
}
