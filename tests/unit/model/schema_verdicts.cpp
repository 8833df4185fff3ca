// SPDX-License-Identifier: MIT
// tests/unit/model/schema_verdicts.cpp - what aikit says of schemas and documents, for a comparison with others.
//
// Reads lines of two: a schema, a document. Writes a line each: "fits", "wrong", or "refused" when the schema is.
// With the argument "strict": writes what OpenAI's strict mode makes of the schema (or "impossible"), and the document
// without the nulls that only this asks for.
#include "model/strict_schema.hpp"

#include <aikit/model/json_schema.hpp>

#include <iostream>
#include <string>

int main(int count, char**) {
    std::string schema;
    std::string document;
    std::string before;
    aikit::Result<aikit::JsonSchema> read = aikit::JsonSchema();
    while (std::getline(std::cin, schema) && std::getline(std::cin, document)) {
        if (count > 1) {
            aikit::Result<aikit::StrictSchema> const strict =
                aikit::StrictSchema::make(schema, aikit::SchemaRules::openai);
            bool const possible = strict && strict->possible;
            std::cout << (possible ? strict->text : "\"impossible\"") << '\n'
                      << (possible ? strict->without_nulls(document) : document) << '\n';
            continue;
        }
        if (schema != before) read = aikit::JsonSchema::parse(schema);
        before = schema;
        std::cout << (!read ? "refused" : read->check(document) ? "fits" : "wrong") << '\n';
    }
    return 0;
}
