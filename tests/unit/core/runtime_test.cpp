// SPDX-License-Identifier: MIT
// Covers core/runtime while it runs: which threads there are, what executors lead to, and what is refused.
#include "core/os/os.hpp"
#include "unit/core/threads.hpp"

#include <aikit/core/runtime.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <mutex>
#include <signal.h>
#include <stdexcept>
#include <vector>

namespace aikit::inline v0 {
namespace {

using std::chrono::milliseconds;
using Names = std::map<std::string, int>;

/// Keeps what it is given.
class Notebook final : public LogSink {
public:
    bool wants(LogLevel level) const noexcept override { return level >= LogLevel::warning; }
    void write(LogRecord const& record) noexcept override {
        std::lock_guard const lock(mutex_);
        records_.push_back(record);
    }
    std::vector<LogRecord> records() const {
        std::lock_guard const lock(mutex_);
        return records_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<LogRecord> records_;
};

}  // namespace

TEST_CASE("the threads are those of the configuration, each with its name, and each kind only once needed") {
    REQUIRE(all_gone());
    Runtime runtime = Runtime::create(counts(2, 3, 1, 1)).value();
    wake_all([&] { return runtime.executor(); }, 2);
    CHECK(threads_are(Names{{"aikit-io", 2}}));
    wake_all(runtime.cpu(), 3);
    CHECK(threads_are(Names{{"aikit-io", 2}, {"aikit-cpu", 3}}));
    wake_all(runtime.storage(), 1);
    wake_all(runtime.resolver(), 1);
    wake_all(runtime.cpu(), 3);
    CHECK(threads_are(Names{{"aikit-io", 2}, {"aikit-cpu", 3}, {"aikit-storage", 1}, {"aikit-resolve", 1}}));
    CHECK(runtime.alive());
    runtime.close();
    CHECK_FALSE(runtime.alive());
    CHECK(all_gone());
}

TEST_CASE("by default there is one I/O thread and as many for computing as cores") {
    Runtime runtime = Runtime::create().value();
    wake_all(runtime.executor(), 1);
    wake_all(runtime.cpu(), os::usable_cores());
    CHECK(threads_are(Names{{"aikit-io", 1}, {"aikit-cpu", os::usable_cores()}}));
}

TEST_CASE("many callers asking for a pool at once start it once") {
    Runtime const runtime = Runtime::create(counts(1, 2, 1, 1)).value();
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) callers.emplace_back([&runtime] { run_there(runtime.cpu(), [] {}); });
    for (std::thread& caller : callers) caller.join();
    wake_all(runtime.cpu(), 2);
    CHECK(threads_are(Names{{"aikit-io", 1}, {"aikit-cpu", 2}}));
}

TEST_CASE("the host's signals stay with the host's threads, and its own mask stays as it was") {
    sigset_t mine;
    ::sigemptyset(&mine);
    ::sigaddset(&mine, SIGUSR2);
    sigset_t original;
    ::pthread_sigmask(SIG_SETMASK, &mine, &original);
    Runtime runtime = Runtime::create(counts(1, 1, 1, 1)).value();
    for (auto const& executor : {runtime.executor(), runtime.cpu(), runtime.storage(), runtime.resolver()}) {
        run_there(executor, [] {
            sigset_t theirs;
            ::pthread_sigmask(SIG_SETMASK, nullptr, &theirs);
            for (int const signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM, SIGPROF}) {
                CHECK(::sigismember(&theirs, signal) == 1);
            }
            for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) CHECK(::sigismember(&theirs, fault) == 0);
        });
    }
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, &original, &now);
    for (int signal = 1; signal < 32; ++signal) CHECK(::sigismember(&now, signal) == (signal == SIGUSR2 ? 1 : 0));
}

TEST_CASE("a count that is too small is refused by name") {
    struct Row {
        RuntimeConfig config;
        char const* field;
    };
    Row const rows[] = {{counts(-1, 1, 1, 1), "RuntimeConfig.io "},
                        {counts(1, -2, 1, 1), "RuntimeConfig.cpu "},
                        {counts(1, 1, -1, 1), "RuntimeConfig.storage "},
                        {counts(1, 1, 1, -1), "RuntimeConfig.resolver "}};
    boost::asio::io_context loop;
    for (Row const& row : rows) {
        for (Result<Runtime> const& made :
             {Runtime::create(row.config), Runtime::adopt(loop.get_executor(), row.config)}) {
            REQUIRE_FALSE(made.has_value());
            CHECK(made.error().code == Errc::invalid_argument);
            CHECK(made.error().message.find(row.field) == 0);
        }
    }
}

TEST_CASE("only an io_context, or a strand of one, can be adopted") {
    boost::asio::io_context loop;
    boost::asio::thread_pool pool(1);
    auto const plain = loop.get_executor();
    boost::asio::any_io_executor const good[] = {plain, boost::asio::make_strand(plain),
                                                 boost::asio::make_strand(boost::asio::any_io_executor(plain))};
    for (auto const& executor : good) {
        Runtime runtime = Runtime::adopt(executor, counts(5, 1, 1, 1)).value();
        CHECK(runtime.executor() == executor);
        CHECK(runtime.alive());
        CHECK_FALSE(runtime.on_own_thread());
        bool inside = false;
        boost::asio::post(runtime.executor(), [&] { inside = runtime.on_own_thread(); });
        loop.restart();
        loop.poll();
        CHECK(inside);
        CHECK(all_gone());
        CHECK(runtime.poll(milliseconds(0)).error().code == Errc::invalid_state);
    }
    boost::asio::any_io_executor const bad[] = {
        boost::asio::any_io_executor(), pool.get_executor(), boost::asio::system_executor(),
        boost::asio::make_strand(pool.get_executor()),
        boost::asio::make_strand(boost::asio::any_io_executor(pool.get_executor()))};
    for (auto const& executor : bad)
        CHECK(Runtime::adopt(executor, RuntimeConfig()).error().code == Errc::invalid_argument);
}

TEST_CASE("an adopted loop has the work of pools with no threads") {
    boost::asio::io_context loop;
    Runtime runtime = Runtime::adopt(loop.get_executor(), counts(1, 0, 0, 0)).value();
    for (auto const& executor : {runtime.cpu(), runtime.storage(), runtime.resolver()})
        CHECK(executor == runtime.executor());
}

TEST_CASE("with several I/O threads each operation has a strand of its own") {
    Runtime const runtime = Runtime::create(counts(3, 1, 0, 1)).value();
    boost::asio::any_io_executor const strand = runtime.executor();
    CHECK_FALSE(strand == runtime.executor());
    CHECK(runtime.storage() == runtime.storage());
    for (auto const& executor : {strand, runtime.storage()}) {
        int plain = 0;  // no atomic: the strand is what keeps it whole
        std::latch done(1'000);
        for (int i = 0; i < 1'000; ++i) {
            boost::asio::post(executor, [&] {
                ++plain;
                done.count_down();
            });
        }
        done.wait();
        run_there(executor, [&] { CHECK(plain == 1'000); });
    }
    Runtime const one = Runtime::create(counts(1, 1, 1, 1)).value();
    CHECK(one.executor() == one.executor());
}

TEST_CASE("without threads everything runs inside poll on the caller's thread") {
    Runtime runtime = Runtime::create(counts(0, 0, 0, 0)).value();
    CHECK(all_gone());
    std::vector<std::thread::id> where;
    int own = 0;
    for (auto const& executor : {runtime.executor(), runtime.cpu(), runtime.storage(), runtime.resolver()}) {
        boost::asio::post(executor, [&] {
            where.push_back(std::this_thread::get_id());
            own += runtime.on_own_thread();
        });
    }
    CHECK(where.empty());
    CHECK(runtime.poll(milliseconds(0)).value() == 4);
    CHECK(where == std::vector<std::thread::id>(4, std::this_thread::get_id()));
    CHECK(own == 4);
    CHECK_FALSE(runtime.on_own_thread());
    CHECK(runtime.poll(milliseconds(0)).value() == 0);
    CHECK(runtime.poll(milliseconds(-5)).value() == 0);
}

TEST_CASE("poll waits as long as it is told, less when something comes, and runs timers") {
    Runtime runtime = Runtime::create(counts(0, 1, 0, 0)).value();
    std::shared_ptr<Clock> const clock = runtime.clock();
    SteadyTime const start = clock->now();
    CHECK(runtime.poll(milliseconds(5)).value() == 0);
    CHECK(clock->now() - start >= milliseconds(5));

    bool arrived = false;
    boost::asio::post(runtime.cpu(), [&] { boost::asio::post(runtime.executor(), [&] { arrived = true; }); });
    CHECK(runtime.poll(milliseconds::max()).value() >= 1);
    CHECK(arrived);

    int fired = 0;
    std::unique_ptr<Timer> const timer = clock->make_timer(runtime.executor());
    timer->arm(clock->now() + milliseconds(2), [&] { ++fired; });
    while (fired == 0) CHECK(runtime.poll(std::chrono::seconds(10)).value() >= 1);
    CHECK(fired == 1);
}

TEST_CASE("poll inside poll, beside another poll, or beside threads is refused") {
    Runtime runtime = Runtime::create(counts(0, 0, 0, 0)).value();
    std::optional<Errc> inner;
    std::optional<Errc> beside;
    boost::asio::post(runtime.executor(), [&] {
        inner = runtime.poll(milliseconds(0)).error().code;
        std::thread([&] { beside = runtime.poll(milliseconds(0)).error().code; }).join();
    });
    CHECK(runtime.poll(milliseconds(0)).value() == 1);
    CHECK(inner == Errc::invalid_state);
    CHECK(beside == Errc::invalid_state);

    Runtime threaded = Runtime::create(counts(1, 0, 0, 0)).value();
    CHECK(threaded.poll(milliseconds(0)).error().code == Errc::invalid_state);
    CHECK(Runtime().poll(milliseconds(0)).error().code == Errc::invalid_state);
}

TEST_CASE("an exception that escapes a handler is noted and ends neither the thread nor the program") {
    auto const notebook = std::make_shared<Notebook>();
    RuntimeConfig config = counts(1, 1, 1, 1);
    config.log = notebook;
    Runtime runtime = Runtime::create(config).value();
    for (auto const& executor : {runtime.executor(), runtime.cpu(), runtime.storage(), runtime.resolver()}) {
        boost::asio::post(executor, [] { throw std::runtime_error("sk-canary"); });
        boost::asio::post(executor, [] { throw 42; });
        bool went_on = false;
        run_there(executor, [&] { went_on = true; });
        CHECK(went_on);
    }
    CHECK(threads_are(Names{{"aikit-io", 1}, {"aikit-cpu", 1}, {"aikit-storage", 1}, {"aikit-resolve", 1}}));
    runtime.close();

    std::vector<LogRecord> const records = notebook->records();
    CHECK(records.size() == 8);
    for (LogRecord const& record : records) {
        CHECK(record.event == "runtime.handler_threw");
        CHECK(to_json_line(record).find("sk-canary") == std::string::npos);
    }

    config = counts(0, 0, 0, 0);
    config.log = notebook;
    Runtime polled = Runtime::create(config).value();
    boost::asio::post(polled.executor(), [] { throw std::runtime_error("sk-canary"); });
    boost::asio::post(polled.executor(), [] {});
    CHECK(polled.poll(milliseconds(0)).value() == 2);
    CHECK(notebook->records().size() == 9);
}

TEST_CASE("a record is only made when somebody wants it") {
    auto const notebook = std::make_shared<Notebook>();
    RuntimeConfig config = counts(0, 0, 0, 0);
    config.log = notebook;
    Runtime const runtime = Runtime::create(config).value();
    int made = 0;
    auto fields = [&] {
        ++made;
        std::vector<LogField> facts;
        facts.emplace_back("status", std::int64_t{503});
        return facts;
    };
    runtime.log(LogLevel::debug, "quiet", fields);
    runtime.log(LogLevel::warning, "loud", fields);
    runtime.log(LogLevel::error, "bare", nullptr);
    runtime.log(LogLevel::error, "lost", []() -> std::vector<LogField> { throw std::bad_alloc(); });
    Runtime::create(counts(0, 0, 0, 0)).value().log(LogLevel::error, "nowhere", fields);
    Runtime().log(LogLevel::error, "nowhere", fields);

    CHECK(made == 1);
    REQUIRE(notebook->records().size() == 2);
    CHECK(to_json_line(notebook->records()[0]) == R"({"level":"warning","event":"loud","status":503})");
}

TEST_CASE("no runtime answers as one that is closed") {
    Runtime const none;
    CHECK_FALSE(none);
    CHECK_FALSE(none.alive());
    CHECK_FALSE(none.on_own_thread());
    CHECK(none.clock() == nullptr);
    for (auto const& executor : {none.executor(), none.cpu(), none.storage(), none.resolver()}) CHECK_FALSE(executor);
    CHECK_FALSE(none.post(boost::asio::system_executor(), [] {}));
    Runtime().close();
}

}  // namespace aikit::inline v0
