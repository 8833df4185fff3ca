// SPDX-License-Identifier: MIT
#include <aikit/model/chat.hpp>

#include <doctest/doctest.h>

using namespace aikit;

TEST_CASE("a message shows its texts, refusals, thoughts and calls") {
    Message message(Role::assistant, "one ");
    ReasoningPart thought;
    thought.text = "hm";
    message.parts.emplace_back(thought);
    message.parts.emplace_back(TextPart("two"));
    RefusalPart refusal;
    refusal.text = "no";
    message.parts.emplace_back(refusal);
    ToolCall call;
    call.name = "f";
    message.parts.emplace_back(call);
    CHECK(message.text() == "one two");
    CHECK(message.reasoning() == "hm");
    CHECK(message.refusal() == "no");
    CHECK(message.tool_calls().size() == 1);
    CHECK(Message().text().empty());
    CHECK(ChatReply().text().empty());
}

TEST_CASE("names are OpenAI's words") {
    CHECK(std::string(name(Role::system)) == "system");
    CHECK(std::string(name(Role::user)) == "user");
    CHECK(std::string(name(Role::assistant)) == "assistant");
    CHECK(std::string(name(Role::tool)) == "tool");
    CHECK(std::string(name(FinishReason::unknown)).empty());
    CHECK(std::string(name(FinishReason::stop)) == "stop");
    CHECK(std::string(name(FinishReason::length)) == "length");
    CHECK(std::string(name(FinishReason::tool_calls)) == "tool_calls");
    CHECK(std::string(name(FinishReason::content_filter)) == "content_filter");
}
