// SPDX-License-Identifier: MIT
// cost/smoothing.cpp - factors of weekdays from a moving week, a level from a grid of parameters.
#include "cost/smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace aikit::inline v0::cost {
namespace {

double mean_of(std::vector<double> const& values) {
    return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// What a day cost beside the week around it, by its weekday.
std::array<std::vector<double>, 7> ratios_of(std::vector<double> const& days, std::size_t first_weekday) {
    std::array<std::vector<double>, 7> ratios;
    for (std::size_t day = 3; day + 3 < days.size(); ++day) {
        double const week = std::accumulate(days.begin() + static_cast<std::ptrdiff_t>(day) - 3,
                                            days.begin() + static_cast<std::ptrdiff_t>(day) + 4, 0.0) /
                            7;
        if (week > 0) ratios[(first_weekday + day) % 7].push_back(days[day] / week);
    }
    return ratios;
}

/// Starts from the first values, or, with a trend, from the line through the means of both halves.
void start(Smoothing& model, std::vector<double> const& values) {
    auto const count = static_cast<std::ptrdiff_t>(values.size());
    auto const mean = [&](std::ptrdiff_t from, std::ptrdiff_t until) {
        return std::accumulate(values.begin() + from, values.begin() + until, 0.0) / static_cast<double>(until - from);
    };
    if (model.beta == 0) {
        model.level = mean(0, std::min<std::ptrdiff_t>(14, std::max<std::ptrdiff_t>(3, count / 3)));
        return;
    }
    std::ptrdiff_t const half = count / 2;
    double const early = mean(0, half), late = mean(count - half, count);
    model.trend = (late - early) / static_cast<double>(count - half);
    model.level = std::max(model.floor, early - model.trend * static_cast<double>(half) / 2);
}

/// Walks through the values and gives the sum of the squared errors.
double walk(Smoothing& model, std::vector<double> const& values, double mean) {
    start(model, values);
    double squares = 0;
    model.errors.clear();
    for (double const value : values) {
        double const expected = std::max(model.floor, model.level + model.damping * model.trend);
        double const error = value - expected;
        squares += error * error / (mean * mean);
        model.errors.push_back(error / expected);
        model.level = std::max(model.floor, expected + model.alpha * error);
        model.trend = model.damping * model.trend + model.beta * error;
    }
    return squares;
}

}  // namespace

std::array<double, 7> weekday_factors(std::vector<double> const& days, std::size_t first_weekday) {
    std::array<double, 7> factors;
    factors.fill(1);
    constexpr std::size_t three_weeks = 21;
    if (days.size() < three_weeks) return factors;
    std::array<std::vector<double>, 7> const ratios = ratios_of(days, first_weekday);
    std::array<double, 7> means{};
    double squares = 0, count = 0;
    for (std::size_t day = 0; day < 7; ++day) {
        if (ratios[day].empty()) return factors;
        means[day] = mean_of(ratios[day]);
        for (double const ratio : ratios[day]) squares += (ratio - means[day]) * (ratio - means[day]);
        count += static_cast<double>(ratios[day].size());
    }
    double const mean = std::accumulate(means.begin(), means.end(), 0.0) / 7;
    if (mean <= 0) return factors;
    double between = 0;
    for (double const each : means) between += (each - mean) * (each - mean) / 6;
    // What the means differ by chance alone is taken off (James and Stein).
    double const noise = squares / std::max(1.0, count - 7) / (count / 7);
    double const weight = between > 0 ? std::max(0.0, 1 - noise / between) : 0;
    for (std::size_t day = 0; day < 7; ++day) factors[day] = std::max(0.0, 1 + weight * (means[day] - mean) / mean);
    double const sum = std::accumulate(factors.begin(), factors.end(), 0.0) / 7;
    for (double& factor : factors) factor /= sum;
    return factors;
}

Smoothing fit_smoothing(std::vector<double> const& values) {
    double const mean = mean_of(values);
    Smoothing best;
    if (mean <= 0) return best;
    auto const count = static_cast<double>(values.size());
    double best_score = std::numeric_limits<double>::infinity();
    for (double const alpha : {0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7}) {
        for (double const beta : {0.0, 0.005, 0.02, 0.06}) {
            for (double const damping : {0.98, 0.995}) {
                if (beta > alpha || (beta == 0 && damping != 0.98)) continue;
                Smoothing model;
                model.alpha = alpha;
                model.beta = beta;
                model.damping = damping;
                model.floor = mean * 1e-3;
                double const squares = walk(model, values, mean);
                double const score = count * std::log(std::max(squares, 1e-12) / count) + (beta > 0 ? 3 : 0);
                if (score >= best_score) continue;
                best_score = score;
                best = std::move(model);
            }
        }
    }
    double const shift = mean_of(best.errors);
    double squares = 0;
    for (double& error : best.errors) {
        error -= shift;
        squares += error * error;
    }
    best.deviation = std::sqrt(squares / std::max(1.0, count - 2));
    return best;
}

}  // namespace aikit::inline v0::cost
