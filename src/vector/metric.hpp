// SPDX-License-Identifier: MIT
// vector/metric.hpp - metrics by their stored names.
#ifndef AIKIT_SRC_VECTOR_METRIC_HPP
#define AIKIT_SRC_VECTOR_METRIC_HPP

#include <aikit/vector/store.hpp>

#include <optional>
#include <string_view>

namespace aikit::inline v0::vector {

std::optional<Metric> metric_from_name(std::string_view text) noexcept;

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_METRIC_HPP
