// SPDX-License-Identifier: MIT
// Covers src/net: being a good guest in a process, whatever the other side sends.
#include "net/sse.hpp"
#include "net_support.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace aikit_test {
namespace {

Reply hello(ServerRequest const&) {
    return Reply::whole(200, "hello");
}

/// Reads a stream through the SSE decoder; how many events came, and the error at the end.
struct Listening {
    std::int64_t events = 0;
    std::int64_t bytes = 0;
    std::int64_t most_resident = 0;
    std::optional<Error> error;
};

Task<Listening> listen(std::shared_ptr<HttpClient> client, HttpRequest request) {
    Listening listening;
    Result<HttpResponse> response = co_await client->send(std::move(request));
    if (!response) co_return response.error();
    aikit::net::SseDecoder decoder;
    for (int i = 0;; ++i) {
        Result<std::string> const piece = co_await response->body->read();
        if (!piece) listening.error = piece.error();
        if (!piece || piece->empty()) break;
        listening.bytes += static_cast<std::int64_t>(piece->size());
        Result<void> const fed = decoder.feed(*piece);
        while (decoder.next()) ++listening.events;
        if (i % 256 == 0) listening.most_resident = std::max(listening.most_resident, resident_kib());
        if (!fed) {
            listening.error = fed.error();
            break;
        }
    }
    listening.most_resident = std::max(listening.most_resident, resident_kib());
    co_return listening;
}

/// Reads, taking longer over each piece than the server takes to send the next, so that there is always more to read.
Task<Listening> listen_slowly(std::shared_ptr<HttpClient> client, HttpRequest request) {
    Listening listening;
    Result<HttpResponse> response = co_await client->send(std::move(request));
    if (!response) co_return response.error();
    while (!listening.error && listening.bytes < 10'000'000'000) {
        Result<std::string> const piece = co_await response->body->read();
        if (!piece) listening.error = piece.error();
        if (piece) listening.bytes += static_cast<std::int64_t>(piece->size());
        auto const until = std::chrono::steady_clock::now() + 300us;
        while (std::chrono::steady_clock::now() < until) continue;
    }
    co_return listening;
}

void write_to_a_peer_that_resets(Net& net, std::string const& url, int count) {
    for (int i = 0; i < count; ++i) {
        HttpRequest request = post(url, std::string(2'000'000, 'x'));
        Outcome const outcome = net.go(request);
        REQUIRE_FALSE(outcome.fine());
    }
}

}  // namespace

TEST_CASE("a peer that resets during a write kills nobody, and no signal's handling is changed") {
    std::signal(SIGPIPE, SIG_DFL);
    std::string const ignored = status_line("SigIgn");
    std::thread([] {}).join();  // the C library catches a signal of its own from the first thread on
    std::string const caught = status_line("SigCgt");
    std::string const blocked = status_line("SigBlk");
    TestAuthority authority;
    HttpClientConfig config;
    config.ca_file = authority.write(scratch() / "safety-ca.pem");
    {
        Net net(config);
        LoopbackServer plain(hello);
        LoopbackServer secure(hello, authority.issue());
        FaultProxy to_plain(plain.port());
        FaultProxy to_secure(secure.port());
        Faults faults;
        faults.ending = Faults::Ending::rst;
        faults.cut_request_after = 100'000;
        to_plain.set(faults);
        to_secure.set(faults);
        write_to_a_peer_that_resets(net, to_plain.url(), 100);
        write_to_a_peer_that_resets(net, to_secure.url("/", "https"), 1'000);
        CHECK(status_line("SigIgn") == ignored);
        CHECK(status_line("SigCgt") == caught);
        CHECK(status_line("SigBlk") == blocked);
    }
    CHECK(status_line("SigIgn") == ignored);
    CHECK(status_line("SigCgt") == caught);
}

TEST_CASE("a client's threads are those of its runtime, by name") {
    auto const names = [] {
        std::vector<std::string> list;
        for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task")) {
            std::ifstream file(entry.path() / "comm");
            std::string name;
            std::getline(file, name);
            list.push_back(name);
        }
        std::sort(list.begin(), list.end());
        return list;
    };
    LoopbackServer server(hello);
    std::vector<std::string> before = names();
    Net net;
    REQUIRE(net.go(post("http://localhost:" + std::to_string(server.port()) + "/", "x")).fine());
    std::vector<std::string> expected = before;
    expected.emplace_back("aikit-io");
    expected.emplace_back("aikit-resolve");
    std::sort(expected.begin(), expected.end());
    CHECK(LoopbackServer::eventually([&] { return names() == expected; }));
}

#if !defined(__SANITIZE_THREAD__)  // whose own threads do not survive a fork

TEST_CASE("a forked child may drop what it inherited, is refused service, and its parent's streams go on") {
    LoopbackServer server([](ServerRequest const& request) {
        if (request.target != "/stream") return Reply::whole(200, "hello");
        return Reply::chunked(200, {"one ", "two ", "three"}, 100ms);
    });
    auto const open = [](std::shared_ptr<HttpClient> client, std::string url) -> Task<HttpResponse> {
        co_return co_await client->send(post(url, "x"));
    };
    auto const read_on = [](std::shared_ptr<aikit::net::HttpBody> body) -> Task<std::string> {
        co_return co_await aikit::net::read_all(*body, 1'000);
    };
    for (int i = 0; i < 10; ++i) {
        Net net;
        Result<HttpResponse> response = net.start(open(net.client, server.url("/stream"))).get();
        REQUIRE(response.has_value());
        std::shared_ptr<aikit::net::HttpBody> body = std::move(response->body);
        REQUIRE(net.go(post(server.url("/idle"), "x")).fine());

        pid_t const child = ::fork();
        if (child == 0) {
            ::alarm(20);  // a child that hangs dies of it
            bool fine = aikit::testing::run(fetch(net.client, get(server.url()))).value().code() == Errc::invalid_state;
            fine = fine && aikit::testing::run(read_on(body)).error().code == Errc::invalid_state;
            body.reset();
            net.client->close();
            net.client.reset();
            ::_exit(fine ? 0 : 1);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        CHECK(status == 0);
        CHECK(net.start(read_on(std::move(body))).get().value() == "one two three");
        CHECK(net.go(post(server.url("/idle"), "x")).body == "hello");
    }
}

#endif

TEST_CASE("a stream of 100 MB in small events passes, and memory stays flat") {
    std::string const event = "data: {\"choices\":[{\"delta\":{\"content\":\"a few words more\"}}]}\n\n";
    std::string batch;
    for (int i = 0; i < 200; ++i) batch += chunk(event);
    std::int64_t const batches = 100'000'000 / static_cast<std::int64_t>(event.size()) / 200 + 1;
    LoopbackServer server([&](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        return reply.then(Step::repeat(batch, batches)).then(Step::send(chunk("")));
    });
    Net net;
    std::int64_t const before = resident_kib();
    Listening const listening = net.start(listen(net.client, post(server.url(), "x"))).get().value();
    CHECK_FALSE(listening.error.has_value());
    CHECK(listening.events == batches * 200);
    CHECK(listening.bytes >= 100'000'000);
    MESSAGE("memory grew by " << listening.most_resident - before << " KiB");
    if (AIKIT_TEST_MEASURES_MEMORY) CHECK(listening.most_resident - before < 8 * 1024);
}

TEST_CASE("a line without end is an error at the cap, within twice its memory") {
    LoopbackServer server([](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\n\r\ndata: ");
        return reply.then(Step::repeat(std::string(64 * 1024, 'x'), -1));
    });
    Net net;
    std::int64_t const before = resident_kib();
    Listening const listening = net.start(listen(net.client, post(server.url(), "x"))).get().value();
    REQUIRE(listening.error.has_value());
    CHECK(listening.error->code == Errc::protocol);
    CHECK(listening.events == 0);
    CHECK(listening.bytes < 17 * 1024 * 1024);
    MESSAGE("memory grew by " << listening.most_resident - before << " KiB");
    if (AIKIT_TEST_MEASURES_MEMORY) CHECK(listening.most_resident - before < 2 * 16 * 1024);
    CHECK(LoopbackServer::eventually([&] { return server.open_connections() == 0; }));
}

TEST_CASE("a stream without end runs at full speed in flat memory until it is stopped") {
    // With AIKIT_LONG=1 in the environment: a minute.
    bool const for_long = std::getenv("AIKIT_LONG") != nullptr;
    std::chrono::milliseconds const length = for_long ? 60s : 3s;
    std::string batch;
    for (int i = 0; i < 100; ++i)
        batch += "data: {\"choices\":[{\"delta\":{\"content\":\"on and on\"}}]}\r\n\r\n: ping\r\n\r\n";
    LoopbackServer server([&](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\n\r\n");
        return reply.then(Step::repeat(batch, -1));
    });
    Net net;
    HttpRequest request = post(server.url(), "x");
    request.limits.total = aikit::Deadline::after(*net.runtime.clock(), length);
    std::int64_t const before = resident_kib();
    Listening const listening = net.start(listen(net.client, request)).get().value();
    REQUIRE(listening.error.has_value());
    CHECK(listening.error->code == Errc::timeout);
    CHECK(listening.events > 1'000);
    MESSAGE("events: " << listening.events << ", MB: " << listening.bytes / 1'000'000 << ", memory grew by "
                       << listening.most_resident - before << " KiB");
    if (AIKIT_TEST_MEASURES_MEMORY) CHECK(listening.most_resident - before < 8 * 1024);
}

TEST_CASE("a server that always has more holds up neither the deadline nor what else runs on the loop") {
    TestAuthority authority;
    HttpClientConfig config;
    config.ca_file = authority.write(scratch() / "always-more-ca.pem");
    auto const endless = [batch = std::string(1'000'000, 'x')](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\n\r\n");
        return reply.then(Step::repeat(batch, -1));
    };
    LoopbackServer plain(endless);
    LoopbackServer secure(endless, authority.issue());
    LoopbackServer other(hello);
    for (std::string const& url : {plain.url(), secure.url()}) {
        CAPTURE(url);
        Net net(config);
        REQUIRE(net.go(post(other.url(), "x")).fine());
        HttpRequest request = post(url, "x");
        request.limits.total = aikit::Deadline::after(*net.runtime.clock(), 2s);
        auto const began = std::chrono::steady_clock::now();
        auto listening = net.start(listen_slowly(net.client, request));
        for (int i = 0; i < 3; ++i) CHECK(net.go(post(other.url(), "x")).fine());
        CHECK(std::chrono::steady_clock::now() - began < 2s);
        Listening const ended = listening.get().value();
        REQUIRE(ended.error.has_value());
        CHECK(ended.error->code == Errc::timeout);
        CHECK(std::chrono::steady_clock::now() - began < 10s);
    }
}

TEST_CASE("a gzip bomb of 1 MB that holds 1 GB costs no more memory than what is read of it") {
    std::string const bomb = gzip_of_zeros(1'000'000'000);
    CHECK(bomb.size() < 1'100'000);
    LoopbackServer server([&](ServerRequest const&) {
        return Reply::whole(200, bomb, {{"Content-Encoding", "gzip"}});
    });
    HttpClientConfig config;
    config.max_body = 300'000'000;
    Net net(config);
    auto const skim = [](std::shared_ptr<HttpClient> client, std::string url) -> Task<Listening> {
        Listening skimmed;
        Result<HttpResponse> response = co_await client->send(post(url, "x"));
        if (!response) co_return response.error();
        for (;;) {
            Result<std::string> const piece = co_await response->body->read();
            if (!piece) skimmed.error = piece.error();
            if (!piece || piece->empty()) break;
            skimmed.bytes += static_cast<std::int64_t>(piece->size());
        }
        skimmed.most_resident = resident_kib();
        co_return skimmed;
    };
    std::int64_t const before = resident_kib();
    Listening const skimmed = net.start(skim(net.client, server.url())).get().value();
    REQUIRE(skimmed.error.has_value());
    CHECK(skimmed.error->code == Errc::protocol);
    CHECK(skimmed.bytes <= 300'000'000);
    CHECK(skimmed.bytes > 299'000'000);
    MESSAGE("memory grew by " << skimmed.most_resident - before << " KiB");
    if (AIKIT_TEST_MEASURES_MEMORY) CHECK(skimmed.most_resident - before < 16 * 1024);
}

TEST_CASE("a head up to the cap passes and a longer one is an error, also when it never ends") {
    Answer answer;
    LoopbackServer server(std::cref(answer));
    Net net;
    for (std::int64_t const size : {8'192, 65'536, 256 * 1024}) {
        for (int const more : {0, 1}) {
            CAPTURE(size);
            CAPTURE(more);
            HttpClientConfig config;
            config.max_head = size;
            Net limited(config);
            std::string const begin = "HTTP/1.1 200 OK\r\nX-Long: ";
            std::string const end = "\r\nContent-Length: 0\r\n\r\n";
            auto const filling = static_cast<std::size_t>(size + more) - begin.size() - end.size();
            answer.set(Reply::raw(begin + std::string(filling, 'x') + end));
            Outcome const outcome = limited.go(post(server.url(), "x"));
            CHECK(outcome.fine() == (more == 0));
            if (more != 0) CHECK(outcome.code() == Errc::protocol);
        }
    }
    // As it is configured when nobody says otherwise.
    for (std::size_t const field : {std::size_t{32 * 1024}, std::size_t{64 * 1024}}) {
        CAPTURE(field);
        answer.set(
            Reply::raw("HTTP/1.1 200 OK\r\nX-Long: " + std::string(field, 'x') + "\r\nContent-Length: 0\r\n\r\n"));
        Outcome const outcome = net.go(post(server.url(), "x"));
        CHECK(outcome.fine() == (field < std::size_t{64 * 1024}));
        if (!outcome.fine()) CHECK(outcome.error->message.find("max_head") != std::string::npos);
    }
    LoopbackServer endless([](ServerRequest const&) {
        Reply reply = Reply::raw("HTTP/1.1 200 OK\r\n");
        return reply.then(Step::repeat("X-More: and more\r\n", -1));
    });
    CHECK(net.go(post(endless.url(), "x")).code() == Errc::protocol);
}

TEST_CASE("a thousand streams at once on one I/O thread all arrive whole") {
    std::vector<std::string> const pieces(10, "data: a piece of a stream\n\n");
    LoopbackServer::Options options;
    options.handler = [&](ServerRequest const&) { return Reply::chunked(200, pieces, 20ms); };
    options.keep_requests = false;
    LoopbackServer server(std::move(options));
    Net net;
    std::vector<std::future<Result<Outcome>>> all;
    HttpRequest request = post(server.url(), "x");
    request.limits.connect = 30s;
    for (int i = 0; i < 1'000; ++i) all.push_back(net.start(fetch(net.client, request)));
    int whole = 0;
    for (auto& one : all) whole += one.get()->body.size() == 10 * pieces[0].size() ? 1 : 0;
    CHECK(whole == 1'000);
    CHECK(std::stoi(status_line("Threads")) < 12);
}

}  // namespace aikit_test
