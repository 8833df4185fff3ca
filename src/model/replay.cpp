// SPDX-License-Identifier: MIT
// model/replay.cpp - a whole reply as the events of a stream.
#include "model/replay.hpp"

#include "model/json_writer.hpp"

#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0 {

namespace {

class EventMaker {
public:
    explicit EventMaker(std::size_t piece) : piece_(piece) {}

    std::vector<ChatEvent> take(ChatReply const& reply) {
        ReplyStarted started;
        started.id = reply.id;
        started.model = reply.model;
        started.created = reply.created;
        events_.emplace_back(std::move(started));
        extra(-1, reply_extra(reply), false);
        for (Choice const& choice : reply.choices) take_parts(choice);
        if (!reply.usage.raw.empty() || !reply.usage.nothing()) {
            UsageUpdate usage;
            usage.usage = reply.usage;
            events_.emplace_back(std::move(usage));
        }
        for (Choice const& choice : reply.choices) {
            ChoiceFinished finished;
            finished.choice = choice.index;
            finished.reason = choice.finish;
            finished.text = choice.finish_text;
            events_.emplace_back(std::move(finished));
        }
        for (ToolCallReady& ready : ready_) events_.emplace_back(std::move(ready));
        Finished end;
        end.usage = reply.usage;
        end.info = reply.info;
        events_.emplace_back(std::move(end));
        return std::move(events_);
    }

private:
    static std::string reply_extra(ChatReply const& reply) {
        if (reply.service_tier.empty()) return reply.extra;
        std::string tier;
        JsonWriter out(tier);
        out.begin_object();
        out.key("service_tier").text(reply.service_tier);
        if (reply.extra.size() <= 2) return tier + "}";
        return tier + "," + reply.extra.substr(reply.extra.find('{') + 1);
    }

    void take_parts(Choice const& choice) {
        int calls = 0;
        for (Part const& part : choice.message.parts) {
            if (auto const* text = std::get_if<TextPart>(&part)) {
                take_text(choice.index, text->text);
            } else if (auto const* reasoning = std::get_if<ReasoningPart>(&part)) {
                ReasoningDelta delta;
                delta.choice = choice.index;
                delta.text = reasoning->text;
                delta.signature = reasoning->signature;
                delta.redacted = reasoning->redacted;
                delta.source = reasoning->source;
                events_.emplace_back(std::move(delta));
            } else if (auto const* refusal = std::get_if<RefusalPart>(&part)) {
                RefusalDelta delta;
                delta.choice = choice.index;
                delta.text = refusal->text;
                events_.emplace_back(std::move(delta));
            } else if (auto const* call = std::get_if<ToolCall>(&part)) {
                take_call(choice.index, calls++, *call);
            }
        }
        if (!choice.logprobs.empty()) {
            LogprobsDelta logprobs;
            logprobs.choice = choice.index;
            logprobs.json = choice.logprobs;
            events_.emplace_back(std::move(logprobs));
        }
        extra(choice.index, choice.message.extra, false);
        extra(choice.index, choice.extra, true);
    }

    void take_text(int choice, std::string const& text) {
        if (text.empty()) return extra(choice, R"({"content":""})", false);
        std::size_t at = 0;
        while (at < text.size()) {
            std::size_t end = piece_ == 0 ? text.size() : std::min(text.size(), at + piece_);
            if (end < text.size()) end = text::floor_char(text, end);
            if (end <= at) {  // one character is longer than a piece
                end = at + 1;
                while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
            }
            events_.emplace_back(TextDelta(choice, text.substr(at, end - at)));
            at = end;
        }
    }

    void take_call(int choice, int index, ToolCall const& call) {
        ToolCallProgress progress;
        progress.choice = choice;
        progress.index = index;
        progress.id = call.id;
        progress.name = call.name;
        progress.arguments = call.arguments;
        progress.custom = call.custom;
        events_.emplace_back(std::move(progress));
        ToolCallReady ready;
        ready.choice = choice;
        ready.call = call;
        ready_.push_back(std::move(ready));
    }

    void extra(int choice, std::string const& json, bool beside) {
        if (json.empty()) return;
        ExtraDelta delta;
        delta.choice = choice;
        delta.json = json;
        delta.beside = beside;
        events_.emplace_back(std::move(delta));
    }

    std::size_t piece_;
    std::vector<ChatEvent> events_;
    std::vector<ToolCallReady> ready_;
};

}  // namespace

std::vector<ChatEvent> replay(ChatReply const& reply, std::size_t piece) {
    EventMaker made(piece);
    return made.take(reply);
}

}  // namespace aikit::inline v0
