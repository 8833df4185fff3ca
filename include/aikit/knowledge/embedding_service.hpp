// SPDX-License-Identifier: MIT
// aikit/knowledge/embedding_service.hpp - texts to vectors, in batches, none paid for twice.
#ifndef AIKIT_KNOWLEDGE_EMBEDDING_SERVICE_HPP
#define AIKIT_KNOWLEDGE_EMBEDDING_SERVICE_HPP

#include <aikit/model/provider.hpp>
#include <aikit/storage/database.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aikit::inline v0::knowledge {

struct EmbeddingConfig {
    EmbeddingConfig() = default;

    std::string model;              ///< The provider's name of it. Required.
    std::optional<int> dimensions;  ///< Missing: the model's own.
    int batch = 96;                 ///< Texts per request, 1 to 2,048.
    bool cache = true;              ///< Keep vectors in the store by content.
};

/// What an embedding cost.
struct EmbeddedTexts {
    EmbeddedTexts() = default;

    std::vector<std::vector<float>> vectors;  ///< One for each text, in order.
    std::int64_t from_cache = 0;              ///< Texts that needed no request (duplicates included).
    Usage usage;
    std::optional<Money> cost;  ///< Missing when a request could not be priced.
};

/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT EmbeddingService {
public:
    /// `cache` may be closed (a default Database): then nothing is kept.
    static Result<std::shared_ptr<EmbeddingService>> create(std::shared_ptr<AIProvider> provider,
                                                            storage::Database cache, EmbeddingConfig config);
    virtual ~EmbeddingService() = default;

    /// Embeds texts; equal ones once. What was embedded before an error is cached, so that a second try resumes.
    /// `purpose`: "document" or "query". Errors: those of AIProvider::embed; invalid_argument (an empty text).
    virtual Task<EmbeddedTexts> embed(std::vector<std::string> texts, std::string purpose, CallOptions options) = 0;

    /// "provider/model" or "provider/model/dimensions": what a collection notes as the maker of its vectors.
    virtual std::string const& model_id() const noexcept = 0;
};

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_KNOWLEDGE_EMBEDDING_SERVICE_HPP
