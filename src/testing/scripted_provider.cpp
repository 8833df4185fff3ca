// SPDX-License-Identifier: MIT
// testing/scripted_provider.cpp - answering from a list.
#include "core/async.hpp"
#include "model/replay.hpp"
#include "testing/scripted_batch.hpp"

#include <aikit/core/id.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/scripted_provider.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>

namespace aikit::inline v0::testing {
namespace {

using std::chrono::milliseconds;

// ---- time ----

/// The limits of one call as points in time.
struct Limits {
    Limits(Clock const& clock, CallOptions const& options)
        : total(options.deadline), first_byte(options.limits.first_byte), idle(options.limits.idle) {
        if (options.limits.total) total = total.sooner(Deadline::after(clock, *options.limits.total));
    }

    Deadline total;
    std::optional<milliseconds> first_byte;
    std::optional<milliseconds> idle;
};

/// Lets time pass; timeout when a limit comes first.
Task<void> pass(Runtime runtime, milliseconds takes, std::optional<milliseconds> limit, Deadline total) {
    std::shared_ptr<Clock> const clock = runtime.clock();
    SteadyTime const now = clock->now();
    SteadyTime at = now + std::max(takes, milliseconds::zero());
    bool late = total.passed(now);
    if (limit && *limit > milliseconds::zero() && now + *limit < at) {
        at = now + *limit;
        late = true;
    }
    if (total.at() < at) {
        at = total.at();
        late = true;
    }
    if (at > now) {
        Task<void> pending = sleep_until(clock, at);
        Result<void> const slept = co_await std::move(pending);
        if (!slept) co_return slept.error();
    }
    if (!late) co_return ok();
    Error error = fail(Errc::timeout, "The script does not answer within the call's time limit.");
    error.maybe_executed = true;
    co_return error;
}

// ---- which reply fits ----

enum class Operation { chat, embed, moderate, models, count };

Operation operation_of(ScriptedCall const& call) {
    if (call.operation == "embed") return Operation::embed;
    if (call.operation == "moderate") return Operation::moderate;
    if (call.operation == "models") return Operation::models;
    return call.operation == "count_tokens" ? Operation::count : Operation::chat;
}

bool recording_fits(Recording const& recording, Operation operation) {
    switch (operation) {
        case Operation::chat: return recording.path.ends_with("/chat/completions");
        case Operation::embed: return recording.path.ends_with("/embeddings");
        case Operation::moderate: return recording.path.ends_with("/moderations");
        case Operation::models: return recording.path.find("/models") != std::string::npos;
        case Operation::count: return recording.path.ends_with("/input_tokens");
    }
    return false;
}

std::string first_text(std::vector<Part> const& parts) {
    for (Part const& part : parts) {
        if (auto const* text = std::get_if<TextPart>(&part)) return text->text;
    }
    return {};
}

std::string asked_text(ScriptedCall const& call) {
    for (auto message = call.chat.messages.rbegin(); message != call.chat.messages.rend(); ++message) {
        if (message->role == Role::user) return message->text();
    }
    return first_text(call.embed.inputs.empty() ? call.moderate.inputs : call.embed.inputs);
}

bool fits(ScriptedReply const& reply, ScriptedCall const& call) {
    if (reply.recording && !recording_fits(*reply.recording, operation_of(call))) return false;
    return reply.match.empty() || asked_text(call).find(reply.match) != std::string::npos;
}

// ---- what is answered ----

CallInfo make_info(Runtime const& runtime, std::string const& provider, CallOptions const& options,
                   std::string const& model, Usage const& usage) {
    CallInfo info;
    info.request_id = options.request_id.empty() ? new_id(*runtime.clock()) : options.request_id;
    info.provider = provider;
    info.model = model;
    info.usage = usage;
    Attempt& attempt = info.attempts.emplace_back();
    attempt.provider = provider;
    attempt.model = model;
    attempt.outcome = "ok";
    attempt.started = runtime.clock()->system_now();
    attempt.usage = usage;
    return info;
}

/// The reply's fields as a whole reply; its text's pieces are cut by whoever makes events of it.
ChatReply whole_of(ScriptedReply const& scripted, std::string const& model) {
    if (scripted.whole) {
        ChatReply whole = *scripted.whole;
        if (whole.id.empty()) whole.id = "scripted";
        if (whole.model.empty()) whole.model = model;
        return whole;
    }
    ChatReply whole;
    whole.id = "scripted";
    whole.model = model;
    whole.usage = scripted.usage;
    Choice& choice = whole.choices.emplace_back();
    std::vector<Part>& parts = choice.message.parts;
    if (!scripted.reasoning.empty())
        std::get<ReasoningPart>(parts.emplace_back(ReasoningPart())).text = scripted.reasoning;
    std::string text;
    for (std::string const& piece : scripted.pieces) text += piece;
    if (!text.empty()) parts.emplace_back(TextPart(std::move(text)));
    if (!scripted.refusal.empty()) std::get<RefusalPart>(parts.emplace_back(RefusalPart())).text = scripted.refusal;
    for (ToolCall const& call : scripted.tool_calls) parts.emplace_back(call);
    choice.finish = scripted.finish;
    choice.finish_text = aikit::name(scripted.finish);
    return whole;
}

/// The whole answer as a list of events, Finished last.
std::vector<ChatEvent> events_of(ScriptedReply const& scripted, ChatReply const& whole) {
    std::vector<ChatEvent> events = replay(whole, scripted.whole ? scripted.piece : 0);
    if (scripted.whole || scripted.pieces.size() < 2) return events;
    // The script's own pieces stand where the one text stands.
    auto const is_text = [](ChatEvent const& event) { return std::holds_alternative<TextDelta>(event); };
    auto at = std::find_if(events.begin(), events.end(), is_text);
    if (at == events.end()) return events;
    at = events.erase(at);
    for (std::string const& piece : scripted.pieces) {
        if (!piece.empty()) at = std::next(events.insert(at, TextDelta(0, piece)));
    }
    return events;
}

/// A unit vector that depends on the text alone (FNV-1a as the seed of a xorshift).
std::vector<float> vector_of(std::string const& text, int dimensions) {
    std::uint64_t state = 14695981039346656037ULL;
    for (char const c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    std::vector<double> numbers(static_cast<std::size_t>(dimensions));
    double length = 0;
    for (double& number : numbers) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        constexpr double two_to_53 = 9007199254740992.0;
        number = static_cast<double>(state >> 11) / two_to_53 - 0.5;
        length += number * number;
    }
    std::vector<float> vector;
    vector.reserve(numbers.size());
    for (double const number : numbers) vector.push_back(static_cast<float>(number / std::sqrt(length)));
    return vector;
}

// ---- the provider ----

/// What all calls share.
struct Script {
    Script(std::string name_, Runtime runtime_) : name(std::move(name_)), runtime(std::move(runtime_)) {}

    Error named(Error error) const {
        if (error.provider.empty()) error.provider = name;
        return error;
    }

    /// Notes the call and takes the reply that answers it.
    Result<ScriptedReply> take(ScriptedCall call) {
        if (!runtime.alive())
            return named(fail(Errc::invalid_state, "The runtime of the scripted provider is closed."));
        call.options.keep.reset();  // what is kept may keep this provider
        std::lock_guard const lock(mutex);
        calls.push_back(std::move(call));
        ScriptedCall const& asked = calls.back();
        for (int round = 0; round < 2; ++round) {
            for (std::size_t i = 0; i < replies.size(); ++i) {
                if (used[i] || !fits(replies[i], asked)) continue;
                used[i] = true;
                return replies[i];
            }
            if (!repeat) break;
            used.assign(replies.size(), false);
        }
        return named(fail(Errc::invalid_state,
                          name + ": the script has no reply left for this call; add one, or let it repeat"));
    }

    /// The OpenAI adapter over a transport that knows one answer.
    Result<std::shared_ptr<AIProvider>> adapter(Recording const& recording) const {
        auto transport = std::make_shared<FakeTransport>(runtime.clock());
        transport->reply(recording.reply);
        provider::OpenAiConfig config;
        config.name = name;
        config.base_url = "http://scripted.invalid/v1";
        config.dialect = provider::OpenAiConfig::Dialect::compatible;
        return provider::make_openai(std::move(config), runtime, std::move(transport));
    }

    std::string const name;
    Runtime const runtime;
    std::mutex mutex;  // guards what follows; never held across a suspension
    std::vector<ScriptedReply> replies;
    std::vector<bool> used;
    bool repeat = false;
    std::vector<ScriptedCall> calls;
};

using Shared = std::shared_ptr<Script>;

class ScriptedStream final : public ChatStream::Source {
public:
    ScriptedStream(Shared script, ScriptedReply reply, CallOptions const& options, std::string const& model)
        : script_(std::move(script)), reply_(std::move(reply)), limits_(*script_->runtime.clock(), options) {
        ChatReply whole = whole_of(reply_, model);
        whole.info = make_info(script_->runtime, script_->name, options, whole.model, whole.usage);
        info_ = whole.info;
        info_.usage = Usage();
        info_.attempts.front().usage = Usage();
        info_.attempts.front().outcome = "dropped";
        events_ = events_of(reply_, whole);
    }

    Task<std::optional<ChatEvent>> next() override {
        milliseconds delay = next_ == 0 ? reply_.delay : milliseconds::zero();
        if (next_ < events_.size() && std::holds_alternative<TextDelta>(events_[next_])) delay += reply_.piece_delay;
        std::optional<milliseconds> const limit = next_ == 0 ? limits_.first_byte : limits_.idle;
        Task<void> passing = pass(script_->runtime, delay, limit, limits_.total);
        Result<void> const passed = co_await std::move(passing);
        if (!passed) co_return failed(passed.error());
        if (reply_.fail_after && next_ >= static_cast<std::size_t>(std::max(*reply_.fail_after, 0))) {
            Error error = fail(Errc::incomplete, script_->name + ": the script cuts the stream here");
            if (reply_.error) error = *reply_.error;
            error.maybe_executed = error.maybe_executed || next_ > 0;
            co_return failed(std::move(error));
        }
        std::optional<ChatEvent> event;
        if (next_ < events_.size()) event = std::move(events_[next_++]);
        if (event && std::holds_alternative<Finished>(*event)) info_ = *std::get<Finished>(*event).info;
        co_return event;
    }

    CallInfo info() const override { return info_; }

private:
    Error failed(Error error) {
        info_.attempts.front().outcome = aikit::name(error.code);
        info_.attempts.front().error = error.code;
        return script_->named(std::move(error));
    }

    Shared script_;
    ScriptedReply reply_;
    Limits limits_;
    CallInfo info_;
    std::vector<ChatEvent> events_;
    std::size_t next_ = 0;
};

Task<ChatStream> run_stream(Shared script, ScriptedCall call) {
    ChatRequest request = call.chat;
    CallOptions options = call.options;
    Result<ScriptedReply> reply = script->take(std::move(call));
    if (!reply) co_return reply.error();
    if (reply->error && !reply->fail_after) co_return script->named(*reply->error);
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<ChatStream> pending = (*adapter)->stream_chat(std::move(request), std::move(options));
        co_return co_await std::move(pending);
    }
    std::string const model = reply->model.empty() ? request.model : reply->model;
    co_return ChatStream(std::make_unique<ScriptedStream>(script, std::move(*reply), options, model));
}

Task<ChatReply> run_chat(Shared script, ScriptedCall call) {
    ChatRequest request = call.chat;
    CallOptions options = call.options;
    Result<ScriptedReply> reply = script->take(std::move(call));
    if (!reply) co_return reply.error();
    if (reply->error && !reply->fail_after) co_return script->named(*reply->error);
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<ChatReply> pending = (*adapter)->chat(std::move(request), std::move(options));
        co_return co_await std::move(pending);
    }
    std::string const model = reply->model.empty() ? request.model : reply->model;
    ChatStream stream(std::make_unique<ScriptedStream>(script, std::move(*reply), options, model));
    Task<ChatReply> pending = collect(std::move(stream));
    co_return co_await std::move(pending);
}

/// Takes the reply of a call that is no chat, and waits as it says.
Task<ScriptedReply> take_and_wait(Shared script, ScriptedCall call) {
    Limits const limits(*script->runtime.clock(), call.options);
    Result<ScriptedReply> reply = script->take(std::move(call));
    if (!reply) co_return reply.error();
    Task<void> passing = pass(script->runtime, reply->delay, limits.first_byte, limits.total);
    Result<void> const passed = co_await std::move(passing);
    if (!passed) co_return script->named(passed.error());
    if (reply->error) co_return script->named(*reply->error);
    co_return reply;
}

Task<EmbedReply> run_embed(Shared script, ScriptedCall call) {
    EmbedRequest request = call.embed;
    CallOptions options = call.options;
    Task<ScriptedReply> taking = take_and_wait(script, std::move(call));
    Result<ScriptedReply> reply = co_await std::move(taking);
    if (!reply) co_return reply.error();
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<EmbedReply> pending = (*adapter)->embed(std::move(request), std::move(options));
        co_return co_await std::move(pending);
    }
    EmbedReply out;
    out.model = reply->model.empty() ? request.model : reply->model;
    out.vectors = std::move(reply->vectors);
    for (std::size_t i = out.vectors.size(); reply->dimensions > 0 && i < request.inputs.size(); ++i) {
        auto const* text = std::get_if<TextPart>(&request.inputs[i]);
        out.vectors.push_back(vector_of(text == nullptr ? std::string() : text->text, reply->dimensions));
    }
    if (out.vectors.size() != request.inputs.size()) {
        co_return script->named(fail(Errc::invalid_argument, script->name + ": the script has " +
                                                                 std::to_string(out.vectors.size()) + " vectors for " +
                                                                 std::to_string(request.inputs.size()) + " inputs"));
    }
    out.usage = reply->usage;
    out.info = make_info(script->runtime, script->name, options, out.model, out.usage);
    co_return out;
}

Task<ModerateReply> run_moderate(Shared script, ScriptedCall call) {
    ModerateRequest request = call.moderate;
    CallOptions options = call.options;
    Task<ScriptedReply> taking = take_and_wait(script, std::move(call));
    Result<ScriptedReply> reply = co_await std::move(taking);
    if (!reply) co_return reply.error();
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<ModerateReply> pending = (*adapter)->moderate(std::move(request), std::move(options));
        co_return co_await std::move(pending);
    }
    ModerateReply out;
    out.model = reply->model.empty() ? request.model : reply->model;
    out.results = std::move(reply->moderation);
    out.info = make_info(script->runtime, script->name, options, out.model, reply->usage);
    co_return out;
}

Task<ModelList> run_models(Shared script, ScriptedCall call) {
    CallOptions options = call.options;
    Task<ScriptedReply> taking = take_and_wait(script, std::move(call));
    Result<ScriptedReply> reply = co_await std::move(taking);
    if (!reply) co_return reply.error();
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<ModelList> pending = (*adapter)->models(std::move(options));
        co_return co_await std::move(pending);
    }
    ModelList out = reply->models.value_or(ModelList());
    out.info = make_info(script->runtime, script->name, options, reply->model, Usage());
    co_return out;
}

Task<TokenCount> run_count(Shared script, ScriptedCall call) {
    ChatRequest request = call.chat;
    CallOptions options = call.options;
    Task<ScriptedReply> taking = take_and_wait(script, std::move(call));
    Result<ScriptedReply> reply = co_await std::move(taking);
    if (!reply) co_return reply.error();
    if (reply->recording) {
        Result<std::shared_ptr<AIProvider>> const adapter = script->adapter(*reply->recording);
        if (!adapter) co_return adapter.error();
        Task<TokenCount> pending = (*adapter)->count_tokens(std::move(request), std::move(options));
        co_return co_await std::move(pending);
    }
    TokenCount out;
    out.tokens = reply->tokens;
    out.info = make_info(script->runtime, script->name, options, request.model, Usage());
    co_return out;
}

ScriptedCall call_of(char const* operation, CallOptions options) {
    ScriptedCall call;
    call.operation = operation;
    call.options = std::move(options);
    return call;
}

class Scripted final : public ScriptedProvider {
public:
    Scripted(std::string name, Runtime runtime)
        : script_(std::make_shared<Script>(std::move(name), std::move(runtime))) {
        AnswerChat answer = [script = script_](ChatRequest request, CallOptions options) {
            ScriptedCall call = call_of("chat", std::move(options));
            call.chat = std::move(request);
            return guard(run_chat(script, std::move(call)));
        };
        batch_ = make_scripted_batch(script_->name, script_->runtime.clock(), std::move(answer));
    }

    std::string const& name() const noexcept override { return script_->name; }

    void add(ScriptedReply reply) override {
        std::lock_guard const lock(script_->mutex);
        script_->replies.push_back(std::move(reply));
        script_->used.push_back(false);
    }
    void repeat(bool on) override {
        std::lock_guard const lock(script_->mutex);
        script_->repeat = on;
    }
    std::vector<ScriptedCall> calls() const override {
        std::lock_guard const lock(script_->mutex);
        return script_->calls;
    }
    std::vector<ChatRequest> chats() const override {
        std::vector<ChatRequest> all;
        for (ScriptedCall& call : calls()) {
            if (operation_of(call) == Operation::chat) all.push_back(std::move(call.chat));
        }
        return all;
    }
    std::vector<EmbedRequest> embeds() const override {
        std::vector<EmbedRequest> all;
        for (ScriptedCall& call : calls()) {
            if (operation_of(call) == Operation::embed) all.push_back(std::move(call.embed));
        }
        return all;
    }

    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        ScriptedCall call = call_of("chat", std::move(options));
        call.chat = std::move(request);
        return guard(run_chat(script_, std::move(call)));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        ScriptedCall call = call_of("stream_chat", std::move(options));
        call.chat = std::move(request);
        return guard(run_stream(script_, std::move(call)));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        ScriptedCall call = call_of("embed", std::move(options));
        call.embed = std::move(request);
        return guard(run_embed(script_, std::move(call)));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        ScriptedCall call = call_of("moderate", std::move(options));
        call.moderate = std::move(request);
        return guard(run_moderate(script_, std::move(call)));
    }
    Task<ModelList> models(CallOptions options) override {
        return guard(run_models(script_, call_of("models", std::move(options))));
    }
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options) override {
        ScriptedCall call = call_of("count_tokens", std::move(options));
        call.chat = std::move(request);
        return guard(run_count(script_, std::move(call)));
    }
    BatchApi* batch() noexcept override { return batch_.get(); }

private:
    Shared script_;
    std::unique_ptr<BatchApi> batch_;
};

}  // namespace

std::shared_ptr<ScriptedProvider> ScriptedProvider::create(std::string name, Runtime runtime) {
    return std::make_shared<Scripted>(std::move(name), std::move(runtime));
}

}  // namespace aikit::inline v0::testing
