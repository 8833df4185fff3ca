// SPDX-License-Identifier: MIT
// Covers how core/runtime ends: from anywhere, at any time, with work pending, and in a forked child.
#include "core/async.hpp"
#include "unit/core/threads.hpp"

#include <aikit/core/runtime.hpp>
#include <aikit/testing/manual_clock.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>

#include <atomic>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;

/// Sleeps for ever, `hops` loops away from where it began, holding the runtime all the way.
Task<void> buried(Runtime runtime, int hops, std::shared_ptr<int> token, std::latch* there) {
    if (hops == 0) {
        there->count_down();
        co_return co_await sleep_until(runtime.clock(), SteadyTime::max());
    }
    boost::asio::any_io_executor const next = hops % 2 == 0 ? runtime.executor() : runtime.cpu();
    Task<void> deeper = buried(runtime, hops - 1, token, there);
    co_return co_await boost::asio::co_spawn(next, std::move(deeper), boost::asio::use_awaitable);
}

/// Ends the test when something hangs: with a signal whose default is to kill.
struct Watchdog {
    Watchdog() { ::alarm(60); }
    ~Watchdog() { ::alarm(0); }
};

/// Runs `child` in a forked process and returns its exit code; -1 when it was killed or hung for ten seconds.
int in_child(std::function<int()> const& child) {
    pid_t const pid = ::fork();
    if (pid == 0) {
        ::alarm(10);
        ::_exit(child());
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("closing drops what waits, however many loops it has hopped, and lets go of all it held") {
    Watchdog const watchdog;
    auto const token = std::make_shared<int>(0);
    for (int hops = 0; hops <= 9; ++hops) {
        for (bool const by_hand : {false, true}) {
            CAPTURE(hops);
            RuntimeConfig config = counts(2, 2, 1, 1);
            if (by_hand) config.clock = std::make_shared<testing::ManualClock>();
            Runtime runtime = Runtime::create(config).value();
            std::latch there(1);
            Task<void> task = buried(runtime, hops, token, &there);
            boost::asio::co_spawn(runtime.executor(), std::move(task),
                                  [token](std::exception_ptr, Result<void>) { ++*token; });
            there.wait();
            runtime.close();
            CHECK(token.use_count() == 1);
        }
    }
    CHECK(*token == 0);
    CHECK(all_gone());
}

TEST_CASE("the last handle ends the runtime") {
    Watchdog const watchdog;
    {
        Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
        Runtime const copy = runtime;
        runtime = Runtime();
        CHECK(copy.alive());
        wake_all(copy.cpu(), 1);
        CHECK(threads_are({{"aikit-io", 1}, {"aikit-cpu", 1}}));
    }
    CHECK(all_gone());
}

TEST_CASE("closing on one of its own threads only asks, and a later close elsewhere finds the end") {
    Watchdog const watchdog;
    for (int kind = 0; kind < 4; ++kind) {
        Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
        boost::asio::any_io_executor const executors[] = {runtime.executor(), runtime.cpu(), runtime.storage(),
                                                          runtime.resolver()};
        run_there(executors[kind], [&] {
            CHECK(runtime.on_own_thread());
            runtime.close();
            CHECK_FALSE(runtime.alive());
            runtime.close();
        });
        runtime.close();
        CHECK(all_gone());
        runtime.close();
    }
}

TEST_CASE("the last handle may die on any of the runtime's own threads") {
    Watchdog const watchdog;
    for (int round = 0; round < 25; ++round) {
        for (int kind = 0; kind < 4; ++kind) {
            auto runtime = std::make_shared<Runtime>(Runtime::create(counts(2, 2, 1, 1)).value());
            wake_all(runtime->cpu(), 2);
            boost::asio::any_io_executor const executors[] = {runtime->executor(), runtime->cpu(), runtime->storage(),
                                                              runtime->resolver()};
            auto last = [handle = std::move(runtime)]() mutable { handle.reset(); };
            boost::asio::post(executors[kind], std::move(last));
        }
    }
    CHECK(all_gone());
}

TEST_CASE("a coroutine may hold the last handle and end on its own") {
    Watchdog const watchdog;
    std::latch done(1);
    {
        Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
        auto alone = [](Runtime mine) -> Task<void> {
            std::function<Result<int>()> job = []() -> Result<int> { return 1; };
            Result<int> const one = co_await run_on<int>(mine.storage(), std::move(job));
            CHECK(one.value() == 1);
            co_return co_await sleep_until(mine.clock(), mine.clock()->now() + milliseconds(1));
        };
        boost::asio::any_io_executor const executor = runtime.executor();
        Task<void> task = alone(std::move(runtime));
        boost::asio::co_spawn(executor, std::move(task),
                              [&done](std::exception_ptr, Result<void>) { done.count_down(); });
    }
    done.wait();
    CHECK(all_gone());
}

TEST_CASE("what is queued for the storage thread is finished, and what that queues too, before close returns") {
    Watchdog const watchdog;
    Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
    boost::asio::any_io_executor const storage = runtime.storage();
    std::latch hold(1);
    int written = 0;
    boost::asio::post(storage, [&] { hold.wait(); });
    for (int i = 0; i < 100; ++i) {
        boost::asio::post(storage, [&] {
            ++written;
            boost::asio::post(storage, [&] { ++written; });
        });
    }
    std::thread closer([&] { runtime.close(); });
    CHECK(eventually([&] { return !runtime.alive(); }));
    CHECK(written == 0);
    hold.count_down();
    closer.join();
    CHECK(written == 200);
}

TEST_CASE("several threads may close at once, and all return when it is over") {
    Watchdog const watchdog;
    for (int round = 0; round < 20; ++round) {
        Runtime runtime = Runtime::create(counts(2, 2, 1, 1)).value();
        wake_all(runtime.cpu(), 2);
        std::vector<std::thread> closers;
        for (int i = 0; i < 4; ++i) {
            closers.emplace_back([&runtime] {
                runtime.close();
                CHECK(all_gone());
            });
        }
        for (std::thread& closer : closers) closer.join();
    }
}

TEST_CASE("what was dropped may close and drop the runtime itself") {
    Watchdog const watchdog;
    struct Owner {
        explicit Owner(Runtime runtime_) : runtime(std::move(runtime_)) {}
        ~Owner() { runtime.close(); }
        Runtime runtime;
    };
    auto waiting = [](std::shared_ptr<Owner> owner) -> Task<void> {
        co_return co_await sleep_until(owner->runtime.clock(), SteadyTime::max());
    };
    auto owner = std::make_shared<Owner>(Runtime::create(counts(1, 1, 1, 1)).value());
    std::weak_ptr<Owner> const watch = owner;
    Runtime& runtime = owner->runtime;
    boost::asio::co_spawn(runtime.executor(), waiting(std::move(owner)), boost::asio::detached);
    run_there(runtime.executor(), [] {});
    runtime.close();  // destroys the coroutine, and with it the very handle this was called on
    CHECK(watch.expired());
    CHECK(all_gone());
}

TEST_CASE("work handed over while another thread closes is either run, dropped or refused") {
    Watchdog const watchdog;
    for (int round = 0; round < 20; ++round) {
        Runtime runtime = Runtime::create(counts(2, 1, 1, 1)).value();
        boost::asio::any_io_executor const executors[] = {runtime.executor(), runtime.storage()};
        auto const token = std::make_shared<int>(0);
        std::atomic<int> ran = 0;
        std::atomic<int> accepted = 0;
        std::latch begun(3);
        std::vector<std::thread> givers;
        for (int i = 0; i < 2; ++i) {
            givers.emplace_back([&] {
                begun.arrive_and_wait();
                while (runtime.post(executors[accepted % 2], [&ran, token] { ++ran; })) ++accepted;
            });
        }
        begun.arrive_and_wait();
        CHECK(eventually([&] { return accepted > 100; }));
        runtime.close();
        for (std::thread& giver : givers) giver.join();
        CHECK(ran <= accepted);
        CHECK_FALSE(runtime.post(executors[0], [] {}));
        CHECK(token.use_count() == 1);
    }
}

TEST_CASE("after closing, executors are still there and what they are given is destroyed at once") {
    Watchdog const watchdog;
    auto const token = std::make_shared<int>(0);
    {
        Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
        runtime.close();
        for (auto const& executor : {runtime.executor(), runtime.cpu(), runtime.storage(), runtime.resolver()}) {
            REQUIRE(executor);
            boost::asio::post(executor, [token] { ++*token; });
            boost::asio::dispatch(executor, [token] { ++*token; });
            std::latch there(1);
            Task<void> task = buried(runtime, 3, token, &there);
            boost::asio::co_spawn(executor, std::move(task), [token](std::exception_ptr, Result<void>) { ++*token; });
            CHECK(token.use_count() == 1);
        }
        CHECK(all_gone());
    }
    CHECK(*token == 0);
}

TEST_CASE("executors, strands, timers and sockets may die after the runtime, and are harmless then") {
    Watchdog const watchdog;
    auto const token = std::make_shared<int>(0);
    for (int const threads : {0, 1, 2}) {
        std::vector<boost::asio::any_io_executor> executors;
        std::unique_ptr<Timer> timer;
        std::unique_ptr<Timer> idle;
        std::unique_ptr<boost::asio::ip::udp::socket> socket;
        {
            Runtime const runtime = Runtime::create(counts(threads, threads, threads, threads)).value();
            executors = {runtime.executor(), runtime.cpu(), runtime.storage(), runtime.resolver()};
            timer = runtime.clock()->make_timer(runtime.executor());
            timer->arm(SteadyTime::max(), [token] { ++*token; });
            idle = runtime.clock()->make_timer(executors[0]);
            socket = std::make_unique<boost::asio::ip::udp::socket>(executors[0], boost::asio::ip::udp::v4());
            socket->async_wait(boost::asio::ip::udp::socket::wait_read,
                               [token](boost::system::error_code const&) { ++*token; });
        }
        CHECK(token.use_count() == 1);
        CHECK(all_gone());
        boost::asio::post(executors[0], [token] { ++*token; });
        executors.clear();
        timer->disarm();
        timer.reset();
        socket.reset();
        idle.reset();
        CHECK(token.use_count() == 1);
    }
    CHECK(*token == 0);
}

TEST_CASE("a runtime driven by poll ends like any other, also from inside") {
    Watchdog const watchdog;
    auto const token = std::make_shared<int>(0);
    Runtime runtime = Runtime::create(counts(0, 1, 1, 0)).value();
    std::latch there(1);
    Task<void> task = buried(runtime, 0, token, &there);
    boost::asio::co_spawn(runtime.executor(), std::move(task), boost::asio::detached);
    boost::asio::post(runtime.executor(), [&] { runtime.close(); });
    boost::asio::post(runtime.executor(), [token] { ++*token; });
    CHECK(runtime.poll(milliseconds(0)).value() == 2);
    CHECK(runtime.poll(milliseconds(0)).error().code == Errc::invalid_state);
    runtime.close();
    CHECK(token.use_count() == 1);
    CHECK(*token == 0);

    Runtime handle = Runtime::create(counts(0, 1, 1, 0)).value();
    boost::asio::post(handle.executor(), [&] { handle = Runtime(); });
    CHECK(handle.poll(milliseconds(0)).value() == 1);
    CHECK_FALSE(handle);
}

TEST_CASE("closing from another thread ends a poll that waits") {
    Watchdog const watchdog;
    Runtime runtime = Runtime::create(counts(0, 0, 0, 0)).value();
    std::latch polling(1);
    boost::asio::post(runtime.executor(), [&] { polling.count_down(); });
    std::thread poller([&runtime] {
        while (runtime.poll(std::chrono::hours(1)).has_value()) continue;
    });
    polling.wait();
    runtime.close();
    poller.join();
    CHECK_FALSE(runtime.alive());
}

TEST_CASE("an adopting runtime ends its own threads and leaves the host's loop alone") {
    Watchdog const watchdog;
    boost::asio::io_context loop;
    int ran = 0;
    boost::asio::post(loop, [&] {
        Runtime runtime = Runtime::adopt(loop.get_executor(), counts(1, 1, 1, 1)).value();
        run_there(runtime.cpu(), [] {});
        CHECK(threads_are({{"aikit-cpu", 1}}));
        runtime.close();  // on the host's thread, which is none of ours
        CHECK(all_gone());
        boost::asio::post(loop, [&] { ++ran; });
    });
    loop.run();
    CHECK(ran == 1);
}

TEST_CASE("a forked child's runtime is not alive, refuses everything, and neither closing nor dropping it hangs") {
    Watchdog const watchdog;
    for (int const threads : {0, 1, 2}) {
        CAPTURE(threads);
        auto runtime = std::make_unique<Runtime>(Runtime::create(counts(threads, threads, threads, threads)).value());
        std::latch there(1);
        if (threads > 0) {
            wake_all(runtime->cpu(), threads);
            Task<void> task = buried(*runtime, 1, std::make_shared<int>(0), &there);
            boost::asio::co_spawn(runtime->executor(), std::move(task), boost::asio::detached);
            there.wait();
        }
        int const code = in_child([&] {
            int problem = 0;
            if (runtime->alive()) problem |= 1;
            if (runtime->executor() || runtime->cpu() || runtime->storage() || runtime->resolver()) problem |= 2;
            if (runtime->post(boost::asio::system_executor(), [] {})) problem |= 4;
            if (runtime->poll(milliseconds(0)).has_value()) problem |= 8;
            if (runtime->on_own_thread()) problem |= 16;
            runtime->log(LogLevel::error, "child", nullptr);
            runtime->close();
            runtime.reset();
            return problem;
        });
        CHECK(code == 0);
        CHECK(runtime->alive());
        if (threads > 0) run_there(runtime->executor(), [] {});
        runtime->close();
    }
}

TEST_CASE("a forked child may have a runtime of its own beside the one it inherited") {
    Watchdog const watchdog;
    Runtime const parent = Runtime::create(counts(1, 1, 1, 1)).value();
    // The address sanitizer does not expect a fork while a thread begins, and the child would wait for its locks.
    run_there(parent.executor(), [] {});
    int const code = in_child([&] {
#if defined(__SANITIZE_THREAD__)
        return 0;  // the thread sanitizer ends a forked child that starts a thread
#else
        Result<Runtime> const own = Runtime::create(counts(1, 1, 1, 1));
        if (!own || !own->alive() || parent.alive()) return 1;
        std::promise<void> done;
        boost::asio::post(own->cpu(), [&] { done.set_value(); });
        return done.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready ? 0 : 2;
#endif
    });
    CHECK(code == 0);
}

TEST_CASE("when the system gives no thread, that is an error, and those that were given are gone") {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need address space without limit
    Watchdog const watchdog;
    int const code = in_child([] {
        // Room for some stacks of eight megabytes, and not for all.
        std::ifstream statistics("/proc/self/statm");
        rlim_t pages = 0;
        statistics >> pages;
        rlimit const limit = {pages * 4096 + 256 * 1024 * 1024, RLIM_INFINITY};
        if (::setrlimit(RLIMIT_AS, &limit) != 0) return 1;
        Result<Runtime> const many = Runtime::create(counts(1'000, 1, 1, 1));
        if (many || many.error().code != Errc::out_of_memory) return 2;
        if (!all_gone()) return 3;
        Result<Runtime> const few = Runtime::create(counts(1, 1'000, 1, 1));
        if (!few) return 4;
        // Some of the pool's threads could be had: they do the work of all.
        std::promise<void> done;
        boost::asio::post(few->cpu(), [&] { done.set_value(); });
        return done.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready ? 0 : 5;
    });
    CHECK(code == 0);
#else
    MESSAGE("skipped: the sanitizers need address space without limit");
#endif
}

TEST_CASE("a thousand runtimes begin and end without leaving a descriptor or a thread") {
    Watchdog const watchdog;
    auto descriptors = [] {
        auto const folder = std::filesystem::directory_iterator("/proc/self/fd");
        return std::distance(begin(folder), end(folder));
    };
    auto const before = descriptors();
    for (int i = 0; i < 1'000; ++i) {
        Runtime const runtime = Runtime::create(counts(1, 1, 1, 1)).value();
        boost::asio::steady_timer timer(runtime.executor(), std::chrono::hours(1));
        timer.async_wait([](boost::system::error_code const&) {});
        if (i % 10 == 0) run_there(runtime.cpu(), [] {});
    }
    CHECK(descriptors() == before);
    CHECK(all_gone());
}

}  // namespace aikit::inline v0
