// SPDX-License-Identifier: MIT
// fault/metered.cpp - a provider that bills into the outside meter, and calls of it that end in every way.
#include "metered.hpp"

#include <aikit/policy/meter.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <future>
#include <mutex>
#include <thread>

namespace lab {
namespace {

using aikit::ChatEvent;
using aikit::ChatReply;
using aikit::ChatRequest;
using aikit::ChatStream;
using aikit::Errc;
using aikit::Result;
using aikit::Task;

// Nano-dollars for a token, as the catalog below has them; by count each token is one.
constexpr std::int64_t input_nanos = 1, output_nanos = 100;
constexpr char const* catalog = R"({"form": 1, "version": "2026-01-01", "providers": [{"id": "openai", "models": [
    {"id": "lab-small", "match": {"equals": "lab-small"}, "context": 10000000,
     "prices": [{"input": "0.001", "output": "0.1"}]}]}]})";

// What aikit may take a request's own tokens for beyond what the provider counts: it knows no tokenizer here, but that
// the provider, named like OpenAI's, hides nothing in front of a request.
constexpr std::int64_t most_input_beyond = 100;

constexpr std::int64_t tokens_of_event = 50;  // at most
constexpr std::int64_t input_tokens = 20;

struct Rates {
    std::int64_t input = 1;
    std::int64_t output = 1;

    std::int64_t of(std::int64_t in, std::int64_t out) const { return input * in + output * out; }
};

Rates rates_of(Plan const& plan) {
    return plan.tokens ? Rates{1, 1} : Rates{input_nanos, output_nanos};
}

aikit::CallOptions everybody() {
    aikit::CallOptions options;
    options.caller.user = "everybody";
    return options;
}

/// What one call has taken from the outside meter; as long as nobody knows better it was billed.
class Taken {
public:
    /// While it runs it may count with `beyond` more. When nobody tells its end, with `unknown_beyond` more, and with a
    /// twentieth of what was seen, which is estimated.
    Taken(Meter& meter, int process, std::int64_t beyond, std::int64_t unknown_beyond)
        : meter_(meter), process_(process), beyond_(beyond), unknown_beyond_(unknown_beyond) {
        meter_.beyond += beyond_;
    }
    Taken(Taken const&) = delete;
    Taken& operator=(Taken const&) = delete;
    ~Taken() { end(taken_, true); }

    void take(std::int64_t amount) {
        taken_ += amount;
        meter_.take(process_, amount);
    }
    void billed(std::int64_t cost) { end(cost, false); }

private:
    void end(std::int64_t cost, bool unknown) {
        if (ended_) return;
        ended_ = true;
        meter_.give(process_, taken_, cost);
        meter_.beyond -= beyond_;
        if (unknown) meter_.beyond_kept += unknown_beyond_ + taken_ / 20;
    }

    Meter& meter_;
    int process_;
    std::int64_t beyond_, unknown_beyond_;
    std::int64_t taken_ = 0;
    bool ended_ = false;
};

aikit::Error failure(Errc code, bool maybe_executed) {
    aikit::Error error;
    error.code = code;
    error.message = "the laboratory had this call fail";
    error.maybe_executed = maybe_executed;
    return error;
}

aikit::Usage usage_of(Plan const& plan, std::int64_t output) {
    aikit::Usage usage;
    usage.input = input_tokens;
    usage.output = plan.sabotage == "half_settled" ? output / 2 : output;
    return usage;
}

class LabStream final : public ChatStream::Source {
public:
    LabStream(Plan const& plan, std::unique_ptr<Taken> taken, std::int64_t output, std::int64_t cut_after)
        : plan_(plan), taken_(std::move(taken)), left_(output), output_(output), cut_after_(cut_after) {}

    Task<std::optional<ChatEvent>> next() override {
        if (!started_) {
            started_ = true;
            aikit::ReplyStarted begun;
            begun.model = "lab-small";
            co_return ChatEvent(std::move(begun));
        }
        if (output_ - left_ >= cut_after_) co_return failure(Errc::incomplete, true);
        if (left_ > 0) {
            std::int64_t const tokens = std::min(left_, tokens_of_event);
            left_ -= tokens;
            taken_->take(rates_of(plan_).of(0, tokens));
            std::string text;
            for (std::int64_t i = 0; i < tokens; ++i) text += " the";
            co_return ChatEvent(aikit::TextDelta(0, std::move(text)));
        }
        if (!told_) {
            told_ = true;
            aikit::Finished finished;
            finished.usage = usage_of(plan_, output_);
            taken_->billed(rates_of(plan_).of(input_tokens, output_));
            co_return ChatEvent(std::move(finished));
        }
        co_return std::optional<ChatEvent>();
    }

    aikit::CallInfo info() const override { return aikit::CallInfo(); }

private:
    Plan const& plan_;
    std::unique_ptr<Taken> taken_;
    std::int64_t left_, output_, cut_after_;
    bool started_ = false;
    bool told_ = false;
};

class LabProvider final : public aikit::AIProvider {
public:
    LabProvider(Meter& meter, Plan const& plan, int number)
        : meter_(meter), plan_(plan), number_(number), random_(plan.seed * 7 + static_cast<unsigned>(number)) {}

    using AIProvider::chat;
    using AIProvider::stream_chat;

    std::string const& name() const noexcept override { return name_; }

    Task<ChatReply> chat(ChatRequest request, aikit::CallOptions) override {
        Rates const rates = rates_of(plan_);
        std::int64_t const most = *request.max_tokens;
        unsigned const outcome = draw() % 10;
        std::int64_t const output = most * static_cast<std::int64_t>(30 + draw() % 71) / 100;
        auto taken =
            std::make_unique<Taken>(meter_, number_, rates.of(most_input_beyond, 0), rates.of(most_input_beyond, 0));
        taken->take(rates.of(input_tokens, most));
        Task<void> working = aikit::sleep_until(clock_, clock_->now() + std::chrono::microseconds(draw() % 3'000));
        Result<void> const worked = co_await std::move(working);
        if (!worked) co_return failure(Errc::cancelled, true);  // nobody will ever know what it came to
        if (outcome == 0) co_return failure(Errc::timeout, true);
        if (outcome == 1) {
            taken->billed(0);
            co_return failure(Errc::server_error, false);
        }
        taken->billed(rates.of(input_tokens, output));
        ChatReply reply;
        reply.model = "lab-small";
        reply.usage = usage_of(plan_, output);
        reply.complete = true;
        co_return reply;
    }

    Task<ChatStream> stream_chat(ChatRequest request, aikit::CallOptions) override {
        Rates const rates = rates_of(plan_);
        std::int64_t const most = *request.max_tokens;
        std::int64_t const output = most * static_cast<std::int64_t>(30 + draw() % 71) / 100;
        std::int64_t const cut_after = draw() % 8 == 0 ? static_cast<std::int64_t>(draw()) % (output + 1) : most + 1;
        auto taken = std::make_unique<Taken>(meter_, number_, rates.of(most_input_beyond, most),
                                             rates.of(most_input_beyond, tokens_of_event));
        taken->take(rates.of(input_tokens, 0));
        co_return ChatStream(std::make_unique<LabStream>(plan_, std::move(taken), output, cut_after));
    }

private:
    unsigned draw() {
        std::lock_guard const lock(mutex_);
        return static_cast<unsigned>(random_());
    }

    Meter& meter_;
    Plan const& plan_;
    int number_;
    std::string const name_ = "lab";
    std::shared_ptr<aikit::Clock> const clock_ = aikit::real_clock();
    std::mutex mutex_;
    std::mt19937 random_;
};

}  // namespace

MeteredWorker::MeteredWorker(aikit::Runtime runtime, std::shared_ptr<aikit::policy::BudgetGuardian> guardian,
                             Meter& meter, Plan const& plan, int number)
    : runtime_(std::move(runtime)), meter_(meter), plan_(plan) {
    aikit::policy::MeterConfig config;
    config.clock = aikit::real_clock();
    config.costs = std::make_shared<aikit::cost::CostIntelligence>(aikit::cost::PriceCatalog::parse(catalog).value(),
                                                                   config.clock);
    config.budgets = std::move(guardian);
    config.price_provider = "openai";
    metered_ = aikit::policy::make_meter(std::make_shared<LabProvider>(meter, plan, number), std::move(config)).value();
}

void MeteredWorker::note(aikit::Error const& error, std::int64_t need, std::int64_t room_before) const {
    if (error.code == Errc::budget_exceeded) {
        ++meter_.refused;
        if (std::min(meter_.room(), room_before) >= need) ++meter_.refused_falsely;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return;
    }
    bool const meant = error.message == failure(Errc::timeout, true).message || error.code == Errc::cancelled;
    if (!meant && meter_.failed.fetch_add(1) == 0) std::fprintf(stderr, "%s\n", error.message.c_str());
}

void MeteredWorker::chat(ChatRequest request, bool cancel, std::mt19937& random) const {
    Rates const rates = rates_of(plan_);
    std::int64_t const need = rates.of(input_tokens + most_input_beyond, *request.max_tokens);
    std::int64_t const room = meter_.room();
    auto const signal = std::make_shared<boost::asio::cancellation_signal>();
    std::promise<Result<ChatReply>> promise;
    std::future<Result<ChatReply>> ended = promise.get_future();
    Task<ChatReply> calling = metered_->chat(std::move(request), everybody());
    boost::asio::co_spawn(runtime_.executor(), std::move(calling),
                          boost::asio::bind_cancellation_slot(
                              signal->slot(), [&promise](std::exception_ptr thrown, Result<ChatReply> result) {
                                  if (thrown) result = failure(Errc::internal, false);
                                  promise.set_value(std::move(result));
                              }));
    if (cancel) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2'000));
        runtime_.post(runtime_.executor(), [signal] { signal->emit(boost::asio::cancellation_type::terminal); });
    }
    Result<ChatReply> const reply = ended.get();
    if (reply || reply.error().code != Errc::budget_exceeded) ++meter_.passed;
    if (!reply) note(reply.error(), need, room);
}

void MeteredWorker::stream(ChatRequest request, int most_events) const {
    Rates const rates = rates_of(plan_);
    std::int64_t const need = rates.of(input_tokens + most_input_beyond, *request.max_tokens);
    std::int64_t const room = meter_.room();
    Result<ChatStream> stream = aikit::sync::wait(runtime_, metered_->stream_chat(std::move(request), everybody()));
    if (!stream) return note(stream.error(), need, room);
    ++meter_.passed;
    auto read = [](ChatStream opened, int most) -> Task<void> {
        for (int i = 0; i < most; ++i) {
            Result<std::optional<ChatEvent>> const event = co_await opened.next();
            if (!event) co_return event.error();
            if (!*event) break;
        }
        co_return aikit::ok();
    };
    Result<void> const ended = aikit::sync::wait(runtime_, read(std::move(*stream), most_events));
    if (ended) return;
    if (ended.error().code == Errc::budget_exceeded) {
        ++meter_.stopped;
    } else {
        note(ended.error(), need, room);
    }
}

void MeteredWorker::attempt(std::mt19937& random) const {
    std::int64_t const unit = limit / plan_.attempts;
    std::int64_t const need = unit * 8 / 10 + static_cast<std::int64_t>(random()) % (unit * 32 / 10);
    ChatRequest request("lab-small", "How much is it?");
    request.max_tokens = std::max<std::int64_t>(need / rates_of(plan_).output, 10);
    unsigned const way = random() % 10;
    if (way < 3) return stream(std::move(request), 1'000'000);
    if (way == 3) return stream(std::move(request), 1 + static_cast<int>(random() % 40));
    chat(std::move(request), way == 4, random);
}

}  // namespace lab
