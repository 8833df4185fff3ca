// SPDX-License-Identifier: MIT
// aikit/model/fine_tune.hpp - training of one's own models at a provider.
#ifndef AIKIT_MODEL_FINE_TUNE_HPP
#define AIKIT_MODEL_FINE_TUNE_HPP

#include <aikit/model/job.hpp>

#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0 {

struct FineTuneRequest {
    FineTuneRequest() = default;

    std::string model;            ///< What the training begins with.
    std::string training_file;    ///< The id of a file at the provider.
    std::string validation_file;  ///< The same. Empty: none.
    std::string suffix;           ///< A part of the new model's name. Empty: none.
    std::optional<std::int64_t> seed;

    /// "supervised", "dpo", "reinforcement". Empty: the provider's own.
    std::string method;

    /// Of the method, as a JSON object: {"n_epochs": 3}. Empty: the provider's own.
    std::string hyperparameters;

    /// Further members of the provider's own request (integrations, metadata, a grader), as a JSON object. Empty: none.
    std::string extra;
};

/// A training as it stands. Times are seconds since 1970; 0: not told.
struct FineTuneJob {
    FineTuneJob() = default;

    JobHandle handle;
    JobStatus status = JobStatus::unknown;
    std::string status_text;       ///< The provider's own word.
    std::string model;             ///< What it began with.
    std::string fine_tuned_model;  ///< What came of it. Empty: nothing yet.
    std::string training_file;
    std::string validation_file;
    std::vector<std::string> result_files;
    std::int64_t trained_tokens = 0;  ///< What is billed, by the provider; there is no row of it in the ledger.
    std::int64_t created = 0;
    std::int64_t ended = 0;
    std::int64_t estimated_end = 0;
    std::optional<Error> error;  ///< Why it failed.
    std::string raw;             ///< The provider's own words: its object, as JSON.
    CallInfo info;
};

struct FineTuneList {
    FineTuneList() = default;

    std::vector<FineTuneJob> jobs;
    std::string next;  ///< What PageQuery::after asks for the next page with. Empty: this was the last.
    CallInfo info;
};

/// Something that happened in a training.
struct FineTuneEvent {
    FineTuneEvent() = default;

    std::string id;
    std::int64_t created = 0;
    std::string level;  ///< "info", "warn", "error".
    std::string message;
    std::string data;  ///< Numbers of a step, as a JSON object. Empty: none.
    std::string raw;   ///< The provider's own words, as JSON.
};

struct FineTuneEvents {
    FineTuneEvents() = default;

    std::vector<FineTuneEvent> events;  ///< The latest first.
    std::string next;                   ///< What PageQuery::after asks for older ones with. Empty: these were all.
    CallInfo info;
};

/// Trainings of a provider, from AIProvider::fine_tune().
///
/// Ownership: lives as long as its provider; Tasks keep alive what they need.
/// Thread-safety: shared objects: safe. Errors of every operation: as AIProvider's.
class AIKIT_EXPORT FineTuneApi {
public:
    virtual ~FineTuneApi();

    /// Begins one, which will be billed by the provider.
    virtual Task<FineTuneJob> create(FineTuneRequest request, CallOptions options) = 0;
    virtual Task<FineTuneJob> poll(JobHandle handle, CallOptions options) = 0;
    virtual Task<FineTuneEvents> events(JobHandle handle, PageQuery page, CallOptions options) = 0;
    virtual Task<FineTuneJob> cancel(JobHandle handle, CallOptions options) = 0;

    /// The latest first.
    virtual Task<FineTuneList> list(PageQuery page, CallOptions options) = 0;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_FINE_TUNE_HPP
