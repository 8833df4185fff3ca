// SPDX-License-Identifier: MIT
// aikit/core/observer.hpp - counters, histograms and spans, handed to whoever wants to export them.
//
// Names follow the OpenTelemetry GenAI conventions where those have one. Off (a null Observer) costs a comparison.
#ifndef AIKIT_CORE_OBSERVER_HPP
#define AIKIT_CORE_OBSERVER_HPP

#include <aikit/core/log.hpp>
#include <aikit/core/trace.hpp>

#include <span>

namespace aikit::inline v0 {

/// Supplied by the host. Called from any thread; must not block, must not throw.
class Observer {
public:
    virtual ~Observer() = default;

    /// Adds to a counter such as "gen_ai.client.token.usage".
    virtual void count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept = 0;

    /// Notes one value of a distribution. What ends in ".duration", ".time_to_first_chunk" or ".time_per_output_chunk"
    /// is in microseconds; exporters turn it into the seconds that the conventions ask for.
    virtual void record(std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept = 0;

    /// Tells a piece of work, once it has ended. Nothing is told of traces that are not sampled.
    virtual void span([[maybe_unused]] Span const& span) noexcept {}
};

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_OBSERVER_HPP
