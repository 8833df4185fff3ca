// SPDX-License-Identifier: MIT
// cost/smoothing.hpp - factors of weekdays and a smoothed level: the model behind forecasts.
#ifndef AIKIT_SRC_COST_SMOOTHING_HPP
#define AIKIT_SRC_COST_SMOOTHING_HPP

#include <array>
#include <cstddef>
#include <vector>

namespace aikit::inline v0::cost {

/// Of Sunday to Saturday, with a mean of 1. A history of less than three weeks has none.
std::array<double, 7> weekday_factors(std::vector<double> const& days, std::size_t first_weekday);

/// A level with a damped trend, fitted to what days cost without their weekday's factor.
struct Smoothing {
    double level = 0, trend = 0;
    double alpha = 0, beta = 0;
    double damping = 0.98;
    double floor = 0;            ///< No level is below it.
    std::vector<double> errors;  ///< Of each day, beside what was expected; their mean is 0.
    double deviation = 0;        ///< Of the errors.
};

/// Takes the parameters of the least squared one-day errors; a trend has to earn its place.
Smoothing fit_smoothing(std::vector<double> const& values);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_SMOOTHING_HPP
