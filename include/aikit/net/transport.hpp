// SPDX-License-Identifier: MIT
// aikit/net/transport.hpp - HTTP as aikit needs it: one request, one response whose body is pulled.
//
// A host may supply its own transport (its proxy, its HTTP/2 stack); providers know nothing else of the network.
#ifndef AIKIT_NET_TRANSPORT_HPP
#define AIKIT_NET_TRANSPORT_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/result.hpp>
#include <aikit/core/secret.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit::inline v0::net {

/// Header fields in order; names compare without regard to case.
class AIKIT_EXPORT Headers {
public:
    Headers() = default;

    /// Adds a field, whether or not there is one of that name.
    void add(std::string_view name, std::string_view value);

    /// Replaces every field of that name by one.
    void set(std::string_view name, std::string_view value);

    /// The first value of that name, or nothing. The view lives until the next change.
    std::optional<std::string_view> find(std::string_view name) const noexcept;

    std::vector<std::pair<std::string, std::string>> const& fields() const noexcept { return fields_; }

private:
    void append(std::pair<std::string, std::string> field);

    std::vector<std::pair<std::string, std::string>> fields_;
};

/// How long each part may take. Zero or less: no limit. Each fires within 100 ms.
struct TimeLimits {
    TimeLimits() = default;

    /// Name look-up, connection and TLS handshake together.
    std::chrono::milliseconds connect{5'000};

    /// From the request written to the first byte of the response head.
    std::chrono::milliseconds first_byte{600'000};

    /// Between two pieces of the body; any byte resets it, keep-alive comments too.
    std::chrono::milliseconds idle{120'000};

    /// Ends everything, body included.
    Deadline total;
};

struct HttpRequest {
    HttpRequest() = default;

    std::string method = "POST";

    /// Absolute, http or https. User information in it is refused.
    std::string url;

    /// A name or value that holds CR, LF, NUL or another control character is refused. Host, Content-Length,
    /// Accept-Encoding, Connection and the other fields that describe the connection belong to the transport and are
    /// refused too. With "Accept: text/event-stream" no compression is asked for, so that pieces arrive as they are
    /// sent.
    Headers headers;

    /// The one header that carries the key ("authorization" or "x-api-key"), kept apart so that it never leaves
    /// the origin of `url` and never reaches a log. Empty name: none.
    std::string credential_header;
    Secret credential;

    /// Shared, because an attempt may be repeated. Null: no body.
    std::shared_ptr<std::string const> body;

    TimeLimits limits;

    /// The request may be sent again when a pooled connection turns out to be dead before any byte of a response
    /// came: it has no effect (GET), or carries an idempotency key.
    bool repeatable = false;
};

/// A response body, pulled piece by piece, so that a slow reader slows the sender down.
///
/// Ownership: destroying it before the end closes the connection. Thread-safety: shared objects: unsafe.
class HttpBody {
public:
    virtual ~HttpBody() = default;

    /// The next piece, decoded (chunks, gzip); empty at the proper end, and only there: a body that was cut is an
    /// error, however it was cut.
    ///
    /// Cancellation: terminal; afterwards only destruction is allowed.
    /// Errors: incomplete (cut), timeout, protocol (bad framing, over a cap), connection, cancelled, invalid_state
    /// (a second read at once, or after an error).
    virtual Task<std::string> read() = 0;

    /// Gives what read() would give without waiting; false when it would wait or fail, or when this body cannot say.
    /// Saves a coroutine for bodies that came with their heads.
    virtual bool take_ready([[maybe_unused]] std::string& piece) { return false; }
};

struct HttpResponse {
    HttpResponse() = default;

    int status = 0;
    Headers headers;
    std::unique_ptr<HttpBody> body;
};

/// Sends requests. Thread-safety: shared objects: safe.
class HttpTransport {
public:
    virtual ~HttpTransport() = default;

    /// The response's head; any status is a success. Redirects are not followed. Content-Length and Content-Encoding
    /// are left out of it where the body is decompressed. The coroutine's executor has to run one thing at a time, as
    /// Runtime::executor() does; the body may be read on another such one.
    ///
    /// Cancellation: terminal; the request may have been carried out (Error::maybe_executed).
    /// Errors: invalid_argument (url, header), connection, timeout, protocol, cancelled, invalid_state (closed).
    virtual Task<HttpResponse> send(HttpRequest request) = 0;
};

/// Reads a body to its end. More than `limit` bytes is a protocol error.
AIKIT_EXPORT Task<std::string> read_all(HttpBody& body, std::size_t limit);

/// Appends to `text` what can be had without waiting, and says whether that was all. Saves a coroutine for bodies that
/// came with their heads; read_rest() does the others.
AIKIT_EXPORT bool read_ready(HttpBody& body, std::size_t limit, std::string& text);

/// As read_all, with what was read before in front of it; `limit` counts both.
AIKIT_EXPORT Task<std::string> read_rest(HttpBody& body, std::string text, std::size_t limit);

}  // namespace aikit::inline v0::net

#endif  // AIKIT_NET_TRANSPORT_HPP
