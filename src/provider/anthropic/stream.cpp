// SPDX-License-Identifier: MIT
// provider/anthropic/stream.cpp - message_start, blocks, message_delta, message_stop.
#include "provider/anthropic/stream.hpp"

#include "model/openai_form/form.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::anthropic {

namespace {

constexpr std::size_t most_blocks = 10'000;

std::string_view kind(json::object const& block) noexcept {
    json::value const* type = block.if_contains("type");
    return type != nullptr && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
}

/// A copy that does not live in the storage of one event.
json::object kept(json::value const& given) {
    return given.is_object() ? json::object(given.get_object(), boost::json::storage_ptr()) : json::object();
}

}  // namespace

void StreamDecoder::take(net::SseEvent const& event) {
    bool const marked = event.type == "error";
    if (event.data.empty() && !marked) return;
    json::value const* const document = parse(event.data, marked);
    if (document == nullptr) return;
    if (!document->is_object()) return wrong("an event is no JSON object");
    std::string_view const type = json::text(*document, "type").value_or("");
    if (marked || type == "error" || type.empty()) {
        std::optional<Error> told = carrier::in_band_error(exchange(), *document, marked || type == "error");
        return told ? fail_with(std::move(*told)) : wrong("an event has no type");
    }
    if (type == "message_start") return take_start(*document);
    if (type == "ping") return;
    bool const ours = type.starts_with("content_block_") || type.starts_with("message_");
    if (!ours) return;  // newer than this program
    if (!started_) return wrong("it began in the middle");
    if (type == "content_block_start") return take_block_start(*document);
    if (type == "content_block_delta") return take_block_delta(*document);
    if (type == "content_block_stop") return take_block_stop(*document);
    if (type == "message_delta") return take_message_delta(*document);
    if (type == "message_stop") return complete_reply();
}

void StreamDecoder::take_start(json::value const& event) {
    json::value const* message = json::find(event, "message");
    if (message == nullptr || !message->is_object()) return wrong("message_start has no message");
    merge_usage(json::find(*message, "usage"));
    if (started_) return;  // some proxies send it twice
    started_ = true;
    ReplyStarted started;
    started.id = std::string(json::text(*message, "id").value_or(""));
    model_ = std::string(json::text(*message, "model").value_or(""));
    started.model = model_;
    push(std::move(started));
}

StreamDecoder::Block* StreamDecoder::block_of(json::value const& event) {
    std::optional<std::int64_t> const index = json::integer(event, "index");
    auto const found = std::find_if(blocks_.begin(), blocks_.end(),
                                    [&](Block const& block) { return index && block.index == *index; });
    if (found == blocks_.end() || found->ended) {
        wrong("a block is spoken of that has not begun, or has ended");
        return nullptr;
    }
    return &*found;
}

void StreamDecoder::take_block_start(json::value const& event) {
    std::optional<std::int64_t> const index = json::integer(event, "index");
    json::value const* given = json::find(event, "content_block");
    if (!index || given == nullptr || !given->is_object()) return wrong("content_block_start has no block");
    bool const again =
        std::any_of(blocks_.begin(), blocks_.end(), [&](Block const& block) { return block.index == *index; });
    if (again || blocks_.size() == most_blocks) return wrong("a block begins twice, or there are too many");
    Block& block = blocks_.emplace_back();
    block.index = *index;
    block.content = kept(*given);
    std::string_view const type = kind(block.content);
    if (type == "text") {
        block.text = std::string(json::text(*given, "text").value_or(""));
        if (!block.text.empty()) push_text(0, block.text);
    } else if (type == "thinking") {
        block.text = std::string(json::text(*given, "thinking").value_or(""));
        block.signature = std::string(json::text(*given, "signature").value_or(""));
        ReasoningDelta reasoning;
        reasoning.text = block.text;
        reasoning.signature = block.signature;
        generating_ = true;
        if (!reasoning.text.empty() || !reasoning.signature.empty()) push(std::move(reasoning));
    } else if (type == "redacted_thinking") {
        ReasoningDelta reasoning;
        reasoning.redacted = true;
        reasoning.signature = std::string(json::text(*given, "data").value_or(""));
        generating_ = true;
        push(std::move(reasoning));
    } else if (type == "tool_use") {
        ToolCallProgress progress;
        block.call = calls_++;
        progress.index = block.call;
        progress.id = std::string(json::text(*given, "id").value_or(""));
        progress.name = std::string(json::text(*given, "name").value_or(""));
        generating_ = true;
        push(std::move(progress));
    }
}

void StreamDecoder::take_block_delta(json::value const& event) {
    Block* const block = block_of(event);
    if (block == nullptr) return;
    json::value const* delta = json::find(event, "delta");
    if (delta == nullptr || !delta->is_object()) return wrong("content_block_delta has no delta");
    take_delta(*block, *delta);
}

void StreamDecoder::take_delta(Block& block, json::value const& delta) {
    std::string_view const type = json::text(delta, "type").value_or("");
    auto const piece = [&](char const* member) { return json::text(delta, member); };
    if (type == "text_delta") {
        std::optional<std::string_view> const text = piece("text");
        if (!text) return wrong("a text_delta has no text");
        block.text += *text;
        if (!text->empty()) push_text(0, std::string(*text));
    } else if (type == "thinking_delta" || type == "signature_delta") {
        bool const signature = type == "signature_delta";
        std::optional<std::string_view> const text = piece(signature ? "signature" : "thinking");
        if (!text) return wrong("a piece of thinking has no text");
        (signature ? block.signature : block.text) += *text;
        ReasoningDelta reasoning;
        (signature ? reasoning.signature : reasoning.text) = std::string(*text);
        generating_ = true;
        if (!text->empty()) push(std::move(reasoning));
    } else if (type == "input_json_delta") {
        std::optional<std::string_view> const text = piece("partial_json");
        if (!text) return wrong("an input_json_delta has no partial_json");
        block.text += *text;
        generating_ = true;
        if (block.call < 0 || text->empty()) return;  // a call of the provider's own tools shows no progress
        ToolCallProgress progress;
        progress.index = block.call;
        progress.arguments = std::string(*text);
        push(std::move(progress));
    } else if (type == "citations_delta") {
        json::value const* citation = json::find(delta, "citation");
        if (citation == nullptr) return wrong("a citations_delta has no citation");
        json::value& all = block.content["citations"];
        if (!all.is_array()) all = json::array();
        all.get_array().push_back(json::value(*citation, boost::json::storage_ptr()));
    } else if (type == "compaction_delta") {
        if (std::optional<std::string_view> const text = piece("content")) block.text += *text;
    }
}

void StreamDecoder::take_block_stop(json::value const& event) {
    Block* const block = block_of(event);
    if (block == nullptr) return;
    block->ended = true;
    close(*block);
}

/// Puts what came in pieces where it stands in a whole message.
void StreamDecoder::close(Block& block) {
    std::string_view const type = kind(block.content);
    if (type == "text") {
        block.content["text"] = block.text;
    } else if (type == "thinking") {
        block.content["thinking"] = block.text;
        block.content["signature"] = block.signature;
    } else if (type == "compaction") {
        if (!block.text.empty()) block.content["content"] = block.text;
    } else if (block.content.if_contains("input") != nullptr && !block.text.empty()) {
        Result<json::value> input = json_exact::parse(block.text, "input");
        block.content["input"] = input && input->is_object() ? std::move(*input) : json::value();
    }
    block.text = std::string();
}

void StreamDecoder::take_message_delta(json::value const& event) {
    if (json::value const* delta = json::find(event, "delta"); delta != nullptr && delta->is_object()) {
        for (auto const& member : delta->get_object()) {
            if (!member.value().is_null())
                stop_[member.key()] = json::value(member.value(), boost::json::storage_ptr());
        }
    }
    merge_usage(json::find(event, "usage"));
}

void StreamDecoder::merge_usage(json::value const* given) {
    if (given == nullptr || !given->is_object()) return;
    for (auto const& member : given->get_object()) {
        if (member.value().is_null()) continue;
        usage_told_[member.key()] = json::value(member.value(), boost::json::storage_ptr());
    }
    std::vector<std::string> odd;
    Usage usage = read_usage(usage_told_, odd);
    take_usage(std::move(usage), std::move(odd));
}

void StreamDecoder::complete_reply() {
    if (stop_.if_contains("stop_reason") == nullptr) return wrong("it ended without a stop_reason");
    Choice stop;
    put_stop(stop, stop_);
    std::sort(blocks_.begin(), blocks_.end(), [](Block const& a, Block const& b) { return a.index < b.index; });
    json::array content;
    for (Block& block : blocks_) {
        if (!block.ended && !is_cut(stop.finish)) return wrong("it ended within a block");
        if (!block.ended) close(block);
        content.push_back(std::move(block.content));
    }
    blocks_.clear();
    Result<Content> whole = read_content(content);
    if (!whole) return fail_with(carrier::complete(whole.error(), exchange()));
    if (!whole->cut_call.empty() && !is_cut(stop.finish)) return wrong("a tool call's input is not JSON");
    if (!whole->cut_call.empty()) {
        warnings_.push_back("A tool call was cut short (stop_reason " + stop.finish_text + ") and left out.");
    }
    if (json::value const* tier = usage_told_.if_contains("service_tier"); tier != nullptr && tier->is_string()) {
        json::object extra;
        bool const fast = usage_told_.if_contains("speed") != nullptr && usage_told_.at("speed") == "fast";
        extra["service_tier"] = fast ? json::value("fast") : *tier;
        push_extra(-1, extra, false);
    }
    for (std::string_view const known : {"stop_reason", "stop_sequence", "stop_details"}) stop_.erase(known);
    push_extra(-1, stop_, false);
    for (auto const& [text, beside] : {std::pair(&whole->message.extra, false), std::pair(&stop.extra, true)}) {
        if (text->empty()) continue;
        ExtraDelta extra;
        extra.choice = 0;
        extra.json = *text;
        extra.beside = beside;
        push(std::move(extra));
    }
    ChoiceFinished finished;
    finished.reason = stop.finish;
    finished.text = stop.finish_text;
    push(std::move(finished));
    push_calls(whole->message);
    finish();
}

void StreamDecoder::push_calls(Message& message) {
    for (Part& part : message.parts) {
        auto* call = std::get_if<ToolCall>(&part);
        if (call == nullptr) continue;
        ToolCallReady ready;
        ready.call = std::move(*call);
        push(std::move(ready));
    }
}

}  // namespace aikit::inline v0::provider::anthropic
