// SPDX-License-Identifier: MIT
// capi/requests.hpp - the requests that are not OpenAI's, from JSON to values. Pure.
//
// Errors of all: invalid_argument, naming the member that is wrong; unknown members are errors.
#ifndef AIKIT_CAPI_REQUESTS_HPP
#define AIKIT_CAPI_REQUESTS_HPP

#include "runtime.hpp"

#include <string_view>

namespace aikit::inline v0::capi {

struct RuntimeRequest {
    RuntimeRequest() = default;

    RuntimeConfig config;
    Callbacks callbacks = Callbacks::on_loop;
};

struct IngestRequest {
    IngestRequest() = default;

    std::vector<std::string> paths;
    std::vector<knowledge::DocumentInput> documents;
    CallOptions options;
    bool stream = false;
};

struct SearchCall {
    SearchCall() = default;

    knowledge::SearchRequest request;
    CallOptions options;
};

struct AskRequest {
    AskRequest() = default;

    rag::Question question;
    std::string model;
    CallOptions options;
    bool stream = false;
};

/// A search by vector, by words, or by both.
struct VectorQuery {
    VectorQuery() = default;

    std::string text;
    int effort = 0;
    vector::HybridQuery hybrid;  ///< What is said of fusing the two, and of how many.
};

Result<RuntimeRequest> read_runtime(std::string_view json);  ///< Empty: the defaults.
Result<IngestRequest> read_ingest(std::string_view json);
Result<SearchCall> read_search(std::string_view json, std::vector<float> vector);
Result<AskRequest> read_ask(std::string_view json);
Result<cost::UsageQuery> read_usage_query(std::string_view json);
Result<cost::ReportQuery> read_cost_query(std::string_view json);  ///< Empty: the defaults.
Result<vector::CollectionConfig> read_collection(std::string_view json);
Result<VectorQuery> read_vector_query(std::string_view json);  ///< Empty: the defaults.

/// As many items as there are vectors, or items without vectors when there is none.
Result<std::vector<vector::Item>> read_items(std::string_view json, std::vector<std::vector<float>> vectors);
Result<std::vector<std::string>> read_ids(std::string_view json);

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_REQUESTS_HPP
