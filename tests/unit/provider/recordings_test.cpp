// SPDX-License-Identifier: MIT
// Real traffic of OpenAI and of servers that speak its dialect: what is sent, and what is made of the answer.
#include "openai_support.hpp"

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Json;
using aikit_test::Recorded;

namespace {

std::vector<Recorded> all_recordings() {
    std::vector<Recorded> all = aikit_test::recordings("openai");
    for (Recorded& one : aikit_test::recordings("openai-compat")) all.push_back(std::move(one));
    return all;
}

bool have_recordings() {
    bool const there = std::filesystem::is_directory(aikit_test::recordings_folder());
    if (!there) MESSAGE("skipped: there are no recordings beside the repository");
    return there;
}

/// The reply without what is ours.
Json theirs(std::string const& reply) {
    Json json = Json::parse(reply);
    json.members.erase("aikit");
    return json;
}

}  // namespace

TEST_CASE("a recorded reply comes back with every member the provider sent") {
    if (!have_recordings()) return;
    int replies = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (!recorded.is_chat() || recorded.status != 200 || recorded.is_stream()) continue;
        CAPTURE(recorded.name);
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));

        Result<ChatReply> const reply = openai.chat(aikit_test::call_of(recorded).request);

        REQUIRE(reply.has_value());
        CHECK(reply->complete);
        CHECK(aikit_test::difference(theirs(json_form::write_reply(*reply)), Json::parse(recorded.body)) == "");
        CHECK(check(reply->usage).has_value());
        CHECK(Json::parse(json_form::write_reply(*reply))["aikit"]["complete"].yes);
        ++replies;
    }
    MESSAGE("replies equal to their recording: " << replies);
    CHECK(replies > 0);
}

TEST_CASE("a recorded stream comes back as what its chunks say when put together by hand") {
    if (!have_recordings()) return;
    int complete = 0;
    int failed = 0;
    for (Recorded const& recorded : aikit_test::chat_streams()) {
        CAPTURE(recorded.name);
        aikit_test::Assembled const expected = aikit_test::assemble(recorded.body);
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));
        auto const partial = std::make_shared<ChatReply>();

        Result<ChatReply> const reply = openai.stream(aikit_test::call_of(recorded).request, partial);

        CHECK(bool(reply) == (expected.done && !expected.error));
        ChatReply const& got = reply ? *reply : *partial;
        Json json = Json::parse(json_form::write_reply(got));
        CHECK(got.complete == (expected.done && !expected.error));
        if (reply) CHECK(aikit_test::difference(expected, json) == "");
        if (!reply) CHECK(json["choices"].items.front()["message"]["content"].text == expected.choices.at(0).content);
        CHECK(check(got.usage).has_value());
        ++(reply ? complete : failed);
    }
    MESSAGE("streams equal to their recording: " << complete << ", recorded failures: " << failed);
    CHECK(complete > 0);
}

TEST_CASE("a recorded request is sent as the SDK that was recorded sent it") {
    if (!have_recordings()) return;
    int sent = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (!recorded.is_chat() || !recorded.request.is_object()) continue;
        CAPTURE(recorded.name);
        provider::OpenAiConfig config = aikit_test::FakeOpenAi::defaults();
        config.dialect = provider::OpenAiConfig::Dialect::compatible;
        aikit_test::FakeOpenAi openai(config);
        openai.transport->reply(aikit_test::reply_of(recorded));
        json_form::ChatCall const call = aikit_test::call_of(recorded);

        if (call.stream) {
            (void)openai.stream(call.request);
        } else {
            (void)openai.chat(call.request);
        }

        REQUIRE(openai.transport->sent().size() == 1);
        Json body = Json::parse(*openai.transport->sent().front().body);
        if (!recorded.request.has("stream_options")) body.members.erase("stream_options");
        CHECK(aikit_test::difference(body, recorded.request) == "");
        CHECK(openai.transport->sent().front().url == "https://api.openai.com/v1/chat/completions");
        ++sent;
    }
    MESSAGE("requests equal to their recording: " << sent);
    CHECK(sent > 0);
}

TEST_CASE("a recorded request survives being read and written in the house form") {
    if (!have_recordings()) return;
    int read = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (!recorded.is_chat() || !recorded.request.is_object()) continue;
        CAPTURE(recorded.name);
        Result<json_form::ChatCall> const call = json_form::read_chat(recorded.request.dump());
        REQUIRE(call.has_value());

        Result<std::string> const written = json_form::write_chat(call->request);

        REQUIRE(written.has_value());
        Json expected = recorded.request;
        expected.members.erase("stream");
        CHECK(aikit_test::difference(Json::parse(*written), expected) == "");
        ++read;
    }
    CHECK(read > 0);
}

TEST_CASE("recorded embeddings arrive bit for bit") {
    if (!have_recordings()) return;
    int replies = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (!recorded.path.ends_with("/embeddings") || recorded.status != 200) continue;
        CAPTURE(recorded.name);
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));
        Result<EmbedRequest> const request = json_form::read_embed(recorded.request.dump());
        REQUIRE(request.has_value());

        Result<EmbedReply> const reply = testing::run(openai.provider->embed(*request, CallOptions()));

        REQUIRE(reply.has_value());
        Json const body = Json::parse(recorded.body);
        REQUIRE(reply->vectors.size() == body["data"].items.size());
        CHECK(reply->model == body["model"].text);
        CHECK(static_cast<double>(reply->usage.input) == body["usage"]["prompt_tokens"].number());
        for (std::size_t i = 0; i < reply->vectors.size(); ++i) {
            // Four letters of base64 are three bytes: written again, the floats give the same letters.
            std::string bytes;
            for (float const number : reply->vectors[i]) {
                char raw[sizeof(float)];
                std::memcpy(raw, &number, sizeof(float));
                bytes.append(raw, sizeof(float));
            }
            constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            std::string text;
            for (std::size_t at = 0; at < bytes.size(); at += 3) {
                unsigned three = 0;
                for (std::size_t j = 0; j < 3; ++j) {
                    three = three << 8 | (at + j < bytes.size() ? static_cast<unsigned char>(bytes[at + j]) : 0U);
                }
                for (int shift = 18; shift >= 0; shift -= 6) text += letters[three >> shift & 63];
            }
            std::size_t const missing = (3 - bytes.size() % 3) % 3;
            text.replace(text.size() - missing, missing, std::string(missing, '='));
            CHECK(text == body["data"].items[i]["embedding"].text);
        }
        Json const sent = Json::parse(*openai.transport->sent().front().body);
        CHECK(aikit_test::difference(sent, recorded.request) == "");
        ++replies;
    }
    MESSAGE("embedding replies equal to their recording: " << replies);
    CHECK(replies > 0);
}

TEST_CASE("recorded moderation verdicts come back with every score as it was") {
    if (!have_recordings()) return;
    int replies = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (!recorded.path.ends_with("/moderations") || recorded.status != 200) continue;
        CAPTURE(recorded.name);
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));
        Result<ModerateRequest> const request = json_form::read_moderate(recorded.request.dump());
        REQUIRE(request.has_value());

        Result<ModerateReply> const reply = testing::run(openai.provider->moderate(*request, CallOptions()));

        REQUIRE(reply.has_value());
        Json const body = Json::parse(recorded.body);
        CHECK(aikit_test::difference(theirs(json_form::write_moderation(*reply)), body) == "");
        CHECK(reply->results.front().flagged == body["results"].items.front()["flagged"].yes);
        CHECK(reply->results.front().categories.size() == body["results"].items.front()["categories"].members.size());
        Json const sent = Json::parse(*openai.transport->sent().front().body);
        CHECK(aikit_test::difference(sent, recorded.request) == "");
        ++replies;
    }
    MESSAGE("moderation replies equal to their recording: " << replies);
    CHECK(replies > 0);
}

TEST_CASE("a recorded model is listed with every member the provider sent") {
    if (!have_recordings()) return;
    int replies = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (recorded.kind != "models") continue;
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));

        Result<ModelList> const list = testing::run(openai.provider->models(CallOptions()));

        REQUIRE(list.has_value());
        Json const written = theirs(json_form::write_models(*list));
        CHECK(aikit_test::difference(written["data"].items.front(), Json::parse(recorded.body)) == "");
        CHECK(openai.transport->sent().front().method == "GET");
        CHECK(openai.transport->sent().front().repeatable);
        ++replies;
    }
    CHECK(replies > 0);
}

TEST_CASE("a recorded failure is an error of the right kind with the provider's own words") {
    if (!have_recordings()) return;
    std::map<std::string, Errc> const codes{
        {"error_400", Errc::invalid_request}, {"error_401", Errc::authentication}, {"error_404", Errc::not_found},
        {"error_429", Errc::rate_limited},    {"error_500", Errc::server_error},
    };
    int errors = 0;
    for (Recorded const& recorded : all_recordings()) {
        if (recorded.status < 400) continue;
        CAPTURE(recorded.name);
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(aikit_test::reply_of(recorded));

        Result<ChatReply> const reply = openai.chat(ChatRequest("some-model", "Hello"));

        REQUIRE(!reply.has_value());
        Error const& error = reply.error();
        Json const body = Json::parse(recorded.body);
        std::string const message = body["error"]["message"].text;
        Errc expected = codes.at(recorded.kind);
        if (message.find("maximum context length") != std::string::npos) expected = Errc::context_length;
        if (body["error"]["code"].text == "model_not_found") expected = Errc::not_found;
        CHECK(name(error.code) == std::string(name(expected)));
        CHECK(error.http_status == recorded.status);
        CHECK(error.provider == "openai");
        CHECK(error.remote_detail == message);
        CHECK(error.message.find(message.substr(0, 20)) == std::string::npos);
        Json const& code = body["error"]["code"];
        CHECK(error.provider_code == (code.is_null() ? body["error"]["type"].text : code.text));
        CHECK(retryable(error) == (recorded.status == 429 || recorded.status >= 500));
        for (auto const& [header, value] : recorded.headers) {
            if (header == "x-request-id") CHECK(error.request_id == value);
        }
        if (recorded.name.find("rate-limit-ms") != std::string::npos) {
            REQUIRE(error.retry_after.has_value());
            CHECK(error.retry_after->count() == 174);
        }
        ++errors;
    }
    MESSAGE("recorded failures told rightly: " << errors);
    CHECK(errors > 0);
}
