// SPDX-License-Identifier: MIT
// policy/limited.cpp - the decorator that asks a limiter before each call.
#include "core/async.hpp"
#include "cost/request_tokens.hpp"
#include "model/stream_layer.hpp"

#include <aikit/policy/limits.hpp>

#include <array>
#include <span>
#include <utility>

namespace aikit::inline v0::policy {
namespace {

using Permit = RateLimiter::Permit;

// What a chat is taken to write that sets itself no limit; corrected when it has ended.
constexpr std::int64_t output_of_unlimited = 1'024;

std::int64_t tokens_of(std::string const& provider, ChatRequest const& request) {
    std::int64_t const choices = request.n.value_or(1);
    std::int64_t const input = cost::count_chat(provider, request, nullptr).expected;
    return input + choices * request.max_tokens.value_or(output_of_unlimited);
}

RateLimits const* told_by(CallInfo const& info) noexcept {
    return info.attempts.empty() ? nullptr : info.attempts.back().rate_limits.get();
}

/// What the call used, when anybody knows.
std::optional<std::int64_t> used_by(CallInfo const& info) {
    std::int64_t const tokens = info.usage.total();
    return tokens > 0 ? std::optional<std::int64_t>(tokens) : std::nullopt;
}

void settle(Permit& permit, CallInfo const& info) noexcept {
    permit.settle(used_by(info), told_by(info), nullptr);
}

/// What was refused used nothing; what may have run keeps what was reserved for it.
void settle(Permit& permit, Error const& error) noexcept {
    bool const refused = error.http_status != 0 && !error.maybe_executed;
    permit.settle(refused ? std::optional<std::int64_t>(0) : std::nullopt, error.rate_limits.get(), &error);
}

class LimitedStream final : public StreamLayer {
public:
    LimitedStream(std::unique_ptr<Source> inner, Permit permit)
        : StreamLayer(std::move(inner)), permit_(std::move(permit)) {}
    ~LimitedStream() override { permit_.settle(used_by(inner()->info()), nullptr, nullptr); }

private:
    Then take(Event& event) override {
        if (!event) {
            Error const& error = event.error();
            permit_.settle(used_by(inner()->info()), error.rate_limits.get(), &error);
        } else if (*event) {
            auto const* const finished = std::get_if<Finished>(&**event);
            if (finished != nullptr) settle(permit_, *finished->info);
        }
        return Then::hand_on;
    }

    Permit permit_;
};

class Limited final : public ForwardingProvider, public std::enable_shared_from_this<Limited> {
public:
    Limited(std::shared_ptr<AIProvider> next, std::shared_ptr<RateLimiter> limiter, std::shared_ptr<Observer> observer)
        : ForwardingProvider(std::move(next)), limiter_(std::move(limiter)), observer_(std::move(observer)) {}

    // None of these is a coroutine: they hand over a share of this object, so that a Task may outlive the handle.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        LimitedCall call = call_of(request.model, options, tokens_of(name(), request));
        return pass<ChatReply>(shared_from_this(), &AIProvider::chat, std::move(call), std::move(request),
                               std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        LimitedCall call = call_of(request.model, options, tokens_of(name(), request));
        return pass_stream(shared_from_this(), std::move(call), std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        std::int64_t const tokens = cost::count_embed(name(), request, nullptr).expected;
        LimitedCall call = call_of(request.model, options, tokens);
        return pass<EmbedReply>(shared_from_this(), &AIProvider::embed, std::move(call), std::move(request),
                                std::move(options));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        LimitedCall call = call_of(request.model, options, 0);
        return pass<ModerateReply>(shared_from_this(), &AIProvider::moderate, std::move(call), std::move(request),
                                   std::move(options));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        LimitedCall call = call_of(request.model, options, 0);
        return pass<TokenCount>(shared_from_this(), &AIProvider::count_tokens, std::move(call), std::move(request),
                                std::move(options));
    }

private:
    using Self = std::shared_ptr<Limited const>;

    LimitedCall call_of(std::string const& model, CallOptions const& options, std::int64_t tokens) const {
        LimitedCall call;
        call.provider = name();
        call.model = model;
        call.caller = options.caller;
        call.tokens = tokens;
        call.priority = options.priority;
        call.deadline = options.deadline;
        return call;
    }

    void tell(Result<Permit> const& permit, std::string const& model) const {
        std::array<LogField, 3> labels{LogField("aikit.provider", name()), LogField("gen_ai.request.model", model),
                                       LogField()};
        std::span<LogField const> const without_error = std::span(labels).first(2);
        if (permit) {
            std::chrono::microseconds const waited = permit->waited();
            return observer_->record("aikit.limits.wait.duration", waited.count(), without_error);
        }
        labels[2] = LogField("error.type", aikit::name(permit.error().code));
        observer_->count("aikit.limits.refusals", 1, labels);
    }

    template <class Reply, class Request>
    static Task<Reply> pass(Self self, Task<Reply> (AIProvider::*operation)(Request, CallOptions), LimitedCall call,
                            Request request, CallOptions options) {
        Task<Permit> asking = self->limiter_->acquire(std::move(call));
        Result<Permit> permit = co_await std::move(asking);
        if (self->observer_) self->tell(permit, request.model);
        if (!permit) co_return permit.error();
        AIProvider& next = *self->next();
        Task<Reply> pending = guard((next.*operation)(std::move(request), std::move(options)));
        Result<Reply> reply = co_await std::move(pending);
        if (reply) {
            settle(*permit, reply->info);
        } else {
            settle(*permit, reply.error());
        }
        co_return reply;
    }

    static Task<ChatStream> pass_stream(Self self, LimitedCall call, ChatRequest request, CallOptions options) {
        Task<Permit> asking = self->limiter_->acquire(std::move(call));
        Result<Permit> permit = co_await std::move(asking);
        if (self->observer_) self->tell(permit, request.model);
        if (!permit) co_return permit.error();
        Task<ChatStream> pending = guard(self->next()->stream_chat(std::move(request), std::move(options)));
        Result<ChatStream> stream = co_await std::move(pending);
        if (!stream) {
            settle(*permit, stream.error());
            co_return stream.error();
        }
        std::unique_ptr<ChatStream::Source> source = stream->release();
        co_return ChatStream(std::make_unique<LimitedStream>(std::move(source), std::move(*permit)));
    }

    std::shared_ptr<RateLimiter> const limiter_;
    std::shared_ptr<Observer> const observer_;  // null: nobody watches
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_limited(std::shared_ptr<AIProvider> next, std::shared_ptr<RateLimiter> limiter,
                                                 std::shared_ptr<Observer> observer) {
    if (!next) return fail(Errc::invalid_argument, "make_limited: 'next' is null; give it the provider to limit");
    if (!limiter)
        return fail(Errc::invalid_argument, "make_limited: 'limiter' is null; RateLimiter::create() makes one");
    return std::shared_ptr<AIProvider>(
        std::make_shared<Limited>(std::move(next), std::move(limiter), std::move(observer)));
}

}  // namespace aikit::inline v0::policy
