// SPDX-License-Identifier: MIT
// policy/structured.cpp - the decorator that asks until a reply fits its schema.
#include "core/async.hpp"
#include "policy/structured_turn.hpp"

#include <aikit/core/id.hpp>
#include <aikit/policy/structured.hpp>

namespace aikit::inline v0::policy {
namespace {

constexpr std::chrono::milliseconds default_total{600'000};

/// A stream whose text is checked at its end.
class CheckedSource final : public ChatStream::Source {
public:
    CheckedSource(std::unique_ptr<ChatStream::Source> source, StructuredTurn turn, std::string provider)
        : source_(std::move(source)), turn_(std::move(turn)), provider_(std::move(provider)) {}

    Task<std::optional<ChatEvent>> next() override {
        if (last_) co_return std::exchange(last_, std::nullopt);
        while (true) {
            Task<std::optional<ChatEvent>> pending = source_->next();
            Result<std::optional<ChatEvent>> event = co_await std::move(pending);
            if (!event || !*event) co_return event;
            if (auto* const finished = std::get_if<Finished>(&**event)) {
                if (turn_.judge_stream() != StructuredTurn::Verdict::good) co_return turn_.error(provider_);
                finished->info = put_warnings(std::move(*finished->info));
                std::string text = turn_.take_unshown();
                if (text.empty()) co_return event;
                last_ = std::move(**event);
                co_return ChatEvent(TextDelta(0, std::move(text)));
            }
            std::optional<ChatEvent> shown = turn_.show(std::move(**event));
            if (shown) co_return shown;
        }
    }

    CallInfo info() const override { return put_warnings(source_->info()); }

private:
    CallInfo put_warnings(CallInfo info) const {
        info.warnings.insert(info.warnings.end(), turn_.warnings().begin(), turn_.warnings().end());
        return info;
    }

    std::unique_ptr<ChatStream::Source> source_;
    StructuredTurn turn_;
    std::string provider_;
    std::optional<ChatEvent> last_;  // the end, while something comes before it
};

class Structured final : public ForwardingProvider, public std::enable_shared_from_this<Structured> {
public:
    Structured(std::shared_ptr<AIProvider> next, StructuredConfig config)
        : ForwardingProvider(std::move(next)), config_(std::move(config)) {}

    // No coroutines: what is not for us goes on without a frame of ours.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        if (!StructuredTurn::wanted(request, options)) return next()->chat(std::move(request), std::move(options));
        return guard(ask(shared_from_this(), std::move(request), std::move(options)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        if (!StructuredTurn::wanted(request, options))
            return next()->stream_chat(std::move(request), std::move(options));
        return guard(stream(shared_from_this(), std::move(request), std::move(options)));
    }

private:
    using Self = std::shared_ptr<Structured const>;

    Result<StructuredTurn> begin(ChatRequest& request, CallOptions const& options) const {
        StructuredSupport const support = config_.support ? config_.support(request.model) : StructuredSupport();
        return StructuredTurn::begin(request, options.repairs, support);
    }

    /// One deadline, one id and one list of attempts for all replies.
    void prepare(CallOptions& options) const {
        std::chrono::milliseconds const total = options.limits.total.value_or(default_total);
        options.deadline = options.deadline.sooner(Deadline::after(*config_.clock, total));
        if (options.request_id.empty()) options.request_id = new_id(*config_.clock);
        if (!options.attempts) options.attempts = std::make_shared<std::vector<Attempt>>();
    }

    static Task<ChatReply> ask(Self self, ChatRequest request, CallOptions options) {
        std::shared_ptr<void const> const keep = std::move(options.keep);
        Result<StructuredTurn> turn = self->begin(request, options);
        if (!turn) co_return turn.error();
        self->prepare(options);
        std::string const key = options.idempotency_key;
        Usage usage;
        std::optional<Money> cost = Money();
        while (true) {
            Task<ChatReply> pending = self->next()->chat(request, options);
            Result<ChatReply> reply = co_await std::move(pending);
            if (!reply) co_return reply.error();
            StructuredTurn::Verdict const verdict = turn->judge(*reply);
            add(*reply, usage, cost, *options.attempts);
            if (verdict == StructuredTurn::Verdict::bad) co_return turn->error(self->name());
            if (verdict == StructuredTurn::Verdict::good) {
                settle(*reply, *turn, usage, cost);
                co_return reply;
            }
            turn->tell(request);
            options.attempt = static_cast<int>(options.attempts->size()) + 1;
            // It is another request, which the provider must not take for the one before.
            if (!key.empty()) options.idempotency_key = key + "-" + std::to_string(turn->asked_again() + 1);
        }
    }

    static void add(ChatReply const& reply, Usage& usage, std::optional<Money>& cost,
                    std::vector<Attempt> const& attempts) {
        usage.add(reply.usage);
        if (!attempts.empty()) {  // a meter noted them, and has added up
            cost = reply.info.cost;
            return;
        }
        Result<Money> const sum =
            cost && reply.info.cost ? Money::add(*cost, *reply.info.cost) : Result<Money>(Error());
        cost = sum ? std::optional<Money>(*sum) : std::nullopt;
    }

    static void settle(ChatReply& reply, StructuredTurn const& turn, Usage usage, std::optional<Money> cost) {
        reply.info.repairs = turn.asked_again();
        reply.info.warnings.insert(reply.info.warnings.end(), turn.warnings().begin(), turn.warnings().end());
        if (turn.asked_again() == 0) return;
        reply.usage = usage;
        reply.info.usage = std::move(usage);
        reply.info.cost = cost;
    }

    static Task<ChatStream> stream(Self self, ChatRequest request, CallOptions options) {
        Result<StructuredTurn> turn = self->begin(request, options);
        if (!turn) co_return turn.error();
        Task<ChatStream> opening = self->next()->stream_chat(std::move(request), std::move(options));
        Result<ChatStream> stream = co_await std::move(opening);
        if (!stream) co_return stream.error();
        co_return ChatStream(std::make_unique<CheckedSource>(stream->release(), std::move(*turn), self->name()));
    }

    StructuredConfig config_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_structured(std::shared_ptr<AIProvider> next, StructuredConfig config) {
    if (!next) return fail(Errc::invalid_argument, "make_structured: 'next' is null; give it the provider to ask");
    if (!config.clock) return fail(Errc::invalid_argument, "make_structured: StructuredConfig::clock is null");
    return std::shared_ptr<AIProvider>(std::make_shared<Structured>(std::move(next), std::move(config)));
}

}  // namespace aikit::inline v0::policy
