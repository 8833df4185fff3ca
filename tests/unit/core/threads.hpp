// SPDX-License-Identifier: MIT
// tests/unit/core/threads.hpp - counts of threads: what a runtime is asked for, and what the kernel says.
#ifndef AIKIT_TESTS_UNIT_CORE_THREADS_HPP
#define AIKIT_TESTS_UNIT_CORE_THREADS_HPP

#include <aikit/core/runtime.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <string>
#include <thread>

namespace aikit::inline v0 {

inline RuntimeConfig counts(int io, int cpu, int storage, int resolver) {
    RuntimeConfig config;
    config.io = io;
    config.cpu = cpu;
    config.storage = storage;
    config.resolver = resolver;
    return config;
}

/// How many threads have which name, of those that begin with "aikit-".
inline std::map<std::string, int> our_threads() {
    std::map<std::string, int> count;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(entry.path() / "comm");
        std::string name;
        if (std::getline(file, name) && name.starts_with("aikit-")) ++count[name];
    }
    return count;
}

/// Waits, for at most ten seconds, until a condition holds that other threads bring about.
inline bool eventually(std::function<bool()> const& condition) {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::yield();
    }
    return true;
}

/// True once none of them is left. A joined thread stays visible until the kernel has buried it.
inline bool all_gone() {
    return eventually([] { return our_threads().empty(); });
}

/// True once they are exactly these.
inline bool threads_are(std::map<std::string, int> const& expected) {
    return eventually([&] { return our_threads() == expected; });
}

/// Runs `work` on the executor and waits for it.
inline void run_there(boost::asio::any_io_executor const& executor, std::function<void()> work) {
    std::packaged_task<void()> task(std::move(work));
    std::future<void> const done = task.get_future();
    boost::asio::post(executor, std::move(task));
    REQUIRE(done.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

/// Has each of `count` threads inside a handler at once, so that all have begun; `executor` gives one for each.
inline void wake_all(std::function<boost::asio::any_io_executor()> const& executor, int count) {
    auto const here = std::make_shared<std::latch>(count + 1);
    for (int i = 0; i < count; ++i) boost::asio::post(executor(), [here] { here->arrive_and_wait(); });
    here->arrive_and_wait();
}
inline void wake_all(boost::asio::any_io_executor const& executor, int count) {
    wake_all([&] { return executor; }, count);
}

}  // namespace aikit::inline v0

#endif  // AIKIT_TESTS_UNIT_CORE_THREADS_HPP
