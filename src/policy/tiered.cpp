// SPDX-License-Identifier: MIT
// policy/tiered.cpp - the decorator that tells calls their caller's tier.
#include "core/async.hpp"
#include "policy/retry_jobs.hpp"

#include <aikit/policy/tiers.hpp>

#include <algorithm>
#include <string_view>

namespace aikit::inline v0::policy {
namespace {

using Features = std::vector<std::string>;

char const* feature_of(MediaPart::Kind kind) noexcept {
    switch (kind) {
        case MediaPart::Kind::image: return "images";
        case MediaPart::Kind::document: return "documents";
        case MediaPart::Kind::audio: return "audio";
    }
    return "documents";
}

void add_once(std::vector<std::string>& list, std::string_view text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.emplace_back(text);
}

void add_media(Features& features, std::vector<Part> const& parts) {
    for (Part const& part : parts) {
        if (auto const* const media = std::get_if<MediaPart>(&part)) add_once(features, feature_of(media->kind));
        auto const* const result = std::get_if<ToolResult>(&part);
        if (result == nullptr) continue;
        for (auto const& piece : result->content) {
            if (auto const* const media = std::get_if<MediaPart>(&piece)) add_once(features, feature_of(media->kind));
        }
    }
}

Features features_of(ChatRequest const& request) {
    Features features{"chat"};
    if (!request.tools.empty()) features.emplace_back("tools");
    for (Message const& message : request.messages) add_media(features, message.parts);
    return features;
}

Features features_of(EmbedRequest const& request) {
    Features features{"embed"};
    add_media(features, request.inputs);
    return features;
}

Features features_of(ModerateRequest const&) {
    return {"moderate"};
}

/// What a call has to show before it may go on.
struct Entry {
    Features features;
    std::string provider;             // empty: no model is asked for
    std::vector<std::string> models;  // all are asked for
};

Result<bool> try_enter(SubscriptionTiers& tiers, Entry const& entry, Caller& caller) {
    if (entry.models.empty()) return tiers.try_enter(caller, entry.features, "", "");
    for (std::string const& model : entry.models) {
        Result<bool> const entered = tiers.try_enter(caller, entry.features, entry.provider, model);
        if (!entered || !*entered) return entered;
    }
    return true;
}

Task<CallOptions> enter(std::shared_ptr<SubscriptionTiers> tiers, Entry entry, CallOptions options) {
    Result<bool> entered = try_enter(*tiers, entry, options.caller);
    if (entered && !*entered) {
        Task<std::string> reading = tiers->tier_of(options.caller);
        Result<std::string> tier = co_await std::move(reading);
        if (!tier) co_return tier.error();
        // What is named is not read again, should it be forgotten at once.
        options.caller.tier = std::move(*tier);
        entered = try_enter(*tiers, entry, options.caller);
    }
    if (!entered) co_return entered.error();
    co_return options;
}

/// Jobs and files, each call told its caller's tier.
class TieredJobs final : public Repeater, public std::enable_shared_from_this<TieredJobs> {
public:
    TieredJobs(std::shared_ptr<AIProvider> next, std::shared_ptr<SubscriptionTiers> tiers, char const* feature)
        : next_(std::move(next)), tiers_(std::move(tiers)), feature_(feature) {}

    Task<void> repeat(std::function<Task<void>(CallOptions)> once, CallOptions options, bool) override {
        return pass(shared_from_this(), std::move(once), std::move(options));
    }
    std::shared_ptr<Repeater> share() override { return shared_from_this(); }
    AIProvider& inner() noexcept override { return *next_; }
    std::shared_ptr<SubscriptionTiers> const& tiers() const noexcept { return tiers_; }

private:
    static Task<void> pass(std::shared_ptr<TieredJobs> self, std::function<Task<void>(CallOptions)> once,
                           CallOptions options) {
        Task<CallOptions> entering = enter(self->tiers_, Entry{{self->feature_}, {}, {}}, std::move(options));
        Result<CallOptions> entered = co_await std::move(entering);
        if (!entered) co_return entered.error();
        Task<void> pending = once(std::move(*entered));
        co_return co_await std::move(pending);
    }

    std::shared_ptr<AIProvider> next_;
    std::shared_ptr<SubscriptionTiers> tiers_;
    std::string feature_;
};

/// The models of a batch's items. What a file at the provider asks for is not seen here: it may be any.
std::vector<std::string> models_of(BatchRequest const& request) {
    std::vector<std::string> models;
    for (BatchItem const& item : request.items) add_once(models, item.request.model);
    if (request.items.empty()) models.emplace_back("*");
    return models;
}

/// Batches whose items' models are looked at too.
class TieredBatch final : public BatchApi {
public:
    TieredBatch(std::shared_ptr<TieredJobs> jobs, std::unique_ptr<BatchApi> each)
        : jobs_(std::move(jobs)), each_(std::move(each)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        return create_task(jobs_, std::move(request), std::move(options));
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions options) override {
        return each_->poll(std::move(handle), std::move(options));
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        return each_->results(std::move(handle), std::move(options));
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        return each_->cancel(std::move(handle), std::move(options));
    }
    Task<BatchList> list(PageQuery page, CallOptions options) override {
        return each_->list(std::move(page), std::move(options));
    }

private:
    static Task<BatchJob> create_task(std::shared_ptr<TieredJobs> jobs, BatchRequest request, CallOptions options) {
        AIProvider& next = jobs->inner();
        Entry entry{{"batch"}, next.name(), models_of(request)};
        Task<CallOptions> entering = guard(enter(jobs->tiers(), std::move(entry), std::move(options)));
        Result<CallOptions> entered = co_await std::move(entering);
        if (!entered) co_return entered.error();
        Task<BatchJob> pending = guard(next.batch()->create(std::move(request), std::move(*entered)));
        co_return co_await std::move(pending);
    }

    std::shared_ptr<TieredJobs> jobs_;
    std::unique_ptr<BatchApi> each_;
};

std::unique_ptr<BatchApi> make_tiered_batch(std::shared_ptr<TieredJobs> const& jobs) {
    std::unique_ptr<BatchApi> each = make_retried_batch(*jobs);
    if (!each) return nullptr;
    return std::make_unique<TieredBatch>(jobs, std::move(each));
}

class Tiered final : public ForwardingProvider, public std::enable_shared_from_this<Tiered> {
public:
    Tiered(std::shared_ptr<AIProvider> next_provider, std::shared_ptr<SubscriptionTiers> tiers)
        : ForwardingProvider(std::move(next_provider)),
          tiers_(std::move(tiers)),
          batch_jobs_(std::make_shared<TieredJobs>(next(), tiers_, "batch")),
          files_jobs_(std::make_shared<TieredJobs>(next(), tiers_, "files")),
          fine_tune_jobs_(std::make_shared<TieredJobs>(next(), tiers_, "fine_tune")),
          batch_(make_tiered_batch(batch_jobs_)),
          files_(make_retried_files(*files_jobs_)),
          fine_tune_(make_retried_fine_tune(*fine_tune_jobs_)) {}

    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return pass<ChatReply>(&AIProvider::chat, std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return pass<ChatStream>(&AIProvider::stream_chat, std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return pass<EmbedReply>(&AIProvider::embed, std::move(request), std::move(options));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        return pass<ModerateReply>(&AIProvider::moderate, std::move(request), std::move(options));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        return pass<TokenCount>(&AIProvider::count_tokens, std::move(request), std::move(options));
    }

    BatchApi* batch() noexcept override { return batch_.get(); }
    FilesApi* files() noexcept override { return files_.get(); }
    FineTuneApi* fine_tune() noexcept override { return fine_tune_.get(); }

private:
    using Self = std::shared_ptr<Tiered const>;

    /// Calls of members that are known have no coroutine here.
    template <class Reply, class Request>
    Task<Reply> pass(Task<Reply> (AIProvider::*operation)(Request, CallOptions), Request request, CallOptions options) {
        Entry entry{features_of(request), name(), {request.model}};
        Result<bool> const entered = try_enter(*tiers_, entry, options.caller);
        if (entered && *entered) return ((*next()).*operation)(std::move(request), std::move(options));
        return enter_first<Reply>(shared_from_this(), operation, std::move(entry), std::move(request),
                                  std::move(options));
    }

    template <class Reply, class Request>
    static Task<Reply> enter_first(Self self, Task<Reply> (AIProvider::*operation)(Request, CallOptions), Entry entry,
                                   Request request, CallOptions options) {
        Task<CallOptions> entering = guard(enter(self->tiers_, std::move(entry), std::move(options)));
        Result<CallOptions> entered = co_await std::move(entering);
        if (!entered) co_return entered.error();
        AIProvider& next = *self->next();
        Task<Reply> pending = guard((next.*operation)(std::move(request), std::move(*entered)));
        co_return co_await std::move(pending);
    }

    std::shared_ptr<SubscriptionTiers> tiers_;
    std::shared_ptr<TieredJobs> batch_jobs_, files_jobs_, fine_tune_jobs_;
    std::unique_ptr<BatchApi> batch_;
    std::unique_ptr<FilesApi> files_;
    std::unique_ptr<FineTuneApi> fine_tune_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_tiered(std::shared_ptr<AIProvider> next,
                                                std::shared_ptr<SubscriptionTiers> tiers) {
    if (!next) return fail(Errc::invalid_argument, "make_tiered: 'next' is null");
    if (!tiers) return fail(Errc::invalid_argument, "make_tiered: 'tiers' is null");
    return std::shared_ptr<AIProvider>(std::make_shared<Tiered>(std::move(next), std::move(tiers)));
}

}  // namespace aikit::inline v0::policy
