// SPDX-License-Identifier: MIT
// router/latencies.hpp - how the calls of the last while ended, and how long they took.
#ifndef AIKIT_SRC_ROUTER_LATENCIES_HPP
#define AIKIT_SRC_ROUTER_LATENCIES_HPP

#include <aikit/core/clock.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>

namespace aikit::inline v0::router {

/// Counts durations in steps of a fifth, so that any quantile is told to a fifth.
class Durations {
public:
    void add(std::chrono::microseconds duration) noexcept {
        ++counts_[step_of(duration.count())];
        ++total_;
    }
    std::int64_t total() const noexcept { return total_; }

    /// Takes in what is older: counted half as much once there is plenty.
    void remember(Durations const& older) noexcept {
        constexpr std::int64_t plenty = 2'000;
        for (std::size_t step = 0; step < steps; ++step) counts_[step] += older.counts_[step];
        total_ += older.total_;
        if (total_ <= plenty) return;
        total_ = 0;
        for (std::uint32_t& count : counts_) total_ += count = (count + 1) / 2;
    }

    /// Calls `f(step, count)` for each step that has any.
    template <class F>
    void each(F const& f) const {
        for (std::size_t step = 0; step < steps; ++step) {
            if (counts_[step] > 0) f(step, counts_[step]);
        }
    }

    /// False: there is no such step, or the count cannot be.
    bool put(std::size_t step, std::uint32_t count) noexcept {
        constexpr std::uint32_t most = 1'000'000'000;
        if (step >= steps || count > most || counts_[step] != 0) return false;
        counts_[step] = count;
        total_ += count;
        return true;
    }

    /// Of these and `more` together: the upper end of the step that the quantile lies in.
    std::chrono::microseconds quantile(Durations const& more, double share) const noexcept {
        std::int64_t const all = total_ + more.total_;
        auto left = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(all)));
        for (std::size_t step = 0; step < steps; ++step) {
            left -= counts_[step] + more.counts_[step];
            if (left <= 0) return std::chrono::microseconds(end_of(step));
        }
        return std::chrono::microseconds(end_of(steps - 1));
    }

private:
    static constexpr std::size_t steps = 4 * 33;  // four to each doubling, up to 2^33 microseconds: two hours

    static std::size_t step_of(std::int64_t value) noexcept {
        auto const at_least = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 4));
        auto const doublings = static_cast<std::size_t>(std::bit_width(at_least) - 1);
        std::size_t const quarter = (at_least >> (doublings - 2)) & 3U;
        return std::min(steps - 1, doublings * 4 + quarter);
    }
    static std::int64_t end_of(std::size_t step) noexcept {
        std::int64_t const quarter = std::int64_t{1} << (step / 4 < 2 ? 0 : step / 4 - 2);
        return (std::int64_t{1} << (step / 4)) + quarter * static_cast<std::int64_t>(step % 4 + 1);
    }

    std::array<std::uint32_t, steps> counts_{};
    std::int64_t total_ = 0;
};

/// Two halves of a window; what is told is of both, that is of the last half to whole window.
class CallWindow {
public:
    explicit CallWindow(std::chrono::milliseconds length)
        : half_(std::max<SteadyTime::duration>(length / 2, ticks(1))) {}

    void ended(SteadyTime now, bool failed) {
        roll(now);
        ++now_.calls;
        now_.failures += failed ? 1 : 0;
    }
    void took(SteadyTime now, std::chrono::microseconds latency, std::optional<std::chrono::microseconds> first_token) {
        roll(now);
        now_.latency.add(latency);
        if (first_token) now_.first_token.add(*first_token);
    }
    /// One that did not end would have taken longer than so.
    void waited(SteadyTime now, std::chrono::microseconds so_far, bool stream) {
        roll(now);
        (stream ? now_.first_token : now_.latency).add(so_far);
    }
    /// Failures are forgotten; how long calls took is not.
    void forget(SteadyTime now) {
        retire(before_);
        retire(now_);
        now_ = before_ = Half();
        begun_ = now;
    }

    std::int64_t calls(SteadyTime now) {
        roll(now);
        return now_.calls + before_.calls;
    }
    std::int64_t failures(SteadyTime now) {
        roll(now);
        return now_.failures + before_.failures;
    }
    std::optional<std::chrono::microseconds> quantile(SteadyTime now, bool streams, double share, std::int64_t least) {
        roll(now);
        Durations const& recent = streams ? now_.first_token : now_.latency;
        Durations const& older = streams ? before_.first_token : before_.latency;
        std::int64_t const enough = std::max<std::int64_t>(least, 1);
        if (recent.total() + older.total() >= enough) return recent.quantile(older, share);
        Durations const all = remembered(streams);
        if (all.total() < enough) return std::nullopt;
        return all.quantile(Durations(), share);
    }

    /// All there is, whatever its age.
    Durations remembered(bool streams) const noexcept {
        Durations all = streams ? past_.first_token : past_.latency;
        all.remember(streams ? before_.first_token : before_.latency);
        all.remember(streams ? now_.first_token : now_.latency);
        return all;
    }
    void put_back(bool streams, Durations const& past) noexcept {
        (streams ? past_.first_token : past_.latency) = past;
    }

private:
    using ticks = SteadyTime::duration;

    struct Half {
        std::int64_t calls = 0;
        std::int64_t failures = 0;
        Durations latency, first_token;
    };

    void roll(SteadyTime now) {
        if (now - begun_ < half_) return;
        retire(before_);
        before_ = now_;
        if (now - begun_ >= 2 * half_) {
            retire(before_);
            before_ = Half();
        }
        now_ = Half();
        begun_ = now;
    }

    void retire(Half const& half) noexcept {
        past_.latency.remember(half.latency);
        past_.first_token.remember(half.first_token);
    }

    SteadyTime::duration half_;
    SteadyTime begun_{};
    Half now_, before_;
    Half past_;  // its durations only
};

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_LATENCIES_HPP
