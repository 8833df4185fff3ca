// SPDX-License-Identifier: MIT
// core/error.cpp - names, construction and judgement of errors, and what an exception means as one.
#include "core/async.hpp"

#include <aikit/core/error.hpp>
#include <aikit/core/result.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <exception>
#include <new>

namespace aikit::inline v0 {

namespace {

/// In the order of the codes, from 1.
constexpr std::array<char const*, 24> names = {
    "invalid_argument", "authentication", "permission",     "not_found",       "invalid_request", "context_length",
    "content_filtered", "rate_limited",   "quota_exceeded", "overloaded",      "server_error",    "timeout",
    "connection",       "incomplete",     "protocol",       "budget_exceeded", "unknown_price",   "unsupported",
    "cancelled",        "storage",        "busy",           "invalid_state",   "out_of_memory",   "internal"};
static_assert(static_cast<std::size_t>(Errc::internal) == names.size());

/// The longest beginning of at most `limit` bytes that does not end inside a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text;
    std::size_t end = limit;
    // A character has at most three continuation bytes; more of them are no UTF-8, and any place is as good.
    for (int back = 0; back < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U; ++back) --end;
    bool const inside = (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
    return text.substr(0, inside ? limit : end);
}

/// Short enough for the string's own buffer, so that it can be made when memory is out.
Error out_of_memory() noexcept {
    Error error;
    error.code = Errc::out_of_memory;
    error.message = "out of memory";
    return error;
}

Error rethrown() {
    try {
        throw;
    } catch (Exception const& exception) {
        return exception.error();
    } catch (std::bad_alloc const&) {
        return out_of_memory();
    } catch (boost::system::system_error const& exception) {
        if (exception.code() == boost::asio::error::operation_aborted) {
            return fail(Errc::cancelled, "The operation was cancelled.");
        }
        return fail(Errc::internal, "A system error reached the edge of aikit; please report it.", exception.what());
    } catch (std::exception const& exception) {
        return fail(Errc::internal, "An exception reached the edge of aikit; please report it.", exception.what());
    } catch (...) {
        return fail(Errc::internal, "An exception of no known type reached the edge of aikit; please report it.");
    }
}

}  // namespace

char const* name(Errc code) noexcept {
    auto const value = static_cast<int>(code);
    if (value < 1 || value > static_cast<int>(names.size())) return "unknown";
    return names[static_cast<std::size_t>(value) - 1];
}

std::optional<Errc> errc_from_name(std::string_view text) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (text == names[i]) return static_cast<Errc>(i + 1);
    }
    return std::nullopt;
}

Error fail(Errc code, std::string message, std::string_view remote_detail) {
    Error error;
    error.code = code;
    error.message = std::move(message);
    error.remote_detail = cut(remote_detail, max_remote_detail);
    return error;
}

bool retryable(Error const& error) noexcept {
    if (error.provider_retry) return *error.provider_retry;
    switch (error.code) {
        case Errc::rate_limited:
        case Errc::overloaded:
        case Errc::server_error:
        case Errc::timeout:
        case Errc::connection:
        case Errc::incomplete:
        case Errc::busy: return true;
        default: return false;
    }
}

Exception::Exception(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}

Exception::~Exception() = default;

void throw_exception_from_error(Error const& error, boost::source_location const&) {
    throw Exception(error);
}

Error timed_out(std::string const& what) {
    return fail(Errc::timeout, "The " + what + " did not end within its time limit.");
}

Error current_exception_error() noexcept {
    try {
        return rethrown();
    } catch (...) {
        return out_of_memory();
    }
}

}  // namespace aikit::inline v0
