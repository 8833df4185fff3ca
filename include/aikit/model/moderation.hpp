// SPDX-License-Identifier: MIT
// aikit/model/moderation.hpp - is this text or picture within the rules?
#ifndef AIKIT_MODEL_MODERATION_HPP
#define AIKIT_MODEL_MODERATION_HPP

#include <aikit/model/call.hpp>
#include <aikit/model/content.hpp>

namespace aikit::inline v0 {

struct ModerateRequest {
    ModerateRequest() = default;

    std::string model;  ///< Empty: the provider's default.

    /// Texts and images. Must not be empty.
    std::vector<Part> inputs;

    /// true: all inputs are one message and give one result (how OpenAI takes images); false: one result each.
    bool together = false;
    std::string extra;  ///< Further members in OpenAI's form, as a JSON object. Empty: none.
};

struct ModerationCategory {
    ModerationCategory() = default;

    std::string name;  ///< The provider's own, e.g. "self-harm/intent".
    bool flagged = false;
    double score = 0;                     ///< 0 to 1.
    std::vector<std::string> applied_to;  ///< "text", "image", where the provider says so.
};

struct ModerationResult {
    ModerationResult() = default;

    bool flagged = false;
    std::vector<ModerationCategory> categories;  ///< In the provider's order.
    std::string extra;                           ///< Further members, as a JSON object. Empty: none.
};

struct ModerateReply {
    ModerateReply() = default;

    std::string id;
    std::string model;
    std::vector<ModerationResult> results;
    std::string extra;
    CallInfo info;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_MODERATION_HPP
