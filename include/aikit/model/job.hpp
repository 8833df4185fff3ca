// SPDX-License-Identifier: MIT
// aikit/model/job.hpp - work that goes on at a provider after the call that began it.
#ifndef AIKIT_MODEL_JOB_HPP
#define AIKIT_MODEL_JOB_HPP

#include <aikit/model/call.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

enum class JobKind { batch, fine_tune };

enum class JobStatus {
    unknown,     ///< A word aikit does not know; the job's status_text has it.
    waiting,     ///< Taken in, checked, or queued.
    running,     ///< Being worked through, or its results are being written.
    paused,      ///< Waits for somebody.
    cancelling,  ///< Asked to stop; what was begun may still be finished, and billed.
    succeeded,   ///< At its end. A batch: worked through; each result says for itself how it went.
    failed,      ///< At its end, without having done its work.
    cancelled,   ///< At its end, because it was asked to stop.
    expired,     ///< At its end, because its time was over.
};

/// "batch", "fine_tune"; "waiting", ... Static storage.
AIKIT_EXPORT char const* name(JobKind kind) noexcept;
AIKIT_EXPORT char const* name(JobStatus status) noexcept;

/// Will it change no more?
AIKIT_EXPORT bool ended(JobStatus status) noexcept;

/// What is needed to go on with a job: in another call, another process, after a restart. An id alone is enough for
/// all but the exact time and price of a batch's results.
struct AIKIT_EXPORT JobHandle {
    JobHandle() = default;
    JobHandle(std::string provider_, JobKind kind_, std::string id_)
        : provider(std::move(provider_)), kind(kind_), id(std::move(id_)) {}

    std::string provider;  ///< The configured name.
    JobKind kind = JobKind::batch;
    std::string id;            ///< The provider's.
    std::string model;         ///< Where all of it is about one model, and it is known.
    std::int64_t created = 0;  ///< Seconds since 1970; 0: not told.
    Caller caller;             ///< Who a batch's results are for, in the ledger.

    std::string to_json() const;

    /// Errors: invalid_argument, naming the member; unknown members are errors.
    static Result<JobHandle> from_json(std::string_view text);
};

/// A part of a list.
struct PageQuery {
    PageQuery() = default;

    int limit = 0;      ///< How many at most; 0: the provider's own number.
    std::string after;  ///< The `next` of the page before. Empty: from the start.
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_JOB_HPP
