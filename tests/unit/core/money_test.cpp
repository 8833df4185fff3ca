// SPDX-License-Identifier: MIT
// Covers core/money: decimal text, prices per unit, bills, rounding and overflow. The oracle is 128-bit arithmetic.
#include <aikit/core/money.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace aikit::inline v0 {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

/// Half to even by definition: of the two neighbours the nearer, and of two equally near ones the even.
Wide half_even(Wide numerator, Wide denominator) {
    Wide const below = numerator / denominator;
    Wide const to_below = numerator - below * denominator;
    Wide const to_above = (below + 1) * denominator - numerator;
    if (to_below != to_above) return to_below < to_above ? below : below + 1;
    return below % 2 == 0 ? below : below + 1;
}

Wide power_of_ten(int exponent) {
    Wide value = 1;
    for (int i = 0; i < exponent; ++i) value *= 10;
    return value;
}

}  // namespace

TEST_CASE("a decimal amount is read exactly") {
    struct Row {
        char const* text;
        std::int64_t nanos;
    };
    Row const rows[] = {{"0", 0},
                        {"-0", 0},
                        {"0.000", 0},
                        {"0e999", 0},
                        {"0e-999", 0},
                        {"1", 1'000'000'000},
                        {"1.25", 1'250'000'000},
                        {".5", 500'000'000},
                        {"-0.5", -500'000'000},
                        {"-.5", -500'000'000},
                        {"0.000000001", 1},
                        {"-0.000000001", -1},
                        {"2.5e-06", 2'500},
                        {"2.5E-6", 2'500},
                        {"25e-7", 2'500},
                        {"1e3", 1'000'000'000'000},
                        {"1e+3", 1'000'000'000'000},
                        {"0.00000000100000000000000000000000000000000000000000", 1},
                        {"00000000000000000000000000000000000000001", 1'000'000'000},
                        {"10000000000000000000000000000000000000000e-40", 1'000'000'000},
                        {"0.0000000000000000000000000000001e30", 100'000'000},
                        {"9223372036.854775807", largest},
                        {"-9223372036.854775808", smallest}};
    for (Row const& row : rows) {
        CAPTURE(row.text);
        Result<Money> const money = Money::from_usd(row.text);
        REQUIRE(money.has_value());
        CHECK(money->nanos() == row.nanos);
    }
}

TEST_CASE("what is no decimal number, too fine or too large is refused and not guessed") {
    for (char const* text : {"",
                             " ",
                             "-",
                             ".",
                             "+1",
                             "1.",
                             "1 ",
                             " 1",
                             "1,5",
                             "1.2.3",
                             "--1",
                             "1-",
                             "0x10",
                             "NaN",
                             "nan",
                             "inf",
                             "Infinity",
                             "1e",
                             "e5",
                             "1e+",
                             "1e-",
                             "1e1.5",
                             "1e 5",
                             "1e5 ",
                             "$1",
                             "1_000",
                             "\xD9\xA1",
                             "1e999",
                             "-1e999",
                             "1e99999999999999999999",
                             "1e-10",
                             "0.0000000001",
                             "1.0000000001",
                             "1e-99999999999999999999",
                             "9223372036.854775808",
                             "-9223372036.854775809",
                             "9223372037",
                             "1e10",
                             "123456789012345678901234567890"}) {
        CAPTURE(text);
        Result<Money> const money = Money::from_usd(text);
        REQUIRE_FALSE(money.has_value());
        CHECK(money.error().code == Errc::invalid_argument);
    }
    CHECK_FALSE(Money::from_usd(std::string_view("1\0", 2)).has_value());
}

TEST_CASE("an amount written out reads back as itself") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 200'000; ++i) {
        std::int64_t const nanos = static_cast<std::int64_t>(random()) >> (random() % 64);
        std::string const text = Money::nanos(nanos).usd();
        // The oracle prints dollars and nano-dollars apart, and cuts the zeros.
        auto const size = nanos < 0 ? -static_cast<Wide>(nanos) : static_cast<Wide>(nanos);
        char plain[64];
        std::snprintf(plain, sizeof(plain), "%s%lld.%09lld", nanos < 0 ? "-" : "",
                      static_cast<long long>(size / 1'000'000'000), static_cast<long long>(size % 1'000'000'000));
        std::string expected = plain;
        while (expected.back() == '0') expected.pop_back();
        if (expected.back() == '.') expected.pop_back();
        if (text != expected) FAIL(text << " is not " << expected);
        if (Money::from_usd(text).value().nanos() != nanos) FAIL(text << " reads back as another amount");
    }
    CHECK(Money::nanos(smallest).usd() == "-9223372036.854775808");
    CHECK(Money::nanos(120'000).usd() == "0.00012");
    CHECK(Money().usd() == "0");
}

TEST_CASE("a million random sums are exact, and one that does not fit is an error") {
    // With AIKIT_LONG=1 in the environment: a thousand million.
    int const sums = std::getenv("AIKIT_LONG") != nullptr ? 1'000'000'000 : 1'000'000;
    std::mt19937_64 random(2);
    Money sum;
    Wide expected = 0;
    int overflows = 0;
    for (int i = 0; i < sums; ++i) {
        Money const part = Money::nanos(static_cast<std::int64_t>(random()) >> (random() % 50));
        Wide const next = expected + part.nanos();
        bool const fits = next <= largest && next >= smallest;
        Result<Money> const added = Money::add(sum, part);
        if (added.has_value() != fits) FAIL("a sum of " << sum.usd() << " and " << part.usd() << " is judged wrongly");
        if (!fits) {
            ++overflows;
            continue;
        }
        sum = *added;
        expected = next;
        if (sum.nanos() != expected) FAIL("the sum is off at " << i);
    }
    CHECK(overflows > 1'000);
}

TEST_CASE("a price per unit is the exact quotient, rounded half to even once") {
    std::mt19937_64 random(3);
    int rounded_ones = 0;
    for (int i = 0; i < 200'000; ++i) {
        auto const mantissa = static_cast<std::int64_t>(random() >> (24 + random() % 40));
        int const decimals = static_cast<int>(random() % 15);
        std::int64_t const units =
            i % 2 == 0 ? 1'000'000 : 1 + static_cast<std::int64_t>(random() >> (1 + random() % 62));
        std::string digits = std::to_string(mantissa);
        while (static_cast<int>(digits.size()) <= decimals) digits.insert(digits.begin(), '0');
        std::string const point = digits.substr(0, digits.size() - static_cast<std::size_t>(decimals)) + "." +
                                  digits.substr(digits.size() - static_cast<std::size_t>(decimals));
        std::string const plain = decimals == 0 ? digits : point;
        std::string const scientific = std::to_string(mantissa) + "e-" + std::to_string(decimals);

        Wide const femtos = static_cast<Wide>(mantissa) * power_of_ten(15 - decimals);
        Wide const expected = half_even(femtos, units);
        for (std::string const& text : {plain, scientific}) {
            bool rounded = false;
            Result<Price> const price = Price::from_usd(text, units, &rounded);
            if (price.has_value() != (expected <= largest)) FAIL(text << " per " << units << " is judged wrongly");
            if (!price) continue;
            if (price->femtos() != expected) FAIL(text << " per " << units << " became " << price->femtos());
            if (rounded != (femtos % units != 0)) FAIL(text << " per " << units << " lies about rounding");
            rounded_ones += rounded;
        }
    }
    CHECK(rounded_ones > 1'000);
}

TEST_CASE("a tie in a price goes to the even side, and any digit behind it breaks the tie") {
    struct Row {
        char const* text;
        std::int64_t units;
        std::int64_t femtos;
        bool rounded;
    };
    std::string const zeros(300, '0');
    std::string const above_half = "0.0000000000000005" + zeros + "1";
    std::string const below_half = "0.00000000000000049" + std::string(300, '9');
    Row const rows[] = {{"2.50", 1'000'000, 2'500'000'000, false},
                        {"2.5e-06", 1, 2'500'000'000, false},
                        {"0.000001", 1'000'000, 1'000, false},
                        {"5e-16", 1, 0, true},
                        {"15e-16", 1, 2, true},
                        {"25e-16", 1, 2, true},
                        {"35e-16", 1, 4, true},
                        {"1e-15", 2, 0, true},
                        {"3e-15", 2, 2, true},
                        {"5e-15", 2, 2, true},
                        {"2e-15", 3, 1, true},
                        {"1.5e-15", 3, 0, true},
                        {"4.5e-15", 3, 2, true},
                        {"4.500000000000000000000000001e-15", 3, 2, true},
                        {"1.500000000000000000000000001e-15", 3, 1, true},
                        {above_half.c_str(), 1, 1, true},
                        {below_half.c_str(), 1, 0, true},
                        {"1e-999", 1, 0, true},
                        {"0", 7, 0, false},
                        {"9223.372036854775807", 1, largest, false},
                        {"9223372036.854775807", 1'000'000, largest, false}};
    for (Row const& row : rows) {
        CAPTURE(row.text);
        bool rounded = true;
        Result<Price> const price = Price::from_usd(row.text, row.units, &rounded);
        REQUIRE(price.has_value());
        CHECK(price->femtos() == row.femtos);
        CHECK(rounded == row.rounded);
    }
}

TEST_CASE("a price below zero, above the range, for no units or of no number is refused") {
    CHECK(Price::from_usd("-0.000001", 1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("1", 0).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("1", -1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("9223.3720368547758075", 1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("9223.3720368547758070000001", 1).value().femtos() == largest);
    CHECK(Price::from_usd("9224", 1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("85070591730234615847396907784232501249", largest).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("1e999", 1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("free", 1).error().code == Errc::invalid_argument);
    CHECK(Price::from_usd("-0", 1).value().femtos() == 0);
}

TEST_CASE("a price shows as dollars per million units") {
    CHECK(Price::from_usd("2.50", 1'000'000).value().usd_per_million() == "2.5");
    CHECK(Price::from_usd("0.0000001", 1'000'000).value().usd_per_million() == "0.0000001");
    CHECK(Price::from_usd("0.04", 1).value().usd_per_million() == "40000");
    CHECK(Price().usd_per_million() == "0");
}

TEST_CASE("a bill sums exactly and rounds once at the end") {
    Bill bill;
    Price const tiny = Price::femtos(499'999);
    for (int i = 0; i < 1'000; ++i) REQUIRE(bill.add(tiny, 1).has_value());
    CHECK(bill.total().value().nanos() == 500);
    CHECK(bill.exact_usd() == "0.000000499999");
    CHECK(Bill().total().value().nanos() == 0);
    CHECK(Bill().exact_usd() == "0");
}

TEST_CASE("random bills equal the sum in 128 bits") {
    std::mt19937_64 random(4);
    for (int i = 0; i < 100'000; ++i) {
        Bill bill;
        Wide femtos = 0;
        for (int line = 0; line < 4; ++line) {
            auto const price = static_cast<std::int64_t>(random() >> (8 + random() % 50));
            auto const units = static_cast<std::int64_t>(random() >> (33 + random() % 30));
            REQUIRE(bill.add(Price::femtos(price), units).has_value());
            femtos += static_cast<Wide>(price) * units;
        }
        Wide const expected = half_even(femtos, 1'000'000);
        Result<Money> const total = bill.total();
        if (total.has_value() != (expected <= largest)) FAIL("bill " << i << " is judged wrongly");
        if (total && total->nanos() != expected) FAIL("bill " << i << " is off");
    }
}

TEST_CASE("every remainder of a nano-dollar rounds half to even") {
    for (std::int64_t whole : {0, 1, 2, 3}) {
        for (std::int64_t rest = 0; rest < 1'000'000; rest += 7) {
            Bill bill;
            REQUIRE(bill.add(Price::femtos(whole * 1'000'000 + rest), 1).has_value());
            if (bill.total().value().nanos() != half_even(static_cast<Wide>(whole) * 1'000'000 + rest, 1'000'000))
                FAIL(rest);
        }
        Bill tie;
        REQUIRE(tie.add(Price::femtos(whole * 1'000'000 + 500'000), 1).has_value());
        CHECK(tie.total().value().nanos() == whole + whole % 2);
    }
}

TEST_CASE("a bill takes no negative lines and says when it is too large") {
    Bill bill;
    CHECK(bill.add(Price::femtos(1), -1).error().code == Errc::invalid_argument);
    CHECK(bill.add(Price::femtos(-1), 1).error().code == Errc::invalid_argument);
    CHECK(bill.exact_usd() == "0");

    Price const dear = Price::femtos(largest);
    REQUIRE(bill.add(dear, largest).has_value());
    CHECK(bill.total().error().code == Errc::invalid_argument);
    REQUIRE(bill.add(dear, largest).has_value());
    std::string const before = bill.exact_usd();
    CHECK(bill.add(dear, largest).error().code == Errc::invalid_argument);
    CHECK(bill.exact_usd() == before);
    CHECK(before == "170141183460469231694793.815568465002498");
}

}  // namespace aikit::inline v0
