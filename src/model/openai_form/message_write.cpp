// SPDX-License-Identifier: MIT
// model/openai_form/message_write.cpp - messages to OpenAI's JSON.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <algorithm>

namespace aikit::inline v0::openai_form {

namespace {

void warn(Style const& style, std::string sentence) {
    if (style.warnings == nullptr) return;
    bool const told = std::find(style.warnings->begin(), style.warnings->end(), sentence) != style.warnings->end();
    if (!told) style.warnings->push_back(std::move(sentence));
}

/// Does it stand in `content`, rather than beside it?
bool is_content(Part const& part) {
    if (auto const* refusal = std::get_if<RefusalPart>(&part)) return !refusal->extra.empty();
    return std::holds_alternative<TextPart>(part) || std::holds_alternative<MediaPart>(part);
}

bool is_plain(Part const& part) {
    auto const* text = std::get_if<TextPart>(&part);
    return text != nullptr && text->extra.empty();
}

/// The parts as a string where that says all, else as a list of objects.
Result<void> write_content(JsonWriter& out, std::vector<Part const*> const& parts, bool join, Style const& style,
                           std::string const& path) {
    bool const plain = std::all_of(parts.begin(), parts.end(), [](Part const* part) { return is_plain(*part); });
    if (plain && (join || parts.size() <= 1)) {
        if (parts.size() == 1) {
            out.text(std::get<TextPart>(*parts.front()).text);
            return ok();
        }
        std::string all;
        for (Part const* part : parts) all += std::get<TextPart>(*part).text;
        out.text(all);
        return ok();
    }
    out.begin_array();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Result<void> written = write_part(out, *parts[i], style, path + ".content[" + std::to_string(i) + "]");
        if (!written) return written;
    }
    out.end_array();
    return ok();
}

/// One message, written member by member.
class MessageWriter {
public:
    MessageWriter(JsonWriter& out, Message const& message, Style const& style, std::string const& path)
        : out_(out), message_(message), style_(style), path_(path), extra_(message.extra) {}

    Result<void> write() {
        if (!extra_.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        bool results = false;
        for (Part const& part : message_.parts) {
            auto const* result = std::get_if<ToolResult>(&part);
            if (result == nullptr) continue;
            Result<void> written = write_result(*result, results);
            if (!written) return written;
            results = true;
        }
        bool const more = std::any_of(message_.parts.begin(), message_.parts.end(),
                                      [](Part const& part) { return !std::holds_alternative<ToolResult>(part); });
        if (results && !more) return ok();
        if (results && message_.role == Role::tool) return wrong(path_, "mixes tool results with other parts");
        return write_turn();
    }

private:
    /// A tool's result is a message of its own.
    Result<void> write_result(ToolResult const& result, bool later) {
        std::vector<Part> parts;
        for (auto const& part : result.content) {
            if (auto const* text = std::get_if<TextPart>(&part)) parts.emplace_back(*text);
            if (auto const* media = std::get_if<MediaPart>(&part)) parts.emplace_back(*media);
        }
        std::vector<Part const*> pointers;
        for (Part const& part : parts) {
            if (style_.only_openai_parts && std::holds_alternative<MediaPart>(part)) {
                return fail(Errc::unsupported, "This endpoint takes only text in a tool's result (" + path_ + ").");
            }
            pointers.push_back(&part);
        }
        out_.begin_object();
        out_.member("role", "tool");
        out_.member("tool_call_id", result.call_id);
        bool const own_content = parts.empty() && !later && extra_.find("content") != nullptr;
        if (!own_content) {
            out_.key("content");
            Result<void> written = write_content(out_, pointers, false, style_, path_);
            if (!written) return written;
        }
        if (result.failed && style_.house) {
            out_.key("aikit").begin_object();
            out_.key("failed").boolean(true);
            out_.end_object();
        } else if (result.failed) {
            warn(style_, "The endpoint has no mark for a tool that failed; its result is sent as it is.");
        }
        if (!later && message_.role == Role::tool) {
            if (!own_content) extra_.drop("content");
            write_tail();
        }
        out_.end_object();
        return ok();
    }

    Result<void> write_turn() {
        out_.begin_object();
        write_role();
        Result<void> content = write_turn_content();
        if (!content) return content;
        write_refusal();
        write_reasoning();
        Result<void> calls = write_calls();
        if (!calls) return calls;
        write_tail();
        out_.end_object();
        return ok();
    }

    void write_role() {
        // "developer" is OpenAI's newer name of "system", "function" its older one of "tool".
        json::value const* given = extra_.find("role");
        bool const kept = given != nullptr && given->is_string() &&
                          ((message_.role == Role::system && given->get_string() == "developer") ||
                           (message_.role == Role::tool && given->get_string() == "function"));
        out_.member("role", kept ? std::string_view(given->get_string()) : name(message_.role));
        extra_.drop("role");
    }

    Result<void> write_turn_content() {
        std::vector<Part const*> parts;
        for (Part const& part : message_.parts) {
            if (is_content(part)) parts.push_back(&part);
        }
        bool const assistant = message_.role == Role::assistant;
        if (parts.empty() && extra_.find("content") != nullptr) return ok();
        if (parts.empty() && assistant) {
            if (style_.reply) out_.key("content").null();
            return ok();
        }
        extra_.drop("content");
        out_.key("content");
        return write_content(out_, parts, assistant, style_, path_);
    }

    void write_refusal() {
        std::string refusal;
        bool any = false;
        for (Part const& part : message_.parts) {
            auto const* one = std::get_if<RefusalPart>(&part);
            if (one == nullptr || is_content(part)) continue;
            refusal += one->text;
            any = true;
        }
        if (!any) return;
        extra_.drop("refusal");
        out_.member("refusal", refusal);
    }

    /// What came from an OpenAI-style endpoint goes back under its own name; the rest only aikit knows how to keep.
    void write_reasoning() {
        std::vector<ReasoningPart const*> foreign;
        std::string joined;
        std::string source;
        for (Part const& part : message_.parts) {
            auto const* one = std::get_if<ReasoningPart>(&part);
            if (one == nullptr) continue;
            bool const signed_too = style_.house && !one->signature.empty();
            if (one->source.empty() || one->redacted || signed_too || (!source.empty() && source != one->source)) {
                foreign.push_back(one);
                continue;
            }
            source = one->source;
            joined += one->text;
        }
        if (!source.empty()) {
            extra_.drop(source);
            out_.key(source).text(joined);
        }
        if (foreign.empty()) return;
        if (!style_.house) {
            return warn(style_, "Reasoning of another dialect has no place in a request to this endpoint; left out.");
        }
        out_.key("aikit").begin_object();
        out_.key("reasoning").begin_array();
        for (ReasoningPart const* one : foreign) {
            out_.begin_object();
            out_.member("text", one->text);
            if (!one->signature.empty()) out_.member("signature", one->signature);
            if (one->redacted) out_.key("redacted").boolean(true);
            if (!one->source.empty()) out_.member("source", one->source);
            out_.end_object();
        }
        out_.end_array();
        out_.end_object();
    }

    Result<void> write_calls() {
        bool open = false;
        for (Part const& part : message_.parts) {
            auto const* call = std::get_if<ToolCall>(&part);
            if (call == nullptr) continue;
            if (!open) {
                extra_.drop("tool_calls");
                out_.key("tool_calls").begin_array();
                open = true;
            }
            Result<void> written = write_call(*call);
            if (!written) return written;
        }
        if (open) out_.end_array();
        return ok();
    }

    Result<void> write_call(ToolCall const& call) {
        Extra const extra(call.extra);
        if (!extra.valid()) return wrong(path_ + ".tool_calls.extra", "must be a JSON object");
        std::string text;
        JsonWriter plain(text);
        JsonWriter& to = extra.members().empty() ? out_ : plain;
        to.begin_object();
        to.key("id").text(call.id);
        to.key("type").text(call.custom ? "custom" : "function");
        to.key(call.custom ? "custom" : "function").begin_object();
        to.key("name").text(call.name);
        to.key(call.custom ? "input" : "arguments").text(call.arguments);
        to.end_object();
        to.end_object();
        if (extra.members().empty()) return ok();

        Result<json::value> whole = json_exact::parse(text, "tool call", Errc::invalid_argument);
        if (!whole) return wrong(path_ + ".tool_calls", "is not valid UTF-8");
        overlay(whole->get_object(), extra.members());
        // "" is how some servers write that there are no arguments.
        json::value const* function = extra.find("function");
        if (function != nullptr && call.arguments == "{}" && json::text(*function, "arguments") == "") {
            whole->at("function").get_object()["arguments"] = "";
        }
        out_.value(*whole);
        return ok();
    }

    void write_tail() {
        if (!message_.name.empty()) {
            extra_.drop("name");
            out_.member("name", message_.name);
        }
        if (!style_.house) extra_.drop(native_content);
        extra_.write(out_);
    }

    JsonWriter& out_;
    Message const& message_;
    Style const& style_;
    std::string const& path_;
    Extra extra_;
};

}  // namespace

Result<void> write_message(JsonWriter& out, Message const& message, Style const& style, std::string const& path) {
    MessageWriter writer(out, message, style, path);
    return writer.write();
}

}  // namespace aikit::inline v0::openai_form
