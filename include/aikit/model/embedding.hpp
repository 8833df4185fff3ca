// SPDX-License-Identifier: MIT
// aikit/model/embedding.hpp - texts to vectors.
#ifndef AIKIT_MODEL_EMBEDDING_HPP
#define AIKIT_MODEL_EMBEDDING_HPP

#include <aikit/model/call.hpp>
#include <aikit/model/content.hpp>

namespace aikit::inline v0 {

struct EmbedRequest {
    EmbedRequest() = default;

    std::string model;

    /// One vector comes back for each, in this order. Must not be empty; no text may be empty.
    std::vector<Part> inputs;

    /// Numbers per vector, where the model lets one choose. Missing: the model's own.
    std::optional<int> dimensions;

    /// What it is for, where the model cares: "document", "query". Empty: not said.
    std::string purpose;

    /// Further members in OpenAI's form, as a JSON object. Empty: none.
    std::string extra;
};

struct EmbedReply {
    EmbedReply() = default;

    std::string model;
    std::vector<std::vector<float>> vectors;  ///< As many as inputs, all of one length.
    Usage usage;
    std::string extra;
    CallInfo info;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_EMBEDDING_HPP
