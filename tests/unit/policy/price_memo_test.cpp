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
        if (!query.region.empty()) entry.id += " " + query.provider + " " + query.region;
        if (query.spent != Money()) entry.id += " $" + query.spent.usd();
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
        Result<std::shared_ptr<cost::PriceEntry const>> const entry = memo.find(model, tier, {}, at);
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

TEST_CASE("a place that is told goes before the provider's own, and each has its own price") {
    auto const catalog = std::make_shared<Counting>();
    PriceMemo memo(catalog, "p+eu");
    for (int round = 0; round < 2; ++round) {
        CHECK(memo.find("m", "", "", start).value()->id == "m  2026-03-01T11:59:59Z");
        CHECK(memo.find("m", "", "us", start).value()->id == "m  2026-03-01T11:59:59Z p us");
    }
    CHECK(catalog->asked == 2);
}

TEST_CASE("a price is asked for again when what was spent this month reaches a step, and not between steps") {
    auto const catalog = std::make_shared<Counting>();
    auto const spending = std::make_shared<cost::MonthSpending>(
        std::vector<Money>{Money::from_usd("10").value(), Money::from_usd("5").value()});
    PriceMemo memo(catalog, "p+eu", spending);
    std::string found;
    auto const spend = [&](char const* usd) {
        memo.spent(Money::from_usd(usd).value(), start);
        found = memo.find("m", "", "", start).value()->id;
    };
    spend("4.999999999");
    CHECK(found == "m  2026-03-01T11:59:59Z $4.999999999");
    spend("0.000000001");
    CHECK(found == "m  2026-03-01T11:59:59Z $5");
    spend("4");
    CHECK(found == "m  2026-03-01T11:59:59Z $5");
    CHECK(catalog->asked == 2);
    spend("7");
    CHECK(found == "m  2026-03-01T11:59:59Z $16");
    // With the month it begins anew, and what was begun in the month before still has that month's price.
    SystemTime const april = from_rfc3339("2026-04-01T00:00:00Z").value();
    CHECK(memo.find("m", "", "", april).value()->id == "m  2026-04-01T00:00:00Z");
    memo.spent(Money::from_usd("1").value(), start);
    spending->put("p", Money::from_usd("30").value(), start);
    CHECK(spending->spent("p", start) == Money::from_usd("30").value());
    spending->put("p", Money::from_usd("3").value(), start);
    CHECK(spending->spent("p", start) == Money::from_usd("30").value());
    CHECK(spending->spent("p", april) == Money());
    memo.spent(Money::from_usd("2").value(), april);
    CHECK(spending->spent("p", april) == Money::from_usd("2").value());
    CHECK(spending->spent("p", start) == Money());
}

}  // namespace aikit::policy
