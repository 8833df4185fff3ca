// SPDX-License-Identifier: MIT
// aikit/model/json_schema.hpp - does a JSON document have the shape that a JSON Schema asks for?
#ifndef AIKIT_MODEL_JSON_SCHEMA_HPP
#define AIKIT_MODEL_JSON_SCHEMA_HPP

#include <aikit/core/result.hpp>

#include <memory>
#include <string_view>

namespace aikit::inline v0 {

/// A JSON Schema (draft 2020-12) as far as providers take it: types, enum and const, objects, arrays, numbers, lengths,
/// allOf, anyOf, oneOf, not, if, and references inside the document ("#/$defs/..."). `pattern` and `patternProperties`
/// are ECMA-262's, looked for in linear time; `format` is checked for date-time, date, time, duration, email, hostname,
/// ipv4, ipv6, uri, uri-reference and uuid, and other formats are notes. What else would change the verdict and is not
/// known here is refused when it is read.
///
/// Ownership: a shared handle. Thread-safety: shared objects: safe. Nothing is ever fetched, and a check takes at most
/// a million steps whatever the schema, its patterns and the document are.
class AIKIT_EXPORT JsonSchema {
public:
    /// Takes everything.
    JsonSchema() = default;

    /// Errors: invalid_argument (no JSON, a keyword of the wrong kind, no pattern), unsupported (a reference to
    /// elsewhere, patterns that look ahead, behind or back, dynamic references, unevaluated*).
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
