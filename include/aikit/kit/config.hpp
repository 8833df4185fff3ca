// SPDX-License-Identifier: MIT
// aikit/kit/config.hpp - how a Kit is made.
#ifndef AIKIT_KIT_CONFIG_HPP
#define AIKIT_KIT_CONFIG_HPP

#include <aikit/core/observer.hpp>
#include <aikit/core/secret.hpp>
#include <aikit/cost/catalog.hpp>
#include <aikit/knowledge/knowledge_base.hpp>
#include <aikit/model/provider.hpp>
#include <aikit/net/http_client.hpp>
#include <aikit/policy/budget.hpp>
#include <aikit/policy/limits.hpp>
#include <aikit/policy/meter.hpp>
#include <aikit/policy/response_cache.hpp>
#include <aikit/policy/tiers.hpp>
#include <aikit/rag/pipeline.hpp>
#include <aikit/router/router.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// One of the models that a router chooses among.
struct RouterTarget {
    RouterTarget() = default;

    std::string name;                  ///< As router::Deployment::name. Empty: "provider/model".
    std::string model;                 ///< "provider/model", or an alias; of another router: its name. Required.
    double quality = 0.5;              ///< As router::Deployment::quality.
    double weight = 1;                 ///< As router::Deployment::weight.
    std::vector<std::string> regions;  ///< Where it works. Empty: the provider's `region`, if it has one.
    double shadow = 0;                 ///< As router::Deployment::shadow.

    /// As router::Deployment::prefill. Missing: Anthropic's models of which the catalog says that they know it.
    std::optional<bool> prefill;
};

/// A router by its name: requests ask it as "main", by another policy as "main/cheapest", for one model as
/// "main/gpt-4o".
struct RouterSetup {
    RouterSetup() = default;

    /// Name and rules; the deployments below take the place of its own, and prices, budgets and observer are the kit's.
    router::RouterConfig rules;
    std::vector<RouterTarget> deployments;
};

/// What a kit tells of its calls; see policy/observed.hpp for the metrics. A kit with a runtime of its own sends what
/// is left when it is closed, for three seconds at most; one on a host's runtime drops it.
struct TelemetryConfig {
    TelemetryConfig() = default;

    /// Where spans and metrics are sent; as telemetry::OtlpConfig.
    struct Otlp {
        Otlp() = default;

        std::string endpoint = "http://localhost:4318";
        std::vector<std::pair<std::string, std::string>> headers;
        std::string key_header;  ///< Which header carries `key`: "authorization", "api-key".
        std::string key;         ///< Its value: "env:NAME", "file:PATH" or "callback:NAME". Empty: none.
        std::map<std::string, std::string> resource;  ///< {"service.name": "shop"}
        std::chrono::milliseconds span_interval{5'000};
        std::chrono::milliseconds metric_interval{60'000};
    };

    bool prometheus = false;  ///< Kit::metrics_text() has the metrics.
    std::optional<Otlp> otlp;
    double sample = 1;                 ///< The share of new traces whose spans are sent, 0 to 1.
    bool tell_callers = false;         ///< Spans say whose call it was.
    bool propagate_trace = false;      ///< Providers are sent the header traceparent.
    std::int64_t most_series = 2'000;  ///< Sets of labels of one metric; see telemetry::MetricsConfig.
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

    /// Each is a provider too, and may name those before it.
    std::vector<RouterSetup> routers;

    knowledge::ChunkingStrategy chunking;
    rag::RAGConfig answers;
    policy::UnknownPrice unknown_price = policy::UnknownPrice::deny;

    /// Held by all calls of the kit together, each try of a call for itself. Missing: there are none.
    std::optional<policy::LimitsConfig> call_limits;

    /// Held by all processes with the same ledger together, each try of a call for itself. Missing: there are none.
    std::optional<policy::BudgetsConfig> budgets;

    /// What users have subscribed to: by whom a call is made decides what it may use. Missing: there are none.
    std::optional<policy::TiersConfig> tiers;

    /// What is told of calls, and to whom, beside `observer`. Missing: nobody is told.
    std::optional<TelemetryConfig> telemetry;

    /// Answers that were given before, given again; one cache for all providers of the kit. It is kept in `store`,
    /// unless the host gives it another database; `stored_entries` 0 keeps it in memory alone. `semantic.model` is as a
    /// request's, "builtin/lexical-1" too, unless code gives it an embedder. Missing: every call is made.
    std::optional<policy::ResponseCacheConfig> cache;
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
    std::shared_ptr<Observer> observer;             ///< Told of each call, by policy/observed.hpp and the meter.
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

}  // namespace aikit::inline v0

#endif  // AIKIT_KIT_CONFIG_HPP
