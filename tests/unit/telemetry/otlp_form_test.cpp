// SPDX-License-Identifier: MIT
// Covers src/telemetry/otlp_form.hpp beside what formats_test.py has read by others: answers and times of tries.
#include "telemetry/otlp_form.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace aikit::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t most_random = std::numeric_limits<std::uint32_t>::max();

TEST_CASE("what a collector did not take is read from its answer, as a number or as digits") {
    CHECK(read_partial_success(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})").rejected == 3);
    CHECK(read_partial_success(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})").warned);
    CHECK(read_partial_success(R"({"partialSuccess":{"rejectedDataPoints":4}})").rejected == 4);
    for (char const* const nothing : {"", "{}", "[]", "no json", R"({"partialSuccess":{}})", R"({"partialSuccess":7})",
                                      R"({"partialSuccess":{"rejectedSpans":"-1"}})",
                                      R"({"partialSuccess":{"rejectedSpans":"99999999999999999999"}})"}) {
        CAPTURE(nothing);
        CHECK(read_partial_success(nothing).rejected == 0);
    }
}

TEST_CASE("what OTLP names may be sent again, and nothing else") {
    // https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
    for (int status = 100; status < 600; ++status) {
        bool const named = status == 429 || status == 502 || status == 503 || status == 504;
        CHECK(is_retryable(status) == named);
    }
}

TEST_CASE("waits double to half a minute, less up to half of it, and end with the time for them") {
    std::chrono::hours const hour(1);
    std::vector<milliseconds> const full{seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(30)};
    for (std::size_t i = 0; i < full.size(); ++i) {
        int const failed = static_cast<int>(i) + 1;
        CHECK(retry_wait(failed, std::nullopt, milliseconds(0), hour, 0) == full[i]);
        CHECK(retry_wait(failed, std::nullopt, milliseconds(0), hour, most_random) == full[i] / 2);
    }
    CHECK(retry_wait(1'000, std::nullopt, milliseconds(0), hour, 0) == seconds(30));
    CHECK(retry_wait(1, seconds(7), milliseconds(0), hour, most_random) == seconds(7));
    CHECK(retry_wait(1, seconds(7), seconds(53), seconds(60), 0) == seconds(7));
    CHECK_FALSE(retry_wait(1, seconds(7), milliseconds(53'001), seconds(60), 0));
    CHECK_FALSE(retry_wait(1, std::nullopt, milliseconds(0), milliseconds(0), 0));
}

}  // namespace
}  // namespace aikit::telemetry
