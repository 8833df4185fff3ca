// SPDX-License-Identifier: MIT
// vector/image.hpp - an Index as a file: what makes the next open fast, and never what is trusted.
//
// 104 bytes of header, then the graph (see Graph::save), then the flat vectors: labels (u64), values (f32). All
// little-endian. Header and payload carry an XXH64 each; the payload is used only after both agree and every link has
// been followed once.
#ifndef AIKIT_SRC_VECTOR_IMAGE_HPP
#define AIKIT_SRC_VECTOR_IMAGE_HPP

#include "vector/index.hpp"

#include <string>

namespace aikit::inline v0::vector {

/// What an image is of.
struct ImageOf {
    ImageOf() = default;

    std::int64_t collection = 0;
    std::int64_t created = 0;
    std::size_t dimensions = 0;
    Metric metric = Metric::cosine;

    /// Chosen at random when the image is made and kept in the tables as well, written there after all that the image
    /// holds: an image whose seal is in the tables knows nothing that they do not.
    std::int64_t seal = 0;
};

/// Writes the index's present state; the file is replaced as a whole. The answer is the change it holds.
/// Errors: storage, permission, not_found (no such folder).
Result<std::int64_t> save_image(std::string const& path, ImageOf const& of, Index const& index);

/// Fills the index from a file. False, with the index untouched, when there is none, or it is damaged, of another
/// collection or version, or outside `oldest` to `newest` change.
bool load_image(std::string const& path, ImageOf const& of, std::int64_t oldest, std::int64_t newest, Index& index);

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_IMAGE_HPP
