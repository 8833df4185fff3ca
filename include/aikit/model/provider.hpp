// SPDX-License-Identifier: MIT
// aikit/model/provider.hpp - something that answers, whoever hosts it.
//
// Knows nothing of HTTP or of any provider. Adapters, decorators (retry, meter) and the router all are AIProviders,
// so whatever takes one takes any of them.
#ifndef AIKIT_MODEL_PROVIDER_HPP
#define AIKIT_MODEL_PROVIDER_HPP

#include <aikit/model/embedding.hpp>
#include <aikit/model/moderation.hpp>
#include <aikit/model/stream.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aikit::inline v0 {

struct ModelInfo {
    ModelInfo() = default;

    std::string id;
    std::int64_t created = 0;  ///< Seconds since 1970; 0: not told.
    std::string owner;
    std::string extra;  ///< Further members of the provider's, as a JSON object. Empty: none.
};

struct ModelList {
    ModelList() = default;

    std::vector<ModelInfo> models;
    CallInfo info;
};

/// How long a request is, as the provider counts it.
struct TokenCount {
    TokenCount() = default;

    std::int64_t tokens = 0;  ///< All the model would read: messages, tools, files.
    std::string extra;        ///< Further members of the provider's answer, as a JSON object. Empty: none.
    CallInfo info;
};

class BatchApi;     // jobs of many requests at a lower price
class FilesApi;     // files kept at the provider
class FineTuneApi;  // training of one's own models

/// Answers chats, embeds, moderates: what a provider cannot do is `unsupported`, said before anything is sent.
///
/// Ownership: a shared handle; Tasks and streams keep alive what they need. Requests are copied.
/// Thread-safety: shared objects: safe.
/// Cancellation of every operation: terminal; the request may or may not have been carried out (and be billed).
/// Errors of every operation: any of Errc but incomplete, which only streams have.
class AIKIT_EXPORT AIProvider {
public:
    virtual ~AIProvider();

    /// The configured name, e.g. "openai"; for messages, ledgers and routing. Lives as long as this object.
    virtual std::string const& name() const noexcept = 0;

    virtual Task<ChatReply> chat(ChatRequest request, CallOptions options);
    virtual Task<ChatStream> stream_chat(ChatRequest request, CallOptions options);
    virtual Task<EmbedReply> embed(EmbedRequest request, CallOptions options);
    virtual Task<ModerateReply> moderate(ModerateRequest request, CallOptions options);
    virtual Task<ModelList> models(CallOptions options);

    /// What the chat would count as input, told by the provider and not estimated here. It is not carried out, and
    /// free.
    virtual Task<TokenCount> count_tokens(ChatRequest request, CallOptions options);

    /// What only some providers have; null where it is not.
    virtual BatchApi* batch() noexcept { return nullptr; }
    virtual FilesApi* files() noexcept { return nullptr; }
    virtual FineTuneApi* fine_tune() noexcept { return nullptr; }

    // The same with default options.
    Task<ChatReply> chat(ChatRequest request) { return chat(std::move(request), CallOptions()); }
    Task<ChatStream> stream_chat(ChatRequest request) { return stream_chat(std::move(request), CallOptions()); }
    Task<EmbedReply> embed(EmbedRequest request) { return embed(std::move(request), CallOptions()); }
    Task<ModerateReply> moderate(ModerateRequest request) { return moderate(std::move(request), CallOptions()); }
    Task<TokenCount> count_tokens(ChatRequest request) { return count_tokens(std::move(request), CallOptions()); }
};

/// Passes everything on; decorators override what they change.
class AIKIT_EXPORT ForwardingProvider : public AIProvider {
public:
    explicit ForwardingProvider(std::shared_ptr<AIProvider> next) : next_(std::move(next)) {}

    using AIProvider::chat;
    using AIProvider::count_tokens;
    using AIProvider::embed;
    using AIProvider::moderate;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return next_->name(); }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override;
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override;
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override;
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override;
    Task<ModelList> models(CallOptions options) override;
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override;
    BatchApi* batch() noexcept override { return next_->batch(); }
    FilesApi* files() noexcept override { return next_->files(); }
    FineTuneApi* fine_tune() noexcept override { return next_->fine_tune(); }

protected:
    std::shared_ptr<AIProvider> const& next() const noexcept { return next_; }

private:
    std::shared_ptr<AIProvider> next_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_PROVIDER_HPP
