// SPDX-License-Identifier: MIT
// tests/unit/router/support.hpp - deployments that do as they are told, on a hand-turned clock.
#ifndef AIKIT_TESTS_UNIT_ROUTER_SUPPORT_HPP
#define AIKIT_TESTS_UNIT_ROUTER_SUPPORT_HPP

#include "core/async.hpp"
#include "unit/policy/support.hpp"

#include <aikit/router/router.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aikit::router {

using policy::drive;
using policy::failure;
using policy::reply_of;
using policy::ScriptedSource;
using policy::Step;
using policy::told;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Answers by functions, and keeps what it was asked and when.
class Answering final : public AIProvider {
public:
    Answering(std::string name, std::shared_ptr<Clock> clock) : name_(std::move(name)), clock_(std::move(clock)) {}

    using AIProvider::chat;
    using AIProvider::embed;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return name_; }

    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        note(request, options);
        Task<void> working = work();
        Result<void> const worked = co_await std::move(working);
        if (!worked) co_return worked.error();
        if (error) co_return of_this(*error);
        ChatReply reply = reply_of("from " + name_, told(input_tokens, 5), request.model);
        reply.info.usage = reply.usage;
        reply.info.cache = cache;
        co_return reply;
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        note(request, options);
        Task<void> working = work();
        Result<void> const worked = co_await std::move(working);
        if (!worked) co_return worked.error();
        if (error) co_return of_this(*error);
        if (refuses_prefill && request.messages.back().role == Role::assistant) {
            co_return of_this(failure(Errc::invalid_request));
        }
        std::vector<Step> told_steps = steps;
        for (Step& step : told_steps) {
            if (step.error) step.error = of_this(*step.error);
        }
        co_return ChatStream(std::make_unique<ScriptedSource>(std::move(told_steps), clock_));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        note_call(request.model, options);
        if (error) co_return of_this(*error);
        co_return EmbedReply();
    }

    std::optional<Error> error;  ///< What it answers; missing: it works.
    std::vector<Step> steps;     ///< Of its streams.
    milliseconds takes{0};
    std::int64_t input_tokens = 10;
    std::string cache;  ///< As CallInfo::cache.
    std::vector<SteadyTime> times;
    std::vector<std::string> models;
    std::vector<CallOptions> calls;
    std::vector<ChatRequest> requests;
    bool refuses_prefill = false;
    int stopped = 0;  ///< Calls that were cancelled while it worked.

private:
    Task<void> work() {
        if (takes <= milliseconds(0)) co_return ok();
        Task<void> working = sleep_until(clock_, clock_->now() + takes);
        Result<void> const worked = co_await std::move(working);
        if (!worked) ++stopped;
        co_return worked;
    }
    void note(ChatRequest const& request, CallOptions const& options) {
        requests.push_back(request);
        note_call(request.model, options);
    }
    void note_call(std::string const& model, CallOptions const& options) {
        times.push_back(clock_->now());
        models.push_back(model);
        calls.push_back(options);
        // A meter notes each attempt.
        if (options.attempts) options.attempts->emplace_back().provider = name_;
    }
    Error of_this(Error failed) const {
        if (!failed.provider.empty()) failed.provider = name_;
        return failed;
    }

    std::string const name_;
    std::shared_ptr<Clock> const clock_;
};

/// Three deployments of "m" at "a", "b" and "c", whose prices are 1, 2 and 3 dollars a million tokens.
struct Fleet {
    Fleet() {
        RuntimeConfig how;
        how.io = 0;
        how.clock = clock;
        runtime = Runtime::create(how).value();
        for (char const* name : {"a", "b", "c"}) {
            providers.push_back(std::make_shared<Answering>(name, clock));
            config.deployments.emplace_back(providers.back(), "m");
        }
        config.costs =
            std::make_shared<cost::CostIntelligence const>(cost::PriceCatalog::parse(catalog()).value(), clock);
    }
    ~Fleet() {
        router.reset();
        runtime.close();
    }
    Fleet(Fleet const&) = delete;
    Fleet& operator=(Fleet const&) = delete;

    static std::string catalog() {
        auto const one = [](char const* id, char const* price, char const* more) {
            return std::string(R"({"id":")") + id + R"(","models":[{"id":"m","match":{"equals":"m"},)" + more +
                   R"("prices":[{"input":")" + price + R"(","output":")" + price + R"(","cache_read":"0.1"}]}]})";
        };
        return R"({"form":1,"version":"t","providers":[)" + one("a", "1", R"("context":1000,"lacks":["image"],)") +
               "," + one("b", "2", R"("context":100000,"max_output":500,)") + "," + one("c", "3", "") + "]}";
    }

    void open() { router = AIRouter::create(runtime, config).value(); }

    Result<ChatReply> chat(CallOptions options = CallOptions()) { return ask(ChatRequest("m", "Hello."), options); }
    Result<ChatReply> ask(ChatRequest request, CallOptions options = CallOptions()) {
        if (!router) open();
        return drive(*clock, router->chat(std::move(request), std::move(options)));
    }

    /// The text of a stream to its end, and what it ended with.
    struct Streamed {
        std::string text;
        std::optional<Error> error;
        CallInfo info;
        bool finished = false;
    };
    Result<Streamed> stream(int most_events = 1'000'000, CallOptions options = CallOptions()) {
        if (!router) open();
        auto task = [](std::shared_ptr<AIProvider> model, CallOptions how, int most) -> Task<Streamed> {
            Task<ChatStream> opening = model->stream_chat(ChatRequest("m", "Hello."), std::move(how));
            Result<ChatStream> opened = co_await std::move(opening);
            if (!opened) co_return opened.error();
            Result<Streamed> out;
            for (int i = 0; i < most; ++i) {
                Result<std::optional<ChatEvent>> event = co_await opened->next();
                if (!event) out->error = event.error();
                if (!event || !*event) break;
                if (auto const* text = std::get_if<TextDelta>(&**event)) out->text += text->text;
                out->finished = out->finished || std::holds_alternative<Finished>(**event);
            }
            out->info = opened->info();
            co_return out;
        };
        return drive(*clock, task(router, std::move(options), most_events));
    }

    std::size_t asked(std::size_t which) const { return providers[which]->times.size(); }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    Runtime runtime;
    std::vector<std::shared_ptr<Answering>> providers;
    RouterConfig config;
    std::shared_ptr<AIRouter> router;
};

inline std::vector<Step> whole_stream(std::vector<std::string> const& pieces) {
    ReplyStarted started;
    started.model = "m";
    std::vector<Step> steps{started};
    for (std::string const& piece : pieces) steps.emplace_back(TextDelta(0, piece));
    ChoiceFinished end;
    end.reason = FinishReason::stop;
    Finished finished;
    finished.usage = told(10, 5);
    steps.emplace_back(end);
    steps.emplace_back(finished);
    return steps;
}

}  // namespace aikit::router

#endif  // AIKIT_TESTS_UNIT_ROUTER_SUPPORT_HPP
