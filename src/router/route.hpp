// SPDX-License-Identifier: MIT
// router/route.hpp - one operation on its way through the deployments.
#ifndef AIKIT_SRC_ROUTER_ROUTE_HPP
#define AIKIT_SRC_ROUTER_ROUTE_HPP

#include "policy/retry_budget.hpp"
#include "router/choice.hpp"

#include <aikit/router/router.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::router {

/// One deployment that was asked, and what came of it: "ok", an error's name, "overtaken" (another answered before it),
/// "left" (a stream that was let go).
struct Asked {
    Asked(std::string deployment_, std::string outcome_)
        : deployment(std::move(deployment_)), outcome(std::move(outcome_)) {}

    std::string deployment;
    std::string outcome;
};

/// The decision as RouteDecision::to_json() has it, with "asked" and "chosen".
std::string explain(RouteDecision const& decision, std::vector<Asked> const& asked);

/// What all operations of a router share.
struct RouterCore {
    RouterCore(Runtime runtime_, RouterConfig config_);

    Runtime const runtime;
    RouterConfig const config;
    Targets targets;
    WarmPrompts prompts;
    policy::RetryBudget retries;
    policy::RetryBudget hedges;
    std::atomic<std::uint64_t> operations = 0;

    SteadyTime now() const { return runtime.clock()->now(); }

    /// Counts one of what happened at a deployment, for whoever watches. `key` and `value` are a label more, or empty.
    void count(std::string_view metric, std::size_t target, char const* key, std::string_view value) const;
};

/// As AIRouter::learned(); and back again. Errors: protocol.
std::string learned_of(RouterCore const& core);
Result<void> put_back(RouterCore& core, std::string_view learned);

/// Sends copies of a chat to the deployments that get a share of them, on `executor`. Waits for none of them.
void cast_shadows(boost::asio::any_io_executor const& executor, std::shared_ptr<RouterCore> const& core,
                  ChatRequest const& request, CallOptions const& options, Choice const& choice, bool stream);

/// A call's place at a deployment; one that is let go without a word is abandoned.
class Place {
public:
    Place() = default;
    Place(std::shared_ptr<RouterCore> core, std::size_t target, DeploymentHealth::Permit permit)
        : core_(std::move(core)), target_(target), permit_(permit), began_(core_->now()) {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place() { leave(); }

    Target& target() const { return *core_->targets[target_]; }
    std::size_t number() const noexcept { return target_; }

    /// The first piece of a stream has come.
    void first_token();
    void succeeded();
    void failed(Error const& error);
    void overtaken(bool stream);

    /// It answered; what came from a cache says nothing of the deployment.
    void answered(CallInfo const& info) { info.cache == "hit" ? leave() : succeeded(); }

private:
    void leave() noexcept;

    bool open() const noexcept { return core_ && !settled_; }

    std::shared_ptr<RouterCore> core_;  // null when there is no place, or it was moved
    std::size_t target_ = 0;
    DeploymentHealth::Permit permit_;
    SteadyTime began_;
    std::optional<std::chrono::microseconds> first_token_;
    bool settled_ = false;
};

/// One operation: where it was, where it goes next, and what is said of it. What decides is pure; it only waits.
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class Course {
public:
    Course(std::shared_ptr<RouterCore> core, CallOptions options, Choice choice);

    /// What the attempt that was entered last is sent with.
    CallOptions attempt_options() const;

    /// The place to ask at first. Errors: as AIRouter says.
    Result<Place> first();

    /// Where to go on after a failure: an error ends it. Waits where the same deployment is to be asked again.
    static Task<Place> after(std::shared_ptr<Course> self, Error error, std::size_t failed);

    /// The deployment that failed last, once more: it refused how it was asked, and did nothing.
    std::optional<Place> once_more() { return left_ > 0 && !seen_.empty() ? enter(last_failed_) : std::nullopt; }

    /// When another is to be asked beside the one that is; nullopt: not at all.
    std::optional<SteadyTime> hedge_at(std::size_t running, bool stream) const;

    /// That other one.
    std::optional<Place> beside(std::size_t running);

    /// A failure there, while another attempt goes on; or another answered before it.
    void failed(Error error, std::size_t target);
    void overtaken(std::size_t target);

    /// The attempts and their cost, once all of them have ended.
    void add_up(CallInfo& info) const;

    /// Keeps embeddings comparable: from now on only targets with the same model are asked.
    void keep_model_of(std::size_t target) { model_ = core_->targets[target]->price_model; }

    /// A reply came from there.
    void answered(std::size_t target, CallInfo& info, std::int64_t input_tokens);

    /// A stream has begun there; and this is how it ended.
    void opened(std::size_t target);
    void ended(std::string outcome) { asked_.back().outcome = std::move(outcome); }
    void cut(Error const& error, std::size_t target);

    /// The beginning of the conversation was read there.
    void warm(std::size_t target, std::int64_t input_tokens);
    std::string explanation() const { return explain(choice_.decision, asked_); }
    std::shared_ptr<RouterCore> const& core() const noexcept { return core_; }
    CallOptions const& options() const noexcept { return options_; }

private:
    enum class Move { stop, other, larger };
    Move move_of(Error const& error) const;
    bool was_at(std::size_t target) const;
    std::optional<Place> other(Move move, std::size_t failed);
    struct Again {
        std::size_t target = 0;
        SteadyTime at;
    };
    std::optional<Again> again() const;
    bool allowed(std::size_t target) const;
    std::optional<Place> enter(std::size_t target);
    std::int64_t window_of(std::size_t target) const;
    void note(std::size_t target, std::string outcome);
    Error none_left() const;

    struct Seen {
        std::size_t target = 0;
        Error error;
        int times = 0;
    };

    std::shared_ptr<RouterCore> core_;
    CallOptions options_;
    Choice choice_;
    std::vector<Seen> seen_;  // those that failed
    std::vector<Asked> asked_;
    std::string model_;
    int left_ = 0;    // attempts
    int number_ = 0;  // of the one that was entered last
    std::size_t last_failed_ = 0;
    std::optional<std::size_t> hedged_;
    std::vector<std::size_t> overtaken_;  // they may have carried it out
};

/// Pulls `source` until something of the answer is there, so that until then another may answer instead.
struct Opened {
    Opened() = default;

    std::unique_ptr<ChatStream::Source> source;
    std::vector<ChatEvent> events;
};

/// A stream that is under way, and where.
struct Begun {
    Begun() = default;
    Begun(Opened opened_, Place place_) : opened(std::move(opened_)), place(std::move(place_)) {}

    Opened opened;
    Place place;
};

/// What a deployment is asked for.
using RequestFor = std::function<ChatRequest(Target const&)>;

/// Asks at the place and wherever the course leads from there, until a stream's first piece is there.
Task<Begun> begin_stream(std::shared_ptr<Course> course, Result<Place> place, RequestFor request);

/// The stream as the caller gets it; `request` where it is to be resumed when it is cut, else null.
ChatStream routed_stream(Begun begun, std::shared_ptr<Course> course, std::unique_ptr<ChatRequest> request);

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_ROUTE_HPP
