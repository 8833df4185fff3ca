// SPDX-License-Identifier: MIT
// aikit/testing/manual_clock.hpp - a clock that a test turns by hand.
#ifndef AIKIT_TESTING_MANUAL_CLOCK_HPP
#define AIKIT_TESTING_MANUAL_CLOCK_HPP

#include <aikit/core/clock.hpp>

#include <memory>

namespace aikit::inline v0::testing {

/// Time stands still until advance(). Starts at 2026-01-01T00:00:00Z and at a steady time of one hour.
///
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT ManualClock final : public Clock {
public:
    ManualClock();
    ~ManualClock() override;
    SteadyTime now() const noexcept override;
    SystemTime system_now() const noexcept override;
    std::unique_ptr<Timer> make_timer(boost::asio::any_io_executor executor) override;

    /// Moves both times on. Timers due by then fire in order of their time, each posted to its own executor.
    void advance(std::chrono::microseconds by);

    /// Moves on to the earliest armed timer; false when none is armed.
    bool advance_to_next();

    /// Sets what the wall shows, forwards or back, without moving the steady time.
    void set_system(SystemTime time);

    /// How many timers are armed.
    std::size_t armed() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_MANUAL_CLOCK_HPP
