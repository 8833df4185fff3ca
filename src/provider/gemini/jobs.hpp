// SPDX-License-Identifier: MIT
// provider/gemini/jobs.hpp - batches and files of Google's own API.
#ifndef AIKIT_SRC_PROVIDER_GEMINI_JOBS_HPP
#define AIKIT_SRC_PROVIDER_GEMINI_JOBS_HPP

#include "provider/carrier/jobs.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aikit::inline v0::provider::gemini {

/// Where a method of a model is found; invalid_argument when that is no name of one.
using ModelPath = std::function<Result<std::string>(std::string const& model, std::string_view method)>;

std::unique_ptr<BatchApi> make_batch(std::shared_ptr<carrier::Endpoint const> endpoint, ModelPath path);
std::unique_ptr<FilesApi> make_files(std::shared_ptr<carrier::Endpoint const> endpoint);

/// The same path under another root of the service: "https://host/v1beta" -> "https://host/upload/v1beta".
std::string under(std::string_view base_url, std::string_view root);

/// The path of "files/x" or "x" in a folder. Errors: invalid_argument.
Result<std::string> named_path(carrier::Endpoint const& endpoint, std::string_view folder, std::string_view id);

/// One result; `position` serves where it has no key. Errors: protocol.
Result<BatchResult> read_result(carrier::Head const& head, json::object const& given, std::size_t position);

}  // namespace aikit::inline v0::provider::gemini

#endif  // AIKIT_SRC_PROVIDER_GEMINI_JOBS_HPP
