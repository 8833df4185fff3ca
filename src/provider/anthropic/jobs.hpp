// SPDX-License-Identifier: MIT
// provider/anthropic/jobs.hpp - batches and files, as Anthropic has them.
#ifndef AIKIT_SRC_PROVIDER_ANTHROPIC_JOBS_HPP
#define AIKIT_SRC_PROVIDER_ANTHROPIC_JOBS_HPP

#include "provider/carrier/jobs.hpp"

#include <functional>
#include <memory>

namespace aikit::inline v0::provider::anthropic {

/// `max_tokens` says how much a model may generate where a request names no limit.
std::unique_ptr<BatchApi> make_batch(std::shared_ptr<carrier::Endpoint const> endpoint,
                                     std::function<std::int64_t(std::string_view model)> max_tokens);
std::unique_ptr<FilesApi> make_files(std::shared_ptr<carrier::Endpoint const> endpoint);

/// One line of results. Errors: protocol.
Result<BatchResult> read_result(carrier::Head const& head, json::object line);

}  // namespace aikit::inline v0::provider::anthropic

#endif  // AIKIT_SRC_PROVIDER_ANTHROPIC_JOBS_HPP
