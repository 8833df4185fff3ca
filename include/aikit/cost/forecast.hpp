// SPDX-License-Identifier: MIT
// aikit/cost/forecast.hpp - what is to come, and what stands out, by the costs of past days.
//
// Statistics are made in floating point, and amounts rounded once, when they are handed out.
#ifndef AIKIT_COST_FORECAST_HPP
#define AIKIT_COST_FORECAST_HPP

#include <aikit/cost/report.hpp>

#include <array>

namespace aikit::inline v0::cost {

/// What whole days cost, one after the other.
struct CostHistory {
    CostHistory() = default;

    SystemTime first_day;  ///< Its midnight.
    std::vector<Money> days;
};

struct CostRange {
    CostRange() = default;

    Money expected;
    Money low;
    Money high;

    /// What a Sunday, a Monday, ... costs beside the mean day.
    std::array<double, 7> weekdays{};
};

/// The sum of the days that follow a history. `parts` says how much of each counts: 1 is the whole day. The interval
/// holds the sum with a likelihood of `confidence`.
///
/// Days of the week have factors of their own, shrunk by how well they are known; what is left follows exponential
/// smoothing with a damped trend (Hyndman and others, "Forecasting with Exponential Smoothing", 2008), whose errors of
/// the past, drawn anew a thousand times, make the interval. The same history gives the same numbers.
/// Errors: invalid_argument (fewer than 7 days, more than 400 parts, a confidence that is not within 0.5 and 0.99).
AIKIT_EXPORT Result<CostRange> forecast_costs(CostHistory const& history, std::vector<double> const& parts,
                                              double confidence);

struct ForecastQuery : RowFilter {
    ForecastQuery() = default;

    double confidence = 0.8;
    std::chrono::minutes utc_offset{0};  ///< As ReportQuery::utc_offset.
    int history_days = 120;              ///< How far back it looks; 7 to 1,000. `from` and `until` are not looked at.
};

struct CostForecast {
    CostForecast() = default;

    SystemTime from, until;  ///< The month.
    Money spent;             ///< In it, so far.
    CostRange month;         ///< Of the whole month, with what is spent.
    double confidence = 0;
    std::int64_t history_days = 0;
};

struct CostAnomaly {
    CostAnomaly() = default;

    std::string key;  ///< Of what: as ReportLine::key; empty for all together.
    SystemTime day;   ///< Its midnight.
    Money cost;
    Money expected;
    double score = 0;  ///< How many times the usual deviation it is away; below zero: too cheap.
};

/// Days that cost far more or less than others of their weekday. A day is held against the median of the four weeks
/// before it, on a logarithmic scale, and against the median of their deviations (MAD), so that earlier outliers hide
/// nothing. A history begins with its first costs, and the first 14 days of it are never told. `threshold`: 5 tells
/// about two in a thousand days of clean costs.
AIKIT_EXPORT std::vector<CostAnomaly> find_anomalies(CostHistory const& history, double threshold);

struct AnomalyQuery : RowFilter {
    AnomalyQuery() = default;

    std::optional<ReportBy> by;  ///< Each line on its own, of the 200 dearest; nothing or day: all together.
    double threshold = 5;        ///< 2 to 100.
    std::chrono::minutes utc_offset{0};
    int history_days = 120;  ///< 14 to 1,000. Without `until` it ends with yesterday.
};

struct AnomalyReport {
    AnomalyReport() = default;

    std::vector<CostAnomaly> anomalies;  ///< Latest day first.
    std::int64_t days_checked = 0;       ///< Of all lines together.
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_FORECAST_HPP
