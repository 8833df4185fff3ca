// SPDX-License-Identifier: MIT
// aikit/router/router.hpp - one provider in front of many: chooses, fails over, and can say why.
#ifndef AIKIT_ROUTER_ROUTER_HPP
#define AIKIT_ROUTER_ROUTER_HPP

#include <aikit/core/observer.hpp>
#include <aikit/core/runtime.hpp>
#include <aikit/cost/intelligence.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/router/analysis.hpp>
#include <aikit/router/health.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::policy {
class BudgetGuardian;  // policy/budget.hpp
}

namespace aikit::inline v0::router {

/// What decides among the deployments that can answer a request.
enum class RoutePolicy {
    ordered,       ///< As they stand in the configuration: a chain of fallbacks.
    cheapest,      ///< The least expected cost, with what a warm prompt cache would save.
    fastest,       ///< The shortest median: of first tokens for streams, else of whole answers.
    best_quality,  ///< The highest quality, then the cheapest.
    balanced,      ///< Cost, speed and quality together; how much of each depends on the grade of the request.
    weighted,      ///< By chance, in proportion to the weights.
    least_busy,    ///< The fewest running calls for its weight.
    sticky,        ///< One conversation stays where its prompt cache is warm, as long as that is the cheaper choice.
    local_only,    ///< Local ones alone, the cheapest first.
};

/// "ordered", "cheapest", "fastest", "best_quality", ... Static storage.
AIKIT_EXPORT char const* name(RoutePolicy policy) noexcept;
AIKIT_EXPORT std::optional<RoutePolicy> policy_from_name(std::string_view text) noexcept;

/// A model at a provider, asked with one key.
struct Deployment {
    Deployment() = default;
    Deployment(std::shared_ptr<AIProvider> provider_, std::string model_)
        : provider(std::move(provider_)), model(std::move(model_)) {}

    std::string name;                      ///< For explanations; unique. Empty: "provider/model".
    std::shared_ptr<AIProvider> provider;  ///< Its own retries are not used. Null only with `unusable`.
    std::string model;                     ///< Its name there. Required.
    std::string unusable;                  ///< Why it is never asked: it has no key, say. Empty: it is.

    double quality = 0.5;              ///< How good its answers are, 0 to 1, as its user finds; compared, not measured.
    double weight = 1;                 ///< For weighted and least_busy; above 0.
    bool local = false;                ///< May see what is sensitive.
    std::vector<std::string> regions;  ///< Where it works, as CallOptions::region. Empty: not told.

    /// Of the requests that it could take, so many get to it as well, 0 to 1: copies, made in the background, whose
    /// answers nobody waits for. It is then never chosen for an answer. 0: a deployment like the others.
    double shadow = 0;

    /// It goes on with an assistant's message that ends the request (Anthropic's "prefill"), rather than to answer it.
    bool prefill = false;

    std::string price_provider;  ///< The catalog's name of the provider; empty: the provider's.
    std::string price_model;     ///< The catalog's name of the model; empty: `model`.
};

/// A second attempt beside one that takes longer than calls at its deployment mostly do, at another deployment: the
/// first to answer (streams: with their first piece) is taken, the other cancelled, and billed for what it used. Each
/// has its own budget hold and ledger row, and counts as a retry of the call. Never where CallOptions::replay is never.
struct HedgeConfig {
    HedgeConfig() = default;

    double quantile = 0;   ///< Of the deployment's live latency: 0.95, say; up to 0.999. 0: nobody is asked twice.
    int least_calls = 20;  ///< Calls to have been measured in HealthConfig::window before any is hedged. 1 to 1,000.
    double share = 0.1;    ///< At most this share of the last ten seconds' calls, and always two of them. 0 to 1.
};

/// What became of a copy that a deployment with `shadow` was sent.
struct ShadowReply {
    ShadowReply() = default;

    std::string deployment;
    std::string request_id;  ///< Of the call that it is a copy of.
    std::shared_ptr<ChatRequest const> request;
    Result<ChatReply> reply;
};

struct RouterConfig {
    RouterConfig() = default;

    std::string name = "router";  ///< The name that it has as a provider.
    RoutePolicy policy = RoutePolicy::ordered;
    std::vector<Deployment> deployments;  ///< At least one.

    std::shared_ptr<cost::CostIntelligence const> costs;  ///< Prices, windows, abilities. Required.
    std::shared_ptr<policy::BudgetGuardian> budgets;      ///< Null: no budget leaves anything out.
    std::shared_ptr<Observer> observer;                   ///< Null: nobody watches.
    HealthConfig health;

    /// The least quality that a grade may be answered with; a constraint, never broken. Missing: none.
    std::map<RequestGrade, double> least_quality;

    /// What looks sensitive goes to local deployments only, as if the caller had said so.
    bool sensitive_local = false;

    /// Attempts after the first, at other deployments or, where nothing else is left, at the same again; 0 to 10.
    /// CallOptions::max_retries goes before it.
    int max_retries = 2;

    /// Retries at deployments that fail may be at most this share of the last ten seconds' calls, and this many are
    /// always allowed. Going on to one that is well is always allowed.
    double retry_budget = 0.2;
    int retry_floor = 10;

    std::chrono::milliseconds first_delay{500};  ///< Before the same deployment is asked again, with full jitter ...
    std::chrono::milliseconds max_delay{8'000};  ///< ... doubled each time up to this.

    bool on_context_length = true;   ///< A request that is too long goes on to deployments with a larger window.
    bool on_content_filter = false;  ///< A request that was withheld goes on to others.

    HedgeConfig hedge;

    /// A stream that is cut after its first piece goes on at another deployment, where CallOptions::resume says
    /// nothing.
    bool resume = false;

    /// Told of each copy when its answer is there, or has failed; on the runtime's executor. A copy is billed to whom
    /// the call is billed, with the tag "shadow"; it waits for nobody, and a refusal is its own. Null: only the ledger.
    std::function<void(ShadowReply const&)> on_shadow;

    /// What AIRouter::learned() gave, of an earlier process say. Empty: nothing is known yet.
    std::string learned;
};

/// One deployment as a request sees it.
struct RouteCandidate {
    RouteCandidate() = default;

    std::string deployment;
    std::string left_out;                              ///< Why it cannot be asked; empty: it can.
    std::optional<Money> cost;                         ///< Expected.
    std::optional<std::chrono::microseconds> latency;  ///< Expected: the median.
    double quality = 0;
    int running = 0;
    double score = 0;         ///< Lower is better.
    bool warm_cache = false;  ///< Its prompt cache should hold the beginning of this conversation.
};

/// What a router makes of a request.
struct AIKIT_EXPORT RouteDecision {
    RouteDecision() = default;

    RoutePolicy policy = RoutePolicy::ordered;
    RequestAnalysis analysis;
    std::vector<RouteCandidate> candidates;  ///< Those to be asked first, in their order; then those left out.
    std::size_t usable = 0;                  ///< So many of them can be asked.

    /// When the first of those left out for a while can be asked; missing: waiting does not help.
    std::optional<std::chrono::milliseconds> retry_after;

    /// {"policy": "cheapest", "grade": "simple", "reasons": [...], "candidates": [{"deployment": "a/m", "cost_usd":
    /// "0.0001", "latency_ms": 812, "quality": 0.5, "score": 0.1}, {"deployment": "b/m", "left_out": "..."}]}
    std::string to_json() const;
};

/// One deployment's state.
struct DeploymentStatus {
    DeploymentStatus() = default;

    std::string deployment;
    std::string provider;
    std::string model;
    HealthSnapshot health;
};

/// The request's `model` says among which it is chosen: a policy's name ("cheapest") among all by that policy, a
/// model's or a deployment's name among those of that name; empty, or the router's own name: among all by its own
/// policy.
///
/// Sends each request to the deployment that its policy likes best among those that can take it, and on to others when
/// one fails: before the first piece of a stream without a trace, after it the stream ends with its error, or, where
/// CallOptions::resume asks for it, goes on with another's answer. A request that may have been carried out goes on
/// only as CallOptions::replay allows. All attempts share one deadline, one request id, one list of attempts and
/// CallOptions::max_retries; each has its own budget hold and ledger row.
///
/// What was decided, and why, stands in CallInfo::route: the decision, "asked" (the deployments in the order in which
/// they were asked, with what came of each: "ok", an error's name, "overtaken" by a hedge, "left" by the caller) and
/// "chosen".
///
/// A stream of one choice that was cut in its text is resumed so: a deployment with `prefill` is asked to go on from
/// what was sent; any other is asked anew, and its answer handed on from where it goes beyond what was sent, or, when
/// it is worded otherwise, from the passage that what was sent ends with. What was sent is never sent again; where
/// there is no such passage the stream ends with the error of the cut. CallInfo::warnings says of each joint what it
/// is. Thread-safety: shared objects: safe. Errors beside those of the deployments: unsupported or invalid_request (no
/// deployment can take the request: why stands in the sentence), not_found (no deployment has the name), overloaded
/// with retry_after (all that could are left alone for now), at once and without anything being sent.
class AIKIT_EXPORT AIRouter : public AIProvider {
public:
    /// Errors: invalid_argument, naming the field; protocol when `learned` is not what learned() gives.
    static Result<std::shared_ptr<AIRouter>> create(Runtime runtime, RouterConfig config);

    /// What would be done with a request now. Asks nobody. Errors: not_found (no deployment has the name).
    virtual Result<RouteDecision> explain(ChatRequest const& request, CallOptions const& options,
                                          bool stream) const = 0;

    /// All deployments, in the configuration's order.
    virtual std::vector<DeploymentStatus> status() const = 0;

    /// Operations begun since it was made.
    virtual std::uint64_t operations() const = 0;

    /// What was learned of the deployments: open circuits, pauses, latencies. JSON, for RouterConfig::learned of a
    /// router that goes on; deployments are known again by their names.
    virtual std::string learned() const = 0;
};

}  // namespace aikit::inline v0::router

#endif  // AIKIT_ROUTER_ROUTER_HPP
