// SPDX-License-Identifier: MIT
// Covers src/net: requests and bodies over real connections.
#include "net_support.hpp"

#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <random>

namespace aikit_test {
namespace {

Reply hello(ServerRequest const&) {
    return Reply::whole(200, "hello", {{"Content-Type", "text/plain"}, {"X-Two", "2"}});
}

std::string some_text(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + ",";
    text.resize(size);
    return text;
}

}  // namespace

TEST_CASE("a request arrives as it was given, and the answer as it was sent") {
    LoopbackServer server(hello);
    Net net;
    HttpRequest request = post(server.url("/v1/chat?a=b#fragment"), "{\"x\":1}");
    request.headers.add("Content-Type", "application/json");
    request.credential_header = "Authorization";
    request.credential = aikit::Secret("Bearer canary");

    Outcome const outcome = net.go(request);

    CHECK(outcome.status == 200);
    CHECK(outcome.body == "hello");
    CHECK(outcome.headers.find("x-two") == "2");
    REQUIRE(server.requests() == 1);
    ServerRequest const got = server.received()[0];
    CHECK(got.method == "POST");
    CHECK(got.target == "/v1/chat?a=b");
    CHECK(got.body == "{\"x\":1}");
    CHECK(got.header("host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(got.header("content-length") == "7");
    CHECK(got.header("content-type") == "application/json");
    CHECK(got.header("accept-encoding") == "gzip");
    CHECK(got.header("user-agent") == "aikit/0.1 (c++)");
    CHECK(got.header("authorization") == "Bearer canary");
    CHECK(got.headers.size() == 6);
}

TEST_CASE("a GET has no body and a POST without one says so") {
    LoopbackServer server(hello);
    Net net;
    REQUIRE(net.go(get(server.url())).fine());
    HttpRequest empty = get(server.url());
    empty.method = "POST";
    REQUIRE(net.go(empty).fine());

    CHECK_FALSE(server.received()[0].header("content-length").has_value());
    CHECK(server.received()[1].header("content-length") == "0");
}

TEST_CASE("an event stream is not asked for in gzip") {
    LoopbackServer server(hello);
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.headers.add("Accept", "text/event-stream");
    REQUIRE(net.go(request).fine());
    CHECK(server.received()[0].header("accept-encoding") == "identity");
}

TEST_CASE("a thousand requests one after the other share one connection") {
    LoopbackServer server(hello);
    Net net;
    for (int i = 0; i < 1000; ++i) REQUIRE(net.go(post(server.url(), "x")).body == "hello");

    CHECK(server.connections() == 1);
    CHECK(net.client->counts().opened == 1);
    CHECK(net.client->counts().idle == 1);
    CHECK(net.client->counts().open == 1);
}

TEST_CASE("each of many URLs leads where it says, in any order and however often") {
    auto const echo = [](ServerRequest const& request) { return Reply::whole(200, request.target); };
    LoopbackServer one(echo);
    LoopbackServer other(echo);
    Net net;
    std::mt19937 random(3);
    for (int round = 0; round < 600; ++round) {
        LoopbackServer& server = random() % 2 == 0 ? one : other;
        std::string const path = "/" + std::to_string(random() % 60) + "?n=" + std::to_string(random() % 2);
        std::uint64_t const before = server.requests();
        Outcome const outcome = net.go(post(server.url(path), "x"));
        REQUIRE(outcome.fine());
        CHECK(outcome.body == path);
        CHECK(server.requests() == before + 1);
    }
}

TEST_CASE("a request may run on a loop that the client knows nothing of, and that ends before the client") {
    LoopbackServer server(hello);
    Net net;
    for (int i = 0; i < 20; ++i) {
        Outcome const outcome = aikit::testing::run(fetch(net.client, post(server.url(), "x"))).value();
        REQUIRE(outcome.body == "hello");
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("request and response bodies of every size arrive whole") {
    LoopbackServer server([](ServerRequest const& request) { return Reply::whole(200, request.body); });
    Net net;
    for (std::size_t const size :
         {0u, 1u, 2'047u, 2'048u, 2'049u, 16'383u, 16'384u, 18'432u, 65'536u, 1'000'000u, 8'000'000u}) {
        CAPTURE(size);
        std::string const text = some_text(size);
        Outcome const outcome = net.go(post(server.url(), text));
        CHECK((outcome.body == text));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("bodies in chunks of every size arrive whole") {
    std::vector<std::string> pieces;
    for (std::size_t size = 1; size < 70'000; size = size * 3 / 2 + 1) pieces.push_back(some_text(size));
    std::string whole;
    for (std::string const& piece : pieces) whole += piece;
    LoopbackServer server([&](ServerRequest const&) { return Reply::chunked(200, pieces); });
    Net net;
    for (int i = 0; i < 20; ++i) CHECK((net.go(post(server.url(), "x")).body == whole));
    CHECK(server.connections() == 1);
}

TEST_CASE("a body that ends with the connection is whole when that ends properly, and the connection is not kept") {
    LoopbackServer server([](ServerRequest const&) { return Reply::until_close(200, "hello"); });
    Net net;
    for (int i = 0; i < 3; ++i) {
        Outcome const outcome = net.go(post(server.url(), "x"));
        CHECK(outcome.fine());
        CHECK(outcome.body == "hello");
    }
    CHECK(server.connections() == 3);
    CHECK(net.client->counts().open == 0);
}

TEST_CASE("a response cut at every byte is never taken for whole") {
    std::string const whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("data: 1\n\n") +
                              chunk("data: 2\n\n") + chunk("");
    std::size_t const head = whole.find("\r\n\r\n") + 4;
    Answer answer;
    LoopbackServer server(std::cref(answer));
    Net net;
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        for (bool const reset : {false, true}) {
            answer.set(Reply::raw(whole.substr(0, cut)).then(reset ? Step::rst() : Step::fin()));
            CAPTURE(cut);
            Outcome const outcome = net.go(post(server.url(), "x"));
            REQUIRE(outcome.error.has_value());
            CHECK(outcome.error->maybe_executed);
            // A reset may overtake the bytes before it.
            if (cut < head || (reset && outcome.status == 0)) {
                CHECK(outcome.code() == Errc::connection);
            } else {
                CHECK((outcome.code() == Errc::incomplete || (reset && outcome.code() == Errc::connection)));
                CHECK(outcome.error->http_status == 200);
            }
        }
    }
    answer.set(Reply::raw(whole).then(Step::fin()));
    CHECK(net.go(post(server.url(), "x")).body == "data: 1\n\ndata: 2\n\n");
}

TEST_CASE("a body cut short by its length is incomplete") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").then(Step::fin());
    });
    Net net;
    Outcome const outcome = net.go(post(server.url(), "x"));
    CHECK(outcome.body == "hello");
    CHECK(outcome.code() == Errc::incomplete);
}

TEST_CASE("ambiguous responses are protocol errors, and their connection is closed") {
    std::vector<std::string> const messages = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 5\r\n\r\nhello",
        std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello", 50),
        "HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello",
        "220 smtp.example ready\r\n",
    };
    Answer answer;
    LoopbackServer server(std::cref(answer));
    Net net;
    for (std::string const& message : messages) {
        answer.set(Reply::raw(message));
        CAPTURE(message);
        Outcome const outcome = net.go(post(server.url(), "x"));
        CHECK(outcome.code() == Errc::protocol);
        CHECK(outcome.status == 0);
        CHECK(outcome.error->maybe_executed);
        CHECK(net.client->counts().open == 0);
        CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
    }
}

TEST_CASE("bytes after a response are not taken for the next one") {
    LoopbackServer server([](ServerRequest const& request) {
        std::string const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
        if (request.target == "/surplus") return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" + forged);
        if (request.target == "/later") {
            return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                .then(Step::pause(20ms))
                .then(Step::send(forged));
        }
        return Reply::whole(200, "true");
    });
    Net net;
    for (std::string const path : {"/surplus", "/later"}) {
        CHECK(net.go(post(server.url(path), "x")).body == "hi");
        std::this_thread::sleep_for(60ms);
        CHECK(net.go(post(server.url("/next"), "x")).body == "true");
    }
}

TEST_CASE("informational responses are passed over") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
            .then(Step::pause(5ms))
            .then(Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    });
    Net net;
    Outcome const outcome = net.go(post(server.url(), "x"));
    CHECK(outcome.status == 200);
    CHECK(outcome.body == "hi");
}

TEST_CASE("an answer that comes before the request was read whole is not lost") {
    // A server of its own: it answers after the head and then ends the connection.
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
    std::thread refusing([&] {
        boost::asio::ip::tcp::socket socket = acceptor.accept();
        char head[256];
        boost::system::error_code ignored;
        socket.read_some(boost::asio::buffer(head), ignored);
        std::string const answer = "HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno";
        boost::asio::write(socket, boost::asio::buffer(answer), ignored);
        socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
        std::this_thread::sleep_for(50ms);
    });
    Net net;
    std::string const url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/";
    Outcome const outcome = net.go(post(url, std::string(20'000'000, 'x')));
    refusing.join();
    CHECK(outcome.status == 413);
    CHECK(outcome.body == "no");
}

TEST_CASE("a response may be compressed, and a bomb ends at the cap") {
    std::string const bomb = gzip(std::string(50'000'000, '\0'));
    LoopbackServer server([&](ServerRequest const& request) {
        HeaderList const headers = {{"Content-Encoding", "gzip"}, {"Content-Type", "application/json"}};
        return Reply::whole(200, request.target == "/bomb" ? bomb : gzip(request.body), headers);
    });
    HttpClientConfig config;
    config.max_body = 2'000'000;
    Net net(config);
    std::string const text = some_text(500'000);

    Outcome const plain = net.go(post(server.url(), text));
    CHECK((plain.body == text));
    CHECK_FALSE(plain.headers.find("content-encoding").has_value());

    Outcome const outcome = net.go(post(server.url("/bomb"), "x"));
    CHECK(outcome.code() == Errc::protocol);
    CHECK(outcome.body.size() <= 2'000'000);
}

TEST_CASE("what is refused is refused before a byte is sent") {
    LoopbackServer server(hello);
    Net net;
    HttpRequest injected = post(server.url(), "x");
    injected.headers.add("X-Key", "a\r\nX-Injected: 1");
    HttpRequest key = post(server.url(), "x");
    key.credential_header = "Authorization";
    key.credential = aikit::Secret("Bearer canary\n");
    HttpRequest user = post("http://user:canary@127.0.0.1:" + std::to_string(server.port()) + "/", "x");
    for (HttpRequest const& request : {injected, key, user, post("ftp://127.0.0.1/", "x")}) {
        Outcome const outcome = net.go(request);
        CHECK(outcome.code() == Errc::invalid_argument);
        CHECK_FALSE(outcome.error->maybe_executed);
        CHECK(outcome.error->message.find("canary") == std::string::npos);
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("a redirect is not followed, and the credential stays where it was meant to go") {
    LoopbackServer other(hello);
    Answer answer;
    LoopbackServer server(std::cref(answer));
    Net net;
    for (int const code : {300, 301, 302, 303, 307, 308}) {
        for (std::string const& target : {other.url("/"), server.url("/other"), std::string("//evil.example/"),
                                          std::string("https://localhost:1/"), std::string("/x")}) {
            answer.set(Reply::whole(code, "", {{"Location", target}}));
            for (HttpRequest request : {post(server.url(), "prompt"), get(server.url())}) {
                request.credential_header = "Authorization";
                request.credential = aikit::Secret("Bearer canary");
                int const before = server.requests();
                Outcome const outcome = net.go(request);
                CHECK(outcome.status == code);
                CHECK(outcome.headers.find("location") == target);
                CHECK(server.requests() == before + 1);
            }
        }
    }
    CHECK(other.connections() == 0);
}

TEST_CASE("no server, no name and no route are connection errors that were surely not carried out") {
    std::uint16_t free_port = 0;
    {
        LoopbackServer gone(hello);
        free_port = gone.port();
    }
    Net net;
    std::string const origin = "http://127.0.0.1:" + std::to_string(free_port);
    Outcome const refused = net.go(post(origin + "/secret?key=canary", "x"));
    CHECK(refused.code() == Errc::connection);
    CHECK_FALSE(refused.error->maybe_executed);
    CHECK(refused.error->message.find("127.0.0.1:" + std::to_string(free_port)) != std::string::npos);
    CHECK(refused.error->message.find("canary") == std::string::npos);

    Outcome const unknown = net.go(post("http://no-such-host.invalid/", "x"));
    CHECK(unknown.code() == Errc::connection);
    CHECK_FALSE(unknown.error->maybe_executed);
    CHECK(net.client->counts().open == 0);
}

TEST_CASE("a body is read once at a time, and not after an error") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            .then(Step::pause(30ms))
            .then(Step::send("hello"));
    });
    Net net;
    auto const twice = [](std::shared_ptr<HttpClient> client, std::string url) -> Task<void> {
        Result<HttpResponse> response = co_await client->send(post(url, "x"));
        REQUIRE(response.has_value());
        auto const outcomes = std::make_shared<std::vector<Result<std::string>>>();
        auto const executor = co_await boost::asio::this_coro::executor;
        auto note = [outcomes](std::exception_ptr, Result<std::string> piece) {
            outcomes->push_back(std::move(piece));
        };
        boost::asio::co_spawn(executor, response->body->read(), std::move(note));
        Result<std::string> mine = co_await response->body->read();
        outcomes->push_back(std::move(mine));
        auto const clock = aikit::real_clock();
        aikit::Result<void> const slept = co_await aikit::sleep_until(clock, clock->now() + 100ms);
        REQUIRE(slept.has_value());
        REQUIRE(outcomes->size() == 2);
        int refused = 0;
        for (Result<std::string> const& outcome : *outcomes) {
            if (!outcome && outcome.error().code == Errc::invalid_state) ++refused;
            if (outcome) CHECK(*outcome == "hello");
        }
        CHECK(refused == 1);
        co_return aikit::ok();
    };
    CHECK(net.start(twice(net.client, server.url())).get().has_value());
}

TEST_CASE("the end of a body may be asked for again") {
    LoopbackServer server(hello);
    Net net;
    auto const read_on = [](std::shared_ptr<HttpClient> client, std::string url) -> Task<void> {
        Result<HttpResponse> response = co_await client->send(post(url, "x"));
        REQUIRE(response.has_value());
        Result<std::string> piece = co_await response->body->read();
        CHECK(*piece == "hello");
        for (int i = 0; i < 3; ++i) {
            piece = co_await response->body->read();
            REQUIRE(piece.has_value());
            CHECK(piece->empty());
        }
        co_return aikit::ok();
    };
    CHECK(net.start(read_on(net.client, server.url())).get().has_value());
}

TEST_CASE("a client that is closed answers invalid_state, also to those who wait") {
    LoopbackServer server([](ServerRequest const&) {
        return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").then(Step::hang());
    });
    HttpClientConfig config;
    config.max_connections_per_origin = 1;
    Net net(config);
    std::future<Result<Outcome>> reading = net.start(fetch(net.client, post(server.url(), "x")));
    REQUIRE(LoopbackServer::eventually([&] { return server.requests() == 1; }));
    std::future<Result<Outcome>> waiting = net.start(fetch(net.client, post(server.url(), "x")));
    REQUIRE(LoopbackServer::eventually([&] { return net.client->counts().waiting == 1; }));

    net.client->close();

    CHECK(reading.get()->code() == Errc::invalid_state);
    CHECK(waiting.get()->code() == Errc::invalid_state);
    CHECK(net.go(post(server.url(), "x")).code() == Errc::invalid_state);
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
}

TEST_CASE("bodies and tasks outlive the client, and a closed runtime is told") {
    LoopbackServer server(hello);
    Runtime runtime = Runtime::create().value();
    std::shared_ptr<HttpClient> client = HttpClient::create(runtime, HttpClientConfig()).value();
    Task<Outcome> task = fetch(client, post(server.url(), "x"));
    std::shared_ptr<HttpClient> const kept = client;
    client.reset();
    CHECK(boost::asio::co_spawn(runtime.executor(), std::move(task), boost::asio::use_future).get()->body == "hello");

    runtime.close();
    CHECK(aikit::testing::run(fetch(kept, post(server.url(), "x"))).value().code() == Errc::invalid_state);
    CHECK(HttpClient::create(runtime, HttpClientConfig()).error().code == Errc::invalid_state);
}

TEST_CASE("each field of the configuration is checked, and named") {
    Runtime runtime = Runtime::create().value();
    struct Row {
        std::string field;
        std::function<void(HttpClientConfig&)> spoil;
        Errc code = Errc::invalid_argument;
    };
    std::vector<Row> const rows = {
        {"user_agent", [](HttpClientConfig& c) { c.user_agent = "a\r\nb"; }},
        {"ca_file", [](HttpClientConfig& c) { c.ca_file = "/no/such/file.pem"; }, Errc::not_found},
        {"ca_file", [](HttpClientConfig& c) { c.ca_file = "/dev/null"; }, Errc::not_found},
        {"https_proxy", [](HttpClientConfig& c) { c.https_proxy = "socks5://x"; }},
        {"http_proxy", [](HttpClientConfig& c) { c.http_proxy = "http://"; }},
        {"max_connections_per_origin", [](HttpClientConfig& c) { c.max_connections_per_origin = 0; }},
        {"max_idle_per_origin", [](HttpClientConfig& c) { c.max_idle_per_origin = -1; }},
        {"max_head", [](HttpClientConfig& c) { c.max_head = 1'023; }},
        {"max_body", [](HttpClientConfig& c) { c.max_body = -1; }},
        {"max_idle_time", [](HttpClientConfig& c) { c.max_idle_time = -1ms; }},
        {"max_life", [](HttpClientConfig& c) { c.max_life = -1ms; }},
        {"next_address_after", [](HttpClientConfig& c) { c.next_address_after = 0ms; }},
        {"tcp_user_timeout", [](HttpClientConfig& c) { c.tcp_user_timeout = -1ms; }},
    };
    for (Row const& row : rows) {
        CAPTURE(row.field);
        HttpClientConfig config;
        row.spoil(config);
        Result<std::shared_ptr<HttpClient>> const client = HttpClient::create(runtime, config);
        REQUIRE(client.has_error());
        CHECK(client.error().code == row.code);
        CHECK(client.error().message.find(row.field) != std::string::npos);
    }
    runtime.close();
}

}  // namespace aikit_test
