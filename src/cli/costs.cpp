// SPDX-License-Identifier: MIT
// cli/costs.cpp - aikit cost: reports, export, prune, recost.
#include "cli/costs.hpp"

#include "kit/cost_actions.hpp"

#include <aikit/cost/export.hpp>

#include <charconv>

namespace aikit::cli {
namespace {

/// "+02:00", "-0530", "Z"
Result<std::chrono::minutes> read_offset(std::string const& text) {
    if (text.empty() || text == "Z") return std::chrono::minutes(0);
    Result<SystemTime> const at = from_rfc3339("2026-01-01T00:00:00" + text);
    Result<SystemTime> const utc = from_rfc3339("2026-01-01T00:00:00Z");
    if (at && utc) return std::chrono::duration_cast<std::chrono::minutes>(*utc - *at);
    return fail(Errc::invalid_argument, "--utc-offset must be such as +02:00 or -05:30");
}

/// A day begins at its midnight in the place that is meant.
Result<std::optional<SystemTime>> read_bound(std::string const& text, std::chrono::minutes offset, char const* flag) {
    if (text.empty()) return std::optional<SystemTime>();
    constexpr std::size_t length_of_day = 10;
    bool const is_day = text.size() == length_of_day;
    Result<SystemTime> const at = from_rfc3339(is_day ? text + "T00:00:00Z" : text);
    if (at) return std::optional<SystemTime>(is_day ? *at - offset : *at);
    return fail(Errc::invalid_argument, std::string(flag) +
                                            " must be a day such as 2026-08-21 or a time such as "
                                            "2026-08-21T09:30:00Z");
}

/// "+12 %" since before; empty where there is nothing to compare.
std::string change_of(cost::ReportLine const& line) {
    if (!line.cost_before) return {};
    std::string text = "  before $" + line.cost_before->usd();
    if (line.cost_before->nanos() <= 0) return text;
    double const ratio = static_cast<double>(line.cost.nanos()) / static_cast<double>(line.cost_before->nanos());
    auto const percent = static_cast<std::int64_t>(ratio * 100 + 0.5) - 100;
    return text + " (" + (percent < 0 ? "" : "+") + std::to_string(percent) + " %)";
}

void print_line(Console& console, cost::ReportLine const& line, std::string const& key) {
    std::string text = headed(key) + padded(std::to_string(line.calls), 8) + padded(std::to_string(line.failed), 8) +
                       padded(std::to_string(line.input_tokens), 12) + padded(std::to_string(line.output_tokens), 12) +
                       padded("$" + line.cost.usd(), 16) + change_of(line);
    if (line.unpriced > 0) text += "  + " + std::to_string(line.unpriced) + " without a price";
    console.line(text);
}

void print(Console& console, cost::Report const& report, std::string const& by) {
    console.line(console.bold(headed(by) + padded("calls", 8) + padded("failed", 8) + padded("tokens in", 12) +
                              padded("tokens out", 12) + padded("cost", 16)));
    for (cost::ReportLine const& line : report.lines) print_line(console, line, line.key.empty() ? "-" : line.key);
    print_line(console, report.total, "total");
}

void print(Console& console, cost::RecostReport const& report) {
    console.line(console.bold(headed("model") + padded("rows", 8) + padded("changed", 9) + padded("before", 16) +
                              padded("after", 16)));
    auto const line = [&](cost::RecostLine const& of, std::string const& name) {
        console.line(headed(name) + padded(std::to_string(of.rows), 8) + padded(std::to_string(of.changed), 9) +
                     padded("$" + of.before.usd(), 16) + padded("$" + of.after.usd(), 16));
    };
    for (cost::RecostLine const& of : report.lines) line(of, of.provider + "/" + of.model);
    line(report.total, "total");
}

/// The first moment whose rows stay.
Result<SystemTime> read_prune(CostSettings const& settings) {
    if (settings.before.empty() == settings.keep.empty()) {
        return fail(Errc::invalid_argument, "prune takes --before DAY or --keep DAYS");
    }
    if (!settings.before.empty()) {
        Result<std::optional<SystemTime>> const before =
            read_bound(settings.before, std::chrono::minutes(0), "--before");
        if (!before) return before.error();
        return **before;
    }
    int days = 0;
    char const* const end = settings.keep.data() + settings.keep.size();
    auto const read = std::from_chars(settings.keep.data(), end, days);
    bool const good = read.ec == std::errc() && read.ptr == end && days >= 1 && days <= 36'500;
    if (!good) return fail(Errc::invalid_argument, "--keep must be 1 to 36500 days");
    return real_clock()->system_now() - std::chrono::hours(24 * std::int64_t{days});
}

}  // namespace

Result<Session> open_ledger(CommonOptions const& common) {
    Result<KitConfig> config = configure(common, CallSettings());
    if (!config) return config.error();
    return open_kit(std::move(*config));
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.insert(0, width - text.size(), ' ');
    return text;
}

int show_action(CommonOptions const& common, char const* action, Result<json::object> const& request,
                std::function<void(Console&, json::value const&)> const& print) {
    Console console(common.json, common.quiet);
    if (!request) return console.fail(request.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<std::string> const reply = run(*kit, costs::run(*kit, action, json::serialize(*request)));
    if (!reply) return console.fail(reply.error());
    if (Result<void> const noted = run(*kit, kit->flush()); !noted) return console.fail(noted.error());
    if (console.json()) {
        console.line(*reply);
        return 0;
    }
    Result<json::value> const read = json::parse(*reply, "reply", Errc::internal);
    if (!read) return console.fail(read.error());
    print(console, *read);
    return 0;
}

std::string text_of(json::value const& object, char const* member) {
    return std::string(json::text(object, member).value_or(""));
}

std::string headed(std::string text) {
    if (text.size() < 32) text.append(32 - text.size(), ' ');
    return text;
}

Result<cost::ReportQuery> read_cost_flags(CostSettings const& settings) {
    cost::ReportQuery query;
    static_cast<cost::RowFilter&>(query) = settings.filter;
    query.by = cost::report_by(settings.by).value_or(cost::ReportBy::model);
    Result<std::chrono::minutes> const offset = read_offset(settings.utc_offset);
    if (!offset) return offset.error();
    query.utc_offset = *offset;
    Result<std::optional<SystemTime>> const from = read_bound(settings.from, *offset, "--from");
    if (!from) return from.error();
    Result<std::optional<SystemTime>> const until = read_bound(settings.until, *offset, "--until");
    if (!until) return until.error();
    query.from = *from;
    query.until = *until;
    query.trend = settings.trend;
    if (query.trend && !query.from) return fail(Errc::invalid_argument, "--trend takes --from");
    if (query.trend && !query.until) query.until = real_clock()->system_now();
    return query;
}

int run_cost(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const query = read_cost_flags(settings);
    if (!query) return console.fail(query.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<cost::Report> const report = run(*kit, kit->cost_report(*query));
    if (!report) return console.fail(report.error());
    if (settings.csv) {
        console.write(cost::export_report(*report, query->by, cost::ExportFormat::csv));
    } else if (console.json()) {
        console.line(json::serialize(json_form::view(*report, query->by)));
    } else {
        print(console, *report, settings.by);
    }
    return 0;
}

int run_cost_export(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const filter = read_cost_flags(settings);
    if (!filter) return console.fail(filter.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    cost::ExportFormat const format = settings.csv ? cost::ExportFormat::csv : cost::ExportFormat::json_lines;
    cost::RowsQuery query;
    static_cast<cost::RowFilter&>(query) = *filter;
    console.write(cost::export_head(format));
    for (bool more = true; more && !output_lost();) {
        Result<cost::LedgerPage> const page = run(*kit, kit->ledger()->rows(query));
        if (!page) return console.fail(page.error());
        std::string text;
        for (cost::LedgerRow const& row : page->rows) cost::export_row(row, format, text);
        console.write(text);
        query.after = page->last;
        more = page->more;
    }
    return 0;
}

int run_cost_prune(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<SystemTime> const before = read_prune(settings);
    if (!before) return console.fail(before.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    Result<cost::PruneReport> const pruned = run(*kit, kit->ledger()->prune(*before));
    if (!pruned) return console.fail(pruned.error());
    if (console.json()) {
        console.line(json::serialize(json_form::view(*pruned)));
    } else {
        console.line(std::to_string(pruned->rows) + " rows from before " + to_rfc3339(pruned->before).substr(0, 10) +
                     " removed; their $" + pruned->cost.usd() + " stay in reports");
    }
    return 0;
}

int run_cost_recost(CommonOptions const& common, CostSettings const& settings) {
    Console console(common.json, common.quiet);
    Result<cost::ReportQuery> const filter = read_cost_flags(settings);
    if (!filter) return console.fail(filter.error());
    Result<Session> kit = open_ledger(common);
    if (!kit) return console.fail(kit.error());
    cost::RecostQuery query;
    static_cast<cost::RowFilter&>(query) = *filter;
    query.apply = settings.apply;
    Result<cost::RecostReport> const report = run(*kit, kit->recost(std::move(query)));
    if (!report) return console.fail(report.error());
    if (console.json()) {
        console.line(json::serialize(json_form::view(*report, settings.apply)));
        return 0;
    }
    print(console, *report);
    if (!settings.apply) console.note("nothing was changed; --apply writes it down");
    return 0;
}

}  // namespace aikit::cli
