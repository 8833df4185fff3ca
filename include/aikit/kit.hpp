// SPDX-License-Identifier: MIT
// aikit/kit.hpp - everything wired together from one configuration.
#ifndef AIKIT_KIT_HPP
#define AIKIT_KIT_HPP

#include <aikit/core/observer.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/cost/catalog.hpp>
#include <aikit/cost/ledger.hpp>
#include <aikit/cost/provider_usage.hpp>
#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/net/http_client.hpp>
#include <aikit/policy/budget.hpp>
#include <aikit/policy/limits.hpp>
#include <aikit/policy/meter.hpp>
#include <aikit/policy/retry.hpp>
#include <aikit/rag/pipeline.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aikit::inline v0 {

/// One provider by name. Which fields matter depends on `type`.
struct ProviderConfig {
    ProviderConfig() = default;

    std::string name;  ///< What requests call it: "openai", "my-proxy". [a-z0-9_-]

    /// "openai" (any OpenAI-compatible endpoint), "anthropic", "azure", "gemini" (or "google"), "vertex", "ollama",
    /// "huggingface" (its router, or a server of TGI), "tei" (embeddings by a text-embeddings-inference server at
    /// base_url), "builtin", "scripted"; or an endpoint whose address and manners aikit knows: "deepseek", "groq",
    /// "llamacpp", "mistral", "openrouter", "perplexity", "together", "vllm", "xai". Empty: as `name`.
    std::string type;

    /// With the version path where the provider's own clients have it: "https://api.openai.com/v1",
    /// "https://api.anthropic.com". Empty: the type's own; azure has none.
    std::string base_url;

    /// "env:NAME", "file:PATH" or "callback:NAME". Empty: none; from_env() fills in OPENAI_API_KEY and its like.
    std::string api_key;
    std::string auth_token;   ///< anthropic, azure, vertex: the same for a bearer token, where there is no api_key.
    std::string credentials;  ///< vertex: the same for a service account's key file (its JSON), where there is neither.
    std::string api_version;  ///< azure: as AzureConfig::api_version.

    /// openai, azure: "chat" (Chat Completions) or "responses" (the Responses API). Empty: chat.
    std::string api;
    std::string organization;  ///< huggingface: who pays, as HuggingFaceConfig::bill_to.
    std::string project;
    std::string location;                                      ///< vertex: as GeminiConfig::location.
    std::vector<std::pair<std::string, std::string>> headers;  ///< Sent with every request.

    std::string model;            ///< Used when a request names none.
    std::string embedding_model;  ///< The same for embeddings.
    std::string price_as;         ///< The catalog's provider name, where it differs ("openai" for a proxy of it).
    std::string region;           ///< As cost::PriceQuery::region, for its prices: "eu". Empty: vertex: `location`.
    std::map<std::string, std::string> price_models;  ///< As MeterConfig::price_models: {"my-deployment": "gpt-4o"}.
    bool local = false;                               ///< May see requests marked sensitive.
    CallLimits limits;
    std::optional<int> max_retries;
    std::string script;  ///< scripted: the path of its script or of a recording, or the JSON of either (an object).
};

/// How a Kit is made. JSON forms mirror it field for field.
struct AIKIT_EXPORT KitConfig {
    KitConfig() = default;

    /// The store's file. Empty: in memory, gone with the kit.
    std::string store;

    /// The ledger's file, where it is another one. Empty: the store.
    std::string ledger;

    std::vector<ProviderConfig> providers;  ///< "builtin" is always there.

    /// Where a request goes whose model names no provider. Empty: the first of `providers`, else "builtin".
    std::string default_provider;
    std::string embedding_provider;  ///< For knowledge bases. Empty: "builtin".
    std::string embedding_model;     ///< Empty: the provider's own.

    std::map<std::string, std::string> aliases;  ///< name -> "provider/model".

    knowledge::ChunkingStrategy chunking;
    rag::RAGConfig answers;
    policy::UnknownPrice unknown_price = policy::UnknownPrice::deny;

    /// Held by all calls of the kit together, each try of a call for itself. Missing: there are none.
    std::optional<policy::LimitsConfig> call_limits;

    /// Held by all processes with the same ledger together, each try of a call for itself. Missing: there are none.
    std::optional<policy::BudgetsConfig> budgets;
    std::string price_catalog;  ///< A file whose entries stand before the shipped ones. Empty: none.

    /// Taken off the catalog's prices when a call is priced, and told by its price id.
    std::vector<cost::PriceDiscount> price_discounts;
    net::HttpClientConfig http;
    std::string app;  ///< The host's name, added to the User-Agent.
    RuntimeConfig runtime;

    /// Makes the folder of `store` where it is missing. from_env sets it with the default store, and only then: a store
    /// that was named in a folder that does not exist is a mistake.
    bool make_store_folder = false;

    /// A file in which all traffic is recorded, without keys; see testing/cassette.hpp. Empty: nothing is.
    std::string record;

    /// A recorded file, or the text of one, that answers in the place of the network; no key is then read or needed.
    /// Empty: the network. Not both.
    std::string replay;

    // Set by code only.

    /// Gives the key that "callback:NAME" refers to; asked once for each while the kit is opened.
    std::function<Result<Secret>(std::string const& name)> keys;
    std::shared_ptr<net::HttpTransport> transport;  ///< Null: an HttpClient made from `http`.
    std::shared_ptr<Observer> observer;
    std::map<std::string, std::shared_ptr<AIProvider>> own_providers;  ///< The host's own, by name.

    /// Reads JSON. Errors: invalid_argument, naming the field ("providers[0].base_url"); unknown names are errors.
    static Result<KitConfig> from_json(std::string_view json);

    /// Reads a file of JSON. Errors: not_found, permission, invalid_argument.
    static Result<KitConfig> from_file(std::string const& path);

    /// What the environment says: a configuration file is read first (`config_path`, else AIKIT_CONFIG, else
    /// ./aikit.json or $XDG_CONFIG_HOME/aikit/aikit.json where one is), then AIKIT_STORE (else the file's store, else
    /// $XDG_DATA_HOME/aikit/aikit.db), the providers' own names (OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID,
    /// OPENAI_PROJECT_ID), AIKIT_RECORD and AIKIT_REPLAY, and the proxies. Where several providers are made from the
    /// environment, the default one is the first of openai, anthropic, azure, gemini, the compatible ones by name. The
    /// only reader of the environment but for "env:" keys. Errors: not_found (a file that was named), permission,
    /// invalid_argument.
    static Result<KitConfig> from_env(std::string const& config_path = {});

    /// The configuration as JSON; keys stay references.
    std::string to_json() const;
};

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

    /// Who holds calls against budgets; null when there are none. Errors: invalid_state.
    Result<std::shared_ptr<policy::BudgetGuardian>> budgets() const;

    /// Tries providers, several at once, each by its cheapest call: the list of its models, which costs nothing, else a
    /// chat of at most 16 tokens with the model that is configured for it. No names: all. What fails stands in its
    /// check. Without a time limit in `options` each may take 15 seconds; none is retried.
    /// Errors: not_found (a name), invalid_state.
    Task<std::vector<ProviderCheck>> check_providers(std::vector<std::string> names, CallOptions options);

    /// How many tokens the provider counts in the request. Errors: unsupported, where it has no such service;
    /// estimate_request_cost() estimates for any.
    Task<TokenCount> count_tokens(ChatRequest request, CallOptions options);

    /// The knowledge base of that name, made when there is none.
    Task<std::shared_ptr<knowledge::KnowledgeBase>> knowledge_base(std::string name);
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
