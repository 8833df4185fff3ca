// SPDX-License-Identifier: MIT
// policy/retry_jobs.hpp - jobs and files, asked again when that can help.
#ifndef AIKIT_SRC_POLICY_RETRY_JOBS_HPP
#define AIKIT_SRC_POLICY_RETRY_JOBS_HPP

#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/model/fine_tune.hpp>
#include <aikit/model/provider.hpp>

#include <functional>
#include <memory>

namespace aikit::inline v0::policy {

/// Tries something until it works, as a retry's options and schedule say. Shared with the Tasks it makes.
class Repeater {
public:
    virtual ~Repeater() = default;

    /// `once` is called for each try, with the options of that one. `limited`: within the usual time of a call.
    virtual Task<void> repeat(std::function<Task<void>(CallOptions options)> once, CallOptions options,
                              bool limited) = 0;

    /// Another owner of this object, for a Task.
    virtual std::shared_ptr<Repeater> share() = 0;

    /// Who is asked.
    virtual AIProvider& inner() noexcept = 0;
};

/// Each is null where the provider behind has none. `owner` has to live as long as what is made here.
std::unique_ptr<BatchApi> make_retried_batch(Repeater& owner);
std::unique_ptr<FilesApi> make_retried_files(Repeater& owner);
std::unique_ptr<FineTuneApi> make_retried_fine_tune(Repeater& owner);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RETRY_JOBS_HPP
