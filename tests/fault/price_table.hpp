// SPDX-License-Identifier: MIT
// fault/price_table.hpp - the mock's own price list and its own arithmetic; shares no code with aikit.
#ifndef AIKIT_TESTS_FAULT_PRICE_TABLE_HPP
#define AIKIT_TESTS_FAULT_PRICE_TABLE_HPP

#include <boost/json.hpp>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace lab {

/// Femto-dollars for a token of each kind.
struct TokenPrice {
    std::int64_t input = 0;
    std::int64_t cached = 0;
    std::int64_t written = 0;
    std::int64_t output = 0;
};

using PriceTable = std::map<std::string, TokenPrice, std::less<>>;

/// Tokens as they are billed, each counted once.
struct Billed {
    std::int64_t input = 0;
    std::int64_t cached = 0;
    std::int64_t written = 0;
    std::int64_t output = 0;
};

/// The sum in nano-dollars, rounded once, half to even.
inline std::int64_t nanos_of(TokenPrice const& price, Billed const& used) {
    constexpr std::int64_t femtos_per_nano = 1'000'000;
    std::int64_t const femtos = price.input * used.input + price.cached * used.cached + price.written * used.written +
                                price.output * used.output;
    std::int64_t const whole = femtos / femtos_per_nano;
    std::int64_t const rest = femtos % femtos_per_nano;
    bool const up = rest * 2 > femtos_per_nano || (rest * 2 == femtos_per_nano && whole % 2 != 0);
    return whole + (up ? 1 : 0);
}

/// Reads {"model": {"input": 150000000, "cached": ..., "written": ..., "output": ...}}. Throws.
inline PriceTable read_prices(std::string const& path) {
    std::ifstream in(path);
    std::string const text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    PriceTable table;
    boost::json::value const list = boost::json::parse(text);
    for (auto const& [model, prices] : list.as_object()) {
        auto const femtos = [&](char const* kind) { return prices.at(kind).to_number<std::int64_t>(); };
        table[std::string(model)] = {femtos("input"), femtos("cached"), femtos("written"), femtos("output")};
    }
    return table;
}

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_PRICE_TABLE_HPP
