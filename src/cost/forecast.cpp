// SPDX-License-Identifier: MIT
// cost/forecast.cpp - futures drawn from the errors of the past, and days that stand out from their weeks.
#include "cost/smoothing.hpp"

#include <aikit/cost/forecast.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace aikit::inline v0::cost {
namespace {

constexpr std::size_t futures = 1'000;

/// 0 is Sunday; 1970 began on a Thursday.
std::size_t weekday_of(SystemTime day) {
    auto const days = std::chrono::floor<std::chrono::days>(day).time_since_epoch().count();
    return static_cast<std::size_t>(((days + 4) % 7 + 7) % 7);
}

std::vector<double> dollars_of(std::vector<Money> const& days) {
    std::vector<double> dollars;
    dollars.reserve(days.size());
    for (Money const cost : days)
        dollars.push_back(static_cast<double>(std::max<std::int64_t>(0, cost.nanos())) * 1e-9);
    return dollars;
}

/// The nearest amount; far beyond all money there is, the greatest.
Money money_of(double dollars) {
    constexpr double most = 9e18;
    return Money::nanos(static_cast<std::int64_t>(std::llround(std::clamp(dollars * 1e9, -most, most))));
}

double median_of(std::vector<double> values) {
    if (values.empty()) return 0;
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Draws sums of the days to come.
class Futures {
public:
    Futures(Smoothing const& model, std::array<double, 7> const& weekdays, std::size_t first_weekday)
        : model_(model), weekdays_(weekdays), first_weekday_(first_weekday) {
        auto const known = static_cast<double>(model.errors.size());
        widen_ = std::sqrt(known / std::max(1.0, known - 3));
        level_error_ = model.deviation / std::sqrt(std::min(known, (2 - model.alpha) / model.alpha));
        trend_error_ = 0.5 * model.deviation * std::sqrt(12.0 / std::pow(std::min(known, 60.0), 3));
    }

    double draw(std::vector<double> const& parts) {
        double level = std::max(model_.floor, model_.level * (1 + level_error_ * normal()));
        double trend = model_.trend + trend_error_ * model_.level * normal();
        double sum = 0;
        for (std::size_t day = 0; day < parts.size(); ++day) {
            double const expected = std::max(model_.floor, level + model_.damping * trend);
            double const error = next_error();
            sum += parts[day] * weekdays_[(first_weekday_ + day) % 7] * std::max(0.0, expected * (1 + error));
            level = std::max(model_.floor, expected + model_.alpha * expected * error);
            trend = model_.damping * trend + model_.beta * expected * error;
        }
        left_ = 0;
        return sum;
    }

private:
    /// Errors come three in a row, as they did, unless the level follows them at once.
    double next_error() {
        if (left_ == 0) {
            at_ = static_cast<std::size_t>(dice_() % model_.errors.size());
            left_ = model_.alpha < 0.2 ? 3 : 1;
        }
        --left_;
        return model_.errors[at_++ % model_.errors.size()] * widen_;
    }

    /// Box and Muller's: the library's own differs from one to the other.
    double normal() {
        double const one = (static_cast<double>(dice_() >> 11) + 1) * 0x1p-53;
        double const two = static_cast<double>(dice_() >> 11) * 0x1p-53;
        return std::sqrt(-2 * std::log(one)) * std::cos(6.283185307179586 * two);
    }

    Smoothing const& model_;
    std::array<double, 7> const& weekdays_;
    std::size_t const first_weekday_;
    std::mt19937_64 dice_{20'260'821};
    double widen_ = 1, level_error_ = 0, trend_error_ = 0;
    std::size_t at_ = 0;
    int left_ = 0;
};

/// What days cost without their weekday's factor; days that cost nothing by their weekday tell nothing.
std::vector<double> without_weekdays(std::vector<double> const& days, std::array<double, 7> const& factors,
                                     std::size_t first_weekday) {
    constexpr double least_factor = 0.05;
    std::vector<double> values;
    for (std::size_t day = 0; day < days.size(); ++day) {
        double const factor = factors[(first_weekday + day) % 7];
        if (factor > least_factor) values.push_back(days[day] / factor);
    }
    return values;
}

/// Medians of the logarithms of each weekday beside that of all days, by what was there before `day`.
std::array<double, 7> weekday_offsets(std::vector<double> const& logs, std::size_t day, std::size_t first_weekday,
                                      double middle) {
    std::array<std::vector<double>, 7> values;
    std::size_t const from = day > 56 ? day - 56 : 0;
    for (std::size_t i = from; i < day; ++i) values[(first_weekday + i) % 7].push_back(logs[i]);
    std::array<double, 7> offsets{};
    for (std::size_t i = 0; i < 7; ++i) {
        auto const count = static_cast<double>(values[i].size());
        if (count < 2) continue;
        // Of two days one may stand out: the usual one is nearer to all others.
        bool const nearer = count == 2 && std::abs(values[i][0] - middle) < std::abs(values[i][1] - middle);
        double const own = count > 2 ? median_of(values[i]) : values[i][nearer ? 0 : 1];
        offsets[i] = (own - middle) * count / (count + 1);
    }
    return offsets;
}

/// What was before the first costs tells nothing of them.
CostHistory since_first_costs(CostHistory const& history) {
    auto const first = std::find_if(history.days.begin(), history.days.end(), [](Money day) { return day != Money(); });
    CostHistory rest;
    rest.first_day = history.first_day + std::chrono::hours(24 * (first - history.days.begin()));
    rest.days.assign(first, history.days.end());
    return rest;
}

}  // namespace

Result<CostRange> forecast_costs(CostHistory const& history, std::vector<double> const& parts, double confidence) {
    if (history.days.size() < 7) {
        return fail(Errc::invalid_argument, "forecast: there are fewer than 7 whole days to learn from");
    }
    if (parts.size() > 400) return fail(Errc::invalid_argument, "forecast: more than 400 days are asked for");
    if (!(confidence >= 0.5 && confidence <= 0.99)) {
        return fail(Errc::invalid_argument, "forecast: confidence must be 0.5 to 0.99");
    }
    std::vector<double> const days = dollars_of(history.days);
    std::size_t const first = weekday_of(history.first_day);
    CostRange range;
    range.weekdays = weekday_factors(days, first);
    Smoothing const model = fit_smoothing(without_weekdays(days, range.weekdays, first));
    if (model.errors.empty()) return range;  // nothing was ever spent
    Futures drawn(model, range.weekdays, (first + days.size()) % 7);
    std::vector<double> sums(futures);
    for (double& sum : sums) sum = drawn.draw(parts);
    std::sort(sums.begin(), sums.end());
    double const tail = (1 - confidence) / 2;
    auto const place = static_cast<std::size_t>(std::floor(tail * static_cast<double>(futures)));
    range.low = money_of(sums[place]);
    range.high = money_of(sums[futures - 1 - place]);
    range.expected = money_of(std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(futures));
    return range;
}

std::vector<CostAnomaly> find_anomalies(CostHistory const& whole, double threshold) {
    constexpr std::size_t least_days = 14, window = 28;
    CostHistory const history = since_first_costs(whole);
    std::vector<double> const days = dollars_of(history.days);
    std::size_t const first = weekday_of(history.first_day);
    std::vector<CostAnomaly> found;
    std::vector<double> logs;
    std::vector<double> spent;
    for (double const day : days) {
        if (day > 0) spent.push_back(day);
    }
    // Of a day without costs there is no logarithm; a hundredth of the usual day stands for nothing.
    double const least = median_of(spent) * 0.01;
    if (least <= 0) return found;
    for (double const day : days) logs.push_back(std::log(day + least));
    for (std::size_t day = least_days; day < days.size(); ++day) {
        std::size_t const from = day > window ? day - window : 0;
        auto const begin = logs.begin() + static_cast<std::ptrdiff_t>(from);
        double const middle = median_of(std::vector<double>(begin, logs.begin() + static_cast<std::ptrdiff_t>(day)));
        std::array<double, 7> const offsets = weekday_offsets(logs, day, first, middle);
        std::vector<double> rest;
        for (std::size_t i = from; i < day; ++i) rest.push_back(logs[i] - offsets[(first + i) % 7]);
        double const centre = median_of(rest);
        std::vector<double> deviations;
        for (double const each : rest) deviations.push_back(std::abs(each - centre));
        // 1.4826 makes a MAD a deviation of the normal distribution; nobody wants to hear of a tenth more or less.
        double const scale =
            std::max(0.05, 1.4826 * median_of(deviations) * (1 + 5.0 / static_cast<double>(rest.size())));
        double const usual = centre + offsets[(first + day) % 7];
        double const score = (logs[day] - usual) / scale;
        if (std::abs(score) < threshold) continue;
        CostAnomaly anomaly;
        anomaly.day = history.first_day + std::chrono::hours(24 * static_cast<std::int64_t>(day));
        anomaly.cost = history.days[day];
        anomaly.expected = money_of(std::max(0.0, std::exp(usual) - least));
        anomaly.score = score;
        found.push_back(std::move(anomaly));
    }
    return found;
}

}  // namespace aikit::inline v0::cost
