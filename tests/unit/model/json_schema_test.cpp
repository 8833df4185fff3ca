// SPDX-License-Identifier: MIT
// Covers include/aikit/model/json_schema.hpp. The verdicts are those of the specification (JSON Schema, draft 2020-12,
// validation vocabulary), written down by hand.
#include <aikit/model/json_schema.hpp>

#include <doctest/doctest.h>

#include <string>

namespace aikit {
namespace {

bool fits(std::string const& schema, std::string const& document) {
    Result<JsonSchema> const read = JsonSchema::parse(schema);
    REQUIRE_MESSAGE(read.has_value(), schema);
    return read->check(document).has_value();
}

char const* const order = R"({"type": "object", "required": ["items"], "additionalProperties": false, "properties": {
    "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}}, "note": {"type": ["string", "null"]}},
    "$defs": {"item": {"type": "object", "required": ["price"], "properties": {"price": {"type": "number", "minimum": 0}},
                       "additionalProperties": {"type": "string"}}}})";

}  // namespace

TEST_CASE("a document fits a schema exactly when the specification says so") {
    struct Row {
        char const* schema;
        char const* document;
        bool fits;
    };
    Row const rows[] = {
        {"true", "1", true},
        {"false", "1", false},
        {"{}", "null", true},
        {R"({"type": "integer"})", "1", true},
        {R"({"type": "integer"})", "1.0", true},
        {R"({"type": "integer"})", "1.5", false},
        {R"({"type": "integer"})", "\"1\"", false},
        {R"({"type": ["string", "null"]})", "null", true},
        {R"({"type": ["string", "null"]})", "true", false},
        {R"({"enum": [1, "a", [2], {"b": null}]})", "1.0", true},
        {R"({"enum": [1, "a", [2], {"b": null}]})", "{\"b\": null}", true},
        {R"({"enum": [1, "a", [2], {"b": null}]})", "{\"b\": 0}", false},
        {R"({"enum": [0]})", "false", false},
        {R"({"const": 18446744073709551615})", "18446744073709551615", true},
        {R"({"const": 18446744073709551615})", "18446744073709551614", false},
        {R"({"minimum": 3})", "3", true},
        {R"({"minimum": 3})", "2.9", false},
        {R"({"minimum": 3})", "\"no number\"", true},
        {R"({"maximum": 3})", "3.1", false},
        {R"({"exclusiveMinimum": 3})", "3", false},
        {R"({"exclusiveMaximum": 3})", "2", true},
        {R"({"exclusiveMaximum": 3})", "3", false},
        {R"({"multipleOf": 0.01})", "4.35", true},
        {R"({"multipleOf": 0.01})", "4.355", false},
        {R"({"multipleOf": 7})", "15", false},
        {R"({"maxLength": 2})", "\"\u00e4\u20ac\"", true},
        {R"({"maxLength": 1})", "\"\u00e4\u20ac\"", false},
        {R"({"minLength": 1})", "\"\"", false},
        {R"({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}})", "[\"a\", 1, 2]", true},
        {R"({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}})", "[\"a\", \"b\"]", false},
        {R"({"prefixItems": [{"type": "string"}], "items": false})", "[\"a\", 1]", false},
        {R"({"prefixItems": [{"type": "string"}]})", "[]", true},
        {R"({"uniqueItems": true})", "[1, 2, 1.0]", false},
        {R"({"uniqueItems": true})", "[1, true]", true},
        {R"({"contains": {"const": 1}})", "[]", false},
        {R"({"contains": {"const": 1}})", "[0, 1]", true},
        {R"({"contains": {"const": 1}, "minContains": 0})", "[]", true},
        {R"({"contains": {"const": 1}, "minContains": 2})", "[1]", false},
        {R"({"contains": {"const": 1}, "maxContains": 1})", "[1, 1]", false},
        {R"({"minItems": 1})", "[]", false},
        {R"({"maxItems": 1})", "[1, 2]", false},
        {R"({"required": ["a"]})", "{}", false},
        {R"({"required": ["a"]})", "{\"a\": null}", true},
        {R"({"required": ["a"]})", "[]", true},
        {R"({"minProperties": 1})", "{}", false},
        {R"({"maxProperties": 0})", "{\"a\": 1}", false},
        {R"({"properties": {"a": false}})", "{\"a\": 1}", false},
        {R"({"propertyNames": {"maxLength": 1}})", "{\"ab\": 1}", false},
        {R"({"dependentRequired": {"a": ["b"]}})", "{\"a\": 1}", false},
        {R"({"dependentRequired": {"a": ["b"]}})", "{\"b\": 1}", true},
        {R"({"dependentSchemas": {"a": {"required": ["b"]}}})", "{\"a\": 1}", false},
        {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "3", false},
        {R"({"anyOf": [{"minimum": 5}, {"maximum": 2}]})", "3", false},
        {R"({"anyOf": [{"minimum": 5}, {"maximum": 2}]})", "1", true},
        {R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "3", false},
        {R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "1", true},
        {R"({"not": {"type": "string"}})", "1", true},
        {R"({"not": {"type": "string"}})", "\"a\"", false},
        {R"({"if": {"minimum": 5}, "then": {"maximum": 7}, "else": {"minimum": 2}})", "8", false},
        {R"({"if": {"minimum": 5}, "then": {"maximum": 7}, "else": {"minimum": 2}})", "1", false},
        {R"({"if": {"minimum": 5}, "then": {"maximum": 7}, "else": {"minimum": 2}})", "3", true},
        {R"({"properties": {"next": {"$ref": "#"}}, "required": ["value"]})", R"({"value": 1, "next": {}})", false},
        {R"({"properties": {"next": {"$ref": "#"}}, "required": ["value"]})", R"({"value": 1, "next": {"value": 2}})",
         true},
        {R"({"$defs": {"a/b~c": {"type": "null"}}, "$ref": "#/$defs/a~1b~0c"})", "null", true},
        {R"({"$defs": {"a/b~c": {"type": "null"}}, "$ref": "#/$defs/a~1b~0c"})", "0", false},
        {order, R"({"items": [{"price": 0.5, "colour": "red"}], "note": null})", true},
        {order, R"({"items": [{"price": 0.5, "colour": 3}]})", false},
    };
    for (Row const& row : rows) {
        CAPTURE(std::string(row.schema));
        CAPTURE(std::string(row.document));
        CHECK(fits(row.schema, row.document) == row.fits);
    }
}

TEST_CASE("what is wrong is named by its path and without a word of the document") {
    JsonSchema const schema = JsonSchema::parse(order).value();

    CHECK(schema.check(R"({"items": [{"price": 1}, {"price": -1}]})").error().message ==
          "$.items[1].price is below its minimum.");
    CHECK(schema.check(R"({"items": [{"price": "1"}]})").error().message == "$.items[0].price must be of type number.");
    CHECK(schema.check(R"({"items": [{}]})").error().message == "$.items[0] must have the member price.");
    Error const unknown = schema.check(R"({"items": [{"price": 1}], "secret": 1})").error();
    CHECK(unknown.message == "$ has a member that the schema does not know.");
    CHECK(unknown.remote_detail == "secret");
    CHECK(schema.check(R"({"items": [{"price": 1, "secret": 2}]})").error().message ==
          "$.items[0].* must be of type string.");
    CHECK(schema.check("{").error().code == Errc::invalid_argument);
}

TEST_CASE("a schema that could not be checked as it is meant is refused when it is read") {
    for (char const* schema :
         {R"({"$ref": "https://example.org/a.json"})", R"({"$ref": "#/$defs/none"})", R"({"$ref": "#name"})",
          R"({"items": {"unevaluatedItems": false}})", R"-({"pattern": "a(?=b)"})-", R"-({"pattern": "(?<!a)b"})-",
          R"-({"pattern": "(a)\\1"})-", R"-({"pattern": "\\p{Script=Greek}"})-",
          R"-({"patternProperties": {"(?i:a)": true}})-", R"-({"pattern": "(a{1000}){1000}"})-",
          R"({"properties": {"a": {"$id": "b"}}})"}) {
        CAPTURE(std::string(schema));
        CHECK(JsonSchema::parse(schema).error().code == Errc::unsupported);
    }
    for (char const* schema :
         {"1", "{", R"({"type": "text"})", R"({"required": "a"})", R"({"items": [true]})", R"({"minLength": -1})",
          R"({"properties": {"a": 1}})", R"({"dependentRequired": {"a": 1}})", R"({"pattern": 1})",
          R"({"pattern": "("})", R"({"pattern": "a**"})", R"({"pattern": "[b-a]"})", R"({"pattern": "\A"})",
          R"({"patternProperties": {"[": true}})", R"({"format": 1})"}) {
        CAPTURE(std::string(schema));
        CHECK(JsonSchema::parse(schema).error().code == Errc::invalid_argument);
    }
}

TEST_CASE("no schema takes for ever or all of the stack") {
    Error const circle = JsonSchema::parse(R"({"$ref": "#"})").value().check("1").error();
    CHECK(circle.code == Errc::invalid_argument);

    std::string bushy = R"({"$defs": {"a0": {"minimum": 5})";
    for (int i = 1; i <= 40; ++i) {
        std::string const below = "{\"$ref\": \"#/$defs/a" + std::to_string(i - 1) + "\"}";
        bushy += ", \"a" + std::to_string(i) + "\": {\"anyOf\": [" + below + ", " + below + "]}";
    }
    bushy += R"(}, "$ref": "#/$defs/a40"})";
    CHECK(JsonSchema::parse(bushy).value().check("1").error().message ==
          "The JSON takes too many steps to check against its schema.");
}

TEST_CASE("a pattern that makes others go back for ever takes time in proportion to the text") {
    for (char const* pattern : {"^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$",
                                "^(a?){40}a{40}$", "^((){9}){9}a*b$"}) {
        CAPTURE(std::string(pattern));
        JsonSchema const schema = JsonSchema::parse("{\"pattern\": \"" + std::string(pattern) + "\"}").value();
        std::string const text(2'000, 'a');
        CHECK(schema.check("\"" + text + "!\"").error().message == "$ does not match its pattern.");
    }
    JsonSchema const wide = JsonSchema::parse(R"({"items": {"pattern": "^(a?){1000}$"}})").value();
    std::string many = "[";
    for (int i = 0; i < 2'000; ++i) many += (i == 0 ? "\"" : ", \"") + std::string(500, 'a') + "\"";
    CHECK(wide.check(many + "]").error().message == "The JSON takes too many steps to check against its schema.");
}

}  // namespace aikit
