// SPDX-License-Identifier: MIT
#include "golden/plain_json.hpp"
#include "model/replay.hpp"

#include <aikit/model/json_form.hpp>

#include <doctest/doctest.h>

#include <ctime>

using namespace aikit;
using aikit_test::Json;

namespace {

template <class Event>
Event of_choice(int choice, std::string text) {
    Event event;
    event.choice = choice;
    event.text = std::move(text);
    return event;
}

ExtraDelta extra(int choice, std::string json, bool beside = false) {
    ExtraDelta event;
    event.choice = choice;
    event.json = std::move(json);
    event.beside = beside;
    return event;
}

LogprobsDelta logprobs(std::string json) {
    LogprobsDelta event;
    event.json = std::move(json);
    return event;
}

/// A reply that has something in every field.
ChatReply full_reply() {
    ChatReply reply;
    reply.id = "c1";
    reply.model = "m";
    reply.created = 7;
    reply.service_tier = "default";
    reply.extra = R"({"system_fingerprint":"fp"})";
    reply.usage.input = 3;
    reply.usage.output = 4;
    reply.complete = true;
    for (int index = 0; index < 2; ++index) {
        Choice& choice = reply.choices.emplace_back();
        choice.index = index;
        ReasoningPart reasoning;
        reasoning.text = "hm";
        reasoning.signature = "sig";
        reasoning.source = "reasoning";
        choice.message.parts.emplace_back(reasoning);
        choice.message.parts.emplace_back(TextPart("Grüße 日本 😀"));
        RefusalPart refusal;
        refusal.text = "no";
        choice.message.parts.emplace_back(refusal);
        ToolCall call;
        call.id = "t" + std::to_string(index);
        call.name = "f";
        call.arguments = R"({"a":1})";
        choice.message.parts.emplace_back(call);
        choice.message.extra = R"({"annotations":[{"x":1}]})";
        choice.extra = R"({"seed":7})";
        choice.logprobs = R"({"content":[{"token":"a"}]})";
        choice.finish = FinishReason::tool_calls;
        choice.finish_text = "tool_calls";
    }
    return reply;
}

std::string house(ChatReply const& reply) {
    Json json = Json::parse(json_form::write_reply(reply));
    json.members.erase("aikit");
    return json.dump();
}

}  // namespace

TEST_CASE("a reply that is replayed is the same again, however its texts are cut") {
    ChatReply const reply = full_reply();
    for (std::size_t piece = 0; piece < 12; ++piece) {
        ReplyAssembler assembler;
        int finished = 0;
        std::vector<ChatEvent> const events = replay(reply, piece);
        for (ChatEvent const& event : events) {
            CHECK(!assembler.reply().complete);
            assembler.take(event);
            if (std::holds_alternative<Finished>(event)) ++finished;
            if (auto const* text = std::get_if<TextDelta>(&event)) {
                CHECK(!text->text.empty());
                CHECK((static_cast<unsigned char>(text->text.front()) & 0xC0) != 0x80);
            }
        }
        CHECK(finished == 1);
        CHECK(std::holds_alternative<Finished>(events.back()));
        CHECK(assembler.reply().complete);
        CHECK(house(assembler.reply()) == house(reply));
        CHECK(assembler.reply().choices.front().message.reasoning() == "hm");
        CHECK(std::get<ReasoningPart>(assembler.reply().choices.front().message.parts.front()).signature == "sig");
    }
}

TEST_CASE("choices come into the order of their index, and parts stay in the order they came") {
    ReplyAssembler assembler;
    assembler.take(TextDelta(2, "c"));
    assembler.take(TextDelta(0, "a1 "));
    assembler.take(of_choice<ReasoningDelta>(0, "think"));
    assembler.take(TextDelta(0, "a2"));
    assembler.take(of_choice<RefusalDelta>(1, "no"));
    assembler.settle();
    ChatReply const& reply = assembler.reply();
    REQUIRE(reply.choices.size() == 3);
    for (int i = 0; i < 3; ++i) CHECK(reply.choices[static_cast<std::size_t>(i)].index == i);
    CHECK(reply.choices[0].message.parts.size() == 3);
    CHECK(reply.choices[0].message.text() == "a1 a2");
    CHECK(reply.choices[1].message.refusal() == "no");
    CHECK(!reply.complete);
}

TEST_CASE("a signature closes its block of reasoning") {
    ReplyAssembler assembler;
    assembler.take(of_choice<ReasoningDelta>(0, "one "));
    assembler.take(of_choice<ReasoningDelta>(0, "block"));
    ReasoningDelta signature;
    signature.signature = "s1";
    assembler.take(signature);
    assembler.take(of_choice<ReasoningDelta>(0, "next"));
    std::vector<Part> const& parts = assembler.reply().choices.front().message.parts;
    REQUIRE(parts.size() == 2);
    CHECK(std::get<ReasoningPart>(parts[0]).text == "one block");
    CHECK(std::get<ReasoningPart>(parts[0]).signature == "s1");
    CHECK(std::get<ReasoningPart>(parts[1]).text == "next");
}

TEST_CASE("members without a field are joined: repeated ones stand, pieces grow") {
    ReplyAssembler assembler;
    assembler.take(extra(-1, R"({"service_tier":"flex","citations":["a"],"meta":{"x":1,"y":null}})"));
    assembler.take(extra(-1, R"({"citations":["a","b"],"meta":{"y":2},"system_fingerprint":null})"));
    assembler.take(extra(0, R"({"annotations":[1],"audio":{"id":"i","data":"AA"},"channel":"x"})"));
    assembler.take(extra(0, R"({"annotations":[2],"audio":{"data":"BB","id":null},"channel":"x"})"));
    assembler.take(extra(0, R"({"seed":1})", true));
    assembler.take(extra(0, "not JSON"));
    assembler.take(logprobs(R"({"content":[{"token":"a"}],"refusal":null})"));
    assembler.take(logprobs(R"({"content":[{"token":"b"}],"refusal":[{"token":"r"}]})"));
    assembler.settle();
    ChatReply const& reply = assembler.reply();
    CHECK(reply.service_tier == "flex");
    CHECK(Json::parse(reply.extra) ==
          Json::parse(R"({"citations":["a","b"],"meta":{"x":1,"y":2},"system_fingerprint":null})"));
    CHECK(Json::parse(reply.choices.front().message.extra) ==
          Json::parse(R"({"annotations":[1,2],"audio":{"id":"i","data":"AABB"},"channel":"x"})"));
    CHECK(Json::parse(reply.choices.front().extra) == Json::parse(R"({"seed":1})"));
    CHECK(Json::parse(reply.choices.front().logprobs) ==
          Json::parse(R"({"content":[{"token":"a"},{"token":"b"}],"refusal":[{"token":"r"}]})"));
}

TEST_CASE("an empty content says that there is one, unless there is more") {
    ReplyAssembler empty;
    empty.take(extra(0, R"({"content":""})"));
    empty.settle();
    CHECK(empty.reply().choices.front().message.parts.size() == 1);
    CHECK(empty.reply().choices.front().message.extra.empty());
    ReplyAssembler full;
    full.take(TextDelta(0, "a"));
    full.take(extra(0, R"({"content":""})"));
    full.settle();
    CHECK(full.reply().choices.front().message.parts.size() == 1);
}

TEST_CASE("assembling takes time in proportion to the events") {
    auto const seconds = [](int count) {
        std::clock_t const before = std::clock();
        ReplyAssembler assembler;
        for (int i = 0; i < count; ++i) {
            assembler.take(TextDelta(0, "word "));
            assembler.take(extra(0, R"({"reasoning_details":[{"type":"reasoning.text","text":"some words"}]})"));
            assembler.take(logprobs(R"({"content":[{"token":"a","logprob":-0.5}]})"));
        }
        assembler.settle();
        CHECK(assembler.reply().text().size() == static_cast<std::size_t>(count) * 5);
        return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    };
    seconds(500);
    double const small = seconds(2'000);
    double const large = seconds(16'000);  // eight times as many: a quadratic one would take sixty-four times as long
    CHECK(large < small * 30 + 0.05);
}

TEST_CASE("what was released is gone") {
    ReplyAssembler assembler;
    assembler.take(TextDelta(0, "a"));
    CHECK(assembler.release().text() == "a");
    CHECK(assembler.reply().choices.empty());
    assembler.take(TextDelta(0, "b"));
    CHECK(assembler.reply().text() == "b");
}
