// SPDX-License-Identifier: MIT
// loopback/net_support.hpp - what the tests of the HTTP client share.
#ifndef AIKIT_TESTS_LOOPBACK_NET_SUPPORT_HPP
#define AIKIT_TESTS_LOOPBACK_NET_SUPPORT_HPP

#include "net/client_core.hpp"
#include "support/fault_proxy.hpp"
#include "support/loopback_server.hpp"

#include <aikit/core/clock.hpp>
#include <aikit/net/http_client.hpp>
#include <aikit/testing/run.hpp>

#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <malloc.h>
#include <mutex>
#include <string>

// The sanitizers keep what is freed: memory is not measured with them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AIKIT_TEST_MEASURES_MEMORY 0
#else
#define AIKIT_TEST_MEASURES_MEMORY 1
#endif

namespace aikit_test {

using namespace std::chrono_literals;

using aikit::Errc;
using aikit::Error;
using aikit::Result;
using aikit::Runtime;
using aikit::RuntimeConfig;
using aikit::Task;
using aikit::net::HttpClient;
using aikit::net::HttpClientConfig;
using aikit::net::HttpRequest;
using aikit::net::HttpResponse;
using aikit::net::HttpTransport;

/// What a server answers with; the test may change it between two requests. Thread-safety: shared objects: safe.
class Answer {
public:
    void set(Reply reply) {
        std::lock_guard const lock(mutex_);
        reply_ = std::move(reply);
    }
    Reply operator()(ServerRequest const&) const {
        std::lock_guard const lock(mutex_);
        return reply_;
    }

private:
    mutable std::mutex mutex_;
    Reply reply_;
};

/// What one request came to.
struct Outcome {
    int status = 0;  ///< 0: no head.
    aikit::net::Headers headers;
    std::string body;  ///< What came of it.
    std::optional<Error> error;
    std::chrono::milliseconds took{0};

    bool fine() const { return status != 0 && !error; }
    Errc code() const { return error ? error->code : Errc{}; }
};

/// Sends a request and reads the body to its end.
inline Task<Outcome> fetch(std::shared_ptr<HttpTransport> client, HttpRequest request) {
    auto const begin = std::chrono::steady_clock::now();
    Outcome outcome;
    Result<HttpResponse> response = co_await client->send(std::move(request));
    if (response) {
        outcome.status = response->status;
        outcome.headers = response->headers;
        for (;;) {
            Result<std::string> const piece = co_await response->body->read();
            if (!piece) outcome.error = piece.error();
            if (!piece || piece->empty()) break;
            outcome.body += *piece;
        }
    } else {
        outcome.error = response.error();
    }
    auto const end = std::chrono::steady_clock::now();
    outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
    co_return outcome;
}

inline HttpRequest get(std::string url) {
    HttpRequest request;
    request.method = "GET";
    request.url = std::move(url);
    request.repeatable = true;
    return request;
}

inline HttpRequest post(std::string url, std::string body) {
    HttpRequest request;
    request.url = std::move(url);
    request.body = std::make_shared<std::string const>(std::move(body));
    return request;
}

/// A runtime and a client on it.
struct Net {
    explicit Net(HttpClientConfig config = {}, int io = 1, aikit::net::Lookup lookup = aikit::net::look_up) {
        RuntimeConfig threads;
        threads.io = io;
        runtime = Runtime::create(threads).value();
        client = aikit::net::make_http_client(runtime, std::move(config), std::move(lookup)).value();
    }
    ~Net() {
        client->close();
        client.reset();
        runtime.close();
    }
    Net(Net const&) = delete;
    Net& operator=(Net const&) = delete;

    /// Starts a task on the runtime's own executor.
    template <class T>
    std::future<Result<T>> start(Task<T> task) {
        return boost::asio::co_spawn(runtime.executor(), std::move(task), boost::asio::use_future);
    }

    Outcome go(HttpRequest request) { return start(fetch(client, std::move(request))).get().value(); }

    Runtime runtime;
    std::shared_ptr<HttpClient> client;
};

/// The value of a line of /proc/self/status.
inline std::string status_line(std::string const& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
    }
    return {};
}

inline std::int64_t resident_kib() {
    return std::stoll(status_line("VmRSS"));
}

/// What is allocated now, and nothing of what the allocator keeps for later.
inline std::int64_t allocated_kib() {
    struct mallinfo2 const info = mallinfo2();
    return static_cast<std::int64_t>((info.uordblks + info.hblkhd) / 1024);
}

inline std::filesystem::path scratch() {
    std::filesystem::path const folder(AIKIT_TEST_SCRATCH);
    std::filesystem::create_directories(folder);
    return folder;
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_LOOPBACK_NET_SUPPORT_HPP
