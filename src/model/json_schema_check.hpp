// SPDX-License-Identifier: MIT
// model/json_schema_check.hpp - one document held against a schema that was read before.
#ifndef AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP
#define AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP

#include "core/json.hpp"

#include <string>
#include <string_view>

namespace aikit::inline v0::schema {

bool known_type(std::string_view name) noexcept;

/// What "#" or "#/..." means inside `root`; null when it leads elsewhere or nowhere.
json::value const* resolve(json::value const& root, std::string_view reference);

class Check {
public:
    explicit Check(json::value const& root) : root_(root) {}

    Result<void> run(json::value const& document);

private:
    bool fits(json::value const& schema, json::value const& value);
    bool kind(json::object const& schema, json::value const& value);
    bool logic(json::object const& schema, json::value const& value);
    bool number(json::object const& schema, json::value const& value);
    bool text(json::object const& schema, json::string const& value);
    bool array(json::object const& schema, json::array const& value);
    bool contained(json::object const& schema, json::array const& value);
    bool object(json::object const& schema, json::object const& value);
    bool members(json::object const& schema, json::object const& value);
    bool depends(json::object const& schema, json::object const& value);

    /// As fits, without a trace of why not.
    bool would_fit(json::value const& schema, json::value const& value);
    bool same(json::value const& a, json::value const& b);
    bool step();
    bool below(std::string const& segment, json::value const& schema, json::value const& value);
    bool wrong(std::string why, std::string detail = {});

    json::value const& root_;
    std::string path_ = "$";
    std::string why_;
    std::string detail_;
    int steps_ = 0;
    int depth_ = 0;
    bool exhausted_ = false;
};

}  // namespace aikit::inline v0::schema

#endif  // AIKIT_SRC_MODEL_JSON_SCHEMA_CHECK_HPP
