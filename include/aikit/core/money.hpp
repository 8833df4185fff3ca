// SPDX-License-Identifier: MIT
// aikit/core/money.hpp - money without floating point.
//
// Amounts are whole nano-dollars (1e-9 USD), prices whole femto-dollars (1e-15 USD) per unit: a price of
// 0.000001 USD per million tokens is still exact. A call's cost is summed in 128 bits and rounded once, half to even.
#ifndef AIKIT_CORE_MONEY_HPP
#define AIKIT_CORE_MONEY_HPP

#include <aikit/core/result.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// An amount in nano-dollars. Range: about +-9.2 billion dollars.
class AIKIT_EXPORT Money {
public:
    constexpr Money() = default;
    static constexpr Money nanos(std::int64_t value) noexcept {
        Money money;
        money.nanos_ = value;
        return money;
    }

    /// Reads a decimal number of dollars such as "1.25"; invalid_argument when it is none, has more than nine
    /// decimals that are not zero, or does not fit.
    static Result<Money> from_usd(std::string_view decimal);

    constexpr std::int64_t nanos() const noexcept { return nanos_; }

    /// The exact amount in dollars without trailing zeros: "0.00012", "3", "-0.5".
    std::string usd() const;

    /// a + b, or invalid_argument when it does not fit.
    static Result<Money> add(Money a, Money b);

    friend constexpr auto operator<=>(Money, Money) = default;

private:
    std::int64_t nanos_ = 0;
};

/// A price in femto-dollars per unit (token, image, second, request). Range: 0 to about 9,223 dollars per unit.
class AIKIT_EXPORT Price {
public:
    constexpr Price() = default;
    static constexpr Price femtos(std::int64_t value) noexcept {
        Price price;
        price.femtos_ = value;
        return price;
    }

    /// Reads a decimal number of dollars per `units` units, such as ("2.50", 1'000'000). Rounds half to even to a
    /// femto-dollar; `*rounded` is set when that changed the value. invalid_argument when it is no number,
    /// negative, or does not fit. Accepts exponents ("2.5e-06").
    static Result<Price> from_usd(std::string_view decimal, std::int64_t units, bool* rounded = nullptr);

    constexpr std::int64_t femtos() const noexcept { return femtos_; }

    /// Dollars per million units, exact, without trailing zeros.
    std::string usd_per_million() const;

    friend constexpr auto operator<=>(Price, Price) = default;

private:
    std::int64_t femtos_ = 0;
};

/// Sums price times count exactly and rounds once.
class AIKIT_EXPORT Bill {
public:
    /// Adds `units` at `price`; units below zero are invalid_argument.
    Result<void> add(Price price, std::int64_t units);

    /// The sum, rounded half to even to a nano-dollar; invalid_argument when it does not fit a Money.
    Result<Money> total() const;

    /// The sum in dollars, exact and unrounded, without trailing zeros.
    std::string exact_usd() const;

private:
    __extension__ typedef __int128 Wide;
    Wide femtos_ = 0;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_MONEY_HPP
