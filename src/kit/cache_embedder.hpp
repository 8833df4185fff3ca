// SPDX-License-Identifier: MIT
// kit/cache_embedder.hpp - a configured provider as what embeds the questions of the cache.
#ifndef AIKIT_SRC_KIT_CACHE_EMBEDDER_HPP
#define AIKIT_SRC_KIT_CACHE_EMBEDDER_HPP

#include "kit/providers.hpp"

namespace aikit::inline v0 {

/// The cache is made before the providers that use it, so what embeds is told later. It does not keep the provider,
/// which keeps the cache: when its kit is gone there is nobody to ask.
class CacheEmbedder final : public AIProvider {
public:
    /// Before the first call. Errors: invalid_argument (the model leads nowhere, or to a router).
    Result<void> find(ProviderTable const& table, std::string const& model);

    std::string const& name() const noexcept override { return name_; }

    /// The question itself is in the cache, so its embedding need not be. Errors: those of the provider;
    /// invalid_state when the kit is gone.
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override;

private:
    std::string name_ = "cache";
    std::string model_;
    std::weak_ptr<AIProvider> provider_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_CACHE_EMBEDDER_HPP
