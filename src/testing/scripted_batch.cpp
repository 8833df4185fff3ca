// SPDX-License-Identifier: MIT
// testing/scripted_batch.cpp - batches of a scripted provider.
#include "testing/scripted_batch.hpp"

#include "core/async.hpp"

#include <mutex>

namespace aikit::inline v0::testing {

namespace {

struct Scripted {
    Scripted() = default;

    BatchJob job;
    std::vector<BatchItem> items;
    std::vector<BatchResult> results;  // as many of the items as were answered
};

struct State {
    State() = default;

    std::string provider;
    std::shared_ptr<Clock> clock;
    AnswerChat answer;

    std::mutex mutex;  // guards the jobs; never held across a suspension
    std::vector<std::shared_ptr<Scripted>> jobs;

    Result<std::shared_ptr<Scripted>> find(std::string const& id) {
        std::lock_guard const lock(mutex);
        for (std::shared_ptr<Scripted> const& one : jobs) {
            if (one->job.handle.id == id) return one;
        }
        Error error = fail(Errc::not_found, provider + ": there is no batch of that id");
        error.provider = provider;
        return error;
    }
};

using Shared = std::shared_ptr<State>;

template <class T>
Task<T> ready(Result<T> value) {
    co_return value;
}

class Results final : public BatchResults::Source {
public:
    Results(Shared state, std::shared_ptr<Scripted> scripted, CallOptions options)
        : state_(std::move(state)), scripted_(std::move(scripted)), options_(std::move(options)) {}

    Task<std::optional<BatchResult>> next() override {
        if (next_ == scripted_->items.size()) co_return std::optional<BatchResult>();
        if (next_ == scripted_->results.size()) {
            BatchItem const& item = scripted_->items[next_];
            BatchResult result;
            result.custom_id = item.custom_id;
            Task<ChatReply> answering = state_->answer(item.request, options_);
            result.reply = co_await std::move(answering);
            if (result.reply) result.reply->service_tier = "batch";
            scripted_->results.push_back(std::move(result));
        }
        co_return std::optional<BatchResult>(scripted_->results[next_++]);
    }

private:
    Shared state_;
    std::shared_ptr<Scripted> scripted_;
    CallOptions options_;
    std::size_t next_ = 0;
};

class Batch final : public BatchApi {
public:
    explicit Batch(Shared state) : state_(std::move(state)) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        if (request.items.empty()) {
            return ready<BatchJob>(fail(Errc::invalid_argument, "The request is wrong: requests must not be empty."));
        }
        auto const made = std::make_shared<Scripted>();
        made->items = std::move(request.items);
        for (std::size_t i = 0; i < made->items.size(); ++i) {
            if (made->items[i].custom_id.empty()) made->items[i].custom_id = std::to_string(i);
        }
        BatchJob& job = made->job;
        std::lock_guard const lock(state_->mutex);
        job.handle = JobHandle(state_->provider, JobKind::batch, "batch_" + std::to_string(state_->jobs.size() + 1));
        job.handle.model = made->items.front().request.model;
        job.handle.caller = options.caller;
        job.created = std::chrono::floor<std::chrono::seconds>(state_->clock->system_now()).time_since_epoch().count();
        job.handle.created = job.created;
        job.ended = job.created;
        job.status = JobStatus::succeeded;
        job.status_text = "completed";
        job.has_results = true;
        job.counts.total = static_cast<std::int64_t>(made->items.size());
        job.counts.succeeded = job.counts.total;
        job.info.provider = state_->provider;
        state_->jobs.push_back(made);
        return ready<BatchJob>(job);
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions) override {
        Result<std::shared_ptr<Scripted>> const found = state_->find(handle.id);
        return found ? ready<BatchJob>((*found)->job) : ready<BatchJob>(found.error());
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        Result<std::shared_ptr<Scripted>> const found = state_->find(handle.id);
        if (!found) return ready<BatchResults>(found.error());
        auto source = std::make_unique<Results>(state_, *found, std::move(options));
        return ready<BatchResults>(BatchResults((*found)->job.handle, std::move(source)));
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        return poll(std::move(handle), std::move(options));  // too late: it is done
    }
    Task<BatchList> list(PageQuery, CallOptions) override {
        BatchList all;
        std::lock_guard const lock(state_->mutex);
        for (auto one = state_->jobs.rbegin(); one != state_->jobs.rend(); ++one) all.jobs.push_back((*one)->job);
        all.info.provider = state_->provider;
        return ready<BatchList>(std::move(all));
    }

private:
    Shared state_;
};

}  // namespace

std::unique_ptr<BatchApi> make_scripted_batch(std::string provider, std::shared_ptr<Clock> clock, AnswerChat answer) {
    auto state = std::make_shared<State>();
    state->provider = std::move(provider);
    state->clock = std::move(clock);
    state->answer = std::move(answer);
    return std::make_unique<Batch>(std::move(state));
}

}  // namespace aikit::inline v0::testing
