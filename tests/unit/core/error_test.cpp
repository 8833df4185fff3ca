// SPDX-License-Identifier: MIT
// Covers core/error and the guards of core/async: names, retrying, cutting, and exceptions as errors.
#include "core/async.hpp"

#include <aikit/core/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <doctest/doctest.h>

#include <new>
#include <set>
#include <stdexcept>

namespace aikit::inline v0 {
namespace {

struct Row {
    int value;
    char const* name;
    bool retryable;
};

/// The closed list of SPEC.md A, written out here a second time on purpose: it is part of the ABI.
constexpr Row table[] = {{1, "invalid_argument", false}, {2, "authentication", false},  {3, "permission", false},
                         {4, "not_found", false},        {5, "invalid_request", false}, {6, "context_length", false},
                         {7, "content_filtered", false}, {8, "rate_limited", true},     {9, "quota_exceeded", false},
                         {10, "overloaded", true},       {11, "server_error", true},    {12, "timeout", true},
                         {13, "connection", true},       {14, "incomplete", true},      {15, "protocol", false},
                         {16, "budget_exceeded", false}, {17, "unknown_price", false},  {18, "unsupported", false},
                         {19, "cancelled", false},       {20, "storage", false},        {21, "busy", true},
                         {22, "invalid_state", false},   {23, "out_of_memory", false},  {24, "internal", false}};

template <class Thrown>
Error as_error(Thrown thrown) {
    try {
        throw thrown;
    } catch (...) {
        return current_exception_error();
    }
}

}  // namespace

TEST_CASE("each code has its permanent number and a name that leads back to it") {
    std::set<std::string> seen;
    for (Row const& row : table) {
        CAPTURE(row.value);
        auto const code = static_cast<Errc>(row.value);
        CHECK(std::string(name(code)) == row.name);
        CHECK(errc_from_name(row.name) == code);
        CHECK(seen.insert(row.name).second);
    }
    CHECK(seen.size() == 24);
}

TEST_CASE("numbers and names outside of the set are not mistaken for a code") {
    for (int value : {-1, 0, 25, 1'000, -2'147'483'647})
        CHECK(std::string(name(static_cast<Errc>(value))) == "unknown");
    for (char const* text : {"", "unknown", "Timeout", "timeout ", "time", "timeouts"}) {
        CHECK_FALSE(errc_from_name(text).has_value());
    }
}

TEST_CASE("an error is retryable by its kind unless the provider said otherwise") {
    for (Row const& row : table) {
        CAPTURE(row.name);
        Error error = fail(static_cast<Errc>(row.value), "It failed.");
        CHECK(retryable(error) == row.retryable);
        error.provider_retry = true;
        CHECK(retryable(error));
        error.provider_retry = false;
        CHECK_FALSE(retryable(error));
    }
}

TEST_CASE("a remote side's words are kept up to the limit and never end inside a character") {
    for (std::string const character : {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
        for (std::size_t shift = 0; shift < 4; ++shift) {
            std::string words(shift, 'x');
            while (words.size() < max_remote_detail + 8) words += character;
            std::string const kept = fail(Errc::server_error, "It failed.", words).remote_detail;
            CAPTURE(shift);
            CHECK(kept.size() <= max_remote_detail);
            CHECK(kept.size() + character.size() > max_remote_detail);
            CHECK((kept.size() - shift) % character.size() == 0);
            CHECK(words.compare(0, kept.size(), kept) == 0);
        }
    }
    std::string const exact(max_remote_detail, 'x');
    CHECK(fail(Errc::server_error, "It failed.", exact).remote_detail == exact);
    CHECK(fail(Errc::server_error, "It failed.", std::string(9'000, '\x80')).remote_detail.size() == max_remote_detail);
}

TEST_CASE("an exception becomes the error a caller can act on") {
    CHECK(as_error(std::bad_alloc()).code == Errc::out_of_memory);
    CHECK(as_error(boost::system::system_error(boost::asio::error::operation_aborted)).code == Errc::cancelled);
    CHECK(as_error(boost::system::system_error(boost::asio::error::connection_reset)).code == Errc::internal);
    CHECK(as_error(42).code == Errc::internal);
    CHECK(as_error(Exception(fail(Errc::busy, "It is in use."))).code == Errc::busy);

    Error const error = as_error(std::runtime_error("sk-secret"));
    CHECK(error.code == Errc::internal);
    CHECK(error.message.find("sk-secret") == std::string::npos);
    CHECK(error.remote_detail == "sk-secret");
}

TEST_CASE("value() of a failed result throws our exception with the whole error inside") {
    Error error = fail(Errc::rate_limited, "Too many requests.", "slow down");
    error.retry_after = std::chrono::milliseconds(1'500);
    Result<int> const result = error;
    try {
        static_cast<void>(result.value());
        FAIL("it did not throw");
    } catch (Exception const& exception) {
        CHECK(std::string(exception.what()) == "Too many requests.");
        CHECK(exception.error().code == Errc::rate_limited);
        CHECK(exception.error().remote_detail == "slow down");
        CHECK(exception.error().retry_after == std::chrono::milliseconds(1'500));
    }
}

TEST_CASE("guarded work gives its result or an error, never an exception") {
    CHECK(guarded([]() -> Result<int> { return 7; }).value() == 7);
    CHECK(guarded([]() -> Result<int> { throw std::bad_alloc(); }).error().code == Errc::out_of_memory);
}

TEST_CASE("the library tells its version") {
    CHECK(std::string(version()) == AIKIT_VERSION_STRING);
}

}  // namespace aikit::inline v0
