// SPDX-License-Identifier: MIT
// aikit/model/described.hpp - a struct that is described once: its JSON Schema, reading it, writing it.
#ifndef AIKIT_MODEL_DESCRIBED_HPP
#define AIKIT_MODEL_DESCRIBED_HPP

#include <aikit/model/described_schema.hpp>
#include <aikit/model/described_value.hpp>

namespace aikit::inline v0 {

/// The JSON Schema of a type.
template <class T>
std::string schema_of() {
    JsonText out;
    described::Place place;
    place.path = "#";
    described::write_schema<T>(out, place, "");
    return out.take();
}

/// Reads a document into a T. Members that are not described are passed over; a null is a missing optional.
/// Errors: invalid_argument, with the path ("$.legs[2].days is below its minimum.") and nothing of the document.
template <class T>
Result<T> read_described(std::string_view json) {
    Result<JsonDocument> const document = JsonDocument::parse(json);
    if (!document) return document.error();
    T out{};
    described::Place place;
    if (described::read(document->root(), out, place)) return out;
    return fail(Errc::invalid_argument, place.why + ".");
}

/// The value as JSON; read_described gives it back.
template <class T>
std::string write_described(T const& value) {
    JsonText out;
    described::write(out, value);
    return out.take();
}

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_DESCRIBED_HPP
