// SPDX-License-Identifier: MIT
// core/money.cpp - decimal text to whole numbers and back, exactly.
#include <aikit/core/money.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace aikit::inline v0 {

namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr int nano_decimals = 9;
constexpr int femto_decimals = 15;
constexpr Int128 femtos_per_nano = 1'000'000;

/// digits * 10^exponent. No zeros at either end of the digits; zero has none.
struct Decimal {
    Decimal() = default;
    bool negative = false;
    std::string digits;
    std::int64_t exponent = 0;
};

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// The digits at the beginning of `text`, which is shortened by them.
std::string_view take_digits(std::string_view& text) noexcept {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    std::string_view const digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

/// The whole of `text` as e[+-]digits; the value stops growing where no digits could bring it back.
std::optional<std::int64_t> parse_exponent(std::string_view text) noexcept {
    constexpr std::int64_t enough = 1'000'000'000'000;
    if (text.empty()) return 0;
    if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
    text.remove_prefix(1);
    bool const negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    std::string_view const digits = take_digits(text);
    if (digits.empty() || !text.empty()) return std::nullopt;
    std::int64_t exponent = 0;
    for (char const c : digits) exponent = std::min(enough, exponent * 10 + (c - '0'));
    return negative ? -exponent : exponent;
}

/// -?(digits(.digits)?|.digits)(e[+-]?digits)? and nothing else: no spaces, no locale, no names of infinities.
std::optional<Decimal> parse(std::string_view text) {
    Decimal result;
    if (!text.empty() && text.front() == '-') {
        result.negative = true;
        text.remove_prefix(1);
    }
    std::string_view const whole = take_digits(text);
    std::string_view fraction;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        fraction = take_digits(text);
        if (fraction.empty()) return std::nullopt;
    }
    std::optional<std::int64_t> const exponent = parse_exponent(text);
    if (!exponent || (whole.empty() && fraction.empty())) return std::nullopt;

    result.digits.append(whole).append(fraction);
    result.exponent = *exponent - static_cast<std::int64_t>(fraction.size());
    std::size_t const last = result.digits.find_last_not_of('0');
    if (last == std::string::npos) return Decimal();
    result.exponent += static_cast<std::int64_t>(result.digits.size() - 1 - last);
    result.digits.erase(last + 1);
    result.digits.erase(0, result.digits.find_first_not_of('0'));
    return result;
}

template <class Whole>
std::string write_digits(Whole value, int decimals, bool negative) {
    std::array<char, 48> text;  // 39 digits are the most there are
    char* at = text.data() + text.size();
    bool any = false;
    for (int place = 0; value > 0 || place <= decimals; ++place) {
        auto const digit = static_cast<char>(value % 10);
        value /= 10;
        if (digit == 0 && !any && place < decimals) continue;
        if (place == decimals && any) *--at = '.';
        *--at = static_cast<char>('0' + digit);
        any = true;
    }
    if (negative) *--at = '-';
    return std::string(at, text.data() + text.size());
}

/// A whole number written with `decimals` of its digits behind the point, without zeros at the end.
std::string write(Uint128 value, int decimals, bool negative = false) {
    // A division of 128 bits costs ten of 64.
    if (value > std::numeric_limits<std::uint64_t>::max()) return write_digits(value, decimals, negative);
    return write_digits(static_cast<std::uint64_t>(value), decimals, negative);
}

/// numerator / denominator, rounded half to even; both not negative.
Int128 divide_half_even(Int128 numerator, Int128 denominator) noexcept {
    Int128 const quotient = numerator / denominator;
    Int128 const rest = numerator % denominator;
    Int128 const other = denominator - rest;
    bool const up = rest > other || (rest == other && quotient % 2 != 0);
    return quotient + (up ? 1 : 0);
}

/// How 0.DIGITS compares with one half, where `digits` may begin with zeros: -1, 0 or 1.
int compare_with_half(std::string_view digits) noexcept {
    if (digits.empty() || digits.front() < '5') return -1;
    if (digits.front() > '5') return 1;
    return digits.find_first_not_of('0', 1) == std::string_view::npos ? 0 : 1;
}

/// What is left of a division by `divisor`: (rest + 0.fraction) / divisor, compared with one half.
int compare_rest_with_half(Int128 rest, std::string_view fraction, Int128 divisor) noexcept {
    Int128 const missing = divisor - 2 * rest;  // is 2 * 0.fraction below, at or above it?
    if (missing < 0) return 1;
    bool const some = fraction.find_first_not_of('0') != std::string_view::npos;
    if (missing == 0) return some ? 1 : 0;
    return missing == 1 ? compare_with_half(fraction) : -1;
}

/// A price by long division, so that no number of digits is too many.
struct Division {
    Division() = default;
    std::int64_t quotient = 0;
    bool exact = true;
};

std::optional<Division> divide(Decimal const& number, std::int64_t units) {
    // The number in femto-dollars, split at its point.
    std::int64_t const exponent = number.exponent + femto_decimals;
    std::int64_t const whole = static_cast<std::int64_t>(number.digits.size()) + exponent;
    constexpr std::int64_t most = 40;  // more than 2 * 19 digits divided by an int64 do not fit one
    if (whole > most) return std::nullopt;
    Int128 quotient = 0;
    Int128 rest = 0;
    for (std::int64_t i = 0; i < whole; ++i) {
        auto const at = static_cast<std::size_t>(i);
        rest = rest * 10 + (at < number.digits.size() ? number.digits[at] - '0' : 0);
        quotient = quotient * 10 + rest / units;
        rest %= units;
        if (quotient > int64_max) return std::nullopt;
    }
    std::string fraction;
    if (whole > 0) {
        if (static_cast<std::size_t>(whole) < number.digits.size()) {
            fraction = number.digits.substr(static_cast<std::size_t>(whole));
        }
    } else if (!number.digits.empty()) {
        // One zero says as much as all of them: the value is below a tenth, and not zero.
        fraction = (whole < 0 ? "0" : "") + number.digits;
    }
    Division result;
    result.exact = rest == 0 && fraction.empty();
    int const half = compare_rest_with_half(rest, fraction, units);
    if (half > 0 || (half == 0 && quotient % 2 != 0)) ++quotient;
    if (quotient > int64_max) return std::nullopt;
    result.quotient = static_cast<std::int64_t>(quotient);
    return result;
}

}  // namespace

Result<Money> Money::from_usd(std::string_view decimal) {
    std::optional<Decimal> const number = parse(decimal);
    if (!number) {
        return fail(Errc::invalid_argument, "The amount is not a decimal number; write dollars like \"1.25\".");
    }
    std::int64_t const exponent = number->exponent + nano_decimals;
    if (number->digits.empty()) return Money();
    if (exponent < 0) return fail(Errc::invalid_argument, "The amount has more than nine decimals; round it first.");
    Error const too_large = fail(Errc::invalid_argument, "The amount is outside of +-9.2 billion dollars.");
    if (exponent + static_cast<std::int64_t>(number->digits.size()) > 19) return too_large;
    Int128 value = 0;
    for (char const c : number->digits) value = value * 10 + (c - '0');
    for (std::int64_t i = 0; i < exponent; ++i) value *= 10;
    if (number->negative) value = -value;
    if (value > int64_max || value < std::numeric_limits<std::int64_t>::min()) return too_large;
    return Money::nanos(static_cast<std::int64_t>(value));
}

std::string Money::usd() const {
    bool const negative = nanos_ < 0;
    Uint128 const size = negative ? static_cast<Uint128>(-static_cast<Int128>(nanos_)) : static_cast<Uint128>(nanos_);
    return write(size, nano_decimals, negative);
}

Result<Money> Money::add(Money a, Money b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.nanos_, b.nanos_, &sum)) {
        return fail(Errc::invalid_argument, "The sum is outside of +-9.2 billion dollars.");
    }
    return Money::nanos(sum);
}

Result<Price> Price::from_usd(std::string_view decimal, std::int64_t units, bool* rounded) {
    if (units <= 0) return fail(Errc::invalid_argument, "A price must be for one unit or more.");
    std::optional<Decimal> const number = parse(decimal);
    if (!number) {
        return fail(Errc::invalid_argument, "The price is not a decimal number; write dollars like \"2.50\".");
    }
    if (number->negative) return fail(Errc::invalid_argument, "The price is below zero.");
    std::optional<Division> const price = divide(*number, units);
    if (!price) return fail(Errc::invalid_argument, "The price is above 9,223 dollars per unit.");
    if (rounded != nullptr) *rounded = !price->exact;
    return Price::femtos(price->quotient);
}

std::string Price::usd_per_million() const {
    // A femto-dollar per unit is a nano-dollar per million units.
    return Money::nanos(femtos_).usd();
}

Result<void> Bill::add(Price price, std::int64_t units) {
    if (units < 0) return fail(Errc::invalid_argument, "The number of units is below zero.");
    if (price.femtos() < 0) return fail(Errc::invalid_argument, "The price is below zero.");
    Wide sum = 0;
    if (__builtin_add_overflow(femtos_, static_cast<Wide>(price.femtos()) * units, &sum)) {
        return fail(Errc::invalid_argument, "The bill is larger than can be counted.");
    }
    femtos_ = sum;
    return ok();
}

Result<Money> Bill::total() const {
    Wide const nanos = divide_half_even(femtos_, femtos_per_nano);
    if (nanos > int64_max) return fail(Errc::invalid_argument, "The bill is above 9.2 billion dollars.");
    return Money::nanos(static_cast<std::int64_t>(nanos));
}

std::string Bill::exact_usd() const {
    return write(static_cast<Uint128>(femtos_), femto_decimals);
}

}  // namespace aikit::inline v0
