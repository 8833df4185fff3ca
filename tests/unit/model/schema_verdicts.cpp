// SPDX-License-Identifier: MIT
// tests/unit/model/schema_verdicts.cpp - what aikit says of schemas and documents, for a comparison with others.
//
// Reads lines of two: a schema, a document. Writes a line each: "fits", "wrong", or "refused" when the schema is.
#include <aikit/model/json_schema.hpp>

#include <iostream>
#include <string>

int main() {
    std::string schema;
    std::string document;
    std::string before;
    aikit::Result<aikit::JsonSchema> read = aikit::JsonSchema();
    while (std::getline(std::cin, schema) && std::getline(std::cin, document)) {
        if (schema != before) read = aikit::JsonSchema::parse(schema);
        before = schema;
        std::cout << (!read ? "refused" : read->check(document) ? "fits" : "wrong") << '\n';
    }
    return 0;
}
