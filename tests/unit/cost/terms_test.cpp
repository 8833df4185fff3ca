// SPDX-License-Identifier: MIT
// Covers src/cost/price_sets.cpp, discounts.cpp and price_id.cpp: where, when and on which terms a price holds.
#include "cost/model_limits.hpp"
#include "cost/price_id.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/import.hpp>

#include <doctest/doctest.h>

namespace aikit::inline v0::cost {
namespace {

using Catalog = std::shared_ptr<PriceCatalog const>;

Catalog catalog_of(std::string const& model) {
    return PriceCatalog::parse(R"({"form": 1, "version": "t", "aliases": {"pee": ["p"]}, "providers": [
        {"id": "p", "models": [{"id": "m", "match": {"starts_with": "m"}, )" +
                               model + "}]}]}")
        .value();
}

PriceQuery query(char const* at = "2026-08-21T12:00:00Z", std::string tier = "", std::string region = "") {
    PriceQuery asked;
    asked.provider = "p";
    asked.model = "m";
    asked.at = from_rfc3339(at).value();
    asked.service_tier = std::move(tier);
    asked.region = std::move(region);
    return asked;
}

constexpr char const* placed = R"("prices": [{"input": "1", "output": "10", "pieces": {"pages": "0.5"}, "request": "2",
      "steps": [{"above": 100, "input": "3"}]}], "tiers": {"batch": {"input": "0.5", "output": "5"}, "fast": {"multiplier": "6"}},
    "regions": {"eu": {"multiplier": "1.1"}, "us-east-1": {"prices": [{"input": "7", "output": "70"}],
      "tiers": {"flex": {"input": "3.5", "output": "35"}}}})";

std::string input_of(Catalog const& catalog, PriceQuery const& asked) {
    Result<PriceEntry> const entry = catalog->find(asked);
    return entry ? entry->base.input->usd_per_million() + " " + entry->id : name(entry.error().code);
}

}  // namespace

TEST_CASE("a region has prices of its own or a factor, and another has the usual ones") {
    Catalog const catalog = catalog_of(placed);
    char const* const day = "2026-08-21T12:00:00Z";
    CHECK(input_of(catalog, query(day)) == "1 p/m#default");
    CHECK(input_of(catalog, query(day, "", "eu")) == "1.1 p/m#default+eu");
    CHECK(input_of(catalog, query(day, "", "EU")) == "1.1 p/m#default+eu");
    CHECK(input_of(catalog, query(day, "batch", "eu")) == "0.55 p/m#batch+eu");
    CHECK(input_of(catalog, query(day, "", "us-east-1")) == "7 p/m#default+us-east-1");
    CHECK(input_of(catalog, query(day, "flex", "us-east-1")) == "3.5 p/m#flex+us-east-1");
    CHECK(input_of(catalog, query(day, "batch", "us-east-1")) == "7 p/m#default+us-east-1");
    CHECK(input_of(catalog, query(day, "", "mars")) == "1 p/m#default");
    PriceQuery told = query(day);
    told.provider = "pee+eu";
    CHECK(input_of(catalog, told) == "1.1 p/m#default+eu");
    told.region = "us-east-1";
    CHECK(input_of(catalog, told) == "7 p/m#default+us-east-1");
    CHECK(catalog->find(query()).value().facts->regions == std::vector<std::string>{"eu", "us-east-1"});
}

TEST_CASE("a factor is of tokens, at every size of the input, and not of pieces or requests") {
    Catalog const catalog = catalog_of(placed);
    PriceEntry const fast = catalog->find(query("2026-08-21T12:00:00Z", "fast", "eu")).value();
    CHECK(fast.id == "p/m#fast+eu");
    CHECK(fast.base.input->usd_per_million() == "6.6");
    CHECK(fast.base.output->usd_per_million() == "66");
    CHECK(fast.steps.at(0).prices.input->usd_per_million() == "19.8");
    CHECK(fast.pieces.at(0).price == Price::from_usd("0.5", 1).value());
    CHECK(fast.per_request == Price::from_usd("2", 1).value());
    CHECK(catalog->find(query("2026-08-21T12:00:00Z", "fast", "us-east-1")).error().code == Errc::unknown_price);
    CHECK(catalog->find(query("2026-08-21T12:00:00Z", "batch")).value().pieces.size() == 1);
}

TEST_CASE("what is fast is priced as priority where only that has a price, and is never cheaper than it is") {
    Catalog const catalog = catalog_of(R"("prices": [{"input": "1"}], "tiers": {"priority": {"input": "2"}})");
    CHECK(input_of(catalog, query("2026-08-21T12:00:00Z", "fast")) == "2 p/m#priority");
    Catalog const neither = catalog_of(R"("prices": [{"input": "1"}], "tiers": {"flex": {"input": "0.5"}})");
    CHECK(neither->find(query("2026-08-21T12:00:00Z", "fast")).error().code == Errc::unknown_price);
    CHECK(neither->find(query("2026-08-21T12:00:00Z", "priority")).error().code == Errc::unknown_price);
}

TEST_CASE("days and times of day are honoured to the second, also both together and over midnight") {
    Catalog const catalog = catalog_of(R"("prices": [{"input": "1"}, {"from": "2026-03-01", "input": "2"},
        {"from": "2026-05-01", "until": "2026-06-01", "input": "3"}, {"daily": ["08:30", "09:00"], "input": "4"},
        {"from": "2026-07-01", "until": "2026-08-01", "daily": ["22:00", "02:00"], "input": "5"}])");
    struct Row {
        char const* at;
        char const* expected;
    };
    for (Row const& row : {Row{"2020-01-01T00:00:00Z", "1 p/m#default"}, Row{"2026-02-28T23:59:59Z", "1 p/m#default"},
                           Row{"2026-03-01T00:00:00Z", "2 p/m@2026-03-01#default"},
                           Row{"2026-04-30T23:59:59Z", "2 p/m@2026-03-01#default"},
                           Row{"2026-05-01T00:00:00Z", "3 p/m@2026-05-01#default"},
                           Row{"2026-05-31T23:59:59Z", "3 p/m@2026-05-01#default"},
                           Row{"2026-06-01T00:00:00Z", "2 p/m@2026-03-01#default"},
                           Row{"2026-05-10T08:29:59Z", "3 p/m@2026-05-01#default"},
                           Row{"2026-05-10T08:30:00Z", "4 p/m@08:30-09:00#default"},
                           Row{"2026-05-10T09:00:00Z", "3 p/m@2026-05-01#default"},
                           Row{"2026-05-10T10:45:00+02:00", "4 p/m@08:30-09:00#default"},
                           Row{"2026-07-10T22:00:00Z", "5 p/m@2026-07-01@22:00-02:00#default"},
                           Row{"2026-07-10T01:59:59Z", "5 p/m@2026-07-01@22:00-02:00#default"},
                           Row{"2026-07-10T02:00:00Z", "2 p/m@2026-03-01#default"},
                           Row{"2026-08-01T00:00:00Z", "2 p/m@2026-03-01#default"}}) {
        CAPTURE(row.at);
        CHECK(input_of(catalog, query(row.at)) == row.expected);
    }
}

TEST_CASE("an import keeps each kind of condition, and refuses one that it does not know") {
    auto const made = [](std::string const& condition) {
        return import_prices(R"([{"id": "p", "models": [{"id": "m", "match": {"equals": "m"}, "deprecated": true,
            "prices": [{"prices": {"input_mtok": 1}}, {"constraint": )" +
                             condition + R"(, "prices": {"input_mtok": 2}}]}]}])");
    };
    struct Row {
        char const* condition;
        char const* without;
        char const* within;
    };
    for (Row const& row : {Row{R"({"start_date": "2026-06-10"})", "2026-06-09T23:59:59Z", "2026-06-10T00:00:00Z"},
                           Row{R"({"end_date": "2026-06-10"})", "2026-06-10T00:00:00Z", "2026-06-09T23:59:59Z"},
                           Row{R"({"start_time": "00:30:00Z", "end_time": "16:30:00Z"})", "2026-06-10T16:30:00Z",
                               "2026-06-10T00:30:00Z"},
                           Row{R"({"start_time": "16:30:00+00:00", "end_time": "00:30:00Z"})", "2026-06-10T00:30:00Z",
                               "2026-06-10T23:59:59Z"}}) {
        CAPTURE(row.condition);
        Result<ImportedCatalog> const list = made(row.condition);
        REQUIRE(list.has_value());
        Catalog const catalog = PriceCatalog::parse(list->json).value();
        CHECK(catalog->find(query(row.without)).value().base.input->usd_per_million() == "1");
        CHECK(catalog->find(query(row.within)).value().base.input->usd_per_million() == "2");
        CHECK(catalog->find(query()).value().facts->deprecated);
    }
    for (char const* condition :
         {R"({"weekday": "monday"})", R"({"start_time": "00:30:00Z"})", R"({"start_date": 3})", R"("always")",
          R"({"start_time": "00:30:00+02:00", "end_time": "01:00:00Z"})", R"({"start_date": "soon"})",
          R"({"start_time": "00:30:15Z", "end_time": "01:00:00Z"})"}) {
        CAPTURE(condition);
        CHECK(made(condition).error().code == Errc::invalid_argument);
    }
}

TEST_CASE("a discount is taken off all prices, is told by the price id, and holds on its days") {
    std::vector<PriceDiscount> discounts(3);
    discounts[0].provider = "other";
    discounts[0].basis_points = 9'000;
    discounts[1].provider = "P";
    discounts[1].model = "m*";
    discounts[1].from = from_rfc3339("2026-03-01T00:00:00Z").value();
    discounts[1].until = from_rfc3339("2026-09-01T00:00:00Z").value();
    discounts[1].basis_points = 1'250;
    discounts[2].model = "x";
    discounts[2].basis_points = 1;
    Catalog const catalog = PriceCatalog::discounted(catalog_of(placed), discounts).value();
    PriceEntry const entry = catalog->find(query()).value();
    CHECK(entry.id == "p/m#default-12.5%");
    CHECK(entry.discount_basis_points == 1'250);
    CHECK(entry.base.input->usd_per_million() == "0.875");
    CHECK(entry.steps.at(0).prices.input->usd_per_million() == "2.625");
    CHECK(entry.per_request == Price::from_usd("1.75", 1).value());
    CHECK(entry.pieces.at(0).price == Price::from_usd("0.4375", 1).value());
    CHECK(catalog->find(query("2026-08-21T12:00:00Z", "batch", "eu")).value().id == "p/m#batch+eu-12.5%");
    CHECK(catalog->find(query("2026-02-28T23:59:59Z")).value().id == "p/m#default");
    CHECK(catalog->find(query("2026-09-01T00:00:00Z")).value().id == "p/m#default");
    PriceQuery aliased = query();
    aliased.provider = "pee";
    CHECK(catalog->find(aliased).value().id == "p/m#default-12.5%");
    CHECK(catalog->providers() == std::vector<std::string>{"p"});
    CHECK(catalog->models("p") == std::vector<std::string>{"m"});
    CHECK(catalog->version() == "t");

    for (std::int64_t const bad : {-1, 10'001}) {
        discounts[1].basis_points = bad;
        Result<Catalog> const refused = PriceCatalog::discounted(catalog_of(placed), discounts);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().message.find("discounts[1].basis_points") != std::string::npos);
    }
    CHECK(PriceCatalog::discounted(nullptr, {}).error().code == Errc::invalid_argument);
}

TEST_CASE("what a price id says of tier and region is read back, so that a past call is priced as it was") {
    for (char const* tier : {"default", "batch", "flex", "priority", "fast"}) {
        for (char const* region : {"", "eu", "us-gov-west-1"}) {
            for (char const* discount : {"", "-12.5%", "-100%"}) {
                std::string id = std::string("p/odd+model#1-x@2026-03-01#") + tier;
                if (*region != 0) id += std::string("+") + region;
                id += discount;
                CAPTURE(id);
                CHECK(tier_of_price(id) == (std::string(tier) == "default" ? "" : tier));
                CHECK(region_of_price(id) == region);
            }
        }
    }
    CHECK(tier_of_price("").empty());
    CHECK(region_of_price("p/m+x").empty());
}

TEST_CASE("a catalog that is wrong says where") {
    struct Row {
        char const* model;
        char const* path;
    };
    for (Row const& row :
         {Row{R"("prices": [{"pieces": {"page": "1"}}])", "prices[0].pieces.page"},
          Row{R"("prices": [{"pieces": {"results": "1"}}])", "pieces.results"},
          Row{R"("prices": [{"pieces": {"pages": 1}}])", "pieces.pages.price"},
          Row{R"("prices": [{"pieces": {"pages": []}}])", "pieces.pages"},
          Row{R"("prices": [{"pieces": {"pages": [{"above": 5, "price": "1"}, {"above": 5, "price": "2"}]}}])",
              "pieces.pages[1].above"},
          Row{R"("prices": [{"until": "never"}])", "prices[0].until"},
          Row{R"("tiers": {"fast": {"multiplier": "0"}})", "tiers.fast.multiplier"},
          Row{R"("tiers": {"fast": {"multiplier": "101"}})", "tiers.fast.multiplier"},
          Row{R"("tiers": {"fast": {"multiplier": "1.0000001"}})", "tiers.fast.multiplier"},
          Row{R"("tiers": {"slow": {"multiplier": "2"}})", "tiers.slow"},
          Row{R"("regions": {"eu": {}})", "regions.eu.prices"}, Row{R"("regions": {"eu": 1})", "regions.eu"},
          Row{R"("retires": "soon")", "retires"}, Row{R"("can": [1])", "can"}}) {
        CAPTURE(row.model);
        Result<Catalog> const refused = PriceCatalog::parse(
            R"({"form": 1, "providers": [{"id": "p", "models": [{"id": "m", "match": {"equals": "m"}, )" +
            std::string(row.model) + "}]}]}");
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().message.find(row.path) != std::string::npos);
    }
}

TEST_CASE("a model near its end says so, and one that has passed it") {
    Catalog const catalog = catalog_of(R"("prices": [{"input": "1"}], "retires": "2026-10-01")");
    PriceEntry const entry = catalog->find(query()).value();
    auto const told = [&](char const* at) { return end_of_life(entry, from_rfc3339(at).value()); };
    CHECK(told("2026-08-01T23:59:59Z").empty());
    CHECK(told("2026-08-02T00:00:00Z").find("is retired by its provider on 2026-10-01") != std::string::npos);
    CHECK(told("2026-09-30T23:59:59Z").find("is retired") != std::string::npos);
    CHECK(told("2026-10-01T00:00:00Z").find("was retired by its provider on 2026-10-01") != std::string::npos);
    ChatRequest const request;
    CHECK(warnings_of(entry, request, from_rfc3339("2026-10-01T00:00:00Z").value()).size() == 1);
    CHECK(warnings_of(entry, request, from_rfc3339("2026-07-01T00:00:00Z").value()).empty());
    Catalog const old = catalog_of(R"("prices": [{"input": "1"}], "deprecated": true)");
    CHECK(end_of_life(old->find(query()).value(), query().at).find("deprecated") != std::string::npos);
}

}  // namespace aikit::inline v0::cost
