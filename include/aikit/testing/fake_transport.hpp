// SPDX-License-Identifier: MIT
// aikit/testing/fake_transport.hpp - a transport that answers from a script, with every way a network can fail.
#ifndef AIKIT_TESTING_FAKE_TRANSPORT_HPP
#define AIKIT_TESTING_FAKE_TRANSPORT_HPP

#include <aikit/net/transport.hpp>

#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace aikit::inline v0::testing {

/// How a scripted answer ends.
enum class Ending {
    whole,  ///< As it should.
    cut,    ///< The body stops early, as if the peer had closed: incomplete.
    reset,  ///< The connection is reset: connection.
    stall,  ///< Nothing more comes: the idle limit, or the test's clock, has to end it.
};

/// One scripted answer.
struct FakeReply {
    FakeReply() = default;
    FakeReply(int status_, std::string body) : status(status_), pieces{std::move(body)} {}
    FakeReply(int status_, std::vector<std::string> pieces_) : status(status_), pieces(std::move(pieces_)) {}
    FakeReply(int status_, std::initializer_list<std::string> pieces_) : status(status_), pieces(pieces_) {}

    int status = 200;
    net::Headers headers;

    /// The body as the reader gets it, piece by piece.
    std::vector<std::string> pieces;

    /// Bytes of the body that are delivered before `ending` happens; all of it by default.
    std::size_t deliver = std::numeric_limits<std::size_t>::max();
    Ending ending = Ending::whole;

    /// Set: send() itself fails with this, and nothing is answered.
    std::optional<Error> failure;

    /// How long the head takes on the transport's clock.
    std::chrono::milliseconds head_after{0};
    /// How long each piece takes on the transport's clock.
    std::chrono::milliseconds piece_after{0};
};

/// Answers requests in order from what was queued, or from a function; keeps what was sent.
///
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT FakeTransport final : public net::HttpTransport {
public:
    /// With no clock given, delays and stalls need none: a stall then ends at once as a timeout.
    explicit FakeTransport(std::shared_ptr<Clock> clock = nullptr);

    /// Queues an answer.
    void reply(FakeReply reply);
    void reply(int status, std::string body);
    void reply(int status, std::vector<std::string> pieces);
    void reply(int status, std::initializer_list<std::string> pieces);

    /// Answers everything by a function, which runs on the sender's executor.
    void serve(std::function<FakeReply(net::HttpRequest const&)> handler);

    Task<net::HttpResponse> send(net::HttpRequest request) override;

    /// What was sent so far, oldest first.
    std::vector<net::HttpRequest> sent() const;

    /// Bodies handed out and not yet destroyed.
    int open_bodies() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A recording of real traffic: `{request{method,path,headers,body}, response{status,headers,body}}`.
struct Recording {
    Recording() = default;

    std::string provider, surface, kind;
    std::string method, path, request_body;
    FakeReply reply;
};

/// Reads a recording's JSON text; invalid_argument when it is none.
AIKIT_EXPORT Result<Recording> parse_recording(std::string_view json);

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_TESTING_FAKE_TRANSPORT_HPP
