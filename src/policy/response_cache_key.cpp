// SPDX-License-Identifier: MIT
// policy/response_cache_key.cpp - keys over everything that shapes an answer.
#include "policy/response_cache_key.hpp"

#include "policy/response_cache_packed.hpp"

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

using packed::Media;
using packed::Packer;
using packed::Unpacker;

// With another layout of keys or rows these become others, and what was kept is not found any more.
constexpr std::string_view key_version = "aikit response 1";
constexpr std::string_view row_version = "1";

constexpr std::size_t longest_question = 2'000;

void add_caller(Packer& out, Caller const& caller, CacheShare share) {
    auto const& [tenant, user, key, project, tags, tier] = caller;
    // A project, tags and a tier say who pays what, not who may see.
    out.add(share);
    if (share == CacheShare::everyone) return;
    out.add(tenant);
    if (share == CacheShare::tenant) return;
    out.add(user).add(key);
}

template <class Request>
CacheKey key_of(std::string_view kind, std::string const& provider, Request const& request, CallOptions const& options,
                CacheShare share) {
    Packer out(Media::as_digest);
    out.add(key_version).add(kind);
    add_caller(out, options.caller, share);
    out.add(provider).add(options).add(request);
    return sha256(out.text());
}

bool is_done(Choice const& choice) {
    if (choice.finish != FinishReason::stop && choice.finish != FinishReason::tool_calls) return false;
    bool said = false;
    for (Part const& part : choice.message.parts) {
        if (std::holds_alternative<RefusalPart>(part)) return false;
        auto const* const text = std::get_if<TextPart>(&part);
        said = said || std::holds_alternative<ToolCall>(part) || std::holds_alternative<MediaPart>(part) ||
               (text != nullptr && !(text->text.empty() && text->extra.empty()));
    }
    return said || !choice.message.extra.empty();
}

}  // namespace

CacheKey cache_key(std::string const& provider, ChatRequest const& request, CallOptions const& options,
                   CacheShare share) {
    return key_of("chat", provider, request, options, share);
}

CacheKey cache_key(std::string const& provider, EmbedRequest const& request, CallOptions const& options,
                   CacheShare share) {
    return key_of("embed", provider, request, options, share);
}

std::string const* question_of(ChatRequest const& request, CallOptions const& options) noexcept {
    if (options.privacy == Privacy::sensitive || !request.tools.empty() || request.tool_choice) return nullptr;
    if (request.messages.empty() || request.messages.back().role != Role::user) return nullptr;
    for (Message const& message : request.messages) {
        bool const last = &message == &request.messages.back();
        if (!last && message.role != Role::system) return nullptr;
        for (Part const& part : message.parts) {
            if (!std::holds_alternative<TextPart>(part)) return nullptr;
        }
    }
    Message const& asked = request.messages.back();
    if (asked.parts.size() != 1 || !asked.extra.empty()) return nullptr;
    TextPart const& part = *std::get_if<TextPart>(&asked.parts.front());
    bool const fits = !part.text.empty() && part.text.size() <= longest_question && part.extra.empty();
    return fits ? &part.text : nullptr;
}

CacheKey circumstances(std::string const& provider, ChatRequest request, CallOptions const& options, CacheShare share) {
    request.messages.back().parts.clear();
    return key_of("semantic", provider, request, options, share);
}

bool may_keep(std::size_t expected, ChatReply const& reply) {
    if (!reply.complete || reply.choices.empty() || reply.choices.size() != expected) return false;
    return std::all_of(reply.choices.begin(), reply.choices.end(), is_done);
}

bool may_replay(ChatReply const& reply) noexcept {
    return std::all_of(reply.choices.begin(), reply.choices.end(), [](Choice const& choice) {
        return std::all_of(choice.message.parts.begin(), choice.message.parts.end(), [](Part const& part) {
            auto const* const text = std::get_if<TextPart>(&part);
            bool const bare = text != nullptr && text->extra.empty();
            return bare || std::holds_alternative<ReasoningPart>(part) || std::holds_alternative<ToolCall>(part);
        });
    });
}

bool may_keep(std::size_t expected, EmbedReply const& reply) noexcept {
    return !reply.vectors.empty() && reply.vectors.size() == expected;
}

std::size_t expected_of(ChatRequest const& request) noexcept {
    return static_cast<std::size_t>(std::max(request.n.value_or(1), 0));
}

std::size_t expected_of(EmbedRequest const& request) noexcept {
    return request.inputs.size();
}

std::string pack(KeptReply const& kept) {
    Packer out(Media::whole);
    out.add(row_version).add(kept.reply);
    return out.take();
}

bool unpack(std::string_view bytes, KeptReply& kept) {
    Unpacker in(bytes);
    std::string version;
    if (!in.read(version) || version != row_version || !in.read(kept.reply) || !in.ended()) return false;
    kept.size = static_cast<std::int64_t>(bytes.size());
    return true;
}

}  // namespace aikit::inline v0::policy
