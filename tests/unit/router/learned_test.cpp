// SPDX-License-Identifier: MIT
// Covers AIRouter::learned and deployments with `shadow`: what a router takes along, and whom it only tries.
#include "support.hpp"

#include <doctest/doctest.h>

namespace aikit::router {

TEST_CASE("a router that goes on knows whom not to ask, and for how long") {
    Fleet f;
    f.providers[0]->error = failure(Errc::server_error);
    for (int i = 0; i < 5; ++i) REQUIRE(f.chat().has_value());
    REQUIRE(f.router->status()[0].health.circuit == Circuit::open);
    f.config.learned = f.router->learned();
    for (milliseconds const later : {milliseconds(0), milliseconds(4'900)}) {
        f.router.reset();
        if (later > milliseconds(0)) f.clock->advance(later);
        std::size_t const before = f.asked(0);
        REQUIRE(f.chat().has_value());
        CHECK(f.asked(0) == before);
        CHECK(f.router->status()[0].health.failures_in_row == 5);
    }
    // Then it is probed.
    f.router.reset();
    f.clock->advance(milliseconds(200));
    f.providers[0]->error.reset();
    CHECK(f.chat().value().text() == "from a");
    CHECK(f.router->status()[0].health.circuit == Circuit::closed);
}

TEST_CASE("pauses that a deployment asked for go on") {
    Fleet f;
    Error limited = failure(Errc::rate_limited);
    limited.retry_after = seconds(30);
    f.providers[0]->error = limited;
    REQUIRE(f.chat().has_value());
    f.config.learned = f.router->learned();
    f.router.reset();
    f.clock->advance(seconds(29));
    f.providers[0]->error.reset();
    CHECK(f.chat().value().text() == "from b");
    f.clock->advance(seconds(2));
    CHECK(f.chat().value().text() == "from a");
}

TEST_CASE("latencies are remembered past their window, and by the next router") {
    Fleet f;
    f.config.policy = RoutePolicy::fastest;
    f.providers[0]->takes = milliseconds(90);
    f.providers[1]->takes = milliseconds(30);
    f.providers[2]->takes = milliseconds(60);
    for (char const* deployment : {"a/m", "b/m", "c/m"}) REQUIRE(f.ask(ChatRequest(deployment, "Hello.")).has_value());
    f.clock->advance(std::chrono::hours(2));
    CHECK(f.chat().value().text() == "from b");
    f.config.learned = f.router->learned();
    f.router.reset();
    f.clock->advance(std::chrono::hours(2));
    CHECK(f.chat().value().text() == "from b");
    CHECK(f.router->status()[2].health.latency_50.has_value());
}

TEST_CASE("what was learned is known again by the deployments' names") {
    Fleet f;
    f.providers[0]->error = failure(Errc::authentication);
    REQUIRE(f.chat().has_value());
    f.config.learned = f.router->learned();
    f.router.reset();
    f.providers[0]->error.reset();
    std::swap(f.config.deployments[0], f.config.deployments[2]);
    f.config.deployments.erase(f.config.deployments.begin() + 1);  // c, a
    f.open();
    CHECK(f.router->status()[0].health.reason.empty());
    CHECK_FALSE(f.router->status()[1].health.reason.empty());
}

TEST_CASE("what is not what a router learned is an error that says so") {
    Fleet f;
    f.providers[0]->error = failure(Errc::server_error);
    REQUIRE(f.chat().has_value());
    std::string const good = f.router->learned();
    for (std::string const& wrong : std::vector<std::string>{
             "{", "[]", "7", R"({"form":2,"saved_ms":1,"deployments":[]})", R"({"form":1,"deployments":[]})",
             R"({"form":1,"saved_ms":1,"deployments":[{}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","open_ms":-1}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","open_ms":"x"}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","latency":[[1]]}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","latency":[[100000,1]]}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","latency":[[1,1],[1,1]]}]})",
             R"({"form":1,"saved_ms":1,"deployments":[{"deployment":"a/m","latency":{"1":1}}]})"}) {
        CAPTURE(wrong);
        f.config.learned = wrong;
        Result<std::shared_ptr<AIRouter>> const made = AIRouter::create(f.runtime, f.config);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == Errc::protocol);
    }
    // However it is cut.
    for (std::size_t size = 1; size < good.size(); ++size) {
        f.config.learned = good.substr(0, size);
        CHECK_FALSE(AIRouter::create(f.runtime, f.config).has_value());
    }
}

namespace {

/// A call, and then time for what is under way beside it.
Task<ChatReply> call_and_wait(std::shared_ptr<AIRouter> router, std::shared_ptr<Clock> clock, CallOptions options) {
    Task<ChatReply> asking = router->chat(ChatRequest("m", "Hello."), std::move(options));
    Result<ChatReply> reply = co_await std::move(asking);
    Task<void> nap = sleep_until(clock, clock->now() + std::chrono::minutes(1));
    Result<void> const slept = co_await std::move(nap);
    if (!slept) co_return slept.error();
    co_return reply;
}

}  // namespace

TEST_CASE("a deployment that is tried gets copies, is waited for by nobody, and never answers") {
    Fleet f;
    f.config.deployments[0].shadow = 1;
    f.providers[0]->takes = seconds(20);
    std::vector<ShadowReply> told;
    f.config.on_shadow = [&](ShadowReply const& reply) { told.push_back(reply); };
    f.open();
    CallOptions options;
    options.caller.user = "u";
    options.request_id = "r1";
    SteadyTime const begun = f.clock->now();
    Result<ChatReply> const reply = drive(*f.clock, call_and_wait(f.router, f.clock, options));
    REQUIRE(reply.has_value());
    CHECK(reply->text() == "from b");
    CHECK(f.providers[1]->times.at(0) == begun);
    CHECK(f.providers[1]->calls.at(0).attempts->size() == 1);
    REQUIRE(told.size() == 1);
    CHECK(told[0].deployment == "a/m");
    CHECK(told[0].request_id == "r1");
    CHECK(told[0].request->messages.size() == 1);
    CHECK(told[0].reply.value().text() == "from a");
    CallOptions const& copied = f.providers[0]->calls.at(0);
    CHECK(copied.caller.user == "u");
    CHECK(copied.caller.tags == std::vector<std::string>{"shadow"});
    CHECK(copied.request_id != "r1");
    CHECK(f.router->status()[0].health.calls == 0);  // a minute ago
    CHECK(f.router->status()[0].health.latency_50.has_value());
}

TEST_CASE("what a tried deployment does wrong is nobody's trouble") {
    Fleet f;
    f.config.deployments[0].shadow = 1;
    f.providers[0]->error = failure(Errc::server_error);
    f.open();
    for (int i = 0; i < 10; ++i) {
        Result<ChatReply> const reply = drive(*f.clock, call_and_wait(f.router, f.clock, CallOptions()));
        REQUIRE(reply.has_value());
        CHECK(reply->text() == "from b");
    }
    CHECK(f.asked(0) >= 5);
}

TEST_CASE("copies are a share of the requests, and keep to the constraints") {
    Fleet f;
    f.config.deployments[0].shadow = 0.25;
    for (int i = 0; i < 2'000; ++i) REQUIRE(f.chat().has_value());
    CHECK(f.asked(0) > 400);
    CHECK(f.asked(0) < 600);
    Fleet sensitive;
    sensitive.config.deployments[0].shadow = 1;
    sensitive.config.deployments[1].local = true;
    CallOptions options;
    options.privacy = Privacy::sensitive;
    REQUIRE(sensitive.chat(options).has_value());
    CHECK(sensitive.asked(0) == 0);
}

TEST_CASE("a router whose deployments all get copies only has nobody to ask") {
    Fleet f;
    f.config.deployments.resize(1);
    f.config.deployments[0].shadow = 1;
    Result<ChatReply> const reply = f.chat();
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == Errc::unsupported);
    CHECK(reply.error().message.find("copies only") != std::string::npos);
}

}  // namespace aikit::router
