// SPDX-License-Identifier: MIT
// aikit/core/result.hpp - the one return type of everything that can fail.
#ifndef AIKIT_CORE_RESULT_HPP
#define AIKIT_CORE_RESULT_HPP

#include <aikit/core/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>

namespace aikit::inline v0 {

/// Thrown only by Result::value() on an error, for callers who prefer exceptions. what() is Error::message.
class AIKIT_EXPORT Exception : public std::runtime_error {
public:
    explicit Exception(Error error);
    ~Exception() override;
    Error const& error() const noexcept { return error_; }

private:
    Error error_;
};

/// How Boost.System's result throws our errors; found by argument-dependent lookup.
[[noreturn]] AIKIT_EXPORT void throw_exception_from_error(Error const& error, boost::source_location const& where);

/// A T, or the Error that kept us from having one. T is default-constructible. Only what std::expected also has
/// is promised: has_value, operator bool, operator*, operator->, value, error.
template <class T>
using Result = boost::system::result<T, Error>;

/// An operation in flight. Lazy: nothing happens until it is awaited or spawned.
///
/// Cancellation: through Asio's slot of the spawning operation; terminal only, unless a comment says more.
/// g++ 12 frees temporaries of a co_await expression twice: name braces, lambdas and `?:` first, then await.
template <class T>
using Task = boost::asio::awaitable<Result<T>>;

/// The success of a Result<void>.
inline Result<void> ok() noexcept {
    return {};
}

}  // namespace aikit::inline v0

#endif  // AIKIT_CORE_RESULT_HPP
