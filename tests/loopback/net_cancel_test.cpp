// SPDX-License-Identifier: MIT
// Covers src/net: stopping a request at any moment, and what is left behind.
#include "net_support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <doctest/doctest.h>

#include <random>

namespace aikit_test {
namespace {

/// A request that can be stopped.
struct Stoppable {
    Stoppable(Net& net, HttpRequest request) : net_(net), executor_(net.runtime.executor()) {
        auto token = boost::asio::bind_cancellation_slot(signal_->slot(), boost::asio::use_future);
        outcome = boost::asio::co_spawn(executor_, fetch(net.client, std::move(request)), std::move(token));
    }

    void stop() {
        boost::asio::post(executor_, [signal = signal_] { signal->emit(boost::asio::cancellation_type::terminal); });
    }

    /// What it came to; a task that was cancelled between two steps gives its exception as cancelled.
    Errc code() {
        try {
            Result<Outcome> const result = outcome.get();
            maybe_executed = result->error && result->error->maybe_executed;
            return result->error ? result->error->code : Errc{};
        } catch (boost::system::system_error const& error) {
            CHECK(error.code() == boost::asio::error::operation_aborted);
            return Errc::cancelled;
        }
    }

    Net& net_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<boost::asio::cancellation_signal> signal_ = std::make_shared<boost::asio::cancellation_signal>();
    std::future<Result<Outcome>> outcome;
    bool maybe_executed = false;
};

int count_of(char const* folder) {
    int count = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}
int open_files() {
    return count_of("/proc/self/fd");
}
int threads() {
    return count_of("/proc/self/task");
}

}  // namespace

TEST_CASE("a request can be stopped wherever it waits, and says whether it may have been carried out") {
    std::promise<void> release;
    std::shared_future<void> const released = release.get_future().share();
    auto const lookup = [&](std::string const&) -> Result<aikit::net::Addresses> {
        released.wait();
        return aikit::fail(Errc::connection, "nothing found");
    };
    BlackHole hole;
    LoopbackServer::Options silent_options;
    silent_options.read_requests = false;
    silent_options.receive_buffer = 4'096;
    LoopbackServer silent(silent_options);
    LoopbackServer server([](ServerRequest const& request) {
        if (request.target == "/head") return Reply().then(Step::hang());
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").then(Step::hang());
    });
    HttpClientConfig config;
    config.max_connections_per_origin = 2;
    Net net(config, 1, lookup);
    struct Row {
        std::string where;
        HttpRequest request;
        bool maybe_executed;
    };
    std::vector<Row> const rows = {
        {"looking up", post("http://slow.example/", "x"), false},
        {"connecting", post("http://127.0.0.1:" + std::to_string(hole.port()) + "/", "x"), false},
        {"TLS", post("https://127.0.0.1:" + std::to_string(silent.port()) + "/", "x"), false},
        {"sending", post("http://127.0.0.1:" + std::to_string(silent.port()) + "/", std::string(30'000'000, 'x')),
         true},
        {"head", post(server.url("/head"), "x"), true},
        {"body", post(server.url("/body"), "x"), true},
    };
    for (Row const& row : rows) {
        CAPTURE(row.where);
        Stoppable one(net, row.request);
        std::this_thread::sleep_for(60ms);
        CHECK(one.outcome.wait_for(0ms) != std::future_status::ready);
        one.stop();
        CHECK(one.code() == Errc::cancelled);
        CHECK(one.maybe_executed == row.maybe_executed);
        CHECK(LoopbackServer::eventually([&] { return net.client->counts().open == 0; }));
    }

    Stoppable first(net, post(server.url("/head"), "x"));
    Stoppable second(net, post(server.url("/head"), "x"));
    REQUIRE(LoopbackServer::eventually([&] { return net.client->counts().open == 2; }));
    Stoppable third(net, post(server.url("/head"), "x"));
    REQUIRE(LoopbackServer::eventually([&] { return net.client->counts().waiting == 1; }));
    third.stop();
    CHECK(third.code() == Errc::cancelled);
    CHECK_FALSE(third.maybe_executed);
    CHECK(net.client->counts().waiting == 0);
    first.stop();
    second.stop();
    CHECK(first.code() == Errc::cancelled);
    CHECK(second.code() == Errc::cancelled);
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
    release.set_value();
}

TEST_CASE("a stopped request is seen by the server within a quarter of a second") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").then(Step::hang());
    });
    Net net;
    for (int i = 0; i < 20; ++i) {
        Stoppable one(net, post(server.url(), "x"));
        REQUIRE(LoopbackServer::eventually([&] { return server.requests() == i + 1; }));
        one.stop();
        CHECK(one.code() == Errc::cancelled);
        CHECK(LoopbackServer::eventually([&] { return server.aborts() == i + 1; }, 250ms));
    }
}

TEST_CASE("a body left at any byte is seen by the server within a quarter of a second, a thousand times") {
    std::string const body(5'000, 'x');
    std::atomic<std::size_t> sent{0};
    LoopbackServer::Options options;
    options.handler = [&](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        return reply.then(Step::send(chunk(body).substr(0, sent + 6))).then(Step::hang());
    };
    options.keep_requests = false;
    LoopbackServer server(std::move(options));
    Net net;
    // Reads what the server sends and leaves: by dropping the body, or, by cancellation, in the middle of a read.
    auto const leave = [](std::shared_ptr<HttpClient> client, std::string url, std::size_t size) -> Task<void> {
        Result<HttpResponse> response = co_await client->send(post(url, "x"));
        if (!response) co_return response.error();
        for (std::size_t got = 0; got < size;) {
            Result<std::string> const piece = co_await response->body->read();
            if (!piece) co_return piece.error();
            got += piece->size();
        }
        co_return aikit::ok();
    };
    int files = 0;
    std::mt19937 random(22);
    int late = 0;
    for (int i = 0; i < 1'000; ++i) {
        sent = 1 + random() % (body.size() - 1);
        if (i % 2 == 0) {
            REQUIRE(net.start(leave(net.client, server.url(), sent)).get().has_value());
        } else {
            Stoppable one(net, post(server.url(), "x"));
            REQUIRE(LoopbackServer::eventually([&] { return server.requests() == i + 1; }));
            one.stop();
            CHECK(one.code() == Errc::cancelled);
        }
        if (!LoopbackServer::eventually([&] { return server.aborts() == i + 1; }, 250ms)) ++late;
        REQUIRE(LoopbackServer::eventually([&] { return server.aborts() == i + 1; }));
        if (i == 10) files = open_files();  // what the loops open once they have opened
    }
    MESSAGE("seen later than that: " << late);
    CHECK(late <= 2);  // a busy machine may stop this process for that long
    CHECK(net.client->counts().open == 0);
    CHECK(LoopbackServer::eventually([&] { return open_files() <= files; }));
}

TEST_CASE("10000 requests stopped at random leave no connection, file, thread or memory behind") {
    std::vector<std::string> const pieces(30, "data: a piece of a stream\n\n");
    LoopbackServer::Options options;
    options.handler = [&](ServerRequest const&) { return Reply::chunked(200, pieces, 1ms); };
    options.keep_requests = false;
    LoopbackServer server(std::move(options));
    for (int const io : {1, 2}) {
        CAPTURE(io);
        HttpClientConfig config;
        config.max_connections_per_origin = 50;
        Net net(config, io);
        REQUIRE(net.go(post(server.url(), "x")).fine());
        // The server's end of the idle connection goes with the client.
        int const files = open_files();
        int const running = threads();
        std::mt19937 random(7);
        int cancelled = 0;
        int fine = 0;
        std::int64_t settled = 0;  // the most memory of the first fifth, in which what is kept for use comes to be
        for (int round = 0; round < 50; ++round) {
            if (round <= 10) settled = std::max(settled, allocated_kib());
            std::vector<std::unique_ptr<Stoppable>> all;
            for (int i = 0; i < 100; ++i) all.push_back(std::make_unique<Stoppable>(net, post(server.url(), "x")));
            for (auto& one : all) {
                if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 2'000));
                one->stop();
            }
            for (auto& one : all) {
                Errc const code = one->code();
                CHECK((code == Errc::cancelled || code == Errc{}));
                ++(code == Errc::cancelled ? cancelled : fine);
            }
        }
        std::int64_t const at_end = allocated_kib();
        MESSAGE("stopped: " << cancelled << ", done before that: " << fine << ", memory grew by " << at_end - settled
                            << " of " << settled << " KiB");
        // Connections come and go; 80 bytes lost by each of 4000 requests would be more.
        if (AIKIT_TEST_MEASURES_MEMORY) CHECK(at_end <= settled + 300);
        CHECK(cancelled > 100);
        CHECK(net.client->counts().waiting == 0);
        CHECK(LoopbackServer::eventually([&] { return net.client->counts().open == net.client->counts().idle; }));
        std::int64_t const kept = net.client->counts().idle;
        CHECK(LoopbackServer::eventually([&] { return server.open_connections() == kept; }));
        // Each kept connection is two files: one here, one at the server, both in this process.
        CHECK(LoopbackServer::eventually([&] { return open_files() - 2 * (kept - 1) <= files; }));
        CHECK(threads() == running);
        CHECK(net.go(post(server.url(), "x")).fine());
    }
}

TEST_CASE("what waits is taken along when its runtime is closed") {
    LoopbackServer server([](ServerRequest const& request) {
        if (request.target == "/head") return Reply().then(Step::hang());
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").then(Step::hang());
    });
    int const files = open_files();
    for (int i = 0; i < 20; ++i) {
        HttpClientConfig config;
        config.max_connections_per_origin = 2;
        Runtime runtime = Runtime::create().value();
        std::shared_ptr<HttpClient> client = HttpClient::create(runtime, config).value();
        auto ignore = [](std::exception_ptr, Result<Outcome> const&) {};
        int const before = server.requests();
        for (std::string const path : {"/head", "/body", "/head"}) {
            boost::asio::co_spawn(runtime.executor(), fetch(client, post(server.url(path), "x")), ignore);
        }
        REQUIRE(LoopbackServer::eventually([&] { return server.requests() == before + 2; }));
        runtime.close();
    }
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
    CHECK(LoopbackServer::eventually([&] { return open_files() <= files; }));
}

}  // namespace aikit_test
