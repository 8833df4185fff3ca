// SPDX-License-Identifier: MIT
// model/json_schema.cpp - reads a schema once, then holds documents against it.
#include "core/json.hpp"
#include "model/json_schema_check.hpp"

#include <aikit/model/json_schema.hpp>

#include <set>

namespace aikit::inline v0 {

using namespace schema;

struct JsonSchema::Parsed {
    explicit Parsed(json::value root_) : root(std::move(root_)) {}

    json::value root;
    schema::Patterns patterns;
};

namespace {

enum class Shape { schema, schemas, schema_map, text, count, number, names, values, name_map, flag };

struct Keyword {
    char const* name;
    Shape shape;
};

// https://json-schema.org/draft/2020-12/json-schema-core and -validation; definitions is what $defs was called before.
constexpr Keyword keywords[] = {
    {"$ref", Shape::text},
    {"$defs", Shape::schema_map},
    {"definitions", Shape::schema_map},
    {"allOf", Shape::schemas},
    {"anyOf", Shape::schemas},
    {"oneOf", Shape::schemas},
    {"not", Shape::schema},
    {"if", Shape::schema},
    {"then", Shape::schema},
    {"else", Shape::schema},
    {"properties", Shape::schema_map},
    {"additionalProperties", Shape::schema},
    {"propertyNames", Shape::schema},
    {"dependentSchemas", Shape::schema_map},
    {"dependentRequired", Shape::name_map},
    {"required", Shape::names},
    {"minProperties", Shape::count},
    {"maxProperties", Shape::count},
    {"prefixItems", Shape::schemas},
    {"items", Shape::schema},
    {"contains", Shape::schema},
    {"minContains", Shape::count},
    {"maxContains", Shape::count},
    {"minItems", Shape::count},
    {"maxItems", Shape::count},
    {"uniqueItems", Shape::flag},
    {"minLength", Shape::count},
    {"maxLength", Shape::count},
    {"minimum", Shape::number},
    {"maximum", Shape::number},
    {"exclusiveMinimum", Shape::number},
    {"exclusiveMaximum", Shape::number},
    {"multipleOf", Shape::number},
    {"enum", Shape::values},
    {"pattern", Shape::text},
    {"patternProperties", Shape::schema_map},
    {"format", Shape::text},
};
constexpr char const* refused[] = {"$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems",
                                   "dependencies"};

bool all_texts(json::value const& list) {
    if (!list.is_array()) return false;
    for (json::value const& each : list.get_array()) {
        if (!each.is_string()) return false;
    }
    return true;
}

bool is_schema(json::value const& value) {
    return value.is_object() || value.is_bool();
}

/// Looks at each schema inside a schema once.
class Reader {
public:
    Reader(json::value const& root, Patterns& patterns) : root_(root), patterns_(patterns) {}

    Result<void> read() {
        read(root_);
        if (error_) return *error_;
        return ok();
    }

private:
    void refuse(Errc code, std::string why) {
        if (!error_) error_ = fail(code, "The JSON Schema cannot be used: " + why + ".");
    }

    void read(json::value const& schema) {
        if (error_ || !seen_.insert(&schema).second) return;
        if (!is_schema(schema)) return refuse(Errc::invalid_argument, "a schema must be an object, true or false");
        if (!schema.is_object()) return;
        for (char const* name : refused) {
            if (json::find(schema, name)) refuse(Errc::unsupported, std::string(name) + " is not supported");
        }
        if (&schema != &root_ && json::find(schema, "$id")) {
            refuse(Errc::unsupported, "$id below the root is not supported");
        }
        for (Keyword const& keyword : keywords) {
            json::value const* const value = json::find(schema, keyword.name);
            if (value && !fits(keyword.shape, *value)) {
                refuse(Errc::invalid_argument, std::string(keyword.name) + " is of the wrong kind");
            }
        }
        if (json::value const* const type = json::find(schema, "type")) read_type(*type);
        read_patterns(schema);
        if (std::optional<std::string_view> const ref = json::text(schema, "$ref")) {
            json::value const* const target = resolve(root_, *ref);
            if (!target) return refuse(Errc::unsupported, "a $ref leads out of the schema or nowhere");
            read(*target);
        }
    }

    void read_type(json::value const& type) {
        json::array const one = {type};
        for (json::value const& each : type.is_array() ? type.get_array() : one) {
            if (!each.is_string() || !known_type(each.get_string())) {
                refuse(Errc::invalid_argument, "type names none of the seven types");
            }
        }
    }

    void read_pattern(json::value const& key, std::string_view pattern) {
        Result<text::Pattern> read = text::Pattern::parse(pattern);
        if (!read) return refuse(read.error().code, read.error().message);
        patterns_.emplace(&key, std::move(*read));
    }

    void read_patterns(json::value const& schema) {
        if (json::value const* const own = json::find(schema, "pattern"); own && own->is_string()) {
            read_pattern(*own, own->get_string());
        }
        if (json::object const* const named = json::member_object(schema, "patternProperties")) {
            for (auto const& member : *named) read_pattern(member.value(), member.key());
        }
    }

    bool fits(Shape shape, json::value const& value) {
        switch (shape) {
            case Shape::schema: read(value); return true;
            case Shape::schemas:
                if (!value.is_array()) return false;
                for (json::value const& each : value.get_array()) read(each);
                return true;
            case Shape::schema_map:
                if (!value.is_object()) return false;
                for (auto const& member : value.get_object()) read(member.value());
                return true;
            case Shape::text: return value.is_string();
            case Shape::count: return json::as_integer(value).value_or(-1) >= 0;
            case Shape::number: return value.is_number();
            case Shape::names: return all_texts(value);
            case Shape::values: return value.is_array();
            case Shape::flag: return value.is_bool();
            case Shape::name_map:
                if (!value.is_object()) return false;
                for (auto const& member : value.get_object()) {
                    if (!all_texts(member.value())) return false;
                }
                return true;
        }
        return false;
    }

    json::value const& root_;
    Patterns& patterns_;
    std::set<json::value const*> seen_;
    std::optional<Error> error_;
};

}  // namespace

Result<JsonSchema> JsonSchema::parse(std::string_view text) {
    Result<json::value> root = json::parse(text, "JSON Schema", Errc::invalid_argument);
    if (!root) return root.error();
    auto parsed = std::make_shared<Parsed>(std::move(*root));
    if (Result<void> read = Reader(parsed->root, parsed->patterns).read(); !read) return read.error();
    JsonSchema schema;
    schema.parsed_ = std::move(parsed);
    return schema;
}

Result<void> JsonSchema::check(std::string_view document) const {
    Result<json::value> value = json::parse(document, "document", Errc::invalid_argument);
    if (!value) return value.error();
    if (!parsed_) return ok();
    return Check(parsed_->root, parsed_->patterns).run(*value);
}

}  // namespace aikit::inline v0
