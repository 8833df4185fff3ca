// SPDX-License-Identifier: MIT
// model/content.cpp - looking at a message.
#include <aikit/model/content.hpp>

namespace aikit::inline v0 {

char const* name(Role role) noexcept {
    switch (role) {
        case Role::system: return "system";
        case Role::user: return "user";
        case Role::assistant: return "assistant";
        case Role::tool: return "tool";
    }
    return "user";
}

namespace {

template <class Kind>
std::string joined(std::vector<Part> const& parts) {
    std::string all;
    for (Part const& part : parts) {
        if (Kind const* kind = std::get_if<Kind>(&part)) all += kind->text;
    }
    return all;
}

}  // namespace

std::string Message::text() const {
    return joined<TextPart>(parts);
}

std::string Message::refusal() const {
    return joined<RefusalPart>(parts);
}

std::string Message::reasoning() const {
    return joined<ReasoningPart>(parts);
}

std::vector<ToolCall> Message::tool_calls() const {
    std::vector<ToolCall> calls;
    for (Part const& part : parts) {
        if (ToolCall const* call = std::get_if<ToolCall>(&part)) calls.push_back(*call);
    }
    return calls;
}

}  // namespace aikit::inline v0
