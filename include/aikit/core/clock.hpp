// SPDX-License-Identifier: MIT
// aikit/core/clock.hpp - time as a thing that can be handed in, so that tests and simulations own it.
#ifndef AIKIT_CORE_CLOCK_HPP
#define AIKIT_CORE_CLOCK_HPP

#include <aikit/core/result.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace aikit::inline v0 {

/// For durations and deadlines; never goes back.
using SteadyTime = std::chrono::steady_clock::time_point;

/// For what people see and what is stored: microseconds, UTC.
using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// A wake-up that can be moved. Re-arming is cheap: it is meant to be moved on every read.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe; use it on the executor it was made for.
class Timer {
public:
    virtual ~Timer() = default;

    /// Calls `action` once at `at`, on the timer's executor; replaces what was armed before. After arm or disarm
    /// returns, no earlier action runs.
    virtual void arm(SteadyTime at, std::function<void()> action) = 0;

    virtual void disarm() noexcept = 0;
};

/// Where time comes from. Thread-safety: shared objects: safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual SteadyTime now() const noexcept = 0;
    virtual SystemTime system_now() const noexcept = 0;

    /// A timer whose actions run on `executor`. It must go before the executor's context does; a runtime's executors
    /// see to that. An action that is armed when the context ends is destroyed with it.
    virtual std::unique_ptr<Timer> make_timer(boost::asio::any_io_executor executor) = 0;
};

/// The machine's clocks and Asio's timers.
AIKIT_EXPORT std::shared_ptr<Clock> real_clock();

/// Waits until `at`. The clock must outlive the wait.
///
/// Cancellation: terminal, partial, total. Errors: cancelled.
AIKIT_EXPORT Task<void> sleep_until(std::shared_ptr<Clock> clock, SteadyTime at);

/// A point in time by which a whole operation, with everything it starts, has to end.
class AIKIT_EXPORT Deadline {
public:
    /// Never.
    Deadline() = default;
    explicit Deadline(SteadyTime at) : at_(at) {}

    static Deadline never() noexcept { return Deadline(); }

    /// `limit` from now. Zero or less means never, as in CallOptions.
    static Deadline after(Clock const& clock, std::chrono::milliseconds limit) noexcept;

    bool is_never() const noexcept { return at_ == SteadyTime::max(); }
    bool passed(SteadyTime now) const noexcept { return now >= at_; }
    SteadyTime at() const noexcept { return at_; }

    /// The earlier of the two.
    Deadline sooner(Deadline other) const noexcept { return other.at_ < at_ ? other : *this; }

private:
    SteadyTime at_ = SteadyTime::max();
};

/// "2026-11-22T16:04:05.000123Z": RFC 3339, UTC, microseconds left out when zero.
AIKIT_EXPORT std::string to_rfc3339(SystemTime time);

/// Reads RFC 3339 with any offset; invalid_argument otherwise.
AIKIT_EXPORT Result<SystemTime> from_rfc3339(std::string_view text);

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_CLOCK_HPP
