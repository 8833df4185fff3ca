// SPDX-License-Identifier: MIT
// aikit/policy/tiers.hpp - what the users of a program have subscribed to: tokens in a month, how many things,
// features.
#ifndef AIKIT_POLICY_TIERS_HPP
#define AIKIT_POLICY_TIERS_HPP

#include <aikit/policy/budget.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::policy {

/// What a member of it may use.
struct AIKIT_EXPORT SubscriptionTier {
    SubscriptionTier() = default;

    std::string name;

    /// In a calendar month, input and output; each member has this of its own. Missing: no limit.
    std::optional<std::int64_t> monthly_tokens;
    std::optional<Money> monthly_cost;

    /// How many of a kind a member may have at a time: "knowledge_bases", "conversations", or a kind of the program's
    /// own. A kind that is not named has no limit.
    std::map<std::string, std::int64_t> counts;

    /// What may be asked for: "chat", "embed", "moderate", "tools", "images", "documents", "audio", "knowledge",
    /// "batch", "files", "fine_tune"; and the program's own, which have a colon ("shop:export"). Knowledge bases ask
    /// for "embed", and for "chat" when they answer, too. Missing: everything.
    std::optional<std::vector<std::string>> features;

    /// Models that chats, embeddings, moderations and batches may use: "openai/gpt-4o-mini", "ollama/*", "*". Empty:
    /// all. What is built in always may be used.
    std::vector<std::string> models;

    // Tiers to begin with; a configuration that names none has these three.
    static SubscriptionTier free();        ///< 100,000 tokens, 20 conversations, 1 knowledge base.
    static SubscriptionTier pro();         ///< 10,000,000 tokens, 1,000 conversations, 20 knowledge bases.
    static SubscriptionTier enterprise();  ///< No limits.
};

struct TiersConfig {
    TiersConfig() = default;

    std::vector<SubscriptionTier> tiers;  ///< Empty: free, pro and enterprise.

    /// Who a member is: user, key, tenant or project. A call without one is the program's own, and in no tier.
    LimitBy by = LimitBy::user;

    std::string default_tier;                    ///< Of members that none is assigned to. Empty: the first of `tiers`.
    std::map<std::string, std::string> members;  ///< Whose tier is which, until another is assigned.
    std::string time_zone = "UTC";               ///< Whose months.
};

/// ok, or invalid_argument with `lead` before the name of the field: "tiers[0].name".
AIKIT_EXPORT Result<void> check(TiersConfig const& config, std::string const& lead);

/// The budgets that hold the months of tiers: one named "tier:NAME" for each that limits tokens or cost, for whoever
/// BudgetGuardian::create() is called by to add to its own.
AIKIT_EXPORT std::vector<BudgetRule> tier_budgets(TiersConfig const& config);

/// How many of a kind a member has.
struct TierCount {
    TierCount() = default;

    std::string kind;
    std::int64_t used = 0;
    std::optional<std::int64_t> limit;
};

/// One member.
struct TierStatus {
    TierStatus() = default;

    std::string member;
    std::string tier;
    std::optional<SystemTime> since;  ///< When it was assigned; missing: by configuration, or the default.
    std::vector<TierCount> counts;    ///< By kind: those that are limited, and those of which it has any.
    std::optional<BudgetStatus> use;  ///< Of this month, where the tier limits it and something was used.
};

/// Who is in which tier, and what each member has. In the file: shared by all processes that have it open.
/// Thread-safety: shared objects: safe.
class AIKIT_EXPORT SubscriptionTiers {
public:
    struct State;

    /// `budgets` may be null: then nobody holds calls to the months, and TierStatus::use is missing.
    /// Errors: invalid_argument, naming the field.
    static Result<std::shared_ptr<SubscriptionTiers>> create(storage::Database database, TiersConfig config,
                                                             std::shared_ptr<BudgetGuardian> budgets = nullptr);

    TiersConfig const& config() const noexcept;

    /// The tier of a caller: what Caller::tier says, else what was assigned, else the configuration. What another
    /// process assigns is seen within five seconds. Empty: in none.
    /// Errors: invalid_argument (Caller::tier names none), those of Database::read.
    Task<std::string> tier_of(Caller caller);

    /// Puts a member into a tier, from now on; `tier` empty: back to the configuration's. What the month has seen in
    /// another tier does not count in this one; what a member has of a kind stays, also beyond the new limit.
    /// Errors: not_found (no such tier), invalid_argument (no member).
    Task<void> assign(std::string member, std::string tier);

    /// Counts a thing of a kind as the caller's, before it is made; the same one again changes nothing. True: it was
    /// not there before. Errors: quota_exceeded, invalid_argument (an empty kind or id).
    Task<bool> claim(Caller caller, std::string kind, std::string id);

    /// The thing is gone. False: it was not there.
    Task<bool> release(Caller caller, std::string kind, std::string id);

    /// ok, or permission: the caller's tier does not include the feature.
    Task<void> check_feature(Caller caller, std::string feature);

    Task<TierStatus> status(std::string member);

    /// All that were assigned to a tier, or have something, by name.
    Task<std::vector<TierStatus>> members();

    /// Puts the caller's tier into `caller` and sees whether it includes `features` and the model; `provider` empty: no
    /// model is asked for. False, with nothing done: the file has to be asked first, which tier_of() does.
    /// Errors: permission, invalid_argument (Caller::tier names none).
    Result<bool> try_enter(Caller& caller, std::vector<std::string> const& features, std::string const& provider,
                           std::string const& model);

private:
    explicit SubscriptionTiers(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

/// Tells each call of `next` its caller's tier, so that budgets and limits hold it to that, and refuses what the tier
/// does not include before anything is sent. Around everything else.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_tiered(std::shared_ptr<AIProvider> next,
                                                             std::shared_ptr<SubscriptionTiers> tiers);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_TIERS_HPP
