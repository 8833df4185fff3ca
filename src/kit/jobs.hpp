// SPDX-License-Identifier: MIT
// kit/jobs.hpp - batches, files and trainings asked for in JSON; the command and the C ABI do it the same way.
#ifndef AIKIT_SRC_KIT_JOBS_HPP
#define AIKIT_SRC_KIT_JOBS_HPP

#include "core/json.hpp"

#include <aikit/kit.hpp>
#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/model/fine_tune.hpp>

#include <functional>
#include <string>

namespace aikit::inline v0::jobs {

/// Takes one result of a batch, as JSON, and waits until there is room for the next.
using TakeResult = std::function<Task<void>(std::string result)>;

/// Carries out one action: "batch.create", "batch.poll", "batch.results", "batch.cancel", "batch.list",
/// "files.upload", "files.find", "files.list", "files.content", "files.remove", "fine_tune.create", "fine_tune.poll",
/// "fine_tune.events", "fine_tune.cancel", "fine_tune.list". The request is an object whose members each action knows;
/// the reply is one. With `take` the results of a batch go there one by one, else they are in the reply.
/// Errors: invalid_argument (naming the member), unsupported (the provider has no such service), and the service's own.
Task<std::string> run(Kit kit, std::string action, std::string request, TakeResult take);

// ---- as JSON ----

std::string write(BatchJob const& job);
std::string write(BatchList const& list);
std::string write(BatchResult const& result);
std::string write(FileInfo const& file);
std::string write(FileList const& list);
std::string write(FileContent const& content, std::string const& id);
std::string write(FineTuneJob const& job);
std::string write(FineTuneList const& list);
std::string write(FineTuneEvents const& events);

}  // namespace aikit::inline v0::jobs

#endif  // AIKIT_SRC_KIT_JOBS_HPP
