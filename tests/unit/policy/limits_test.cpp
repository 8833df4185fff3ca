// SPDX-License-Identifier: MIT
// Covers include/aikit/policy/limits.hpp: who waits, who goes first, who is refused, and what becomes of a place.
#include "limit_rules.hpp"
#include "support.hpp"
#include "support/heard.hpp"

#include <aikit/policy/limits.hpp>
#include <aikit/policy/retry.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

namespace aikit::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Permit = RateLimiter::Permit;

LimitedCall call(std::string user = "ann", std::int64_t tokens = 1, int priority = 0) {
    LimitedCall made;
    made.provider = "openai";
    made.model = "m";
    made.caller.user = std::move(user);
    made.tokens = tokens;
    made.priority = priority;
    return made;
}

/// A limiter on a clock turned by hand, and a loop for those who wait.
struct Fixture {
    std::shared_ptr<RateLimiter> make(std::vector<LimitRule> rules) {
        config.rules = std::move(rules);
        limiter = RateLimiter::create(clock, config).value();
        return limiter;
    }

    /// Asks for a place; `name` is noted when it was had, "!" before it when it was refused.
    void ask(std::string name, LimitedCall call, boost::asio::cancellation_signal* stop = nullptr) {
        auto done = [this, name](std::exception_ptr, Result<Permit> permit) {
            went.push_back((permit ? "" : "!") + name);
            times.push_back(clock->now());
            if (permit) {
                permits.push_back(std::move(*permit));
            } else {
                errors.push_back(permit.error());
            }
        };
        boost::asio::cancellation_slot const slot = stop ? stop->slot() : boost::asio::cancellation_slot();
        boost::asio::co_spawn(loop, limiter->acquire(std::move(call)),
                              boost::asio::bind_cancellation_slot(slot, std::move(done)));
        poll();
    }

    void poll() {
        loop.restart();
        loop.poll();
    }

    /// Until nothing waits any more.
    void run() {
        poll();
        while (limiter->status().waiting > 0 && clock->advance_to_next()) poll();
        poll();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    LimitsConfig config;
    std::shared_ptr<RateLimiter> limiter;
    std::vector<Permit> permits;
    std::vector<Error> errors;
    std::vector<std::string> went;
    std::vector<SteadyTime> times;
    boost::asio::io_context loop;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a call without room waits until there is some, in the order in which they came") {
    make({rule(LimitBy::user, 2)});
    SteadyTime const start = clock->now();
    for (char const* name : {"a", "b", "c", "d"}) ask(name, call());
    CHECK(went == Names{"a", "b"});
    CHECK(limiter->status().waiting == 2);
    run();
    CHECK(went == Names{"a", "b", "c", "d"});
    CHECK(times[3] > start + seconds(60));
    CHECK(times[3] < start + seconds(62));
    CHECK(permits[3].waited() >= seconds(60));
    CHECK(limiter->status().waiting == 0);
}

TEST_CASE_FIXTURE(Fixture, "higher priority goes first, and nobody overtakes who waits for the same") {
    make({rule(LimitBy::everyone, {}, {}, 1)});
    ask("first", call());
    ask("low", call("ann", 1, -5));
    ask("middle", call("bob", 1, 0));
    ask("high", call("cid", 1, 100));
    ask("middle too", call("dan", 1, 0));
    CHECK(limiter->status().waiting == 4);
    for (int i = 0; i < 4; ++i) {
        permits.back().settle(1, nullptr, nullptr);
        poll();
    }
    CHECK(went == Names{"first", "high", "middle", "middle too", "low"});
}

TEST_CASE_FIXTURE(Fixture, "a small call does not take what a larger one waits for, and others pass") {
    make({rule(LimitBy::user, {}, 100)});
    ask("half", call("ann", 50));
    ask("large", call("ann", 90));
    ask("small", call("ann", 10));
    ask("other", call("bob", 10));
    CHECK(went == Names{"half", "other"});
    run();
    CHECK(went == Names{"half", "other", "large", "small"});
}

TEST_CASE_FIXTURE(Fixture, "who could not go before the deadline is refused at once, with the time to wait") {
    make({rule(LimitBy::user, 1)});
    ask("a", call());
    LimitedCall hurried = call();
    hurried.deadline = Deadline(clock->now() + seconds(5));
    ask("b", hurried);
    REQUIRE(went == Names{"a", "!b"});
    CHECK(errors[0].code == Errc::rate_limited);
    CHECK(errors[0].message.find("'by user'") != std::string::npos);
    REQUIRE(errors[0].retry_after);
    CHECK(*errors[0].retry_after >= seconds(60));
    CHECK(*errors[0].retry_after <= seconds(62));
    CHECK(retryable(errors[0]));
}

TEST_CASE_FIXTURE(Fixture, "who waited as long as it may is refused, and leaves the queue") {
    config.longest_wait = seconds(7);
    make({rule(LimitBy::user, {}, {}, 1)});
    SteadyTime const start = clock->now();
    ask("a", call());
    ask("b", call());
    run();
    CHECK(went == Names{"a", "!b"});
    CHECK(times[1] == start + seconds(7));
    CHECK(limiter->status().waiting == 0);
    permits[0].settle(1, nullptr, nullptr);
    ask("c", call());
    CHECK(went.back() == "c");
}

TEST_CASE_FIXTURE(Fixture, "without a queue, or with a full one, nobody waits") {
    config.queue = false;
    make({rule(LimitBy::user, {}, {}, 1)});
    ask("a", call());
    ask("b", call());
    CHECK(went == Names{"a", "!b"});

    config.queue = true;
    config.most_waiting = 1;
    make({rule(LimitBy::user, {}, {}, 1)});
    for (char const* name : {"c", "d", "e"}) ask(name, call());
    CHECK(went == Names{"a", "!b", "c", "!e"});
    CHECK(errors.back().code == Errc::rate_limited);
    CHECK(limiter->try_acquire(call()).error().code == Errc::rate_limited);
    CHECK(limiter->try_acquire(call("bob")).has_value());
    CHECK(limiter->status().waiting == 1);
}

TEST_CASE_FIXTURE(Fixture, "a call that is cancelled while it waits gives up its place to the next") {
    make({rule(LimitBy::user, {}, {}, 1)});
    boost::asio::cancellation_signal stop;
    ask("a", call());
    ask("b", call(), &stop);
    ask("c", call());
    stop.emit(boost::asio::cancellation_type::terminal);
    poll();
    CHECK(went == Names{"a", "!b"});
    CHECK(errors[0].code == Errc::cancelled);
    permits[0].settle(1, nullptr, nullptr);
    poll();
    CHECK(went.back() == "c");
}

TEST_CASE_FIXTURE(Fixture, "a place is given back once, whether it is settled, moved or let go") {
    make({rule(LimitBy::user, {}, 100, 1)});
    {
        Permit first = limiter->try_acquire(call("ann", 10)).value();
        Permit second = std::move(first);
        first.settle(100, nullptr, nullptr);  // NOLINT: what was moved from holds nothing
        CHECK(limiter->status().used.at(0).running == 1);
        second.settle(4, nullptr, nullptr);
        second.settle(90, nullptr, nullptr);
        CHECK(limiter->status().used.at(0).tokens == 4);
    }
    CHECK(limiter->status().used.at(0).running == 0);
    { Permit const dropped = limiter->try_acquire(call("ann", 10)).value(); }
    CHECK(limiter->status().used.at(0).tokens == 14);
    CHECK(limiter->status().used.at(0).running == 0);
    Permit kept = limiter->try_acquire(call("ann", 10)).value();
    kept = limiter->try_acquire(call("bob", 10)).value();
    CHECK(limiter->try_acquire(call("ann", 1)).has_value());
}

TEST_CASE("a loop that is destroyed takes along those who wait on it, and the next one goes") {
    auto const clock = std::make_shared<testing::ManualClock>();
    LimitsConfig config;
    config.rules = {rule(LimitBy::everyone, {}, {}, 1)};
    std::shared_ptr<RateLimiter> const limiter = RateLimiter::create(clock, config).value();
    Permit first = limiter->try_acquire(call()).value();
    {
        boost::asio::io_context loop;
        boost::asio::co_spawn(loop, limiter->acquire(call()), [](std::exception_ptr, Result<Permit>) {});
        loop.poll();
        CHECK(limiter->status().waiting == 1);
    }
    CHECK(limiter->status().waiting == 0);
    first.settle(1, nullptr, nullptr);
    CHECK(limiter->try_acquire(call()).has_value());
}

TEST_CASE_FIXTURE(Fixture, "whatever is asked in whatever order: limits hold at every moment and all are served") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        std::mt19937 random(seed);
        config.longest_wait = std::chrono::hours(10);
        make({rule(LimitBy::everyone, 20, 2'000, 5), rule(LimitBy::user, 6, 700, 2)});
        went.clear();
        permits.clear();
        struct Log {
            SteadyTime at;
            std::string user;
            std::int64_t tokens;
        };
        std::vector<Log> log;
        std::vector<std::pair<std::string, std::int64_t>> asked;
        auto const settle_one = [&] {
            if (permits.empty()) return;
            std::size_t const which = random() % permits.size();
            permits[which].settle(std::nullopt, nullptr, nullptr);
            permits.erase(permits.begin() + static_cast<std::ptrdiff_t>(which));
            poll();  // who goes for it has gone now
        };
        std::size_t seen = 0;
        auto const note = [&] {
            poll();
            for (; seen < went.size(); ++seen) {
                REQUIRE_MESSAGE(errors.empty(), errors.back().message);
                auto const& [user, tokens] = asked[static_cast<std::size_t>(std::stoi(went[seen]))];
                log.push_back({times[times.size() - went.size() + seen], user, tokens});
                for (std::string const& who : {std::string(), user}) {
                    std::int64_t requests = 0, used = 0;
                    for (Log const& one : log) {
                        bool const counts = one.at > log.back().at - seconds(60) && (who.empty() || one.user == who);
                        requests += counts;
                        used += counts ? one.tokens : 0;
                    }
                    REQUIRE(requests <= (who.empty() ? 20 : 6));
                    REQUIRE(used <= (who.empty() ? 2'000 : 700));
                }
            }
            for (LimitStatus const& status : limiter->status().used)
                REQUIRE(status.running <= (status.value.empty() ? 5 : 2));
        };
        for (int i = 0; i < 150; ++i) {
            std::string const user(1, static_cast<char>('a' + random() % 5));
            std::int64_t const tokens = 1 + static_cast<std::int64_t>(random() % 400);
            asked.emplace_back(user, tokens);
            ask(std::to_string(i), call(user, tokens, static_cast<int>(random() % 3)));
            if (random() % 2) settle_one();
            if (random() % 3 == 0) clock->advance(milliseconds(random() % 20'000));
            note();
        }
        for (int i = 0; limiter->status().waiting > 0 && i < 100'000; ++i) {
            if (permits.empty() || random() % 3 == 0) clock->advance(milliseconds(random() % 5'000));
            settle_one();
            note();
        }
        CHECK(went.size() == 150);
        permits.clear();
        for (LimitStatus const& status : limiter->status().used) CHECK(status.running == 0);
    }
}

TEST_CASE("places taken and given back on many threads add up") {
    LimitsConfig config;
    config.most_waiting = 4 * 300;
    config.rules = {rule(LimitBy::everyone, {}, {}, 3), rule(LimitBy::user, 1'000'000'000)};
    std::shared_ptr<RateLimiter> const limiter = RateLimiter::create(real_clock(), config).value();
    std::atomic<int> running = 0, most = 0;
    std::atomic<std::int64_t> granted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            boost::asio::io_context loop;
            for (int i = 0; i < 300; ++i) {
                auto done = [&](std::exception_ptr, Result<Permit> permit) {
                    if (!permit) return;
                    int const now = ++running;
                    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
                    ++granted;
                    --running;
                };
                boost::asio::co_spawn(loop, limiter->acquire(call("u" + std::to_string(t))), std::move(done));
                if (i % 3 == 0) (void)limiter->try_acquire(call("x"));
            }
            loop.run();
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(granted == 4 * 300);
    CHECK(most <= 3);
    CHECK(limiter->status().waiting == 0);
    for (LimitStatus const& status : limiter->status().used) CHECK(status.running == 0);
}

TEST_CASE("limits that cannot be meant are refused with the field") {
    auto const sentence = [](auto change) {
        LimitsConfig config;
        config.rules = {rule(LimitBy::user, 1), rule(LimitBy::model, 1)};
        change(config);
        Result<std::shared_ptr<RateLimiter>> const made = RateLimiter::create(real_clock(), config);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == Errc::invalid_argument);
        return made.error().message;
    };
    CHECK(sentence([](LimitsConfig& c) { c.rules[1].name = ""; }).starts_with("limits.rules[1].name"));
    CHECK(sentence([](LimitsConfig& c) { c.rules[1].name = c.rules[0].name; }).starts_with("limits.rules[1].name"));
    CHECK(sentence([](LimitsConfig& c) { c.rules[0].requests.reset(); }).starts_with("limits.rules[0].requests"));
    CHECK(sentence([](LimitsConfig& c) { c.rules[0].requests = 0; }).starts_with("limits.rules[0].requests"));
    CHECK(sentence([](LimitsConfig& c) { c.rules[0].tokens = -1; }).starts_with("limits.rules[0].tokens"));
    CHECK(sentence([](LimitsConfig& c) { c.rules[0].at_once = 0; }).starts_with("limits.rules[0].at_once"));
    CHECK(
        sentence([](LimitsConfig& c) { c.rules[0].window = milliseconds(999); }).starts_with("limits.rules[0].window"));
    CHECK(sentence([](LimitsConfig& c) {
              c.rules[0].by = LimitBy::everyone;
              c.rules[0].match = "x";
          }).starts_with("limits.rules[0].match"));
    CHECK(sentence([](LimitsConfig& c) { c.longest_wait = milliseconds(-1); }).starts_with("limits.longest_wait"));
    CHECK(sentence([](LimitsConfig& c) { c.most_waiting = -1; }).starts_with("limits.most_waiting"));
    for (int by = 0; by < 8; ++by)
        CHECK(*limit_by_from_name(name(static_cast<LimitBy>(by))) == static_cast<LimitBy>(by));
    CHECK_FALSE(limit_by_from_name("nobody"));
}

namespace {

struct DecoratorFixture {
    DecoratorFixture() {
        RuntimeConfig runtime_config;
        runtime_config.io = 0;
        runtime_config.clock = clock;
        runtime = Runtime::create(runtime_config).value();
        fake->on_chat = [] { return reply_of("hello", told(7, 3)); };
    }
    ~DecoratorFixture() { runtime.close(); }

    void make(std::vector<LimitRule> rules) {
        LimitsConfig config;
        config.rules = std::move(rules);
        limiter = RateLimiter::create(clock, config).value();
        limited = make_limited(fake, limiter).value();
    }

    Result<ChatReply> chat(std::optional<std::int64_t> max_tokens = {}) {
        ChatRequest request("m", "x");
        request.max_tokens = max_tokens;
        CallOptions options;
        options.caller.user = "ann";
        return drive(*clock, limited->chat(std::move(request), std::move(options)));
    }

    LimitStatus status() { return limiter->status().used.empty() ? LimitStatus() : limiter->status().used.front(); }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<FakeProvider> fake = std::make_shared<FakeProvider>(clock);
    Runtime runtime;
    std::shared_ptr<RateLimiter> limiter;
    std::shared_ptr<AIProvider> limited;
};

}  // namespace

TEST_CASE_FIXTURE(DecoratorFixture, "tokens are reserved before a chat and corrected after it") {
    make({rule(LimitBy::user, {}, 1'000)});
    std::int64_t reserved = 0;
    fake->on_chat = [&] {
        reserved = status().tokens;
        ChatReply reply = reply_of("hello", told(7, 3));
        reply.info.usage = reply.usage;
        return reply;
    };
    REQUIRE(chat(500).has_value());
    CHECK(reserved >= 500);
    CHECK(reserved < 520);
    CHECK(status().tokens == 10);
    CHECK(status().running == 0);

    // What was refused with an answer used nothing; what nobody answered keeps what was reserved for it.
    fake->on_chat = []() -> Result<ChatReply> {
        Error error = failure(Errc::invalid_request);
        error.http_status = 400;
        return error;
    };
    CHECK_FALSE(chat(500).has_value());
    CHECK(status().tokens == 10);
    fake->on_chat = []() -> Result<ChatReply> { return failure(Errc::timeout, true); };
    CHECK_FALSE(chat(500).has_value());
    CHECK(status().tokens >= 510);
    CHECK(status().running == 0);
}

TEST_CASE_FIXTURE(DecoratorFixture, "a stream keeps its place until it ends, fails or is let go") {
    make({rule(LimitBy::user, {}, {}, 1)});
    Finished finished;
    finished.usage = told(1, 1);
    std::vector<std::vector<Step>> const scripts = {{TextDelta(), finished}, {TextDelta(), failure(Errc::connection)}};
    CallOptions options;
    options.caller.user = "ann";
    for (std::vector<Step> const& script : scripts) {
        for (std::size_t pulled = 0; pulled <= script.size(); ++pulled) {
            fake->on_stream = [&]() -> Result<std::vector<Step>> { return script; };
            {
                Result<ChatStream> stream = drive(*clock, limited->stream_chat(ChatRequest("m", "x"), options));
                REQUIRE(stream.has_value());
                for (std::size_t i = 0; i < pulled; ++i) (void)drive(*clock, stream->next());
                CHECK(status().running == (pulled < script.size() ? 1 : 0));
            }
            CHECK(status().running == 0);
        }
    }
    fake->on_stream = []() -> Result<std::vector<Step>> { return failure(Errc::connection); };
    CHECK_FALSE(drive(*clock, limited->stream_chat(ChatRequest("m", "x"), options)).has_value());
    CHECK(status().running == 0);
}

TEST_CASE_FIXTURE(DecoratorFixture, "a provider's Retry-After holds for all who call its model") {
    make({});
    SteadyTime const start = clock->now();
    fake->on_chat = []() -> Result<ChatReply> {
        Error error = failure(Errc::rate_limited);
        error.retry_after = seconds(20);
        return error;
    };
    CHECK_FALSE(chat().has_value());
    std::vector<SteadyTime> times;
    fake->on_chat = [&] {
        times.push_back(clock->now());
        return reply_of("hello", told(7, 3));
    };
    CHECK(chat().has_value());
    REQUIRE(times.size() == 1);
    CHECK(times[0] == start + seconds(20));
    CHECK(chat().has_value());
    CHECK(times[1] == start + seconds(20));
}

TEST_CASE_FIXTURE(DecoratorFixture, "what a limit refused is not sent and not tried again") {
    LimitsConfig config;
    config.rules = {rule(LimitBy::everyone, 1)};
    config.queue = false;
    std::shared_ptr<RateLimiter> const strict = RateLimiter::create(clock, config).value();
    std::shared_ptr<AIProvider> const whole =
        make_retry(make_limited(fake, strict).value(), runtime, RetryConfig()).value();
    CHECK(drive(*clock, whole->chat(ChatRequest("m", "x"))).has_value());
    SteadyTime const before = clock->now();
    Result<ChatReply> const refused = drive(*clock, whole->chat(ChatRequest("m", "x")));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::rate_limited);
    CHECK(refused.error().retry_after);
    CHECK(clock->now() == before);
    CHECK(fake->calls.size() == 1);
}

TEST_CASE_FIXTURE(DecoratorFixture, "an observer is told how long each attempt waited, and what was refused") {
    auto const heard = std::make_shared<aikit_test::Heard>();
    LimitsConfig config;
    config.rules = {rule(LimitBy::everyone, 1)};
    config.longest_wait = seconds(90);
    limiter = RateLimiter::create(clock, config).value();
    limited = make_limited(fake, limiter, heard).value();
    SteadyTime const before = clock->now();
    chat().value();
    chat().value();
    std::vector<aikit_test::Heard::Value> const waits = heard->records("aikit.limits.wait.duration");
    REQUIRE(waits.size() == 2);
    CHECK(waits[0].value == 0);
    CHECK(waits[1].value > 0);
    auto const passed = std::chrono::floor<milliseconds>(clock->now() - before);
    CHECK(waits[1].value == std::chrono::microseconds(passed).count());
    CHECK(waits[1].labels.at("aikit.provider") == "openai");
    CHECK(heard->counts("aikit.limits.refusals").empty());

    CallOptions hurry;
    hurry.deadline = Deadline::after(*clock, milliseconds(1));
    CHECK_FALSE(drive(*clock, limited->chat(ChatRequest("m", "x"), hurry)).has_value());
    REQUIRE(heard->counts("aikit.limits.refusals").size() == 1);
    CHECK(heard->counts("aikit.limits.refusals")[0].labels.at("error.type") == "rate_limited");
}

TEST_CASE_FIXTURE(DecoratorFixture, "each kind of call asks for a place, and what is free of charge does not") {
    make({rule(LimitBy::everyone, 100)});
    fake->on_embed = [] { return EmbedReply(); };
    fake->on_moderate = [] { return ModerateReply(); };
    EmbedRequest embed;
    embed.model = "m";
    embed.inputs.emplace_back(TextPart("some text"));
    CHECK(drive(*clock, limited->embed(embed, CallOptions())).has_value());
    CHECK(drive(*clock, limited->moderate(ModerateRequest(), CallOptions())).has_value());
    CHECK(status().requests == 2);
    (void)drive(*clock, limited->models(CallOptions()));
    CHECK(status().requests == 2);
    (void)drive(*clock, limited->count_tokens(ChatRequest("m", "x"), CallOptions()));
    CHECK(status().requests == 3);
    CHECK(status().running == 0);
}

}  // namespace aikit::policy
