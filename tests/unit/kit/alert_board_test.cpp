// SPDX-License-Identifier: MIT
// Covers kit/alert_board: who waits for alerts of budgets, and what those get who come late.
#include "kit/alert_board.hpp"

#include <aikit/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

namespace aikit {
namespace {

/// What a reader got; nothing while it waits.
struct Reader {
    std::optional<Result<BudgetAlerts>> got;
    boost::asio::cancellation_signal stop;
};

struct Fixture {
    void read(Reader& reader, std::optional<std::int64_t> after) {
        reader.got.reset();
        auto done = [&reader](std::exception_ptr const&, Result<BudgetAlerts> alerts) {
            reader.got = std::move(alerts);
        };
        boost::asio::co_spawn(loop, AlertBoard::wait(board, clock, after),
                              boost::asio::bind_cancellation_slot(reader.stop.slot(), std::move(done)));
        turn();
    }

    void post(int percent) const {
        policy::BudgetAlert alert;
        alert.percent = percent;
        board->post(alert);
    }

    void turn() {
        loop.restart();
        loop.poll();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<AlertBoard> board = std::make_shared<AlertBoard>();
    boost::asio::io_context loop;
};

std::vector<int> percents(Reader const& reader) {
    std::vector<int> out;
    for (policy::BudgetAlert const& alert : reader.got.value().value().alerts) out.push_back(alert.percent);
    return out;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every reader gets each alert once, in its order") {
    Reader one, other;
    read(one, std::nullopt);
    read(other, std::nullopt);
    CHECK(!one.got);

    post(50);
    turn();
    CHECK(percents(one) == std::vector<int>{50});
    CHECK(percents(other) == std::vector<int>{50});

    std::int64_t const last = one.got->value().last;
    post(80);
    post(90);
    read(one, last);
    CHECK(percents(one) == std::vector<int>{80, 90});
    CHECK(one.got->value().missed == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "a reader that names no alert waits for those to come, one that names none before gets all") {
    post(50);
    Reader fresh, all;
    read(fresh, std::nullopt);
    read(all, 0);

    CHECK(!fresh.got);
    CHECK(percents(all) == std::vector<int>{50});
    post(60);
    turn();
    CHECK(percents(fresh) == std::vector<int>{60});
}

TEST_CASE_FIXTURE(Fixture, "a reader that does not keep up gets the latest 256 and is told how many it missed") {
    for (int i = 1; i <= 300; ++i) post(i);
    Reader late, later;

    read(late, 0);
    CHECK(percents(late).size() == 256);
    CHECK(percents(late).front() == 45);
    CHECK(percents(late).back() == 300);
    CHECK(late.got->value().missed == 44);

    read(later, 43);
    CHECK(later.got->value().missed == 1);
    read(later, 44);
    CHECK(later.got->value().missed == 0);
    CHECK(percents(later).size() == 256);
}

TEST_CASE_FIXTURE(Fixture, "a reader that is cancelled is told so, and the others go on waiting") {
    Reader stopped, other;
    read(stopped, std::nullopt);
    read(other, std::nullopt);

    stopped.stop.emit(boost::asio::cancellation_type::terminal);
    turn();

    CHECK(stopped.got.value().error().code == Errc::cancelled);
    CHECK(!other.got);
    post(50);
    turn();
    CHECK(percents(other) == std::vector<int>{50});
}

TEST_CASE_FIXTURE(Fixture, "when a board is closed its readers end, after what they had not yet read") {
    Reader waiting, behind;
    read(waiting, std::nullopt);
    board->close();
    turn();
    CHECK(waiting.got.value().error().code == Errc::invalid_state);

    post(50);
    read(behind, 0);
    CHECK(percents(behind) == std::vector<int>{50});
    read(behind, 1);
    CHECK(behind.got.value().error().code == Errc::invalid_state);
}

TEST_CASE_FIXTURE(Fixture, "a reader that waits for a year waits on") {
    Reader reader;
    read(reader, std::nullopt);

    clock->advance(std::chrono::hours(24 * 366));
    turn();

    CHECK(!reader.got);
    post(50);
    turn();
    CHECK(percents(reader) == std::vector<int>{50});
}

}  // namespace aikit
