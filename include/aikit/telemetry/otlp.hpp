// SPDX-License-Identifier: MIT
// aikit/telemetry/otlp.hpp - spans and metrics for an OpenTelemetry collector, by OTLP/HTTP in JSON.
#ifndef AIKIT_TELEMETRY_OTLP_HPP
#define AIKIT_TELEMETRY_OTLP_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/net/transport.hpp>
#include <aikit/telemetry/metric.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace aikit::inline v0::telemetry {

struct OtlpConfig {
    OtlpConfig() = default;

    /// Where the collector is; /v1/traces and /v1/metrics are put behind it.
    std::string endpoint = "http://localhost:4318";

    net::Headers headers;  ///< Sent with every request.

    /// The one header that carries a key, kept apart so that it reaches no log. Empty name: none.
    std::string credential_header;
    Secret credential;

    /// Attributes of the resource, which is this program. Without service.name it is "unknown_service".
    std::map<std::string, std::string> resource;

    bool spans = true;
    bool metrics = true;

    std::chrono::milliseconds span_interval{5'000};     ///< Spans wait so long for others; 1 ms to 1 hour.
    std::chrono::milliseconds metric_interval{60'000};  ///< Between two reports of what changed; 1 ms to 1 hour.

    std::int64_t most_spans = 2'048;  ///< That wait to be sent, 1 to 1,000,000; further ones are dropped and counted.
    std::int64_t batch = 512;         ///< Spans in one request, at most; as many are sent at once.

    std::chrono::milliseconds timeout{10'000};    ///< Of one request; 1 ms to 1 hour.
    std::chrono::milliseconds retry_for{60'000};  ///< How long the same is sent again, 0 to 1 hour.

    MetricsConfig series;  ///< How metrics are added up.
};

/// How it went so far.
struct OtlpStats {
    OtlpStats() = default;

    std::int64_t spans_sent = 0;
    std::int64_t spans_dropped = 0;    ///< The queue was full, the collector refused them, or it could not be reached.
    std::int64_t reports_sent = 0;     ///< Of metrics.
    std::int64_t reports_dropped = 0;  ///< The next one tells the same: metrics are sums since the beginning.
    std::int64_t points_rejected = 0;  ///< Values of metrics that the collector did not take.
    std::int64_t retries = 0;          ///< Requests that were sent again.
    std::string last_error;            ///< The latest, one sentence of aikit's; empty: none.
};

/// Sends what it is told in the background, on the runtime. Telling never waits for the network.
///
/// A request that the collector answers with 429, 502, 503 or 504, or that does not reach it, is sent again: after what
/// Retry-After says, else after 1 s, 2 s and so on to 30 s, of which up to half is left out at random. Other failures
/// drop what was sent. Both are in stats(), and in the runtime's log as "telemetry.otlp".
///
/// Ownership: flush() or close() it before the runtime ends; what still waits when it is destroyed is dropped.
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT OtlpExporter final : public Observer {
public:
    /// Errors: invalid_argument, naming the field of the configuration.
    static Result<std::shared_ptr<OtlpExporter>> create(Runtime runtime, std::shared_ptr<net::HttpTransport> transport,
                                                        OtlpConfig config);
    ~OtlpExporter() override;

    void count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept override;
    void record(std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept override;
    void span(Span const& span) noexcept override;

    /// Sends what was told before, metrics too, and waits until it was taken or dropped.
    ///
    /// Cancellation: terminal; sending goes on. Errors: timeout (after `within`), cancelled; the collector's
    /// (connection, provider_error, ...) where something was dropped meanwhile; invalid_state (closed).
    Task<void> flush(std::chrono::milliseconds within = std::chrono::seconds(10));

    /// As flush(); and afterwards, whatever came of that, nothing is taken or sent any more. Repeatable.
    Task<void> close(std::chrono::milliseconds within = std::chrono::seconds(10));

    OtlpStats stats() const;

private:
    struct State;
    explicit OtlpExporter(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0::telemetry

#endif  // AIKIT_TELEMETRY_OTLP_HPP
