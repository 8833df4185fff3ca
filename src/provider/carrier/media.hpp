// SPDX-License-Identifier: MIT
// provider/carrier/media.hpp - pictures, documents and sounds that travel within a request.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_MEDIA_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_MEDIA_HPP

#include <aikit/core/error.hpp>
#include <aikit/model/content.hpp>

#include <optional>
#include <string>

namespace aikit::inline v0::provider::carrier {

/// What a part carries by itself.
struct InlineMedia {
    std::string media_type;
    std::string base64;  ///< RFC 4648, section 4: padded, one line.
};

/// The bytes of a part, or of the data URI that is its URL (RFC 2397), whose base64 may be without padding, in lines,
/// or in the alphabet for URLs. Nothing when the part stands elsewhere.
std::optional<InlineMedia> inline_media(MediaPart const& part);

/// The media type of a part, else what the end of its URL's path tells (".pdf"). Empty: nobody knows.
std::string media_type_of(MediaPart const& part);

/// Is it a part of a kind that aikit does not know, which only its own dialect can take?
bool is_foreign(TextPart const& part);

/// The error of a request that holds such a part where nobody takes it.
Error foreign_part(std::string const& path);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_MEDIA_HPP
