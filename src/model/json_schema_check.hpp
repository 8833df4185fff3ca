// SPDX-License-Identifier: MIT
// model/json_schema_check.hpp - one document held against a schema that was read before.
#ifndef AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP
#define AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP

#include "core/json.hpp"
#include "text/pattern.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace aikit::inline v0::schema {

bool known_type(std::string_view name) noexcept;

/// What "#" or "#/..." means inside `root`; null when it leads elsewhere or nowhere.
json::value const* resolve(json::value const& root, std::string_view reference);

/// The patterns of a schema, by where they stand: the value of `pattern`, or the schema that patternProperties gives
/// one.
using Patterns = std::map<json::value const*, text::Pattern>;

/// Whether a text is of a format (RFC 3339, 5321, 1123, 2673, 4291, 3986, 9562); true for formats not known here.
bool is_of_format(std::string_view format, std::string_view text);

class Check {
public:
    Check(json::value const& root, Patterns const& patterns) : root_(root), patterns_(patterns) {}

    Result<void> run(json::value const& document);

    /// Whether a part of the schema is met by a part of a document. A pattern that was not read is met.
    bool holds(json::value const& schema, json::value const& value) { return fits(schema, value) && !exhausted_; }

private:
    bool fits(json::value const& schema, json::value const& value);
    bool kind(json::object const& schema, json::value const& value);
    bool logic(json::object const& schema, json::value const& value);
    bool number(json::object const& schema, json::value const& value);
    bool text(json::object const& schema, json::string const& value);
    bool array(json::object const& schema, json::array const& value);
    bool contained(json::object const& schema, json::array const& value);
    bool object(json::object const& schema, json::object const& value);
    bool member(json::object const& schema, std::string_view name, json::value const& value);
    bool members(json::object const& schema, json::object const& value);
    bool depends(json::object const& schema, json::object const& value);

    /// As fits, without a trace of why not.
    bool would_fit(json::value const& schema, json::value const& value);
    bool same(json::value const& a, json::value const& b);
    bool step();
    bool found(text::Pattern const& pattern, std::string_view text);
    bool below(std::string const& segment, json::value const& schema, json::value const& value);
    bool wrong(std::string why, std::string detail = {});

    json::value const& root_;
    Patterns const& patterns_;
    std::string path_ = "$";
    std::string why_;
    std::string detail_;
    std::int64_t steps_left_ = 1'000'000;
    int depth_ = 0;
    bool exhausted_ = false;
};

}  // namespace aikit::inline v0::schema

#endif  // AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP
