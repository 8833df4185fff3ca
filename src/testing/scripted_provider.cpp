// SPDX-License-Identifier: MIT
// testing/scripted_provider.cpp - answering from a list.
#include "core/async.hpp"

#include <aikit/testing/scripted_provider.hpp>

#include <mutex>

namespace aikit::inline v0::testing {
namespace {

Task<void> wait(Runtime runtime, std::chrono::milliseconds delay) {
    if (delay.count() <= 0) co_return ok();
    Task<void> pending = sleep_until(runtime.clock(), runtime.clock()->now() + delay);
    co_return co_await std::move(pending);
}

CallInfo make_info(std::string const& provider, std::string const& model, Usage const& usage) {
    CallInfo info;
    info.provider = provider;
    info.model = model;
    info.usage = usage;
    return info;
}

/// The whole answer as a list of events, Finished last.
std::vector<ChatEvent> events_of(ScriptedReply const& reply, std::string const& provider, std::string const& model) {
    std::vector<ChatEvent> events;
    ReplyStarted started;
    started.id = "scripted";
    started.model = model;
    events.emplace_back(std::move(started));
    if (!reply.reasoning.empty()) {
        ReasoningDelta reasoning;
        reasoning.text = reply.reasoning;
        events.emplace_back(std::move(reasoning));
    }
    for (std::string const& piece : reply.pieces) {
        if (!piece.empty()) events.emplace_back(TextDelta(0, piece));
    }
    if (!reply.refusal.empty()) {
        RefusalDelta refusal;
        refusal.text = reply.refusal;
        events.emplace_back(std::move(refusal));
    }
    int index = 0;
    for (ToolCall const& call : reply.tool_calls) {
        ToolCallProgress progress;
        progress.index = index++;
        progress.name = call.name;
        progress.arguments = call.arguments;
        events.emplace_back(std::move(progress));
    }
    ChoiceFinished finished;
    finished.reason = reply.finish;
    finished.text = aikit::name(reply.finish);
    events.emplace_back(std::move(finished));
    UsageUpdate usage;
    usage.usage = reply.usage;
    events.emplace_back(std::move(usage));
    for (ToolCall const& call : reply.tool_calls) {
        ToolCallReady ready;
        ready.call = call;
        events.emplace_back(std::move(ready));
    }
    Finished end;
    end.usage = reply.usage;
    end.info = make_info(provider, model, reply.usage);
    events.emplace_back(std::move(end));
    return events;
}

class ScriptedStream final : public ChatStream::Source {
public:
    ScriptedStream(Runtime runtime, ScriptedReply reply, std::string provider, std::string model)
        : runtime_(std::move(runtime)), reply_(std::move(reply)), info_(make_info(provider, model, Usage())) {
        events_ = events_of(reply_, provider, model);
    }

    Task<std::optional<ChatEvent>> next() override {
        std::chrono::milliseconds delay = next_ == 0 ? reply_.delay : std::chrono::milliseconds(0);
        if (next_ < events_.size() && std::holds_alternative<TextDelta>(events_[next_])) delay += reply_.piece_delay;
        Task<void> pausing = wait(runtime_, delay);
        Result<void> paused = co_await std::move(pausing);
        if (!paused) co_return paused.error();
        if (reply_.fail_after && next_ >= static_cast<std::size_t>(std::max(*reply_.fail_after, 0))) {
            if (reply_.error) co_return *reply_.error;
            co_return fail(Errc::incomplete, info_.provider + ": the script cuts the stream here");
        }
        std::optional<ChatEvent> event;
        if (next_ < events_.size()) event = events_[next_++];
        if (event && std::holds_alternative<Finished>(*event)) info_.usage = reply_.usage;
        co_return event;
    }

    CallInfo info() const override { return info_; }

private:
    Runtime runtime_;
    ScriptedReply reply_;
    CallInfo info_;
    std::vector<ChatEvent> events_;
    std::size_t next_ = 0;
};

class Scripted final : public ScriptedProvider, public std::enable_shared_from_this<Scripted> {
public:
    Scripted(std::string name, Runtime runtime) : name_(std::move(name)), runtime_(std::move(runtime)) {}

    std::string const& name() const noexcept override { return name_; }

    void add(ScriptedReply reply) override {
        std::lock_guard const lock(mutex_);
        script_.push_back(std::move(reply));
    }
    void repeat(bool on) override {
        std::lock_guard const lock(mutex_);
        repeat_ = on;
    }
    std::vector<ChatRequest> chats() const override {
        std::lock_guard const lock(mutex_);
        return chats_;
    }
    std::vector<EmbedRequest> embeds() const override {
        std::lock_guard const lock(mutex_);
        return embeds_;
    }

    Task<ChatReply> chat(ChatRequest request, CallOptions) override {
        return chat_task(shared_from_this(), std::move(request));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions) override {
        return stream_task(shared_from_this(), std::move(request));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions) override {
        return embed_task(shared_from_this(), std::move(request));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions) override {
        return moderate_task(shared_from_this(), std::move(request));
    }

private:
    using Self = std::shared_ptr<Scripted>;

    Result<ScriptedReply> take() {
        if (script_.empty() || (next_ >= script_.size() && !repeat_)) {
            return fail(Errc::invalid_state, name_ + ": the script has no reply left; add one, or let it repeat");
        }
        ScriptedReply reply = script_[next_ % script_.size()];
        ++next_;
        return reply;
    }

    template <class Request>
    Result<ScriptedReply> note(Request request, std::vector<Request>& seen) {
        std::lock_guard const lock(mutex_);
        seen.push_back(std::move(request));
        return take();
    }

    static Task<ChatStream> stream_task(Self self, ChatRequest request) {
        std::string const asked = request.model;
        Result<ScriptedReply> reply = self->note(std::move(request), self->chats_);
        if (!reply) co_return reply.error();
        if (reply->error && !reply->fail_after) co_return *reply->error;
        std::string model = reply->model.empty() ? asked : reply->model;
        co_return ChatStream(
            std::make_unique<ScriptedStream>(self->runtime_, std::move(*reply), self->name_, std::move(model)));
    }

    static Task<ChatReply> chat_task(Self self, ChatRequest request) {
        Task<ChatStream> starting = stream_task(std::move(self), std::move(request));
        Result<ChatStream> stream = co_await std::move(starting);
        if (!stream) co_return stream.error();
        Task<ChatReply> pending = collect(std::move(*stream));
        co_return co_await std::move(pending);
    }

    static Task<EmbedReply> embed_task(Self self, EmbedRequest request) {
        std::size_t const inputs = request.inputs.size();
        EmbedReply out;
        out.model = request.model;
        Result<ScriptedReply> reply = self->note(std::move(request), self->embeds_);
        if (!reply) co_return reply.error();
        Task<void> pausing = wait(self->runtime_, reply->delay);
        Result<void> paused = co_await std::move(pausing);
        if (!paused) co_return paused.error();
        if (reply->error) co_return *reply->error;
        if (reply->vectors.size() != inputs) {
            co_return fail(Errc::invalid_argument, self->name_ + ": the script has " +
                                                       std::to_string(reply->vectors.size()) + " vectors for " +
                                                       std::to_string(inputs) + " inputs");
        }
        if (!reply->model.empty()) out.model = reply->model;
        out.vectors = std::move(reply->vectors);
        out.usage = reply->usage;
        out.info = make_info(self->name_, out.model, out.usage);
        co_return out;
    }

    static Task<ModerateReply> moderate_task(Self self, ModerateRequest request) {
        ModerateReply out;
        out.model = request.model;
        Result<ScriptedReply> reply = [&] {
            std::lock_guard const lock(self->mutex_);
            return self->take();
        }();
        if (!reply) co_return reply.error();
        Task<void> pausing = wait(self->runtime_, reply->delay);
        Result<void> paused = co_await std::move(pausing);
        if (!paused) co_return paused.error();
        if (reply->error) co_return *reply->error;
        if (!reply->model.empty()) out.model = reply->model;
        out.results = std::move(reply->moderation);
        out.info = make_info(self->name_, out.model, reply->usage);
        co_return out;
    }

    std::string const name_;
    Runtime const runtime_;
    mutable std::mutex mutex_;  // guards what follows; never held across a suspension
    std::vector<ScriptedReply> script_;
    std::size_t next_ = 0;
    bool repeat_ = false;
    std::vector<ChatRequest> chats_;
    std::vector<EmbedRequest> embeds_;
};

}  // namespace

std::shared_ptr<ScriptedProvider> ScriptedProvider::create(std::string name, Runtime runtime) {
    return std::make_shared<Scripted>(std::move(name), std::move(runtime));
}

}  // namespace aikit::inline v0::testing
