// SPDX-License-Identifier: MIT
// cost/request_tokens.cpp - text by the tokenizer, frames of messages and tools by rule, media by size.
//
// Messages: OpenAI's cookbook "How to count tokens with tiktoken": three tokens of frame each, the role, one for a
// name, three that open the answer. How tools and schemas are written into a prompt is not published: the share here
// was measured on recorded calls.
#include "cost/request_tokens.hpp"

#include "cost/image_tokens.hpp"

namespace aikit::inline v0::cost {
namespace {

constexpr std::int64_t message_frame = 3, answer_frame = 3;

// What the bound allows for beyond what can be counted: frames, and the prompts that providers put in front.
constexpr std::int64_t most_frame = 16;
constexpr std::int64_t most_hidden = 1'024;

// A JSON schema is written into the prompt shorter than it is sent.
constexpr std::int64_t tool_hundredths = 85;

class Counter {
public:
    Counter(std::string const& provider, std::string const& model, text::Tokenizer const* tokenizer)
        : provider_(provider), model_(model), tokenizer_(tokenizer) {
        tokens_.exact = tokenizer != nullptr;
    }

    void text(std::string_view text) { add(text, 100); }

    void message(Message const& message) {
        tokens_.expected += message_frame + 1;  // every role is one token
        tokens_.at_most += most_frame;
        if (!message.name.empty()) {
            ++tokens_.expected;
            text(message.name);
        }
        unseen(message.extra);
        for (Part const& part : message.parts) std::visit([this](auto const& p) { this->part(p); }, part);
    }

    void part(TextPart const& part) {
        text(part.text);
        unseen(part.extra);
    }
    void part(RefusalPart const& part) { text(part.text); }
    void part(ReasoningPart const& part) {
        text(part.text);
        unseen(part.signature);  // some of it is reasoning that is not shown
    }
    void part(ToolCall const& call) {
        text(call.name);
        text(call.arguments);
        tokens_.expected += message_frame;
        tokens_.at_most += most_frame + static_cast<std::int64_t>(call.id.size());
    }
    void part(ToolResult const& result) {
        for (auto const& content : result.content) std::visit([this](auto const& p) { this->part(p); }, content);
        tokens_.at_most += most_frame + static_cast<std::int64_t>(result.call_id.size());
    }
    void part(MediaPart const& media) {
        tokens_.exact = false;
        unseen(media.extra);
        auto const size = media.bytes ? static_cast<std::int64_t>(media.bytes->size()) : 0;
        if (media.kind == MediaPart::Kind::image) {
            std::optional<ImageSize> const dimensions = media.bytes ? image_size(*media.bytes) : std::nullopt;
            ImageTokens const image = image_tokens(provider_, model_, dimensions, media.detail);
            tokens_.expected += image.expected;
            tokens_.at_most += image.at_most;
            tokens_.images = true;
        } else if (media.kind == MediaPart::Kind::audio) {
            tokens_.expected += 64 + size / 2'000;  // ten tokens a second, 20 kB a second
            tokens_.open_ended = tokens_.audio = true;
        } else {
            tokens_.expected += 1'500 + size / 64;  // a page and its text
            tokens_.open_ended = true;
        }
    }

    void tool(ToolSpec const& tool) {
        for (std::string const* words : {&tool.name, &tool.description, &tool.parameters, &tool.raw}) {
            add(*words, tool_hundredths);
        }
        tokens_.at_most += most_frame;
        if (!tool.raw.empty()) tokens_.open_ended = true;  // what runs at the provider reads what it likes
    }

    void request(ChatRequest const& request) {
        for (Message const& one : request.messages) message(one);
        for (ToolSpec const& one : request.tools) tool(one);
        if (request.response_format) {
            add(request.response_format->schema, 100);
            add(request.response_format->name, 100);
            add(request.response_format->description, 100);
        }
        unseen(request.extra);
        bool const openai = provider_ == "openai" || provider_ == "azure";
        tokens_.expected += answer_frame;
        tokens_.at_most += openai && request.tools.empty() && !request.response_format ? most_frame : most_hidden;
        if (!request.tools.empty() && !openai) {
            // Anthropic's guide "Tool use": 346 tokens of system prompt; others put less in front.
            tokens_.expected += model_.find("claude") != std::string::npos ? 346 : 100;
        }
        if (!request.tools.empty() || request.response_format) tokens_.exact = false;
    }

    InputTokens const& tokens() const noexcept { return tokens_; }

private:
    void add(std::string_view text, std::int64_t hundredths) {
        if (text.empty()) return;
        if (tokenizer_ != nullptr) {
            std::int64_t const count = tokenizer_->count(text);
            tokens_.expected += count * hundredths / 100;
            tokens_.at_most += hundredths == 100 ? count : static_cast<std::int64_t>(text.size());
        } else {
            text::TokenEstimate const estimate = text::estimate_tokens(text);
            tokens_.expected += estimate.expected * hundredths / 100;
            tokens_.at_most += estimate.at_most;
        }
    }

    /// Sent along, and perhaps read.
    void unseen(std::string_view text) { tokens_.at_most += static_cast<std::int64_t>(text.size()); }

    std::string const& provider_;
    std::string const& model_;
    text::Tokenizer const* tokenizer_;
    InputTokens tokens_;
};

}  // namespace

std::shared_ptr<text::Tokenizer const> tokenizer_of(PriceEntry const& entry) {
    for (text::Encoding const encoding : {text::Encoding::o200k_base, text::Encoding::cl100k_base}) {
        if (entry.tokenizer != text::name(encoding)) continue;
        Result<std::shared_ptr<text::Tokenizer const>> found = text::Tokenizer::find(encoding);
        return found ? *found : nullptr;
    }
    return nullptr;
}

InputTokens count_chat(std::string const& provider, ChatRequest const& request, text::Tokenizer const* tokenizer) {
    Counter counter(provider, request.model, tokenizer);
    counter.request(request);
    return counter.tokens();
}

InputTokens count_embed(std::string const& provider, EmbedRequest const& request, text::Tokenizer const* tokenizer) {
    Counter counter(provider, request.model, tokenizer);
    for (Part const& part : request.inputs) std::visit([&](auto const& p) { counter.part(p); }, part);
    InputTokens tokens = counter.tokens();
    tokens.at_most += static_cast<std::int64_t>(request.inputs.size()) * most_frame;
    return tokens;
}

bool mentions(ChatRequest const& request, std::string_view word) {
    if (request.extra.find(word) != std::string::npos) return true;
    for (Message const& message : request.messages) {
        if (message.extra.find(word) != std::string::npos) return true;
        for (Part const& part : message.parts) {
            auto const* text = std::get_if<TextPart>(&part);
            if (text != nullptr && text->extra.find(word) != std::string::npos) return true;
        }
    }
    return false;
}

}  // namespace aikit::inline v0::cost
