// SPDX-License-Identifier: MIT
// Covers src/cost/price_list.cpp, litellm.cpp, genai_prices.cpp and changes.cpp: catalogs out of price lists of others.
#include "core/json.hpp"
#include "core/os/files.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/import.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace aikit::inline v0::cost {
namespace {

std::shared_ptr<PriceCatalog const> catalog_of(ImportedCatalog const& made) {
    return PriceCatalog::parse(made.json).value();
}

PriceQuery query(std::string provider, std::string model, char const* at = "2026-08-21T12:00:00Z",
                 std::string tier = "") {
    PriceQuery asked;
    asked.provider = std::move(provider);
    asked.model = std::move(model);
    asked.at = from_rfc3339(at).value();
    asked.service_tier = std::move(tier);
    return asked;
}

std::string shared(char const* name) {
    Result<std::string> const text =
        os::read_file(std::string(AIKIT_SHARED_DIR) + "/data/prices/" + name, std::int64_t{64} << 20);
    if (!text) MESSAGE("[skipped] there is no " << name);
    return text ? *text : std::string();
}

constexpr char const* litellm = R"({
 "sample_spec": {"litellm_provider": "one of ...", "input_cost_per_token": 0.0},
 "m-1": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 0.00001,
  "cache_read_input_token_cost": 1.25e-6, "input_cost_per_token_batches": 1.25e-06, "output_cost_per_token_batches": 5e-06,
  "input_cost_per_token_above_200k_tokens": 5e-06, "max_input_tokens": 128000, "max_output_tokens": 16384,
  "supports_reasoning": true, "search_context_cost_per_query": {"search_context_size_low": 0.03}},
 "gemini/m-2": {"litellm_provider": "gemini", "input_cost_per_token": 1e-16, "output_cost_per_token": 3e-7},
 "nothing": {"litellm_provider": "openai", "input_cost_per_token": 0, "cache_creation_input_audio_token_cost": 1},
 "odd": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "cache_creation_input_audio_token_cost": 1},
 "picture": {"litellm_provider": "openai", "output_cost_per_image": 0.04}})";

constexpr char const* genai = R"([{"id": "p", "models": [
 {"id": "a", "match": {"or": [{"equals": "A"}, {"starts_with": "A-"}]}, "context_window": 1000,
  "prices": [{"prices": {"input_mtok": 10, "output_mtok": 40}},
             {"constraint": {"start_date": "2026-06-10"},
              "prices": {"input_mtok": {"base": 2, "tiers": [{"start": 200000, "price": 4}]}, "output_mtok": 8.05,
                         "requests_kcount": 5, "input_video_mtok": 3}}]},
 {"id": "b", "match": {"equals": "b"}, "prices": {}}]}])";

}  // namespace

TEST_CASE("a list of LiteLLM's becomes a catalog, with the tiers, steps and limits it has") {
    Result<ImportedCatalog> const made = import_prices(litellm);
    REQUIRE(made.has_value());
    auto const catalog = catalog_of(*made);
    PriceEntry const entry = catalog->find(query("openai", "m-1")).value();
    CHECK(entry.base.input->femtos() == 2'500'000'000);
    CHECK(entry.base.output->femtos() == 10'000'000'000);
    CHECK(entry.base.cache_read->femtos() == 1'250'000'000);
    REQUIRE(entry.steps.size() == 1);
    CHECK(entry.steps[0].above_input == 200'000);
    CHECK(entry.steps[0].prices.input->femtos() == 5'000'000'000);
    CHECK(entry.max_output == 16384);
    CHECK(entry.context_window == 128000);
    CHECK(entry.reasoning);
    PriceEntry const batch = catalog->find(query("openai", "m-1", "2026-08-21T12:00:00Z", "batch")).value();
    CHECK(batch.base.input->femtos() == 1'250'000'000);
    CHECK(batch.base.output->femtos() == 5'000'000'000);
    CHECK(catalog->find(query("gemini", "m-2")).value().base.output->femtos() == 300'000'000);
}

TEST_CASE("an import lists what it rounded and what it left out") {
    Result<ImportedCatalog> const made = import_prices(litellm);
    REQUIRE(made.has_value());
    REQUIRE(made->rounded.size() == 1);
    CHECK(made->rounded[0].find("google/m-2") != std::string::npos);
    auto const told = [&](char const* what) {
        return std::any_of(made->left_out.begin(), made->left_out.end(),
                           [&](std::string const& line) { return line.find(what) != std::string::npos; });
    };
    CHECK(told("cache_creation_input_audio_token_cost"));
    CHECK(told("openai/nothing"));
}

TEST_CASE("a list of genai-prices' becomes a catalog, with its days, tiers and rules") {
    Result<ImportedCatalog> const made = import_prices(genai);
    REQUIRE(made.has_value());
    auto const catalog = catalog_of(*made);
    CHECK(catalog->find(query("p", "a", "2026-06-09T23:59:59Z")).value().base.input->usd_per_million() == "10");
    PriceEntry const later = catalog->find(query("p", "A-7", "2026-06-10T00:00:00Z")).value();
    CHECK(later.base.input->usd_per_million() == "2");
    CHECK(later.base.output->usd_per_million() == "8.05");
    CHECK(later.steps.at(0).prices.input->usd_per_million() == "4");
    CHECK(later.per_request->femtos() == 5'000'000'000'000);
    CHECK(catalog->find(query("p", "b")).error().code == Errc::unknown_price);
    CHECK(made->left_out.size() == 2);
}

TEST_CASE("what is no price list is refused") {
    for (char const* text : {"", "{", "3", "{}", "[3]", R"({"a": {"b": 1}})", R"([{"id": "p"}])",
                             R"([{"id":"p","models":[{"id":"a","match":{"equals":"a"},"prices":{"input_mtok":-1}}]}])",
                             R"([{"id":"p","models":[{"id":"a","match":{"near":3},"prices":{"input_mtok":1}}]}])",
                             R"({"a": {"litellm_provider": "openai", "input_cost_per_token": "free"}})"}) {
        CAPTURE(text);
        Result<ImportedCatalog> const made = import_prices(text);
        REQUIRE(!made.has_value());
        CHECK(made.error().code == Errc::invalid_argument);
    }
}

TEST_CASE("a list whose members are gone, null or of another kind is read or refused, and never crashes") {
    json::value const whole =
        json::parse(R"({"azure/eu/m": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1,
      "output_cost_per_token": 2, "output_cost_per_reasoning_token": 3, "input_cost_per_token_above_200k_tokens": 4,
      "input_cost_per_token_batches": 1, "input_cost_per_token_cache_hit": 1, "input_cost_per_request": 1,
      "input_cost_per_second": 1, "output_cost_per_second": 1, "input_cost_per_image": 1, "ocr_cost_per_page": 1,
      "search_context_cost_per_query": {"search_context_size_low": 1, "search_context_size_medium": 2},
      "tiered_pricing": [{"range": [0, 5.0], "input_cost_per_token": 1}, {"max_results_range": [1, 5], "input_cost_per_query": 1}],
      "provider_specific_entry": {"us": 1.1, "fast": 6.0}, "regional_processing_uplift_multiplier_eu": 1.1,
      "deprecation_date": "2026-01-01", "supported_regions": ["us"], "supports_vision": true, "rpm": 5,
      "max_input_tokens": 5, "web_search_billing_unit": "per_query"}})",
                    "list")
            .value();
    int read = 0, refused = 0;
    auto const look = [&](json::value const& list) {
        std::string const text = json::serialize(list);
        CAPTURE(text);
        Result<ImportedCatalog> const made = import_prices(text);
        made ? ++read : ++refused;
        if (!made) CHECK(made.error().code == Errc::invalid_argument);
        if (made) CHECK(PriceCatalog::parse(made->json).has_value());
    };
    // Each member of each object and list, however deep, in the place of which something odd stands.
    std::function<void(json::value&, json::value const&)> const spoil = [&](json::value& place,
                                                                            json::value const& root) {
        json::value const kept = place;
        for (char const* odd : {"null", "-1", "1e300", "0.1", "\"x\"", "[]", "{}", "true", "[null]", "[[3]]"}) {
            place = json::parse(odd, "odd").value();
            look(root);
        }
        place = kept;
        if (json::object* object = place.if_object()) {
            for (auto& member : *object) spoil(member.value(), root);
        } else if (json::array* list = place.if_array()) {
            for (json::value& one : *list) spoil(one, root);
        }
    };
    json::value spoiled = whole;
    look(spoiled);
    CHECK(read == 1);
    spoil(spoiled.get_object()["azure/eu/m"], spoiled);
    MESSAGE(read, " read, ", refused, " refused");
    CHECK(read > 100);
    CHECK(refused > 50);
}

TEST_CASE("aikit's own form comes back as it is") {
    CHECK(import_prices(shipped_prices()).value().json == shipped_prices());
}

TEST_CASE("the whole lists of others are read") {
    std::string const theirs = shared("genai-prices.json"), flat = shared("litellm.json");
    if (theirs.empty() || flat.empty()) return;
    auto const rules = catalog_of(import_prices(theirs).value());
    CHECK(rules->find(query("anthropic", "claude-sonnet-4-5")).value().base.input->usd_per_million() == "3");
    CHECK(rules->find(query("openai", "o3", "2025-06-09T00:00:00Z")).value().base.input->usd_per_million() == "10");
    Result<ImportedCatalog> const made = import_prices(flat);
    REQUIRE(made.has_value());
    auto const models = catalog_of(*made);
    CHECK(models->find(query("openai", "gpt-4o")).value().base.input->usd_per_million() == "2.5");
    CHECK(models->find(query("anthropic", "claude-sonnet-4-5")).value().base.output->usd_per_million() == "15");
    MESSAGE(made->rounded.size(), " rounded, ", made->left_out.size(), " left out");
}

TEST_CASE("changes of pieces, places, fast modes and ends of service are told") {
    std::string const before = R"({"form": 1, "providers": [{"id": "p", "models": [{"id": "m", "match": {"equals": "m"},
        "prices": [{"reasoning": "1", "pieces": {"input_audio_seconds": "0.0001", "queries": [{"above": 5, "price": "2"}]}}],
        "tiers": {"fast": {"multiplier": "2"}}, "regions": {"eu": {"multiplier": "1.1"},
        "us": {"prices": [{"until": "2027-01-01", "input": "3"}]}}, "retires": "2027-01-01"}]}]})";
    struct Row {
        char const* from;
        char const* to;
        char const* what;
        char const* was;
        char const* is;
    };
    for (Row const& row :
         {Row{R"("0.0001")", R"("0.0002")", "million input_audio_seconds", "100", "200"},
          Row{R"("price": "2")", R"("price": "2.5")", "million queries above 5", "2000000", "2500000"},
          Row{R"("reasoning": "1")", R"("reasoning": "4")", "reasoning", "1", "4"},
          Row{R"({"multiplier": "2"})", R"({"multiplier": "6"})", "fast multiplier", "2", "6"},
          Row{R"({"multiplier": "1.1"})", R"({"multiplier": "1.25"})", "in eu multiplier", "1.1", "1.25"},
          Row{R"("input": "3")", R"("input": "7")", "in us until-2027-01-01 input", "3", "7"},
          Row{R"("retires": "2027-01-01")", R"("retires": "2028-01-01")", "retires", "2027-01-01", "2028-01-01"}}) {
        CAPTURE(row.what);
        std::string after = before;
        after.replace(after.find(row.from), std::string(row.from).size(), row.to);
        std::vector<PriceChange> const changes = track_provider_pricing_changes(before, after).value();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].what == row.what);
        CHECK(changes[0].before == row.was);
        CHECK(changes[0].after == row.is);
    }
}

TEST_CASE("what changed between two catalogs is told price by price") {
    std::string after = genai;
    after.replace(after.find("8.05"), 4, "9");
    std::string const old_model = R"("id": "b", "match": {"equals": "b"})";
    after.replace(after.find(old_model), old_model.size(), R"("id": "c", "match": {"equals": "c"})");
    Result<std::vector<PriceChange>> const changes = track_provider_pricing_changes(genai, after);
    REQUIRE(changes.has_value());
    auto const find = [&](std::string const& model, std::string const& what) -> PriceChange const* {
        for (PriceChange const& change : *changes) {
            if (change.model == model && change.what == what) return &change;
        }
        return nullptr;
    };
    PriceChange const* output = find("a", "from 2026-06-10 output");
    REQUIRE(output != nullptr);
    CHECK(output->before == "8.05");
    CHECK(output->after == "9");
    REQUIRE(find("b", "model") != nullptr);
    CHECK(find("b", "model")->after.empty());
    REQUIRE(find("c", "model") != nullptr);
    CHECK(find("c", "model")->before.empty());
    CHECK(track_provider_pricing_changes(genai, genai).value().empty());
    CHECK(track_provider_pricing_changes(genai, "{}").error().message.find("after") != std::string::npos);
}

}  // namespace aikit::inline v0::cost
