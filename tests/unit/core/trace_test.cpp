// SPDX-License-Identifier: MIT
// Covers include/aikit/core/trace.hpp: W3C Trace Context.
#include <aikit/core/trace.hpp>

#include <doctest/doctest.h>

#include <set>

namespace aikit {
namespace {

TEST_CASE("a traceparent is read and written as the specification has it") {
    // The examples of https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers.
    for (std::string const text : {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}) {
        std::optional<TraceContext> const context = TraceContext::parse(text);
        REQUIRE(context);
        CHECK(context->traceparent() == text);
        CHECK(context->sampled == text.ends_with("1"));
        CHECK(trace_hex(context->trace_id) == "4bf92f3577b34da6a3ce929d0e0e4736");
        CHECK(trace_hex(context->span_id) == "00f067aa0ba902b7");
    }
}

TEST_CASE("what is no traceparent is none, and a later version is read as far as it is known") {
    std::string const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (std::string const& bad : {std::string(), good.substr(1), good + "-", good + "-00", "ff" + good.substr(2),
                                   std::string("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                                   std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
                                   std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
                                   std::string("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what")}) {
        CAPTURE(bad);
        CHECK_FALSE(TraceContext::parse(bad));
    }
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = 'x';
        CHECK_FALSE(TraceContext::parse(bad));
        CHECK_FALSE(TraceContext::parse(good.substr(0, i)));
    }
    CHECK(TraceContext::parse("cc" + good.substr(2)));
    CHECK(TraceContext::parse("cc" + good.substr(2) + "-what-the-future-will-be-like"));
}

TEST_CASE("ids are random and never none, and a child is of the same trace") {
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) {
        TraceContext const context = TraceContext::begin();
        CHECK(context.valid());
        TraceContext const child = context.child();
        CHECK(child.trace_id == context.trace_id);
        seen.insert(context.traceparent());
        seen.insert(child.traceparent());
    }
    CHECK(seen.size() == 2'000);
}

}  // namespace
}  // namespace aikit
