// SPDX-License-Identifier: MIT
// Covers src/policy/price_memo.hpp: it says what the catalog would say, and asks it no more often than it must.
#include "policy/price_memo.hpp"

#include <doctest/doctest.h>

#include <random>

namespace aikit::policy {
namespace {

/// A catalog whose entries name the query they were made for, and which counts how often it is asked.
struct Counting final : cost::PriceCatalog {
    Result<cost::PriceEntry> find(cost::PriceQuery const& query) const override {
        ++asked;
        if (query.model.starts_with("unknown")) return fail(Errc::unknown_price, "no price of " + query.model);
        cost::PriceEntry entry;
        entry.id = name_of(query.model, query.service_tier, query.at);
        return entry;
    }
    std::string const& version() const noexcept override { return version_; }
    std::vector<std::string> providers() const override { return {}; }
    std::vector<std::string> models(std::string_view) const override { return {}; }

    static std::string name_of(std::string const& model, std::string const& tier, SystemTime at) {
        return model + " " + tier + " " + to_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
    }

    mutable int asked = 0;
    std::string version_ = "counting";
};

SystemTime const start = from_rfc3339("2026-03-01T11:59:59.400000Z").value();

struct Fixture {
    std::string found(std::string const& model, std::string const& tier, SystemTime at) {
        Result<std::shared_ptr<cost::PriceEntry const>> const entry = memo.find(model, tier, at);
        return entry ? (*entry)->id : std::string(name(entry.error().code));
    }

    std::shared_ptr<Counting> catalog = std::make_shared<Counting>();
    PriceMemo memo{catalog, "p"};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "within a second a price is asked for once, and in the next one again") {
    using std::chrono::milliseconds;
    for (int i = 0; i < 600; ++i) CHECK(found("m", "", start + milliseconds(i)) == "m  2026-03-01T11:59:59Z");
    CHECK(catalog->asked == 1);
    for (int i = 600; i < 1'600; ++i) CHECK(found("m", "", start + milliseconds(i)) == "m  2026-03-01T12:00:00Z");
    CHECK(catalog->asked == 2);
    CHECK(found("m", "", start + milliseconds(1'600)) == "m  2026-03-01T12:00:01Z");
    CHECK(catalog->asked == 3);
    CHECK(found("m", "", start) == "m  2026-03-01T11:59:59Z");  // a clock may be set back
    CHECK(catalog->asked == 4);
}

TEST_CASE_FIXTURE(Fixture, "models and tiers are told apart") {
    for (int round = 0; round < 3; ++round) {
        CHECK(found("ab", "c", start) == "ab c 2026-03-01T11:59:59Z");
        CHECK(found("a", "bc", start) == "a bc 2026-03-01T11:59:59Z");
        CHECK(found("ab", "", start) == "ab  2026-03-01T11:59:59Z");
    }
    CHECK(catalog->asked == 3);
}

TEST_CASE_FIXTURE(Fixture, "of more models than it remembers each still has its own price") {
    std::mt19937 random(11);
    for (int round = 0; round < 2'000; ++round) {
        std::string const model = "m" + std::to_string(random() % 100);
        SystemTime const at = start + std::chrono::milliseconds(round);
        CHECK(found(model, "flex", at) == Counting::name_of(model, "flex", at));
    }
}

TEST_CASE_FIXTURE(Fixture, "a model without a price is asked for each time, and never has one") {
    for (int round = 0; round < 5; ++round) {
        CHECK(found("unknown", "", start) == "unknown_price");
        CHECK(found("m", "", start) == "m  2026-03-01T11:59:59Z");
    }
    CHECK(catalog->asked == 6);
}

}  // namespace aikit::policy
