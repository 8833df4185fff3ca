// SPDX-License-Identifier: MIT
// capi/chat.cpp - the entries of chats, counts of tokens, embeddings, moderation and models.
#include "kit.hpp"

#include <aikit/core/wait.hpp>
#include <aikit/model/json_form.hpp>

using namespace aikit;
using namespace aikit::capi;

namespace {

Task<Reply> chat_whole(KitPointer kit, json_form::ChatCall call) {
    Task<ChatReply> asking = kit->kit.chat(std::move(call.request), std::move(call.options));
    Result<ChatReply> reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    co_return Reply(json_form::write_reply(*reply));
}

std::string written(ChatStream& stream) {
    ChatReply reply = stream.take_reply();
    reply.info = stream.info();
    return json_form::write_reply(reply);
}

/// The events of a stream within the operation's window: while that is full the stream is not pulled.
Task<void> pass_on(std::shared_ptr<ChatStream> stream, std::shared_ptr<Op> op, bool partial) {
    PartialJson document;
    for (;;) {
        if (!op->may_go_on()) {
            Task<void> waiting = Op::room(op);
            Result<void> const room = co_await std::move(waiting);
            if (!room) co_return room.error();
        }
        Task<std::optional<ChatEvent>> pulling = stream->next();
        Result<std::optional<ChatEvent>> const event = co_await std::move(pulling);
        if (!event) co_return event.error();
        if (!*event) co_return ok();
        std::string chunk = partial ? json_form::write_chunk(**event, stream->reply(), document)
                                    : json_form::write_chunk(**event, stream->reply());
        if (!chunk.empty()) op->emit(std::move(chunk));
    }
}

Task<Reply> chat_streamed(KitPointer kit, json_form::ChatCall call, std::shared_ptr<Op> op) {
    bool const partial = call.partial;
    Task<ChatStream> starting = kit->kit.stream_chat(std::move(call.request), std::move(call.options));
    Result<ChatStream> stream = co_await std::move(starting);
    if (!stream) co_return stream.error();
    auto const shared = std::make_shared<ChatStream>(std::move(*stream));
    Task<void> passing = guard(pass_on(shared, op, partial));
    Result<void> const passed = co_await std::move(passing);
    if (passed) co_return Reply(written(*shared));
    op->keep(written(*shared));
    co_return passed.error();
}

Result<json_form::ChatCall> read_chat(char const* request, std::size_t size) {
    Result<std::string_view> const text = required_text(request, size, "request");
    if (!text) return text.error();
    return json_form::read_chat(*text);
}

Task<Reply> count_work(KitPointer kit, json_form::ChatCall call) {
    Task<TokenCount> asking = kit->kit.count_tokens(std::move(call.request), std::move(call.options));
    Result<TokenCount> const count = co_await std::move(asking);
    if (!count) co_return count.error();
    co_return Reply(json_form::write_token_count(*count));
}

Result<Work> count_of(KitPointer const& kit, char const* request, std::size_t size) {
    Result<json_form::ChatCall> call = read_chat(request, size);
    if (!call) return call.error();
    return Work(
        [kit, call = std::move(*call)](std::shared_ptr<Op>) mutable { return count_work(kit, std::move(call)); });
}

/// Raw vectors leave the JSON's list empty.
Task<Reply> embed_work(KitPointer kit, EmbedRequest request, CallOptions options, bool raw) {
    Task<EmbedReply> asking = kit->kit.embed(std::move(request), std::move(options));
    Result<EmbedReply> embedded = co_await std::move(asking);
    if (!embedded) co_return embedded.error();
    Reply reply;
    if (raw) reply.vectors = std::exchange(embedded->vectors, {});
    reply.json = json_form::write_embeddings(*embedded);
    co_return reply;
}

Result<Work> embed_of(KitPointer const& kit, char const* request, std::size_t size, bool raw) {
    Result<std::string_view> const text = required_text(request, size, "request");
    if (!text) return text.error();
    CallOptions options;
    Result<EmbedRequest> read = json_form::read_embed(*text, options);
    if (!read) return read.error();
    return Work([kit, raw, options = std::move(options), read = std::move(*read)](std::shared_ptr<Op>) mutable {
        return embed_work(kit, std::move(read), std::move(options), raw);
    });
}

Task<Reply> moderate_work(KitPointer kit, ModerateRequest request, CallOptions options) {
    Task<ModerateReply> asking = kit->kit.moderate(std::move(request), std::move(options));
    Result<ModerateReply> const reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    co_return Reply(json_form::write_moderation(*reply));
}

Result<Work> moderate_of(KitPointer const& kit, char const* request, std::size_t size) {
    Result<std::string_view> const text = required_text(request, size, "request");
    if (!text) return text.error();
    CallOptions options;
    Result<ModerateRequest> read = json_form::read_moderate(*text, options);
    if (!read) return read.error();
    return Work([kit, options = std::move(options), read = std::move(*read)](std::shared_ptr<Op>) mutable {
        return moderate_work(kit, std::move(read), std::move(options));
    });
}

Task<Reply> models_work(KitPointer kit, std::string provider) {
    CallOptions options;
    Task<ModelList> asking = kit->kit.models(std::move(provider), std::move(options));
    Result<ModelList> const list = co_await std::move(asking);
    if (!list) co_return list.error();
    co_return Reply(json_form::write_models(*list));
}

Result<Work> models_of(KitPointer const& kit, char const* provider, std::size_t size) {
    Result<std::string_view> const text = optional_text(provider, size, "provider");
    if (!text) return text.error();
    return Work([kit, name = std::string(*text)](std::shared_ptr<Op>) { return models_work(kit, name); });
}

}  // namespace

aikit_status aikit_chat(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                        aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(reply, "reply"); !given) return given;
        Result<json_form::ChatCall> call = read_chat(request, request_size);
        if (!call) return call.error();
        if (!object->runtime->usable()) return fail(Errc::invalid_state, "The kit's runtime has ended.");
        // Straight to the kit: the JSON is written on this thread.
        Result<ChatReply> const answer = sync::wait(
            object->runtime->runtime(), object->kit.chat(std::move(call->request), std::move(call->options)));
        RuntimeObject::end_postponed();
        if (!answer) return answer.error();
        return hand_out(json_form::write_reply(*answer), reply);
    });
}

aikit_status aikit_chat_start(aikit_kit* kit, char const* request, size_t request_size, uint32_t window,
                              aikit_event_cb on_event, aikit_done_cb on_done, void* user, aikit_op** out,
                              aikit_error** error) {
    Listener const listener(on_event, on_done, user, window, false);
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener& asked) -> Result<Work> {
        Result<json_form::ChatCall> call = read_chat(request, request_size);
        if (!call) return call.error();
        asked.events = call->stream || on_event != nullptr;
        return Work([object, call = std::move(*call)](std::shared_ptr<Op> op) mutable {
            return op->makes_events() ? chat_streamed(object, std::move(call), op)
                                      : chat_whole(object, std::move(call));
        });
    });
}

aikit_status aikit_count_tokens(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                                aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error,
                          [&](KitPointer const& object) { return count_of(object, request, request_size); });
}

aikit_status aikit_count_tokens_start(aikit_kit* kit, char const* request, size_t request_size, aikit_done_cb on_done,
                                      void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return count_of(object, request, request_size); });
}

aikit_status aikit_embed(aikit_kit* kit, char const* request, size_t request_size, aikit_floats* vectors,
                         aikit_bytes* reply, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (vectors == nullptr) {
            if (Result<void> given = required(reply, "reply"); !given) return given;
        }
        Result<Work> const work = embed_of(object, request, request_size, vectors != nullptr);
        if (!work) return work.error();
        Result<Reply> const answer = run(object, *work);
        if (!answer) return answer.error();
        aikit_floats floats = {nullptr, 0, 0};
        if (answer->vectors) floats = make_floats(*answer->vectors);
        if (reply != nullptr) {
            try {
                *reply = make_bytes(answer->json);
            } catch (...) {
                aikit_floats_free(&floats);
                throw;
            }
        }
        if (vectors != nullptr) *vectors = floats;
        return ok();
    });
}

aikit_status aikit_embed_start(aikit_kit* kit, char const* request, size_t request_size, uint32_t flags,
                               aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error) {
    Listener const listener(on_done, user);
    return starting(kit, listener, out, error, [&](KitPointer const& object, Listener&) -> Result<Work> {
        if ((flags & ~AIKIT_RAW_VECTORS) != 0) {
            return fail(Errc::invalid_argument, "The argument 'flags' must be 0 or AIKIT_RAW_VECTORS.");
        }
        return embed_of(object, request, request_size, (flags & AIKIT_RAW_VECTORS) != 0);
    });
}

aikit_status aikit_moderate(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                            aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error,
                          [&](KitPointer const& object) { return moderate_of(object, request, request_size); });
}

aikit_status aikit_moderate_start(aikit_kit* kit, char const* request, size_t request_size, aikit_done_cb on_done,
                                  void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return moderate_of(object, request, request_size); });
}

aikit_status aikit_models(aikit_kit* kit, char const* provider, size_t provider_size, aikit_bytes* reply,
                          aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error,
                          [&](KitPointer const& object) { return models_of(object, provider, provider_size); });
}

aikit_status aikit_models_start(aikit_kit* kit, char const* provider, size_t provider_size, aikit_done_cb on_done,
                                void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return models_of(object, provider, provider_size); });
}
