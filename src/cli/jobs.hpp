// SPDX-License-Identifier: MIT
// cli/jobs.hpp - the options of aikit batch, files and tune.
#ifndef AIKIT_SRC_CLI_JOBS_HPP
#define AIKIT_SRC_CLI_JOBS_HPP

#include "cli/commands.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace aikit::cli {

struct JobSettings {
    CallSettings call;
    std::string action;   ///< "batch.create"
    std::string subject;  ///< A file of requests, a file, an id or a handle.
    std::string input_file;
    std::string endpoint;
    std::string name;
    std::string metadata;
    std::string extra;
    std::string media_type;
    std::string purpose;
    std::optional<std::int64_t> expires_after;
    std::string output;
    std::string training_file;
    std::string validation_file;
    std::string suffix;
    std::optional<std::int64_t> seed;
    std::string method;
    std::string hyperparameters;
    std::optional<int> limit;
    std::string after;
};

int run_job(CommonOptions const& common, JobSettings const& settings);

/// Adds the commands; what was chosen goes to `chosen`. `flags` adds what every call takes.
void add_job_commands(CLI::App& app, CommonOptions const& common, JobSettings& settings, std::function<int()>& chosen,
                      std::function<void(CLI::App& command, CallSettings& call, bool model)> flags);

}  // namespace aikit::cli

#endif  // AIKIT_SRC_CLI_JOBS_HPP
