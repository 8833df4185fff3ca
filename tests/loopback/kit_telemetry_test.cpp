// SPDX-License-Identifier: MIT
// What a kit tells of its calls, over a real network: a collector is sent it, and Prometheus finds it.
#include "core/json.hpp"
#include "kit_support.hpp"

#include <map>
#include <mutex>

namespace aikit_test {
namespace {

std::string const answer =
    R"({"id":"c1","object":"chat.completion","created":7,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"Hello"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";

KitConfig config_of(LoopbackServer const& server) {
    ::setenv("AIKIT_TEST_KEY", "sk-canary-5d0b7a41c39e", 1);
    std::string const text = R"({"providers":[{"name":"openai","base_url":")" + server.url("/v1") +
                             R"(","api_key":"env:AIKIT_TEST_KEY","model":"gpt-4o","price_as":"openai"}],
        "telemetry":{"prometheus":true,"propagate_trace":true,"otlp":{"endpoint":")" +
                             server.url("/collector") + R"(","key_header":"api-key","key":"env:AIKIT_TEST_KEY",
            "resource":{"service.name":"shop"}}}})";
    return KitConfig::from_json(text).value();
}

/// A provider that fails once, and a collector that is busy once.
class Servers {
public:
    Reply operator()(ServerRequest const& request) {
        std::lock_guard const lock(mutex_);
        int const before = seen_[request.target]++;
        if (request.target.starts_with("/collector")) {
            return before == 0 ? Reply::whole(503, "", {{"Retry-After", "0"}}) : Reply::whole(200, "{}");
        }
        return before == 0 ? Reply::whole(503, "{}") : Reply::whole(200, answer);
    }

private:
    std::mutex mutex_;
    std::map<std::string, int> seen_;
};

/// The spans of what a collector was sent last to this path, by name.
std::vector<aikit::json::object> spans_of(LoopbackServer const& server) {
    std::string body;
    for (ServerRequest const& request : server.received()) {
        if (request.target == "/collector/v1/traces") body = request.body;
    }
    aikit::json::value const read = aikit::json::parse(body, "body").value();
    std::vector<aikit::json::object> spans;
    for (aikit::json::value const& span :
         read.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array()) {
        spans.push_back(span.get_object());
    }
    return spans;
}

}  // namespace

TEST_CASE("a call with its retry is scraped and posted, and its trace reaches the provider") {
    Servers servers;
    LoopbackServer server([&](ServerRequest const& request) { return servers(request); });
    Kit kit = Kit::open(config_of(server)).value();
    CallOptions options;
    options.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ChatRequest const request("gpt-4o", "the secret question");
    aikit::sync::wait(kit, kit.chat(request, options)).value();

    std::string const text = kit.metrics_text().value();
    for (std::string const line :
         {"gen_ai_client_operation_duration_seconds_count{aikit_provider=\"openai\",error_type=\"overloaded\",",
          "gen_ai_response_model=\"gpt-4o-2024-08-06\",gen_ai_token_type=\"input\",server_address=\"127.0.0.1\"",
          "aikit_operation_retries_total{aikit_provider=\"openai\",gen_ai_operation_name=\"chat\","
          "gen_ai_request_model=\"gpt-4o\"} 1\n"}) {
        CAPTURE(text);
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    kit.close();

    std::vector<aikit::json::object> const spans = spans_of(server);
    REQUIRE(spans.size() == 3);
    aikit::json::object const& operation = spans[2];
    CHECK(operation.at("name") == "aikit.chat");
    CHECK(operation.at("traceId") == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(operation.at("parentSpanId") == "00f067aa0ba902b7");
    CHECK(spans[0].at("parentSpanId") == operation.at("spanId"));
    CHECK(spans[1].at("parentSpanId") == operation.at("spanId"));
    std::vector<std::string> parents;
    std::vector<std::string> paths;
    for (ServerRequest const& sent : server.received()) {
        if (sent.target == "/v1/chat/completions") parents.push_back(sent.header("traceparent").value_or(""));
        if (!sent.target.starts_with("/collector")) continue;
        paths.push_back(sent.target);
        CHECK(sent.header("api-key") == "sk-canary-5d0b7a41c39e");
        CHECK(sent.body.find("secret question") == std::string::npos);
        CHECK(sent.body.find("sk-canary") == std::string::npos);
        CHECK(sent.body.find(R"({"key":"service.name","value":{"stringValue":"shop"}})") != std::string::npos);
    }
    REQUIRE(parents.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(parents[i] ==
              "00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(spans[i].at("spanId").get_string()) + "-01");
    }
    // Each path was busy once.
    std::sort(paths.begin(), paths.end());
    CHECK(paths == std::vector<std::string>{"/collector/v1/metrics", "/collector/v1/metrics", "/collector/v1/traces",
                                            "/collector/v1/traces"});
}

TEST_CASE("a collector that is not there delays no call, and the end of a kit by seconds at most") {
    LoopbackServer server([&](ServerRequest const&) { return Reply::whole(200, answer); });
    KitConfig config = config_of(server);
    config.telemetry->otlp->endpoint = "http://127.0.0.1:1";
    Kit kit = Kit::open(config).value();
    auto const before = std::chrono::steady_clock::now();
    aikit::sync::wait(kit, kit.chat(ChatRequest("gpt-4o", "Hi"), CallOptions())).value();
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
    kit.close();
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
}

TEST_CASE("a kit without telemetry has no metrics and sends no trace") {
    LoopbackServer server([&](ServerRequest const&) { return Reply::whole(200, answer); });
    KitConfig config = config_of(server);
    config.telemetry.reset();
    Kit kit = Kit::open(config).value();
    CallOptions options;
    options.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    aikit::sync::wait(kit, kit.chat(ChatRequest("gpt-4o", "Hi"), options)).value();
    CHECK(kit.metrics_text().error().code == aikit::Errc::not_found);
    CHECK_FALSE(server.received().at(0).header("traceparent").has_value());
    kit.close();
    CHECK(server.requests() == 1);
}

}  // namespace aikit_test
