// SPDX-License-Identifier: MIT
// provider/carrier/lists.hpp - what takes several requests: embeddings in batches, models page by page.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_LISTS_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_LISTS_HPP

#include "core/json.hpp"
#include "provider/carrier/call.hpp"

#include <aikit/model/provider.hpp>

namespace aikit::inline v0::provider::carrier {

/// How a provider embeds.
struct Batches {
    Batches() = default;

    /// How many of the inputs from `first` on fit one request; at least one.
    std::function<std::size_t(EmbedRequest const& request, std::size_t first)> fit;

    /// One request.
    std::function<Task<EmbedReply>(std::shared_ptr<EmbedRequest const> request, std::size_t first, std::size_t count,
                                   CallOptions options)>
        embed;
};

/// Embeds all inputs, a few batches at once, within the time of one call; vectors keep the order of the inputs. Errors:
/// invalid_argument (no model, no inputs), those of Batches::embed, protocol (vectors differ in length).
Task<EmbedReply> embed_in_batches(std::shared_ptr<Endpoint const> endpoint, EmbedRequest asked, CallOptions options,
                                  Batches batches);

/// The reply that a list of vectors makes. Errors: protocol (not `expected` of them, lengths differ, not numbers).
Result<EmbedReply> read_vectors(Exchange const& exchange, std::vector<json::value const*> const& vectors,
                                std::size_t expected);

/// One page of models, and what asks for the next; empty: there is none.
struct ModelPage {
    ModelPage() = default;

    ModelList list;
    std::string next;
};

/// How a provider lists its models.
struct Pages {
    Pages() = default;

    /// Where the page is found that comes after `next`; empty: the first.
    std::function<std::string(std::string const& next)> path;

    std::function<Result<ModelPage>(Exchange const& exchange, std::string_view body)> decode;
};

/// All pages, each a request.
Task<ModelList> list_models(std::shared_ptr<Endpoint const> endpoint, CallOptions options, Pages pages);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_LISTS_HPP
