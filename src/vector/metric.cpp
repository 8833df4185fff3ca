// SPDX-License-Identifier: MIT
// vector/metric.cpp - metrics by their stored names.
#include "vector/metric.hpp"

namespace aikit::inline v0::vector {

char const* name(Metric metric) noexcept {
    switch (metric) {
        case Metric::cosine: return "cosine";
        case Metric::dot: return "dot";
        case Metric::l2: return "l2";
    }
    return "unknown";
}

std::optional<Metric> metric_from_name(std::string_view text) noexcept {
    for (Metric const metric : {Metric::cosine, Metric::dot, Metric::l2}) {
        if (text == name(metric)) return metric;
    }
    return std::nullopt;
}

}  // namespace aikit::inline v0::vector
