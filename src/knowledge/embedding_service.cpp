// SPDX-License-Identifier: MIT
// knowledge/embedding_service.cpp - batches, duplicates and the cache.
#include "core/async.hpp"
#include "core/sha256.hpp"
#include "storage/connection.hpp"

#include <aikit/knowledge/embedding_service.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace aikit::inline v0::knowledge {
namespace {

using namespace boost::asio::experimental::awaitable_operators;
using storage::Connection;
using storage::Statement;

/// A text that is asked for, once, however often it stands in the list.
struct Wanted {
    Wanted() = default;

    std::string const* text = nullptr;  // in the caller's list, which the coroutine holds
    Sha256Digest hash{};
    std::vector<float> vector;
};

/// What a request cost.
struct Asked {
    Asked() = default;

    Usage usage;
    std::optional<Money> cost;
};

/// Missing when one of them is, or when it does not fit.
std::optional<Money> sum(std::optional<Money> const& a, std::optional<Money> const& b) {
    if (!a || !b) return std::nullopt;
    Result<Money> const total = Money::add(*a, *b);
    return total ? std::optional<Money>(*total) : std::nullopt;
}

std::vector<Wanted*> part_of(std::vector<Wanted*> const& all, std::size_t begin, std::size_t size) {
    std::size_t const first = std::min(begin, all.size());
    auto const at = all.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector<Wanted*>(at, at + static_cast<std::ptrdiff_t>(std::min(size, all.size() - first)));
}

std::span<std::byte const> bytes_of(Sha256Digest const& hash) {
    return hash;
}

std::vector<float> to_vector(std::span<std::byte const> blob) {
    std::vector<float> out(blob.size() / sizeof(float));
    if (!out.empty()) std::memcpy(out.data(), blob.data(), out.size() * sizeof(float));
    return out;
}

Result<std::vector<std::vector<float>>> read_cached(Connection& db, std::string const& key,
                                                    std::vector<Sha256Digest> const& hashes) {
    std::vector<std::vector<float>> out(hashes.size());
    Statement find(db, "SELECT vector FROM embedding_cache WHERE model = $1 AND hash = $2");
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        find.bind(1, key).bind_blob(2, bytes_of(hashes[i]));
        if (find.step()) out[i] = to_vector(find.blob(0));
        if (Result<void> done = find.done(); !done) return done.error();
        find.reset();
    }
    return out;
}

Result<void> write_cached(Connection& db, std::string const& key, std::vector<Sha256Digest> const& hashes,
                          std::vector<std::vector<float>> const& vectors, std::int64_t now) {
    Statement put(db,
                  "INSERT INTO embedding_cache (model, hash, vector, used) VALUES ($1, $2, $3, $4) "
                  "ON CONFLICT (model, hash) DO UPDATE SET vector = excluded.vector, used = excluded.used");
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        put.bind(1, key).bind_blob(2, bytes_of(hashes[i]));
        put.bind_blob(3, std::as_bytes(std::span<float const>(vectors[i]))).bind(4, now);
        if (Result<void> done = put.run(); !done) return done;
        put.reset();
    }
    return ok();
}

class Service final : public EmbeddingService, public std::enable_shared_from_this<Service> {
public:
    Service(std::shared_ptr<AIProvider> provider, storage::Database cache, EmbeddingConfig config)
        : provider_(std::move(provider)), cache_(std::move(cache)), config_(std::move(config)) {
        model_id_ = provider_->name() + "/" + config_.model;
        if (config_.dimensions) model_id_ += "/" + std::to_string(*config_.dimensions);
    }

    std::string const& model_id() const noexcept override { return model_id_; }

    Task<EmbeddedTexts> embed(std::vector<std::string> texts, std::string purpose, CallOptions options) override {
        return guard(embed_task(shared_from_this(), std::move(texts), std::move(purpose), std::move(options)));
    }

private:
    using Self = std::shared_ptr<Service const>;

    static Task<EmbeddedTexts> embed_task(Self self, std::vector<std::string> texts, std::string purpose,
                                          CallOptions options) {
        std::vector<Wanted> wanted;
        std::vector<std::size_t> place(texts.size());
        boost::unordered_flat_map<std::string, std::size_t> known;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (texts[i].empty()) {
                co_return fail(Errc::invalid_argument,
                               "texts[" + std::to_string(i) + "] is empty; nothing can be embedded");
            }
            Sha256Digest const hash = sha256(texts[i]);
            auto const [entry, added] = known.emplace(hex(hash), wanted.size());
            place[i] = entry->second;
            if (!added) continue;
            Wanted& one = wanted.emplace_back();
            one.text = &texts[i];
            one.hash = hash;
        }

        EmbeddedTexts out;
        out.cost = Money();
        std::string const key = purpose.empty() ? self->model_id_ : self->model_id_ + "#" + purpose;
        Task<void> looking = look_up(self, key, &wanted);
        Result<void> looked = co_await std::move(looking);
        if (!looked) co_return looked.error();
        std::vector<Wanted*> missing;
        for (Wanted& one : wanted) {
            if (one.vector.empty()) missing.push_back(&one);
        }
        out.from_cache = static_cast<std::int64_t>(texts.size() - missing.size());

        // Two requests are under way at a time: while one is answered, the other travels.
        auto const size = static_cast<std::size_t>(self->config_.batch);
        for (std::size_t begin = 0; begin < missing.size(); begin += 2 * size) {
            Task<Asked> first = ask(self, key, part_of(missing, begin, size), purpose, options);
            Task<Asked> second = ask(self, key, part_of(missing, begin + size, size), purpose, options);
            boost::asio::awaitable<std::tuple<Result<Asked>, Result<Asked>>> both =
                std::move(first) && std::move(second);
            std::tuple<Result<Asked>, Result<Asked>> const asked = co_await std::move(both);
            for (Result<Asked> const& one : {std::get<0>(asked), std::get<1>(asked)}) {
                if (!one) co_return one.error();
                out.usage.add(one->usage);
                out.cost = sum(out.cost, one->cost);
            }
        }
        for (std::size_t const index : place) out.vectors.push_back(wanted[index].vector);
        co_return out;
    }

    /// Fills in what the store has. The list belongs to the caller's frame, which waits.
    static Task<void> look_up(Self self, std::string key, std::vector<Wanted>* wanted) {
        if (!self->config_.cache || !self->cache_) co_return ok();
        std::vector<Sha256Digest> hashes;
        for (Wanted const& one : *wanted) hashes.push_back(one.hash);
        std::function<Result<std::vector<std::vector<float>>>(Connection&)> work =
            [key = std::move(key), hashes = std::move(hashes)](Connection& db) { return read_cached(db, key, hashes); };
        storage::Database cache = self->cache_;
        Task<std::vector<std::vector<float>>> pending = cache.read<std::vector<std::vector<float>>>(std::move(work));
        Result<std::vector<std::vector<float>>> found = co_await std::move(pending);
        if (!found) co_return found.error();
        for (std::size_t i = 0; i < wanted->size(); ++i) (*wanted)[i].vector = std::move((*found)[i]);
        co_return ok();
    }

    /// One request, and its vectors into the cache; nothing for an empty batch. The texts belong to the caller's
    /// frame, which waits.
    static Task<Asked> ask(Self self, std::string key, std::vector<Wanted*> batch, std::string purpose,
                           CallOptions options) {
        Asked out;
        out.cost = Money();
        if (batch.empty()) co_return out;
        EmbedRequest request;
        request.model = self->config_.model;
        request.dimensions = self->config_.dimensions;
        request.purpose = std::move(purpose);
        for (Wanted const* one : batch) request.inputs.emplace_back(TextPart(*one->text));
        // Each request is an operation of its own in the ledger.
        options.request_id.clear();
        options.attempts.reset();
        Task<EmbedReply> pending = self->provider_->embed(std::move(request), std::move(options));
        Result<EmbedReply> reply = co_await std::move(pending);
        if (!reply) co_return reply.error();
        if (reply->vectors.size() != batch.size()) {
            co_return fail(Errc::protocol, self->model_id_ + ": " + std::to_string(batch.size()) +
                                               " texts were sent, and " + std::to_string(reply->vectors.size()) +
                                               " vectors came back");
        }
        out.usage = reply->usage;
        out.cost = reply->info.cost;
        std::vector<Sha256Digest> hashes;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            batch[i]->vector = reply->vectors[i];
            hashes.push_back(batch[i]->hash);
        }
        if (!self->config_.cache || !self->cache_) co_return out;
        std::int64_t const now = storage::to_micros(self->cache_.runtime().clock()->system_now());
        std::function<Result<bool>(Connection&)> work = [key = std::move(key), hashes = std::move(hashes),
                                                         vectors = std::move(reply->vectors),
                                                         now](Connection& db) -> Result<bool> {
            if (Result<void> put = write_cached(db, key, hashes, vectors, now); !put) return put.error();
            return true;
        };
        storage::Database cache = self->cache_;
        Task<bool> saving = cache.write<bool>(std::move(work));
        Result<bool> saved = co_await std::move(saving);
        if (!saved) co_return saved.error();
        co_return out;
    }

    std::shared_ptr<AIProvider> const provider_;
    storage::Database const cache_;
    EmbeddingConfig const config_;
    std::string model_id_;
};

}  // namespace

Result<std::shared_ptr<EmbeddingService>> EmbeddingService::create(std::shared_ptr<AIProvider> provider,
                                                                   storage::Database cache, EmbeddingConfig config) {
    if (!provider) return fail(Errc::invalid_argument, "EmbeddingService: 'provider' is null; give it one that embeds");
    if (config.model.empty()) return fail(Errc::invalid_argument, "EmbeddingConfig.model is empty; name the model");
    if (config.batch < 1 || config.batch > 2048) {
        return fail(Errc::invalid_argument, "EmbeddingConfig.batch must be 1 to 2048");
    }
    if (config.dimensions && *config.dimensions < 1) {
        return fail(Errc::invalid_argument, "EmbeddingConfig.dimensions must be at least 1");
    }
    return std::shared_ptr<EmbeddingService>(
        std::make_shared<Service>(std::move(provider), std::move(cache), std::move(config)));
}

}  // namespace aikit::inline v0::knowledge
