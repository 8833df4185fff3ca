// SPDX-License-Identifier: MIT
// policy/observed.cpp - the decorator that tells of whole operations.
#include "core/async.hpp"
#include "model/stream_layer.hpp"
#include "policy/attempt_trace.hpp"

#include <aikit/policy/observed.hpp>

#include <cmath>
#include <utility>

namespace aikit::inline v0::policy {
namespace {

/// Decides by the trace's random id, so that all who know the share decide alike.
bool is_sampled(TraceContext const& context, double share) noexcept {
    if (share >= 1) return true;
    std::uint64_t low = 0;
    for (std::size_t i = 9; i < context.trace_id.size(); ++i) low = low << 8 | context.trace_id[i];
    return static_cast<double>(low) < std::ldexp(share, 56);
}

/// True for what the model wrote.
bool is_written(ChatEvent const& event) noexcept {
    return std::holds_alternative<TextDelta>(event) || std::holds_alternative<RefusalDelta>(event) ||
           std::holds_alternative<ReasoningDelta>(event) || std::holds_alternative<ToolCallProgress>(event);
}

/// One operation from its start to its end, which is told once.
class Operation {
public:
    Operation(std::shared_ptr<ObservedConfig const> config, std::string_view operation, std::string const& provider,
              std::string const& model, CallOptions& options)
        : config_(std::move(config)),
          operation_(observed_operation(operation)),
          started_(config_->clock->now()),
          start_(config_->clock->system_now()) {
        labels_.reserve(4);  // with an error's
        labels_.emplace_back("aikit.provider", provider);
        labels_.emplace_back("gen_ai.operation.name", operation_);
        if (!model.empty()) labels_.emplace_back("gen_ai.request.model", model);
        if (config_->tell_callers) caller_ = options.caller;
        std::optional<TraceContext> const within = TraceContext::parse(options.trace);
        context_ = within ? within->child() : TraceContext::begin();
        if (within) parent_ = within->span_id;
        if (!within) context_.sampled = is_sampled(context_, config_->sample);
        options.trace = context_.traceparent();
        if (!options.attempts) options.attempts = std::make_shared<std::vector<Attempt>>();
        attempts_ = options.attempts;
        before_ = attempts_->size();
    }
    Operation(Operation const&) = delete;
    Operation& operator=(Operation const&) = delete;

    /// What was let go before it ended is told as such.
    ~Operation() {
        if (ended_) return;
        try {
            end("dropped", nullptr, nullptr);
        } catch (...) {
            // Only memory can be short here; a destructor has nobody to tell.
        }
    }

    void piece() {
        if (std::exchange(first_, true)) return;
        config_->observer->record("aikit.operation.time_to_first_chunk", passed().count(), labels_);
    }

    void succeeded(CallInfo const& info) { end({}, nullptr, &info); }
    void failed(Error const& error) { end(name(error.code), &error, nullptr); }

private:
    std::chrono::microseconds passed() const noexcept {
        return std::chrono::duration_cast<std::chrono::microseconds>(config_->clock->now() - started_);
    }

    void end(std::string_view wrong, Error const* error, CallInfo const* info) {
        if (std::exchange(ended_, true)) return;
        std::chrono::microseconds const took = passed();
        if (context_.sampled && context_.valid()) tell_span(took, wrong, error, info);
        if (!wrong.empty()) labels_.emplace_back("error.type", wrong);
        config_->observer->record("aikit.operation.duration", took.count(), labels_);
        std::size_t const tries = attempts_->size() - before_;
        if (tries > 1) config_->observer->count("aikit.operation.retries", std::int64_t(tries) - 1, labels_);
    }

    void tell_span(std::chrono::microseconds took, std::string_view wrong, Error const* error, CallInfo const* info) {
        Span span;
        span.context = context_;
        span.parent = parent_;
        span.name = "aikit." + std::string(operation_);
        span.start = start_;
        span.end = start_ + took;
        for (LogField const& label : labels_) span.fields.emplace_back(label.key, std::get<std::string>(label.value));
        span.fields.emplace_back("aikit.attempts", std::int64_t(attempts_->size() - before_));
        if (info != nullptr) {
            span.fields.emplace_back("aikit.request_id", info->request_id);
            if (info->repairs > 0) span.fields.emplace_back("aikit.repairs", std::int64_t(info->repairs));
            if (!info->cache.empty()) span.fields.emplace_back("aikit.cache", info->cache);
            if (info->cost) span.fields.emplace_back("aikit.operation.cost", info->cost->nanos());
        }
        add_caller(span.fields);
        add_retries(span.events);
        if (!wrong.empty()) span.fields.emplace_back("error.type", wrong);
        if (error != nullptr) {
            span.status = Span::Status::error;
            span.message = error->message;
        }
        config_->observer->span(span);
    }

    void add_caller(std::vector<TraceField>& fields) const {
        auto const add = [&](char const* key, std::string const& value) {
            if (!value.empty()) fields.emplace_back(key, value);
        };
        add("user.id", caller_.user);
        add("aikit.tenant", caller_.tenant);
        add("aikit.project", caller_.project);
        add("aikit.key", caller_.key);
    }

    void add_retries(std::vector<SpanEvent>& events) const {
        for (std::size_t i = before_ + 1; i < attempts_->size(); ++i) {
            SpanEvent& event = events.emplace_back();
            event.name = "aikit.retry";
            event.time = (*attempts_)[i].started;
            event.fields.emplace_back("error.type", (*attempts_)[i - 1].outcome);
            event.fields.emplace_back("aikit.provider", (*attempts_)[i].provider);
        }
    }

    std::shared_ptr<ObservedConfig const> config_;
    std::string_view operation_;
    SteadyTime started_;
    SystemTime start_;
    std::vector<LogField> labels_;
    Caller caller_;
    TraceContext context_;
    std::array<std::uint8_t, 8> parent_{};
    std::shared_ptr<std::vector<Attempt>> attempts_;
    std::size_t before_ = 0;  // attempts of other operations that share the list
    bool first_ = false;
    bool ended_ = false;
};

/// A base before its stream, and so destroyed after it: what is let go is settled before its operation is told.
struct Told {
    explicit Told(std::unique_ptr<Operation> operation_) : operation(std::move(operation_)) {}
    std::unique_ptr<Operation> operation;
};

class ObservedStream final : private Told, public StreamLayer {
public:
    ObservedStream(std::unique_ptr<Source> inner, std::unique_ptr<Operation> operation_)
        : Told(std::move(operation_)), StreamLayer(std::move(inner)) {}

private:
    Then take(Event& event) override {
        if (!event) {
            operation->failed(event.error());
        } else if (*event) {
            if (is_written(**event)) operation->piece();
            auto const* const finished = std::get_if<Finished>(&**event);
            if (finished != nullptr) operation->succeeded(*finished->info);
        }
        return Then::hand_on;
    }
};

class Observed final : public ForwardingProvider, public std::enable_shared_from_this<Observed> {
public:
    Observed(std::shared_ptr<AIProvider> next, std::shared_ptr<ObservedConfig const> config)
        : ForwardingProvider(std::move(next)), config_(std::move(config)) {}

    // None of these is a coroutine: they hand over a share of this object, so that a Task may outlive the handle.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("chat", request.model, options);
        return pass(shared_from_this(), next()->chat(std::move(request), std::move(options)), std::move(operation));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("chat", request.model, options);
        return pass_stream(shared_from_this(), next()->stream_chat(std::move(request), std::move(options)),
                           std::move(operation));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("embed", request.model, options);
        return pass(shared_from_this(), next()->embed(std::move(request), std::move(options)), std::move(operation));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("moderate", request.model, options);
        return pass(shared_from_this(), next()->moderate(std::move(request), std::move(options)), std::move(operation));
    }
    Task<ModelList> models(CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("models", {}, options);
        return pass(shared_from_this(), next()->models(std::move(options)), std::move(operation));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        std::unique_ptr<Operation> operation = begin("count_tokens", request.model, options);
        return pass(shared_from_this(), next()->count_tokens(std::move(request), std::move(options)),
                    std::move(operation));
    }

private:
    using Self = std::shared_ptr<Observed const>;

    std::unique_ptr<Operation> begin(std::string_view operation, std::string const& model, CallOptions& options) const {
        return std::make_unique<Operation>(config_, operation, name(), model, options);
    }

    template <class Reply>
    static Task<Reply> pass([[maybe_unused]] Self self, Task<Reply> task, std::unique_ptr<Operation> operation) {
        Task<Reply> pending = guard(std::move(task));
        Result<Reply> reply = co_await std::move(pending);
        if (reply) {
            operation->succeeded(reply->info);
        } else {
            operation->failed(reply.error());
        }
        co_return reply;
    }

    static Task<ChatStream> pass_stream([[maybe_unused]] Self self, Task<ChatStream> task,
                                        std::unique_ptr<Operation> operation) {
        Task<ChatStream> pending = guard(std::move(task));
        Result<ChatStream> stream = co_await std::move(pending);
        if (!stream) {
            operation->failed(stream.error());
            co_return stream.error();
        }
        co_return ChatStream(std::make_unique<ObservedStream>(stream->release(), std::move(operation)));
    }

    std::shared_ptr<ObservedConfig const> config_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_observed(std::shared_ptr<AIProvider> next, ObservedConfig config) {
    if (!next) return fail(Errc::invalid_argument, "make_observed: 'next' is null; give it the provider to watch");
    if (!config.observer) return next;
    if (!config.clock) return fail(Errc::invalid_argument, "make_observed: 'clock' is null");
    if (!(config.sample >= 0 && config.sample <= 1)) {
        return fail(Errc::invalid_argument, "make_observed: ObservedConfig::sample must be 0 to 1");
    }
    auto shared = std::make_shared<ObservedConfig const>(std::move(config));
    return std::shared_ptr<AIProvider>(std::make_shared<Observed>(std::move(next), std::move(shared)));
}

}  // namespace aikit::inline v0::policy
