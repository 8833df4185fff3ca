// SPDX-License-Identifier: MIT
// aikit/model/schema_rules.hpp - in which way a model is made to write JSON, and whose rules its schema has to keep.
#ifndef AIKIT_MODEL_SCHEMA_RULES_HPP
#define AIKIT_MODEL_SCHEMA_RULES_HPP

#include <aikit/core/config.hpp>

namespace aikit::inline v0 {

/// What a provider demands of a schema.
enum class SchemaRules {
    none,       ///< It takes any.
    openai,     ///< Objects closed, every member required, some keywords unknown, the root an object: strict mode.
    anthropic,  ///< Objects closed, no bounds, no recursion.
    gemini,     ///< Some keywords unknown.
};

/// How a model is made to write JSON that fits a schema.
enum class StructuredWay {
    native,       ///< By the provider's own means, as ResponseFormat is sent by every adapter.
    tool,         ///< By the arguments of a tool that it has to call; they become the reply's text.
    json_object,  ///< By a mode for any JSON, with the schema in the prompt.
    prompt,       ///< By the prompt alone.
};

struct StructuredSupport {
    StructuredSupport() = default;
    StructuredSupport(StructuredWay way_, SchemaRules rules_) : way(way_), rules(rules_) {}

    StructuredWay way = StructuredWay::native;
    SchemaRules rules = SchemaRules::none;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_SCHEMA_RULES_HPP
