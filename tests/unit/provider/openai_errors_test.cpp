// SPDX-License-Identifier: MIT
// Failures of every shape: told by status, inside a reply, inside a stream, in HTML or in no words at all.
#include "openai_support.hpp"
#include "provider/carrier/exchange.hpp"

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::chunk;
using aikit_test::FakeOpenAi;
using aikit_test::sse;
using std::chrono::milliseconds;

namespace {

std::string error_body(std::string const& type, std::string const& code, std::string const& message = "Their words") {
    return R"({"error":{"message":")" + message + R"(","type":)" + type + R"(,"param":null,"code":)" + code + "}}";
}

Error failure(int status, std::string const& body, net::Headers const& headers = {}) {
    FakeOpenAi openai;
    testing::FakeReply reply(status, body);
    reply.headers = headers;
    openai.transport->reply(reply);
    Result<ChatReply> const got = openai.chat(ChatRequest("m", "hi"));
    REQUIRE(!got.has_value());
    return got.error();
}

struct Shape {
    char const* what;
    char const* text;   // the event or line as it stands in the stream
    char const* words;  // the provider's message
    Errc code;
};

// The ways in which servers of this dialect have been seen to say in a stream that they failed.
std::vector<Shape> const shapes{
    {"error object", R"(data: {"error":{"message":"It broke","type":"server_error","code":null}})", "It broke",
     Errc::server_error},
    {"error text", R"(data: {"error":"It broke"})", "It broke", Errc::server_error},
    {"event named error",
     "event: error\ndata: {\"error\":{\"message\":\"It broke\",\"type\":\"invalid_request_error\","
     "\"code\":\"tool_use_failed\",\"status_code\":400}}",
     "It broke", Errc::invalid_request},
    {"event named error with plain words", "event: error\ndata: It broke", "It broke", Errc::server_error},
    {"code beside an error text", R"(data: {"code":"The service is overloaded","error":"It broke"})", "It broke",
     Errc::server_error},
    {"error beside choices",
     R"(data: {"id":"c1","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"It broke"}})",
     "It broke", Errc::server_error},
    {"error within a choice",
     R"(data: {"id":"c1","choices":[{"index":0,"delta":{},"error":{"code":429,"message":"It broke"},"finish_reason":"error"}]})",
     "It broke", Errc::rate_limited},
    {"list of errors", R"(data: [{"error":{"code":503,"message":"It broke","status":"UNAVAILABLE"}}])", "It broke",
     Errc::overloaded},
    {"bare JSON line", R"({"error":{"message":"It broke","code":"rate_limit_exceeded"}})", "It broke",
     Errc::rate_limited},
    {"bare JSON of several lines", "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"It broke\"\n  }\n}",
     "It broke", Errc::overloaded},
    {"object error", R"(data: {"object":"error","message":"It broke","type":"BadRequestError","code":400})", "It broke",
     Errc::invalid_request},
    {"detail", R"(data: {"detail":[{"loc":["body"],"msg":"It broke"}]})", "It broke", Errc::server_error},
    {"typed error", R"(data: {"type":"error","error":{"type":"overloaded_error","message":"It broke"}})", "It broke",
     Errc::overloaded},
    {"quota", R"(data: {"error":{"message":"It broke","type":"insufficient_quota","code":"insufficient_quota"}})",
     "It broke", Errc::quota_exceeded},
};

}  // namespace

TEST_CASE("a failure inside a stream keeps the provider's words, whatever its shape and place") {
    for (Shape const& shape : shapes) {
        for (int place = 0; place < 3; ++place) {
            std::string body;
            if (place > 0) body += "data: " + chunk(R"({"role":"assistant","content":"Part"})") + "\n\n";
            if (place > 1) body += "data: " + chunk("{}", R"("stop")") + "\n\n";
            body += std::string(shape.text) + "\n\n";
            for (bool const marker : {false, true}) {
                FakeOpenAi openai;
                testing::FakeReply reply(200, body + (marker ? "data: [DONE]\n\n" : ""));
                reply.headers.add("X-Request-Id", "req_42");
                openai.transport->reply(reply);
                auto const partial = std::make_shared<ChatReply>();

                Result<ChatReply> const got = openai.stream(ChatRequest("m", "hi"), partial);

                CAPTURE(shape.what);
                CAPTURE(place);
                REQUIRE(!got.has_value());
                CHECK(std::string_view(name(got.error().code)) == std::string_view(name(shape.code)));
                CHECK(got.error().remote_detail == shape.words);
                CHECK(got.error().request_id == "req_42");
                CHECK(got.error().provider == "openai");
                CHECK(got.error().message.find(shape.words) == std::string::npos);
                CHECK(got.error().maybe_executed == (place > 0));
                CHECK(partial->text() == (place > 0 ? "Part" : ""));
                CHECK(!partial->complete);
            }
        }
    }
}

TEST_CASE("a failure inside a 200 reply is an error too") {
    struct Case {
        std::string body;
        Errc code;
        std::string words;
    };
    std::vector<Case> const cases{
        {R"({"error":{"message":"Quota","code":"insufficient_quota"}})", Errc::quota_exceeded, "Quota"},
        {R"({"error":"Model is loading"})", Errc::server_error, "Model is loading"},
        {R"([{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}])", Errc::invalid_request, "Bad"},
        {R"({"object":"error","message":"No","code":404})", Errc::not_found, "No"},
        {R"({"detail":"Not here"})", Errc::server_error, "Not here"},
        {R"({"choices":[{"index":0,"finish_reason":"error","error":{"code":502,"message":"Upstream"},
             "message":{"role":"assistant","content":""}}]})",
         Errc::server_error, "Upstream"},
    };
    for (Case const& one : cases) {
        Error const error = failure(200, one.body);
        CAPTURE(one.body);
        CHECK(std::string_view(name(error.code)) == std::string_view(name(one.code)));
        CHECK(error.remote_detail == one.words);
        CHECK(error.http_status == 200);
    }
}

TEST_CASE("a 200 that is no reply of this API is a protocol error with what came") {
    for (std::string const body :
         {"", "   ", "OK", "<html><body>Welcome</body></html>", "null", "42", "\"text\"", "[]", "{}",
          R"({"choices":[]})", R"({"choices":{}})", R"({"choices":[1]})", R"({"choices":[{"index":0}]})",
          R"({"choices":[{"message":"x"}]})", R"({"choices":[{"message":{"content":5}}]})",
          R"({"id":"c","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}])"}) {
        Error const error = failure(200, body);
        CAPTURE(body);
        CHECK(std::string_view(name(error.code)) == "protocol");
        CHECK(error.maybe_executed);
        CHECK(!retryable(error));
    }
    CHECK(failure(200, "<html>It works</html>").remote_detail == "<html>It works</html>");
}

TEST_CASE("white space in front of a reply is what keeps a connection alive") {
    FakeOpenAi openai;
    openai.transport->reply(200, std::string(5'000, '\n') + "         \r\n" +
                                     R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"}}]})" +
                                     "\n\n");
    CHECK(openai.chat(ChatRequest("m", "hi"))->text() == "Hi");
}

TEST_CASE("a status and the words beside it give the kind of error") {
    struct Case {
        int status;
        std::string body;
        Errc code;
        bool again;
    };
    std::vector<Case> const cases{
        {400, error_body(R"("invalid_request_error")", "null"), Errc::invalid_request, false},
        {400, error_body(R"("invalid_request_error")", R"("context_length_exceeded")"), Errc::context_length, false},
        {400, error_body("null", "null", "This model's maximum context length is 8 tokens"), Errc::context_length,
         false},
        {400, error_body(R"("invalid_request_error")", R"("content_policy_violation")"), Errc::content_filtered, false},
        {400, error_body("null", R"("content_filter")"), Errc::content_filtered, false},
        {400, error_body(R"("invalid_request_error")", R"("model_not_found")"), Errc::not_found, false},
        {400, error_body(R"("invalid_request_error")", R"("unsupported_parameter")"), Errc::invalid_request, false},
        {401, error_body(R"("invalid_request_error")", R"("invalid_api_key")"), Errc::authentication, false},
        {401, "", Errc::authentication, false},
        {402, error_body("null", "402"), Errc::quota_exceeded, false},
        {403, error_body("null", R"("unsupported_country_region_territory")"), Errc::permission, false},
        {403, "<html>Forbidden</html>", Errc::permission, false},
        {404, error_body("null", R"("model_not_found")"), Errc::not_found, false},
        {404, R"({"detail":"Not Found"})", Errc::not_found, false},
        {408, "", Errc::server_error, true},
        {409, error_body("null", "null"), Errc::invalid_request, true},
        {413, "", Errc::invalid_request, false},
        {415, "", Errc::invalid_request, false},
        {421, R"({"message":"Welcome to the OpenAI API!"})", Errc::invalid_request, false},
        {422, R"({"detail":[{"loc":["body"],"msg":"field required"}]})", Errc::invalid_request, false},
        {429, error_body(R"("tokens")", R"("rate_limit_exceeded")"), Errc::rate_limited, true},
        {429, error_body(R"("requests")", R"("rate_limit_exceeded")"), Errc::rate_limited, true},
        {429, error_body(R"("insufficient_quota")", R"("insufficient_quota")"), Errc::quota_exceeded, false},
        {429,
         error_body(R"("tokens")", R"("rate_limit_exceeded")", "Request too large for gpt-4.1: Limit 1, Requested 2"),
         Errc::rate_limited, false},
        {429, "slow down", Errc::rate_limited, true},
        {500, error_body(R"("server_error")", "null"), Errc::server_error, true},
        {502, "<html>Bad gateway</html>", Errc::server_error, true},
        {503, error_body(R"("server_error")", "null", "The engine is currently overloaded"), Errc::server_error, true},
        {503, "", Errc::overloaded, true},
        {504, "", Errc::server_error, true},
        {529, error_body(R"("overloaded_error")", "null"), Errc::overloaded, true},
        {301, "", Errc::protocol, false},
        {302, "<html>", Errc::protocol, false},
        {304, "", Errc::protocol, false},
    };
    for (Case const& one : cases) {
        Error const error = failure(one.status, one.body);
        CAPTURE(one.status);
        CAPTURE(one.body);
        CHECK(std::string_view(name(error.code)) == std::string_view(name(one.code)));
        CHECK(retryable(error) == one.again);
        CHECK(error.http_status == one.status);
        CHECK(!error.maybe_executed);
        CHECK(error.message.find("Their words") == std::string::npos);
        CHECK(error.message.find("openai") != std::string::npos);
    }
}

TEST_CASE("the provider's own verdict about trying again goes before ours") {
    net::Headers yes;
    yes.add("x-should-retry", "true");
    net::Headers no;
    no.add("x-should-retry", "false");
    CHECK(retryable(failure(400, "", yes)));
    CHECK(!retryable(failure(500, "", no)));
    net::Headers other;
    other.add("x-should-retry", "maybe");
    CHECK(retryable(failure(500, "", other)));
}

TEST_CASE("how long to wait is read in all its spellings") {
    struct Case {
        std::vector<std::pair<std::string, std::string>> headers;
        std::optional<std::int64_t> ms;
    };
    std::vector<Case> const cases{
        {{{"retry-after", "2"}}, 2'000},
        {{{"retry-after", "0.25"}}, 250},
        {{{"retry-after", " 3 "}}, 3'000},
        {{{"retry-after-ms", "174"}, {"retry-after", "1"}}, 174},
        {{{"retry-after-ms", "12.6"}}, 13},
        {{{"retry-after-ms", "soon"}, {"retry-after", "1"}}, 1'000},
        {{{"retry-after", "Thu, 01 Jan 2026 00:00:30 GMT"}}, 30'000},
        {{{"retry-after", "Thu, 01 Jan 2026 00:00:30 GMT"}, {"date", "Thu, 01 Jan 2026 00:00:25 GMT"}}, 5'000},
        {{{"retry-after", "Wed, 31 Dec 2025 23:59:30 GMT"}}, std::nullopt},
        {{{"retry-after", "999999999"}}, 86'400'000},
        {{{"retry-after", "1e300"}}, std::nullopt},
        {{{"retry-after", "-5"}}, std::nullopt},
        {{{"retry-after", "garbage"}}, std::nullopt},
        {{{"retry-after", "nan"}}, std::nullopt},
        {{{"retry-after", ""}}, std::nullopt},
        {{{"retry-after", "Thu, 99 Jan 2026 00:00:30 GMT"}}, std::nullopt},
        {{}, std::nullopt},
    };
    for (Case const& one : cases) {
        net::Headers headers;
        for (auto const& [name, value] : one.headers) headers.add(name, value);
        Error const error = failure(429, "", headers);
        CAPTURE(one.headers.empty() ? "" : one.headers.front().second);
        CHECK(error.retry_after.has_value() == one.ms.has_value());
        if (error.retry_after && one.ms) CHECK(error.retry_after->count() == *one.ms);
    }
    for (auto const& [words, ms] :
         std::vector<std::pair<std::string, std::int64_t>>{{"Please try again in 174ms. Visit", 174},
                                                           {"Please try again in 9.8s.", 9'800},
                                                           {"Please try again in 6m0s. Visit", 360'000},
                                                           {"try again in 1h2m3s", 3'723'000}}) {
        Error const error = failure(429, error_body(R"("tokens")", R"("rate_limit_exceeded")", words));
        REQUIRE(error.retry_after.has_value());
        CHECK(error.retry_after->count() == ms);
    }
    CHECK(!failure(429, error_body("null", "null", "try again in a while")).retry_after.has_value());
}

TEST_CASE("the request id is found in the headers and in the body") {
    for (char const* header : {"x-request-id", "X-Request-ID", "request-id", "apim-request-id"}) {
        net::Headers headers;
        headers.add(header, "req_9");
        CHECK(failure(500, "", headers).request_id == "req_9");
    }
    CHECK(failure(500, R"({"error":{"message":"x","request_id":"req_b"}})").request_id == "req_b");
}

TEST_CASE("an error body is read up to a limit and never fails the error") {
    Error const error = failure(500, std::string(10'000'000, 'x'));
    CHECK(error.code == Errc::server_error);
    CHECK(error.remote_detail.size() <= max_remote_detail);

    FakeOpenAi openai;
    testing::FakeReply cut(401, std::string(R"({"error":{"message":"No","code":"invalid)"));
    cut.ending = testing::Ending::cut;
    openai.transport->reply(cut);
    CHECK(openai.chat(ChatRequest("m", "hi")).error().code == Errc::authentication);
    CHECK(openai.transport->open_bodies() == 0);
}

TEST_CASE("no failure shows the key, wherever a provider repeats it") {
    std::string const key = aikit_test::test_key;
    std::vector<testing::FakeReply> replies;
    for (int const status : {200, 301, 400, 401, 403, 404, 429, 500, 503}) {
        replies.emplace_back(status, error_body("\"" + key + "\"", "\"" + key + "\"", "Wrong key " + key + "."));
        replies.emplace_back(status, "plain " + key + " words " + key);
        replies.emplace_back(status, "<html>" + key + "</html>");
        replies.emplace_back(status, R"({"detail":")" + key + "\"}");
        replies.emplace_back(status, "data: {\"error\":\"" + key + "\"}\n\n");
        replies.emplace_back(status, "data: " + key + "\n\n");
        replies.emplace_back(status, "{\"id\":\"" + key + "\",\"choices\":7}");
    }
    for (testing::FakeReply& reply : replies) reply.headers.add("x-request-id", key);
    testing::FakeReply refused;
    Error broken = fail(Errc::connection, "Could not connect.", "header authorization: Bearer " + key);
    refused.failure = broken;
    replies.push_back(refused);
    for (testing::FakeReply const& reply : replies) {
        for (bool const streamed : {false, true}) {
            FakeOpenAi openai;
            openai.transport->reply(reply);
            Result<ChatReply> const got =
                streamed ? openai.stream(ChatRequest("m", "hi")) : openai.chat(ChatRequest("m", "hi"));
            REQUIRE(!got.has_value());
            Error const& error = got.error();
            std::string const all = error.message + error.remote_detail + error.provider_code + error.request_id +
                                    json_form::write_error(error);
            CHECK(all.find(key) == std::string::npos);
            CHECK(all.find(key.substr(key.size() - 8)) == std::string::npos);
        }
    }
}

TEST_CASE("a choice that ended because the server failed is a failure") {
    for (auto const& [word, code] :
         std::vector<std::pair<std::string, Errc>>{{"error", Errc::server_error},
                                                   {"insufficient_system_resource", Errc::overloaded},
                                                   {"network_error", Errc::server_error},
                                                   {"abort", Errc::incomplete}}) {
        FakeOpenAi openai;
        openai.transport->reply(200, sse({chunk(R"({"content":"Part"})"), chunk("{}", "\"" + word + "\"")}));
        auto const partial = std::make_shared<ChatReply>();
        Result<ChatReply> const streamed = openai.stream(ChatRequest("m", "hi"), partial);
        REQUIRE(!streamed.has_value());
        CHECK(streamed.error().code == code);
        CHECK(streamed.error().maybe_executed);
        CHECK(partial->text() == "Part");
        CHECK(failure(200, R"({"choices":[{"index":0,"message":{"content":"Part"},"finish_reason":")" + word + "\"}]}")
                  .code == code);
    }
}
