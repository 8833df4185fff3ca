// SPDX-License-Identifier: MIT
// provider/openai_responses/stream.cpp - events of a streamed response, and its end.
#include "provider/openai_responses/stream.hpp"

#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"

namespace aikit::inline v0::provider::openai_responses {

namespace {

constexpr std::size_t most_items = 10'000;
constexpr std::string_view done_marker = "[DONE]";

/// A copy that does not live in the storage of one event.
json::object kept(json::value const& given) {
    return json::object(given.get_object(), boost::json::storage_ptr());
}

bool is_terminal(std::string_view type) noexcept {
    return type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

}  // namespace

void StreamDecoder::take(net::SseEvent const& event) {
    bool const marked = event.type == "error";
    if (event.data.empty() && !marked) return;
    if (event.data == done_marker) return cut();  // of a server that says so without having ended its response
    json::value const* const document = parse(event.data, marked);
    if (document == nullptr) return;
    if (!document->is_object()) return wrong("an event is no JSON object");
    std::string_view const type = json::text(*document, "type").value_or(event.type);
    if (marked || type == "error" || type.empty() || type == "message") {
        std::optional<Error> told = carrier::in_band_error(exchange(), *document, marked || type == "error");
        return told ? fail_with(std::move(*told)) : wrong("an event has no type");
    }
    if (is_repeated(*document)) return;
    if (is_terminal(type)) return complete_reply(type, *document);
    take_event(type, *document);
}

bool StreamDecoder::is_repeated(json::value const& event) {
    std::optional<std::int64_t> const number = json::integer(event, "sequence_number");
    if (!number) return false;
    bool const grows = !number_ || *number > *number_;
    if (!grows) return counts_;
    counts_ = counts_ || number_.has_value();
    number_ = number;
    return false;
}

void StreamDecoder::take_event(std::string_view type, json::value const& event) {
    if (type == "response.created" || type == "response.in_progress" || type == "response.queued") {
        return take_start(event);
    }
    if (type == "response.output_item.added") return take_item(event, false);
    if (type == "response.output_item.done") return take_item(event, true);
    if (type == "response.output_text.delta") return take_text(event, false);
    if (type == "response.refusal.delta") return take_text(event, true);
    if (type == "response.reasoning_summary_text.delta") return take_thought(event, "summary");
    if (type == "response.reasoning_text.delta") return take_thought(event, "content");
    if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta") {
        return take_arguments(event);
    }
    // What else there is repeats these, tells of the provider's own tools, or is newer than this program.
}

void StreamDecoder::take_start(json::value const& event) {
    json::value const* response = json::find(event, "response");
    if (response == nullptr || !response->is_object()) return wrong("the response that began is no object");
    if (started_) return;
    started_ = true;
    from_the_start_ = true;
    ReplyStarted started;
    started.id = std::string(json::text(*response, "id").value_or(""));
    model_ = std::string(json::text(*response, "model").value_or(""));
    started.model = model_;
    started.created = seconds(json::find(*response, "created_at"));
    push(std::move(started));
}

// ---- pieces ----

StreamDecoder::Item* StreamDecoder::item_of(json::value const& event) {
    std::optional<std::int64_t> const index = json::integer(event, "output_index");
    bool const sane = index && *index >= 0 && (items_.size() < most_items || items_.count(*index) > 0);
    if (!sane) {
        wrong("an event's output_index is no index");
        return nullptr;
    }
    return &items_[*index];
}

std::optional<std::string> StreamDecoder::piece_of(json::value const& event) {
    std::optional<std::string_view> const delta = json::text(event, "delta");
    if (!delta) {
        wrong("a piece is no text");
        return std::nullopt;
    }
    generating_ = true;
    return std::string(*delta);
}

void StreamDecoder::take_item(json::value const& event, bool done) {
    json::value const* given = json::find(event, "item");
    if (given == nullptr || !given->is_object()) return wrong("an item is no object");
    Item* const item = item_of(event);
    if (item == nullptr) return;
    std::string_view const type = json::text(*given, "type").value_or("");
    bool const custom = type == "custom_tool_call";
    if (type == "function_call" || custom) {
        generating_ = true;
        std::string_view const arguments = json::text(*given, custom ? "input" : "arguments").value_or("");
        if (item->call < 0) {
            item->call = calls_++;
            ToolCallProgress progress;
            progress.index = item->call;
            progress.id = std::string(json::text(*given, "call_id").value_or(""));
            progress.name = std::string(json::text(*given, "name").value_or(""));
            progress.arguments = item->arguments = std::string(arguments);
            progress.custom = custom;
            push(std::move(progress));
        }
        if (done) take_whole_call(*item, *given, arguments);
    }
    if (!done) return;
    std::optional<std::string_view> const sealed = json::text(*given, sealed_reasoning);
    if (type == "reasoning" && sealed) {
        ReasoningDelta reasoning;
        reasoning.signature = std::string(*sealed);
        reasoning.source = std::string(sealed_reasoning);
        reasoning.redacted = !item->has_thoughts && reasoning_text(*given).empty();
        generating_ = true;
        push(std::move(reasoning));
    }
    item->whole = kept(*given);
}

/// The whole has to be what its pieces were; a server that sends none is caught up with.
void StreamDecoder::take_whole_call(Item& item, json::value const& given, std::string_view arguments) {
    std::optional<std::string> rest = rest_of(item.arguments, std::string(arguments));
    if (!rest) return;
    if (rest->empty()) return;
    ToolCallProgress progress;
    progress.index = item.call;
    progress.arguments = std::move(*rest);
    progress.custom = json::text(given, "type") == "custom_tool_call";
    push(std::move(progress));
}

void StreamDecoder::take_text(json::value const& event, bool refusal) {
    std::optional<std::string> piece = piece_of(event);
    if (!piece || piece->empty()) return;
    (refusal ? refusal_ : text_) += *piece;
    if (!refusal) return push_text(0, std::move(*piece));
    RefusalDelta delta;
    delta.text = std::move(*piece);
    push(std::move(delta));
}

void StreamDecoder::take_thought(json::value const& event, std::string_view kind) {
    std::optional<std::string> piece = piece_of(event);
    if (!piece || piece->empty()) return;
    Item* const item = item_of(event);
    if (item == nullptr) return;
    std::int64_t const index = json::integer(event, kind == "summary" ? "summary_index" : "content_index").value_or(0);
    std::string part = std::string(kind) + " " + std::to_string(index);
    if (item->has_thoughts && part != item->thought) *piece = "\n\n" + *piece;
    item->has_thoughts = true;
    item->thought = std::move(part);
    thoughts_ += *piece;
    ReasoningDelta reasoning;
    reasoning.text = std::move(*piece);
    push(std::move(reasoning));
}

void StreamDecoder::take_arguments(json::value const& event) {
    std::optional<std::string> piece = piece_of(event);
    Item* const item = piece ? item_of(event) : nullptr;
    if (item == nullptr || piece->empty()) return;
    if (item->call < 0) return wrong("a tool call goes on that has not begun");
    item->arguments += *piece;
    ToolCallProgress progress;
    progress.index = item->call;
    progress.arguments = std::move(*piece);
    progress.custom = json::text(event, "type") == "response.custom_tool_call_input.delta";
    push(std::move(progress));
}

// ---- the end ----

/// What the whole says beyond the pieces; nothing when it contradicts them, which fails the stream.
std::optional<std::string> StreamDecoder::rest_of(std::string const& came, std::string const& whole) {
    if (whole.starts_with(came)) return whole.substr(came.size());
    if (!from_the_start_ && whole.ends_with(came)) return std::string();  // the pieces before are the caller's
    wrong("the whole is not what its pieces were");
    return std::nullopt;
}

bool StreamDecoder::catch_up(ChatReply const& reply) {
    Message const& message = reply.choices.front().message;
    std::optional<std::string> thoughts = rest_of(thoughts_, message.reasoning());
    std::optional<std::string> text = thoughts ? rest_of(text_, message.text()) : std::nullopt;
    std::optional<std::string> refusal = text ? rest_of(refusal_, message.refusal()) : std::nullopt;
    if (!refusal) return false;
    if (!thoughts->empty()) {
        ReasoningDelta reasoning;
        reasoning.text = std::move(*thoughts);
        push(std::move(reasoning));
    }
    if (!text->empty()) push_text(0, std::move(*text));
    if (!refusal->empty()) {
        RefusalDelta delta;
        delta.text = std::move(*refusal);
        push(std::move(delta));
    }
    return true;
}

void StreamDecoder::complete_reply(std::string_view type, json::value const& event) {
    done_ = true;
    json::value const* given = json::find(event, "response");
    if (given == nullptr || !given->is_object()) return wrong("the response that ended is no object");
    json::object response = kept(*given);
    std::string_view const word = json::text(*given, "status").value_or("");
    bool const over = word == "completed" || word == "incomplete" || word == "failed";
    if (!over || type == "response.failed") response["status"] = type.substr(type.find('.') + 1);
    if (std::optional<Error> failed = failure(exchange(), response)) return fail_with(std::move(*failed));

    // Some servers leave out of the end what the items have said.
    json::array const* output = json::member_array(*given, "output");
    if ((output == nullptr || output->empty()) && !items_.empty()) {
        json::array all;
        for (auto& [index, item] : items_) {
            if (item.whole.empty()) return wrong("it ended within an item");
            all.push_back(std::move(item.whole));
        }
        response["output"] = std::move(all);
    }
    Result<ChatReply> reply = read_response(std::move(response));
    if (!reply) return fail_with(carrier::unreadable(reply.error(), exchange()));
    if (!started_) {
        ReplyStarted started;
        started.id = reply->id;
        started.model = reply->model;
        started.created = reply->created;
        started_ = true;
        push(std::move(started));
    }
    if (!reply->model.empty()) model_ = reply->model;
    if (catch_up(*reply)) push_end(*reply);
}

void StreamDecoder::push_end(ChatReply& reply) {
    Choice& choice = reply.choices.front();
    for (std::string& warning : reply.info.warnings) warnings_.push_back(std::move(warning));
    take_usage(std::move(reply.usage), {});
    if (!reply.service_tier.empty()) {
        json::object tier;
        tier["service_tier"] = reply.service_tier;
        push_extra(-1, tier, false);
    }
    for (auto const& [place, text] : {std::pair(-1, &reply.extra), std::pair(0, &choice.message.extra)}) {
        if (text->empty()) continue;
        ExtraDelta extra;
        extra.choice = place;
        extra.json = *text;
        push(std::move(extra));
    }
    if (!choice.logprobs.empty()) {
        LogprobsDelta logprobs;
        logprobs.json = choice.logprobs;
        push(std::move(logprobs));
    }
    ChoiceFinished finished;
    finished.reason = choice.finish;
    finished.text = choice.finish_text;
    push(std::move(finished));
    for (Part& part : choice.message.parts) {
        auto* call = std::get_if<ToolCall>(&part);
        if (call == nullptr) continue;
        ToolCallReady ready;
        ready.call = std::move(*call);
        push(std::move(ready));
    }
    finish();
}

Result<ChatReply> StreamDecoder::read_document(std::string_view body) {
    Result<ChatReply> reply = decode_chat(exchange(), body);
    if (!reply || reply->complete) return reply;
    Error error = carrier::reply_error(
        exchange(), Errc::incomplete,
        "The provider " + exchange().provider + " answered before the response was there; ask for it by its id later.");
    error.maybe_executed = true;
    return error;
}

}  // namespace aikit::inline v0::provider::openai_responses
