// SPDX-License-Identifier: MIT
// policy/retry.cpp - the schedule, the budget, and the decorator that carries them out.
#include "core/async.hpp"
#include "model/stream_layer.hpp"
#include "policy/operation.hpp"
#include "policy/retry_budget.hpp"
#include "policy/retry_jobs.hpp"

#include <aikit/policy/retry.hpp>

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

constexpr std::chrono::milliseconds none{0};

/// Gives the event that was already pulled, then the rest.
class Resumed final : public StreamLayer {
public:
    Resumed(std::unique_ptr<Source> inner, Event first)
        : StreamLayer(std::move(inner)), first_(std::make_unique<Event>(std::move(first))) {}

private:
    bool give(Event& event) override {
        if (!first_) return false;
        event = std::move(*first_);
        first_.reset();
        return true;
    }

    Then take(Event&) override { return Then::hand_on; }

    std::unique_ptr<Event> first_;  // null once it was given
};

/// One try of an operation. The request is copied for each but the last that is allowed.
template <class T, class Request>
class Once {
public:
    using Operation = Task<T> (AIProvider::*)(Request, CallOptions);

    Once(Operation operation, Request&& request) : operation_(operation), request_(std::move(request)) {}

    Task<T> operator()(AIProvider& provider, CallOptions const& options, bool last) {
        if (last) return (provider.*operation_)(std::move(request_), options);
        return (provider.*operation_)(request_, options);
    }

private:
    Operation operation_;
    Request request_;
};

class OnceModels {
public:
    OnceModels() = default;
    Task<ModelList> operator()(AIProvider& provider, CallOptions const& options, bool) {
        return provider.models(options);
    }
};

class OnceJob {
public:
    explicit OnceJob(std::function<Task<void>(CallOptions options)> once) : once_(std::move(once)) {}
    Task<void> operator()(AIProvider&, CallOptions const& options, bool) { return once_(options); }

private:
    std::function<Task<void>(CallOptions options)> once_;
};

class Retry final : public ForwardingProvider, public Repeater, public std::enable_shared_from_this<Retry> {
public:
    Retry(std::shared_ptr<AIProvider> next, Runtime runtime, RetryConfig config)
        : ForwardingProvider(std::move(next)),
          runtime_(std::move(runtime)),
          config_(config),
          schedule_(config),
          budget_(std::make_shared<RetryBudget>(config.budget, config.budget_floor)),
          batch_(make_retried_batch(*this)),
          files_(make_retried_files(*this)),
          fine_tune_(make_retried_fine_tune(*this)) {}

    // None of these is a coroutine: they hand over a share of this object, so that a Task may outlive the handle.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        Once<ChatReply, ChatRequest> once(&AIProvider::chat, std::move(request));
        return repeat<ChatReply>(shared_from_this(), std::move(once), prepare(std::move(options), true));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        Once<ChatStream, ChatRequest> once(&AIProvider::stream_chat, std::move(request));
        return repeat_stream(shared_from_this(), std::move(once), prepare(std::move(options), false));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        Once<EmbedReply, EmbedRequest> once(&AIProvider::embed, std::move(request));
        return repeat<EmbedReply>(shared_from_this(), std::move(once), prepare(std::move(options), true));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        Once<ModerateReply, ModerateRequest> once(&AIProvider::moderate, std::move(request));
        return repeat<ModerateReply>(shared_from_this(), std::move(once), prepare(std::move(options), true));
    }
    Task<ModelList> models(CallOptions options) override {
        return repeat<ModelList>(shared_from_this(), OnceModels(), prepare(std::move(options), true));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        Once<TokenCount, ChatRequest> once(&AIProvider::count_tokens, std::move(request));
        return repeat<TokenCount>(shared_from_this(), std::move(once), prepare(std::move(options), true));
    }

    BatchApi* batch() noexcept override { return batch_.get(); }
    FilesApi* files() noexcept override { return files_.get(); }
    FineTuneApi* fine_tune() noexcept override { return fine_tune_.get(); }

    // What jobs and files are asked with.
    Task<void> repeat(std::function<Task<void>(CallOptions options)> once, CallOptions options, bool limited) override {
        OnceJob job(std::move(once));
        return repeat<void>(shared_from_this(), std::move(job), prepare(std::move(options), limited));
    }
    std::shared_ptr<Repeater> share() override { return shared_from_this(); }
    AIProvider& inner() noexcept override { return *next(); }

private:
    /// What all tries share: one deadline, one id, one idempotency key, one list of attempts.
    CallOptions&& prepare(CallOptions&& options, bool limited) const {
        begin_operation(options, *runtime_.clock(), limited);
        return std::move(options);
    }

    /// Waits before the next try, and says whether there is one.
    static Task<bool> again(std::shared_ptr<Retry const> self, Error error, int failed, CallOptions options) {
        SteadyTime const now = self->runtime_.clock()->now();
        RetrySchedule::Verdict const verdict = self->schedule_.decide(error, failed, options, now, random_number());
        bool const go = verdict.again && self->budget_->take(now);
        // What is not tried again is told by its error alone.
        if (!go) co_return false;
        self->runtime_.log(LogLevel::info, "policy.retry", [&] {
            std::vector<LogField> fields;
            fields.emplace_back("provider", self->name());
            fields.emplace_back("error", aikit::name(error.code));
            fields.emplace_back("failed", static_cast<std::int64_t>(failed));
            fields.emplace_back("delay_ms", static_cast<std::int64_t>(verdict.delay.count()));
            return fields;
        });
        Task<void> nap = sleep_until(self->runtime_.clock(), now + verdict.delay);
        Result<void> slept = co_await std::move(nap);
        if (!slept) co_return slept.error();
        co_return true;
    }

    using Self = std::shared_ptr<Retry const>;

    template <class T, class OneTry>
    static Task<T> repeat(Self self, OneTry once, CallOptions options) {
        // Kept here, and not by what a provider may do with its options.
        std::shared_ptr<void const> const keep = std::move(options.keep);
        try {
            self->budget_->call(self->runtime_.clock()->now());
            int const last = self->last_attempt(options);
            int const before = options.attempt - 1;  // tries of this operation for other reasons
            for (int attempt = 1;; ++attempt) {
                options.attempt = before + attempt;
                Task<T> pending = once(*self->next(), options, attempt >= last);
                Result<T> result = co_await std::move(pending);
                if (result) co_return result;
                Task<bool> deciding = again(self, result.error(), attempt, options);
                Result<bool> more = co_await std::move(deciding);
                if (!more) co_return more.error();
                if (!*more) co_return result;
            }
        } catch (...) {
            co_return current_exception_error();
        }
    }

    int last_attempt(CallOptions const& options) const noexcept {
        return std::clamp(options.max_retries.value_or(config_.max_retries), 0, most_retries) + 1;
    }

    static Task<ChatStream> repeat_stream(Self self, Once<ChatStream, ChatRequest> once, CallOptions options) {
        // Kept here, and not by what a provider may do with its options.
        std::shared_ptr<void const> const keep = std::move(options.keep);
        try {
            self->budget_->call(self->runtime_.clock()->now());
            int const last = self->last_attempt(options);
            int const before = options.attempt - 1;  // tries of this operation for other reasons
            for (int attempt = 1;; ++attempt) {
                options.attempt = before + attempt;
                Task<ChatStream> opening = once(*self->next(), options, attempt >= last);
                Result<ChatStream> stream = co_await std::move(opening);
                std::unique_ptr<ChatStream::Source> source;
                std::optional<Error> error;
                Result<std::optional<ChatEvent>> first;
                if (stream) {
                    source = stream->release();
                    Task<std::optional<ChatEvent>> pending = source->next();
                    first = co_await std::move(pending);
                    if (!first) error = first.error();
                } else {
                    error = stream.error();
                }
                if (error) {
                    Task<bool> deciding = again(self, *error, attempt, options);
                    Result<bool> more = co_await std::move(deciding);
                    if (!more) co_return more.error();
                    if (*more) continue;
                    if (!source) co_return *error;
                }
                // An error of the stream itself is told by the stream, so that its facts can be read there.
                co_return ChatStream(std::make_unique<Resumed>(std::move(source), std::move(first)));
            }
        } catch (...) {
            co_return current_exception_error();
        }
    }

    Runtime runtime_;
    RetryConfig config_;
    RetrySchedule schedule_;
    std::shared_ptr<RetryBudget> budget_;
    std::unique_ptr<BatchApi> batch_;
    std::unique_ptr<FilesApi> files_;
    std::unique_ptr<FineTuneApi> fine_tune_;
};

}  // namespace

void RetryBudget::Window::roll(SteadyTime now) noexcept {
    if (now - start < length) return;
    before = now - start < 2 * length ? current : 0;
    current = 0;
    start = now;
}

double RetryBudget::Window::last_ten_seconds(SteadyTime now) const noexcept {
    double const passed = std::chrono::duration<double>(now - start) / std::chrono::duration<double>(length);
    return current + before * std::max(0.0, 1 - passed);
}

void RetryBudget::call(SteadyTime now) {
    std::lock_guard const lock(mutex_);
    calls_.roll(now);
    calls_.current += 1;
}

bool RetryBudget::take(SteadyTime now) {
    std::lock_guard const lock(mutex_);
    calls_.roll(now);
    retries_.roll(now);
    double const allowed = std::max(static_cast<double>(floor_), share_ * calls_.last_ten_seconds(now));
    if (retries_.last_ten_seconds(now) + 1 > allowed) return false;
    retries_.current += 1;
    return true;
}

RetrySchedule::Verdict RetrySchedule::decide(Error const& error, int failed, CallOptions const& options, SteadyTime now,
                                             std::uint32_t random) const {
    Verdict verdict;
    int const allowed = std::clamp(options.max_retries.value_or(config_.max_retries), 0, most_retries);
    if (failed > allowed) {
        verdict.reason = "no retries are left";
    } else if (!retryable(error)) {
        verdict.reason = "trying again would not help";
    } else if (error.code == Errc::rate_limited && error.provider.empty()) {
        // Who limits calls here has let it wait as long as it may.
        verdict.reason = "a limit of this program's own refused it";
    } else if (error.maybe_executed && options.replay != Replay::any) {
        verdict.reason = "the request may have been carried out";
    } else if (error.retry_after && *error.retry_after > config_.max_retry_after) {
        verdict.reason = "the provider asks for a longer wait than is allowed";
    } else {
        // All who were told the same time would come back at once: the drawn delay stands on top of it.
        verdict.delay = jittered(config_.first_delay, config_.max_delay, failed, random) +
                        std::max(error.retry_after.value_or(none), none);
        verdict.again = !options.deadline.passed(now + verdict.delay);
        verdict.reason = verdict.again ? "it may work later" : "the deadline would pass first";
    }
    return verdict;
}

Result<std::shared_ptr<AIProvider>> make_retry(std::shared_ptr<AIProvider> next, Runtime runtime, RetryConfig config) {
    if (!next) return fail(Errc::invalid_argument, "make_retry: 'next' is null; give it the provider to ask again");
    if (!runtime) return fail(Errc::invalid_argument, "make_retry: 'runtime' is not one; it is needed to wait");
    auto const wrong = [](char const* what) {
        return fail(Errc::invalid_argument, std::string("make_retry: RetryConfig::") + what);
    };
    constexpr std::chrono::milliseconds hour = std::chrono::hours(1);
    auto const delays = [&](std::chrono::milliseconds value) { return value >= none && value <= hour; };
    if (config.max_retries < 0 || config.max_retries > most_retries) return wrong("max_retries must be 0 to 10");
    if (!delays(config.first_delay)) return wrong("first_delay must be 0 to 1 hour");
    if (!delays(config.max_delay)) return wrong("max_delay must be 0 to 1 hour");
    if (!delays(config.max_retry_after)) return wrong("max_retry_after must be 0 to 1 hour");
    if (!(config.budget >= 0 && config.budget <= 1)) return wrong("budget must be 0 to 1");
    if (config.budget_floor < 0) return wrong("budget_floor must not be negative");
    return std::shared_ptr<AIProvider>(std::make_shared<Retry>(std::move(next), std::move(runtime), config));
}

}  // namespace aikit::inline v0::policy
