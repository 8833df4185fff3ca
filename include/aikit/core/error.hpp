// SPDX-License-Identifier: MIT
// aikit/core/error.hpp - what can go wrong, as data.
//
// Error is a plain value. Copying it throws nothing but std::bad_alloc.
// Thread-safety: distinct objects: safe. Shared objects: unsafe (const access: safe).
#ifndef AIKIT_CORE_ERROR_HPP
#define AIKIT_CORE_ERROR_HPP

#include <aikit/core/config.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

struct RateLimits;  // core/rate_limits.hpp

/// Kinds of failure. The values are part of the ABI: never renumbered, never reused.
enum class Errc : int {
    invalid_argument = 1,  ///< The call is malformed; the sentence names the field.
    authentication = 2,    ///< The provider refused the credentials.
    permission = 3,        ///< The credentials are good, but not for this.
    not_found = 4,         ///< No such model, file, collection or document.
    invalid_request = 5,   ///< The provider refused the request as it stands.
    context_length = 6,    ///< The request does not fit the model's context window.
    content_filtered = 7,  ///< The provider's safety system refused the request or withheld the answer.
    rate_limited = 8,      ///< Too many requests or tokens; see Error::retry_after.
    quota_exceeded = 9,    ///< The account's credit or plan is used up; waiting does not help.
    overloaded = 10,       ///< The provider asks to come back later.
    server_error = 11,     ///< The provider failed.
    timeout = 12,          ///< A limit of CallOptions ran out.
    connection = 13,       ///< Lost or refused before an answer.
    incomplete = 14,       ///< A stream ended before its terminal marker.
    protocol = 15,         ///< The other side answered, but not in its own format.
    budget_exceeded = 16,  ///< A budget of the caller's does not allow it.
    unknown_price = 17,    ///< The call cannot be priced, and the policy says not to guess.
    unsupported = 18,      ///< This provider or model cannot do that; nothing was sent.
    cancelled = 19,        ///< The caller asked to stop.
    storage = 20,          ///< The store is damaged, full, read-only, or newer than this library.
    busy = 21,             ///< Another process or connection holds it.
    invalid_state = 22,    ///< Not now: the object is closed, or already doing this.
    out_of_memory = 23,    ///< An allocation failed.
    internal = 24,         ///< A bug in aikit; please report it.
};

/// The name used in JSON and messages, e.g. "rate_limited". Static storage; "unknown" for a value outside the set.
AIKIT_EXPORT char const* name(Errc code) noexcept;

/// The code of a name as name() gives it; nothing for any other text.
AIKIT_EXPORT std::optional<Errc> errc_from_name(std::string_view text) noexcept;

struct Error {
    Error() = default;

    Errc code = Errc::internal;

    /// One English sentence of ours that says what happened and what to do next. Never holds keys, prompts or
    /// a provider's words: safe to log.
    std::string message;

    /// What the remote side said, verbatim, at most 4 KiB. May hold user data: do not log blindly.
    std::string remote_detail;

    /// Which configured provider it came from; empty when none was involved.
    std::string provider;

    /// The provider's own code, e.g. "insufficient_quota". Empty when it gave none.
    std::string provider_code;

    /// 0 when no HTTP answer was received.
    int http_status = 0;

    /// The provider's id of the request, for its support. Empty when it gave none.
    std::string request_id;

    /// How long the provider asked to wait.
    std::optional<std::chrono::milliseconds> retry_after;

    /// The provider said that it is, or is not, worth trying again; it overrides the kind's own rule.
    std::optional<bool> provider_retry;

    /// True when the request may have been carried out although no answer arrived: trying the same deployment
    /// again may run, and bill, it twice.
    bool maybe_executed = false;

    /// What the answer's headers said of the account's limits; null: nothing.
    std::shared_ptr<RateLimits const> rate_limits;
};

/// How much of a remote side's words an Error keeps, in bytes.
inline constexpr std::size_t max_remote_detail = 4096;

/// The usual way to make one. `remote_detail` is cut to max_remote_detail at a UTF-8 boundary.
AIKIT_EXPORT Error fail(Errc code, std::string message, std::string_view remote_detail = {});

/// True when the same request may succeed later without being changed. The one place that decides.
AIKIT_EXPORT bool retryable(Error const& error) noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_ERROR_HPP
