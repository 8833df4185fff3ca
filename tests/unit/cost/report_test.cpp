// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/{report,export}.hpp: what a ledger says of its rows, and what is done with old ones.
#include "storage/connection.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/export.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

namespace aikit::cost {
namespace {

using storage::Connection;
using storage::Database;
using storage::DatabaseConfig;
using storage::Statement;

SystemTime at(char const* text) {
    return from_rfc3339(text).value();
}

/// A ledger in memory with rows of several kinds.
struct Fixture {
    Fixture() {
        database = testing::run(Database::open(runtime, DatabaseConfig())).value();
        ledger.emplace(database);
    }
    ~Fixture() {
        ledger.reset();
        database.close();
        runtime.close();
    }

    Report report(ReportQuery const& query) { return testing::run(ledger->report(query)).value(); }
    Report report(ReportBy by) {
        ReportQuery query;
        query.by = by;
        return report(query);
    }

    std::int64_t rows_left() {
        std::function<Result<std::int64_t>(Connection&)> work = [](Connection& db) -> Result<std::int64_t> {
            Statement find(db, "SELECT count(*) FROM ledger");
            if (!find.step()) return fail(Errc::not_found, "no row");
            return find.integer(0);
        };
        return testing::run(database.read<std::int64_t>(std::move(work))).value();
    }

    Runtime runtime = Runtime::create().value();
    Database database;
    std::optional<Ledger> ledger;
};

LedgerRow row(int number, char const* started, std::int64_t nanos) {
    LedgerRow made;
    made.request_id = "r" + std::to_string(number);
    made.operation = "chat";
    made.attempt.provider = "openai";
    made.attempt.model = "gpt-4o";
    made.attempt.outcome = "ok";
    made.attempt.started = at(started);
    made.attempt.usage.input = 10;
    made.attempt.usage.output = 5;
    made.attempt.cost = Money::nanos(nanos);
    made.attempt.price_id = "openai/gpt-4o#default";
    return made;
}

ReportLine const* line_of(Report const& report, std::string const& key) {
    auto const found =
        std::find_if(report.lines.begin(), report.lines.end(), [&](auto const& l) { return l.key == key; });
    return found == report.lines.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "costs are summed by key, project, tag, operation and tenant") {
    LedgerRow one = row(1, "2026-03-01T10:00:00Z", 100);
    one.caller.key = "k";
    one.caller.project = "blue";
    one.caller.tenant = "acme";
    one.caller.tags = {"batch", "night", "batch"};
    LedgerRow two = row(2, "2026-03-01T11:00:00Z", 30);
    two.operation = "embed";
    two.caller.tags = {"night"};
    ledger->record(one);
    ledger->record(two);

    CHECK(line_of(report(ReportBy::key), "k")->cost == Money::nanos(100));
    CHECK(line_of(report(ReportBy::project), "blue")->calls == 1);
    CHECK(line_of(report(ReportBy::tenant), "")->cost == Money::nanos(30));
    CHECK(line_of(report(ReportBy::operation), "embed")->cost == Money::nanos(30));
    Report const tags = report(ReportBy::tag);
    CHECK(line_of(tags, "night")->cost == Money::nanos(130));
    CHECK(line_of(tags, "batch")->calls == 1);
    CHECK(tags.total.cost == Money::nanos(130));
    CHECK(tags.total.calls == 2);
}

TEST_CASE_FIXTURE(Fixture, "a report can be of some rows only") {
    LedgerRow mine = row(1, "2026-03-01T10:00:00Z", 100);
    mine.caller.user = "ann";
    mine.caller.tags = {"x"};
    ledger->record(mine);
    ledger->record(row(2, "2026-03-01T10:00:00Z", 7));
    struct Case {
        char const* what;
        void (*set)(ReportQuery&);
        std::int64_t nanos;
    };
    for (Case const& each : std::vector<Case>{{"user", [](ReportQuery& q) { q.user = "ann"; }, 100},
                                              {"tag", [](ReportQuery& q) { q.tag = "x"; }, 100},
                                              {"no such tag", [](ReportQuery& q) { q.tag = "y"; }, 0},
                                              {"model", [](ReportQuery& q) { q.model = "gpt-4o"; }, 107},
                                              {"provider", [](ReportQuery& q) { q.provider = "azure"; }, 0},
                                              {"operation", [](ReportQuery& q) { q.operation = "chat"; }, 107}}) {
        CAPTURE(each.what);
        ReportQuery query;
        each.set(query);
        CHECK(report(query).total.cost == Money::nanos(each.nanos));
    }
}

TEST_CASE_FIXTURE(Fixture, "days are those of the place that is meant") {
    ledger->record(row(1, "2026-03-01T22:30:00Z", 100));
    ledger->record(row(2, "2026-03-02T01:00:00Z", 10));
    ReportQuery query;
    query.by = ReportBy::day;
    CHECK(report(query).lines.size() == 2);
    query.utc_offset = std::chrono::hours(2);
    Report const east = report(query);
    REQUIRE(east.lines.size() == 1);
    CHECK(east.lines[0].key == "2026-03-02");
    query.utc_offset = -std::chrono::hours(5);
    CHECK(report(query).lines[0].key == "2026-03-01");
    query.utc_offset = std::chrono::hours(25);
    CHECK(testing::run(ledger->report(query)).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a trend sets the period before beside each line") {
    ledger->record(row(1, "2026-03-01T12:00:00Z", 40));
    LedgerRow gone = row(2, "2026-03-02T12:00:00Z", 5);
    gone.attempt.model = "old";
    ledger->record(gone);
    ledger->record(row(3, "2026-03-03T12:00:00Z", 100));
    ReportQuery query;
    query.from = at("2026-03-03T00:00:00Z");
    query.until = at("2026-03-05T00:00:00Z");
    query.trend = true;
    Report const models = report(query);
    CHECK(models.total.cost == Money::nanos(100));
    CHECK(models.total.cost_before == Money::nanos(45));
    CHECK(line_of(models, "gpt-4o")->cost_before == Money::nanos(40));
    CHECK(line_of(models, "old")->cost == Money());
    CHECK(line_of(models, "old")->calls_before == 1);
    query.by = ReportBy::day;
    Report const days = report(query);
    CHECK(line_of(days, "2026-03-03")->cost_before == Money::nanos(40));
    CHECK(line_of(days, "2026-03-04")->cost_before == Money::nanos(5));
    query.from.reset();
    CHECK(testing::run(ledger->report(query)).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "rows are read page by page, each once, as they were recorded") {
    std::mt19937 dice(7);
    std::map<std::string, std::int64_t> expected;
    for (int i = 0; i < 500; ++i) {
        LedgerRow made = row(i, "2026-03-01T12:00:00Z", i);
        made.attempt.started += std::chrono::microseconds(dice() % 5'000'000);
        made.attempt.usage.audio_input = i % 3;
        made.attempt.usage.estimated = i % 4 == 0;
        made.attempt.usage.output_at_most = i % 4 == 0 ? 1'000 + i : 0;
        made.attempt.usage.cache_read = 2;
        made.caller.tags = {"t" + std::to_string(i % 4)};
        if (i % 7 == 0) made.attempt.cost.reset();
        expected[made.request_id] = made.attempt.cost ? i : -1;
        ledger->record(made);
    }
    RowsQuery query;
    query.limit = 37;
    std::map<std::string, std::int64_t> seen;
    std::int64_t last_millis = 0;
    for (bool more = true; more;) {
        LedgerPage const page = testing::run(ledger->rows(query)).value();
        for (LedgerRow const& each : page.rows) {
            std::int64_t const millis = each.attempt.started.time_since_epoch().count() / 1000;
            CHECK(millis >= last_millis);
            last_millis = millis;
            int const number = std::stoi(each.request_id.substr(1));
            CHECK(each.attempt.usage.audio_input == number % 3);
            CHECK(each.attempt.usage.has_interval() == (number % 4 == 0));
            if (number % 4 == 0) CHECK(each.attempt.usage.output_at_most == 1'000 + number);
            CHECK(each.attempt.usage.cache_read == 2);
            CHECK(each.caller.tags == std::vector<std::string>{"t" + std::to_string(number % 4)});
            CHECK(seen.emplace(each.request_id, each.attempt.cost ? each.attempt.cost->nanos() : -1).second);
        }
        query.after = page.last;
        more = page.more;
    }
    CHECK(seen == expected);
    query.limit = 0;
    CHECK(testing::run(ledger->rows(query)).error().code == Errc::invalid_argument);
}

TEST_CASE("a spreadsheet gets whole cells and no formulas") {
    LedgerRow made = row(1, "2026-03-01T12:00:00Z", 1'500);
    made.caller.user = "=HYPERLINK(\"http://x\",\"y\")";
    made.caller.project = "a,b\nc";
    made.caller.key = "-1";
    std::string out;
    export_row(made, ExportFormat::csv, out);
    CHECK(out.find(",\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",") != std::string::npos);
    CHECK(out.find(",\"a,b\nc\",") != std::string::npos);
    CHECK(out.find(",'-1,") != std::string::npos);
    CHECK(out.substr(out.size() - 2) == "\r\n");
    std::string const head = export_head(ExportFormat::csv);
    std::string plain;
    export_row(row(1, "2026-03-01T12:00:00Z", 1'500), ExportFormat::csv, plain);
    CHECK(std::count(head.begin(), head.end(), ',') == std::count(plain.begin(), plain.end(), ','));
    CHECK(plain.find(",0.0000015,openai/gpt-4o#default,") != std::string::npos);
    made.attempt.usage.estimated = true;
    made.attempt.usage.output_at_least = 3;
    made.attempt.usage.output_at_most = 1'000;
    out.clear();
    export_row(made, ExportFormat::csv, out);
    CHECK(out.find(",3,1000\r\n") != std::string::npos);
    out.clear();
    export_row(made, ExportFormat::json_lines, out);
    CHECK(out.find(R"("output_at_least":3,"output_at_most":1000)") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what is pruned stays in every report, to the last unit") {
    std::mt19937 dice(11);
    for (int i = 0; i < 3'000; ++i) {
        LedgerRow made = row(i, "2026-03-01T00:00:00Z", static_cast<std::int64_t>(dice() % 1'000'000));
        made.attempt.started += std::chrono::minutes(dice() % (20 * 24 * 60));
        made.attempt.model = "m" + std::to_string(dice() % 3);
        made.caller.user = "u" + std::to_string(dice() % 5);
        made.caller.tags = {"t" + std::to_string(dice() % 2), "all"};
        if (dice() % 9 == 0) made.attempt.cost.reset();
        if (dice() % 5 == 0) made.attempt.outcome = "overloaded";
        made.attempt.usage.estimated = dice() % 4 == 0;
        ledger->record(made);
    }
    std::vector<ReportBy> const kinds = {ReportBy::model, ReportBy::user, ReportBy::day, ReportBy::tag};
    std::vector<std::string> before;
    for (ReportBy const by : kinds) before.push_back(export_report(report(by), by, ExportFormat::csv));
    ReportQuery week;
    week.by = ReportBy::user;
    week.from = at("2026-03-03T00:00:00Z");
    week.until = at("2026-03-12T00:00:00Z");
    std::string const week_before = export_report(report(week), week.by, ExportFormat::csv);

    PruneReport const pruned = testing::run(ledger->prune(at("2026-03-11T15:00:00Z"))).value();
    CHECK(pruned.before == at("2026-03-11T00:00:00Z"));
    CHECK(pruned.rows > 1'000);
    CHECK(rows_left() == 3'000 - pruned.rows);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        CHECK(export_report(report(kinds[i]), kinds[i], ExportFormat::csv) == before[i]);
    }
    CHECK(export_report(report(week), week.by, ExportFormat::csv) == week_before);
    CHECK(testing::run(ledger->prune(at("2026-03-11T15:00:00Z"))).value().rows == 0);
    testing::run(ledger->prune(at("2026-04-11T00:00:00Z"))).value();
    CHECK(rows_left() == 0);
    CHECK(export_report(report(ReportBy::day), ReportBy::day, ExportFormat::csv) == before[2]);
}

TEST_CASE_FIXTURE(Fixture, "rows are priced anew as of their own start, and only written when told to") {
    // 10 tokens in and 5 out; the price doubles in April, batch is half.
    std::string const catalog = R"({"form": 1, "version": "t", "providers": [{"id": "openai", "models": [
        {"id": "gpt-4o", "match": {"equals": "gpt-4o"},
         "prices": [{"input": "1", "output": "2"}, {"from": "2026-04-01", "input": "2", "output": "4"}],
         "tiers": {"batch": {"input": "0.5", "output": "1"}}}]}]})";
    ledger->record(row(1, "2026-03-31T23:59:59Z", 20'000));
    ledger->record(row(2, "2026-04-01T00:00:00Z", 20'000));
    LedgerRow batch = row(3, "2026-04-02T00:00:00Z", 1);
    batch.attempt.price_id = "openai/gpt-4o#batch";
    ledger->record(batch);
    LedgerRow unknown = row(4, "2026-04-02T00:00:00Z", 77);
    unknown.attempt.model = "other";
    ledger->record(unknown);
    LedgerRow unpriced = row(5, "2026-03-02T00:00:00Z", 0);
    unpriced.attempt.cost.reset();
    unpriced.attempt.price_id.clear();
    ledger->record(unpriced);

    RecostQuery query;
    CHECK(testing::run(ledger->recost(query)).error().code == Errc::invalid_argument);
    query.catalog = PriceCatalog::parse(catalog).value();
    RecostReport const dry = testing::run(ledger->recost(query)).value();
    CHECK(dry.total.rows == 5);
    CHECK(dry.total.changed == 3);
    CHECK(dry.total.before == Money::nanos(40'078));
    // 20 + 40 + 10 + 20 thousand and the one that is not known.
    CHECK(dry.total.after == Money::nanos(90'077));
    CHECK(report(ReportBy::model).total.cost == Money::nanos(40'078));

    query.apply = true;
    CHECK(testing::run(ledger->recost(query)).value().total.after == Money::nanos(90'077));
    CHECK(report(ReportBy::model).total.cost == Money::nanos(90'077));
    CHECK(report(ReportBy::model).total.unpriced == 0);
    RecostReport const again = testing::run(ledger->recost(query)).value();
    CHECK(again.total.changed == 0);
    LedgerPage const page = testing::run(ledger->rows(RowsQuery())).value();
    REQUIRE(page.rows.size() == 5);
    CHECK(page.rows[0].attempt.price_id == "openai/gpt-4o#default");
    CHECK(page.rows[2].attempt.price_id == "openai/gpt-4o@2026-04-01#default");
}

}  // namespace aikit::cost
