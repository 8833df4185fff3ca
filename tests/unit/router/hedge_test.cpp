// SPDX-License-Identifier: MIT
// Covers RouterConfig::hedge: a second attempt beside a slow one, and what becomes of the slower of the two.
#include "core/together.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

namespace aikit::router {
namespace {

/// "a" answers in 100 ms, as it did twenty times before; "b" in 40 ms.
struct Hedged : Fleet {
    Hedged() {
        config.hedge.quantile = 0.95;
        config.hedge.share = 1;
        providers[0]->takes = usual;
        providers[1]->takes = milliseconds(40);
    }
    void learn() {
        for (int i = 0; i < 20; ++i) REQUIRE(chat().has_value());
        REQUIRE(asked(0) == 20);
        REQUIRE(asked(1) == 0);
    }

    /// How long a call took that "a" needs so long for.
    milliseconds took(milliseconds slow) {
        providers[0]->takes = slow;
        SteadyTime const begun = clock->now();
        last = chat();
        return std::chrono::duration_cast<milliseconds>(clock->now() - begun);
    }

    milliseconds const usual{100};
    Result<ChatReply> last;
};

Task<ChatReply> chat_after(std::shared_ptr<Clock> clock, std::shared_ptr<AIProvider> router, milliseconds wait) {
    Task<void> nap = sleep_until(clock, clock->now() + wait);
    Result<void> const slept = co_await std::move(nap);
    if (!slept) co_return slept.error();
    Task<ChatReply> asking = router->chat(ChatRequest("m", "Hello."), CallOptions());
    co_return co_await std::move(asking);
}

}  // namespace

TEST_CASE("past the quantile of its deployment another is asked, and the first to answer is taken") {
    Hedged f;
    f.learn();
    milliseconds const took = f.took(seconds(30));
    REQUIRE(f.last.has_value());
    CHECK(f.last->text() == "from b");
    // The quantile is told to a fifth.
    CHECK(took >= f.usual + milliseconds(40));
    CHECK(took <= f.usual * 6 / 5 + milliseconds(41));
    CHECK(f.providers[0]->stopped == 1);
    CHECK(f.asked(1) == 1);
    CHECK(f.asked(2) == 0);
    CHECK(f.last->info.route.find(R"("asked":[{"deployment":"a/m","outcome":"overtaken"},)"
                                  R"({"deployment":"b/m","outcome":"ok"}],"chosen":"b/m")") != std::string::npos);
}

TEST_CASE("the first attempt wins when it is only a little late, and the second is stopped") {
    Hedged f;
    f.learn();
    f.providers[1]->takes = seconds(30);
    milliseconds const took = f.took(milliseconds(150));
    REQUIRE(f.last.has_value());
    CHECK(f.last->text() == "from a");
    CHECK(took == milliseconds(150));
    CHECK(f.providers[1]->stopped == 1);
    CHECK(
        f.last->info.route.find(R"({"deployment":"b/m","outcome":"overtaken"},{"deployment":"a/m","outcome":"ok"})") !=
        std::string::npos);
}

TEST_CASE("a call that is as quick as ever is asked once") {
    Hedged f;
    f.learn();
    f.took(f.usual);
    CHECK(f.last->text() == "from a");
    CHECK(f.asked(1) == 0);
}

TEST_CASE("both attempts are told, each with a number of its own") {
    Hedged f;
    f.learn();
    f.took(seconds(30));
    CHECK(f.last->info.attempts.size() == 2);
    CHECK(f.providers[0]->calls.back().attempt == 1);
    CHECK(f.providers[1]->calls.back().attempt == 2);
    CHECK(f.providers[0]->calls.back().request_id == f.providers[1]->calls.back().request_id);
}

TEST_CASE("a failure of the one is waited out while the other is under way") {
    Hedged f;
    f.learn();
    // "b" fails at once, "a" answers late.
    f.providers[1]->takes = milliseconds(1);
    f.providers[1]->error = failure(Errc::server_error);
    f.took(milliseconds(200));
    REQUIRE(f.last.has_value());
    CHECK(f.last->text() == "from a");
    CHECK(f.asked(2) == 0);
    // "a" fails late, "b" answers later still.
    Hedged g;
    g.learn();
    g.providers[0]->error = failure(Errc::server_error);
    g.providers[1]->takes = milliseconds(200);
    g.took(milliseconds(150));
    REQUIRE(g.last.has_value());
    CHECK(g.last->text() == "from b");
    CHECK(g.asked(2) == 0);
}

TEST_CASE("what one of two attempts was told holds for other calls at once") {
    Hedged f;
    f.learn();
    // "a" asks late to be left alone, while "b" is still at it.
    f.providers[0]->takes = milliseconds(150);
    f.providers[0]->error = failure(Errc::rate_limited);
    f.providers[0]->error->retry_after = seconds(60);
    f.providers[1]->takes = seconds(2);
    std::vector<Task<ChatReply>> both;
    both.push_back(chat_after(f.clock, f.router, milliseconds(0)));
    both.push_back(chat_after(f.clock, f.router, milliseconds(300)));
    std::vector<Result<ChatReply>> const replies = drive(*f.clock, together(std::move(both), 2, false)).value();
    for (Result<ChatReply> const& reply : replies) CHECK(reply->text() == "from b");
    CHECK(f.asked(0) == 21);
    CHECK(f.asked(1) == 2);
}

TEST_CASE("when both fail, the call goes on to a third, and to none of them again") {
    Hedged f;
    f.learn();
    f.providers[0]->error = failure(Errc::server_error);
    f.providers[1]->error = failure(Errc::server_error);
    f.took(milliseconds(150));
    REQUIRE(f.last.has_value());
    CHECK(f.last->text() == "from c");
    CHECK(f.asked(0) == 21);
    CHECK(f.asked(1) == 1);
}

TEST_CASE("nobody is asked twice where it is not allowed, or nothing is known yet") {
    SUBCASE("replay never") {
        Hedged f;
        f.learn();
        f.providers[0]->takes = seconds(3);
        CallOptions options;
        options.replay = Replay::never;
        CHECK(f.chat(options).value().text() == "from a");
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("no retries") {
        Hedged f;
        f.learn();
        f.providers[0]->takes = seconds(3);
        CallOptions options;
        options.max_retries = 0;
        CHECK(f.chat(options).value().text() == "from a");
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("too few calls measured") {
        Hedged f;
        for (int i = 0; i < 19; ++i) REQUIRE(f.chat().has_value());
        f.took(seconds(3));
        CHECK(f.last->text() == "from a");
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("the deadline comes before") {
        Hedged f;
        f.learn();
        f.providers[0]->takes = milliseconds(50);
        CallOptions options;
        options.limits.total = milliseconds(60);
        CHECK(f.chat(options).value().text() == "from a");
        CHECK(f.asked(1) == 0);
    }
    SUBCASE("the other is sick") {
        Hedged f;
        f.learn();
        f.providers[1]->takes = milliseconds(0);
        f.providers[1]->error = failure(Errc::server_error);
        f.config.deployments.pop_back();
        f.router.reset();
        f.config.policy = RoutePolicy::ordered;
        f.open();
        for (int i = 0; i < 5; ++i) REQUIRE_FALSE(f.ask(ChatRequest("b/m", "Hello.")).has_value());
        f.providers[0]->takes = f.usual;
        for (int i = 0; i < 20; ++i) REQUIRE(f.chat().has_value());
        std::size_t const before = f.asked(1);
        f.took(seconds(3));
        CHECK(f.last->text() == "from a");
        CHECK(f.asked(1) == before);
    }
}

TEST_CASE("hedges are at most a share of the last calls, and two of them always") {
    for (double const share : {0.0, 0.05, 0.5}) {
        Hedged f;
        f.config.hedge.share = share;
        f.learn();
        f.providers[1]->takes = milliseconds(1);
        std::size_t hedged = 0;
        while (f.took(seconds(30)) < seconds(1)) ++hedged;
        CHECK(f.last->text() == "from a");
        CHECK(f.asked(1) == hedged);
        CHECK(hedged >= 2);
        CHECK(hedged <= 2 + share * static_cast<double>(21 + hedged));
        CHECK(hedged + 1 >= share * static_cast<double>(20 + hedged));
    }
}

TEST_CASE("what was overtaken stays in the quantile, so that it does not shrink") {
    Hedged f;
    f.learn();
    for (int i = 0; i < 50; ++i) {
        f.took(i % 10 == 0 ? seconds(30) : f.usual);
        REQUIRE(f.last.has_value());
    }
    // One in ten is slow: so many are hedged, and none of those that are as quick as ever.
    CHECK(f.asked(1) == 5);
}

TEST_CASE("streams are hedged until their first piece, and only one of them is seen") {
    Hedged f;
    f.providers[0]->steps = whole_stream({"from ", "a"});
    f.providers[1]->steps = whole_stream({"from ", "b"});
    for (int i = 0; i < 20; ++i) REQUIRE(f.stream().value().finished);
    f.providers[0]->takes = seconds(30);
    Result<Fleet::Streamed> const told = f.stream();
    REQUIRE(told.has_value());
    CHECK(told->text == "from b");
    CHECK(told->finished);
    CHECK(f.providers[0]->stopped == 1);
    CHECK(told->info.route.find(R"({"deployment":"a/m","outcome":"overtaken"})") != std::string::npos);
    CHECK(f.router->status()[0].health.running == 0);
}

TEST_CASE("a stream that is cut does not go on where it was overtaken") {
    Hedged f;
    f.config.resume = true;
    f.providers[0]->steps = whole_stream({"from ", "all"});
    f.providers[1]->steps = f.providers[2]->steps = f.providers[0]->steps;
    for (int i = 0; i < 20; ++i) REQUIRE(f.stream().value().finished);
    // The first is late, but before the second; and then it is cut.
    f.providers[0]->takes = milliseconds(150);
    f.providers[1]->takes = seconds(30);
    f.providers[0]->steps.resize(2);
    f.providers[0]->steps.emplace_back(failure(Errc::connection, true));
    Result<Fleet::Streamed> const told = f.stream();
    REQUIRE(told.has_value());
    CHECK(told->finished);
    CHECK(told->text == "from all");
    CHECK(f.asked(1) == 1);
    CHECK(f.asked(2) == 1);
}

TEST_CASE("a hedge is stopped with the call") {
    Hedged f;
    f.learn();
    f.providers[0]->takes = f.providers[1]->takes = seconds(30);
    CallOptions options;
    options.limits.total = seconds(1);
    auto const call = [](std::shared_ptr<AIRouter> router, std::shared_ptr<Clock> clock,
                         CallOptions how) -> Task<ChatReply> {
        Task<ChatReply> asking = router->chat(ChatRequest("m", "Hello."), std::move(how));
        Task<ChatReply> limited =
            with_timeout(clock, Deadline::after(*clock, milliseconds(500)), "the test's call", std::move(asking));
        co_return co_await std::move(limited);
    };
    Result<ChatReply> const reply = drive(*f.clock, call(f.router, f.clock, options));
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == Errc::timeout);
    CHECK(f.providers[0]->stopped == 1);
    CHECK(f.providers[1]->stopped == 1);
    for (DeploymentStatus const& one : f.router->status()) CHECK(one.health.running == 0);
}

TEST_CASE("a hedge that cannot be is refused by name") {
    for (auto const& [field, change] : std::vector<std::pair<std::string, std::function<void(HedgeConfig&)>>>{
             {"hedge.quantile", [](HedgeConfig& hedge) { hedge.quantile = 1; }},
             {"hedge.quantile", [](HedgeConfig& hedge) { hedge.quantile = -0.1; }},
             {"hedge.least_calls", [](HedgeConfig& hedge) { hedge.least_calls = 0; }},
             {"hedge.share", [](HedgeConfig& hedge) { hedge.share = 1.5; }}}) {
        Fleet f;
        change(f.config.hedge);
        Result<std::shared_ptr<AIRouter>> const made = AIRouter::create(f.runtime, f.config);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().message.find(field) != std::string::npos);
    }
}

}  // namespace aikit::router
