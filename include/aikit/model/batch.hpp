// SPDX-License-Identifier: MIT
// aikit/model/batch.hpp - many chats at once, answered within a day, at a lower price.
#ifndef AIKIT_MODEL_BATCH_HPP
#define AIKIT_MODEL_BATCH_HPP

#include <aikit/model/chat.hpp>
#include <aikit/model/job.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0 {

/// One chat of a batch.
struct BatchItem {
    BatchItem() = default;
    BatchItem(std::string custom_id_, ChatRequest request_)
        : custom_id(std::move(custom_id_)), request(std::move(request_)) {}

    std::string custom_id;  ///< By which its result is found; unlike any other of the batch. Empty: its position.
    ChatRequest request;
};

struct BatchRequest {
    BatchRequest() = default;

    std::vector<BatchItem> items;

    /// In place of items: a file that is at the provider already, with requests in the provider's own form.
    std::string input_file;
    std::string endpoint;  ///< With input_file, at OpenAI and Azure. Empty: "/v1/chat/completions".
    std::string model;     ///< With input_file, at Gemini: whose batch it is.

    std::string name;      ///< Shown in lists, where the provider has names.
    std::string metadata;  ///< A JSON object of texts, where the provider keeps such. Empty: none.
    std::string extra;     ///< Further members of the provider's own request, as a JSON object. Empty: none.
};

struct BatchCounts {
    BatchCounts() = default;

    std::int64_t total = 0;
    std::int64_t waiting = 0;  ///< Not answered yet.
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;  ///< Never begun, because it was asked to stop.
    std::int64_t expired = 0;    ///< Never begun, because its time was over.
};

/// A batch as it stands. Times are seconds since 1970; 0: not told.
struct BatchJob {
    BatchJob() = default;

    JobHandle handle;
    JobStatus status = JobStatus::unknown;
    std::string status_text;  ///< The provider's own word.
    BatchCounts counts;
    std::int64_t created = 0;
    std::int64_t started = 0;
    std::int64_t ended = 0;
    std::int64_t expires = 0;
    bool has_results = false;    ///< results() has something.
    std::string input_file;      ///< Files at the provider, where it keeps batches in such.
    std::string output_file;     ///< Answers.
    std::string error_file;      ///< Requests that failed.
    std::optional<Error> error;  ///< Why all of it failed.
    std::string raw;             ///< The provider's own words: its object, as JSON.
    CallInfo info;
};

struct BatchList {
    BatchList() = default;

    std::vector<BatchJob> jobs;
    std::string next;  ///< What PageQuery::after asks for the next page with. Empty: this was the last.
    CallInfo info;
};

/// How one chat of a batch went. Its CallInfo has the price of the batch tier.
struct BatchResult {
    BatchResult() = default;

    std::string custom_id;
    Result<ChatReply> reply;
};

/// Results as they are read, in any order; only one is in memory at a time, unless the provider sends all in one piece.
///
/// Ownership: move-only; keeps what it needs alive. Dropping it closes the connection.
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class AIKIT_EXPORT BatchResults {
public:
    /// Implemented by providers and decorators.
    class Source {
    public:
        virtual ~Source() = default;

        /// The next result; nothing at the end. After an error it is not called again.
        virtual Task<std::optional<BatchResult>> next() = 0;
    };

    /// At its end.
    BatchResults() = default;
    BatchResults(JobHandle handle, std::unique_ptr<Source> source)
        : handle_(std::move(handle)), source_(std::move(source)) {}
    BatchResults(BatchResults&&) noexcept = default;
    BatchResults& operator=(BatchResults&&) noexcept = default;

    /// Waits for the next result. Nothing is the proper end: every result was there.
    ///
    /// Errors: incomplete (cut, or results are missing), protocol, connection, timeout, cancelled; invalid_state (a
    /// call after an error, or two at once).
    Task<std::optional<BatchResult>> next();

    /// The batch's handle, with what became known on the way.
    JobHandle const& handle() const noexcept { return handle_; }

    /// Hands the source on to a decorator; this is then at its end.
    std::unique_ptr<Source> release() { return std::move(source_); }

private:
    JobHandle handle_;
    std::unique_ptr<Source> source_;
    bool busy_ = false;
    bool failed_ = false;
};

/// Batches of a provider, from AIProvider::batch().
///
/// Ownership: lives as long as its provider; Tasks and results keep alive what they need.
/// Thread-safety: shared objects: safe. Errors of every operation: as AIProvider's.
class AIKIT_EXPORT BatchApi {
public:
    virtual ~BatchApi();

    /// Begins one. Nothing is billed here: results are, as they come about.
    /// Errors: invalid_argument (no items, an id twice, a request that makes no sense: named by its position),
    /// unsupported (a request that cannot be part of a batch here).
    virtual Task<BatchJob> create(BatchRequest request, CallOptions options) = 0;

    /// How it stands.
    virtual Task<BatchJob> poll(JobHandle handle, CallOptions options) = 0;

    /// Its results. Reading them again gives the same, and no second row in the ledger. Errors: invalid_state (there
    /// are none yet), not_found (they are kept for some weeks only).
    virtual Task<BatchResults> results(JobHandle handle, CallOptions options) = 0;

    /// Asks it to stop; poll() says when it has.
    virtual Task<BatchJob> cancel(JobHandle handle, CallOptions options) = 0;

    /// The latest first.
    virtual Task<BatchList> list(PageQuery page, CallOptions options) = 0;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_BATCH_HPP
