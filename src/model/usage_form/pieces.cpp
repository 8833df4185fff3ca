// SPDX-License-Identifier: MIT
// model/usage_form/pieces.cpp - pieces by their names.
#include "model/usage_form/pieces.hpp"

namespace aikit::inline v0::usage_form {

void write_pieces(JsonWriter& out, Pieces const& pieces) {
    if (pieces.empty()) return;
    out.key("pieces").begin_object();
    for (std::size_t i = 0; i < piece_count; ++i) {
        auto const piece = static_cast<Piece>(i);
        if (pieces[piece] != 0) out.key(name(piece)).number(pieces[piece]);
    }
    out.end_object();
}

Result<Pieces> read_pieces(json::object const& given, std::string const& path) {
    Pieces pieces;
    for (auto const& [key, value] : given) {
        std::optional<Piece> const piece = piece_from_name(key);
        std::optional<std::int64_t> const count = json::as_integer(value);
        if (!piece) return fail(Errc::invalid_argument, path + "." + std::string(key) + " is nothing that is counted");
        if (!count || *count < 0) {
            return fail(Errc::invalid_argument, path + "." + std::string(key) + " must be a whole number, 0 or more");
        }
        pieces[*piece] = *count;
    }
    return pieces;
}

}  // namespace aikit::inline v0::usage_form
