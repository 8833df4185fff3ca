// SPDX-License-Identifier: MIT
// Covers src/net/pool.cpp and src/core/waiter.hpp: who gets which connection, on a clock turned by hand.
#include "net/pool.hpp"

#include <aikit/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

namespace aikit::inline v0::net {
namespace {

using namespace std::chrono_literals;

/// A stream that only knows whether it was closed.
class DeadStream final : public Stream {
public:
    explicit DeadStream(int& alive) : alive_(alive) { ++alive_; }
    ~DeadStream() override { --alive_; }
    Task<std::size_t> write_some(std::string_view, std::string_view) override { co_return std::size_t{0}; }
    Task<void> wait() override { co_return ok(); }
    Result<std::size_t> take(char*, std::size_t) override { return std::size_t{0}; }
    bool ended() const noexcept override { return false; }
    bool quiet() noexcept override { return true; }
    std::uint64_t sent() const noexcept override { return 0; }
    void close() noexcept override {}

private:
    int& alive_;
};

struct Fixture {
    explicit Fixture(int most = 2, int idle = 2) {
        HttpClientConfig config;
        config.max_connections_per_origin = most;
        config.max_idle_per_origin = idle;
        config.max_idle_time = 45s;
        config.max_life = 300s;
        pool = std::make_shared<Pool>(config, clock);
    }

    std::unique_ptr<Connection> connection() {
        auto made = std::make_unique<Connection>();
        made->stream = std::make_unique<DeadStream>(alive);
        made->opened = clock->now();
        return made;
    }

    /// A lease that is to be had at once, with a connection in it.
    Lease lease(std::string const& key = "a") {
        Result<Pool::Turn> turn = pool->ask(key);
        REQUIRE(turn.has_value());
        REQUIRE(turn->lease.has_value());
        if (!turn->lease->connection) turn->lease->connection = connection();
        return std::move(*turn->lease);
    }

    void put_back(Lease& lease) { pool->put_back(std::move(lease.permit), std::move(lease.connection)); }

    void settle() {
        loop.restart();
        loop.poll();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    boost::asio::io_context loop;
    int alive = 0;
    std::shared_ptr<Pool> pool;
};

/// One who waits, and what became of it.
struct Client {
    Client(Fixture& fixture, SteadyTime until = SteadyTime::max()) : fixture_(fixture) {
        Result<Pool::Turn> turn = fixture.pool->ask("a");
        REQUIRE(turn.has_value());
        REQUIRE(turn->waiter != nullptr);
        waiter = turn->waiter.get();
        boost::asio::co_spawn(
            fixture.loop, Waiter<Lease>::wait(std::move(turn->waiter), fixture.clock, until),
            boost::asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr, Result<Lease> lease) {
                if (!lease) fixture_.pool->leave("a", waiter);
                outcome = std::move(lease);
            }));
        fixture.settle();
    }

    Fixture& fixture_;
    Waiter<Lease> const* waiter = nullptr;
    boost::asio::cancellation_signal stop;
    std::optional<Result<Lease>> outcome;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a connection that came back is handed out again, the last one first") {
    Lease first = lease();
    Lease second = lease();
    Stream* const later = second.connection->stream.get();
    put_back(first);
    put_back(second);
    CHECK(pool->counts().open == 2);
    CHECK(pool->counts().idle == 2);

    Lease const again = lease();

    CHECK(again.connection->stream.get() == later);
    CHECK(pool->counts().idle == 1);
    CHECK(alive == 2);
}

TEST_CASE_FIXTURE(Fixture, "origins share nothing") {
    Lease a = lease("a");
    put_back(a);
    Result<Pool::Turn> const turn = pool->ask("b");
    REQUIRE(turn->lease.has_value());
    CHECK(turn->lease->connection == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "an idle connection is dropped at its time, not before") {
    Lease one = lease();
    put_back(one);
    clock->advance(45s - 1us);
    Lease again = lease();
    CHECK(alive == 1);
    put_back(again);
    clock->advance(45s);
    Result<Pool::Turn> const turn = pool->ask("a");
    REQUIRE(turn->lease.has_value());
    CHECK(turn->lease->connection == nullptr);
    CHECK(alive == 0);
}

TEST_CASE_FIXTURE(Fixture, "a connection is dropped at the end of its life, however busy") {
    Lease one = lease();
    for (int i = 0; i < 10; ++i) {
        put_back(one);
        clock->advance(30s);
        Result<Pool::Turn> turn = pool->ask("a");
        REQUIRE(turn->lease.has_value());
        CHECK((turn->lease->connection != nullptr) == (i < 9));
        one = std::move(*turn->lease);
    }
    CHECK(alive == 0);
}

TEST_CASE("more idle connections than wanted are closed, the oldest first") {
    Fixture fixture(3, 1);
    Lease a = fixture.lease();
    Lease b = fixture.lease();
    Lease c = fixture.lease();
    Stream* const last = c.connection->stream.get();
    fixture.put_back(a);
    fixture.put_back(b);
    fixture.put_back(c);

    CHECK(fixture.alive == 1);
    CHECK(fixture.pool->counts().open == 1);
    CHECK(fixture.lease().connection->stream.get() == last);
}

TEST_CASE_FIXTURE(Fixture, "connections of other origins are dropped in passing once they are old") {
    for (int i = 0; i < 100; ++i) {
        Lease one = lease("origin " + std::to_string(i));
        put_back(one);
    }
    CHECK(alive == 100);
    clock->advance(60s);
    lease("another");
    CHECK(alive == 0);
}

TEST_CASE_FIXTURE(Fixture, "at the limit clients wait and are served in their order") {
    Lease one = lease();
    Lease two = lease();
    Client first(*this);
    Client second(*this);
    Client third(*this);
    CHECK(pool->counts().waiting == 3);

    Stream* const stream = one.connection->stream.get();
    put_back(one);
    settle();
    REQUIRE(first.outcome.has_value());
    CHECK((*first.outcome)->connection->stream.get() == stream);
    CHECK_FALSE(second.outcome.has_value());

    two.connection.reset();
    two.permit = Permit();
    settle();
    REQUIRE(second.outcome.has_value());
    CHECK((*second.outcome)->connection == nullptr);
    CHECK_FALSE(third.outcome.has_value());

    second.outcome.reset();
    settle();
    CHECK(third.outcome.has_value());
    CHECK(pool->counts().waiting == 0);
    CHECK(pool->counts().open == 2);
}

TEST_CASE_FIXTURE(Fixture, "who waits leaves at the deadline, and its turn goes to the next") {
    Lease one = lease();
    Lease two = lease();
    Client first(*this, clock->now() + 1s);
    Client second(*this);
    clock->advance(1s - 1us);
    settle();
    CHECK_FALSE(first.outcome.has_value());
    clock->advance(1us);
    settle();
    REQUIRE(first.outcome.has_value());
    CHECK(first.outcome->error().code == Errc::timeout);
    CHECK(pool->counts().waiting == 1);

    put_back(one);
    settle();
    CHECK(second.outcome.has_value());
}

TEST_CASE_FIXTURE(Fixture, "who is cancelled leaves, and its turn goes to the next") {
    Lease one = lease();
    Lease two = lease();
    Client first(*this);
    Client second(*this);
    first.stop.emit(boost::asio::cancellation_type::terminal);
    settle();
    REQUIRE(first.outcome.has_value());
    CHECK(first.outcome->error().code == Errc::cancelled);

    put_back(one);
    settle();
    REQUIRE(second.outcome.has_value());
    CHECK(second.outcome->has_value());
}

TEST_CASE_FIXTURE(Fixture, "a lease given to one who left in the same moment comes back") {
    Lease one = lease();
    Lease two = lease();
    Client first(*this, clock->now() + 1s);
    Client second(*this);
    clock->advance(1s);  // its time is up, though it has not yet noticed
    put_back(one);
    put_back(two);
    settle();
    CHECK(first.outcome.has_value());
    CHECK(second.outcome.has_value());
    CHECK(alive == 2);
}

TEST_CASE("a loop that dies takes those who wait on it along, and their places are free") {
    Fixture fixture;
    {
        Lease one = fixture.lease();
        Lease two = fixture.lease();
        {
            boost::asio::io_context other;
            Result<Pool::Turn> turn = fixture.pool->ask("a");
            auto ignore = [](std::exception_ptr, Result<Lease> const&) {};
            boost::asio::co_spawn(other, Waiter<Lease>::wait(std::move(turn->waiter), fixture.clock, SteadyTime::max()),
                                  ignore);
            other.poll();
            CHECK(fixture.pool->counts().waiting == 1);
        }
        fixture.put_back(one);
    }
    CHECK(fixture.pool->counts().idle == 1);
    CHECK(fixture.pool->counts().open == 1);
    CHECK(fixture.pool->counts().waiting == 0);
}

TEST_CASE_FIXTURE(Fixture, "a closed pool drops what is idle, sends everyone away and keeps nothing") {
    Lease one = lease();
    Lease two = lease();
    Client waiting(*this);
    Lease idle = lease("b");
    put_back(idle);
    pool->close();
    settle();

    CHECK(alive == 2);
    REQUIRE(waiting.outcome.has_value());
    CHECK(waiting.outcome->error().code == Errc::invalid_state);
    CHECK(pool->ask("a").error().code == Errc::invalid_state);
    put_back(one);
    CHECK(alive == 1);
    two = Lease();
    CHECK(alive == 0);
    CHECK(pool->counts().open == 0);
}

}  // namespace aikit::inline v0::net
