// SPDX-License-Identifier: MIT
// model/strict_schema.cpp - the rules as data, the change that keeps them, and its reversal.
#include "model/strict_schema.hpp"

#include "model/json_exact.hpp"
#include "model/json_schema_check.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace aikit::inline v0 {
namespace {

/// Keywords that each of the rules knows.
constexpr std::array<std::string_view, 11> common{
    "type", "enum", "anyOf", "$ref", "$defs", "definitions", "properties", "required", "items", "title", "description"};
// https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
constexpr std::array<std::string_view, 11> openai{"additionalProperties",
                                                  "const",
                                                  "pattern",
                                                  "format",
                                                  "multipleOf",
                                                  "maximum",
                                                  "minimum",
                                                  "minItems",
                                                  "maxItems",
                                                  "exclusiveMaximum",
                                                  "exclusiveMinimum"};
// https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
constexpr std::array<std::string_view, 5> anthropic{"additionalProperties", "const", "format", "allOf", "default"};
// https://ai.google.dev/gemini-api/docs/structured-output#json-schema-support
constexpr std::array<std::string_view, 9> gemini{
    "additionalProperties", "format", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "oneOf",
    "propertyOrdering"};
/// Leaving these out changes nothing.
constexpr std::array<std::string_view, 9> notes{"$schema",    "$id",      "$comment",  "default", "examples",
                                                "deprecated", "readOnly", "writeOnly", "title"};
/// Formats that Anthropic and OpenAI know.
constexpr std::array<std::string_view, 11> formats{"date-time", "time", "date", "duration", "email",        "hostname",
                                                   "uri",       "ipv4", "ipv6", "uuid",     "uri-reference"};

bool listed(std::span<std::string_view const> list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

std::span<std::string_view const> own_keywords(SchemaRules rules) {
    switch (rules) {
        case SchemaRules::openai: return openai;
        case SchemaRules::anthropic: return anthropic;
        case SchemaRules::gemini: return gemini;
        case SchemaRules::none: break;
    }
    return {};
}

bool has_type(json::object const& schema, std::string_view name) {
    json::value const* const type = json::find(schema, "type");
    if (type == nullptr) return false;
    if (type->is_string()) return type->get_string() == name;
    if (!type->is_array()) return false;
    return std::any_of(type->get_array().begin(), type->get_array().end(),
                       [&](json::value const& one) { return one.is_string() && one.get_string() == name; });
}

bool is_object_schema(json::object const& schema) {
    return has_type(schema, "object") || (!schema.contains("type") && schema.contains("properties"));
}

/// Changes a schema in place.
class Change {
public:
    Change(json::value const& root, SchemaRules rules) : root_(root), rules_(rules), own_(own_keywords(rules)) {}

    void apply(json::value& root) {
        if (rules_ == SchemaRules::openai) {
            bool const object = root.is_object() && has_type(root.get_object(), "object");
            possible = object && !root.get_object().contains("anyOf") && !root.get_object().contains("$ref");
        }
        if (rules_ == SchemaRules::anthropic && recursive(root, 0)) possible = false;
        if (possible) change(root);
    }

    bool possible = true;
    bool nulls = false;
    std::set<std::string> relaxed;

private:
    bool closing() const noexcept { return rules_ == SchemaRules::openai || rules_ == SchemaRules::anthropic; }

    /// Does a reference lead to a schema around it?
    bool recursive(json::value const& schema, int depth) {
        if (depth > 64) return true;
        if (schema.is_array()) {
            return std::any_of(schema.get_array().begin(), schema.get_array().end(),
                               [&](json::value const& one) { return recursive(one, depth + 1); });
        }
        if (!schema.is_object()) return false;
        for (auto const& member : schema.get_object()) {
            if (member.key() == "$defs" || member.key() == "definitions" || member.key() == "enum") continue;
            if (member.key() == "$ref" && member.value().is_string()) {
                std::string const name(std::string_view(member.value().get_string()));
                json::value const* const target = schema::resolve(root_, name);
                if (std::find(around_.begin(), around_.end(), name) != around_.end()) return true;
                around_.push_back(name);
                bool const round = target != nullptr && recursive(*target, depth + 1);
                around_.pop_back();
                if (round) return true;
            } else if (recursive(member.value(), depth + 1)) {
                return true;
            }
        }
        return false;
    }

    void change(json::value& schema) {
        if (schema.is_bool()) {
            possible = possible && schema.get_bool() && rules_ == SchemaRules::gemini;
            return;
        }
        if (!schema.is_object()) return;
        json::object& own = schema.get_object();
        rewrite(own);
        drop_unknown(own);
        if (closing() && is_object_schema(own)) close(own);
        for (char const* const name : {"items", "additionalProperties"}) {
            json::value* const below = own.if_contains(name);
            if (below != nullptr && below->is_object()) change(*below);
        }
        for (char const* const name : {"anyOf", "oneOf", "allOf", "prefixItems"}) {
            json::value* const list = own.if_contains(name);
            if (list == nullptr || !list->is_array()) continue;
            for (json::value& each : list->get_array()) change(each);
        }
        for (char const* const name : {"properties", "$defs", "definitions"}) {
            json::value* const map = own.if_contains(name);
            if (map == nullptr || !map->is_object()) continue;
            for (auto& member : map->get_object()) change(member.value());
        }
        if (rules_ == SchemaRules::openai && own.contains("properties")) require_all(own);
    }

    /// Says in words that are known what stands there in words that are not.
    void rewrite(json::object& own) {
        if (json::value* const all = own.if_contains("allOf");
            all != nullptr && all->is_array() && rules_ != SchemaRules::anthropic) {
            json::array const list = all->get_array();
            if (list.size() == 1 && list[0].is_object()) {
                own.erase("allOf");
                for (auto const& member : list[0].get_object()) {
                    if (!own.contains(member.key())) own[member.key()] = member.value();
                }
            } else if (rules_ == SchemaRules::openai) {
                possible = false;  // what its parts have in common would have to be found
            }
        }
        if (json::value* const one = own.if_contains("oneOf");
            one != nullptr && !listed(own_, "oneOf") && !own.contains("anyOf")) {
            json::value list = *one;
            own.erase("oneOf");
            own["anyOf"] = std::move(list);
            relaxed.insert("oneOf");
        }
        if (json::value* const only = own.if_contains("const"); only != nullptr && !listed(own_, "const")) {
            json::value value = *only;
            own.erase("const");
            own["enum"] = json::array{std::move(value)};
        }
        if (own.contains("$ref") && own.size() > 1 && rules_ != SchemaRules::anthropic) {  // it stands alone
            for (auto const& member : json::object(own)) {
                std::string_view const key = member.key();
                if (key == "$ref" || key == "$defs" || key == "definitions") continue;
                if (!listed(notes, key) && key != "description") relaxed.insert(std::string(key));
                own.stable_erase(key);
            }
        }
    }

    void drop_unknown(json::object& own) {
        for (auto const& member : json::object(own)) {
            std::string_view const key = member.key();
            bool known = listed(common, key) || listed(own_, key);
            if (key == "format" && rules_ != SchemaRules::gemini && member.value().is_string()) {
                known = listed(formats, member.value().get_string());
            }
            if (known) continue;
            if (closing() && (key == "patternProperties" || key == "prefixItems")) possible = false;
            if (!listed(notes, key)) relaxed.insert(std::string(key));
            own.stable_erase(key);
        }
    }

    void close(json::object& own) {
        json::value const* const others = own.if_contains("additionalProperties");
        bool const map = others != nullptr && (others->is_object() || (others->is_bool() && others->get_bool()));
        if (map || !own.contains("properties")) {  // members of any name are what it is for
            bool const empty = others != nullptr && others->is_bool() && !others->get_bool();
            possible = possible && empty;
        }
        own["additionalProperties"] = false;
    }

    void require_all(json::object& own) {
        if (!own["properties"].is_object()) return;
        json::array names;
        json::array required;
        if (json::value const* const given = own.if_contains("required"); given != nullptr && given->is_array()) {
            required = given->get_array();
        }
        for (auto& member : own["properties"].get_object()) {
            names.emplace_back(member.key());
            if (std::find(required.begin(), required.end(), json::value(member.key())) != required.end()) continue;
            nulls = or_null(member.value()) || nulls;
        }
        own["required"] = std::move(names);
    }

    /// Lets a schema take null as well; false when it does already.
    static bool or_null(json::value& schema) {
        if (!schema.is_object()) return false;
        json::object& own = schema.get_object();
        if (has_type(own, "null")) return false;
        json::value const* const type = own.if_contains("type");
        bool const plain = type != nullptr && !own.contains("enum") && !own.contains("const") && !own.contains("anyOf");
        if (plain) {
            json::array both;
            if (type->is_array()) both = type->get_array();
            if (type->is_string()) both.push_back(*type);
            both.emplace_back("null");
            own["type"] = std::move(both);
            return true;
        }
        json::object null;
        null["type"] = "null";
        json::array either;
        either.push_back(schema);
        either.emplace_back(std::move(null));
        json::object whole;
        whole["anyOf"] = std::move(either);
        schema = std::move(whole);
        return true;
    }

    json::value const& root_;
    SchemaRules rules_;
    std::span<std::string_view const> own_;
    std::vector<std::string> around_;
};

/// Takes the nulls out that a strict mode put in.
class Reversal {
public:
    explicit Reversal(json::value const& root) : root_(root) {}

    void apply(json::value const& schema, json::value& document, int depth = 0) {
        if (!schema.is_object() || depth > 200) return;
        json::object const& own = schema.get_object();
        if (json::value const* const reference = json::find(own, "$ref");
            reference != nullptr && reference->is_string()) {
            json::value const* const target = schema::resolve(root_, reference->get_string());
            if (target != nullptr) apply(*target, document, depth + 1);
        }
        for (char const* const name : {"allOf", "anyOf", "oneOf"}) {
            json::value const* const list = json::find(own, name);
            if (list != nullptr && list->is_array())
                branch(list->get_array(), std::string_view(name) == "allOf", document, depth);
        }
        if (document.is_array()) {
            json::value const* const items = json::find(own, "items");
            for (json::value& each : document.get_array()) {
                if (items != nullptr) apply(*items, each, depth + 1);
            }
        }
        if (document.is_object()) members(own, document.get_object(), depth);
    }

private:
    bool fits(json::value const& schema, json::value const& document) const {
        return schema::Check(root_, patterns_).holds(schema, document);
    }

    /// The first of the alternatives that fits once its nulls are out.
    void branch(json::array const& list, bool all, json::value& document, int depth) {
        for (json::value const& each : list) {
            json::value tried = document;
            apply(each, tried, depth + 1);
            if (!all && !fits(each, tried)) continue;
            document = std::move(tried);
            if (!all) return;
        }
    }

    void members(json::object const& own, json::object& document, int depth) {
        json::value const* const properties = json::find(own, "properties");
        if (properties == nullptr || !properties->is_object()) return;
        json::value const* const required = json::find(own, "required");
        for (auto const& property : properties->get_object()) {
            json::value* const member = document.if_contains(property.key());
            if (member == nullptr) continue;
            bool const needed = required != nullptr && required->is_array() &&
                                std::find(required->get_array().begin(), required->get_array().end(),
                                          json::value(property.key())) != required->get_array().end();
            if (member->is_null() && !needed && !fits(property.value(), *member)) {
                document.stable_erase(property.key());
            } else {
                apply(property.value(), *member, depth + 1);
            }
        }
    }

    json::value const& root_;
    schema::Patterns const patterns_;  // none: whether a pattern is met does not tell alternatives apart here
};

}  // namespace

Result<StrictSchema> StrictSchema::make(std::string_view schema, SchemaRules rules) {
    Result<json::value> given = json_exact::parse(schema, "JSON Schema", Errc::invalid_argument);
    if (!given) return given.error();
    if (!given->is_object())
        return fail(Errc::invalid_argument, "The JSON Schema cannot be used: it must be an object.");
    StrictSchema strict;
    strict.text = schema;
    strict.given_ = schema;
    if (rules == SchemaRules::none) return strict;
    json::value changed = *given;
    Change change(*given, rules);
    change.apply(changed);
    strict.possible = change.possible;
    if (!change.possible) return strict;
    strict.text = json_exact::write(changed);
    strict.nulls = change.nulls;
    strict.relaxed.assign(change.relaxed.begin(), change.relaxed.end());
    return strict;
}

std::string StrictSchema::without_nulls(std::string_view document) const {
    if (!nulls) return std::string(document);
    Result<json::value> const root = json_exact::parse(given_, "JSON Schema");
    Result<json::value> value = json_exact::parse(document, "reply");
    if (!root || !value) return std::string(document);
    json::value const before = *value;
    Reversal(*root).apply(*root, *value);
    return *value == before ? std::string(document) : json_exact::write(*value);
}

}  // namespace aikit::inline v0
