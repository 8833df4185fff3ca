// SPDX-License-Identifier: MIT
// aikit/core/secret.hpp - a key that does not get printed by accident.
#ifndef AIKIT_CORE_SECRET_HPP
#define AIKIT_CORE_SECRET_HPP

#include <aikit/core/config.hpp>

#include <iosfwd>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// Text that prints as "***" and is overwritten when it dies. Copies are separate and die separately.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe (const access: safe).
class AIKIT_EXPORT Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view text);
    Secret(Secret const& other);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret const& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    bool empty() const noexcept { return text_.empty(); }

    /// The text itself. Valid while this object lives; hand it only to the wire.
    std::string_view reveal() const noexcept { return text_; }

    /// Compares in a time that depends on the lengths only.
    friend AIKIT_EXPORT bool operator==(Secret const& a, Secret const& b) noexcept;

private:
    std::string text_;
};

/// Writes "***", or nothing when the secret is empty.
AIKIT_EXPORT std::ostream& operator<<(std::ostream& out, Secret const& secret);

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_SECRET_HPP
