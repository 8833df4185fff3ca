// SPDX-License-Identifier: MIT
// Covers src/cost/provider_usage.cpp and src/model/usage_form: what providers said they used, and what others computed
// for it. The bodies and the expected numbers are pydantic/genai-prices' (MIT).
#include "core/json.hpp"
#include "core/os/files.hpp"

#include <aikit/cost/provider_usage.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

namespace aikit::inline v0::cost {
namespace {

/// "0.00120" as "0.0012", "0.00" as "0", "8E-8" as "0.00000008": text only, no number is ever made of it.
std::string plain(std::string_view decimal) {
    std::string text(decimal);
    std::size_t const e = text.find('E');
    std::size_t const shift = e == std::string::npos ? 0 : std::stoul(text.substr(e + 2));
    REQUIRE((e == std::string::npos || text[e + 1] == '-'));
    text.resize(std::min(e, text.size()));
    std::size_t point = std::min(text.find('.'), text.size());
    if (point < text.size()) text.erase(point, 1);
    text.insert(0, shift, '0');  // the point stays where it was, counted from the left
    text.insert(point, 1, '.');
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    std::size_t const first = std::min(text.find_first_not_of('0'), text.size());
    text.erase(0, first);
    return text.empty() || text.front() == '.' ? "0" + text : text;
}

std::map<std::string, std::int64_t> counts_of(json::value const& expected) {
    std::map<std::string, std::int64_t> counts;
    for (auto const& [name, value] : expected.at("usage").get_object()) {
        if (std::int64_t const count = value.to_number<std::int64_t>()) counts[std::string(name)] = count;
    }
    return counts;
}

std::map<std::string, std::int64_t> counts_of(PricedReply const& reply) {
    std::map<std::string, std::int64_t> counts;
    for (NamedCount const& named : reply.counts) counts[named.name] = named.count;
    return counts;
}

std::string text_of(std::map<std::string, std::int64_t> const& counts) {
    std::string text;
    for (auto const& [name, count] : counts) text += " " + name + "=" + std::to_string(count);
    return text;
}

/// Empty when it is as expected.
std::string difference(json::value const& expected, Result<PricedReply> const& reply) {
    if (!reply) return reply.error().message;
    std::string text;
    if (counts_of(expected) != counts_of(*reply)) {
        text += " usage" + text_of(counts_of(*reply)) + " instead of" + text_of(counts_of(expected));
    }
    std::string const input = plain(expected.at("input_price").get_string());
    std::string const output = plain(expected.at("output_price").get_string());
    if (reply->price.input_usd != input) text += " input " + reply->price.input_usd + " instead of " + input;
    if (reply->price.output_usd != output) text += " output " + reply->price.output_usd + " instead of " + output;
    return text;
}

/// The day of the prices.
SystemTime day_of_prices() {
    return from_rfc3339("2026-08-21T12:00:00Z").value();
}

/// What differs from the numbers of others, one by one, and why.
struct Difference {
    char const* provider;
    char const* api;
    char const* model;
    int times;
    char const* reason;
};

constexpr Difference known[] = {
    {"google", "chat", "gemini-2.5-pro-preview-05-06", 1,
     "total_tokens holds 62 tokens more than prompt and completion: thoughts, which Google bills as output"},
    {"aws", "anthropic", "openai.gpt-5.6-luna", 3, "no source of the catalog has a price of it"},
    {"cerebras", "chat", "qwen-3-coder-480b", 1, "it is known to have no price, which is an error and never zero"},
    {"zai", "chat", "glm-5.2", 1, "no source of the catalog has a price of it"},
};

bool is_ours(std::string const& provider) {
    return provider == "openai" || provider == "azure" || provider == "anthropic" || provider == "google";
}

}  // namespace

TEST_CASE("what providers said they used costs what others computed, to the last digit") {
    std::string const path = std::string(AIKIT_SHARED_DIR) + "/data/prices/usages.json";
    Result<std::string> const text = os::read_file(path, 16 << 20);
    if (!text) {
        MESSAGE("[skipped] there is no " << path);
        return;
    }
    std::shared_ptr<PriceCatalog const> const catalog = PriceCatalog::shipped();
    std::map<std::string, std::pair<int, int>> passed;  // of all, by provider and API
    std::map<std::string, int> differ;
    int ours = 0, ours_differ = 0;
    json::value const bodies = json::parse(*text, "usages", Errc::invalid_argument).value();
    for (json::value const& entry : bodies.get_array()) {
        for (json::value const& expected : entry.at("expect").get_array()) {
            UsageQuery query;
            query.provider = expected.at("provider").get_string();
            query.api = expected.at("api_flavor").get_string();
            query.model = entry.at("model").get_string();
            query.body = json::serialize(entry.at("body"));
            query.at = day_of_prices();
            Result<PricedReply> const reply = price_reply(*catalog, query);
            if (reply) CHECK(check(reply->usage).has_value());
            std::string const wrong = difference(expected, reply);
            auto& [good, all] = passed[query.provider + "/" + query.api];
            all += 1;
            good += wrong.empty() ? 1 : 0;
            ours += is_ours(query.provider) ? 1 : 0;
            if (wrong.empty()) continue;
            ours_differ += is_ours(query.provider) ? 1 : 0;
            differ[query.provider + "/" + query.api + "/" + query.model] += 1;
            MESSAGE(query.provider, "/", query.api, " ", query.model, ":", wrong);
        }
    }
    for (auto const& [name, count] : passed) MESSAGE(name, ": ", count.first, " of ", count.second);
    std::map<std::string, int> listed;
    for (Difference const& one : known) {
        listed[std::string(one.provider) + "/" + one.api + "/" + one.model] = one.times;
    }
    CHECK(differ == listed);
    CHECK(ours > 1000);
    CHECK(ours_differ * 50 <= ours);
}

TEST_CASE("Perplexity's searches cost what it says they do") {
    auto const priced = [](char const* model, char const* usage) {
        UsageQuery query;
        query.provider = "perplexity";
        query.model = model;
        query.at = day_of_prices();
        query.body = usage;
        return price_reply(*PriceCatalog::shipped(), query).value();
    };
    // As recorded from its API, where "cost" is rounded to hundredths of a cent: {"input_tokens_cost": 0.00001,
    // "output_tokens_cost": 0.0, "request_cost": 0.005, "total_cost": 0.00501}.
    PricedReply const low = priced("sonar", R"({"prompt_tokens":8,"completion_tokens":5,"total_tokens":13,
        "search_context_size":"low","cost":{"request_cost":0.005,"total_cost":0.00501}})");
    CHECK(low.price.cost.nanos() == 5'000'000 + 13 * 1'000);
    CHECK(priced("sonar-pro", R"({"prompt_tokens":1,"completion_tokens":0,"search_context_size":"high"})")
              .price.cost.nanos() == 14'000'000 + 3'000);
    CHECK(priced("sonar-pro", R"({"prompt_tokens":1,"completion_tokens":0,"search_context_size":"medium"})")
              .price.cost.nanos() == 10'000'000 + 3'000);
    CHECK(priced("sonar-pro", R"({"prompt_tokens":1,"completion_tokens":0})").price.cost.nanos() == 10'000'000 + 3'000);
    // The example of its documentation of sonar-deep-research.
    PricedReply const research = priced("sonar-deep-research", R"({"prompt_tokens":33,"completion_tokens":7163,
        "total_tokens":7196,"citation_tokens":20016,"num_search_queries":18,"reasoning_tokens":73997})");
    CHECK(research.price.cost.nanos() == 33 * 2'000 + 7'163 * 8'000 + 20'016 * 2'000 + 18 * 5'000'000 + 73'997 * 3'000);
    CHECK(research.warnings.empty());
}

TEST_CASE("an object's members tell how it counts") {
    struct Row {
        char const* provider;
        char const* usage;
        std::int64_t input, cache_read, written, output;
    };
    Row const rows[] = {
        {"openai", R"({"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}})", 6, 4, 0,
         2},
        {"openai", R"({"input_tokens":10,"output_tokens":2,"input_tokens_details":{"cached_tokens":4}})", 6, 4, 0, 2},
        {"openai", R"({"prompt_tokens":10,"total_tokens":10})", 10, 0, 0, 0},
        {"anthropic", R"({"input_tokens":10,"output_tokens":2,"cache_read_input_tokens":4})", 10, 4, 0, 2},
        {"anthropic", R"({"prompt_tokens":10,"completion_tokens":2})", 10, 0, 0, 2},
        {"google",
         R"({"promptTokenCount":10,"cachedContentTokenCount":"4","candidatesTokenCount":1,"thoughtsTokenCount":1})", 6,
         4, 0, 2},
        {"bedrock", R"({"inputTokens":10,"outputTokens":2,"cacheReadInputTokens":4,"cacheWriteInputTokens":3})", 10, 4,
         3, 2},
    };
    Result<std::shared_ptr<PriceCatalog const>> const catalog = PriceCatalog::parse(
        R"({"form":1,"version":"1","aliases":{"google":["p"],"anthropic":["p"],"openai":["p"],"bedrock":["p"]},"providers":[
        {"id":"p","models":[{"id":"m","match":{"equals":"m"},"prices":[{"input":"1","output":"2"}]}]}]})");
    REQUIRE(catalog.has_value());
    for (Row const& row : rows) {
        for (bool const whole : {false, true}) {
            CAPTURE(row.usage);
            UsageQuery query;
            query.provider = row.provider;
            query.body = row.usage;
            std::string const name = row.provider == std::string("google") ? "usageMetadata" : "usage";
            if (whole) query.body = R"({"model":"m",")" + name + R"(":)" + query.body + "}";
            if (!whole) query.model = "m";
            Result<PricedReply> const reply = price_reply(**catalog, query);
            REQUIRE(reply.has_value());
            CHECK(reply->usage.input == row.input);
            CHECK(reply->usage.cache_read == row.cache_read);
            CHECK(reply->usage.cache_write_5m == row.written);
            CHECK(reply->usage.output == row.output);
        }
    }
}

TEST_CASE("a usage object with any member gone, null or of another kind is read or refused, and always adds up") {
    char const* const usages[] = {
        R"({"prompt_tokens":100,"completion_tokens":20,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":40,"audio_tokens":30,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":10,"audio_tokens":5}})",
        R"({"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":5,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":5},"output_tokens_details":{"thinking_tokens":7},"server_tool_use":{"web_search_requests":1}})",
        R"({"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":5,"cachedContentTokenCount":50,"toolUsePromptTokenCount":7,"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":20}],"promptTokensDetails":[{"modality":"AUDIO","tokenCount":60},{"modality":"IMAGE","tokenCount":30}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":15}]})",
    };
    char const* const kinds[] = {"null", "-1", "1e300", "9223372036854775807", "\"x\"", "[]", "{}", "true", "0.5"};
    std::shared_ptr<PriceCatalog const> const catalog = PriceCatalog::shipped();
    int read = 0, refused = 0;
    auto const look = [&](std::string const& body) {
        CAPTURE(body);
        UsageQuery query;
        query.provider = "google";
        query.model = "gemini-2.5-flash";
        query.body = body;
        Result<PricedReply> const reply = price_reply(*catalog, query);
        reply ? ++read : ++refused;
        if (reply) CHECK(check(reply->usage).has_value());
        if (!reply) CHECK(reply.error().code == Errc::invalid_argument);
    };
    for (std::string const usage : usages) {
        for (std::size_t at = usage.find(':'); at != std::string::npos; at = usage.find(':', at + 1)) {
            // The value: up to where its brackets close.
            int depth = 0;
            std::size_t end = at + 1;
            for (; end < usage.size(); ++end) {
                if (usage[end] == '{' || usage[end] == '[') ++depth;
                if ((usage[end] == '}' || usage[end] == ']') && depth-- == 0) break;
                if (usage[end] == ',' && depth == 0) break;
            }
            for (char const* kind : kinds) look(usage.substr(0, at + 1) + kind + usage.substr(end));
            std::size_t const name = usage.rfind('"', usage.rfind('"', at) - 1);
            look(usage.substr(0, name) + "\"gone\":0" + usage.substr(end));
        }
    }
    MESSAGE(read, " read, ", refused, " refused");
    CHECK(read > 200);
}

}  // namespace aikit::inline v0::cost
