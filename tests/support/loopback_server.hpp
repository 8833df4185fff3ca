// SPDX-License-Identifier: MIT
// support/loopback_server.hpp - an HTTP server on 127.0.0.1 that does what a test tells it to, byte by byte.
//
// It shares no code with what it tests.
#ifndef AIKIT_TESTS_SUPPORT_LOOPBACK_SERVER_HPP
#define AIKIT_TESTS_SUPPORT_LOOPBACK_SERVER_HPP

#include "support/certificates.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit_test {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// What a client sent.
struct ServerRequest {
    std::string method;
    std::string target;  ///< As it stands in the request line.
    HeaderList headers;  ///< As they came.
    std::string head;    ///< All of it, raw, up to the blank line.
    std::string body;
    int connection = 0;  ///< Counted from 0.
    int index = 0;       ///< Of the request on its connection, from 0.

    /// The first value of that name, compared without regard to case.
    std::optional<std::string> header(std::string_view name) const;
};

/// One thing the server does.
struct Step {
    enum class Kind {
        send,    ///< `bytes` at once.
        drip,    ///< `bytes` one by one, `time` apart.
        repeat,  ///< `bytes`, `count` times; below zero: until the client leaves.
        pause,   ///< Nothing for `time`.
        fin,     ///< Ends the connection properly (TLS with its closing message).
        cut,     ///< Ends TCP properly and TLS not at all.
        rst,     ///< Resets the connection.
        hang,    ///< Nothing more until the client goes away.
    };
    Step(Kind kind_, std::string bytes_ = {}, std::chrono::milliseconds time_ = {})
        : kind(kind_), bytes(std::move(bytes_)), time(time_) {}

    static Step send(std::string bytes) { return Step(Kind::send, std::move(bytes)); }
    static Step drip(std::string bytes, std::chrono::milliseconds apart) {
        return Step(Kind::drip, std::move(bytes), apart);
    }
    static Step repeat(std::string bytes, std::int64_t count) {
        Step step(Kind::repeat, std::move(bytes));
        step.count = count;
        return step;
    }
    static Step pause(std::chrono::milliseconds time) { return Step(Kind::pause, {}, time); }
    static Step fin() { return Step(Kind::fin); }
    static Step cut() { return Step(Kind::cut); }
    static Step rst() { return Step(Kind::rst); }
    static Step hang() { return Step(Kind::hang); }

    Kind kind;
    std::string bytes;
    std::chrono::milliseconds time;
    std::int64_t count = 0;
};

/// What the server does for one request. When the steps are done without an ending, the next request is awaited.
struct Reply {
    Reply() = default;
    explicit Reply(std::vector<Step> steps_) : steps(std::move(steps_)) {}

    std::vector<Step> steps;

    Reply& then(Step step) {
        steps.push_back(std::move(step));
        return *this;
    }

    /// Head and body in one write, with Content-Length.
    static Reply whole(int status, std::string body, HeaderList headers = {{"Content-Type", "application/json"}});

    /// A chunk per piece, each in its own write, `apart` from each other, and the last chunk.
    static Reply chunked(int status, std::vector<std::string> const& pieces, std::chrono::milliseconds apart = {},
                         HeaderList headers = {{"Content-Type", "text/event-stream"}});

    /// A body that ends with the connection.
    static Reply until_close(int status, std::string body);

    /// These bytes and nothing else.
    static Reply raw(std::string bytes);
};

/// One chunk of the chunked coding; an empty one ends the body.
std::string chunk(std::string_view bytes);

/// Compressed as gzip.
std::string gzip(std::string_view bytes);

/// So many zero bytes, compressed as gzip without ever standing in memory.
std::string gzip_of_zeros(std::int64_t count);

class LoopbackServer {
public:
    /// Called on the server's thread.
    using Handler = std::function<Reply(ServerRequest const&)>;

    struct Options {
        Options() = default;

        Handler handler;
        std::optional<Identity> tls;
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;     ///< 0: a free one.
        bool keep_requests = true;  ///< For received(); off where there are many.
        int receive_buffer = 0;     ///< SO_RCVBUF in bytes; 0: the system's.
        int newest_tls = 0;         ///< As TLS1_2_VERSION; 0: whatever OpenSSL has.
        bool read_requests = true;  ///< Off: connections are accepted and never read.
    };

    explicit LoopbackServer(Handler handler);
    LoopbackServer(Handler handler, Identity tls);
    explicit LoopbackServer(Options options);
    ~LoopbackServer();
    LoopbackServer(LoopbackServer const&) = delete;
    LoopbackServer& operator=(LoopbackServer const&) = delete;

    std::uint16_t port() const noexcept;

    /// "http://127.0.0.1:PORT" and the path; https, with the name "localhost", when it speaks TLS.
    std::string url(std::string_view path = "/") const;

    /// Connections accepted so far, and those still open.
    int connections() const noexcept;
    int open_connections() const noexcept;

    /// Requests read whole.
    int requests() const noexcept;

    /// Connections that the client ended before the reply to its request was out.
    int aborts() const noexcept;

    /// TLS handshakes that failed, and those that succeeded.
    int failed_handshakes() const noexcept;
    int handshakes() const noexcept;

    /// Bytes read after the handshake, of all connections.
    std::int64_t bytes_received() const noexcept;

    /// The requests, oldest first.
    std::vector<ServerRequest> received() const;

    /// Ends the connections that have had an exchange and wait for another, and returns when that is done.
    void close_idle(bool reset = false);

    /// Waits for `condition`, which is asked every millisecond; false when it is not met within `most`.
    static bool eventually(std::function<bool()> const& condition,
                           std::chrono::milliseconds most = std::chrono::seconds(30));

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_LOOPBACK_SERVER_HPP
