// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/catalog.hpp: finding entries, and prices against 789 real usages.
#include "core/json.hpp"

#include <aikit/cost/catalog.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace aikit::cost {
namespace {

SystemTime at(char const* time) {
    return from_rfc3339(time).value();
}

PriceQuery query(char const* provider, std::string model, char const* time = "2026-08-21T12:00:00Z",
                 char const* tier = "") {
    PriceQuery made;
    made.provider = provider;
    made.model = std::move(model);
    made.at = at(time);
    made.service_tier = tier;
    return made;
}

std::int64_t count(json::value const& usage, char const* key) {
    return json::integer(usage, key).value_or(0);
}

/// genai-prices counts cached tokens, and those of each kind of media, inside their whole.
Usage usage_of(json::value const& told) {
    Usage usage;
    usage.cache_read = count(told, "cache_read_tokens");
    usage.cache_write_5m = count(told, "cache_write_tokens");
    usage.input = count(told, "input_tokens") - usage.cache_read - usage.cache_write_5m;
    usage.audio_cache_read = count(told, "cache_audio_read_tokens");
    usage.audio_input = count(told, "input_audio_tokens") - usage.audio_cache_read;
    usage.image_input = count(told, "input_image_tokens") - count(told, "cache_image_read_tokens");
    usage.output = count(told, "output_tokens");
    usage.reasoning = count(told, "output_reasoning_tokens");
    usage.audio_output = count(told, "output_audio_tokens");
    usage.image_output = count(told, "output_image_tokens");
    return usage;
}

/// "9E-7" and "0.0000390" as we write them: "0.0000009", "0.000039".
std::string plain(std::string_view decimal) {
    std::string digits;
    long point = 0;  // how many digits stand after it
    std::size_t const mark = decimal.find_first_of("eE");
    bool fraction = false;
    for (char const c : decimal.substr(0, mark)) {
        if (c == '.')
            fraction = true;
        else
            digits += c;
        if (c != '.' && fraction) ++point;
    }
    if (mark != std::string_view::npos) point -= std::stol(std::string(decimal.substr(mark + 1)));
    for (; point < 0; ++point) digits += '0';
    while (static_cast<long>(digits.size()) <= point) digits.insert(0, 1, '0');
    std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(point));
    std::string rest = digits.substr(whole.size());
    while (!rest.empty() && rest.back() == '0') rest.pop_back();
    while (whole.size() > 1 && whole.front() == '0') whole.erase(0, 1);
    return rest.empty() ? whole : whole + "." + rest;
}

}  // namespace

TEST_CASE("789 real usages cost what genai-prices says, to the last digit") {
    std::ifstream file(AIKIT_SHARED_DIR "/data/prices/usages.json");
    if (!file) {
        MESSAGE("[skipped] ../shared/data is not there");
        return;
    }
    std::ostringstream text;
    text << file.rdbuf();
    json::value const records = json::parse(text.str(), "usages").value();
    // What the price facts of that day do not have; everything else must come out exactly.
    std::map<std::string, int> unknown = {
        {"aws/openai.gpt-5.6-luna", 3}, {"cerebras/qwen-3-coder-480b", 1}, {"zai/glm-5.2", 1}};
    std::shared_ptr<PriceCatalog const> const catalog = PriceCatalog::shipped();
    int exact = 0;
    for (json::value const& record : records.as_array()) {
        std::string const model(json::text(record, "model").value_or(""));
        for (json::value const& expect : *json::member_array(record, "expect")) {
            std::string const provider(json::text(expect, "provider").value());
            CAPTURE(provider);
            CAPTURE(model);
            Result<PriceEntry> const entry = catalog->find(query(provider.c_str(), model));
            if (!entry) {
                CHECK(entry.error().code == Errc::unknown_price);
                CHECK(--unknown[provider + "/" + model] >= 0);
                continue;
            }
            Result<PricedUsage> const priced = price(*entry, usage_of(*json::find(expect, "usage")));
            REQUIRE(priced.has_value());
            CHECK(priced->input_usd == plain(json::text(expect, "input_price").value()));
            CHECK(priced->output_usd == plain(json::text(expect, "output_price").value()));
            ++exact;
        }
    }
    MESSAGE(exact << " prices are exact");
    CHECK(records.as_array().size() == 789);
    CHECK(exact == 1726);
    for (auto const& [name, left] : unknown) CHECK_MESSAGE(left == 0, name);
}

}  // namespace aikit::cost
