// SPDX-License-Identifier: MIT
// Covers src/net: the time limits. Each test asks that a limit is told by its name, and that it is not early; how late
// it may be is generous, because the machine may be busy.
#include "net_support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace aikit_test {
namespace {

using boost::asio::ip::tcp;

/// The limit was told, in time.
void check_limit(Outcome const& outcome, std::chrono::milliseconds limit, std::string const& name,
                 bool maybe_executed) {
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.code() == Errc::timeout);
    CAPTURE(outcome.error->message);
    CHECK(outcome.error->message.find(name) != std::string::npos);
    CHECK(outcome.error->maybe_executed == maybe_executed);
    CHECK(outcome.took >= limit);
    CHECK(outcome.took < limit + 2s);
}

}  // namespace

TEST_CASE("each limit ends a wait no earlier than it says and within a tenth of its length") {
    BlackHole hole;
    LoopbackServer server([](ServerRequest const& request) {
        Reply reply;
        if (request.target == "/head") return reply.then(Step::hang());
        reply.then(Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe"));
        // A byte now and then, further apart than the limit.
        return request.target == "/drip" ? reply.then(Step::drip("llo", 5s)) : reply.then(Step::hang());
    });
    Net net;
    std::chrono::milliseconds const limit = 600ms;
    struct Row {
        std::string name;
        std::string url;
    };
    std::vector<Row> const rows = {
        {"connect", "http://127.0.0.1:" + std::to_string(hole.port()) + "/"},
        {"first-byte", server.url("/head")},
        {"idle", server.url("/body")},
        {"idle", server.url("/drip")},
        {"total", server.url("/body")},
    };
    for (Row const& row : rows) {
        CAPTURE(row.url);
        // A busy machine may be late now and then; what is late each time is late by itself.
        std::chrono::milliseconds soonest = 1h;
        for (int i = 0; i < 5 && soonest > limit + limit / 10; ++i) {
            HttpRequest request = post(row.url, "x");
            if (row.name == "connect") request.limits.connect = limit;
            if (row.name == "first-byte") request.limits.first_byte = limit;
            if (row.name == "idle") request.limits.idle = limit;
            if (row.name == "total") request.limits.total = aikit::Deadline::after(*net.runtime.clock(), limit);
            Outcome const outcome = net.go(request);
            check_limit(outcome, row.name == "total" ? limit - 5ms : limit, row.name, row.name != "connect");
            soonest = std::min(soonest, outcome.took);
        }
        CHECK(soonest <= limit + limit / 10);
    }
}

TEST_CASE("a connection that nobody answers ends at the connect limit") {
    BlackHole hole;
    Net net;
    HttpRequest request = post("http://127.0.0.1:" + std::to_string(hole.port()) + "/", "x");
    request.limits.connect = 150ms;
    check_limit(net.go(request), 150ms, "150 ms (connect limit)", false);
    CHECK(net.client->counts().open == 0);
}

TEST_CASE("a name that takes long to look up ends at the connect limit, for all who wait for it") {
    std::atomic<int> lookups{0};
    std::promise<void> release;
    std::shared_future<void> const released = release.get_future().share();
    auto const slow = [&](std::string const&) -> Result<aikit::net::Addresses> {
        ++lookups;
        released.wait();
        return aikit::fail(Errc::connection, "nothing found");
    };
    Net net({}, 1, slow);
    HttpRequest request = post("http://slow.example/", "x");
    request.limits.connect = 100ms;
    std::future<Result<Outcome>> one = net.start(fetch(net.client, request));
    std::future<Result<Outcome>> two = net.start(fetch(net.client, request));
    check_limit(*one.get(), 100ms, "connect limit", false);
    check_limit(*two.get(), 100ms, "connect limit", false);
    CHECK(lookups == 1);
    release.set_value();
}

TEST_CASE("a TLS handshake that is not answered ends at the connect limit") {
    LoopbackServer::Options options;
    options.read_requests = false;
    LoopbackServer server(options);
    Net net;
    HttpRequest request = post("https://127.0.0.1:" + std::to_string(server.port()) + "/", "x");
    request.limits.connect = 150ms;
    check_limit(net.go(request), 150ms, "connect limit", false);
}

TEST_CASE("a request that is not answered ends at the first-byte limit") {
    LoopbackServer server([](ServerRequest const&) { return Reply().then(Step::hang()); });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.first_byte = 150ms;
    check_limit(net.go(request), 150ms, "150 ms (first-byte limit)", true);
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
    CHECK(net.client->counts().open == 0);
}

TEST_CASE("a head that stops halfway ends at the idle limit") {
    LoopbackServer server(
        [](ServerRequest const&) { return Reply::raw("HTTP/1.1 200 OK\r\nContent-").then(Step::hang()); });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.idle = 150ms;
    check_limit(net.go(request), 150ms, "150 ms (idle limit)", true);
}

TEST_CASE("a body that stops ends at the idle limit, and keeps what came before") {
    LoopbackServer server([](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("data: 1\n\n"));
        return reply.then(Step::hang());
    });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.idle = 150ms;
    Outcome const outcome = net.go(request);
    check_limit(outcome, 150ms, "no byte came for 150 ms (idle limit)", true);
    CHECK(outcome.body == "data: 1\n\n");
    CHECK(outcome.error->http_status == 200);
}

TEST_CASE("every byte resets the idle limit, keep-alive comments too") {
    std::vector<std::string> pieces(8, ": ping\n\n");
    pieces.emplace_back("data: 1\n\n");
    LoopbackServer server([&](ServerRequest const&) { return Reply::chunked(200, pieces, 100ms); });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.idle = 600ms;
    Outcome const outcome = net.go(request);
    CHECK(outcome.fine());
    CHECK(outcome.took >= 900ms);
}

TEST_CASE("the total limit wins over a stream that never stops") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 200 OK\r\n\r\n").then(Step::drip(std::string(10'000, 'x'), 5ms));
    });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.total = aikit::Deadline::after(*net.runtime.clock(), 300ms);
    Outcome const outcome = net.go(request);
    check_limit(outcome, 200ms, "total limit", true);
    CHECK_FALSE(outcome.body.empty());
}

TEST_CASE("the total limit also ends the wait for a head, for a connection and for a free place") {
    LoopbackServer server([](ServerRequest const&) { return Reply().then(Step::hang()); });
    BlackHole hole;
    HttpClientConfig config;
    config.max_connections_per_origin = 1;
    Net net(config);
    auto const request = [&](std::string const& url) {
        HttpRequest made = post(url, "x");
        made.limits.total = aikit::Deadline::after(*net.runtime.clock(), 200ms);
        return made;
    };
    check_limit(net.go(request("http://127.0.0.1:" + std::to_string(hole.port()) + "/")), 100ms, "total limit", false);
    std::future<Result<Outcome>> head = net.start(fetch(net.client, request(server.url())));
    REQUIRE(LoopbackServer::eventually([&] { return server.requests() == 1; }));
    std::future<Result<Outcome>> place = net.start(fetch(net.client, request(server.url())));
    check_limit(*head.get(), 100ms, "total limit", true);
    Outcome const waited = *place.get();
    CHECK(waited.code() == Errc::timeout);
}

TEST_CASE("a deadline that has passed sends nothing") {
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(200, "x"); });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.total = aikit::Deadline(net.runtime.clock()->now());
    Outcome const outcome = net.go(request);
    CHECK(outcome.code() == Errc::timeout);
    CHECK_FALSE(outcome.error->maybe_executed);
    CHECK(server.connections() == 0);
}

TEST_CASE("a place that does not become free ends at the first-byte limit") {
    LoopbackServer server([](ServerRequest const&) { return Reply().then(Step::hang()); });
    HttpClientConfig config;
    config.max_connections_per_origin = 1;
    Net net(config);
    HttpRequest holding = post(server.url(), "x");
    holding.limits.first_byte = 1s;
    std::future<Result<Outcome>> holder = net.start(fetch(net.client, holding));
    REQUIRE(LoopbackServer::eventually([&] { return server.requests() == 1; }));
    HttpRequest request = post(server.url(), "x");
    request.limits.first_byte = 150ms;
    check_limit(net.go(request), 150ms, "stayed busy", false);
    CHECK(holder.get()->code() == Errc::timeout);
}

TEST_CASE("a server that takes no more of a request ends it at the idle limit") {
    LoopbackServer::Options options;
    options.read_requests = false;
    options.receive_buffer = 4'096;
    LoopbackServer server(options);
    Net net;
    HttpRequest request = post(server.url(), std::string(30'000'000, 'x'));
    request.limits.idle = 300ms;
    check_limit(net.go(request), 300ms, "took no byte of the request for 300 ms (idle limit)", true);
}

TEST_CASE("a peer that stops taking bytes is given up by the system after tcp_user_timeout") {
    LoopbackServer::Options options;
    options.read_requests = false;
    options.receive_buffer = 4'096;
    LoopbackServer server(options);
    HttpClientConfig config;
    config.tcp_user_timeout = 500ms;
    Net net(config);
    HttpRequest request = post(server.url(), std::string(30'000'000, 'x'));
    request.limits.idle = 30s;
    Outcome const outcome = net.go(request);
    CHECK(outcome.code() == Errc::connection);
    CHECK(outcome.error->message.find("stopped acknowledging") != std::string::npos);
    CHECK(outcome.took >= 400ms);
    CHECK(outcome.took < 15s);
}

TEST_CASE("the system is told to notice within 90 seconds that a peer has vanished") {
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(200, "x"); });
    Net net;
    REQUIRE(net.go(post(server.url(), "x")).fine());
    int found = 0;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        int const socket = std::stoi(entry.path().filename().string());
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != server.port()) continue;
        auto const option = [socket](int level, int name) {
            int value = 0;
            socklen_t length = sizeof value;
            REQUIRE(::getsockopt(socket, level, name, &value, &length) == 0);
            return value;
        };
        ++found;
        CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
        int const idle = option(IPPROTO_TCP, TCP_KEEPIDLE);
        int const interval = option(IPPROTO_TCP, TCP_KEEPINTVL);
        int const user_timeout = option(IPPROTO_TCP, TCP_USER_TIMEOUT) / 1'000;
        CHECK(user_timeout == 60);
        // net/ipv4/tcp_timer.c, tcp_keepalive_timer: probes begin after `idle`; one that finds the user timeout passed
        // and another unanswered ends the connection.
        int ended = idle + interval;
        while (ended < user_timeout) ended += interval;
        CHECK(ended <= 90);
    }
    CHECK(found == 1);
}

TEST_CASE("a link that goes silent is noticed at the limits, wherever it does") {
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(200, std::string(1'000, 'x')); });
    FaultProxy proxy(server.port());
    Net net;
    for (int const passed : {0, 1, 60, 500, 1'000}) {
        CAPTURE(passed);
        Faults faults;
        faults.cut_after = passed;
        faults.ending = Faults::Ending::hang;
        proxy.set(faults);
        HttpRequest request = post(proxy.url(), "x");
        request.limits.first_byte = 200ms;
        request.limits.idle = 200ms;
        check_limit(net.go(request), 200ms, "limit", true);
    }
}

TEST_CASE("no limit is no limit") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply()
            .then(Step::pause(300ms))
            .then(Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"))
            .then(Step::pause(300ms))
            .then(Step::send("hi"));
    });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.connect = 0ms;
    request.limits.first_byte = 0ms;
    request.limits.idle = -1ms;
    CHECK(net.go(request).body == "hi");
}

TEST_CASE("of two addresses the one that answers is taken, and a silent one costs no more than its head start") {
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(200, "hi"); });
    BlackHole hole(server.port(), "127.0.0.2");
    auto const two = [](std::string const&) -> Result<aikit::net::Addresses> {
        return aikit::net::Addresses{boost::asio::ip::make_address("127.0.0.2"),
                                     boost::asio::ip::make_address("127.0.0.1")};
    };
    HttpClientConfig config;
    config.next_address_after = 100ms;
    Net net(config, 1, two);
    Outcome const outcome = net.go(post("http://two.example:" + std::to_string(server.port()) + "/", "x"));
    CHECK(outcome.body == "hi");
    CHECK(outcome.took >= 99ms);
    CHECK(outcome.took < 1'500ms);
    // As it is configured when nobody says otherwise: within 300 ms, though the machine may be late now and then.
    std::chrono::milliseconds soonest = 1h;
    for (int i = 0; i < 5 && soonest > 300ms; ++i) {
        Net fresh({}, 1, two);
        Outcome const next = fresh.go(post("http://two.example:" + std::to_string(server.port()) + "/", "x"));
        CHECK(next.body == "hi");
        soonest = std::min(soonest, next.took);
    }
    CHECK(soonest <= 300ms);
}

TEST_CASE("an address that refuses costs no time at all") {
    LoopbackServer server([](ServerRequest const&) { return Reply::whole(200, "hi"); });
    auto const many = [](std::string const&) -> Result<aikit::net::Addresses> {
        aikit::net::Addresses addresses;
        for (char const* const text : {"::1", "127.0.0.3", "127.0.0.4", "127.0.0.1"}) {
            addresses.push_back(boost::asio::ip::make_address(text));
        }
        return addresses;
    };
    HttpClientConfig config;
    config.next_address_after = 10s;
    Net net(config, 1, many);
    Outcome const outcome = net.go(post("http://many.example:" + std::to_string(server.port()) + "/", "x"));
    CHECK(outcome.body == "hi");
    CHECK(outcome.took < 5s);
}

}  // namespace aikit_test
