// SPDX-License-Identifier: MIT
// aikit/core/id.hpp - ids that sort by the time they were made.
#ifndef AIKIT_CORE_ID_HPP
#define AIKIT_CORE_ID_HPP

#include <aikit/core/clock.hpp>

#include <string>

namespace aikit::inline v0 {

/// A UUID version 7 (RFC 9562) in its 36-character lower-case form. Ids made by one process are strictly increasing
/// while the clock does not go back, and never equal. Thread-safe; fork-safe.
AIKIT_EXPORT std::string new_id(Clock const& clock);

/// True for the 36-character form of any UUID.
AIKIT_EXPORT bool is_uuid(std::string_view text) noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_ID_HPP
