// SPDX-License-Identifier: MIT
// Covers core/together: several tasks at once.
#include "core/together.hpp"

#include "unit/core/driver.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;

struct Crowd : Driver {
    int running = 0;
    int most = 0;
    std::string begun;

    /// Sleeps, then gives its number; a negative length fails after that time.
    Task<int> one(int number, milliseconds length) {
        ++running;
        most = std::max(most, running);
        begun += std::to_string(number);
        SteadyTime const end = clock->now() + milliseconds(std::abs(length.count()));
        Result<void> const slept = co_await sleep_until(clock, end);
        --running;
        if (!slept) co_return slept.error();
        if (length.count() < 0) co_return fail(Errc::overloaded, "It is too much.");
        co_return number;
    }

    std::vector<Task<int>> tasks(std::vector<int> const& lengths) {
        std::vector<Task<int>> all;
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            all.push_back(one(static_cast<int>(i), milliseconds(lengths[i])));
        }
        return all;
    }

    std::string said(std::optional<Result<std::vector<Result<int>>>> const& end) {
        if (!end) return "waiting";
        if (!*end) return name(end->error().code);
        std::string text;
        for (Result<int> const& each : **end)
            text += each ? std::to_string(*each) : name(each.error().code)[0] == 'o' ? "!" : "-";
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Crowd, "tasks that run together take as long as the longest, and keep their order") {
    auto const end = spawn(together(tasks({30, 10, 20}), 8, false));
    settle();
    CHECK(begun == "012");
    advance(milliseconds(29));
    CHECK(said(*end) == "waiting");
    advance(milliseconds(1));
    CHECK(said(*end) == "012");
}

TEST_CASE_FIXTURE(Crowd, "no more tasks run together than asked for, whatever the width") {
    for (std::size_t width = 0; width <= 7; ++width) {
        most = 0;
        auto const end = spawn(together(tasks({3, 1, 4, 1, 5, 9}), width, false));
        for (int i = 0; i < 40; ++i) advance(milliseconds(1));
        CHECK(said(*end) == "012345");
        CHECK(most == static_cast<int>(std::clamp<std::size_t>(width, 1, 6)));
    }
}

TEST_CASE_FIXTURE(Crowd, "nothing to do together is done at once") {
    auto const end = spawn(together(tasks({}), 4, true));
    settle();
    CHECK(said(*end).empty());
}

TEST_CASE_FIXTURE(Crowd, "after a failure what runs goes on, and the rest begins only where it may") {
    auto const halts = spawn(together(tasks({5, -1, 5, 5}), 2, true));
    auto const goes_on = spawn(together(tasks({5, -1, 5, 5}), 2, false));
    for (int i = 0; i < 20; ++i) advance(milliseconds(1));
    CHECK(said(*halts) == "0!--");
    CHECK(said(*goes_on) == "0!23");
}

TEST_CASE_FIXTURE(Crowd, "cancelling tasks that run together ends each of them, and begins no other") {
    for (int after = 0; after < 6; ++after) {
        begun.clear();
        auto const end = spawn(together(tasks({2, 4, 6, 8}), 2, false));
        settle();
        for (int i = 0; i < after; ++i) advance(milliseconds(1));
        std::string const before = begun;
        cancel();
        settle();
        CHECK(running == 0);
        CHECK(begun == before);
        REQUIRE(end->has_value());
    }
}

TEST_CASE_FIXTURE(Crowd, "what a task throws is its own error") {
    std::vector<Task<int>> all = tasks({1});
    auto const thrower = []() -> Task<int> {
        throw std::runtime_error("thrown");
        co_return 0;
    };
    all.push_back(thrower());
    auto const end = spawn(together(std::move(all), 2, false));
    settle();
    advance(milliseconds(1));
    REQUIRE(end->has_value());
    REQUIRE(end->value().has_value());
    CHECK((**end)->at(0).value() == 0);
    CHECK((**end)->at(1).error().code == Errc::internal);
}

}  // namespace aikit::inline v0
