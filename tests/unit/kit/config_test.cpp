// SPDX-License-Identifier: MIT
// tests/unit/kit/config_test.cpp - a configuration means the same as a struct, as JSON and after a round trip.
#include <aikit/kit.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace aikit {
namespace {

/// Every field of every struct, each with a value that is no default.
constexpr char everything[] = R"({
    "store": "a.db", "make_store_folder": true, "ledger": "b.db", "default_provider": "proxy", "embedding_provider": "builtin",
    "embedding_model": "lexical-1", "price_catalog": "prices.json", "app": "demo/1", "record": "traffic.jsonl", "unknown_price": "allow",
    "providers": [{"name": "proxy", "type": "openai", "base_url": "http://127.0.0.1:1/v1", "api_key": "env:K",
        "auth_token": "file:t", "credentials": "file:c", "api": "responses", "api_version": "2024-10-21",
        "organization": "o", "project": "p", "location": "l", "headers": {"x-a": "1"}, "model": "m", "embedding_model": "e",
        "price_as": "openai", "region": "eu", "price_models": {"mine": "gpt-4o"}, "local": true, "max_retries": 3, "script": "s.json",
        "limits": {"connect": 1, "first_byte": 2.5, "idle": 3, "total": 4}}],
    "aliases": {"fast": "proxy/m"},
    "routers": [{"name": "main", "policy": "balanced", "deployments": [{"name": "d", "model": "proxy/m", "quality": 0.75,
        "weight": 2.5, "regions": ["eu"], "shadow": 0.25, "prefill": true}], "resume": true,
        "hedge": {"quantile": 0.95, "least_calls": 9, "share": 0.2}, "least_quality": {"code": 0.5}, "sensitive_local": true, "max_retries": 3,
        "retry_budget": 0.5, "retry_floor": 4, "first_delay": 0.25, "max_delay": 2, "on_context_length": false,
        "on_content_filter": true, "health": {"failures": 3, "error_rate": 0.25, "least_calls": 7, "window": 20,
        "probe_after": 1.5, "longest_pause": 30, "refused_pause": 60, "limited_pause": 0.5}}],
    "price_discounts": [{"provider": "openai", "model": "gpt-5*", "from": "2026-01-01", "until": "2027-01-01", "from_usd": "100",
        "basis_points": 1250}],
    "chunking": {"kind": "fixed", "size": 500, "overlap": 50},
    "answers": {"model": "fast", "top": 5, "mode": "sparse", "diversity": 0.5, "context_window": 1000,
        "max_answer_tokens": 200, "instructions": "Be brief."},
    "call_limits": {"rules": [{"name": "n", "by": "tag", "match": "t", "provider": "proxy", "model": "m", "tier": "pro",
        "requests": 6, "tokens": 7, "at_once": 8, "window": 1.5}], "queue": false, "longest_wait": 2.5, "most_waiting": 3,
        "follow_providers": false},
    "budgets": {"budgets": [{"name": "b", "by": "user", "match": "u", "provider": "proxy", "model": "m", "tier": "pro",
        "window": "week", "time_zone": "UTC", "cost_usd": "1.5", "tokens": 9, "hard": false, "alerts": [50]}],
        "controls": [{"action": "cheaper_model", "at": 70, "models": {"a": "b"}},
            {"action": "lower_max_tokens", "max_tokens": 8}, {"action": "queue", "longest_wait": 1.5},
            {"action": "refuse", "at": 95}], "allow_unknown_price": true, "lease_time": 7, "patience": 0.25},
    "tiers": {"tiers": [{"name": "pro", "monthly_tokens": 5, "monthly_cost_usd": "2.5", "counts": {"conversations": 3},
        "features": ["chat", "shop:export"], "models": ["proxy/*"]}, {"name": "free"}], "by": "key", "default": "free",
        "time_zone": "Europe/Berlin", "members": {"k": "pro"}},
    "telemetry": {"prometheus": true, "otlp": {"endpoint": "http://c:1", "headers": {"x-b": "2"}, "key_header": "api-key",
        "key": "env:C", "resource": {"service.name": "s"}, "span_interval": 1.5, "metric_interval": 2.5}, "sample": 0.25,
        "tell_callers": true, "propagate_trace": true, "most_series": 9},
    "cache": {"share": "tenant", "cache_sampled": false, "ttl": 60, "memory_entries": 5, "memory_bytes": 6, "largest": 7,
        "stored_entries": 8, "stored_bytes": 9, "replay_rate": 10, "replay_piece": 11, "longest_wait": 1.5,
        "semantic": {"model": "builtin/lexical-1", "threshold": 0.75, "entries": 12, "entries_alike": 13}},
    "http": {"user_agent": "u", "ca_file": "c", "https_proxy": "http://p:1", "http_proxy": "http://p:2", "no_proxy": "*",
        "gzip": false, "max_connections_per_origin": 7, "max_idle_per_origin": 6, "max_head": 5000, "max_body": 6000,
        "max_idle_time": 8, "max_life": 9, "next_address_after": 0.1, "tcp_user_timeout": 11},
    "runtime": {"io": 2, "cpu": 1, "storage": 0, "resolver": 0}
})";

std::string refusal(std::string const& json) {
    Result<KitConfig> const config = KitConfig::from_json(json);
    REQUIRE_FALSE(config.has_value());
    CHECK(config.error().code == Errc::invalid_argument);
    return config.error().message;
}

bool names(std::string const& sentence, std::string const& field) {
    return sentence.find(field) != std::string::npos;
}

}  // namespace

TEST_CASE("every field survives being written and read again") {
    KitConfig const config = KitConfig::from_json(everything).value();
    std::string const once = config.to_json();
    CHECK(KitConfig::from_json(once).value().to_json() == once);

    CHECK(config.providers.at(0).limits.first_byte == std::chrono::milliseconds(2500));
    CHECK(config.providers.at(0).headers.at(0) == std::pair<std::string, std::string>("x-a", "1"));
    CHECK(config.providers.at(0).price_models.at("mine") == "gpt-4o");
    CHECK(config.answers.mode == knowledge::SearchMode::sparse);
    CHECK(config.http.next_address_after == std::chrono::milliseconds(100));
    CHECK(config.unknown_price == policy::UnknownPrice::allow);
    CHECK(config.runtime.storage == 0);
    REQUIRE(config.price_discounts.size() == 1);
    CHECK(config.price_discounts[0].model == "gpt-5*");
    CHECK(config.price_discounts[0].basis_points == 1'250);
    CHECK(to_rfc3339(*config.price_discounts[0].until).starts_with("2027-01-01T00:00:00"));
    REQUIRE(config.call_limits.has_value());
    CHECK(config.call_limits->rules.at(0).by == policy::LimitBy::tag);
    CHECK(config.call_limits->rules.at(0).window == std::chrono::milliseconds(1500));
    CHECK(config.call_limits->longest_wait == std::chrono::milliseconds(2500));
    REQUIRE(config.cache.has_value());
    CHECK(config.cache->share == policy::CacheShare::tenant);
    CHECK(config.cache->ttl == std::chrono::seconds(60));
    CHECK(config.cache->longest_wait == std::chrono::milliseconds(1500));
    REQUIRE(config.budgets.has_value());
    CHECK(config.budgets->budgets.at(0).cost == Money::from_usd("1.5").value());
    CHECK(config.budgets->budgets.at(0).window == policy::BudgetWindow::week);
    CHECK(config.budgets->controls.at(0).models.at("a") == "b");
    CHECK(config.budgets->controls.at(3).at == 95);
    CHECK(config.budgets->patience == std::chrono::milliseconds(250));
    CHECK(config.make_store_folder);
    REQUIRE(config.routers.size() == 1);
    CHECK(config.routers[0].rules.policy == router::RoutePolicy::balanced);
    CHECK(config.routers[0].rules.least_quality.at(router::RequestGrade::code) == 0.5);
    CHECK(config.routers[0].rules.health.probe_after == std::chrono::milliseconds(1500));
    CHECK(config.routers[0].deployments.at(0).weight == 2.5);
    REQUIRE((config.cache.has_value() && config.cache->semantic.has_value()));
    CHECK(config.cache->semantic->model == "builtin/lexical-1");
    CHECK(config.cache->semantic->threshold == 0.75);
    CHECK(config.cache->semantic->entries == 12);
    CHECK(config.cache->semantic->entries_alike == 13);
    REQUIRE(config.telemetry.has_value());
    CHECK(config.telemetry->prometheus);
    CHECK(config.telemetry->sample == 0.25);
    REQUIRE(config.telemetry->otlp.has_value());
    CHECK(config.telemetry->otlp->key == "env:C");
    CHECK(config.telemetry->otlp->resource.at("service.name") == "s");
    CHECK(config.telemetry->otlp->metric_interval == std::chrono::milliseconds(2500));
}

TEST_CASE("a script stands in the configuration itself or in a file of its own") {
    KitConfig const config = KitConfig::from_json(R"({"providers": [
        {"name": "scripted", "script": {"repeat": true, "replies": [{"vectors": [[0.1, 0.7]]}]}}]})")
                                 .value();
    CHECK(config.providers.at(0).script == R"({"repeat":true,"replies":[{"vectors":[[0.1,0.7]]}]})");
    CHECK(KitConfig::from_json(config.to_json()).value().to_json() == config.to_json());
    CHECK(Kit::open(config).has_value());

    KitConfig const wrong =
        KitConfig::from_json(R"({"providers": [{"name": "scripted", "script": {"x": 1}}]})").value();
    Result<Kit> const refused = Kit::open(wrong);
    REQUIRE_FALSE(refused.has_value());
    CHECK(names(refused.error().message, "script.x"));
}

TEST_CASE("what embeds the questions of the cache is one model that is there") {
    Result<Kit> const kit = Kit::open(KitConfig::from_json(R"({"cache": {"semantic": {"model": "main"}}, "routers": [
        {"name": "main", "deployments": [{"model": "builtin/extractive-1"}]}]})")
                                          .value());
    REQUIRE_FALSE(kit.has_value());
    CHECK(names(kit.error().message, "cache.semantic.model is a router's"));
    CHECK(names(refusal(R"({"cache": {"semantic": {}}})"), "cache.semantic.model"));
    CHECK(names(refusal(R"({"cache": {"semantic": {"model": "builtin/lexical-1", "threshold": 1.5}}})"),
                "cache.semantic.threshold"));
}

TEST_CASE("an empty configuration is the default one") {
    CHECK(KitConfig::from_json("{}").value().to_json() == KitConfig().to_json());
}

TEST_CASE("a key that nobody knows is an error that names it, wherever it stands") {
    std::vector<std::pair<std::string, std::string>> const cases{
        {R"({"stroe": "x"})", "configuration.stroe"},
        {R"({"providers": [{"name": "a"}, {"name": "b", "baseurl": "x"}]})", "configuration.providers[1].baseurl"},
        {R"({"providers": [{"name": "a", "limits": {"totl": 1}}]})", "configuration.providers[0].limits.totl"},
        {R"({"chunking": {"sise": 1}})", "configuration.chunking.sise"},
        {R"({"answers": {"tpo": 1}})", "configuration.answers.tpo"},
        {R"({"http": {"gzp": true}})", "configuration.http.gzp"},
        {R"({"runtime": {"threads": 1}})", "configuration.runtime.threads"},
    };
    for (auto const& [json, field] : cases) {
        CAPTURE(json);
        CHECK(names(refusal(json), field));
    }
}

TEST_CASE("a value of the wrong kind or range is an error that names the field") {
    std::vector<std::pair<std::string, std::string>> const cases{
        {R"({"store": 1})", "configuration.store"},
        {R"({"unknown_price": "maybe"})", "configuration.unknown_price"},
        {R"({"budgets": {"budgets": [{"name": "n"}]}})", "configuration.budgets.budgets[0]"},
        {R"({"budgets": {"budgets": [{"name": "n", "cost_usd": "much"}]}})",
         "configuration.budgets.budgets[0].cost_usd"},
        {R"({"budgets": {"budgets": [{"name": "n", "tokens": 1, "window": "year"}]}})",
         "configuration.budgets.budgets[0].window"},
        {R"({"budgets": {"budgets": [{"name": "n", "tokens": 1, "alerts": [0]}]}})",
         "configuration.budgets.budgets[0].alerts"},
        {R"({"budgets": {"controls": [{"action": "pray"}]}})", "configuration.budgets.controls[0].action"},
        {R"({"budgets": {"controls": [{"action": "cheaper_model"}]}})", "configuration.budgets.controls[0].models"},
        {R"({"budgets": {"lease_time": 0}})", "configuration.budgets.lease_time"},
        {R"({"budgets": {"speed": 1}})", "configuration.budgets.speed"},
        {R"({"call_limits": {"rules": [{"name": "n"}]}})", "configuration.call_limits.rules[0]"},
        {R"({"tiers": {"tiers": [{"name": ""}]}})", "configuration.tiers.tiers[0].name"},
        {R"({"tiers": {"tiers": [{"name": "a", "monthly_cost_usd": "much"}]}})",
         "configuration.tiers.tiers[0].monthly_cost_usd"},
        {R"({"tiers": {"tiers": [{"name": "a", "counts": {"reports": "few"}}]}})",
         "configuration.tiers.tiers[0].counts"},
        {R"({"tiers": {"tiers": [{"name": "a", "features": "chat"}]}})", "configuration.tiers.tiers[0].features"},
        {R"({"tiers": {"tiers": 1}})", "configuration.tiers.tiers"},
        {R"({"tiers": {"by": "me"}})", "configuration.tiers.by"},
        {R"({"cache": {"share": "all"}})", "configuration.cache.share"},
        {R"({"cache": {"ttl": -1}})", "configuration.cache.ttl"},
        {R"({"cache": {"memory_entries": -1}})", "configuration.cache.memory_entries"},
        {R"({"cache": {"largest": 0}})", "configuration.cache.largest"},
        {R"({"cache": {"longest_wait": -1}})", "configuration.cache.longest_wait"},
        {R"({"cache": {"semantic": {}}})", "configuration.cache.semantic"},
        {R"({"tiers": {"members": {"ann": 1}}})", "configuration.tiers.members"},
        {R"({"tiers": {"members": {"ann": "gold"}}})", "configuration.tiers.members.ann"},
        {R"({"tiers": {"speed": 1}})", "configuration.tiers.speed"},
        {R"({"telemetry": {"sample": 2}})", "configuration.telemetry.sample"},
        {R"({"telemetry": {"odd": 1}})", "configuration.telemetry.odd"},
        {R"({"telemetry": {"otlp": {"key": "sk-1", "key_header": "x"}}})", "configuration.telemetry.otlp.key"},
        {R"({"telemetry": {"otlp": {"key_header": "x"}}})", "configuration.telemetry.otlp.key_header"},
        {R"({"telemetry": {"otlp": {"headers": {"a": 1}}}})", "configuration.telemetry.otlp.headers.a"},
        {R"({"call_limits": {"rules": [{"name": "n", "requests": 0}]}})",
         "configuration.call_limits.rules[0].requests"},
        {R"({"call_limits": {"rules": [{"name": "n", "requests": 1, "by": "me"}]}})",
         "configuration.call_limits.rules[0].by"},
        {R"({"call_limits": {"rules": 1}})", "configuration.call_limits.rules"},
        {R"({"price_discounts": [{}]})", "configuration.price_discounts[0].basis_points"},
        {R"({"price_discounts": [{"basis_points": 10001}]})", "configuration.price_discounts[0].basis_points"},
        {R"({"price_discounts": [{"basis_points": 5, "from_usd": "-1"}]})",
         "configuration.price_discounts[0].from_usd"},
        {R"({"price_discounts": [{"basis_points": "5"}]})", "configuration.price_discounts[0].basis_points"},
        {R"({"price_discounts": [{"basis_points": 5}, {"basis_points": 5, "from": "soon"}]})",
         "configuration.price_discounts[1].from"},
        {R"({"price_discounts": [{"basis_points": 5, "from": "2026-02-01", "until": "2026-02-01"}]})",
         "configuration.price_discounts[0].until"},
        {R"({"price_discounts": [{"basis_points": 5, "percent": 1}]})", "configuration.price_discounts[0].percent"},
        {R"({"price_discounts": 5})", "configuration.price_discounts"},
        {R"({"call_limits": {"longest_wait": -1}})", "configuration.call_limits.longest_wait"},
        {R"({"call_limits": {"speed": 1}})", "configuration.call_limits.speed"},
        {R"({"providers": [1]})", "configuration.providers[0]"},
        {R"({"providers": [{}]})", "configuration.providers[0].name"},
        {R"({"providers": [{"name": "A b"}]})", "configuration.providers[0].name"},
        {R"({"providers": [{"name": "a"}, {"name": "a"}]})", "configuration.providers[1].name"},
        {R"({"providers": [{"name": "a", "api_key": "sk-123"}]})", "configuration.providers[0].api_key"},
        {R"({"providers": [{"name": "a", "auth_token": "sk-123"}]})", "configuration.providers[0].auth_token"},
        {R"({"providers": [{"name": "a", "credentials": "{}"}]})", "configuration.providers[0].credentials"},
        {R"({"providers": [{"name": "a", "max_retries": 11}]})", "configuration.providers[0].max_retries"},
        {R"({"providers": [{"name": "a", "limits": {"idle": -1}}]})", "configuration.providers[0].limits.idle"},
        {R"({"providers": [{"name": "a", "script": 1}]})", "configuration.providers[0].script"},
        {R"({"aliases": {"x": 1}})", "configuration.aliases.x"},
        {R"({"chunking": {"kind": "random"}})", "configuration.chunking.kind"},
        {R"({"answers": {"mode": "psychic"}})", "configuration.answers.mode"},
        {"[]", "object"},
        {"{", "configuration"},
    };
    for (auto const& [json, field] : cases) {
        CAPTURE(json);
        CHECK(names(refusal(json), field));
    }
    CHECK_FALSE(names(refusal(R"({"providers": [{"name": "a", "api_key": "sk-canary"}]})"), "sk-canary"));
}

}  // namespace aikit
