// SPDX-License-Identifier: MIT
// Covers src/provider/gemini's credentials: who is asked for tokens, how often, and what is told when there are none.
// The oracle of signatures is OpenSSL's verification.
#include "provider/gemini/credentials.hpp"

#include "core/together.hpp"
#include "golden/recordings.hpp"
#include "model/base64.hpp"
#include "support/keys.hpp"

#include <aikit/provider/gemini.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace aikit;
using aikit_test::Json;
using provider::GeminiConfig;
using std::chrono::seconds;
using testing::FakeReply;

namespace {

constexpr char const* token_url = "https://token.test/token";

aikit_test::RsaKey const& account_key() {
    static aikit_test::RsaKey const key(2048);
    return key;
}

std::string quoted(std::string const& text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

/// A key file; `more` replaces members or adds some.
std::string key_file(std::vector<std::pair<std::string, std::string>> const& more = {}) {
    std::vector<std::pair<std::string, std::string>> members{
        {"type", "\"service_account\""},           {"project_id", "\"proj-1\""},
        {"private_key_id", "\"kid-1\""},           {"private_key", quoted(account_key().pem())},
        {"client_email", "\"robot@proj-1.test\""}, {"token_uri", quoted(token_url)}};
    for (auto const& [name, value] : more) {
        std::erase_if(members, [&](auto const& member) { return member.first == name; });
        if (!value.empty()) members.emplace_back(name, value);
    }
    std::string text = "{";
    for (auto const& [name, value] : members) text += (text.size() > 1 ? "," : "") + quoted(name) + ":" + value;
    return text + "}";
}

/// A Vertex AI whose time stands still, and whose token endpoint gives "token-1", "token-2", ...
struct FakeVertex {
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<testing::FakeTransport> transport = std::make_shared<testing::FakeTransport>(clock);
    Runtime runtime;
    std::shared_ptr<AIProvider> provider;
    int tokens = 0;
    std::vector<std::string> used;     // by the calls, in order
    std::vector<std::string> refused;  // with 401
    int lifetime = 3600;
    int token_status = 200;
    std::string token_body;

    FakeVertex() {
        RuntimeConfig threads;
        threads.io = 0;
        threads.clock = clock;
        runtime = Runtime::create(threads).value();
        GeminiConfig config;
        config.name = "vertex";
        config.vertex = true;
        config.service_account = Secret(key_file());
        provider = provider::make_gemini(std::move(config), runtime, transport).value();
        transport->serve([this](net::HttpRequest const& request) { return answer(request); });
    }

    FakeReply answer(net::HttpRequest const& request) {
        if (request.url == token_url) {
            ++tokens;
            if (token_status != 200) return FakeReply(token_status, token_body);
            return FakeReply(200, R"({"access_token":"token-)" + std::to_string(tokens) + R"(","expires_in":)" +
                                      std::to_string(lifetime) + R"(,"token_type":"Bearer"})");
        }
        used.emplace_back(request.credential.reveal());
        if (std::find(refused.begin(), refused.end(), used.back()) != refused.end()) {
            return FakeReply(401, R"({"error":{"code":401,"status":"UNAUTHENTICATED","message":"expired"}})");
        }
        return FakeReply(200, R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]})");
    }

    Result<ChatReply> chat() {
        return testing::run(provider->chat(ChatRequest("gemini-2.5-flash", "Hello"), CallOptions()));
    }
};

std::string from_url(std::string text) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    while (text.size() % 4 != 0) text += '=';
    return from_base64(text).value();
}

}  // namespace

TEST_CASE("a token is asked for with a request that the account has signed") {
    FakeVertex vertex;
    REQUIRE(vertex.chat().has_value());
    net::HttpRequest const asked = vertex.transport->sent().front();
    CHECK(asked.url == token_url);
    CHECK(asked.headers.find("content-type") == "application/x-www-form-urlencoded");
    CHECK(asked.credential_header.empty());
    std::string const lead = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    REQUIRE(asked.body->starts_with(lead));
    std::string const token = asked.body->substr(lead.size());
    std::size_t const dot = token.rfind('.');
    CHECK(account_key().accepts(token.substr(0, dot), from_url(token.substr(dot + 1))));
    CHECK(from_url(token.substr(0, token.find('.'))) == R"({"alg":"RS256","typ":"JWT","kid":"kid-1"})");
    Json const claims = Json::parse(from_url(token.substr(token.find('.') + 1, dot - token.find('.') - 1)));
    CHECK(claims["iss"].text == "robot@proj-1.test");
    CHECK(claims["aud"].text == token_url);
    CHECK(claims["scope"].text == "https://www.googleapis.com/auth/cloud-platform");
    CHECK(std::stoll(claims["exp"].dump()) - std::stoll(claims["iat"].dump()) == 3600);
    net::HttpRequest const sent = vertex.transport->sent().back();
    CHECK(sent.url ==
          "https://aiplatform.googleapis.com/v1/projects/proj-1/locations/global/publishers/google/models/"
          "gemini-2.5-flash:generateContent");
    CHECK(sent.credential_header == "Authorization");
    CHECK(vertex.used == std::vector<std::string>{"Bearer token-1"});
}

TEST_CASE("a token is kept until shortly before its end, whatever its lifetime") {
    for (int const lifetime : {60, 600, 3600, 43'200}) {
        CAPTURE(lifetime);
        FakeVertex vertex;
        vertex.lifetime = lifetime;
        int const margin = std::min(225, lifetime / 4);
        REQUIRE(vertex.chat().has_value());
        vertex.clock->advance(seconds(lifetime - margin - 1));
        REQUIRE(vertex.chat().has_value());
        CHECK(vertex.tokens == 1);
        vertex.clock->advance(seconds(1));
        REQUIRE(vertex.chat().has_value());
        CHECK(vertex.tokens == 2);
        CHECK(vertex.used.back() == "Bearer token-2");
    }
}

TEST_CASE("calls that need a token at the same time ask for one") {
    FakeVertex vertex;
    std::vector<Task<ChatReply>> calls;
    for (int i = 0; i < 20; ++i) {
        calls.push_back(vertex.provider->chat(ChatRequest("gemini-2.5-flash", "Hello"), CallOptions()));
    }
    Result<std::vector<Result<ChatReply>>> const replies = testing::run(together(std::move(calls), 20, false));
    REQUIRE(replies.has_value());
    for (Result<ChatReply> const& reply : *replies) CHECK(reply.has_value());
    CHECK(vertex.tokens == 1);
    CHECK(vertex.used == std::vector<std::string>(20, "Bearer token-1"));
}

TEST_CASE("a refused token is renewed once, and a call is sent at most twice") {
    FakeVertex vertex;
    REQUIRE(vertex.chat().has_value());
    vertex.refused = {"Bearer token-1"};
    Result<ChatReply> const again = vertex.chat();
    REQUIRE(again.has_value());
    CHECK(vertex.used == std::vector<std::string>{"Bearer token-1", "Bearer token-1", "Bearer token-2"});
    vertex.refused.emplace_back("Bearer token-2");
    vertex.refused.emplace_back("Bearer token-3");
    vertex.used.clear();
    Result<ChatReply> const lost = vertex.chat();
    REQUIRE_FALSE(lost.has_value());
    CHECK(lost.error().code == Errc::authentication);
    CHECK(lost.error().http_status == 401);
    CHECK(vertex.used == std::vector<std::string>{"Bearer token-2", "Bearer token-3"});
}

TEST_CASE("an old token serves while a new one is not to be had, and not beyond its end") {
    FakeVertex vertex;
    REQUIRE(vertex.chat().has_value());
    vertex.token_status = 503;
    vertex.clock->advance(seconds(3600 - 100));
    CHECK(vertex.chat().has_value());
    vertex.clock->advance(seconds(100));
    Result<ChatReply> const ended = vertex.chat();
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().code == Errc::overloaded);
    CHECK(vertex.used.size() == 2);
    vertex.token_status = 200;
    CHECK(vertex.chat().has_value());
}

TEST_CASE("each refusal of the token endpoint is told by its kind, and nothing that was signed is") {
    for (int status = 400; status < 600; ++status) {
        CAPTURE(status);
        FakeVertex vertex;
        vertex.token_status = status;
        vertex.token_body = R"({"error":"invalid_grant","error_description":"robot@proj-1.test eyJhbGciOiJSUzI1NiIs"})";
        Result<ChatReply> const reply = vertex.chat();
        REQUIRE_FALSE(reply.has_value());
        Error const& error = reply.error();
        bool const account = status < 500 && status != 404 && status != 408 && status != 429;
        CHECK((error.code == Errc::authentication) == account);
        CHECK(error.provider == "vertex");
        CHECK(error.http_status == status);
        CHECK(error.provider_code == "invalid_grant");
        for (std::string const& text : {error.message, error.remote_detail}) {
            CHECK(text.find("eyJ") == std::string::npos);
            CHECK(text.find("robot@") == std::string::npos);
        }
        CHECK(vertex.used.empty());
    }
}

TEST_CASE("what is no token is no token") {
    net::Headers const none;
    provider::carrier::Exchange const exchange("vertex", 200, none, SystemTime());
    for (char const* body : {"", "[]", "{}", "<html>", R"({"access_token":""})", R"({"access_token":7})",
                             R"({"access_token":"a\nb"})", R"({"access_token":null,"expires_in":9})"}) {
        CAPTURE(body);
        Result<provider::gemini::AccessToken> const read = provider::gemini::read_access_token(exchange, body);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::protocol);
    }
    for (char const* body : {R"({"access_token":"t"})", R"({"access_token":"t","expires_in":"soon"})",
                             R"({"access_token":"t","expires_in":-5})", R"({"access_token":"t","expires_in":1e300})"}) {
        CAPTURE(body);
        Result<provider::gemini::AccessToken> const read = provider::gemini::read_access_token(exchange, body);
        REQUIRE(read.has_value());
        CHECK(read->lifetime >= seconds(0));
        CHECK(read->lifetime <= seconds(86'400));
    }
}

TEST_CASE("a key file that is none is refused with the field named, and nothing of its key") {
    struct Row {
        std::string file;
        char const* named;
    };
    std::string const pem = account_key().pem();
    std::vector<Row> const rows{
        {"", "no JSON object"},
        {"[]", "no JSON object"},
        {pem, "no JSON object"},
        {key_file({{"type", "\"authorized_user\""}}), "\"authorized_user\""},
        {key_file({{"type", ""}}), "type"},
        {key_file({{"private_key", ""}}), "private_key"},
        {key_file({{"private_key", "7"}}), "private_key"},
        {key_file({{"private_key", quoted(pem.substr(0, pem.size() / 2))}}), "private_key"},
        {key_file({{"private_key", quoted(aikit_test::elliptic_key_pem())}}), "private_key"},
        {key_file({{"private_key", quoted(aikit_test::encrypted_pem(account_key()))}}), "private_key"},
        {key_file({{"client_email", ""}}), "client_email"},
        {key_file({{"token_uri", "\"http://oauth2.googleapis.com/token\""}}), "token_uri"},
        {key_file({{"token_uri", "\"http://127.evil.test/token\""}}), "token_uri"},
        {key_file({{"token_uri", "\"http://localhost.evil.test/token\""}}), "token_uri"},
        {key_file({{"token_uri", "\"ftp://oauth2.googleapis.com/token\""}}), "token_uri"},
        {key_file({{"token_uri", "\"https://user:word@oauth2.googleapis.com/token\""}}), "token_uri"},
    };
    for (Row const& row : rows) {
        CAPTURE(row.named);
        Result<provider::gemini::ServiceAccount> const read = provider::gemini::read_service_account(Secret(row.file));
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::invalid_argument);
        CHECK(read.error().message.find(row.named) != std::string::npos);
        for (std::size_t at = 28; at + 16 < pem.size(); at += 16) {
            CHECK(read.error().message.find(pem.substr(at, 16)) == std::string::npos);
        }
        CHECK(read.error().remote_detail.empty());
    }
    for (char const* good : {"\"http://127.0.0.1:8080/token\"", "\"http://localhost/token\"", "\"http://[::1]:9/t\"",
                             "\"https://oauth2.googleapis.com/token\"", ""}) {
        CAPTURE(good);
        CHECK(provider::gemini::read_service_account(Secret(key_file({{"token_uri", good}}))).has_value());
    }
}
