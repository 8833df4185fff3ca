// SPDX-License-Identifier: MIT
// Covers include/aikit/router/router.hpp: who is asked when somebody fails, and who never is.
#include "support.hpp"

#include <doctest/doctest.h>

namespace aikit::router {

TEST_CASE("a failure goes on to the next deployment, and the caller sees only the answer") {
    for (Errc const code :
         {Errc::server_error, Errc::overloaded, Errc::connection, Errc::timeout, Errc::protocol, Errc::incomplete,
          Errc::rate_limited, Errc::authentication, Errc::permission, Errc::quota_exceeded, Errc::not_found,
          Errc::unsupported, Errc::unknown_price, Errc::budget_exceeded}) {
        Fleet f;
        f.providers[0]->error = failure(code);
        CAPTURE(aikit::name(code));
        Result<ChatReply> const reply = f.chat();
        REQUIRE(reply.has_value());
        CHECK(reply->text() == "from b");
        CHECK(f.asked(0) == 1);
        CHECK(f.asked(2) == 0);
        CHECK(reply->info.route.find("\"asked\":[{\"deployment\":\"a/m\",\"outcome\":\"" + std::string(name(code)) +
                                     "\"},{\"deployment\":\"b/m\",\"outcome\":\"ok\"}]") != std::string::npos);
    }
}

TEST_CASE("what is wrong with the call itself is told at once") {
    for (Errc const code : {Errc::invalid_argument, Errc::invalid_request, Errc::content_filtered, Errc::cancelled}) {
        Fleet f;
        f.providers[0]->error = failure(code);
        CAPTURE(aikit::name(code));
        Result<ChatReply> const reply = f.chat();
        REQUIRE_FALSE(reply.has_value());
        CHECK(reply.error().code == code);
        CHECK(f.asked(1) + f.asked(2) == 0);
    }
}

TEST_CASE("what was withheld goes on to others where the rule says so") {
    Fleet f;
    f.config.on_content_filter = true;
    f.providers[0]->error = failure(Errc::content_filtered);
    CHECK(f.chat().value().text() == "from b");
}

TEST_CASE("what is too long goes on to a larger window, and to no smaller one") {
    Fleet f;
    f.providers[0]->error = failure(Errc::context_length);
    CHECK(f.chat().value().text() == "from b");
    Fleet other;
    other.providers[1]->error = failure(Errc::context_length);
    std::swap(other.config.deployments[0], other.config.deployments[1]);
    Result<ChatReply> const reply = other.chat();
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == Errc::context_length);
    CHECK(other.asked(0) + other.asked(2) == 0);
}

TEST_CASE("what may have been carried out goes on as the caller allows") {
    struct Row {
        Replay replay;
        std::size_t first, second;
        bool answered;
    };
    for (Row const& row :
         {Row{Replay::never, 1, 0, false}, Row{Replay::other_deployment, 1, 1, true}, Row{Replay::any, 1, 1, true}}) {
        Fleet f;
        f.providers[0]->error = failure(Errc::timeout, true);
        CallOptions options;
        options.replay = row.replay;
        CHECK(f.chat(options).has_value() == row.answered);
        CHECK(f.asked(0) == row.first);
        CHECK(f.asked(1) == row.second);
    }
    // Where all may have carried it out, none is asked twice, unless any may.
    for (Replay const replay : {Replay::other_deployment, Replay::any}) {
        Fleet f;
        for (auto const& provider : f.providers) provider->error = failure(Errc::connection, true);
        CallOptions options;
        options.replay = replay;
        options.max_retries = 10;
        CHECK_FALSE(f.chat(options).has_value());
        for (std::size_t i = 0; i < 3; ++i) CHECK((f.asked(i) > 1) == (replay == Replay::any));
    }
}

TEST_CASE("all layers together make one attempt more than max_retries at most") {
    for (int retries = 0; retries <= 10; ++retries) {
        Fleet f;
        for (auto const& provider : f.providers) provider->error = failure(Errc::server_error);
        CallOptions options;
        options.max_retries = retries;
        CHECK_FALSE(f.chat(options).has_value());
        CHECK(f.asked(0) + f.asked(1) + f.asked(2) <= static_cast<std::size_t>(retries) + 1);
        for (auto const& provider : f.providers) {
            for (CallOptions const& call : provider->calls) CHECK(call.max_retries == 0);
        }
    }
}

TEST_CASE("attempts share an id, an idempotency key, a deadline and a list, and are numbered") {
    Fleet f;
    f.providers[0]->error = f.providers[1]->error = failure(Errc::server_error);
    REQUIRE(f.chat().has_value());
    CallOptions const& first = f.providers[0]->calls[0];
    for (std::size_t i = 1; i < 3; ++i) {
        CallOptions const& next = f.providers[i]->calls[0];
        CHECK(next.request_id == first.request_id);
        CHECK(next.idempotency_key == first.idempotency_key);
        CHECK(next.deadline.at() == first.deadline.at());
        CHECK(next.attempts == first.attempts);
        CHECK(next.attempt == static_cast<int>(i) + 1);
    }
    CHECK_FALSE(first.request_id.empty());
}

TEST_CASE("everything ends by the one deadline, however it fails") {
    Fleet f;
    for (auto const& provider : f.providers) {
        provider->error = failure(Errc::server_error);
        provider->takes = milliseconds(700);
    }
    CallOptions options;
    options.limits.total = milliseconds(2'000);
    options.max_retries = 10;
    SteadyTime const begin = f.clock->now();
    CHECK_FALSE(f.chat(options).has_value());
    CHECK(f.clock->now() - begin <= milliseconds(2'000 + 700));
    for (auto const& provider : f.providers) {
        for (SteadyTime const at : provider->times) CHECK(at - begin < milliseconds(2'000));
    }
}

TEST_CASE("a Retry-After is waited for where nobody else is left, and never undercut") {
    Fleet f;
    f.config.deployments.resize(1);
    Error wait = failure(Errc::rate_limited);
    wait.retry_after = seconds(7);
    f.providers[0]->error = wait;
    CallOptions options;
    options.max_retries = 2;
    CHECK_FALSE(f.chat(options).has_value());
    REQUIRE(f.asked(0) == 3);
    CHECK(f.providers[0]->times[1] - f.providers[0]->times[0] >= seconds(7));
    CHECK(f.providers[0]->times[2] - f.providers[0]->times[1] >= seconds(7));
}

TEST_CASE("all down is told at once, with the soonest time to try again") {
    Fleet f;
    Error wait = failure(Errc::overloaded);
    wait.retry_after = seconds(90);
    for (auto const& provider : f.providers) provider->error = wait;
    f.providers[1]->error->retry_after = seconds(70);
    CHECK_FALSE(f.chat().has_value());
    std::size_t const before = f.asked(0) + f.asked(1) + f.asked(2);
    SteadyTime const begin = f.clock->now();
    Result<ChatReply> const reply = f.chat();
    REQUIRE_FALSE(reply.has_value());
    CHECK(f.clock->now() == begin);
    CHECK(reply.error().code == Errc::overloaded);
    CHECK(reply.error().retry_after.value() <= seconds(70));
    CHECK(reply.error().retry_after.value() > seconds(60));
    CHECK(f.asked(0) + f.asked(1) + f.asked(2) == before);
}

TEST_CASE("a dead deployment gets under one call of a hundred after five failures, and is back within one pause") {
    Fleet f;
    f.providers[0]->error = failure(Errc::connection);
    int answered = 0;
    for (int i = 0; i < 3'000; ++i) {  // a minute at fifty a second
        answered += f.chat().has_value() ? 1 : 0;
        f.clock->advance(milliseconds(20));
    }
    CHECK(answered == 3'000);
    CHECK(f.asked(0) <= 5 + 30);
    f.providers[0]->error.reset();
    std::size_t const before = f.asked(0);
    SteadyTime const well = f.clock->now();
    while (f.asked(0) < before + 2) {
        REQUIRE(f.clock->now() - well <= seconds(61));
        (void)f.chat();
        f.clock->advance(milliseconds(20));
    }
}

TEST_CASE("an outage of all is not fed: at most a fifth more than the calls reach the sick") {
    Fleet f;
    f.config.health.failures = 1'000;  // no circuit helps
    f.config.health.error_rate = 1.0;
    f.config.health.least_calls = 1'000'000;
    f.config.first_delay = milliseconds(1);
    f.config.max_delay = milliseconds(1);
    for (auto const& provider : f.providers) provider->error = failure(Errc::server_error);
    int const calls = 5'000;
    for (int i = 0; i < calls; ++i) {
        (void)f.chat();
        f.clock->advance(milliseconds(12));
    }
    CHECK(f.asked(0) + f.asked(1) + f.asked(2) <= calls * 12 / 10 + 40);
}

TEST_CASE("a stream that is cut before its first piece begins anew elsewhere without a trace") {
    std::vector<Step> const whole = whole_stream({"Hel", "lo"});
    for (std::size_t cut = 0; cut <= 1; ++cut) {
        Fleet f;
        f.providers[0]->steps.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
        f.providers[0]->steps.emplace_back(failure(Errc::incomplete, true));
        f.providers[1]->steps = whole;
        Fleet::Streamed const streamed = f.stream().value();
        CHECK(streamed.text == "Hello");
        CHECK(streamed.finished);
        CHECK_FALSE(streamed.error.has_value());
        CHECK(streamed.info.route.find("\"chosen\":\"b/m\"") != std::string::npos);
    }
}

TEST_CASE("a stream that is cut after its first piece ends with its error, and nothing of another is in it") {
    std::vector<Step> const whole = whole_stream({"Hel", "lo"});
    for (std::size_t cut = 2; cut < whole.size(); ++cut) {
        Fleet f;
        f.providers[0]->steps.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
        f.providers[0]->steps.emplace_back(failure(Errc::incomplete, true));
        f.providers[1]->steps = whole_stream({"Other"});
        Fleet::Streamed const streamed = f.stream().value();
        CHECK(streamed.text == std::string("Hello").substr(0, cut == 2 ? 3 : 5));
        CHECK_FALSE(streamed.finished);
        REQUIRE(streamed.error.has_value());
        CHECK(streamed.error->code == Errc::incomplete);
        CHECK(f.asked(1) == 0);
        CHECK(f.router->status()[0].health.failures_in_row == 1);
    }
}

TEST_CASE("a stream that ends without its last event is not complete") {
    Fleet f;
    f.providers[0]->steps = {TextDelta(0, "Hel")};
    Fleet::Streamed const streamed = f.stream().value();
    REQUIRE(streamed.error.has_value());
    CHECK(streamed.error->code == Errc::incomplete);
}

TEST_CASE("a stream that is let go gives its place back, and counts neither way") {
    Fleet f;
    f.providers[0]->steps = whole_stream({"Hel", "lo"});
    for (int events = 0; events < 4; ++events) REQUIRE(f.stream(events).has_value());
    HealthSnapshot const health = f.router->status()[0].health;
    CHECK(health.running == 0);
    CHECK(health.calls == 0);
}

TEST_CASE("an answer from a cache says nothing of its deployment") {
    Fleet f;
    f.providers[0]->cache = "hit";
    REQUIRE(f.chat().has_value());
    HealthSnapshot const health = f.router->status()[0].health;
    CHECK(health.running == 0);
    CHECK(health.calls == 0);
    CHECK_FALSE(health.latency_50.has_value());
    f.providers[0]->cache = "miss";
    REQUIRE(f.chat().has_value());
    CHECK(f.router->status()[0].health.calls == 1);
}

TEST_CASE("an embedding goes on to the same model only") {
    Fleet f;
    f.config.deployments[1].model = "other";
    f.providers[0]->error = failure(Errc::server_error);
    f.open();
    EmbedRequest request;
    request.inputs.emplace_back(TextPart{"words"});
    REQUIRE(drive(*f.clock, f.router->embed(request)).has_value());
    CHECK(f.asked(1) == 0);
    CHECK(f.asked(2) == 1);
}

TEST_CASE("a router of routers fails over through both") {
    Fleet inner;
    for (auto const& provider : inner.providers) provider->error = failure(Errc::server_error);
    inner.open();
    Fleet outer;
    outer.config.deployments[0] = Deployment(inner.router, "m");
    CHECK(outer.chat().value().text() == "from b");
}

TEST_CASE("a configuration that cannot be is refused by the name of its field") {
    auto const refused = [](std::function<void(RouterConfig&)> change) {
        Fleet f;
        change(f.config);
        Result<std::shared_ptr<AIRouter>> const made = AIRouter::create(f.runtime, f.config);
        return made ? std::string() : made.error().message;
    };
    CHECK(refused([](RouterConfig& c) { c.deployments.clear(); }).find("deployments") != std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.costs.reset(); }).find("costs") != std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.max_retries = 11; }).find("max_retries") != std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.deployments[1].provider.reset(); }).find("deployments[1].provider") !=
          std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.deployments[1].weight = 0; }).find("deployments[1].weight") !=
          std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.deployments[2].quality = 2; }).find("deployments[2].quality") !=
          std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.deployments[1] = c.deployments[0]; }).find("deployments[1].name") !=
          std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.health.window = milliseconds(1); }).find("health.window") !=
          std::string::npos);
    CHECK(refused([](RouterConfig& c) { c.least_quality[RequestGrade::code] = 3; }).find("least_quality[code]") !=
          std::string::npos);
    CHECK(refused([](RouterConfig&) {}).empty());
}

}  // namespace aikit::router
