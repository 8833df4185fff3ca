// SPDX-License-Identifier: MIT
// tests/unit/policy/support.hpp - a provider that does as it is told, a loop on a hand-turned clock, and a ledger.
#ifndef AIKIT_TESTS_UNIT_POLICY_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_POLICY_SUPPORT_HPP

#include "storage/connection.hpp"

#include <aikit/policy/meter.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>
#include <aikit/text/tokenizer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace aikit::policy {

/// Waits for ever, or until it is cancelled.
inline Task<void> hang(std::shared_ptr<Clock> clock) {
    return sleep_until(std::move(clock), SteadyTime::max());
}

/// What a scripted stream does next.
struct Step {
    /// Hangs.
    Step() = default;
    template <class Event>
    requires std::is_constructible_v<ChatEvent, Event> Step(Event what)
        : event(std::move(what)) {}               // NOLINT: a step is written as what it is
    Step(Error what) : error(std::move(what)) {}  // NOLINT

    std::optional<ChatEvent> event;
    std::optional<Error> error;
};

class ScriptedSource final : public ChatStream::Source {
public:
    ScriptedSource(std::vector<Step> steps, std::shared_ptr<Clock> clock)
        : steps_(std::move(steps)), clock_(std::move(clock)) {}

    Task<std::optional<ChatEvent>> next() override {
        if (at_ == steps_.size()) co_return std::optional<ChatEvent>();
        Step const step = steps_[at_++];
        if (step.error) co_return *step.error;
        if (step.event) co_return step.event;
        Task<void> waiting = hang(clock_);
        Result<void> const woken = co_await std::move(waiting);
        co_return woken.error();
    }

    CallInfo info() const override { return CallInfo(); }

private:
    std::vector<Step> steps_;
    std::shared_ptr<Clock> clock_;
    std::size_t at_ = 0;
};

/// Answers by functions, and keeps the options of each call.
class FakeProvider final : public AIProvider {
public:
    explicit FakeProvider(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

    using AIProvider::chat;
    using AIProvider::embed;
    using AIProvider::moderate;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return name_; }

    Task<ChatReply> chat(ChatRequest, CallOptions options) override {
        calls.push_back(options);
        if (throws) throw std::runtime_error("a provider of the user's own");
        if (hangs) {
            Task<void> waiting = hang(clock_);
            Result<void> const woken = co_await std::move(waiting);
            co_return woken.error();
        }
        co_return on_chat();
    }

    Task<ChatStream> stream_chat(ChatRequest, CallOptions options) override {
        calls.push_back(options);
        Result<std::vector<Step>> steps = on_stream();
        if (!steps) co_return steps.error();
        co_return ChatStream(std::make_unique<ScriptedSource>(std::move(*steps), clock_));
    }

    Task<EmbedReply> embed(EmbedRequest, CallOptions options) override {
        calls.push_back(options);
        co_return on_embed();
    }

    Task<ModerateReply> moderate(ModerateRequest, CallOptions options) override {
        calls.push_back(options);
        co_return on_moderate();
    }

    Task<ModelList> models(CallOptions options) override {
        calls.push_back(options);
        co_return ModelList();
    }

    std::function<Result<ChatReply>()> on_chat;
    std::function<Result<std::vector<Step>>()> on_stream;
    std::function<Result<EmbedReply>()> on_embed;
    std::function<Result<ModerateReply>()> on_moderate;
    bool hangs = false;
    bool throws = false;
    std::vector<CallOptions> calls;

private:
    std::shared_ptr<Clock> clock_;
    std::string name_ = "openai";
};

/// Runs a task to its end on a loop of this thread, turning the clock whenever nothing else is left to do.
template <class T>
Result<T> drive(testing::ManualClock& clock, Task<T> task) {
    boost::asio::io_context loop;
    std::optional<Result<T>> result;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, Result<T> value) {
        if (thrown) value = fail(Errc::internal, "the task threw an exception");
        result.emplace(std::move(value));
    });
    for (;;) {
        loop.restart();
        loop.poll();
        if (result) return std::move(*result);
        if (!clock.advance_to_next()) return fail(Errc::internal, "the task waits for something that never happens");
    }
}

inline Usage told(std::int64_t input, std::int64_t output) {
    Usage usage;
    usage.input = input;
    usage.output = output;
    usage.raw = "{}";
    return usage;
}

inline ChatReply reply_of(std::string text, Usage usage, std::string model = "gpt-4o-2024-08-06") {
    ChatReply reply;
    reply.model = std::move(model);
    reply.choices.emplace_back();
    reply.choices.back().message = Message(Role::assistant, std::move(text));
    reply.usage = std::move(usage);
    reply.complete = true;
    return reply;
}

inline Error failure(Errc code, bool maybe_executed = false) {
    Error error = fail(code, "as scripted");
    error.provider = "openai";
    error.maybe_executed = maybe_executed;
    return error;
}

/// A ledger in memory, read row by row.
class MemoryLedger {
public:
    MemoryLedger() : database_(testing::run(storage::Database::open(runtime_, storage::DatabaseConfig())).value()) {
        ledger = std::make_shared<cost::Ledger>(database_);
    }
    ~MemoryLedger() {
        database_.close();
        runtime_.close();
    }

    /// One number of the ledger, everything recorded so far being in it.
    std::int64_t number(std::string_view sql) {
        if (!testing::run(ledger->flush())) return std::numeric_limits<std::int64_t>::min();
        std::function<Result<std::int64_t>(storage::Connection&)> work =
            [sql](storage::Connection& db) -> Result<std::int64_t> {
            storage::Statement find(db, sql);
            if (!find.step()) return fail(Errc::not_found, "no row");
            return find.integer(0);
        };
        return testing::run(database_.read<std::int64_t>(std::move(work))).value();
    }

    std::shared_ptr<cost::Ledger> ledger;

private:
    Runtime runtime_ = Runtime::create().value();
    storage::Database database_;
};

}  // namespace aikit::policy

#endif  // AIKIT_TESTS_UNIT_POLICY_SUPPORT_HPP
