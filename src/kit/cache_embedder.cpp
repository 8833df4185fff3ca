// SPDX-License-Identifier: MIT
// kit/cache_embedder.cpp - embeds by the provider that the cache's configuration names.
#include "kit/cache_embedder.hpp"

namespace aikit::inline v0 {
namespace {

Task<EmbedReply> embed_by(std::shared_ptr<AIProvider> provider, EmbedRequest request, CallOptions options) {
    if (!provider) co_return fail(Errc::invalid_state, "the kit is closed; open another one");
    Task<EmbedReply> pending = provider->embed(std::move(request), std::move(options));
    co_return co_await std::move(pending);
}

}  // namespace

Result<void> CacheEmbedder::find(ProviderTable const& table, std::string const& model) {
    Result<Destination> const where = table.resolve(model, ProviderTable::Operation::embed);
    if (!where) {
        return fail(Errc::invalid_argument, "configuration.cache.semantic.model: " + where.error().message);
    }
    if (where->entry->router) {
        return fail(Errc::invalid_argument,
                    "configuration.cache.semantic.model is a router's; vectors of several models cannot be compared, "
                    "so name one");
    }
    name_ = where->entry->config.name;
    model_ = where->model;
    provider_ = where->entry->uncached;
    return ok();
}

Task<EmbedReply> CacheEmbedder::embed(EmbedRequest request, CallOptions options) {
    request.model = model_;
    return embed_by(provider_.lock(), std::move(request), std::move(options));
}

}  // namespace aikit::inline v0
