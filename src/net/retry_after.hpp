// SPDX-License-Identifier: MIT
// net/retry_after.hpp - how long a server asks to wait.
#ifndef AIKIT_SRC_NET_RETRY_AFTER_HPP
#define AIKIT_SRC_NET_RETRY_AFTER_HPP

#include <aikit/core/clock.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace aikit::inline v0::net {

/// The text of a field without the blanks around it.
std::string_view trim_blanks(std::string_view text) noexcept;

/// Digits with or without a fraction, and nothing else.
std::optional<double> parse_decimal(std::string_view text) noexcept;

/// A wait in milliseconds, bent to a day; nothing for what is no wait.
std::optional<std::chrono::milliseconds> wait_of(double ms) noexcept;

/// "Sun, 06 Nov 1994 08:49:37 GMT": the form that RFC 9110 lets one send.
std::optional<SystemTime> parse_http_date(std::string_view text) noexcept;

/// The value of Retry-After: seconds, which may have a fraction, or a date.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, SystemTime now) noexcept;

}  // namespace aikit::inline v0::net

#endif  // AIKIT_SRC_NET_RETRY_AFTER_HPP
