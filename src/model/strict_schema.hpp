// SPDX-License-Identifier: MIT
// model/strict_schema.hpp - a JSON Schema as a provider's strict mode takes it, and the way back.
#ifndef AIKIT_SRC_MODEL_STRICT_SCHEMA_HPP
#define AIKIT_SRC_MODEL_STRICT_SCHEMA_HPP

#include "core/json.hpp"

#include <aikit/model/schema_rules.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0 {

/// What a schema becomes under the rules of a provider. Pure; a shared schema may be used by many replies.
class StrictSchema {
public:
    StrictSchema() = default;

    /// Errors: invalid_argument (no JSON object).
    static Result<StrictSchema> make(std::string_view schema, SchemaRules rules);

    /// What to send. When `possible` is false the rules cannot express what the schema asks for, and it is unchanged.
    std::string text;
    bool possible = true;

    /// Keywords that were left out or widened, each once, sorted: what they ask for is checked here alone.
    std::vector<std::string> relaxed;

    /// Some member that may be missing had to be asked for, and may come as null.
    bool nulls = false;

    /// Takes nulls out again that stand where the schema knows a member that may be missing and may not be null.
    std::string without_nulls(std::string_view document) const;

private:
    std::string given_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_STRICT_SCHEMA_HPP
