// SPDX-License-Identifier: MIT
// testing/fake_transport.cpp - answers from a script.
#include "core/async.hpp"
#include "net/request.hpp"

#include <aikit/testing/fake_transport.hpp>

#include <atomic>
#include <deque>
#include <mutex>

namespace aikit::inline v0::testing {

struct FakeTransport::State {
    /// Answers one request; keeps the state alive, so that the transport may die meanwhile.
    static Task<net::HttpResponse> answer(std::shared_ptr<State> state, net::HttpRequest request);

    /// Notes the request and finds the reply to it.
    Result<FakeReply> choose(net::HttpRequest const& request);

    std::shared_ptr<Clock> clock;
    std::mutex mutex;  // guards what follows
    std::deque<FakeReply> queue;
    std::function<FakeReply(net::HttpRequest const&)> handler;
    std::vector<net::HttpRequest> sent;
    int open_bodies = 0;
};

namespace {

/// Limits as points in time: what the script does next happens at `at`, unless a limit comes first.
struct Wait {
    Wait(Clock const& clock, std::chrono::milliseconds takes, std::chrono::milliseconds limit, Deadline total,
         char const* limit_name) {
        at = clock.now() + takes;
        if (limit > limit.zero() && clock.now() + limit < at) {
            at = clock.now() + limit;
            expired = "net: no byte came within the " + std::string(limit_name) + " limit";
        }
        if (total.at() < at) {
            at = total.at();
            expired = "net: the total time limit ran out";
        }
    }

    SteadyTime at;
    std::string expired;  // the sentence, when a limit comes first
};

/// Lets the script's time pass; timeout when a limit is sooner.
Task<void> pass(std::shared_ptr<Clock> clock, std::chrono::milliseconds takes, std::chrono::milliseconds limit,
                Deadline total, char const* limit_name) {
    if (!clock || takes <= takes.zero()) co_return ok();
    Wait const wait(*clock, takes, limit, total, limit_name);
    Result<void> const slept = co_await sleep_until(clock, wait.at);
    if (!slept) co_return slept.error();
    if (!wait.expired.empty()) co_return fail(Errc::timeout, wait.expired);
    co_return ok();
}

/// Waits for what never comes.
Task<void> stall(std::shared_ptr<Clock> clock, std::chrono::milliseconds limit, Deadline total) {
    constexpr std::chrono::hours for_ever(24 * 365 * 100);
    Result<void> const passed = co_await pass(clock, for_ever, limit, total, "idle");
    if (!passed) co_return passed.error();
    co_return fail(Errc::timeout, "net: no byte came within the idle limit");
}

class FakeBody final : public net::HttpBody {
public:
    FakeBody(FakeReply reply, net::TimeLimits limits, std::shared_ptr<Clock> clock, std::function<void()> closed)
        : reply_(std::move(reply)), limits_(limits), clock_(std::move(clock)), closed_(std::move(closed)) {}
    ~FakeBody() override { closed_(); }
    FakeBody(FakeBody const&) = delete;
    FakeBody& operator=(FakeBody const&) = delete;

    Task<std::string> read() override {
        if (std::exchange(busy_, true)) {
            co_return fail(Errc::invalid_state, "net: a body is read twice at once, or after an error");
        }
        Task<std::string> step = next();
        Result<std::string> piece = co_await guard(std::move(step));
        if (piece) {
            busy_ = false;  // after an error it stays as it is
        } else {
            Error error = piece.error();
            error.http_status = reply_.status;
            error.maybe_executed = true;
            piece = std::move(error);
        }
        co_return piece;
    }

private:
    Task<std::string> next() {
        while (index_ < reply_.pieces.size() && reply_.pieces[index_].empty()) ++index_;
        if (index_ < reply_.pieces.size() && delivered_ < reply_.deliver) {
            Result<void> const passed = co_await pass(clock_, reply_.piece_after, limits_.idle, limits_.total, "idle");
            if (!passed) co_return passed.error();
            std::string piece = std::move(reply_.pieces[index_++]);
            piece.resize(std::min(piece.size(), reply_.deliver - delivered_));
            delivered_ += piece.size();
            co_return piece;
        }
        switch (reply_.ending) {
            case Ending::whole: co_return std::string();
            case Ending::cut: co_return fail(Errc::incomplete, "net: the connection ended before the response did");
            case Ending::reset: co_return fail(Errc::connection, "net: the connection was reset");
            case Ending::stall: break;
        }
        Result<void> const stalled = co_await stall(clock_, limits_.idle, limits_.total);
        co_return stalled.error();
    }

    FakeReply reply_;
    net::TimeLimits limits_;
    std::shared_ptr<Clock> clock_;
    std::function<void()> closed_;
    std::size_t index_ = 0;
    std::size_t delivered_ = 0;
    bool busy_ = false;
};

}  // namespace

Result<FakeReply> FakeTransport::State::choose(net::HttpRequest const& request) {
    std::unique_lock lock(mutex);
    sent.push_back(request);
    if (!queue.empty()) {
        FakeReply reply = std::move(queue.front());
        queue.pop_front();
        return reply;
    }
    std::function<FakeReply(net::HttpRequest const&)> const serve = handler;
    lock.unlock();
    if (serve) return serve(request);
    return fail(Errc::internal, "testing: the fake transport has no answer left; queue one with reply()");
}

Task<net::HttpResponse> FakeTransport::State::answer(std::shared_ptr<State> state, net::HttpRequest request) {
    Result<net::Url> const url = net::check_request(request);
    if (!url) co_return url.error();
    net::TimeLimits const limits = request.limits;
    if (state->clock && limits.total.passed(state->clock->now())) {
        co_return fail(Errc::timeout, "net: the total time limit ran out");
    }
    Result<FakeReply> reply = state->choose(request);
    if (!reply) co_return reply.error();

    Result<void> const passed =
        co_await pass(state->clock, reply->head_after, limits.first_byte, limits.total, "first-byte");
    if (!passed) {
        Error error = passed.error();
        error.maybe_executed = true;
        co_return error;
    }
    if (reply->failure) co_return *reply->failure;

    net::HttpResponse response;
    response.status = reply->status;
    response.headers = reply->headers;
    auto closed = [state] {
        std::lock_guard const lock(state->mutex);
        --state->open_bodies;
    };
    response.body = std::make_unique<FakeBody>(std::move(*reply), limits, state->clock, std::move(closed));
    std::lock_guard const lock(state->mutex);
    ++state->open_bodies;
    co_return response;
}

FakeTransport::FakeTransport(std::shared_ptr<Clock> clock) : state_(std::make_shared<State>()) {
    state_->clock = std::move(clock);
}

void FakeTransport::reply(FakeReply reply) {
    std::lock_guard const lock(state_->mutex);
    state_->queue.push_back(std::move(reply));
}

void FakeTransport::reply(int status, std::string body) {
    reply(FakeReply(status, std::move(body)));
}

void FakeTransport::reply(int status, std::vector<std::string> pieces) {
    reply(FakeReply(status, std::move(pieces)));
}

void FakeTransport::reply(int status, std::initializer_list<std::string> pieces) {
    reply(FakeReply(status, pieces));
}

void FakeTransport::serve(std::function<FakeReply(net::HttpRequest const&)> handler) {
    std::lock_guard const lock(state_->mutex);
    state_->handler = std::move(handler);
}

Task<net::HttpResponse> FakeTransport::send(net::HttpRequest request) {
    return guard(State::answer(state_, std::move(request)));
}

std::vector<net::HttpRequest> FakeTransport::sent() const {
    std::lock_guard const lock(state_->mutex);
    return state_->sent;
}

int FakeTransport::open_bodies() const {
    std::lock_guard const lock(state_->mutex);
    return state_->open_bodies;
}

}  // namespace aikit::inline v0::testing
