// SPDX-License-Identifier: MIT
// Tool calls in pieces, in every dialect seen: they come out as they were meant, whole, or not at all.
#include "openai_support.hpp"
#include "provider/openai_wire/stream.hpp"
#include "provider/openai_wire/tool_calls.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace aikit;
using aikit_test::chunk;
using aikit_test::Json;
using aikit_test::sse;

namespace {

struct Meant {
    std::string id, name, arguments;
};

std::string quoted(std::string const& text) {
    return Json::of(text).dump();
}

/// How a server writes fragments.
struct Dialect {
    enum class Index { counted, zero, missing, null_value, text };
    enum class Id { first, every, missing, null_value, empty, changing };

    Index index = Index::counted;
    Id id = Id::first;
    bool name_every_time = false;
    bool whole = false;           // a call is one fragment
    bool interleaved = false;     // fragments of the calls take turns
    bool null_arguments = false;  // the first fragment has null or no arguments
    bool index_from_one = false;

    /// Can a reader know what was meant? Without any index, turns need an id in every fragment.
    bool decidable() const {
        bool const indexed = index == Index::counted || index == Index::text;
        bool const identified = id == Id::every;
        if (interleaved && !indexed && !identified) return false;
        if (id == Id::changing && (name_every_time || !indexed)) return false;
        return true;
    }
};

std::string fragment(Dialect const& dialect, std::size_t number, Meant const& meant, std::string const& piece,
                     bool first, int serial) {
    std::vector<std::string> members;
    std::string const index = std::to_string(number + (dialect.index_from_one ? 1 : 0));
    if (dialect.index == Dialect::Index::counted) members.push_back("\"index\":" + index);
    if (dialect.index == Dialect::Index::zero) members.push_back("\"index\":0");
    if (dialect.index == Dialect::Index::null_value) members.push_back("\"index\":null");
    if (dialect.index == Dialect::Index::text) members.push_back("\"index\":\"" + index + "\"");
    if (dialect.id == Dialect::Id::every || (dialect.id == Dialect::Id::first && first)) {
        members.push_back("\"id\":" + quoted(meant.id));
    }
    if (dialect.id == Dialect::Id::null_value) members.push_back("\"id\":null");
    if (dialect.id == Dialect::Id::empty) members.push_back("\"id\":\"\"");
    if (dialect.id == Dialect::Id::changing) members.push_back("\"id\":\"random" + std::to_string(serial) + "\"");
    members.push_back("\"type\":\"function\"");
    std::string function;
    if (first || dialect.name_every_time) function = "\"name\":" + quoted(meant.name);
    bool const silent = dialect.null_arguments && first && piece.empty();
    if (silent && serial % 2 == 0) function += ",\"arguments\":null";
    if (!silent) function += (function.empty() ? "" : ",") + ("\"arguments\":" + quoted(piece));
    members.push_back("\"function\":{" + function + "}");
    std::string all;
    for (std::string const& member : members) all += (all.empty() ? "" : ",") + member;
    return "{" + all + "}";
}

/// The fragments of some calls in the order they are sent.
std::vector<std::string> fragments(Dialect const& dialect, std::vector<Meant> const& calls, std::mt19937& draw) {
    std::vector<std::vector<std::string>> each(calls.size());
    int serial = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        std::string const& arguments = calls[i].arguments;
        if (dialect.whole) {
            each[i].push_back(fragment(dialect, i, calls[i], arguments, true, serial++));
            continue;
        }
        each[i].push_back(fragment(dialect, i, calls[i], "", true, serial++));
        for (std::size_t at = 0; at < arguments.size();) {
            std::size_t length = 1 + draw() % 7;
            while (at + length < arguments.size() &&
                   (static_cast<unsigned char>(arguments[at + length]) & 0xC0) == 0x80) {
                ++length;  // a chunk is valid UTF-8
            }
            each[i].push_back(fragment(dialect, i, calls[i], arguments.substr(at, length), false, serial++));
            at += length;
        }
    }
    std::vector<std::string> all;
    if (!dialect.interleaved) {
        for (auto const& one : each) all.insert(all.end(), one.begin(), one.end());
        return all;
    }
    for (std::size_t turn = 0;; ++turn) {
        std::size_t const before = all.size();
        for (auto const& one : each) {
            if (turn < one.size()) all.push_back(one[turn]);
        }
        if (all.size() == before) return all;
    }
}

std::vector<Meant> some_calls(std::mt19937& draw, std::size_t count) {
    std::vector<std::string> const texts{R"({"city":"Berlin"})",
                                         R"({"a":[1,2,{"b":"}]{["}],"c":null})",
                                         R"({"quote":"say \"hi\" \\ { "})",
                                         R"({"text":"Grüße, 日本 😀"})",
                                         R"({})",
                                         R"({"deep":{"er":{"est":[[[1]]]}}})"};
    std::vector<Meant> calls;
    for (std::size_t i = 0; i < count; ++i) {
        Meant meant;
        meant.id = "call_" + std::to_string(draw() % 100'000) + "_" + std::to_string(i);
        meant.name = draw() % 2 == 0 ? "get_weather" : "tool_" + std::to_string(draw() % 3);
        meant.arguments = texts[draw() % texts.size()];
        calls.push_back(meant);
    }
    return calls;
}

}  // namespace

TEST_CASE("parallel tool calls come out as they were meant in every dialect") {
    std::mt19937 draw(3);
    int tried = 0;
    for (int bits = 0; bits < 5 * 6 * 16; ++bits) {
        Dialect dialect;
        dialect.index = static_cast<Dialect::Index>(bits % 5);
        dialect.id = static_cast<Dialect::Id>(bits / 5 % 6);
        dialect.name_every_time = (bits / 30 & 1) != 0;
        dialect.whole = (bits / 30 & 2) != 0;
        dialect.interleaved = (bits / 30 & 4) != 0;
        dialect.null_arguments = (bits / 30 & 8) != 0;
        dialect.index_from_one = bits % 2 == 0;
        if (!dialect.decidable()) continue;
        for (std::size_t count = 1; count <= 5; ++count) {
            std::vector<Meant> const calls = some_calls(draw, count);
            std::vector<std::string> data;
            for (std::string const& one : fragments(dialect, calls, draw)) {
                data.push_back(chunk("{\"tool_calls\":[" + one + "]}"));
            }
            data.push_back(chunk("{}", R"("tool_calls")"));
            CAPTURE(sse(data));
            aikit_test::FakeOpenAi openai;
            openai.transport->reply(200, sse(data));

            Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));

            REQUIRE(reply.has_value());
            std::vector<ToolCall> const got = reply->choices.front().message.tool_calls();
            REQUIRE(got.size() == calls.size());
            for (std::size_t i = 0; i < calls.size(); ++i) {
                REQUIRE(got[i].name == calls[i].name);
                REQUIRE(got[i].arguments == calls[i].arguments);
                bool const told = dialect.id == Dialect::Id::first || dialect.id == Dialect::Id::every;
                if (told) REQUIRE(got[i].id == calls[i].id);
                REQUIRE(!got[i].id.empty());
            }
            CHECK(reply->choices.front().finish == FinishReason::tool_calls);
            ++tried;
        }
    }
    MESSAGE("dialects times calls: " << tried);
    CHECK(tried > 500);
}

TEST_CASE("arguments cut at any byte are never handed over") {
    std::string const arguments = R"({"path":"/data/x","lines":[1,2,3],"text":"a\"b\\"})";
    for (std::string const finish : {R"("tool_calls")", R"("stop")", R"("length")", R"("content_filter")", "null"}) {
        for (std::size_t cut = 0; cut < arguments.size(); ++cut) {
            std::string const call =
                R"({"index":0,"id":"a","function":{"name":"rm","arguments":)" + quoted(arguments.substr(0, cut)) + "}}";
            aikit_test::FakeOpenAi openai;
            openai.transport->reply(200, sse({chunk(R"({"content":"Now"})"), chunk("{\"tool_calls\":[" + call + "]}"),
                                              chunk("{}", finish)}));
            auto const partial = std::make_shared<ChatReply>();

            Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"), partial);

            CAPTURE(finish);
            CAPTURE(cut);
            bool const limited = finish.find("length") != finish.npos || finish.find("filter") != finish.npos;
            if (limited) {
                REQUIRE(reply.has_value());
                CHECK(reply->choices.front().message.tool_calls().empty());
                CHECK(reply->info.warnings.size() == 1);
                CHECK(reply->text() == "Now");
            } else if (cut == 0) {
                REQUIRE(reply.has_value());  // no arguments at all are the empty ones
                CHECK(reply->choices.front().message.tool_calls().front().arguments == "{}");
            } else {
                REQUIRE(!reply.has_value());
                CHECK(reply.error().code == Errc::protocol);
                CHECK(partial->choices.front().message.tool_calls().empty());
                CHECK(partial->text() == "Now");
            }
        }
    }
}

TEST_CASE("a whole reply with broken arguments is told, and one that was cut loses only the broken call") {
    auto const body = [](std::string const& arguments, std::string const& finish) {
        return R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":")" + finish +
               R"(","message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
                "function":{"name":"a","arguments":"{\"x\":1}"}},{"id":"2","type":"function","function":{"name":"b",
                "arguments":)" +
               quoted(arguments) + "}}]}}]}";
    };
    aikit_test::FakeOpenAi openai;
    openai.transport->reply(200, body("{\"x\":", "tool_calls"));
    CHECK(openai.chat(ChatRequest("m", "hi")).error().code == Errc::protocol);

    openai.transport->reply(200, body("{\"x\":", "length"));
    Result<ChatReply> const cut = openai.chat(ChatRequest("m", "hi"));
    REQUIRE(cut.has_value());
    CHECK(cut->choices.front().message.tool_calls().size() == 1);
    CHECK(cut->choices.front().finish == FinishReason::length);
    CHECK(cut->info.warnings.size() == 1);

    openai.transport->reply(200, body("", "stop"));
    Result<ChatReply> const whole = openai.chat(ChatRequest("m", "hi"));
    REQUIRE(whole.has_value());
    CHECK(whole->choices.front().message.tool_calls().back().arguments == "{}");
    CHECK(whole->choices.front().finish == FinishReason::tool_calls);
}

TEST_CASE("progress of a tool call shows its pieces before it is ready") {
    std::string const body =
        sse({chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]})"),
             chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]})"),
             chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]})"), chunk("{}", R"("tool_calls")")});
    provider::openai_wire::StreamDecoder decoder(provider::openai_wire::Exchange(), provider::openai_wire::Quirks(), 1);
    decoder.feed(body);
    std::string pieces;
    std::vector<std::string> order;
    while (!decoder.finished() || order.empty() || order.back() != "finished") {
        Result<std::optional<ChatEvent>> const event = decoder.next();
        REQUIRE(event.has_value());
        REQUIRE(event->has_value());
        if (auto const* progress = std::get_if<ToolCallProgress>(&**event)) {
            pieces += progress->arguments;
            order.push_back("progress");
        }
        if (std::holds_alternative<ToolCallReady>(**event)) order.push_back("ready");
        if (std::holds_alternative<Finished>(**event)) order.push_back("finished");
    }
    CHECK(pieces == R"({"x":1})");
    CHECK(order == std::vector<std::string>{"progress", "progress", "progress", "ready", "finished"});
}

TEST_CASE("fragments of kinds that make no sense fail the stream") {
    for (std::string const fragment :
         {"1", "null", "\"x\"", "[]", R"({"function":7})", R"({"function":{"name":"f","arguments":7}})",
          R"({"index":0,"function":{"name":"f","arguments":["a"]}})"}) {
        aikit_test::FakeOpenAi openai;
        openai.transport->reply(200, sse({chunk("{\"tool_calls\":[" + std::string(fragment) + "]}")}));
        CAPTURE(fragment);
        CHECK(openai.stream(ChatRequest("m", "hi")).error().code == Errc::protocol);
    }
    aikit_test::FakeOpenAi openai;
    openai.transport->reply(200, sse({chunk(R"({"tool_calls":{}})")}));
    CHECK(openai.stream(ChatRequest("m", "hi")).error().code == Errc::protocol);
    openai.transport->reply(200,
                            sse({chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]})")}));
    CHECK(openai.stream(ChatRequest("m", "hi")).error().code == Errc::protocol);
}

TEST_CASE("a custom tool's input is plain text, whole only when the stream ended by itself") {
    auto const body = [](std::string const& finish) {
        return sse(
            {chunk(R"({"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"sh","input":"ls "}}]})"),
             chunk(R"({"tool_calls":[{"index":0,"custom":{"input":"-l"}}]})"), chunk("{}", finish)});
    };
    aikit_test::FakeOpenAi openai;
    openai.transport->reply(200, body(R"("tool_calls")"));
    Result<ChatReply> const reply = openai.stream(ChatRequest("m", "hi"));
    REQUIRE(reply.has_value());
    ToolCall const call = reply->choices.front().message.tool_calls().front();
    CHECK(call.custom);
    CHECK(call.arguments == "ls -l");

    openai.transport->reply(200, body(R"("length")"));
    CHECK(openai.stream(ChatRequest("m", "hi"))->choices.front().message.tool_calls().empty());
}
