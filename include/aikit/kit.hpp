// SPDX-License-Identifier: MIT
// aikit/kit.hpp - everything wired together from one configuration.
#ifndef AIKIT_KIT_HPP
#define AIKIT_KIT_HPP

#include <aikit/cost/ledger.hpp>
#include <aikit/cost/provider_usage.hpp>
#include <aikit/kit/config.hpp>
#include <aikit/policy/retry.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0 {

/// A provider as it is configured.
struct ProviderStatus {
    ProviderStatus() = default;

    std::string name;
    std::string type;      ///< As ProviderConfig::type; "host" for one that the host brought.
    std::string base_url;  ///< The configuration's, else the type's own where it has one.
    std::string key;       ///< Where its key or token comes from: its reference. Empty: it has none.
    std::string model;     ///< As ProviderConfig::model.
    bool local = false;
    bool is_default = false;

    /// Why it cannot be used; nothing: it was set up. Whether it answers is what check_providers() finds out.
    std::optional<Error> failure;
};

/// What came of trying a provider.
struct ProviderCheck {
    ProviderCheck() = default;

    std::string name;
    std::string call;  ///< "models", or "chat" where models cannot be listed. Empty: nothing was sent.
    std::chrono::microseconds latency{0};
    std::size_t models = 0;  ///< How many it lists.

    /// What is wrong. Nothing: it answers.
    std::optional<Error> failure;

    /// What is known beside the failure's own sentence (which key, which address), and what is odd where it answers.
    std::vector<std::string> notes;
};

/// Thresholds of budgets that were passed.
struct BudgetAlerts {
    BudgetAlerts() = default;

    std::vector<policy::BudgetAlert> alerts;  ///< Oldest first.
    std::int64_t last = 0;                    ///< The number of the newest, to go on from.
    std::int64_t missed = 0;                  ///< So many before these are kept no more.
};

/// Providers, prices, ledger, store and knowledge bases behind one handle.
///
/// Every answer is metered and written to the ledger; every call is retried as its options say.
/// Ownership: a shared handle. Thread-safety: shared objects: safe.
/// Model addressing: "provider/model", an alias, or a model of the default provider.
class AIKIT_EXPORT Kit {
public:
    /// Closed; only to be assigned to.
    Kit() = default;

    /// Makes a runtime of its own and opens the store. Blocks for the store's file.
    /// Errors: invalid_argument (a field, named), authentication (a key that cannot be read), and those of
    /// storage::Database::open.
    static Result<Kit> open(KitConfig config);

    /// The same on a runtime that is there already.
    static Task<Kit> open(Runtime runtime, KitConfig config);

    Task<ChatReply> chat(ChatRequest request, CallOptions options);
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options);
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options);
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options);

    /// The models a provider offers; `provider` empty: the default one.
    Task<ModelList> models(std::string provider, CallOptions options);

    /// All providers, by name. Sends nothing. Errors: invalid_state.
    Result<std::vector<ProviderStatus>> providers() const;

    /// What is used of the limits on calls, and how many calls wait for room. Errors: invalid_state.
    Result<policy::LimitsReport> call_limits() const;

    /// The metrics of this kit's calls, as Prometheus scrapes them (format 0.0.4; see telemetry/prometheus.hpp).
    /// Errors: not_found (TelemetryConfig::prometheus is not set), invalid_state.
    Result<std::string> metrics_text() const;

    /// Who holds calls against budgets; null when there are none. Errors: invalid_state.
    Result<std::shared_ptr<policy::BudgetGuardian>> budgets() const;

    /// The alerts after number `after`, as soon as there is one; nullopt: those to come. A kit keeps the latest 256 of
    /// its own process's; BudgetsConfig::on_alert is told of each as it comes.
    /// Cancellation: terminal. Errors: not_found (no budgets), invalid_state (the kit was closed), cancelled.
    Task<BudgetAlerts> budget_alerts(std::optional<std::int64_t> after);

    /// Who is in which subscription tier; null when there are none. Errors: invalid_state.
    Result<std::shared_ptr<policy::SubscriptionTiers>> tiers() const;

    /// What is kept of replies, to look at and to clear; null when nothing is. Errors: invalid_state.
    Result<std::shared_ptr<policy::AIResponseCache>> cache() const;

    /// Tries providers, several at once, each by its cheapest call: the list of its models, which costs nothing, else a
    /// chat of at most 16 tokens with the model that is configured for it. No names: all. What fails stands in its
    /// check. Without a time limit in `options` each may take 15 seconds; none is retried.
    /// Errors: not_found (a name), invalid_state.
    Task<std::vector<ProviderCheck>> check_providers(std::vector<std::string> names, CallOptions options);

    /// How many tokens the provider counts in the request. Errors: unsupported, where it has no such service;
    /// estimate_request_cost() estimates for any.
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options);

    /// The knowledge base of that name, made when there is none; under tiers it is then counted as the caller's.
    /// Errors: quota_exceeded, permission (what the caller's tier does not include), those of KnowledgeBase::open.
    Task<std::shared_ptr<knowledge::KnowledgeBase>> knowledge_base(std::string name, CallOptions options);
    Task<std::shared_ptr<knowledge::KnowledgeBase>> knowledge_base(std::string name) {
        return knowledge_base(std::move(name), CallOptions());
    }
    Task<std::vector<knowledge::KnowledgeBaseSummary>> knowledge_bases();

    /// Files and folders into a knowledge base.
    Task<knowledge::IngestReport> ingest(std::string base, std::vector<std::string> paths,
                                         std::function<void(knowledge::IngestProgress const&)> progress,
                                         CallOptions options);
    Task<std::vector<knowledge::RelevantChunk>> search(std::string base, knowledge::SearchRequest request,
                                                       CallOptions options);

    /// An answer from a knowledge base, with citations. `model` empty: the configuration's.
    Task<rag::AnswerStream> ask(std::string base, rag::Question question, std::string model, CallOptions options);

    /// What a request would cost. Errors: unknown_price, not_found (no such provider).
    Result<cost::CostEstimate> estimate_request_cost(ChatRequest const& request) const;
    /// The same with what calls of the same kind came to, those that `history` lets through.
    Task<cost::CostEstimate> estimate_request_cost(ChatRequest request, cost::HistoryQuery history) const;
    /// Puts the catalog's names in the place of a configured provider's and its model's; others stay as they are.
    void price_names(std::string& provider, std::string& model) const;
    /// What a provider said it used, priced by the catalog of this kit; `query.provider` may be a configured name.
    /// Errors: as cost::price_reply().
    Result<cost::PricedReply> price_reply(cost::UsageQuery query) const;
    Task<cost::Report> cost_report(cost::ReportQuery query);
    /// Prices rows anew, as Ledger::recost(); without a catalog by this kit's own.
    Task<cost::RecostReport> recost(cost::RecostQuery query);

    /// What every attempt goes to, and what prices and forecasts are made by; null without a kit.
    std::shared_ptr<cost::Ledger> ledger() const;
    std::shared_ptr<cost::CostIntelligence const> costs() const;

    /// A provider by name with all its decorators, or null.
    std::shared_ptr<AIProvider> provider(std::string const& name) const;

    /// The same with the reason why there is none; `name` empty: the default one. Errors: not_found, what its
    /// configuration lacks, permission (sensitive, and the provider is not local), invalid_state.
    Result<std::shared_ptr<AIProvider>> find_provider(std::string const& name, Privacy privacy = Privacy::normal) const;
    std::vector<std::string> provider_names() const;

    /// A router of the configuration; `name` empty: the default provider, or the only router. Its explain() says what
    /// would be done with a request, its status() how its deployments are. Errors: not_found, invalid_state.
    Result<std::shared_ptr<router::AIRouter>> find_router(std::string const& name) const;

    std::shared_ptr<vector::VectorStore> vectors() const;
    Runtime runtime() const;

    /// Waits until the ledger is durable.
    Task<void> flush();

    /// Finishes the ledger's writes, writes the vector images and closes the store; later calls give invalid_state.
    /// Blocks: not on a thread of the runtime. Also done by the last handle's end.
    void close() noexcept;

    explicit operator bool() const noexcept { return state_ != nullptr; }

    struct State;

private:
    explicit Kit(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_KIT_HPP
