// SPDX-License-Identifier: MIT
// aikit/model/chat_object.hpp - a chat whose reply is a struct.
#ifndef AIKIT_MODEL_CHAT_OBJECT_HPP
#define AIKIT_MODEL_CHAT_OBJECT_HPP

#include <aikit/model/described.hpp>
#include <aikit/model/provider.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <utility>

namespace aikit::inline v0 {

template <class T>
struct ObjectReply {
    ObjectReply() = default;

    T value{};
    ChatReply reply;  ///< As it came: its text is the JSON, its info has usage and cost.
};

namespace described {

/// The request for JSON that fits; `options` asks for two repairs where it says nothing.
AIKIT_EXPORT void ask_for(std::string schema, ChatRequest& request, CallOptions& options);

/// ok when the reply holds an answer to read. Errors: content_filtered (withheld, or the model declined), protocol.
AIKIT_EXPORT Result<void> check_answer(ChatReply const& reply);

template <class T>
Task<ObjectReply<T>> object_of(Task<ChatReply> pending) {
    Result<ChatReply> reply = co_await std::move(pending);
    if (!reply) co_return reply.error();
    if (Result<void> const answered = check_answer(*reply); !answered) co_return answered.error();
    Result<T> value = read_described<T>(reply->text());
    if (!value) co_return fail(Errc::protocol, "The model's reply does not fit: " + value.error().message);
    ObjectReply<T> out;
    out.value = std::move(*value);
    out.reply = std::move(*reply);
    co_return out;
}

}  // namespace described

/// Asks a provider, or a Kit, for a T: its schema goes with the request, and the reply is read into it.
///
///   Task<ObjectReply<Trip>> pending = chat_object<Trip>(kit, request, CallOptions());
///   Result<ObjectReply<Trip>> trip = co_await std::move(pending);
///
/// A Kit's providers check the reply and ask again as CallOptions::repairs says, twice where it says nothing; an
/// adapter alone does not (policy::make_structured has it).
///
/// Cancellation: terminal. Errors: the provider's; protocol (the reply does not fit; the sentence has the path),
/// content_filtered (it was withheld, or the model declined).
template <class T>
Task<ObjectReply<T>> chat_object(std::shared_ptr<AIProvider> provider, ChatRequest request, CallOptions options) {
    described::ask_for(schema_of<T>(), request, options);
    return described::object_of<T>(provider->chat(std::move(request), std::move(options)));
}

template <class T, class Host>
requires(!std::convertible_to<Host, std::shared_ptr<AIProvider>>) Task<ObjectReply<T>> chat_object(
    Host host, ChatRequest request, CallOptions options) {
    described::ask_for(schema_of<T>(), request, options);
    return described::object_of<T>(host.chat(std::move(request), std::move(options)));
}

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_CHAT_OBJECT_HPP
