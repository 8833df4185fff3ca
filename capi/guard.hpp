// SPDX-License-Identifier: MIT
// capi/guard.hpp - what every entry does: check arguments, keep exceptions in, hand out bytes and errors.
#ifndef AIKIT_CAPI_GUARD_HPP
#define AIKIT_CAPI_GUARD_HPP

#include "aikit.h"
#include "core/async.hpp"
#include "handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::capi {

class ErrorObject {
public:
    explicit ErrorObject(Error error_) : error(std::move(error_)) {}

    Error const error;
};

inline aikit_status status_of(Errc code) noexcept {
    return static_cast<aikit_status>(code);
}

/// The status of a failure, with an error object for whoever wants one.
aikit_status report(Error const& failure, aikit_error** error) noexcept;

/// Runs the body of an entry, which returns Result<void>: nothing that is thrown gets out.
template <class Body>
aikit_status guard_entry(aikit_error** error, Body&& body) noexcept {
    try {
        Result<void> const done = body();
        return done ? AIKIT_OK : report(done.error(), error);
    } catch (...) {
        return report(current_exception_error(), error);
    }
}

/// An error handle that lives as long as this: what callbacks are lent.
class BorrowedError {
public:
    /// Without memory there is no handle.
    explicit BorrowedError(Error const* failure) noexcept;
    ~BorrowedError();
    BorrowedError(BorrowedError const&) = delete;
    BorrowedError& operator=(BorrowedError const&) = delete;

    aikit_error const* handle() const noexcept { return handle_; }

private:
    aikit_error* handle_ = nullptr;
};

/// Errors: invalid_argument, naming the argument.
Result<std::string_view> required_text(char const* data, std::size_t size, char const* argument);
Result<std::string_view> optional_text(char const* data, std::size_t size, char const* argument);
Result<void> required(void const* pointer, char const* argument);

/// `count` rows of numbers as vectors. (NULL, 0, 0) gives none. Errors: invalid_argument.
Result<std::vector<std::vector<float>>> read_rows(float const* data, std::size_t count, std::size_t dimensions,
                                                  char const* argument);

/// One vector; (NULL, 0) gives an empty one.
Result<std::vector<float>> read_row(float const* data, std::size_t dimensions, char const* argument);

/// Memory of malloc's with a NUL behind it. Throws std::bad_alloc.
aikit_bytes make_bytes(std::string_view text);
aikit_floats make_floats(std::vector<std::vector<float>> const& rows);

}  // namespace aikit::inline v0::capi

#endif  // AIKIT_CAPI_GUARD_HPP
