// SPDX-License-Identifier: MIT
// Covers include/aikit/telemetry/otlp.hpp: what is sent when, what is sent again, and what is dropped and said.
#include "core/json.hpp"

#include <aikit/core/wait.hpp>
#include <aikit/telemetry/otlp.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <optional>

namespace aikit::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Fixture {
    Fixture() {
        RuntimeConfig runtime_config;
        runtime_config.io = 0;
        runtime_config.clock = clock;
        runtime = Runtime::create(runtime_config).value();
        transport = std::make_shared<testing::FakeTransport>(clock);
        transport->serve([](net::HttpRequest const&) { return testing::FakeReply(200, "{}"); });
        config.batch = 3;
        config.most_spans = 5;
        make();
    }
    ~Fixture() {
        exporter.reset();
        poll();  // a clock turned by hand would keep what still waits for it
        runtime.close();
    }
    Fixture(Fixture const&) = delete;
    Fixture& operator=(Fixture const&) = delete;

    void make() { exporter = OtlpExporter::create(runtime, transport, config).value(); }

    void poll() {
        for (Result<std::size_t> ran = 1; ran && *ran > 0; ran = runtime.poll(milliseconds(0))) continue;
    }
    void pass(milliseconds time) {
        poll();
        clock->advance(time);
        poll();
    }

    void tell(int spans) {
        for (int i = 0; i < spans; ++i) {
            Span span;
            span.context = TraceContext::begin();
            span.name = "s" + std::to_string(told++);
            exporter->span(span);
        }
    }

    /// Drives the runtime and its clock until the task has ended.
    Result<void> finish(Task<void> task) {
        std::optional<Result<void>> ended;
        boost::asio::co_spawn(runtime.executor(), std::move(task),
                              [&](std::exception_ptr, Result<void> result) { ended = std::move(result); });
        for (int i = 0; i < 1'000 && !ended; ++i) {
            poll();
            if (!ended) clock->advance_to_next();
        }
        REQUIRE(ended.has_value());
        return *ended;
    }

    std::vector<net::HttpRequest> sent(std::string_view path) const {
        std::vector<net::HttpRequest> found;
        for (net::HttpRequest const& request : transport->sent()) {
            if (request.url.ends_with(path)) found.push_back(request);
        }
        return found;
    }

    static std::size_t spans_in(net::HttpRequest const& request) {
        json::value const body = json::parse(*request.body, "body").value();
        return body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array().size();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    Runtime runtime;
    std::shared_ptr<testing::FakeTransport> transport;
    OtlpConfig config;
    std::shared_ptr<OtlpExporter> exporter;
    int told = 0;
};

TEST_CASE_FIXTURE(Fixture, "spans wait for others and are sent together, or at once when there are enough") {
    tell(2);
    pass(milliseconds(4'999));
    CHECK(transport->sent().empty());
    pass(milliseconds(1));
    REQUIRE(sent("/v1/traces").size() == 1);
    CHECK(spans_in(sent("/v1/traces")[0]) == 2);
    tell(3);
    poll();
    REQUIRE(sent("/v1/traces").size() == 2);
    CHECK(spans_in(sent("/v1/traces")[1]) == 3);
    pass(seconds(60));
    CHECK(sent("/v1/traces").size() == 2);
    CHECK(exporter->stats().spans_sent == 5);
}

TEST_CASE_FIXTURE(Fixture,
                  "a request is a post of JSON to the collector, with the headers and the key of the configuration") {
    config.endpoint = "https://collector.example:4318/base/";
    config.headers.add("x-scope", "team");
    config.credential_header = "api-key";
    config.credential = Secret("k-123");
    config.resource["service.name"] = "shop";
    make();
    tell(3);
    poll();
    net::HttpRequest const request = transport->sent().at(0);
    CHECK(request.method == "POST");
    CHECK(request.url == "https://collector.example:4318/base/v1/traces");
    CHECK(request.headers.find("content-type") == "application/json");
    CHECK(request.headers.find("x-scope") == "team");
    CHECK(request.credential_header == "api-key");
    CHECK(request.credential.reveal() == "k-123");
    CHECK(request.body->find(R"({"key":"service.name","value":{"stringValue":"shop"}})") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "metrics are reported as sums since the beginning, and only when something changed") {
    exporter->count("requests", 2, {});
    pass(seconds(60));
    REQUIRE(sent("/v1/metrics").size() == 1);
    CHECK(sent("/v1/metrics")[0].body->find(R"("asInt":"2")") != std::string::npos);
    pass(seconds(600));
    CHECK(sent("/v1/metrics").size() == 1);
    exporter->count("requests", 3, {});
    exporter->record("waits.duration", 1'500'000, {});
    pass(seconds(60));
    REQUIRE(sent("/v1/metrics").size() == 2);
    CHECK(sent("/v1/metrics")[1].body->find(R"("asInt":"5")") != std::string::npos);
    CHECK(sent("/v1/metrics")[1].body->find(R"("waits.duration","unit":"s")") != std::string::npos);
    CHECK(exporter->stats().reports_sent == 2);
}

TEST_CASE_FIXTURE(Fixture, "what a full queue cannot take is dropped and counted") {
    testing::FakeReply slow(200, "{}");
    slow.head_after = seconds(9);
    transport->reply(slow);
    tell(3);
    poll();  // these are under way
    tell(9);
    CHECK(exporter->stats().spans_dropped == 4);
    pass(seconds(9));
    CHECK(exporter->stats().spans_sent == 8);
    CHECK(exporter->stats().spans_dropped == 4);
    REQUIRE(sent("/v1/traces").size() == 3);
    CHECK(spans_in(sent("/v1/traces")[2]) == 2);
}

TEST_CASE_FIXTURE(Fixture, "what may be sent again is, after what Retry-After says, and with the same body") {
    testing::FakeReply busy(503, "later");
    busy.headers.add("Retry-After", "7");
    transport->reply(busy);
    testing::FakeReply gone;
    gone.failure = fail(Errc::connection, "refused");
    transport->reply(gone);
    tell(3);
    poll();
    CHECK(transport->sent().size() == 1);
    pass(milliseconds(6'999));
    CHECK(transport->sent().size() == 1);
    pass(milliseconds(1));
    CHECK(transport->sent().size() == 2);
    pass(seconds(2));  // the second wait is one to two seconds
    REQUIRE(transport->sent().size() == 3);
    CHECK(*transport->sent()[0].body == *transport->sent()[2].body);
    CHECK(exporter->stats().spans_sent == 3);
    CHECK(exporter->stats().retries == 2);
    CHECK(exporter->stats().spans_dropped == 0);
}

TEST_CASE_FIXTURE(Fixture, "what the collector refuses is dropped at once and said") {
    transport->reply(400, "bad");
    tell(3);
    poll();
    CHECK(transport->sent().size() == 1);
    CHECK(exporter->stats().spans_dropped == 3);
    CHECK(exporter->stats().last_error == "the collector answered with status 400");
    transport->reply(200, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"two were bad"}})");
    tell(3);
    poll();
    CHECK(exporter->stats().spans_dropped == 5);
    CHECK(exporter->stats().spans_sent == 1);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be delivered is given up after its time, and what comes later is sent") {
    int tries = 0;
    transport->serve([&](net::HttpRequest const&) {
        ++tries;
        return testing::FakeReply(504, "");
    });
    tell(3);
    poll();
    for (int i = 0; i < 70; ++i) pass(seconds(1));
    CHECK(tries >= 4);
    CHECK(exporter->stats().spans_dropped == 3);
    transport->serve([](net::HttpRequest const&) { return testing::FakeReply(200, ""); });
    tell(3);
    poll();
    CHECK(exporter->stats().spans_sent == 3);
}

TEST_CASE_FIXTURE(Fixture, "a flush sends what was told before, metrics too, and ends when it was taken") {
    tell(2);
    exporter->count("requests", 1, {});
    CHECK(finish(exporter->flush()).has_value());
    CHECK(sent("/v1/traces").size() == 1);
    CHECK(sent("/v1/metrics").size() == 1);
    CHECK(finish(exporter->flush()).has_value());
    CHECK(sent("/v1/traces").size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a flush says what was dropped meanwhile, and ends at its time where nobody answers") {
    transport->reply(403, "");
    tell(1);
    Result<void> const refused = finish(exporter->flush());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().http_status == 403);

    transport->serve([](net::HttpRequest const&) { return testing::FakeReply(503, ""); });
    tell(1);
    SteadyTime const before = clock->now();
    Result<void> const late = finish(exporter->flush(milliseconds(1'500)));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == Errc::timeout);
    CHECK(clock->now() - before == milliseconds(1'500));
    // It goes on all the same, and what comes after it is reported.
    transport->serve([](net::HttpRequest const&) { return testing::FakeReply(200, ""); });
    CHECK(finish(exporter->flush(seconds(60))).has_value());
    CHECK(exporter->stats().spans_sent == 1);
}

TEST_CASE_FIXTURE(Fixture, "closing sends what there is, and ends in its time where nobody answers") {
    tell(2);
    CHECK(finish(exporter->close()).has_value());
    CHECK(exporter->stats().spans_sent == 2);
    tell(1);
    CHECK(exporter->stats().spans_dropped == 1);
    CHECK(finish(exporter->close()).has_value());
    CHECK(finish(exporter->flush()).error().code == Errc::invalid_state);

    make();
    transport->serve([](net::HttpRequest const&) { return testing::FakeReply(503, ""); });
    tell(5);
    CHECK(finish(exporter->close(milliseconds(700))).error().code == Errc::timeout);
    poll();
    CHECK(exporter->stats().spans_dropped == 5);
    std::size_t const requests = transport->sent().size();
    pass(std::chrono::hours(1));
    CHECK(transport->sent().size() == requests);
}

TEST_CASE_FIXTURE(Fixture, "an exporter that is let go, or whose runtime ends first, leaves nothing running") {
    tell(1);
    exporter->count("requests", 1, {});
    poll();
    exporter.reset();
    pass(std::chrono::hours(1));
    CHECK(transport->sent().empty());
    CHECK(clock->armed() == 0);

    make();
    tell(1);
    runtime.close();
    exporter->count("requests", 1, {});
    tell(5);
    exporter.reset();
    CHECK(clock->armed() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a configuration that makes no sense is refused by the field's name, without its secrets") {
    auto const refused = [&](auto change) {
        OtlpConfig bad;
        change(bad);
        Result<std::shared_ptr<OtlpExporter>> const made = OtlpExporter::create(runtime, transport, bad);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == Errc::invalid_argument);
        return made.error().message;
    };
    auto const says = [](std::string const& text, char const* what) { return text.find(what) != std::string::npos; };
    CHECK(says(refused([](OtlpConfig& bad) { bad.endpoint = "collector"; }), "endpoint"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.endpoint = "http://c/?a=b"; }), "endpoint"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.headers.add("x", "a\nb"); }), "headers"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.headers.add("Content-Type", "x"); }), "content-type"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.batch = 0; }), "batch"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.most_spans = 0; }), "most_spans"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.span_interval = milliseconds(0); }), "span_interval"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.metric_interval = milliseconds(0); }), "metric_interval"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.timeout = milliseconds(0); }), "timeout"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.retry_for = milliseconds(-1); }), "retry_for"));
    CHECK(says(refused([](OtlpConfig& bad) { bad.series.most_series = 0; }), "most_series"));
    CHECK_FALSE(says(refused([](OtlpConfig& bad) { bad.endpoint = "http://user:canary@c"; }), "canary"));
    CHECK(OtlpExporter::create(Runtime(), transport, config).error().code == Errc::invalid_argument);
    CHECK(OtlpExporter::create(runtime, nullptr, config).error().code == Errc::invalid_argument);
}

}  // namespace
}  // namespace aikit::telemetry
