// SPDX-License-Identifier: MIT
// aikit/model/call.hpp - what goes beside every request (CallOptions) and comes beside every reply (CallInfo).
#ifndef AIKIT_MODEL_CALL_HPP
#define AIKIT_MODEL_CALL_HPP

#include <aikit/core/clock.hpp>
#include <aikit/core/money.hpp>
#include <aikit/core/rate_limits.hpp>
#include <aikit/model/usage.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0 {

enum class Privacy {
    normal,
    sensitive,  ///< Only providers that the configuration marks as local may see it.
};

/// Limits of time, zero or less meaning none; a missing one is the provider's configuration, else the default given
/// here. Each fires within 100 ms, as timeout.
struct CallLimits {
    CallLimits() = default;

    std::optional<std::chrono::milliseconds> connect;     ///< Look-up, connection, TLS. Default 5 s.
    std::optional<std::chrono::milliseconds> first_byte;  ///< Until the reply begins. Default 600 s.
    std::optional<std::chrono::milliseconds> idle;        ///< Between two pieces. Default 120 s.
    std::optional<std::chrono::milliseconds> total;  ///< The whole call with its retries. Default 600 s; streams: none.
};

/// Who is to be billed and limited. All may be empty.
struct Caller {
    Caller() = default;

    std::string tenant;
    std::string user;
    std::string key;  ///< The name of an API key of the host's own, never the key.
    std::string project;
    std::vector<std::string> tags;
    std::string tier;  ///< What was subscribed to, where the host knows; see policy/tiers.hpp. Empty: found there.
};

/// May the same request be sent to a deployment that may have carried it out already?
enum class Replay {
    other_deployment,  ///< Not to the same one; another may be asked.
    never,             ///< Not at all.
    any,               ///< Also the same one: it may run, and bill, twice.
};

/// What a cache of replies may do for a call; see policy/response_cache.hpp.
enum class CacheUse {
    use,      ///< A reply that is kept serves, and a new one is kept.
    refresh,  ///< What is kept is passed over, and replaced by the new reply.
    bypass,   ///< Nothing is looked for, nothing is kept.
};

/// One request to one deployment, as it ended.
struct Attempt {
    Attempt() = default;

    std::string provider;
    std::string model;
    std::string outcome;  ///< "ok", an error's name, or "dropped" (a stream that was let go).
    std::optional<Errc> error;
    int http_status = 0;
    std::string provider_request_id;
    SystemTime started;
    std::chrono::microseconds latency{0};
    std::optional<std::chrono::microseconds> first_token;
    Usage usage;

    /// What the answer's headers said of the account's limits; null: nothing.
    std::shared_ptr<RateLimits const> rate_limits;

    /// Missing when it could not be priced.
    std::optional<Money> cost;
    std::string price_id;
};

struct CallOptions {
    CallOptions() = default;

    CallLimits limits;

    /// Set by whoever is above (a router, a retry, a host): everything ends by then. Sooner of this and limits.total
    /// wins.
    Deadline deadline;

    Caller caller;
    Privacy privacy = Privacy::normal;

    /// -100 to 100; higher goes first where calls queue.
    int priority = 0;

    /// Tries after the first; 0 to 10. A missing one: the provider's configuration, else 2.
    std::optional<int> max_retries;
    Replay replay = Replay::other_deployment;

    /// A stream that is cut goes on with the answer of another deployment, where there is a router; see
    /// router/router.hpp. A missing one: the router's configuration.
    std::optional<bool> resume;

    /// Where the request asks for JSON: the reply is held against its schema, what can be repaired without guessing is,
    /// and else the model is told what is wrong and asked again, at most so often; 0 to 10. A missing one: the reply is
    /// handed over as it came. Done by policy::make_structured, which a Kit has before each of its providers.
    std::optional<int> repairs;

    /// The same over all attempts of one operation, where the provider knows such keys. Empty: made when needed.
    std::string idempotency_key;

    /// The caller's id of this operation. Empty: made.
    std::string request_id;

    /// Where the work should be done, in the provider's words ("eu", "us-east-1"). Empty: anywhere.
    std::string region;

    /// The piece of work that this call is part of, as a W3C traceparent, where there is an Observer: the trace goes
    /// on. Empty, or no traceparent: a new trace.
    std::string trace;

    /// Where there is a cache of replies: whether it may answer.
    CacheUse cache = CacheUse::use;

    // Set by decorators for those further in.

    /// Adapters send `trace` as the header traceparent; see MeterConfig::propagate_trace.
    bool send_trace = false;

    /// Which try of this operation it is, from 1.
    int attempt = 1;

    /// Where each attempt is noted as it ends, oldest first; null: nowhere. One operation's own, used on its executor.
    std::shared_ptr<std::vector<Attempt>> attempts;

    /// What must stay until the operation has ended; taken by the outermost decorator.
    std::shared_ptr<void const> keep;
};

/// How a reply came about. Filled on every reply, and on a stream however it ended.
struct CallInfo {
    CallInfo() = default;

    std::string request_id;
    std::string provider;
    std::string model;  ///< As the provider named it in its answer.
    std::vector<Attempt> attempts;

    Usage usage;  ///< Of the attempt that gave the reply; with repairs, of all replies that were read.

    /// How often the model was asked again because its reply did not fit the schema; see CallOptions::repairs.
    int repairs = 0;

    /// Of all attempts. Missing when one could not be priced.
    std::optional<Money> cost;

    /// True when cost rests on what the provider counted, false when some of it is estimated.
    bool cost_exact = false;
    std::string price_id;

    /// What was asked for and could not be done as asked, a sentence each.
    std::vector<std::string> warnings;

    std::string route;  ///< Why this deployment, as a JSON object; empty without a router.
    std::string cache;  ///< "", "hit", "miss", "bypass".
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_CALL_HPP
