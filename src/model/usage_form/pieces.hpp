// SPDX-License-Identifier: MIT
// model/usage_form/pieces.hpp - what is billed by the piece, as JSON.
#ifndef AIKIT_SRC_MODEL_USAGE_FORM_PIECES_HPP
#define AIKIT_SRC_MODEL_USAGE_FORM_PIECES_HPP

#include "core/json.hpp"
#include "model/json_writer.hpp"

#include <aikit/model/usage.hpp>

#include <string>

namespace aikit::inline v0::usage_form {

/// The member "pieces" with those that there are; nothing where there is none.
void write_pieces(JsonWriter& out, Pieces const& pieces);

/// Reads {"pages": 3, ...}; invalid_argument names what is no piece or no count.
Result<Pieces> read_pieces(json::object const& given, std::string const& path);

}  // namespace aikit::inline v0::usage_form

#endif  // AIKIT_SRC_MODEL_USAGE_FORM_PIECES_HPP
