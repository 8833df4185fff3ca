// SPDX-License-Identifier: MIT
// router/route.hpp - one operation on its way through the deployments.
#ifndef AIKIT_SRC_ROUTER_ROUTE_HPP
#define AIKIT_SRC_ROUTER_ROUTE_HPP

#include "policy/retry_budget.hpp"
#include "router/choice.hpp"

#include <aikit/router/router.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::router {

/// One deployment that was asked, and what came of it: "ok", an error's name, "left" (a stream that was let go).
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

    SteadyTime now() const { return runtime.clock()->now(); }
};

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

    /// It answered; what came from a cache says nothing of the deployment.
    void answered(CallInfo const& info) { info.cache == "hit" ? leave() : succeeded(); }

private:
    void leave() noexcept;

    std::shared_ptr<RouterCore> core_;  // null once it is settled
    std::size_t target_ = 0;
    DeploymentHealth::Permit permit_;
    SteadyTime began_;
    std::optional<std::chrono::microseconds> first_token_;
};

/// One operation: where it was, where it goes next, and what is said of it. What decides is pure; it only waits.
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class Course {
public:
    Course(std::shared_ptr<RouterCore> core, CallOptions options, Choice choice);

    /// What the next attempt is sent with.
    CallOptions attempt_options() const;

    /// The place to ask at first. Errors: as AIRouter says.
    Result<Place> first();

    /// Where to go on after a failure: an error ends it. Waits where the same deployment is to be asked again.
    Task<Place> after(Error error, std::size_t failed);

    /// Keeps embeddings comparable: from now on only targets with the same model are asked.
    void keep_model_of(std::size_t target) { model_ = core_->targets[target]->price_model; }

    /// A reply came from there.
    void answered(std::size_t target, CallInfo& info, std::int64_t input_tokens);

    /// A stream has begun there; and this is how it ended.
    void opened(std::size_t target) { note(target, "left"); }
    void ended(std::string outcome) { asked_.back().outcome = std::move(outcome); }

    /// The beginning of the conversation was read there.
    void warm(std::size_t target, std::int64_t input_tokens);
    std::string explanation() const { return explain(choice_.decision, asked_); }
    std::shared_ptr<RouterCore> const& core() const noexcept { return core_; }
    CallOptions const& options() const noexcept { return options_; }

private:
    enum class Move { stop, other, larger };
    Move move_of(Error const& error) const;
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
    int left_ = 0;  // attempts
};

/// Pulls `source` until something of the answer is there, so that until then another may answer instead.
struct Opened {
    Opened() = default;

    std::unique_ptr<ChatStream::Source> source;
    std::vector<ChatEvent> events;
};
Task<Opened> open_until_first_piece(ChatStream stream);

/// The stream as the caller gets it.
ChatStream routed_stream(Opened opened, Place place, std::shared_ptr<Course> course);

}  // namespace aikit::inline v0::router

#endif  // AIKIT_SRC_ROUTER_ROUTE_HPP
