// SPDX-License-Identifier: MIT
// Streams that are cut, split and damaged: nothing is taken for complete that is not, and nothing depends on the cuts.
#include "openai_support.hpp"
#include "provider/openai_wire/stream.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace aikit;
using aikit_test::chunk;
using aikit_test::Json;
using aikit_test::Recorded;
using aikit_test::sse;
using provider::openai_wire::Exchange;
using provider::openai_wire::Quirks;
using provider::openai_wire::StreamDecoder;

namespace {

Exchange exchange() {
    net::Headers headers;
    headers.add("x-request-id", "req_7");
    return Exchange("openai", 200, headers, SystemTime());
}

int choices_of(Recorded const& recorded) {
    return aikit_test::call_of(recorded).request.n.value_or(1);
}

/// What a decoder made of some bytes.
struct Decoded {
    ReplyAssembler assembler;
    std::optional<Error> error;
    bool finished = false;
    int finished_events = 0;
    int tools = 0;

    /// Everything that was made, as text to compare.
    std::string all() {
        std::string text = json_form::write_reply((assembler.settle(), assembler.reply()));
        text += finished ? "finished" : "open";
        return error ? text + name(error->code) + error->message : text;
    }
};

/// Takes what the decoder has.
void drain(StreamDecoder& decoder, Decoded& into) {
    while (!into.error) {
        Result<std::optional<ChatEvent>> event = decoder.next();
        if (!event) {
            into.error = event.error();
            break;
        }
        if (!*event) break;
        into.assembler.take(**event);
        if (std::holds_alternative<Finished>(**event)) ++into.finished_events;
        if (std::holds_alternative<ToolCallReady>(**event)) ++into.tools;
    }
    into.finished = decoder.finished();
}

Decoded decode(std::vector<std::string_view> const& pieces, int choices, bool end, Quirks quirks = Quirks()) {
    StreamDecoder decoder(exchange(), quirks, choices);
    Decoded decoded;
    for (std::string_view const piece : pieces) {
        decoder.feed(piece);
        drain(decoder, decoded);
    }
    if (end) decoder.end();
    drain(decoder, decoded);
    return decoded;
}

Decoded decode(std::string_view body, int choices = 1, bool end = true, Quirks quirks = Quirks()) {
    return decode(std::vector<std::string_view>{body}, choices, end, quirks);
}

/// Where a reader may know of the end: behind the line that holds the marker.
std::size_t end_of_marker(std::string const& body) {
    std::size_t const at = body.rfind("data: [DONE]");
    return at == std::string::npos ? std::string::npos : at + std::string_view("data: [DONE]").size();
}

/// Which members a chunk has and of which kinds, all the way down, without what they say.
std::string shape(Json const& json) {
    std::string out(1, static_cast<char>('a' + static_cast<int>(json.kind)));
    for (auto const& [name, value] : json.members) out += name + ":" + shape(value) + ",";
    for (Json const& item : json.items) out += shape(item) + ";";
    return out;
}

/// Offsets worth a look: around every line end, and some drawn at random; all of them for a short text.
std::vector<std::size_t> offsets(std::string const& body, std::size_t all_below, std::size_t random) {
    std::vector<std::size_t> found;
    if (body.size() < all_below) {
        for (std::size_t i = 0; i <= body.size(); ++i) found.push_back(i);
        return found;
    }
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != '\n') continue;
        for (std::size_t const near : {i, i + 1, i + 2}) {
            if (near <= body.size()) found.push_back(near);
        }
    }
    std::mt19937 draw(7);
    for (std::size_t i = 0; i < random; ++i) found.push_back(draw() % (body.size() + 1));
    return found;
}

}  // namespace

TEST_CASE("no byte of a recorded stream before its end marker makes it complete") {
    for (Recorded const& recorded : aikit_test::chat_streams()) {
        CAPTURE(recorded.name);
        std::size_t const marker = end_of_marker(recorded.body);
        StreamDecoder decoder(exchange(), Quirks(), choices_of(recorded));
        Decoded decoded;
        for (std::size_t i = 0; i < recorded.body.size(); ++i) {
            decoder.feed(std::string_view(recorded.body).substr(i, 1));
            drain(decoder, decoded);
            if (i + 1 < marker) REQUIRE(!decoded.finished);
            if (i + 1 < marker) REQUIRE(decoded.tools == 0);
            if (i + 1 < marker) REQUIRE(!decoded.assembler.reply().complete);
        }
        decoder.end();  // one recording lacks the blank line after its marker
        drain(decoder, decoded);
        CHECK(decoded.finished == (marker != std::string::npos));
        CHECK(decoded.finished_events == (decoded.finished ? 1 : 0));
    }
}

TEST_CASE("a stream cut at every byte is never complete, whether it is cut, reset or ended properly") {
    std::size_t cuts = 0;
    std::vector<Recorded> recorded = aikit_test::chat_streams();
    // What every checkout has, and the shorter ones of what was recorded: their length counts twice.
    Recorded own;
    own.name = "by hand";
    own.status = 200;
    own.body = sse({chunk(R"({"role":"assistant","content":"Hi \u00e9"})"),
                    chunk(R"({"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]})"),
                    chunk("{}", R"("tool_calls")")});
    recorded.push_back(own);
    for (Recorded const& one : recorded) {
        if (one.body.size() > 4'000 || aikit_test::assemble(one.body).error) continue;
        CAPTURE(one.name);
        std::size_t const marker = end_of_marker(one.body);
        for (testing::Ending const ending : {testing::Ending::cut, testing::Ending::reset, testing::Ending::whole}) {
            aikit_test::FakeOpenAi openai;
            for (std::size_t at = 0; at <= one.body.size(); ++at) {
                testing::FakeReply reply = aikit_test::reply_of(one);
                reply.deliver = at;
                reply.ending = ending;
                openai.transport->reply(reply);
                auto const partial = std::make_shared<ChatReply>();
                Result<ChatReply> const got = openai.stream(aikit_test::call_of(one).request, partial);
                ++cuts;
                CAPTURE(at);
                REQUIRE((got ? got->complete : !partial->complete));
                if (at < marker) REQUIRE(got.has_error());
                if (at < marker)
                    REQUIRE((got.error().code == Errc::incomplete || got.error().code == Errc::connection));
            }
        }
    }
    MESSAGE("cuts: " << cuts);
    CHECK(cuts > 1'000);
}

TEST_CASE("a stream cut on its way keeps its partial text, usage so far and request id") {
    std::size_t cuts = 0;
    for (Recorded const& recorded : aikit_test::chat_streams()) {
        if (aikit_test::assemble(recorded.body).error) continue;
        CAPTURE(recorded.name);
        std::size_t const marker = end_of_marker(recorded.body);
        for (testing::Ending const ending : {testing::Ending::cut, testing::Ending::reset, testing::Ending::whole}) {
            for (std::size_t const at : offsets(recorded.body, 0, 5)) {
                if (at % 7 != 0) continue;
                aikit_test::FakeOpenAi openai;
                testing::FakeReply reply = aikit_test::reply_of(recorded);
                reply.headers.set("x-request-id", "req_7");
                reply.deliver = at;
                reply.ending = ending;
                openai.transport->reply(reply);
                auto const partial = std::make_shared<ChatReply>();
                Result<ChatReply> const got = openai.stream(aikit_test::call_of(recorded).request, partial);
                ++cuts;
                CAPTURE(at);
                if (at < marker) {
                    REQUIRE(!got.has_value());
                    Errc const expected = ending == testing::Ending::reset ? Errc::connection : Errc::incomplete;
                    REQUIRE(got.error().code == expected);
                    REQUIRE(got.error().request_id == "req_7");
                    REQUIRE(!partial->complete);
                    REQUIRE(partial->info.attempts.front().provider_request_id == "req_7");
                    REQUIRE(partial->info.attempts.front().outcome == name(expected));
                    std::string const begun = recorded.body.substr(0, at);
                    aikit_test::Assembled whole = aikit_test::assemble(recorded.body);
                    REQUIRE(whole.choices[0].content.rfind(partial->text(), 0) == 0);
                }
                REQUIRE(openai.transport->open_bodies() == 0);
            }
        }
    }
    MESSAGE("cuts: " << cuts);
}

TEST_CASE("a reply arrives the same however its bytes are cut") {
    std::size_t splits = 0;
    for (Recorded const& recorded : aikit_test::chat_streams()) {
        CAPTURE(recorded.name);
        int const choices = choices_of(recorded);
        std::string const expected = decode(recorded.body, choices).all();
        std::string_view const body = recorded.body;
        for (std::size_t const at : offsets(recorded.body, 2'500, 60)) {
            CAPTURE(at);
            REQUIRE(decode({body.substr(0, at), body.substr(at)}, choices, true).all() == expected);
            ++splits;
        }
        std::mt19937 draw(11);
        for (int round = 0; round < 20; ++round) {
            std::size_t const one = draw() % (body.size() + 1);
            std::size_t const two = one + draw() % (body.size() - one + 1);
            REQUIRE(decode({body.substr(0, one), body.substr(one, two - one), body.substr(two)}, choices, true).all() ==
                    expected);
            ++splits;
        }
        std::vector<std::string_view> bytes;
        for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
        REQUIRE(decode(bytes, choices, true).all() == expected);
    }
    MESSAGE("splits: " << splits);
}

TEST_CASE("a hundred large chunks take the memory of one") {
    // Memory that doubled from chunk to chunk would be 2^100 chunks' by the end.
    std::string const words(20'000, 'w');
    std::vector<std::string> chunks;
    for (int i = 0; i < 100; ++i) chunks.push_back(chunk("{\"content\":\"" + words + "\"}"));
    chunks.push_back(chunk("{}", R"("stop")"));
    Decoded const decoded = decode(sse(chunks));
    REQUIRE_FALSE(decoded.error.has_value());
    CHECK(decoded.assembler.reply().text().size() == 100 * words.size());
}

TEST_CASE("what stands behind the end marker is not looked at") {
    std::string const body = sse({chunk(R"({"content":"Hi"})"), chunk("{}", R"("stop")")});
    for (std::string const& behind : {std::string("data: {\"error\":\"x\"}\n\n"), std::string("garbage"),
                                      chunk(R"({"content":"more"})"), std::string("data: [DONE]\n\n")}) {
        Decoded const decoded = decode(body + behind);
        CHECK(!decoded.error.has_value());
        CHECK(decoded.finished_events == 1);
        CHECK(decoded.assembler.reply().text() == "Hi");
    }
}

TEST_CASE("a finish reason without the end marker is not the end") {
    std::string body = sse({chunk(R"({"content":"Hi"})"), chunk("{}", R"("stop")")});
    body.resize(body.find("data: [DONE]"));
    CHECK(decode(body).error->code == Errc::incomplete);

    SUBCASE("unless the endpoint is known never to send one") {
        Quirks quirks;
        quirks.done_marker_required = false;
        Decoded const decoded = decode(body, 1, true, quirks);
        CHECK(!decoded.error.has_value());
        CHECK(decoded.assembler.reply().complete);
        CHECK(decode(body.substr(0, body.rfind("data:")), 1, true, quirks).error->code == Errc::incomplete);
        CHECK(decode(body.substr(0, body.size() - 10), 1, true, quirks).error->code == Errc::incomplete);
        CHECK(!decode(body, 1, false, quirks).finished);
    }
}

TEST_CASE("choices of one stream are told apart by their index") {
    std::vector<std::string> data;
    std::vector<std::string> const texts{"Alpha beta gamma", "One two three four", "x"};
    for (std::size_t at = 0; at < 20; ++at) {
        for (std::size_t choice = texts.size(); choice-- > 0;) {
            if (at >= texts[choice].size()) continue;
            data.push_back(chunk("{\"content\":\"" + texts[choice].substr(at, 1) + "\"}", "null", int(choice)));
        }
    }
    data.push_back(chunk("{}", R"("length")", 1));
    data.push_back(chunk("{}", R"("stop")", 2));
    data.push_back(chunk("{}", R"("stop")", 0));

    Decoded const decoded = decode(sse(data), 3);

    REQUIRE(!decoded.error.has_value());
    ChatReply const& reply = decoded.assembler.reply();
    REQUIRE(reply.choices.size() == 3);
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(reply.choices[i].message.text() == texts[i]);
    CHECK(reply.choices[1].finish == FinishReason::length);
    CHECK(decode(sse(data), 2).error->code == Errc::protocol);
}

TEST_CASE("invalid UTF-8 in a chunk fails the stream and is never replaced") {
    std::vector<std::string> const bad{"\x80",
                                       "\xBF",
                                       "\xC0\xAF",
                                       "\xC1\xBF",
                                       "\xC3",
                                       "\xE0\x80\xAF",
                                       "\xE2\x82",
                                       "\xED\xA0\x80",
                                       "\xED\xBF\xBF",
                                       "\xF0\x80\x80\xAF",
                                       "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80",
                                       "\xFE",
                                       "\xFF",
                                       "\xC3(",
                                       "\xF0\x9F\x98"};
    for (std::string const& bytes : bad) {
        Decoded const decoded = decode(sse({chunk(R"({"content":"ok"})"), chunk("{\"content\":\"a" + bytes + "b\"}")}));
        REQUIRE(decoded.error.has_value());
        CHECK(decoded.error->code == Errc::protocol);
        CHECK(decoded.assembler.reply().text() == "ok");
        CHECK(!decoded.assembler.reply().complete);
    }
    for (std::string const escape : {"\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\u0041"}) {
        CHECK(decode(sse({chunk("{\"content\":\"" + escape + "\"}")})).error->code == Errc::protocol);
    }
    Decoded const good = decode(sse({chunk("{\"content\":\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \xC3\xA9\"}")}));
    CHECK(good.assembler.reply().text() == "\xF0\x9F\x98\x80 \xF0\x9F\x98\x80 \xC3\xA9");
}

TEST_CASE("nesting beyond the limit is an error however deep") {
    auto const nested = [](std::size_t depth) {
        return R"({"id":"c","choices":[{"index":0,"delta":{"content":"a","x":)" + std::string(depth, '[') +
               std::string(depth, ']') + "}}]}";
    };
    CHECK(!decode(sse({nested(32)})).error.has_value());
    CHECK(decode(sse({nested(65)})).error->code == Errc::protocol);
    CHECK(decode(sse({nested(1'000'000)})).error->code == Errc::protocol);
    CHECK(decode(sse({std::string(1'000'000, '[')})).error->code == Errc::protocol);
}

TEST_CASE("a server that ignores stream and answers with one document is understood") {
    std::string const body = R"( {"id":"c","object":"chat.completion","created":3,"model":"m","choices":[{"index":0,
        "message":{"role":"assistant","content":"Hello","tool_calls":[{"id":"1","type":"function",
        "function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,
        "completion_tokens":2,"total_tokens":5}})";
    for (std::size_t cut = 0; cut < body.size(); cut += 3) {
        Decoded const decoded =
            decode({std::string_view(body).substr(0, cut), std::string_view(body).substr(cut)}, 1, true);
        REQUIRE(!decoded.error.has_value());
        ChatReply const& reply = decoded.assembler.reply();
        CHECK(reply.complete);
        CHECK(reply.text() == "Hello");
        CHECK(reply.choices.front().message.tool_calls().size() == 1);
        CHECK(reply.usage.output == 2);
        CHECK(!decode({std::string_view(body).substr(0, cut)}, 1, true).finished);
    }
}

TEST_CASE("an empty stream, blank lines and comments alone are no reply") {
    for (std::string const body : {"", "\n\n\n", ": ping\n\n: ping\n\n", "data:\n\n"}) {
        CHECK(decode(body).error->code == Errc::incomplete);
    }
    CHECK(decode("data: [DONE]\n\n").error->code == Errc::protocol);
}

TEST_CASE("chunks without choices, without delta and with null members are taken as they are") {
    Decoded const decoded = decode(sse({
        R"({"id":"","model":"","object":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]})",
        R"({"id":"c","model":"m","created":7,"choices":[{"index":0,"delta":null,"finish_reason":null}],"usage":null})",
        R"({"id":"c","choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{"start":1}}]})",
        R"({"id":"c","choices":[{"index":0,"delta":{"content":null,"tool_calls":null,"refusal":null}}]})",
        R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi","tool_calls":[]}}]})",
        R"({"id":"c","choices":null,"latency_checkpoint":{"a":1}})",
        R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"obfuscation":"xyz"})",
        R"({"id":"c","usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}})",
    }));
    REQUIRE(!decoded.error.has_value());
    ChatReply const& reply = decoded.assembler.reply();
    CHECK(reply.text() == "Hi");
    CHECK(reply.id == "c");
    CHECK(reply.model == "m");
    CHECK(reply.usage.input == 5);
    Json const extra = Json::parse(reply.extra);
    CHECK(extra.has("prompt_filter_results"));
    CHECK(extra.has("latency_checkpoint"));
    CHECK(!extra.has("obfuscation"));
    CHECK(Json::parse(reply.choices.front().extra).has("content_filter_offsets"));
}
