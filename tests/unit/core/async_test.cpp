// SPDX-License-Identifier: MIT
// Covers core/async: guards, hops and time limits.
#include "core/async.hpp"

#include "unit/core/driver.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <new>
#include <string>
#include <thread>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What an inner task did, seen from outside.
struct Diary {
    std::string text;
    bool gone = false;  ///< The inner coroutine's locals have been destroyed.
};

struct Leaving {
    explicit Leaving(Diary* diary_) : diary(diary_) {}
    ~Leaving() { diary->gone = true; }
    Leaving(Leaving const&) = delete;
    Leaving& operator=(Leaving const&) = delete;
    Diary* diary;
};

/// Works for `length`; when cancelled, cleans up for another `cleaning` and passes the error on.
Task<int> work(std::shared_ptr<Clock> clock, milliseconds length, milliseconds cleaning, Diary* diary) {
    Leaving const leaving(diary);
    diary->text += "begin ";
    SteadyTime const end = clock->now() + length;
    Result<void> const waited = co_await sleep_until(clock, end);
    if (waited) {
        diary->text += "end ";
        co_return 7;
    }
    diary->text += name(waited.error().code);
    if (cleaning > milliseconds(0)) {
        co_await boost::asio::this_coro::reset_cancellation_state();
        SteadyTime const clean = clock->now() + cleaning;
        Result<void> const cleaned = co_await sleep_until(clock, clean);
        diary->text += cleaned ? " cleaned " : " dirty ";
    }
    co_return waited.error();
}

struct Limits : Driver {
    Diary diary;

    std::shared_ptr<std::optional<Result<int>>> limited(milliseconds length, milliseconds limit,
                                                        milliseconds cleaning = {}) {
        Task<int> inner = work(clock, length, cleaning, &diary);
        auto const result = spawn(with_timeout(clock, Deadline::after(*clock, limit), "work", std::move(inner)));
        settle();
        return result;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Limits, "a task that ends in time gives its result, and its timer is gone") {
    auto const done = limited(seconds(1), seconds(2));
    CHECK(clock->armed() == 2);
    advance(seconds(1));
    REQUIRE(done->has_value());
    CHECK((*done)->value() == 7);
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Limits, "a task that takes too long is a timeout with what it was, and has ended by then") {
    auto const done = limited(seconds(3), seconds(2));
    advance(milliseconds(1'999));
    CHECK_FALSE(done->has_value());
    advance(milliseconds(1));
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::timeout);
    CHECK((*done)->error().message == "The work did not end within its time limit.");
    CHECK(diary.text == "begin cancelled");
    CHECK(diary.gone);
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Limits, "the caller's own cancelling reaches the task and stays cancelled") {
    auto const done = limited(seconds(3), seconds(2));
    advance(seconds(1));
    cancel();
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::cancelled);
    CHECK(diary.text == "begin cancelled");
    CHECK(diary.gone);
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Limits, "a timed out task is awaited while it cleans up") {
    auto const done = limited(seconds(10), seconds(1), seconds(5));
    advance(seconds(1));
    CHECK_FALSE(done->has_value());
    CHECK_FALSE(diary.gone);
    advance(seconds(5));
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::timeout);
    CHECK(diary.text == "begin cancelled cleaned ");
    CHECK(diary.gone);
}

TEST_CASE_FIXTURE(Limits, "who came first decides between timeout and cancelled") {
    auto const timed = limited(seconds(10), seconds(1), seconds(5));
    advance(seconds(1));
    cancel();
    REQUIRE(timed->has_value());
    CHECK((*timed)->error().code == Errc::timeout);
    CHECK(diary.text == "begin cancelled dirty ");

    diary = Diary();
    auto const cut = limited(seconds(10), seconds(1), seconds(5));
    advance(milliseconds(500));
    cancel();
    advance(seconds(5));
    REQUIRE(cut->has_value());
    CHECK((*cut)->error().code == Errc::cancelled);
    CHECK(diary.text == "begin cancelled cleaned ");
}

TEST_CASE_FIXTURE(Limits, "a result that was there before the time ran out is kept") {
    auto const done = limited(seconds(1), seconds(1));
    clock->advance(seconds(1));
    settle();
    REQUIRE(done->has_value());
    // Both were due at once; the limit was armed first, so the work was cut.
    CHECK((*done)->error().code == Errc::timeout);

    auto ready = []() -> Task<int> { co_return 5; };
    auto const kept = spawn(with_timeout(clock, Deadline::after(*clock, milliseconds(1)), "work", ready()));
    clock->advance(seconds(1));
    settle();
    REQUIRE(kept->has_value());
}

TEST_CASE_FIXTURE(Limits, "a task that pays no heed to cancelling is a timeout all the same") {
    auto deaf = [](std::shared_ptr<Clock> time) -> Task<int> {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        Result<void> const waited = co_await sleep_until(time, time->now() + seconds(3));
        co_return waited ? 7 : 0;
    };
    auto const done = spawn(with_timeout(clock, Deadline::after(*clock, seconds(1)), "work", deaf(clock)));
    settle();
    advance(seconds(1));
    CHECK_FALSE(done->has_value());
    advance(seconds(2));
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::timeout);
}

TEST_CASE_FIXTURE(Limits, "past its deadline a task is not begun, and without one it runs as it is") {
    Task<int> late = work(clock, seconds(1), milliseconds(0), &diary);
    auto const past = spawn(with_timeout(clock, Deadline(clock->now()), "work", std::move(late)));
    settle();
    REQUIRE(past->has_value());
    CHECK((*past)->error().code == Errc::timeout);
    CHECK(diary.text.empty());

    auto const free = limited(seconds(1), milliseconds(0));
    CHECK(clock->armed() == 1);
    advance(seconds(1));
    REQUIRE(free->has_value());
    CHECK((*free)->value() == 7);

    auto const cut = limited(seconds(1), milliseconds(0));
    cancel();
    REQUIRE(cut->has_value());
    CHECK((*cut)->error().code == Errc::cancelled);
}

TEST_CASE_FIXTURE(Limits, "the nearer of nested limits is the one that is told") {
    for (int const outer : {1, 3}) {
        for (int const inner : {1, 3}) {
            if (outer == inner) continue;
            Task<int> task = work(clock, seconds(9), milliseconds(0), &diary);
            Task<int> near = with_timeout(clock, Deadline::after(*clock, seconds(inner)), "inner", std::move(task));
            auto const done =
                spawn(with_timeout(clock, Deadline::after(*clock, seconds(outer)), "outer", std::move(near)));
            settle();
            advance(seconds(1));
            REQUIRE(done->has_value());
            CHECK((*done)->error().code == Errc::timeout);
            CHECK((*done)->error().message.find(outer < inner ? "outer" : "inner") != std::string::npos);
            CHECK(clock->armed() == 0);
        }
    }
}

TEST_CASE_FIXTURE(Limits, "after a limit the caller's later waits can still be cancelled") {
    auto two = [](std::shared_ptr<Clock> time, Diary* diary_) -> Task<void> {
        Task<int> inner = work(time, seconds(9), milliseconds(0), diary_);
        Deadline const limit = Deadline::after(*time, seconds(1));
        Result<int> const first = co_await with_timeout(time, limit, "first", std::move(inner));
        CHECK(first.error().code == Errc::timeout);
        co_return co_await sleep_until(time, time->now() + seconds(9));
    };
    auto const done = spawn(two(clock, &diary));
    settle();
    advance(seconds(1));
    CHECK_FALSE(done->has_value());
    cancel();
    REQUIRE(done->has_value());
    CHECK((*done)->error().code == Errc::cancelled);
}

TEST_CASE_FIXTURE(Limits, "a loop that ends in the middle takes limit and task with it") {
    auto token = std::make_shared<int>(0);
    auto inner = [](std::shared_ptr<Clock> time, std::shared_ptr<int>) -> Task<void> {
        co_return co_await sleep_until(time, time->now() + seconds(9));
    };
    auto other = std::make_unique<boost::asio::io_context>();
    for (auto const& time : {std::shared_ptr<Clock>(clock), real_clock()}) {
        Task<void> task = inner(time, token);
        boost::asio::co_spawn(*other, with_timeout(time, Deadline::after(*time, seconds(5)), "work", std::move(task)),
                              [token](std::exception_ptr, Result<void>) { ++*token; });
    }
    other->poll();
    CHECK(token.use_count() == 5);
    other.reset();
    CHECK(token.use_count() == 1);
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Limits, "an exception inside a limited or guarded task becomes an error") {
    auto thrower = [](int what) -> Task<int> {
        if (what == 0) throw std::bad_alloc();
        if (what == 1) throw std::runtime_error("private");
        co_return 1;
    };
    auto const memory = spawn(with_timeout(clock, Deadline::after(*clock, seconds(1)), "work", thrower(0)));
    auto const other = spawn(guard(thrower(1)));
    auto const fine = spawn(guard(thrower(2)));
    settle();
    CHECK((*memory)->error().code == Errc::out_of_memory);
    REQUIRE_FALSE((*other)->has_value());
    CHECK((*other)->error().code == Errc::internal);
    CHECK((*other)->error().message.find("private") == std::string::npos);
    CHECK((*fine)->value() == 1);
}

TEST_CASE_FIXTURE(Driver, "blocking work runs on the pool and its caller goes on where it was") {
    boost::asio::thread_pool pool(1);
    auto hop = [](boost::asio::any_io_executor where, std::thread::id* worked,
                  std::thread::id* resumed) -> Task<std::string> {
        std::function<Result<std::string>()> job = [worked]() -> Result<std::string> {
            *worked = std::this_thread::get_id();
            return std::string("done");
        };
        Result<std::string> result = co_await run_on<std::string>(where, std::move(job));
        *resumed = std::this_thread::get_id();
        std::function<Result<std::string>()> bad = []() -> Result<std::string> { throw std::bad_alloc(); };
        Result<std::string> const failed = co_await run_on<std::string>(where, std::move(bad));
        CHECK(failed.error().code == Errc::out_of_memory);
        co_return result;
    };
    std::thread::id worked;
    std::thread::id resumed;
    auto const done = spawn(hop(pool.get_executor(), &worked, &resumed));
    loop.run();
    REQUIRE(done->has_value());
    CHECK((*done)->value() == "done");
    CHECK(resumed == std::this_thread::get_id());
    CHECK(worked != resumed);
    pool.join();
}

TEST_CASE("a task that is cancelled while its work runs on another thread still ends, with the work's result") {
    for (int const size : {1, 2}) {  // one thread busy with the work, or another one free for mischief
        boost::asio::io_context loop;
        boost::asio::thread_pool pool(static_cast<std::size_t>(size));
        auto hop = [](boost::asio::any_io_executor where, std::latch* begun, std::latch* go_on) -> Task<int> {
            std::function<Result<int>()> job = [begun, go_on]() -> Result<int> {
                begun->count_down();
                go_on->wait();
                return 7;
            };
            co_return co_await run_on<int>(where, std::move(job));
        };
        for (int i = 0; i < 200; ++i) {
            std::latch begun(1);
            std::latch go_on(1);
            boost::asio::cancellation_signal signal;
            std::optional<Result<int>> outcome;
            auto done = [&outcome](std::exception_ptr thrown, Result<int> result) {
                if (!thrown) outcome = std::move(result);
            };
            boost::asio::co_spawn(loop, hop(pool.get_executor(), &begun, &go_on),
                                  boost::asio::bind_cancellation_slot(signal.slot(), std::move(done)));
            loop.restart();
            while (!begun.try_wait()) loop.poll();
            signal.emit(boost::asio::cancellation_type::terminal);
            go_on.count_down();
            loop.restart();
            loop.run();  // ends when nobody waits any more
            REQUIRE(outcome.has_value());
            CHECK(outcome->value() == 7);
        }
        pool.join();
    }
}

TEST_CASE("time limits, waits and cancelling race on several threads without loss") {
    boost::asio::thread_pool pool(4);
    std::shared_ptr<Clock> const clock = real_clock();
    constexpr int count = 500;
    std::latch all(count);
    std::atomic<int> successes = 0;
    std::atomic<int> timeouts = 0;
    std::atomic<int> cancelled = 0;
    std::atomic<int> others = 0;
    auto inner = [](std::shared_ptr<Clock> time, SteadyTime at) -> Task<void> {
        co_return co_await sleep_until(time, at);
    };
    for (int i = 0; i < count; ++i) {
        auto strand = boost::asio::make_strand(pool.get_executor());
        auto signal = std::make_shared<boost::asio::cancellation_signal>();
        SteadyTime const now = clock->now();
        Task<void> task = inner(clock, now + std::chrono::microseconds(i * 7 % 2'000));
        Deadline const limit(now + std::chrono::microseconds(1 + i * 11 % 2'000));
        auto done = [&, signal](std::exception_ptr thrown, Result<void> result) {
            if (thrown) {
                ++others;
            } else if (result) {
                ++successes;
            } else if (result.error().code == Errc::timeout) {
                ++timeouts;
            } else if (result.error().code == Errc::cancelled) {
                ++cancelled;
            } else {
                ++others;
            }
            all.count_down();
        };
        boost::asio::co_spawn(strand, with_timeout(clock, limit, "work", std::move(task)),
                              boost::asio::bind_cancellation_slot(signal->slot(), std::move(done)));
        if (i % 5 == 0) boost::asio::post(strand, [signal] { signal->emit(boost::asio::cancellation_type::terminal); });
    }
    all.wait();
    pool.join();
    CHECK(others == 0);
    CHECK(successes + timeouts + cancelled == count);
    CHECK(timeouts > 0);
}

}  // namespace aikit::inline v0
