// SPDX-License-Identifier: MIT
// model/provider.cpp - what a provider answers that cannot do something, and passing things on.
#include <aikit/model/provider.hpp>

namespace aikit::inline v0 {

namespace {

template <class Reply>
Task<Reply> refused(Error error) {
    co_return error;
}

Error unsupported(AIProvider const& provider, char const* operation) {
    Error error = fail(Errc::unsupported,
                       "The provider " + provider.name() + " has no " + operation + "; use another provider for it.");
    error.provider = provider.name();
    return error;
}

}  // namespace

AIProvider::~AIProvider() = default;

// The error is made before the Task starts, so that the Task needs nothing of the provider.

Task<ChatReply> AIProvider::chat(ChatRequest, CallOptions) {
    return refused<ChatReply>(unsupported(*this, "chat"));
}

Task<ChatStream> AIProvider::stream_chat(ChatRequest, CallOptions) {
    return refused<ChatStream>(unsupported(*this, "streamed chat"));
}

Task<EmbedReply> AIProvider::embed(EmbedRequest, CallOptions) {
    return refused<EmbedReply>(unsupported(*this, "embeddings"));
}

Task<ModerateReply> AIProvider::moderate(ModerateRequest, CallOptions) {
    return refused<ModerateReply>(unsupported(*this, "moderation"));
}

Task<ModelList> AIProvider::models(CallOptions) {
    return refused<ModelList>(unsupported(*this, "list of models"));
}

Task<TokenCount> AIProvider::count_tokens(ChatRequest, CallOptions) {
    return refused<TokenCount>(unsupported(*this, "count of tokens"));
}

Task<ChatReply> ForwardingProvider::chat(ChatRequest request, CallOptions options) {
    return next_->chat(std::move(request), std::move(options));
}

Task<ChatStream> ForwardingProvider::stream_chat(ChatRequest request, CallOptions options) {
    return next_->stream_chat(std::move(request), std::move(options));
}

Task<EmbedReply> ForwardingProvider::embed(EmbedRequest request, CallOptions options) {
    return next_->embed(std::move(request), std::move(options));
}

Task<ModerateReply> ForwardingProvider::moderate(ModerateRequest request, CallOptions options) {
    return next_->moderate(std::move(request), std::move(options));
}

Task<ModelList> ForwardingProvider::models(CallOptions options) {
    return next_->models(std::move(options));
}

Task<TokenCount> ForwardingProvider::count_tokens(ChatRequest request, CallOptions options) {
    return next_->count_tokens(std::move(request), std::move(options));
}

}  // namespace aikit::inline v0
