// SPDX-License-Identifier: MIT
// provider/openai_responses/items.cpp - a conversation as a list of items.
#include "model/base64.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "provider/openai_responses/wire.hpp"

#include <algorithm>
#include <set>

namespace aikit::inline v0::provider::openai_responses {

namespace {

using openai_form::Extra;
using openai_form::wrong;

/// "file_data" needs a name, which tells its kind.
std::string file_name(MediaPart const& part) {
    if (!part.name.empty()) return part.name;
    return part.media_type == "application/pdf" ? "document.pdf" : "document";
}

bool is_text_or_refusal(Part const& part) noexcept {
    return std::holds_alternative<TextPart>(part) || std::holds_alternative<RefusalPart>(part);
}

bool is_plain(Part const& part) noexcept {
    auto const* text = std::get_if<TextPart>(&part);
    return text != nullptr && (text->extra.empty() || text->extra == "{}");
}

/// Writes the items of one conversation.
class Writer {
public:
    Writer(JsonWriter& out, bool stored, std::vector<std::string>& warnings)
        : out_(out), stored_(stored), warnings_(warnings) {}

    Result<void> take(Message const& message, std::string path) {
        path_ = std::move(path);
        Extra const extra(message.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        if (take_native(extra)) return ok();
        if (!message.name.empty()) warn("This API has no place for a speaker's name; it was left out.");
        json::value const* role = extra.find("role");
        bool const developer = role != nullptr && role->is_string() && role->get_string() == "developer";
        std::string_view const word = developer ? "developer" : name(message.role);

        std::vector<Part const*> said;  // what stands in one message
        for (Part const& part : message.parts) {
            bool const content = is_text_or_refusal(part) || std::holds_alternative<MediaPart>(part);
            if (content) {
                said.push_back(&part);
                continue;
            }
            if (Result<void> written = write_message(word, said); !written) return written;
            said.clear();
            if (Result<void> written = write_item(part); !written) return written;
        }
        return write_message(word, said);
    }

private:
    void warn(std::string sentence) {
        if (std::find(warnings_.begin(), warnings_.end(), sentence) == warnings_.end()) {
            warnings_.push_back(std::move(sentence));
        }
    }

    /// What this dialect wrote goes back as it came, but for what its provider did not keep and cannot read.
    bool take_native(Extra const& extra) {
        json::value const* native = extra.find(openai_form::native_content);
        json::array const* items = native == nullptr ? nullptr : json::member_array(*native, dialect);
        if (items == nullptr) return false;
        for (json::value const& item : *items) {
            std::string_view const type = json::text(item, "type").value_or("");
            bool const sealed = json::text(item, sealed_reasoning).has_value();
            if (type == "reasoning" && !stored_ && !sealed) continue;
            if (type == "custom_tool_call") custom_calls_.emplace(json::text(item, "call_id").value_or(""));
            out_.value(item);
        }
        return true;
    }

    Result<void> write_message(std::string_view role, std::vector<Part const*> const& parts) {
        if (parts.empty()) return ok();
        if (role == "tool") return wrong(path_, "must hold only the results of tools");
        bool const output = role == "assistant";
        out_.begin_object();
        out_.key("role").text(role);
        out_.key("content");
        if (parts.size() == 1 && is_plain(*parts.front())) {
            out_.text(std::get<TextPart>(*parts.front()).text);
        } else if (Result<void> written = write_content(parts, output); !written) {
            return written;
        }
        if (output) out_.key("type").text("message");
        out_.end_object();
        return ok();
    }

    Result<void> write_content(std::vector<Part const*> const& parts, bool output) {
        out_.begin_array();
        for (Part const* part : parts) {
            if (Result<void> written = write_part(*part, output); !written) return written;
        }
        out_.end_array();
        return ok();
    }

    Result<void> write_part(Part const& part, bool output) {
        if (auto const* media = std::get_if<MediaPart>(&part)) return write_media(*media);
        if (auto const* text = std::get_if<TextPart>(&part)) return write_text(*text, output);
        out_.begin_object();
        out_.key("type").text("refusal");
        out_.key("refusal").text(std::get<RefusalPart>(part).text);
        out_.end_object();
        return ok();
    }

    Result<void> write_text(TextPart const& part, bool output) {
        Extra extra(part.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        if (extra.find("type") != nullptr && part.text.empty()) {  // a kind of part that has no field
            out_.object(extra.members());
            return ok();
        }
        out_.begin_object();
        out_.key("type").text(output ? "output_text" : "input_text");
        out_.key("text").text(part.text);
        for (std::string_view const name : {"type", "text", "cache_control"}) extra.drop(name);
        extra.write(out_);
        out_.end_object();
        return ok();
    }

    Result<void> write_media(MediaPart const& part) {
        int const ways = (part.bytes ? 1 : 0) + (part.url.empty() ? 0 : 1) + (part.file_id.empty() ? 0 : 1);
        if (ways != 1) return wrong(path_, "must have exactly one of bytes, url and file_id");
        if (part.kind == MediaPart::Kind::audio) return write_audio(part);
        bool const image = part.kind == MediaPart::Kind::image;
        bool const inside = part.bytes || part.url.starts_with("data:");
        Extra extra(part.extra);
        if (!extra.valid()) return wrong(path_ + ".extra", "must be a JSON object");
        out_.begin_object();
        out_.key("type").text(image ? "input_image" : "input_file");
        if (!part.file_id.empty()) {
            out_.key("file_id").text(part.file_id);
        } else {
            out_.key(image ? "image_url" : inside ? "file_data" : "file_url").text(openai_form::media_url(part));
        }
        if (image && !part.detail.empty()) out_.key("detail").text(part.detail);
        if (!image && inside) out_.key("filename").text(file_name(part));
        for (std::string_view const name : {"type", "image_url", "file", "cache_control"}) extra.drop(name);
        extra.write(out_);
        out_.end_object();
        return ok();
    }

    /// As in a chat: the API names the format, and takes the bytes only.
    Result<void> write_audio(MediaPart const& part) {
        if (!part.bytes && !part.url.starts_with("data:")) {
            return fail(Errc::unsupported, "This endpoint takes a sound only by its bytes (" + path_ + ").");
        }
        return openai_form::write_part(out_, Part(part), openai_form::Style(), path_);
    }

    Result<void> write_item(Part const& part) {
        if (auto const* call = std::get_if<ToolCall>(&part)) return write_call(*call);
        if (auto const* result = std::get_if<ToolResult>(&part)) return write_result(*result);
        return write_reasoning(std::get<ReasoningPart>(part));
    }

    Result<void> write_call(ToolCall const& call) {
        if (call.custom) custom_calls_.insert(call.id);
        out_.begin_object();
        out_.key("type").text(call.custom ? "custom_tool_call" : "function_call");
        out_.key("call_id").text(call.id);
        out_.key("name").text(call.name);
        out_.key(call.custom ? "input" : "arguments").text(call.arguments);
        out_.end_object();
        return ok();
    }

    Result<void> write_result(ToolResult const& result) {
        if (result.failed) warn("The endpoint has no mark for a tool that failed; its result is sent as it is.");
        std::vector<Part> parts;
        for (auto const& part : result.content) {
            std::visit([&](auto const& one) { parts.emplace_back(one); }, part);
        }
        out_.begin_object();
        bool const custom = custom_calls_.count(result.call_id) > 0;
        out_.key("type").text(custom ? "custom_tool_call_output" : "function_call_output");
        out_.key("call_id").text(result.call_id);
        out_.key("output");
        if (parts.empty()) {
            out_.text("");
        } else if (parts.size() == 1 && is_plain(parts.front())) {
            out_.text(std::get<TextPart>(parts.front()).text);
        } else {
            std::vector<Part const*> pointers;
            for (Part const& part : parts) pointers.push_back(&part);
            if (Result<void> written = write_content(pointers, false); !written) return written;
        }
        out_.end_object();
        return ok();
    }

    /// Only what this API sealed may go back to it.
    Result<void> write_reasoning(ReasoningPart const& part) {
        if (part.source != sealed_reasoning || part.signature.empty()) {
            warn("Reasoning that this API did not seal has no place in a request to it; left out.");
            return ok();
        }
        out_.begin_object();
        out_.key("type").text("reasoning");
        out_.key("summary").begin_array();
        if (!part.text.empty()) {
            out_.begin_object();
            out_.key("type").text("summary_text");
            out_.key("text").text(part.text);
            out_.end_object();
        }
        out_.end_array();
        out_.key(sealed_reasoning).text(part.signature);
        out_.end_object();
        return ok();
    }

    JsonWriter& out_;
    bool stored_;
    std::vector<std::string>& warnings_;
    std::string path_;
    std::set<std::string, std::less<>> custom_calls_;  // whose results have a type of their own
};

}  // namespace

Result<void> write_items(JsonWriter& out, std::vector<Message> const& messages, bool stored,
                         std::vector<std::string>& warnings) {
    Writer writer(out, stored, warnings);
    out.begin_array();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (Result<void> taken = writer.take(messages[i], "messages[" + std::to_string(i) + "]"); !taken) return taken;
    }
    out.end_array();
    return ok();
}

}  // namespace aikit::inline v0::provider::openai_responses
