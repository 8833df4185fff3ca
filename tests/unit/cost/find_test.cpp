// SPDX-License-Identifier: MIT
// Covers finding entries in include/aikit/cost/catalog.hpp: names, dates, windows, tiers, layers, and bad files.
#include <aikit/cost/catalog.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace aikit::cost {
namespace {

PriceQuery query(std::string provider, std::string model, std::string const& time = "2026-08-21T12:00:00Z",
                 char const* tier = "") {
    PriceQuery made;
    made.provider = std::move(provider);
    made.model = std::move(model);
    made.at = from_rfc3339(time).value();
    made.service_tier = tier;
    return made;
}

/// The id of what is found, or the error's name.
std::string found(PriceCatalog const& catalog, PriceQuery const& asked) {
    Result<PriceEntry> const entry = catalog.find(asked);
    return entry ? entry->id : name(entry.error().code);
}

std::string input_price(PriceCatalog const& catalog, PriceQuery const& asked) {
    Result<PriceEntry> const entry = catalog.find(asked);
    return entry && entry->base.input ? entry->base.input->usd_per_million() : "none";
}

std::shared_ptr<PriceCatalog const> parsed(std::string const& models, std::string const& more = "") {
    return PriceCatalog::parse(R"({"form":1,"version":"t","providers":[{"id":"p","models":[)" + models + "]}" + more +
                               "]}")
        .value();
}

/// The sentence with which a catalog is refused.
std::string refusal(std::string const& json) {
    Result<std::shared_ptr<PriceCatalog const>> const catalog = PriceCatalog::parse(json);
    if (catalog) return "accepted";
    CHECK(catalog.error().code == Errc::invalid_argument);
    return catalog.error().message;
}

std::string refused_model(std::string const& model) {
    return refusal(R"({"form":1,"version":"t","providers":[{"id":"p","models":[)" + model + "]}]}");
}

}  // namespace

TEST_CASE("names of providers and models are found however they are written") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    char const* const rows[][3] = {
        {"openai", "gpt-4o", "openai/gpt-4o#default"},
        {"OpenAI", "GPT-4o", "openai/gpt-4o#default"},
        {"openai", "gpt-4o-2024-08-06", "openai/gpt-4o#default"},
        {"azure", "gpt-4o", "openai/gpt-4o#default"},  // by the provider whose models it offers
        {"gemini", "gemini-2.5-pro", "google/gemini-2.5-pro#default"},
        {"google", "models/gemini-2.5-pro", "google/gemini-2.5-pro#default"},
        {"vertex", "publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro#default"},
        {"vertex", "claude-3-5-haiku", "google/claude-3-5-haiku#default"},
        {"anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5#default"},
        {"openai", "text-embedding-3-small", "openai/text-embedding-3-small#default"},
        {"openai", "omni-moderation-latest", "openai/moderation#free"},
        {"ollama", "whatever:7b", "ollama/*#free"},
        {"builtin", "extractive", "builtin/*#free"},
        {"scripted", "", "scripted/*#free"},
        {"openai", "gpt-4o-of-my-own", "unknown_price"},
        {"nobody", "gpt-4o", "unknown_price"},
        {"openai", "", "unknown_price"},
        {"", "gpt-4o", "unknown_price"},
        {"cerebras", "qwen-3-coder-480b", "unknown_price"},  // known, and known to have no price
    };
    for (auto const& row : rows) {
        CAPTURE(row[0]);
        CAPTURE(row[1]);
        CHECK(found(shipped, query(row[0], row[1])) == row[2]);
    }
    CHECK(found(shipped, query("openai", std::string(100'000, 'a'))) == "unknown_price");
}

TEST_CASE("an unknown price names provider and model, and no more") {
    Result<PriceEntry> const entry = PriceCatalog::shipped()->find(query("openai", "gpt-99"));
    REQUIRE_FALSE(entry.has_value());
    CHECK(entry.error().message.find("gpt-99") != std::string::npos);
    CHECK(entry.error().message.find("openai") != std::string::npos);
}

TEST_CASE("a region has its own price at the provider it is of, and what another lends has none") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    auto const of = [&](char const* provider, char const* model, char const* region) {
        PriceQuery asked = query(provider, model);
        asked.region = region;
        PriceEntry const entry = shipped.find(asked).value();
        return entry.base.input->usd_per_million() + " " + entry.id;
    };
    // LiteLLM: azure/eu/gpt-4o-2024-08-06 and azure/us/... 2.75e-06; azure/global/... 2.5e-06.
    CHECK(of("azure", "gpt-4o-2024-08-06", "eu") == "2.75 litellm:azure/gpt-4o-2024-08-06#default+eu");
    CHECK(of("azure-openai", "gpt-4o-2024-08-06", "us") == "2.75 litellm:azure/gpt-4o-2024-08-06#default+us");
    CHECK(of("azure", "gpt-4o-2024-08-06", "mars") == of("azure", "gpt-4o-2024-08-06", ""));
    // OpenAI asks a tenth more for gpt-5.4 in either place, which Azure does not.
    CHECK(of("openai", "gpt-5.4", "eu") == "2.75 openai/gpt-5.4#default+eu");
    CHECK(of("azure", "gpt-5.4", "mars").starts_with("2.5 "));
    CHECK(of("openai", "gpt-4o", "eu") == "2.5 openai/gpt-4o#default");
}

TEST_CASE("every model of the shipped catalog is found by its own name, and prices are sane") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    CHECK(shipped.version() == "2026-08-21");
    int priced = 0, unpriced = 0;
    for (char const* provider :
         {"openai", "azure", "anthropic", "google", "groq", "deepseek", "mistral", "x-ai", "openrouter", "together",
          "fireworks", "cerebras", "cohere", "perplexity", "huggingface", "aws"}) {
        std::vector<std::string> const models = shipped.models(provider);
        CHECK_MESSAGE(models.size() > 5, provider);
        for (std::string const& model : models) {
            Result<PriceEntry> const entry = shipped.find(query(provider, model));
            if (!entry) {
                ++unpriced;
                continue;
            }
            ++priced;
            bool const sane =
                entry->free || !entry->pieces.empty() || (entry->base.input && entry->base.input->femtos() >= 0);
            if (!sane) FAIL_CHECK(provider << " " << model);
            std::int64_t above = 0;
            for (PriceStep const& step : entry->steps) {
                bool const ascends = step.above_input > above && step.prices.input >= entry->base.input;
                if (!ascends) FAIL_CHECK(provider << " " << model);
                above = step.above_input;
            }
        }
    }
    CHECK(priced > 1'500);
    CHECK(unpriced < 30);
}

TEST_CASE("a price holds from its first day on, to the microsecond") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    CHECK(found(shipped, query("openai", "o3", "2025-06-09T23:59:59.999999Z")) == "openai/o3#default");
    CHECK(input_price(shipped, query("openai", "o3", "2025-06-09T23:59:59.999999Z")) == "10");
    CHECK(found(shipped, query("openai", "o3", "2025-06-10T00:00:00Z")) == "openai/o3@2025-06-10#default");
    CHECK(input_price(shipped, query("openai", "o3", "2025-06-10T00:00:00Z")) == "2");
    CHECK(input_price(shipped, query("openai", "o3", "1969-12-31T00:00:00Z")) == "10");
}

TEST_CASE("a window of the day holds for each minute in it, whatever the day") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    SystemTime const midnights[] = {from_rfc3339("2026-02-28T00:00:00Z").value(),
                                    from_rfc3339("1969-12-31T00:00:00Z").value()};
    for (SystemTime const midnight : midnights) {
        for (int minute = 0; minute < 24 * 60; ++minute) {
            PriceQuery asked = query("deepseek", "deepseek-chat");
            asked.at = midnight + std::chrono::minutes(minute);
            bool const peak = minute >= 30 && minute < 16 * 60 + 30;
            if (input_price(shipped, asked) != (peak ? "0.27" : "0.135")) FAIL_CHECK("minute " << minute);
        }
    }
}

TEST_CASE("a window over midnight is one window") {
    auto const catalog =
        parsed(R"({"id":"m","match":{"equals":"m"},"prices":[{"input":"1"},{"daily":["22:00","02:00"],"input":"2"}]})");
    for (int hour = 0; hour < 24; ++hour) {
        CAPTURE(hour);
        PriceQuery asked = query("p", "m", "2026-01-01T00:00:00Z");
        asked.at += std::chrono::hours(hour);
        CHECK(input_price(*catalog, asked) == (hour >= 22 || hour < 2 ? "2" : "1"));
    }
}

TEST_CASE("the last set that holds is taken, and the first when none does") {
    auto const catalog = parsed(
        R"({"id":"m","match":{"equals":"m"},"prices":[{"from":"2025-01-01","input":"1"},{"from":"2026-01-01","input":"2"},{"from":"2027-01-01","input":"3"}]})");
    CHECK(input_price(*catalog, query("p", "m", "2024-01-01T00:00:00Z")) == "1");
    CHECK(input_price(*catalog, query("p", "m", "2025-06-01T00:00:00Z")) == "1");
    CHECK(input_price(*catalog, query("p", "m", "2026-06-01T00:00:00Z")) == "2");
    CHECK(input_price(*catalog, query("p", "m", "2029-01-01T00:00:00Z")) == "3");
}

TEST_CASE("service tiers have their own prices, and priority is never priced as the default") {
    PriceCatalog const& shipped = *PriceCatalog::shipped();
    auto const tier = [&](char const* model, char const* word) {
        return found(shipped, query("openai", model, "2026-08-21T12:00:00Z", word));
    };
    CHECK(tier("gpt-4o", "batch") == "openai/gpt-4o#batch");
    CHECK(tier("gpt-4o", "priority") == "openai/gpt-4o#priority");
    CHECK(tier("gpt-5", "flex") == "openai/gpt-5#flex");
    for (char const* word : {"", "default", "auto", "standard", "on_demand", "scale"}) {
        CHECK(tier("gpt-4o", word) == "openai/gpt-4o#default");
    }
    CHECK(input_price(shipped, query("openai", "gpt-4o", "2026-08-21T12:00:00Z", "batch")) == "1.25");
    CHECK(input_price(shipped, query("openai", "gpt-4o", "2026-08-21T12:00:00Z", "priority")) == "4.25");

    auto const catalog = parsed(R"({"id":"m","match":{"equals":"m"},"prices":[{"input":"1"}]})");
    CHECK(found(*catalog, query("p", "m", "2026-01-01T00:00:00Z", "flex")) == "p/m#default");
    CHECK(found(*catalog, query("p", "m", "2026-01-01T00:00:00Z", "batch")) == "p/m#default");
    CHECK(found(*catalog, query("p", "m", "2026-01-01T00:00:00Z", "priority")) == "unknown_price");
}

TEST_CASE("who else offers OpenAI's models bills what goes into a cache as input") {
    std::shared_ptr<PriceCatalog const> const shipped = PriceCatalog::shipped();
    for (char const* model : {"gpt-5.6-luna", "gpt-5.6-sol", "gpt-5.6-terra"}) {
        CAPTURE(model);
        CHECK(shipped->find(query("openai", model))->base.cache_write_5m.has_value());
        PriceEntry const azure = shipped->find(query("azure", model)).value();
        CHECK_FALSE(azure.base.cache_write_5m.has_value());
        Usage written, read;
        written.cache_write_5m = read.input = 1'000'000;
        CHECK(cost_of(azure, written).value() == cost_of(azure, read).value());
    }
    CHECK(shipped->find(query("azure", "claude-sonnet-4-5"))->base.cache_write_5m.has_value());
}

TEST_CASE("what a model is known not to take stands in its entry, and nothing else does") {
    std::shared_ptr<PriceCatalog const> const catalog =
        parsed(R"({"id":"a","match":{"equals":"a"},"free":true,"lacks":["image","tools"]},
                  {"id":"b","match":{"equals":"b"},"free":true})");
    CHECK(catalog->find(query("p", "a"))->lacks == std::vector<std::string>{"image", "tools"});
    CHECK(catalog->find(query("p", "b"))->lacks.empty());
    for (char const* wrong : {"\"image\"", "[]", "[1]", "{}"}) {
        std::string const model = R"({"id":"a","match":{"equals":"a"},"lacks":)" + std::string(wrong) + "}";
        CHECK(refused_model(model).find("models[0].lacks") != std::string::npos);
    }
    std::shared_ptr<PriceCatalog const> const shipped = PriceCatalog::shipped();
    CHECK(shipped->find(query("openai", "gpt-3.5-turbo"))->lacks.size() == 3);
    CHECK(shipped->find(query("openai", "gpt-4o"))->lacks.empty());
}

TEST_CASE("the first rule that matches has the model, whatever its kind") {
    auto const catalog = parsed(R"(
        {"id":"first","match":{"starts_with":"ab"},"prices":[{"input":"1"}]},
        {"id":"named","match":{"equals":["abc","xyz"]},"prices":[{"input":"2"}]},
        {"id":"ends","match":{"ends_with":"z"},"prices":[{"input":"3"}]},
        {"id":"both","match":{"and":[{"contains":"q"},{"contains":"r"}]},"prices":[{"input":"4"}]},
        {"id":"either","match":{"or":[{"equals":"one"},{"regex":"^n-\\d{2}$"}]},"prices":[{"input":"5"}]})");
    char const* const rows[][2] = {{"abc", "first"}, {"ab", "first"}, {"xyz", "named"},  {"z", "ends"},
                                   {"qr", "both"},   {"r-q", "both"}, {"one", "either"}, {"n-42", "either"}};
    for (auto const& row : rows) CHECK(found(*catalog, query("p", row[0])) == std::string("p/") + row[1] + "#default");
    for (char const* name : {"a", "q", "n-4", "n-422", "oneone", "-"})
        CHECK(found(*catalog, query("p", name)) == "unknown_price");
}

TEST_CASE("a compact date is tried a second time with dashes") {
    auto const catalog = parsed(R"({"id":"m","match":{"equals":"m-2025-12-11"},"prices":[{"input":"1"}]})");
    CHECK(found(*catalog, query("p", "m-20251211")) == "p/m#default");
    CHECK(found(*catalog, query("p", "m-2025-12-11")) == "p/m#default");
    for (char const* name : {"m-20251311", "m-20251200", "m-202512111", "m-19251211"}) {
        CHECK(found(*catalog, query("p", name)) == "unknown_price");
    }
}

TEST_CASE("a router of many is priced by the route, or by the dearest of all") {
    auto const catalog =
        PriceCatalog::parse(R"({"form":1,"version":"t","aliases":{"hub":["hub_a","hub_b"]},"providers":[
        {"id":"hub_a","models":[{"id":"m","match":{"equals":"o/m"},"prices":[{"input":"1","output":"9","cache_read":"0.5"}]}]},
        {"id":"hub_b","models":[{"id":"m","match":{"equals":"o/m"},"prices":[{"input":"2","output":"3"}]}]}]})")
            .value();
    CHECK(found(*catalog, query("hub", "o/m:a")) == "hub_a/m#default");
    CHECK(found(*catalog, query("hub", "o/m:b")) == "hub_b/m#default");
    for (char const* model : {"o/m", "o/m:fastest", "o/m:cheapest"}) {
        Result<PriceEntry> const entry = catalog->find(query("hub", model));
        REQUIRE(entry.has_value());
        CHECK(entry->id == "hub/m#dearest");
        CHECK(entry->base.input->usd_per_million() == "2");
        CHECK(entry->base.output->usd_per_million() == "9");
        CHECK(entry->base.cache_read->usd_per_million() == "2");  // the other route charges it as input
    }
    CHECK(found(*catalog, query("hub", "o/other")) == "unknown_price");
}

TEST_CASE("a file of one's own stands before the shipped catalog") {
    std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
    std::string const path = AIKIT_TEST_SCRATCH "/own.json";
    std::ofstream(path) << R"({"form":1,"version":"mine","providers":[
        {"id":"openai","models":[{"id":"mine","match":{"equals":"gpt-4o"},"prices":[{"input":"7"}]}]},
        {"id":"new","models":[{"id":"n","match":{"contains":"n"},"free":true}]}]})";
    auto const catalog = PriceCatalog::load(path, PriceCatalog::shipped()).value();

    CHECK(catalog->version() == "mine");
    CHECK(found(*catalog, query("openai", "gpt-4o")) == "openai/mine#default");
    CHECK(found(*catalog, query("openai", "gpt-4o-mini")) == "openai/gpt-4o-mini#default");
    CHECK(found(*catalog, query("new", "nano")) == "new/n#free");
    CHECK(found(*catalog, query("gemini", "gemini-2.5-pro")) == "google/gemini-2.5-pro#default");
    std::vector<std::string> const models = catalog->models("openai");
    CHECK(models.front() == "mine");
    CHECK(std::find(models.begin(), models.end(), "gpt-4o-mini") != models.end());
    CHECK(found(*PriceCatalog::load(path, nullptr).value(), query("openai", "gpt-4o-mini")) == "unknown_price");

    CHECK(PriceCatalog::load(path + ".no", nullptr).error().code == Errc::not_found);
    std::ofstream(path) << "{";
    Result<std::shared_ptr<PriceCatalog const>> const broken = PriceCatalog::load(path, nullptr);
    CHECK(broken.error().code == Errc::invalid_argument);
    CHECK(broken.error().message.find("own.json") != std::string::npos);
    std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
}

TEST_CASE("a bad catalog is refused with the place of what is wrong") {
    CHECK(refusal("").find("price catalog") != std::string::npos);
    CHECK(refusal("[]").find("must be an object") != std::string::npos);
    CHECK(refusal(R"({"version":"t","providers":[]})").find("form") != std::string::npos);
    CHECK(refusal(R"({"form":2,"version":"t","providers":[]})").find("form") != std::string::npos);
    CHECK(refusal(R"({"form":1,"version":"t","provider":[]})").find("provider") != std::string::npos);
    CHECK(refusal(R"({"form":1,"aliases":{"a":[]}})").find("aliases.a") != std::string::npos);
    CHECK(refusal(R"({"form":1,"aliases":{"a":[1]}})").find("aliases.a") != std::string::npos);
    char const* const rows[][2] = {
        {R"(7)", "models[0]"},
        {R"({"match":{"equals":"m"}})", "models[0].id"},
        {R"({"id":"m"})", "models[0].match"},
        {R"({"id":"m","match":{"equals":7}})", "match.equals"},
        {R"({"id":"m","match":{"equals":["m",7]}})", "match.equals"},
        {R"({"id":"m","match":{"like":"m"}})", "match.like"},
        {R"({"id":"m","match":{"equals":"m","contains":"n"}})", "match"},
        {R"({"id":"m","match":{"or":[]}})", "match.or"},
        {R"({"id":"m","match":{"or":[{"regex":"("}]}})", "match.or[0].regex"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"input":1}]})", "prices[0].input"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"input":"-1"}]})", "prices[0].input"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"input":"x"}]})", "prices[0].input"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"input":"0.0000000001"}]})", "prices[0].input"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"inputs":"1"}]})", "prices[0].inputs"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"from":"soon","input":"1"}]})", "prices[0].from"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"daily":["1:00","02:00"],"input":"1"}]})", "prices[0].daily"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"daily":["24:00","02:00"],"input":"1"}]})", "prices[0].daily"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"steps":[{"input":"1"}]}]})", "steps[0].above"},
        {R"({"id":"m","match":{"equals":"m"},"prices":[{"steps":[{"above":5},{"above":5}]}]})", "steps[1].above"},
        {R"({"id":"m","match":{"equals":"m"},"tiers":{"turbo":{"input":"1"}}})", "tiers.turbo"},
        {R"({"id":"m","match":{"equals":"m"},"context":"big"})", "context"},
    };
    for (auto const& row : rows) {
        CAPTURE(row[0]);
        std::string const sentence = refused_model(row[0]);
        CAPTURE(sentence);
        CHECK(sentence.find("providers[0].models[0]") != std::string::npos);
        CHECK(sentence.find(row[1]) != std::string::npos);
    }
    std::string deep = R"({"equals":"m"})";
    for (int i = 0; i < 12; ++i) deep = R"({"or":[)" + deep + "]}";
    CHECK(refused_model(R"({"id":"m","match":)" + deep + "}").find("too deep") != std::string::npos);
}

}  // namespace aikit::cost
