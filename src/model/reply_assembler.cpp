// SPDX-License-Identifier: MIT
// model/reply_assembler.cpp - events of a stream to a reply, in linear time.
#include "model/json_exact.hpp"

#include <aikit/model/event.hpp>

#include <algorithm>

namespace aikit::inline v0 {

namespace {

/// How members that come again join what is there. A null never takes a value's place, objects join member by member.
enum class Joining {
    replace,  ///< The later one stands: what a server repeats with every chunk.
    append,   ///< Lists grow, and texts that come in pieces do: what belongs to a message.
};

/// Members of OpenAI's objects that come in pieces: function_call.arguments, audio.data, audio.transcript.
bool comes_in_pieces(std::string_view key) noexcept {
    return key == "arguments" || key == "data" || key == "transcript";
}

void join(json::object& into, json::object&& from, Joining joining, bool nested) {
    for (auto& member : from) {
        json::value& next = member.value();
        json::value& here = into[member.key()];
        if (next.is_null()) continue;
        if (here.is_object() && next.is_object()) {
            join(here.get_object(), std::move(next.get_object()), joining, true);
        } else if (joining == Joining::append && here.is_array() && next.is_array()) {
            for (json::value& item : next.get_array()) here.get_array().push_back(std::move(item));
        } else if (joining == Joining::append && nested && here.is_string() && next.is_string() &&
                   comes_in_pieces(member.key())) {
            here.get_string().append(next.get_string());
        } else {
            here = std::move(next);
        }
    }
}

std::string written(json::object const& object) {
    return object.empty() ? std::string() : json_exact::write(object);
}

}  // namespace

struct ReplyAssembler::Gathered {
    struct OfChoice {
        int index = 0;
        json::object message;
        json::object beside;
        json::object logprobs;
    };

    OfChoice& choice(int index) {
        for (OfChoice& one : choices) {
            if (one.index == index) return one;
        }
        choices.emplace_back().index = index;
        return choices.back();
    }

    /// Joins a JSON object's text; what is none is left out.
    void add(json::object& into, std::string const& text, Joining joining) {
        Result<json::value> parsed = json_exact::parse(text, "event");
        if (parsed && parsed->is_object()) join(into, std::move(parsed->get_object()), joining, false);
    }

    json::object reply;
    std::vector<OfChoice> choices;
};

ReplyAssembler::ReplyAssembler() = default;
ReplyAssembler::~ReplyAssembler() = default;
ReplyAssembler::ReplyAssembler(ReplyAssembler&&) noexcept = default;
ReplyAssembler& ReplyAssembler::operator=(ReplyAssembler&&) noexcept = default;

Choice& ReplyAssembler::choice(int index) {
    for (Choice& one : reply_.choices) {
        if (one.index == index) return one;
    }
    reply_.choices.emplace_back().index = index;
    return reply_.choices.back();
}

ReplyAssembler::Gathered& ReplyAssembler::gathered() {
    if (!gathered_) gathered_ = std::make_unique<Gathered>();
    return *gathered_;
}

void ReplyAssembler::take(ChatEvent const& event) {
    if (auto const* text = std::get_if<TextDelta>(&event)) {
        std::vector<Part>& parts = choice(text->choice).message.parts;
        TextPart* last = parts.empty() ? nullptr : std::get_if<TextPart>(&parts.back());
        if (last == nullptr) last = &std::get<TextPart>(parts.emplace_back(TextPart()));
        last->text += text->text;
        size_ += text->text.size();
    } else if (auto const* reasoning = std::get_if<ReasoningDelta>(&event)) {
        std::vector<Part>& parts = choice(reasoning->choice).message.parts;
        ReasoningPart* last = parts.empty() ? nullptr : std::get_if<ReasoningPart>(&parts.back());
        // A signature closes its block: text after it belongs to the next one.
        bool const closed = last != nullptr && !last->signature.empty();
        if (last == nullptr || reasoning->redacted || (closed && (last->redacted || !reasoning->text.empty()))) {
            last = &std::get<ReasoningPart>(parts.emplace_back(ReasoningPart()));
        }
        last->text += reasoning->text;
        last->signature += reasoning->signature;
        last->redacted = reasoning->redacted;
        size_ += reasoning->text.size() + reasoning->signature.size();
        if (last->source.empty()) last->source = reasoning->source;
    } else if (auto const* refusal = std::get_if<RefusalDelta>(&event)) {
        std::vector<Part>& parts = choice(refusal->choice).message.parts;
        RefusalPart* last = parts.empty() ? nullptr : std::get_if<RefusalPart>(&parts.back());
        if (last == nullptr) last = &std::get<RefusalPart>(parts.emplace_back(RefusalPart()));
        last->text += refusal->text;
        size_ += refusal->text.size();
    } else if (auto const* call = std::get_if<ToolCallReady>(&event)) {
        choice(call->choice).message.parts.emplace_back(call->call);
    } else if (auto const* started = std::get_if<ReplyStarted>(&event)) {
        reply_.id = started->id;
        reply_.model = started->model;
        reply_.created = started->created;
    } else if (auto const* logprobs = std::get_if<LogprobsDelta>(&event)) {
        choice(logprobs->choice);
        size_ += logprobs->json.size();
        gathered().add(gathered().choice(logprobs->choice).logprobs, logprobs->json, Joining::append);
    } else if (auto const* extra = std::get_if<ExtraDelta>(&event)) {
        size_ += extra->json.size();
        if (extra->choice < 0) return gathered().add(gathered().reply, extra->json, Joining::replace);
        choice(extra->choice);
        Gathered::OfChoice& of = gathered().choice(extra->choice);
        if (extra->beside) return gathered().add(of.beside, extra->json, Joining::replace);
        gathered().add(of.message, extra->json, Joining::append);
    } else if (auto const* usage = std::get_if<UsageUpdate>(&event)) {
        reply_.usage = usage->usage;
    } else if (auto const* finished = std::get_if<ChoiceFinished>(&event)) {
        Choice& one = choice(finished->choice);
        one.finish = finished->reason;
        one.finish_text = finished->text;
    } else if (auto const* end = std::get_if<Finished>(&event)) {
        reply_.usage = end->usage;
        reply_.info = *end->info;
        reply_.complete = true;
        settle();
    }
}

void ReplyAssembler::settle() {
    std::stable_sort(reply_.choices.begin(), reply_.choices.end(),
                     [](Choice const& a, Choice const& b) { return a.index < b.index; });
    if (!gathered_) return;

    if (json::value const* tier = gathered_->reply.if_contains("service_tier"); tier != nullptr && tier->is_string()) {
        reply_.service_tier = std::string(tier->get_string());
        gathered_->reply.erase("service_tier");
    }
    reply_.extra = written(gathered_->reply);
    for (Gathered::OfChoice& of : gathered_->choices) {
        Choice& one = choice(of.index);
        // An empty content says only that there is one.
        json::value const* content = of.message.if_contains("content");
        if (content != nullptr && content->is_string() && content->get_string().empty()) {
            of.message.erase("content");
            bool const has_text = std::any_of(one.message.parts.begin(), one.message.parts.end(),
                                              [](Part const& part) { return std::holds_alternative<TextPart>(part); });
            if (!has_text) one.message.parts.insert(one.message.parts.begin(), TextPart());
        }
        one.message.extra = written(of.message);
        one.extra = written(of.beside);
        one.logprobs = written(of.logprobs);
    }
}

ChatReply ReplyAssembler::release() {
    settle();
    gathered_.reset();
    size_ = 0;
    return std::exchange(reply_, ChatReply());
}

}  // namespace aikit::inline v0
