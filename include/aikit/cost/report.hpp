// SPDX-License-Identifier: MIT
// aikit/cost/report.hpp - what is asked of a ledger, and what it answers.
#ifndef AIKIT_COST_REPORT_HPP
#define AIKIT_COST_REPORT_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/money.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

class PriceCatalog;

/// Which rows of a ledger. An empty text is any.
struct RowFilter {
    RowFilter() = default;

    std::optional<SystemTime> from;   ///< Inclusive.
    std::optional<SystemTime> until;  ///< Exclusive.
    std::string provider;
    std::string model;
    std::string operation;
    std::string tenant;
    std::string user;
    std::string key;
    std::string project;
    std::string tag;  ///< One of the row's tags.
};

enum class ReportBy { model, user, day, provider, key, project, tag, operation, tenant };

/// Static storage: "model", "user", ...
AIKIT_EXPORT char const* name(ReportBy by) noexcept;

/// The other way round; nothing for what is no name of one.
AIKIT_EXPORT std::optional<ReportBy> report_by(std::string_view name) noexcept;

struct ReportLine {
    ReportLine() = default;

    std::string key;                ///< The model, user, ..., or the day as "2026-11-22".
    std::int64_t calls = 0;         ///< Attempts: a call that was tried twice counts twice.
    std::int64_t failed = 0;        ///< Those that ended in an error; a stream that was let go is none.
    std::int64_t input_tokens = 0;  ///< Cache reads and writes included.
    std::int64_t output_tokens = 0;
    Money cost;
    std::int64_t estimated = 0;  ///< Rows whose usage was counted here.
    std::int64_t unpriced = 0;   ///< Rows that could not be priced: cost is a lower bound when there are any.

    // Where a trend was asked for: the same of the period before. Of a day: the day as far back as the period is long.
    std::optional<std::int64_t> calls_before;
    std::optional<Money> cost_before;
};

struct Report {
    Report() = default;

    /// Dearest first; days in their order. Rows with several tags stand in the line of each, so that lines of tags can
    /// come to more than the total.
    std::vector<ReportLine> lines;
    ReportLine total;  ///< key is empty.
};

struct ReportQuery : RowFilter {
    ReportQuery() = default;

    ReportBy by = ReportBy::model;

    /// How far east the place is whose days are meant; at most a day either way. What was pruned stays in its UTC day,
    /// and is in a period that its day begins in.
    std::chrono::minutes utc_offset{0};

    /// Compares with the period of the same length before `from`; takes both `from` and `until`.
    bool trend = false;
};

/// What a ledger let go of.
struct PruneReport {
    PruneReport() = default;

    SystemTime before;  ///< What started sooner is gone: the midnight, UTC, at or before the time that was asked for.
    std::int64_t rows = 0;
    Money cost;  ///< Of those rows. It stays in reports, by day.
};

/// Which rows are to be priced anew, and by what.
/// Discounts that begin at an amount go by the rows that are priced anew, so that whole months of a provider come out
/// right; rows of one moment may change places.
struct RecostQuery : RowFilter {
    RecostQuery() = default;

    std::shared_ptr<PriceCatalog const> catalog;  ///< Required.

    /// Puts the catalog's names of a provider and a model in the place of the ledger's. Empty: they are the same.
    std::function<void(std::string& provider, std::string& model)> names;

    /// Writes the new prices down; else nothing changes.
    bool apply = false;
};

struct RecostLine {
    RecostLine() = default;

    std::string provider;
    std::string model;
    std::int64_t rows = 0;
    std::int64_t changed = 0;   ///< Rows whose cost becomes another.
    std::int64_t unpriced = 0;  ///< Rows that have no price, and get none.
    Money before;
    Money after;
};

struct RecostReport {
    RecostReport() = default;

    std::vector<RecostLine> lines;  ///< Greatest difference first.
    RecostLine total;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_REPORT_HPP
