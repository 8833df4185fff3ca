// SPDX-License-Identifier: MIT
// model/openai_form/requests.cpp - the house form's doors: a request's text to values and back.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::json_form {

namespace {

using openai_form::wrong;

Result<json::object> read_object(std::string_view text, json_exact::Arena& arena) {
    Result<json::value> parsed = json_exact::parse(text, "request", Errc::invalid_argument, arena.storage());
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(Errc::invalid_argument, "The request is wrong: it must be a JSON object.");
    return std::move(parsed->get_object());
}

/// Takes the request's "aikit" member; an empty object when there is none.
Result<json::object> take_ours(json::object& request) {
    json::value* ours = request.if_contains("aikit");
    if (ours == nullptr || ours->is_null()) {
        request.erase("aikit");
        return json::object();
    }
    if (!ours->is_object()) return wrong("aikit", "must be an object");
    json::object taken = std::move(ours->get_object());
    request.erase("aikit");
    return taken;
}

}  // namespace

namespace {

Result<void> read_chat_into(std::string_view text, ChatCall& call) {
    json_exact::Arena arena;
    Result<json::object> object = read_object(text, arena);
    if (!object) return object.error();
    Result<json::object> ours = take_ours(*object);
    if (!ours) return ours.error();
    if (json::value const* partial = ours->if_contains("partial"); partial != nullptr && !partial->is_null()) {
        if (!partial->is_bool()) return wrong("aikit.partial", "must be true or false");
        call.partial = partial->get_bool();
    }
    ours->erase("partial");
    if (Result<void> read = openai_form::read_options(*ours, call.options); !read) return read;
    if (json::value const* stream = object->if_contains("stream"); stream != nullptr && !stream->is_null()) {
        if (!stream->is_bool()) return wrong("stream", "must be true or false");
        call.stream = stream->get_bool();
        if (call.stream) object->erase("stream");  // a false stays, so that the request can be sent as it was
    }
    return openai_form::read_request(std::move(*object), call.request);
}

}  // namespace

Result<ChatCall> read_chat(std::string_view text) {
    Result<ChatCall> call(boost::system::in_place_value);
    if (Result<void> read = guarded([&] { return read_chat_into(text, *call); }); !read) call = read.error();
    return call;
}

Result<std::string> write_chat(ChatRequest const& request) {
    return guarded([&] { return openai_form::write_request(request, openai_form::Style()); });
}

Result<EmbedRequest> read_embed(std::string_view text, CallOptions& options) {
    return guarded([&]() -> Result<EmbedRequest> {
        json_exact::Arena arena;
        Result<json::object> object = read_object(text, arena);
        if (!object) return object.error();
        Result<json::object> ours = take_ours(*object);
        if (!ours) return ours.error();
        std::string purpose;
        if (json::value const* given = ours->if_contains("purpose"); given != nullptr && !given->is_null()) {
            if (!given->is_string()) return wrong("aikit.purpose", "must be a string");
            purpose = std::string(given->get_string());
        }
        ours->erase("purpose");
        if (Result<void> read = openai_form::read_options(*ours, options); !read) return read.error();
        Result<EmbedRequest> request = openai_form::read_embed_request(std::move(*object));
        if (request) request->purpose = std::move(purpose);
        return request;
    });
}

Result<EmbedRequest> read_embed(std::string_view text) {
    CallOptions ignored;
    return read_embed(text, ignored);
}

Result<ModerateRequest> read_moderate(std::string_view text, CallOptions& options) {
    return guarded([&]() -> Result<ModerateRequest> {
        json_exact::Arena arena;
        Result<json::object> object = read_object(text, arena);
        if (!object) return object.error();
        Result<json::object> ours = take_ours(*object);
        if (!ours) return ours.error();
        if (Result<void> read = openai_form::read_options(*ours, options); !read) return read.error();
        return openai_form::read_moderate_request(std::move(*object));
    });
}

Result<ModerateRequest> read_moderate(std::string_view text) {
    CallOptions ignored;
    return read_moderate(text, ignored);
}

}  // namespace aikit::inline v0::json_form
