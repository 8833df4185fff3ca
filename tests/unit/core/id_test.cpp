// SPDX-License-Identifier: MIT
// Covers core/id: the form, the order and the uniqueness of UUIDs of version 7 (RFC 9562).
#include <aikit/core/id.hpp>
#include <aikit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <unordered_set>
#include <vector>

namespace aikit::inline v0 {
namespace {

std::uint64_t milliseconds_in(std::string const& id) {
    return std::strtoull((id.substr(0, 8) + id.substr(9, 4)).c_str(), nullptr, 16);
}

std::uint64_t milliseconds_of(Clock const& clock) {
    auto const since = clock.system_now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(since).count());
}

}  // namespace

TEST_CASE("an id is a UUID of version 7 that tells when it was made") {
    testing::ManualClock clock;
    clock.advance(std::chrono::hours(24 * 365 * 100));  // beyond what other tests leave behind
    for (int i = 0; i < 10'000; ++i) {
        clock.advance(std::chrono::milliseconds(i % 3));
        std::string const id = new_id(clock);
        if (!is_uuid(id) || id[14] != '7' || std::string("89ab").find(id[19]) == std::string::npos) FAIL(id);
        if (id.find_first_not_of("0123456789abcdef-") != std::string::npos) FAIL(id);
        if (milliseconds_in(id) != milliseconds_of(clock)) FAIL(id << " is not of " << milliseconds_of(clock));
    }
}

TEST_CASE("a hundred thousand ids are strictly increasing, with the clock running and standing still") {
    std::shared_ptr<Clock> const running = real_clock();
    std::string last = new_id(*running);
    for (int i = 0; i < 100'000; ++i) {
        std::string id = new_id(*running);
        if (id <= last) FAIL(id << " after " << last);
        last = std::move(id);
    }

    testing::ManualClock still;
    last = new_id(still);
    for (int i = 0; i < 100'000; ++i) {
        std::string id = new_id(still);
        if (id <= last) FAIL(id << " after " << last);
        last = std::move(id);
    }
}

TEST_CASE("more ids in one millisecond than its counter holds still increase") {
    testing::ManualClock still;
    still.advance(std::chrono::hours(24 * 365 * 200));
    std::string last = new_id(still);
    for (int i = 0; i < 1'200'000; ++i) {
        std::string id = new_id(still);
        if (id <= last) FAIL(id << " after " << last);
        last = std::move(id);
    }
}

TEST_CASE("a clock set back a little does not break the order, and one set back a lot is followed") {
    testing::ManualClock clock;
    clock.set_system(SystemTime(std::chrono::hours(24 * 365 * 300)));
    std::string const first = new_id(clock);
    clock.set_system(clock.system_now() - std::chrono::seconds(5));
    std::string const second = new_id(clock);
    CHECK(second > first);
    clock.set_system(clock.system_now() - std::chrono::hours(1));
    CHECK(milliseconds_in(new_id(clock)) == milliseconds_of(clock));
}

TEST_CASE("ids of many threads are all different, and each thread sees its own increase") {
    constexpr int threads = 8;
    constexpr int each = 20'000;
    std::shared_ptr<Clock> const clock = real_clock();
    std::vector<std::vector<std::string>> made(threads);
    std::vector<std::thread> crew;
    for (auto& mine : made) {
        crew.emplace_back([&clock, &mine] {
            for (int i = 0; i < each; ++i) mine.push_back(new_id(*clock));
        });
    }
    for (std::thread& thread : crew) thread.join();

    std::unordered_set<std::string> all;
    for (auto const& mine : made) {
        for (std::size_t i = 0; i < mine.size(); ++i) {
            if (i > 0 && mine[i] <= mine[i - 1]) FAIL(mine[i] << " after " << mine[i - 1]);
            all.insert(mine[i]);
        }
    }
    CHECK(all.size() == static_cast<std::size_t>(threads * each));
}

TEST_CASE("a forked child and its parent make different ids") {
    testing::ManualClock clock;
    static_cast<void>(new_id(clock));
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
        std::string const id = new_id(clock);
        ::_exit(::write(pipe_ends[1], id.data(), id.size()) == 36 ? 0 : 1);
    }
    REQUIRE(child > 0);
    std::string const ours = new_id(clock);
    char theirs[37] = {};
    CHECK(::read(pipe_ends[0], theirs, 36) == 36);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);

    CHECK(is_uuid(theirs));
    CHECK(ours.substr(24) != std::string(theirs).substr(24));  // the random part, not only the counter
}

TEST_CASE("only the 36-character form is a UUID") {
    std::string const good = "0198b2f0-7c5e-7000-8a2b-0123456789AB";
    CHECK(is_uuid(good));
    CHECK_FALSE(is_uuid(""));
    CHECK_FALSE(is_uuid(good + "0"));
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = good[i] == '-' ? '0' : '-';
        CHECK_FALSE(is_uuid(bad));
        bad[i] = 'g';
        CHECK_FALSE(is_uuid(bad));
        CHECK_FALSE(is_uuid(good.substr(0, i)));
    }
}

}  // namespace aikit::inline v0
