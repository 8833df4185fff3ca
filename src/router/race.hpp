// SPDX-License-Identifier: MIT
// router/race.hpp - one deployment is asked, and, when it takes longer than it mostly does, another beside it.
#ifndef AIKIT_SRC_ROUTER_RACE_HPP
#define AIKIT_SRC_ROUTER_RACE_HPP

#include "core/together.hpp"
#include "router/route.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace aikit::inline v0::router {

/// What came of asking: the answer, or the error that was met last, and where.
template <class T>
struct Outcome {
    Outcome() = default;
    Outcome(Place place_, Result<T> result_) : place(std::move(place_)), result(std::move(result_)) {}

    Place place;
    Result<T> result;
};

/// Two attempts of one operation. All of it runs on the operation's executor, one thing at a time.
template <class T>
class Race : public std::enable_shared_from_this<Race<T>> {
public:
    using Ask = std::function<Task<T>(Place const&)>;

    Race(std::shared_ptr<Course> course, Place place, Ask ask, SteadyTime hedge_at, bool stream)
        : course_(std::move(course)), ask_(std::move(ask)), hedge_at_(hedge_at), stream_(stream) {
        first_.place.emplace(std::move(place));
    }

    /// Ends when both attempts have: the slower one's bill is settled by then. Cancellation reaches both.
    static Task<Outcome<T>> run(std::shared_ptr<Race> self) {
        std::vector<Task<void>> both;
        both.push_back(ask_first(self));
        both.push_back(ask_second(self));
        Task<void> running = run_workers(std::move(both));
        Result<void> const ran = co_await std::move(running);
        if (!ran) co_return ran.error();
        co_return self->settle();
    }

private:
    struct Runner {
        std::optional<Place> place;  // once it was asked
        std::optional<Result<T>> result;
        std::shared_ptr<TaskStop> stop = std::make_shared<TaskStop>();
    };

    static Task<void> ask_first(std::shared_ptr<Race> self) {
        Task<void> asking = ask(self, self->first_, self->second_);
        co_return co_await std::move(asking);
    }

    static Task<void> ask_second(std::shared_ptr<Race> self) {
        Runner& own = self->second_;
        Task<void> nap = stoppable(own.stop, sleep_until(self->course_->core()->runtime.clock(), self->hedge_at_));
        Result<void> const slept = co_await std::move(nap);
        if (!slept || self->first_.result) co_return ok();
        own.place = self->course_->beside(self->first_.place->number());
        if (!own.place) co_return ok();
        Task<void> asking = ask(self, own, self->first_);
        co_return co_await std::move(asking);
    }

    static Task<void> ask(std::shared_ptr<Race> self, Runner& own, Runner& other) {
        Task<T> asking = stoppable(own.stop, guard(self->ask_(*own.place)));
        Result<T> result = co_await std::move(asking);
        self->ended(own, other, std::move(result));
        co_return ok();
    }

    void ended(Runner& own, Runner& other, Result<T> result) {
        if (result && winner_ == nullptr) winner_ = &own;
        // Other calls are to know at once, while this one waits for the other attempt.
        if (!result && !own.stop->stopped()) own.place->failed(result.error());
        own.result.emplace(std::move(result));
        last_ = &own;
        // The other is not needed any more; and what was not begun goes the usual way after a failure.
        if (!other.result && (winner_ == &own || !other.place)) other.stop->stop();
    }

    Result<Outcome<T>> settle() {
        if (!first_.result || (second_.place && !second_.result)) {
            return fail(Errc::internal, "An attempt ended without a result; please report it.");
        }
        if (!second_.place) return Outcome<T>(std::move(*first_.place), std::move(*first_.result));
        Runner& decisive = winner_ != nullptr ? *winner_ : *last_;
        Runner& other = &decisive == &first_ ? second_ : first_;
        if (*other.result || other.stop->stopped()) {
            other.place->overtaken(stream_);
            course_->overtaken(other.place->number());
        } else {
            other.place->failed(other.result->error());
            course_->failed(other.result->error(), other.place->number());
        }
        return Outcome<T>(std::move(*decisive.place), std::move(*decisive.result));
    }

    std::shared_ptr<Course> const course_;
    Ask const ask_;
    SteadyTime const hedge_at_;
    bool const stream_;
    Runner first_, second_;
    Runner* winner_ = nullptr;  // who answered first
    Runner* last_ = nullptr;    // who ended last
};

/// Asks at the place, and beside it as RouterConfig::hedge says. The error is that of an operation which cannot go on;
/// else what came stands in the outcome.
template <class T>
Task<Outcome<T>> ask_at(std::shared_ptr<Course> course, Place place, bool stream, typename Race<T>::Ask ask) {
    std::optional<SteadyTime> const hedge_at = course->hedge_at(place.number(), stream);
    if (!hedge_at) {
        Task<T> asking = guard(ask(place));
        Result<T> result = co_await std::move(asking);
        co_return Outcome<T>(std::move(place), std::move(result));
    }
    auto race = std::make_shared<Race<T>>(std::move(course), std::move(place), std::move(ask), *hedge_at, stream);
    Task<Outcome<T>> running = Race<T>::run(std::move(race));
    co_return co_await std::move(running);
}

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_RACE_HPP
