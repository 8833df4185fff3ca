// SPDX-License-Identifier: MIT
// policy/meter_batch.cpp - batches whose results are priced and written down, each once.
#include "policy/meter_batch.hpp"

#include "core/async.hpp"
#include "cost/model_limits.hpp"
#include "policy/admission.hpp"

namespace aikit::inline v0::policy {

namespace {

using Shared = std::shared_ptr<Metering const>;

constexpr std::string_view tier = "batch";

/// All results were read, and the batch came to this. One without prices stays at its worst case.
Task<void> correct_budgets(Shared shared, JobHandle job, std::optional<Money> cost, std::int64_t tokens) {
    if (!cost) co_return ok();
    Task<bool> settling = shared->config.budgets->settle_batch(job.provider, job.id, *cost, tokens);
    Result<bool> const settled = co_await std::move(settling);
    if (!settled) co_return settled.error();
    co_return ok();
}

class MeteredResults final : public BatchResults::Source {
public:
    MeteredResults(std::unique_ptr<Source> inner, Shared shared, JobHandle handle, std::string provider)
        : inner_(std::move(inner)),
          shared_(std::move(shared)),
          handle_(std::move(handle)),
          provider_(std::move(provider)) {}

    Task<std::optional<BatchResult>> next() override {
        Task<std::optional<BatchResult>> pending = inner_->next();
        Result<std::optional<BatchResult>> result = co_await std::move(pending);
        if (result && *result) note(**result);
        if (result && !*result && shared_->config.budgets) {
            Task<void> correcting = correct_budgets(shared_, handle_, cost_, tokens_);
            Result<void> const corrected = co_await std::move(correcting);
            if (!corrected) co_return corrected.error();
        }
        co_return result;
    }

private:
    void note(BatchResult& result) {
        Attempt attempt;
        attempt.provider = provider_;
        attempt.model = handle_.model;
        attempt.started = SystemTime(std::chrono::seconds(handle_.created));
        if (result.reply) {
            price(attempt, *result.reply);
        } else {
            attempt.outcome = name(result.reply.error().code);
            attempt.error = result.reply.error().code;
            attempt.http_status = result.reply.error().http_status;
            attempt.cost = Money();  // what was not answered is not billed
        }
        tokens_ += attempt.usage.total();
        Result<Money> const sum = cost_ && attempt.cost ? Money::add(*cost_, *attempt.cost) : Result<Money>(Error());
        cost_ = sum ? std::optional<Money>(*sum) : std::nullopt;
        std::string const request = "batch/" + handle_.id + "/" + result.custom_id;
        if (shared_->config.ledger) {
            cost::LedgerFacts const facts(request, 1, tier, handle_.caller, attempt);
            shared_->config.ledger->record(facts);
        }
        if (result.reply) describe(result.reply->info, request, std::move(attempt));
    }

    void price(Attempt& attempt, ChatReply const& reply) const {
        attempt.outcome = "ok";
        attempt.http_status = 200;
        attempt.usage = reply.usage.without_raw();
        if (!reply.model.empty()) attempt.model = reply.model;
        for (std::string const& model : {reply.model, handle_.model}) {
            if (model.empty() || attempt.cost) continue;
            Result<std::shared_ptr<cost::PriceEntry const>> const entry =
                shared_->prices.find(shared_->priced_name(model), tier, {}, attempt.started);
            if (!entry) continue;
            Result<Money> const cost = cost::cost_of(**entry, attempt.usage);
            if (!cost) continue;
            attempt.cost = *cost;
            attempt.price_id = (*entry)->id;
            shared_->prices.spent(*cost, attempt.started);
        }
    }

    static void describe(CallInfo& info, std::string request, Attempt attempt) {
        info.request_id = std::move(request);
        info.provider = attempt.provider;
        info.model = attempt.model;
        info.usage = attempt.usage;
        info.cost = attempt.cost;
        info.cost_exact = attempt.cost.has_value();
        info.price_id = attempt.price_id;
        if (!info.cost) {
            info.warnings.emplace_back("the cost is not known: the price catalog has no entry for this model");
        }
        info.attempts.clear();
        info.attempts.push_back(std::move(attempt));
    }

    std::unique_ptr<Source> inner_;
    Shared shared_;
    JobHandle handle_;
    std::string provider_;
    std::optional<Money> cost_ = Money();  // of what was read; missing: something had no price
    std::int64_t tokens_ = 0;
};

bool is_nobody(Caller const& caller) noexcept {
    return caller.tenant.empty() && caller.user.empty() && caller.key.empty() && caller.project.empty() &&
           caller.tags.empty();
}

template <class T>
Task<T> refused(Error error) {
    co_return error;
}

class MeteredBatch final : public BatchApi {
public:
    MeteredBatch(std::shared_ptr<AIProvider> next, Shared shared)
        : next_(std::move(next)), shared_(std::move(shared)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        if (Result<void> priced = check_prices(request); !priced) return refused<BatchJob>(priced.error());
        if (Result<void> taken = check_models(request); !taken) return refused<BatchJob>(taken.error());
        if (shared_->config.budgets) return create_held(next_, shared_, std::move(request), std::move(options));
        return next_->batch()->create(std::move(request), std::move(options));
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions options) override {
        if (shared_->config.budgets) return poll_held(next_, shared_, std::move(handle), std::move(options));
        return next_->batch()->poll(std::move(handle), std::move(options));
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        return results_task(next_, shared_, std::move(handle), std::move(options));
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        return next_->batch()->cancel(std::move(handle), std::move(options));
    }
    Task<BatchList> list(PageQuery page, CallOptions options) override {
        return next_->batch()->list(std::move(page), std::move(options));
    }

private:
    /// A batch that was taken counts with its worst case; its results come much later, or to another process, and
    /// correct that.
    static Task<BatchJob> create_held(std::shared_ptr<AIProvider> next, Shared shared, BatchRequest request,
                                      CallOptions options) {
        auto copy = std::make_shared<BatchRequest const>(request);
        std::string const model = request.model;
        Caller const caller = options.caller;
        Task<HeldAttempt> admitting = guard(admit_batch(shared, next->name(), std::move(copy), options));
        Result<HeldAttempt> held = co_await std::move(admitting);
        if (!held) co_return held.error();
        Task<BatchJob> pending = guard(next->batch()->create(std::move(request), std::move(options)));
        Result<BatchJob> job = co_await std::move(pending);
        BudgetGuardian::Hold& hold = held->hold;
        bool const was_held = static_cast<bool>(hold);
        Money const worst = hold.cost();
        std::int64_t const tokens = hold.tokens();
        if (job || job.error().maybe_executed) {
            hold.settle(hold.cost(), hold.tokens());
        } else {
            hold.settle(Money(), 0);
        }
        if (!job || !was_held) co_return job;
        JobHandle noted = job->handle;
        noted.provider = next->name();
        noted.model = model;
        noted.caller = caller;
        Task<void> noting = shared->config.budgets->note_batch(std::move(noted), worst, tokens);
        Result<void> const done = co_await std::move(noting);
        // The batch runs all the same, and counts with its worst case.
        if (!done)
            job->info.warnings.push_back("what the batch may cost cannot be corrected later: " + done.error().message);
        co_return job;
    }

    /// What failed as a whole came to nothing.
    static Task<BatchJob> poll_held(std::shared_ptr<AIProvider> next, Shared shared, JobHandle handle,
                                    CallOptions options) {
        Task<BatchJob> pending = guard(next->batch()->poll(std::move(handle), std::move(options)));
        Result<BatchJob> job = co_await std::move(pending);
        if (!job || job->status != JobStatus::failed || job->counts.succeeded > 0) co_return job;
        JobHandle failed = job->handle;
        failed.provider = next->name();
        Task<void> correcting = correct_budgets(shared, std::move(failed), Money(), 0);
        Result<void> const corrected = co_await std::move(correcting);
        if (!corrected) co_return corrected.error();
        co_return job;
    }

    static Task<BatchResults> results_task(std::shared_ptr<AIProvider> next, Shared shared, JobHandle handle,
                                           CallOptions options) {
        if (is_nobody(handle.caller)) handle.caller = options.caller;
        Task<BatchResults> pending = next->batch()->results(std::move(handle), std::move(options));
        Result<BatchResults> results = co_await std::move(pending);
        if (!results) co_return results.error();
        JobHandle known = results->handle();
        known.provider = next->name();
        auto metered = std::make_unique<MeteredResults>(results->release(), std::move(shared), known, next->name());
        co_return BatchResults(std::move(known), std::move(metered));
    }

    /// What cannot be priced is refused before a byte is sent, unless it is allowed.
    Result<void> check_prices(BatchRequest const& request) const {
        MeterConfig const& config = shared_->config;
        if (config.unknown_price == UnknownPrice::allow) return ok();
        SystemTime const now = config.clock->system_now();
        auto const check = [&](std::string const& model) -> Result<void> {
            Result<std::shared_ptr<cost::PriceEntry const>> const entry =
                shared_->prices.find(shared_->priced_name(model), tier, {}, now);
            return entry ? ok() : Result<void>(entry.error());
        };
        if (request.items.empty() && request.model.empty() && !request.input_file.empty()) {
            return fail(Errc::unknown_price,
                        "The file of the batch names its models itself, so that it cannot be priced; name the model "
                        "with the batch, or allow unknown prices.");
        }
        if (request.items.empty()) return request.model.empty() ? ok() : check(request.model);
        std::string_view last;
        for (BatchItem const& item : request.items) {
            if (item.request.model == last) continue;
            last = item.request.model;
            if (last.empty()) continue;  // told by the provider, with its place
            if (Result<void> priced = check(item.request.model); !priced) return priced;
        }
        return ok();
    }

    /// What a model is known not to take is refused as it is for a call of its own.
    Result<void> check_models(BatchRequest const& request) const {
        SystemTime const now = shared_->config.clock->system_now();
        std::shared_ptr<cost::PriceEntry const> entry;
        std::string_view last;
        for (BatchItem const& item : request.items) {
            if (item.request.model != last) {
                last = item.request.model;
                Result<std::shared_ptr<cost::PriceEntry const>> const found =
                    shared_->prices.find(shared_->priced_name(last), tier, {}, now);
                entry = found ? *found : nullptr;
            }
            if (!entry) continue;
            Result<void> taken = check_content(*entry, item.request);
            if (taken) continue;
            Error named = taken.error();
            named.message = "request '" + item.custom_id + "': " + named.message;
            return named;
        }
        return ok();
    }

    std::shared_ptr<AIProvider> next_;
    Shared shared_;
};

}  // namespace

std::unique_ptr<BatchApi> make_metered_batch(std::shared_ptr<AIProvider> next, std::shared_ptr<Metering const> shared) {
    return std::make_unique<MeteredBatch>(std::move(next), std::move(shared));
}

}  // namespace aikit::inline v0::policy
