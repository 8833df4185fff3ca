// SPDX-License-Identifier: MIT
// aikit/model/json_schema.hpp - does a JSON document have the shape that a JSON Schema asks for?
#ifndef AIKIT_MODEL_JSON_SCHEMA_HPP
#define AIKIT_MODEL_JSON_SCHEMA_HPP

#include <aikit/core/result.hpp>

#include <memory>
#include <string_view>

namespace aikit::inline v0 {

/// A JSON Schema (draft 2020-12) as far as providers take it: types, enum and const, objects, arrays, numbers, lengths,
/// allOf, anyOf, oneOf, not, if, and references inside the document ("#/$defs/..."). `format` and `pattern` are taken
/// as notes and not checked; what else would change the verdict and is not known here is refused when it is read.
///
/// Ownership: a shared handle. Thread-safety: shared objects: safe. Nothing is ever fetched, and a check takes at most
/// a million steps whatever the schema and the document are.
class AIKIT_EXPORT JsonSchema {
public:
    /// Takes everything.
    JsonSchema() = default;

    /// Errors: invalid_argument (no JSON, a keyword of the wrong kind), unsupported (a reference to elsewhere,
    /// `pattern` beside `not`, `oneOf` or `if`, patternProperties, dynamic references, unevaluated*).
    static Result<JsonSchema> parse(std::string_view text);

    /// ok, or invalid_argument with the path of the first place that is wrong ("$.items[2].price must be a number").
    /// The sentence names members of the schema and the document, never values of the document.
    Result<void> check(std::string_view document) const;

private:
    struct Parsed;

    std::shared_ptr<Parsed const> parsed_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_JSON_SCHEMA_HPP
