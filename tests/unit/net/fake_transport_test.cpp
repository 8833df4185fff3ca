// SPDX-License-Identifier: MIT
// Covers src/testing/fake_transport.cpp: the scripted network.
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

namespace aikit::inline v0::testing {
namespace {

using namespace std::chrono_literals;

net::HttpRequest request_to(std::string url) {
    net::HttpRequest request;
    request.url = std::move(url);
    return request;
}

/// What one exchange came to: the pieces read, and how it ended.
struct Outcome {
    std::optional<int> status;
    std::vector<std::string> pieces;
    std::optional<Error> error;
};

Task<Outcome> converse(std::shared_ptr<net::HttpTransport> wire, net::HttpRequest request) {
    Outcome outcome;
    Result<net::HttpResponse> response = co_await wire->send(std::move(request));
    if (!response) {
        outcome.error = response.error();
        co_return outcome;
    }
    outcome.status = response->status;
    for (;;) {
        Result<std::string> piece = co_await response->body->read();
        if (!piece) {
            outcome.error = piece.error();
            Result<std::string> const again = co_await response->body->read();
            CHECK(again.error().code == Errc::invalid_state);
            co_return outcome;
        }
        if (piece->empty()) co_return outcome;
        outcome.pieces.push_back(std::move(*piece));
    }
}

std::string joined(Outcome const& outcome) {
    std::string text;
    for (std::string const& piece : outcome.pieces) text += piece;
    return text;
}

struct Fixture {
    std::shared_ptr<FakeTransport> wire = std::make_shared<FakeTransport>();

    Outcome go() { return run(converse(wire, request_to("http://fake/"))).value(); }
};

/// An exchange on a clock that is turned by hand.
struct Timed {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::shared_ptr<FakeTransport> wire = std::make_shared<FakeTransport>(clock);
    boost::asio::io_context loop;
    std::optional<Outcome> outcome;

    void start(net::HttpRequest request) {
        boost::asio::co_spawn(loop, converse(wire, std::move(request)),
                              [this](std::exception_ptr, Result<Outcome> result) { outcome = result.value(); });
        settle();
    }
    void settle() {
        loop.restart();
        loop.poll();
    }
    void advance(std::chrono::milliseconds by) {
        clock->advance(by);
        settle();
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "replies come in the order they were queued, piece by piece") {
    wire->reply(200, {"a", "", "b"});
    wire->reply(404, "c");
    Outcome const first = go();
    Outcome const second = go();

    CHECK(first.status == 200);
    CHECK(first.pieces == std::vector<std::string>{"a", "b"});
    CHECK_FALSE(first.error.has_value());
    CHECK(second.status == 404);
    CHECK(second.pieces == std::vector<std::string>{"c"});
    CHECK(wire->open_bodies() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a script that is used up says so") {
    CHECK(go().error->code == Errc::internal);
}

TEST_CASE_FIXTURE(Fixture, "a function answers what the queue does not") {
    wire->reply(201, "queued");
    wire->serve([](net::HttpRequest const& request) { return FakeReply(200, request.url); });

    CHECK(joined(go()) == "queued");
    CHECK(joined(go()) == "http://fake/");
    CHECK(joined(go()) == "http://fake/");
    CHECK(wire->sent().size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a function that throws is an error, not an exception") {
    wire->serve([](net::HttpRequest const&) -> FakeReply { throw std::runtime_error("no"); });
    CHECK(go().error->code == Errc::internal);
}

TEST_CASE_FIXTURE(Fixture, "what was sent is kept with its headers, credential and body") {
    wire->reply(200, "x");
    net::HttpRequest request = request_to("https://host/path");
    request.headers.add("x-one", "1");
    request.credential_header = "x-api-key";
    request.credential = Secret("k");
    request.body = std::make_shared<std::string const>("hello");
    REQUIRE(run(converse(wire, request)).has_value());

    REQUIRE(wire->sent().size() == 1);
    net::HttpRequest const sent = wire->sent()[0];
    CHECK(sent.url == "https://host/path");
    CHECK(sent.headers.find("X-One") == "1");
    CHECK(sent.credential.reveal() == "k");
    CHECK(*sent.body == "hello");
}

TEST_CASE_FIXTURE(Fixture, "a request the real transport would refuse never reaches the script") {
    wire->reply(200, "x");
    net::HttpRequest request = request_to("http://fake/");
    request.headers.add("x-one", "1\r\nX-Two: 2");

    CHECK(run(converse(wire, request)).value().error->code == Errc::invalid_argument);
    CHECK(wire->sent().empty());
}

TEST_CASE_FIXTURE(Fixture, "every ending happens after exactly the bytes asked for") {
    std::vector<std::string> const pieces = {"Hel", "lo ", "world"};
    std::string const text = "Hello world";
    for (std::size_t deliver = 0; deliver <= text.size(); ++deliver) {
        for (Ending const ending : {Ending::whole, Ending::cut, Ending::reset, Ending::stall}) {
            CAPTURE(deliver);
            FakeReply reply(200, pieces);
            reply.deliver = deliver;
            reply.ending = ending;
            wire->reply(reply);
            Outcome const outcome = go();
            CHECK(joined(outcome) == text.substr(0, deliver));
            if (ending == Ending::whole) {
                CHECK_FALSE(outcome.error.has_value());
                continue;
            }
            REQUIRE(outcome.error.has_value());
            Errc const expected = ending == Ending::cut     ? Errc::incomplete
                                  : ending == Ending::reset ? Errc::connection
                                                            : Errc::timeout;
            CHECK(outcome.error->code == expected);
            CHECK(outcome.error->maybe_executed);
            CHECK(outcome.error->http_status == 200);
        }
    }
}

TEST_CASE_FIXTURE(Fixture, "send itself fails as told") {
    FakeReply reply;
    reply.failure = fail(Errc::connection, "refused");
    wire->reply(reply);
    Outcome const outcome = go();

    CHECK_FALSE(outcome.status.has_value());
    CHECK(outcome.error->code == Errc::connection);
    CHECK(outcome.error->message == "refused");
}

TEST_CASE_FIXTURE(Fixture, "bodies that are still held are counted") {
    wire->reply(200, "a");
    auto const send = [](std::shared_ptr<net::HttpTransport> transport) -> Task<net::HttpResponse> {
        co_return co_await transport->send(request_to("http://fake/"));
    };
    Result<net::HttpResponse> response = run(send(wire));
    REQUIRE(response.has_value());
    CHECK(wire->open_bodies() == 1);
    response->body.reset();
    CHECK(wire->open_bodies() == 0);
}

TEST_CASE("a body outlives its transport") {
    auto wire = std::make_shared<FakeTransport>();
    wire->reply(200, "a");
    Task<net::HttpResponse> sending = wire->send(request_to("http://fake/"));
    wire.reset();
    Result<net::HttpResponse> response = run(std::move(sending));
    REQUIRE(response.has_value());
    CHECK(run(net::read_all(*response->body, 10)).value() == "a");
}

TEST_CASE_FIXTURE(Timed, "delays pass on the transport's clock") {
    FakeReply reply(200, {"a", "b"});
    reply.head_after = 100ms;
    reply.piece_after = 50ms;
    wire->reply(reply);
    start(request_to("http://fake/"));

    advance(100ms);  // the head
    advance(50ms);   // the first piece
    advance(49ms);
    CHECK_FALSE(outcome.has_value());
    advance(1ms);
    REQUIRE(outcome.has_value());
    CHECK(joined(*outcome) == "ab");
}

TEST_CASE_FIXTURE(Timed, "a head that is late runs into the first-byte limit") {
    FakeReply reply(200, "a");
    reply.head_after = 10s;
    wire->reply(reply);
    net::HttpRequest request = request_to("http://fake/");
    request.limits.first_byte = 9s;
    start(request);

    advance(8'999ms);
    CHECK_FALSE(outcome.has_value());
    advance(1ms);
    REQUIRE(outcome.has_value());
    CHECK(outcome->error->code == Errc::timeout);
    CHECK(outcome->error->maybe_executed);
}

TEST_CASE_FIXTURE(Timed, "a stall ends with the idle limit, or sooner with the total one") {
    for (bool const total : {false, true}) {
        CAPTURE(total);
        outcome.reset();
        FakeReply reply(200, "ab");
        reply.deliver = 1;
        reply.ending = Ending::stall;
        wire->reply(reply);
        net::HttpRequest request = request_to("http://fake/");
        request.limits.idle = 120s;
        if (total) request.limits.total = Deadline::after(*clock, 60s);
        start(request);

        advance(59'999ms);
        CHECK_FALSE(outcome.has_value());
        advance(1ms);
        CHECK(outcome.has_value() == total);
        advance(60s);
        REQUIRE(outcome.has_value());
        CHECK(joined(*outcome) == "a");
        CHECK(outcome->error->code == Errc::timeout);
    }
}

TEST_CASE_FIXTURE(Timed, "a deadline that has passed sends nothing") {
    wire->reply(200, "a");
    net::HttpRequest request = request_to("http://fake/");
    request.limits.total = Deadline::after(*clock, 1s);
    clock->advance(1s);
    start(request);

    REQUIRE(outcome.has_value());
    CHECK(outcome->error->code == Errc::timeout);
    CHECK(wire->sent().empty());
}

}  // namespace aikit::inline v0::testing
