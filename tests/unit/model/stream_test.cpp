// SPDX-License-Identifier: MIT
#include <aikit/model/stream.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <stdexcept>

using namespace aikit;

namespace {

/// Gives events from a list; what stands behind the list is the end, an error, or a wait that never ends.
class List final : public ChatStream::Source {
public:
    enum class Then { end, error, wait, thrown };

    List(std::vector<ChatEvent> events, Then then, std::shared_ptr<Clock> clock = nullptr)
        : events_(std::move(events)), then_(then), clock_(std::move(clock)) {}

    Task<std::optional<ChatEvent>> next() override {
        ++calls;
        if (at_ < events_.size()) co_return std::optional<ChatEvent>(events_[at_++]);
        if (then_ == Then::error) co_return fail(Errc::connection, "Lost.");
        if (then_ == Then::thrown) throw std::runtime_error("a source that throws");
        if (then_ == Then::wait) {
            Task<void> waiting = sleep_until(clock_, clock_->now() + std::chrono::hours(1));
            Result<void> const waited = co_await std::move(waiting);
            if (!waited) co_return waited.error();
        }
        co_return std::optional<ChatEvent>();
    }

    CallInfo info() const override {
        CallInfo info;
        info.provider = "list";
        return info;
    }

    int calls = 0;

private:
    std::vector<ChatEvent> events_;
    Then then_;
    std::shared_ptr<Clock> clock_;
    std::size_t at_ = 0;
};

std::vector<ChatEvent> whole() {
    ReplyStarted started;
    started.id = "c1";
    ChoiceFinished finished;
    finished.reason = FinishReason::stop;
    Finished end;
    end.usage.output = 2;
    end.info->provider = "list";
    return {started, TextDelta(0, "Hel"), TextDelta(0, "lo"), finished, end};
}

ChatStream stream_of(std::vector<ChatEvent> events, List::Then then = List::Then::end) {
    return ChatStream(std::make_unique<List>(std::move(events), then));
}

}  // namespace

TEST_CASE("a stream is pulled event by event, and ends once") {
    ChatStream stream = stream_of(whole());
    for (int i = 0; i < 5; ++i) {
        Result<std::optional<ChatEvent>> const event = testing::run(stream.next());
        REQUIRE(event.has_value());
        REQUIRE(event->has_value());
        CHECK(stream.reply().complete == (i == 4));
    }
    for (int i = 0; i < 3; ++i) CHECK(!testing::run(stream.next())->has_value());
    CHECK(stream.reply().text() == "Hello");
    CHECK(stream.reply().usage.output == 2);
    CHECK(stream.info().provider == "list");
}

TEST_CASE("nothing that comes after Finished is seen") {
    std::vector<ChatEvent> events = whole();
    events.emplace_back(TextDelta(0, "more"));
    ChatStream stream = stream_of(std::move(events));
    for (int i = 0; i < 5; ++i) REQUIRE(testing::run(stream.next())->has_value());
    CHECK(!testing::run(stream.next())->has_value());
    CHECK(stream.reply().text() == "Hello");
}

TEST_CASE("a stream that ends without Finished is incomplete") {
    std::vector<ChatEvent> events = whole();
    events.pop_back();
    ChatStream stream = stream_of(std::move(events));
    for (int i = 0; i < 4; ++i) REQUIRE(testing::run(stream.next())->has_value());
    CHECK(testing::run(stream.next()).error().code == Errc::incomplete);
    CHECK(!stream.reply().complete);
    CHECK(stream.reply().text() == "Hello");
}

TEST_CASE("an error ends the stream, and what came stays readable") {
    for (List::Then const then : {List::Then::error, List::Then::thrown}) {
        ChatStream stream = stream_of({TextDelta(0, "Hel")}, then);
        REQUIRE(testing::run(stream.next())->has_value());
        Errc const expected = then == List::Then::error ? Errc::connection : Errc::internal;
        CHECK(testing::run(stream.next()).error().code == expected);
        CHECK(testing::run(stream.next()).error().code == Errc::invalid_state);
        CHECK(stream.reply().text() == "Hel");
        CHECK(stream.info().provider == "list");
    }
}

TEST_CASE("two reads at once are refused, and the first goes on") {
    auto clock = std::make_shared<testing::ManualClock>();
    ChatStream stream(std::make_unique<List>(std::vector<ChatEvent>(), List::Then::wait, clock));
    boost::asio::io_context loop;
    std::vector<Errc> codes;
    auto const note = [&](std::exception_ptr, Result<std::optional<ChatEvent>> const& event) {
        codes.push_back(event ? Errc::internal : event.error().code);
    };
    boost::asio::co_spawn(loop, stream.next(), note);
    boost::asio::co_spawn(loop, stream.next(), note);
    loop.poll();
    CHECK(codes == std::vector<Errc>{Errc::invalid_state});
    clock->advance(std::chrono::hours(1));
    loop.poll();
    CHECK(codes == std::vector<Errc>{Errc::invalid_state, Errc::incomplete});
}

TEST_CASE("a cancelled read is cancelled, and the stream then over") {
    auto clock = std::make_shared<testing::ManualClock>();
    ChatStream stream(std::make_unique<List>(std::vector<ChatEvent>{TextDelta(0, "Hel")}, List::Then::wait, clock));
    boost::asio::io_context loop;
    boost::asio::cancellation_signal cancel;
    auto const partial = std::make_shared<ChatReply>();
    std::optional<Errc> code;
    boost::asio::co_spawn(loop, collect(std::move(stream), partial),
                          boost::asio::bind_cancellation_slot(
                              cancel.slot(), [&](std::exception_ptr thrown, Result<ChatReply> const& reply) {
                                  CHECK(!thrown);
                                  code = reply ? Errc::internal : reply.error().code;
                              }));
    loop.poll();
    CHECK(!code.has_value());
    cancel.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
    CHECK(code == Errc::cancelled);
    CHECK(partial->text() == "Hel");
}

TEST_CASE("collecting gives the whole reply, or the error and what came") {
    Result<ChatReply> const reply = testing::run(collect(stream_of(whole())));
    REQUIRE(reply.has_value());
    CHECK(reply->complete);
    CHECK(reply->text() == "Hello");
    CHECK(reply->id == "c1");

    auto const partial = std::make_shared<ChatReply>();
    Result<ChatReply> const cut = testing::run(collect(stream_of({TextDelta(0, "Hel")}, List::Then::error), partial));
    CHECK(cut.error().code == Errc::connection);
    CHECK(partial->text() == "Hel");
    CHECK(partial->info.provider == "list");
    CHECK(!partial->complete);
    CHECK(testing::run(collect(stream_of({}, List::Then::error))).error().code == Errc::connection);
}

TEST_CASE("a reply that never ends does not fill the memory") {
    std::vector<ChatEvent> events;
    for (int i = 0; i < 70; ++i) events.emplace_back(TextDelta(0, std::string(1024 * 1024, 'x')));
    ChatStream stream = stream_of(std::move(events));
    int taken = 0;
    Result<std::optional<ChatEvent>> event = std::optional<ChatEvent>();
    do {
        event = testing::run(stream.next());
        ++taken;
    } while (event && taken < 100);
    CHECK(taken == 65);
    CHECK(event.error().code == Errc::protocol);
    CHECK(stream.reply().text().size() == std::size_t{65} * 1024 * 1024);
}

TEST_CASE("an empty stream has ended, and a released one too") {
    ChatStream nothing;
    CHECK(!testing::run(nothing.next())->has_value());
    ChatStream stream = stream_of(whole());
    std::unique_ptr<ChatStream::Source> const source = stream.release();
    CHECK(source != nullptr);
    CHECK(!testing::run(stream.next())->has_value());
}
