// SPDX-License-Identifier: MIT
// Covers src/model/strict_schema.hpp and src/model/json_repair.hpp.
#include "model/strict_schema.hpp"

#include "model/json_repair.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace aikit {
namespace {

json::value parsed(std::string const& text) {
    return json::parse(text, "test").value();
}

std::string const order = R"({"$schema": "x", "type": "object", "properties": {
    "name": {"type": "string", "minLength": 1}, "note": {"type": "string"}, "rank": {"enum": ["a", "b"]},
    "lines": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/line"}}},
    "required": ["name"], "$defs": {"line": {"type": "object", "properties": {"count": {"type": "integer"},
    "gift": {"type": ["boolean", "null"]}}, "required": ["count"]}}})";

}  // namespace

TEST_CASE("a schema becomes what OpenAI's strict mode takes, and what was relaxed is told") {
    StrictSchema const strict = StrictSchema::make(order, SchemaRules::openai).value();

    CHECK(strict.possible);
    CHECK(strict.nulls);
    CHECK(strict.relaxed == std::vector<std::string>{"minLength", "uniqueItems"});
    CHECK(parsed(strict.text) == parsed(R"({"type": "object", "properties": {
        "name": {"type": "string"}, "note": {"type": ["string", "null"]},
        "rank": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
        "lines": {"type": ["array", "null"], "items": {"$ref": "#/$defs/line"}}},
        "required": ["name", "note", "rank", "lines"], "additionalProperties": false,
        "$defs": {"line": {"type": "object", "properties": {"count": {"type": "integer"},
        "gift": {"type": ["boolean", "null"]}}, "required": ["count", "gift"], "additionalProperties": false}}})"));
}

TEST_CASE("nulls that only the strict mode asked for are taken out of the reply, and others stay") {
    StrictSchema const strict = StrictSchema::make(order, SchemaRules::openai).value();

    CHECK(
        parsed(strict.without_nulls(
            R"({"name": "A", "note": null, "rank": null, "lines": [{"count": 1, "gift": null}, {"count": 2, "gift": true}]})")) ==
        parsed(R"({"name": "A", "lines": [{"count": 1, "gift": null}, {"count": 2, "gift": true}]})"));
    std::string const untouched = R"({"name" : 1e0,   "lines": [ ]})";
    CHECK(strict.without_nulls(untouched) == untouched);
    CHECK(strict.without_nulls("no JSON") == "no JSON");

    StrictSchema const either =
        StrictSchema::make(R"({"type": "object", "required": ["shape"], "properties": {"shape": {"anyOf": [
        {"type": "object", "properties": {"kind": {"const": "dot"}, "x": {"type": "null"}}, "required": ["kind"]},
        {"type": "object", "properties": {"kind": {"const": "bar"}, "x": {"type": "number"}}, "required": ["kind"]}]}}})",
                           SchemaRules::openai)
            .value();
    CHECK(parsed(either.without_nulls(R"({"shape": {"kind": "dot", "x": null}})")) ==
          parsed(R"({"shape": {"kind": "dot", "x": null}})"));
    CHECK(parsed(either.without_nulls(R"({"shape": {"kind": "bar", "x": null}})")) ==
          parsed(R"({"shape": {"kind": "bar"}})"));
}

TEST_CASE("what a strict mode cannot express leaves the schema as it was") {
    for (char const* schema :
         {R"({"type": "array", "items": {"type": "string"}})",
          R"({"type": "object", "additionalProperties": {"type": "number"}})", R"({"type": "object"})",
          R"({"anyOf": [{"type": "object"}]})",
          R"({"type": "object", "properties": {"a": {"allOf": [{"minimum": 1}, {"maximum": 2}]}}})",
          R"({"type": "object", "properties": {"a": {"type": "array", "prefixItems": [{"type": "number"}]}}})",
          R"({"type": "object", "properties": {"a": true}})",
          R"({"type": "object", "properties": {"a": {"type": "object", "patternProperties": {"a": {}}}}})"}) {
        CAPTURE(std::string(schema));
        StrictSchema const strict = StrictSchema::make(schema, SchemaRules::openai).value();
        CHECK(!strict.possible);
        CHECK(strict.text == schema);
        CHECK(StrictSchema::make(schema, SchemaRules::none).value().possible);
    }
    std::string const tree = R"({"type": "object", "properties": {"next": {"$ref": "#"}}})";
    CHECK(!StrictSchema::make(tree, SchemaRules::anthropic).value().possible);
    CHECK(StrictSchema::make(tree, SchemaRules::openai).value().possible);
    CHECK(StrictSchema::make("[]", SchemaRules::openai).error().code == Errc::invalid_argument);
    CHECK(StrictSchema::make("{", SchemaRules::openai).error().code == Errc::invalid_argument);
}

TEST_CASE("Anthropic keeps optional members and loses bounds, and Gemini keeps open objects") {
    std::string const schema = R"({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1},
        "b": {"type": "string", "pattern": "x", "format": "date"}, "c": {"const": 1}}, "required": ["a"]})";

    StrictSchema const anthropic = StrictSchema::make(schema, SchemaRules::anthropic).value();
    CHECK(!anthropic.nulls);
    CHECK(anthropic.relaxed == std::vector<std::string>{"minimum", "pattern"});
    CHECK(parsed(anthropic.text) == parsed(R"({"type": "object", "properties": {"a": {"type": "integer"},
        "b": {"type": "string", "format": "date"}, "c": {"const": 1}}, "required": ["a"], "additionalProperties": false})"));

    StrictSchema const gemini = StrictSchema::make(schema, SchemaRules::gemini).value();
    CHECK(gemini.relaxed == std::vector<std::string>{"pattern"});
    CHECK(parsed(gemini.text) == parsed(R"({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1},
        "b": {"type": "string", "format": "date"}, "c": {"enum": [1]}}, "required": ["a"]})"));
}

TEST_CASE("the JSON in a text is found without guessing") {
    struct Row {
        std::string text;
        std::vector<std::string> found;
    };
    std::vector<Row> const rows = {
        {R"( {"a": 1} )", {R"({"a": 1})"}},
        {"42", {"42"}},
        {R"({"a": 1,})", {R"({"a": 1})"}},
        {R"({"a": [1, 2 , ], "b": ",}", } )", {R"({"a": [1, 2  ], "b": ",}" })"}},
        {"```json\n{\"a\": 1}\n```", {R"({"a": 1})"}},
        {"Here you are:\n```\n[1, 2,]\n```\nAnything [else]?", {"[1, 2]"}},
        {"```json\n{\"a\": \"b```", {}},
        {R"(Sure! {"a": "}"} I hope {that} helps.)", {R"({"a": "}"})"}},
        {R"(Either {"a": 1} or {"a": 2})", {R"({"a": 1})", R"({"a": 2})"}},
        {R"(See [1]: {"a": 1})", {"[1]", R"({"a": 1})"}},
        {R"({"a": 1)", {}},
        {R"({"a": 1]})", {}},
        {R"({'a': 1})", {}},
        {R"({"a": 1,,})", {}},
        {"[,]", {"[]"}},
        {"", {}},
        {"No JSON.", {}},
        {std::string(100'000, '['), {}},
    };
    for (Row const& row : rows) {
        CAPTURE(row.text.substr(0, 80));
        CHECK(json_candidates(row.text) == row.found);
    }
}

}  // namespace aikit
