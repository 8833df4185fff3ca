// SPDX-License-Identifier: MIT
// Covers include/aikit/router/health.hpp: when a deployment is asked, and when it is left alone.
#include "router/latencies.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <random>

namespace aikit::router {
namespace {

SteadyTime const start = SteadyTime(std::chrono::hours(1));

struct Watched {
    explicit Watched(HealthConfig config = HealthConfig()) : health(config) {}

    bool fail(Errc code = Errc::server_error, std::optional<milliseconds> retry_after = {}) {
        std::optional<DeploymentHealth::Permit> const permit = health.admit(now);
        if (!permit) return false;
        Error error = failure(code);
        error.retry_after = retry_after;
        health.failed(*permit, now, error);
        return true;
    }
    bool work(milliseconds latency = milliseconds(100)) {
        std::optional<DeploymentHealth::Permit> const permit = health.admit(now);
        if (!permit) return false;
        health.succeeded(*permit, now, latency, std::nullopt);
        return true;
    }
    Circuit circuit() const { return health.snapshot(now).circuit; }

    DeploymentHealth health;
    SteadyTime now = start;
};

}  // namespace

TEST_CASE("five failures in a row open the circuit, four and a success do not") {
    Watched w;
    for (int i = 0; i < 4; ++i) REQUIRE(w.fail());
    REQUIRE(w.work());
    for (int i = 0; i < 5; ++i) REQUIRE(w.fail());
    CHECK_FALSE(w.work());
    CHECK(w.circuit() == Circuit::open);
    CHECK(w.health.snapshot(w.now).reason.find("5 failures") != std::string::npos);
}

TEST_CASE("half of the calls failing opens the circuit once there were enough") {
    HealthConfig config;
    config.failures = 1'000;
    Watched w(config);
    for (int i = 0; i < 9; ++i) {
        REQUIRE(w.work());
        REQUIRE(w.fail());
    }
    REQUIRE(w.work());
    REQUIRE(w.fail());  // the tenth of twenty
    CHECK_FALSE(w.work());
}

TEST_CASE("an open circuit lets one probe through, and nothing beside it") {
    Watched w;
    for (int i = 0; i < 5; ++i) w.fail();
    w.now += milliseconds(4'999);
    CHECK_FALSE(w.health.admit(w.now).has_value());
    w.now += milliseconds(1);
    std::optional<DeploymentHealth::Permit> const probe = w.health.admit(w.now);
    REQUIRE(probe.has_value());
    CHECK(probe->probe);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(w.health.admit(w.now).has_value());
    SUBCASE("one that works closes it") {
        w.health.succeeded(*probe, w.now, milliseconds(1), std::nullopt);
        CHECK(w.circuit() == Circuit::closed);
        CHECK(w.work());
    }
    SUBCASE("one that fails opens it for twice as long, at most a minute") {
        w.health.failed(*probe, w.now, failure(Errc::connection));
        for (milliseconds pause : {milliseconds(10'000), milliseconds(20'000), milliseconds(40'000),
                                   milliseconds(60'000), milliseconds(60'000)}) {
            w.now += pause - milliseconds(1);
            CHECK_FALSE(w.fail());
            w.now += milliseconds(1);
            CHECK(w.fail());
        }
    }
    SUBCASE("one that is let go leaves the next call to be the probe") {
        w.health.abandoned(*probe);
        std::optional<DeploymentHealth::Permit> const next = w.health.admit(w.now);
        REQUIRE(next.has_value());
        CHECK(next->probe);
    }
    SUBCASE("a call from before that ends well does not close it") {
        Watched other;
        std::optional<DeploymentHealth::Permit> const early = other.health.admit(other.now);
        REQUIRE(early.has_value());
        for (int i = 0; i < 5; ++i) other.fail();
        other.health.succeeded(*early, other.now, milliseconds(1), std::nullopt);
        CHECK(other.circuit() == Circuit::open);
    }
}

TEST_CASE("each class of error has the effect that the matrix says") {
    struct Row {
        Errc code;
        Effect effect;
    };
    for (Row const& row : {Row{Errc::authentication, Effect::refused}, Row{Errc::permission, Effect::refused},
                           Row{Errc::quota_exceeded, Effect::refused}, Row{Errc::not_found, Effect::refused},
                           Row{Errc::rate_limited, Effect::limited}, Row{Errc::overloaded, Effect::failure},
                           Row{Errc::server_error, Effect::failure}, Row{Errc::timeout, Effect::failure},
                           Row{Errc::connection, Effect::failure}, Row{Errc::incomplete, Effect::failure},
                           Row{Errc::protocol, Effect::failure}, Row{Errc::invalid_argument, Effect::none},
                           Row{Errc::invalid_request, Effect::none}, Row{Errc::context_length, Effect::none},
                           Row{Errc::content_filtered, Effect::none}, Row{Errc::cancelled, Effect::none},
                           Row{Errc::budget_exceeded, Effect::none}, Row{Errc::unknown_price, Effect::none},
                           Row{Errc::unsupported, Effect::none}}) {
        CAPTURE(aikit::name(row.code));
        CHECK(effect_of(failure(row.code)) == row.effect);
    }
    // Limits, tiers and waits of this program's own name no provider: the deployment was not even asked.
    for (Errc const code : {Errc::rate_limited, Errc::permission, Errc::quota_exceeded, Errc::timeout}) {
        Error own = failure(code);
        own.provider.clear();
        CHECK(effect_of(own) == Effect::none);
    }
}

TEST_CASE("nothing is sent before a Retry-After has passed, whatever is tried, and however it is told") {
    for (Errc const code : {Errc::rate_limited, Errc::overloaded, Errc::server_error}) {
        Watched w;
        REQUIRE(w.fail(code, milliseconds(30'000)));
        for (int i = 0; i < 3'000; ++i) {
            CHECK_FALSE(w.work());
            w.now += milliseconds(10);
        }
        CHECK(w.work());
    }
}

TEST_CASE("a shorter Retry-After does not undo a longer one") {
    Watched w;
    std::optional<DeploymentHealth::Permit> const first = w.health.admit(w.now);
    std::optional<DeploymentHealth::Permit> const second = w.health.admit(w.now);
    Error wait = failure(Errc::rate_limited);
    wait.retry_after = seconds(30);
    w.health.failed(*first, w.now, wait);
    wait.retry_after = seconds(1);
    w.health.failed(*second, w.now, wait);
    w.now += seconds(29);
    CHECK_FALSE(w.work());
    w.now += seconds(1);
    CHECK(w.work());
}

TEST_CASE("a 429 without a time pauses for a second, then two, and never opens the circuit") {
    Watched w;
    for (milliseconds pause : {milliseconds(1'000), milliseconds(2'000), milliseconds(4'000), milliseconds(8'000),
                               milliseconds(16'000), milliseconds(32'000), milliseconds(60'000)}) {
        REQUIRE(w.fail(Errc::rate_limited));
        w.now += pause - milliseconds(1);
        CHECK_FALSE(w.work());
        w.now += milliseconds(1);
        CHECK(w.circuit() == Circuit::closed);
    }
    REQUIRE(w.work());
    REQUIRE(w.fail(Errc::rate_limited));
    w.now += seconds(1);
    CHECK(w.work());
}

TEST_CASE("a dead key is left alone for ten minutes, and says so") {
    Watched w;
    REQUIRE(w.fail(Errc::authentication));
    CHECK(w.health.snapshot(w.now).reason.find("authentication") != std::string::npos);
    w.now += seconds(599);
    CHECK_FALSE(w.work());
    w.now += seconds(1);
    CHECK(w.work());
}

TEST_CASE("what is no fault of the deployment changes nothing") {
    Watched w;
    for (int i = 0; i < 100; ++i) REQUIRE(w.fail(Errc::invalid_request));
    for (int i = 0; i < 100; ++i) REQUIRE(w.fail(Errc::content_filtered));
    CHECK(w.circuit() == Circuit::closed);
    CHECK(w.health.snapshot(w.now).error_rate == 0);
}

TEST_CASE("quantiles are those of the sorted durations, to a fourth") {
    std::mt19937 random(1);
    for (int round = 0; round < 50; ++round) {
        Durations durations;
        std::vector<std::int64_t> all;
        double const scale = 2 + round % 15;
        for (int i = 0; i < 500; ++i) {
            auto const micros = static_cast<std::int64_t>(std::exp(scale * (random() % 1'000) / 1'000.0)) + 8;
            durations.add(std::chrono::microseconds(micros));
            all.push_back(micros);
        }
        std::sort(all.begin(), all.end());
        for (double const share : {0.5, 0.9, 0.95, 0.99}) {
            std::int64_t const exact = all[static_cast<std::size_t>(std::ceil(share * 500)) - 1];
            std::int64_t const told_one = durations.quantile(Durations(), share).count();
            CHECK(told_one >= exact);
            CHECK(static_cast<double>(told_one) <= static_cast<double>(exact) * 1.26 + 1);
        }
    }
}

TEST_CASE("latencies are of the last window alone") {
    Watched w;
    for (int i = 0; i < 10; ++i) REQUIRE(w.work(milliseconds(1'000)));
    CHECK(w.health.snapshot(w.now).latency_50.value() >= milliseconds(1'000));
    w.now += seconds(31);
    REQUIRE(w.work(milliseconds(10)));
    CHECK(w.health.snapshot(w.now).latency_95.value() < milliseconds(20));
    CHECK(w.health.snapshot(w.now).calls == 1);
}

}  // namespace aikit::router
