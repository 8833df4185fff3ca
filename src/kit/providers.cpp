// SPDX-License-Identifier: MIT
// kit/providers.cpp - adapters from configuration.
#include "kit/providers.hpp"

#include "core/os/files.hpp"
#include "core/os/os.hpp"
#include "kit/compatible.hpp"
#include "kit/structured.hpp"
#include "net/url.hpp"

#include <aikit/policy/structured.hpp>
#include <aikit/provider/anthropic.hpp>
#include <aikit/provider/azure.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/provider/gemini.hpp>
#include <aikit/provider/huggingface.hpp>
#include <aikit/provider/ollama.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/scripted_provider.hpp>

#include <algorithm>
#include <array>

namespace aikit::inline v0 {
namespace {

constexpr std::array<std::string_view, 11> adapters{"huggingface", "tei",    "openai", "anthropic", "azure",   "gemini",
                                                    "google",      "vertex", "ollama", "builtin",   "scripted"};

constexpr std::int64_t max_key_bytes = 64 * 1024;
// Models that reason are silent for longer.
constexpr std::chrono::milliseconds idle_reasoning{300'000};
constexpr std::int64_t max_script_bytes = 64 * 1024 * 1024;

/// What the host says of a name; its own words may hold anything and are not for the message.
Result<Secret> host_key(ProviderTable::Parts const& parts, std::string const& lead, std::string const& name) {
    if (!parts.keys) {
        return fail(
            Errc::authentication,
            lead + "'callback:" + name + "' needs KitConfig::keys (in C aikit_kit_open_with_keys), which is not set");
    }
    try {
        Result<Secret> key = parts.keys(name);
        if (key && !key->empty()) return key;
        std::string const words = key ? "it was empty" : key.error().message;
        return fail(Errc::authentication, lead + "the callback gave none for '" + name + "'", words);
    } catch (...) {
        return fail(Errc::authentication, lead + "the callback threw an exception for '" + name + "'");
    }
}

}  // namespace

Result<Secret> resolve_key(std::string const& reference, ProviderTable::Parts const& parts, std::string const& provider,
                           std::string const& what, std::string const& field) {
    std::string const lead = provider + ": no " + what + ": ";
    if (reference.empty()) return Secret();
    if (reference.rfind("env:", 0) == 0) {
        std::string const name = reference.substr(4);
        std::optional<std::string> const value = os::environment(name.c_str());
        if (!value || value->empty()) {
            return fail(Errc::authentication, lead + "set the environment variable " + name);
        }
        return Secret(*value);
    }
    if (reference.rfind("file:", 0) == 0) {
        Result<std::string> text = os::read_file(reference.substr(5), max_key_bytes);
        if (!text) return fail(Errc::authentication, lead + text.error().message);
        std::string_view key = *text;
        while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.remove_suffix(1);
        Secret secret(key);
        os::overwrite(text->data(), text->size());
        if (secret.empty()) return fail(Errc::authentication, lead + "the file of " + field + " is empty");
        return secret;
    }
    constexpr std::string_view callback = "callback:";
    if (reference.starts_with(callback)) return host_key(parts, lead, reference.substr(callback.size()));
    return fail(Errc::invalid_argument,
                provider + ": " + field + " must be a reference, \"env:NAME\", \"file:PATH\" or \"callback:NAME\"");
}

namespace {

/// A cassette answers whatever key is sent.
constexpr std::string_view replayed_key = "replayed-5a1c93e07d42b6f8";

Result<Secret> api_key_of(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    return parts.replayed ? Result<Secret>(Secret(replayed_key)) : resolve_key(config.api_key, parts, config.name);
}

Result<std::shared_ptr<AIProvider>> make_openai(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    Result<Secret> key = api_key_of(config, parts);
    if (!key) return key.error();
    provider::OpenAiConfig openai;
    openai.name = config.name;
    Compatible const* const known = compatible_endpoint(type_of(config));
    if (known != nullptr) {
        openai.base_url = known->base_url;
        openai.done_marker_required = known->done_marker;
        openai.stream_usage = known->stream_usage;
        openai.embed_base64 = known->embed_base64;
        openai.jobs = false;
    }
    if (!config.base_url.empty()) openai.base_url = config.base_url;
    char const* const variable = known == nullptr ? "OPENAI_API_KEY" : known->key;
    if (key->empty() && config.base_url.empty() && variable != nullptr) {
        return fail(Errc::authentication,
                    config.name + ": no API key: set " + variable + ", or api_key in the configuration");
    }
    openai.api_key = std::move(*key);
    if (config.api == "responses") openai.api = provider::OpenAiConfig::Api::responses;
    openai.organization = config.organization;
    openai.project = config.project;
    openai.headers = config.headers;
    openai.limits = config.limits;
    return provider::make_openai(std::move(openai), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_anthropic(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    Result<Secret> key = api_key_of(config, parts);
    if (!key) return key.error();
    Result<Secret> token = resolve_key(key->empty() ? config.auth_token : std::string(), parts, config.name);
    if (!token) return token.error();
    provider::AnthropicConfig anthropic;
    anthropic.name = config.name;
    if (!config.base_url.empty()) anthropic.base_url = config.base_url;
    if (key->empty() && token->empty() && config.base_url.empty()) {
        return fail(Errc::authentication,
                    config.name + ": no API key: set ANTHROPIC_API_KEY, or api_key in the configuration");
    }
    anthropic.api_key = std::move(*key);
    anthropic.auth_token = std::move(*token);
    anthropic.headers = config.headers;
    anthropic.limits = config.limits;
    anthropic.max_tokens = [costs = parts.meter.costs, clock = parts.runtime.clock()](std::string_view model) {
        cost::PriceQuery query;
        query.provider = "anthropic";
        query.model = model;
        query.at = clock->system_now();
        Result<cost::PriceEntry> const entry = costs->catalog()->find(query);
        return entry ? entry->max_output : std::nullopt;
    };
    return provider::make_anthropic(std::move(anthropic), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_azure(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    Result<Secret> key = api_key_of(config, parts);
    if (!key) return key.error();
    Result<Secret> token = resolve_key(key->empty() ? config.auth_token : std::string(), parts, config.name);
    if (!token) return token.error();
    if (config.base_url.empty()) {  // its key alone may stand in the environment, and is then no mistake yet
        return fail(Errc::invalid_state,
                    config.name + ": no endpoint: set AZURE_OPENAI_ENDPOINT, or base_url in the configuration");
    }
    provider::AzureConfig azure;
    azure.name = config.name;
    azure.base_url = config.base_url;
    azure.api_version = config.api_version;
    if (config.api == "responses") azure.api = provider::AzureConfig::Api::responses;
    azure.api_key = std::move(*key);
    if (!token->empty()) azure.token = provider::fixed_token(std::move(*token));
    azure.headers = config.headers;
    azure.limits = config.limits;
    return provider::make_azure(std::move(azure), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_gemini(ProviderConfig const& config, ProviderTable::Parts const& parts,
                                                bool vertex) {
    // Vertex AI's paths differ with the kind of credentials, and a key is the rarer one.
    bool const replayed_token = parts.replayed && vertex && config.api_key.empty();
    Result<Secret> key = replayed_token ? Result<Secret>(Secret()) : api_key_of(config, parts);
    if (!key) return key.error();
    Result<Secret> token = replayed_token
                               ? Result<Secret>(Secret(replayed_key))
                               : resolve_key(key->empty() ? config.auth_token : std::string(), parts, config.name);
    if (!token) return token.error();
    Result<Secret> account = resolve_key(vertex && key->empty() && token->empty() ? config.credentials : std::string(),
                                         parts, config.name, "service account", "credentials");
    if (!account) return account.error();
    bool const nothing = key->empty() && token->empty() && account->empty();
    // A service account's file names one, and a key belongs to one.
    bool const needs_project = !token->empty() || (nothing && config.base_url.empty());
    if (vertex && config.project.empty() && needs_project) {
        return fail(Errc::invalid_argument, config.name + ": Vertex AI needs 'project', the Google Cloud project");
    }
    if (nothing && config.base_url.empty()) {
        return fail(Errc::authentication,
                    config.name + (vertex ? ": no credentials: set GOOGLE_APPLICATION_CREDENTIALS, or credentials, "
                                            "auth_token or api_key in the configuration"
                                          : ": no API key: set GEMINI_API_KEY, or api_key in the configuration"));
    }
    provider::GeminiConfig gemini;
    gemini.name = config.name;
    gemini.base_url = config.base_url;
    gemini.api_key = std::move(*key);
    gemini.vertex = vertex;
    if (vertex) gemini.project = config.project;
    gemini.service_account = std::move(*account);
    if (!config.location.empty()) gemini.location = config.location;
    if (!token->empty()) gemini.token = provider::fixed_token(std::move(*token));
    gemini.headers = config.headers;
    gemini.limits = config.limits;
    return provider::make_gemini(std::move(gemini), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_huggingface(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    Result<Secret> key = api_key_of(config, parts);
    if (!key) return key.error();
    bool const tei = type_of(config) == "tei";
    if (tei && config.base_url.empty()) {
        return fail(Errc::invalid_argument,
                    config.name + ": a text-embeddings-inference server needs 'base_url', where it is");
    }
    if (key->empty() && config.base_url.empty()) {
        return fail(Errc::authentication, config.name + ": no API key: set HF_TOKEN, or api_key in the configuration");
    }
    provider::HuggingFaceConfig face;
    face.name = config.name;
    if (!config.base_url.empty()) face.base_url = config.base_url;
    if (tei) face.embeddings = provider::HuggingFaceConfig::Embeddings::tei;
    face.api_key = std::move(*key);
    face.bill_to = config.organization;
    face.headers = config.headers;
    face.limits = config.limits;
    return provider::make_huggingface(std::move(face), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_ollama(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    Result<Secret> key = api_key_of(config, parts);
    if (!key) return key.error();
    provider::OllamaConfig ollama;
    ollama.name = config.name;
    if (!config.base_url.empty()) ollama.base_url = config.base_url;
    ollama.api_key = std::move(*key);
    ollama.headers = config.headers;
    ollama.limits = config.limits;
    return provider::make_ollama(std::move(ollama), parts.runtime, parts.transport);
}

Result<std::shared_ptr<AIProvider>> make_builtin(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    provider::BuiltinConfig builtin;
    builtin.name = config.name;
    return provider::make_builtin(std::move(builtin), parts.runtime);
}

Result<std::shared_ptr<AIProvider>> make_scripted(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    if (config.script.empty()) {
        return fail(Errc::invalid_argument,
                    config.name + ": a scripted provider needs 'script', its script or the path of it");
    }
    Result<std::string> script = config.script;
    if (!is_inline_json(config.script)) script = os::read_file(config.script, max_script_bytes);
    if (!script) return script.error();
    return testing::scripted_from_json(*script, config.name, parts.runtime);
}

Result<std::shared_ptr<AIProvider>> make_adapter(ProviderConfig const& config, ProviderTable::Parts const& parts) {
    std::string const& type = type_of(config);
    if (!config.api.empty() && config.api != "chat" && !(config.api == "responses" && has_responses(config))) {
        return fail(Errc::invalid_argument, "the provider '" + config.name + "' has no api '" + config.api +
                                                "'; openai and azure have chat and responses, all others chat");
    }
    if (type == "huggingface" || type == "tei") return make_huggingface(config, parts);
    if (type == "openai" || compatible_endpoint(type) != nullptr) return make_openai(config, parts);
    if (type == "anthropic") return make_anthropic(config, parts);
    if (type == "azure") return make_azure(config, parts);
    if (type == "gemini" || type == "google") return make_gemini(config, parts, false);
    if (type == "vertex") return make_gemini(config, parts, true);
    if (type == "ollama") return make_ollama(config, parts);
    if (type == "builtin") return make_builtin(config, parts);
    if (type == "scripted") return make_scripted(config, parts);
    if (config.type.empty()) {
        return fail(
            Errc::invalid_argument,
            "there is no provider '" + config.name +
                "'; give its type and base_url (--base-url), or name openai, anthropic, azure, gemini, vertex, ollama, "
                "huggingface, builtin or one of the configuration");
    }
    return fail(Errc::invalid_argument, "the provider '" + config.name + "' has the type '" + type +
                                            "', which is none of openai, anthropic, azure, gemini, vertex, ollama, "
                                            "huggingface, tei, builtin, scripted; "
                                            "a compatible endpoint is of type openai");
}

/// Who may ask, and who is told.
Result<std::shared_ptr<AIProvider>> faced(std::shared_ptr<AIProvider> inner, ProviderTable::Parts const& parts) {
    Result<std::shared_ptr<AIProvider>> out = std::move(inner);
    if (parts.tiers) out = policy::make_tiered(std::move(*out), parts.tiers);
    if (!out) return out;
    return policy::make_observed(std::move(*out), parts.observed);
}

/// Puts the decorators around an adapter, and into the entry.
Result<void> decorate(std::shared_ptr<AIProvider> adapter, ProviderConfig const& config,
                      ProviderTable::Parts const& parts, ProviderEntry& entry) {
    policy::MeterConfig meter = parts.meter;
    meter.price_provider = price_provider_of(config);
    meter.price_models.insert(config.price_models.begin(), config.price_models.end());
    if (!config.limits.idle) meter.idle_reasoning = idle_reasoning;
    if (Result<net::Url> const url = net::parse_url(config.base_url); url && meter.observer) {
        meter.server_address = url->host;
        meter.server_port = url->port;
    }
    Result<std::shared_ptr<AIProvider>> metered = policy::make_meter(std::move(adapter), std::move(meter));
    if (!metered) return metered.error();
    if (parts.limiter) {
        metered = policy::make_limited(std::move(*metered), parts.limiter, parts.meter.observer);
        if (!metered) return metered.error();
    }
    policy::RetryConfig retry;
    if (config.max_retries) retry.max_retries = *config.max_retries;
    Result<std::shared_ptr<AIProvider>> retried = policy::make_retry(std::move(*metered), parts.runtime, retry);
    if (!retried) return retried.error();
    policy::StructuredConfig structured;
    structured.clock = parts.runtime.clock();
    structured.support = [type = type_of(config)](std::string_view model) { return structured_support(type, model); };
    Result<std::shared_ptr<AIProvider>> bare = policy::make_structured(std::move(*retried), std::move(structured));
    if (!bare) return bare.error();
    Result<std::shared_ptr<AIProvider>> out = faced(*bare, parts);
    if (!out) return out.error();
    entry.provider = entry.uncached = std::move(*out);
    if (!parts.cache) return ok();
    Result<std::shared_ptr<AIProvider>> cached = policy::make_response_cache(std::move(*bare), parts.cache);
    if (cached) cached = faced(std::move(*cached), parts);
    if (!cached) return cached.error();
    entry.provider = std::move(*cached);
    return ok();
}

/// What a request means that names no model.
std::string default_model(ProviderConfig const& config, ProviderTable::Operation operation) {
    std::string const& type = type_of(config);
    bool const builtin = type == "builtin";
    switch (operation) {
        case ProviderTable::Operation::chat:
            return !config.model.empty() ? config.model : builtin ? "extractive-1" : "";
        case ProviderTable::Operation::embed:
            return !config.embedding_model.empty() ? config.embedding_model : builtin ? "lexical-1" : "";
        case ProviderTable::Operation::moderate: return builtin ? "patterns-1" : "";
    }
    return {};
}

}  // namespace

std::string const& type_of(ProviderConfig const& config) noexcept {
    return config.type.empty() ? config.name : config.type;
}

namespace {

/// The catalog's name of it, wherever it is.
std::string const& placeless_price_provider(ProviderConfig const& config) noexcept {
    std::string const& type = type_of(config);
    if (!config.price_as.empty()) return config.price_as;
    // What runs here is free under any name; an endpoint that speaks OpenAI's dialect elsewhere has its own prices.
    bool const free = type == "builtin" || type == "scripted" || type == "ollama" || type == "tei";
    bool const known = type != "openai" && type != "azure" && config.base_url.empty();
    return free || known ? type : config.name;
}

}  // namespace

std::string price_provider_of(ProviderConfig const& config) {
    std::string const& name = placeless_price_provider(config);
    bool const placed = config.region.empty() && type_of(config) == "vertex";
    std::string const& region = placed ? config.location : config.region;
    return region.empty() || name.find('+') != std::string::npos ? name : name + "+" + region;
}

std::string const& price_model_of(ProviderConfig const& config, std::string const& model) noexcept {
    auto const named = config.price_models.find(model);
    return named == config.price_models.end() ? model : named->second;
}

bool is_provider_type(std::string_view name) noexcept {
    return std::find(adapters.begin(), adapters.end(), name) != adapters.end() || compatible_endpoint(name) != nullptr;
}

bool has_responses(ProviderConfig const& config) noexcept {
    std::string const& type = type_of(config);
    return type == "openai" || type == "azure" || compatible_endpoint(type) != nullptr;
}

Result<ProviderTable> ProviderTable::make(KitConfig const& config, Parts const& parts) {
    ProviderTable table;
    std::vector<ProviderConfig> wanted = config.providers;
    bool has_builtin = config.own_providers.count("builtin") > 0;
    for (ProviderConfig const& provider : wanted) has_builtin |= provider.name == "builtin";
    if (!has_builtin) {
        ProviderConfig builtin;
        builtin.name = "builtin";
        builtin.local = true;
        wanted.push_back(std::move(builtin));
    }
    for (ProviderConfig const& provider : wanted) {
        ProviderEntry entry;
        entry.config = provider;
        Result<std::shared_ptr<AIProvider>> adapter = make_adapter(provider, parts);
        // A wrong configuration is told at once; what only this provider lacks (a key, a file) when it is used.
        if (!adapter && adapter.error().code == Errc::invalid_argument) return adapter.error();
        Result<void> made = adapter ? decorate(std::move(*adapter), provider, parts, entry) : adapter.error();
        if (!made) entry.failure = made.error();
        table.entries_[provider.name] = std::make_shared<ProviderEntry const>(std::move(entry));
    }
    for (auto const& [name, own] : config.own_providers) {
        if (!own) return fail(Errc::invalid_argument, "own_providers['" + name + "'] is null");
        ProviderEntry entry;
        entry.config.name = name;
        entry.own = true;
        if (Result<void> const made = decorate(own, entry.config, parts, entry); !made) return made.error();
        table.entries_[name] = std::make_shared<ProviderEntry const>(std::move(entry));
    }
    table.default_name_ = !config.default_provider.empty() ? config.default_provider
                          : !config.providers.empty()      ? config.providers.front().name
                          : !config.own_providers.empty()  ? config.own_providers.begin()->first
                                                           : "builtin";
    table.aliases_.insert(config.aliases.begin(), config.aliases.end());
    for (std::size_t i = 0; i < config.routers.size(); ++i) {
        std::string const path = "configuration.routers[" + std::to_string(i) + "]";
        if (Result<void> const added = table.add_router(config.routers[i], path, parts); !added) return added.error();
    }
    if (table.entries_.count(table.default_name_) == 0) {
        return fail(Errc::invalid_argument,
                    "default_provider is '" + table.default_name_ + "', which is not configured");
    }
    return table;
}

Error ProviderTable::unknown(std::string_view name) const {
    std::string all;
    for (auto const& [known, entry] : entries_) all += (all.empty() ? "" : ", ") + known;
    return fail(Errc::not_found, "there is no provider '" + std::string(name) + "'; configured are: " + all);
}

Result<std::shared_ptr<ProviderEntry const>> ProviderTable::find(std::string_view name) const {
    auto const found = entries_.find(name);
    if (found == entries_.end()) return unknown(name);
    if (found->second->failure) return *found->second->failure;
    return found->second;
}

Result<Destination> ProviderTable::locate(std::string_view asked) const {
    auto const alias = aliases_.find(asked);
    std::string_view model = alias == aliases_.end() ? asked : std::string_view(alias->second);
    std::string_view name = default_name_;
    std::size_t const slash = model.find('/');
    auto const whole = entries_.find(model);
    if (slash != model.npos && entries_.find(model.substr(0, slash)) != entries_.end()) {
        name = model.substr(0, slash);
        model.remove_prefix(slash + 1);
    } else if (whole != entries_.end() && whole->second->router) {
        name = model;
    }
    auto const found = entries_.find(name);
    if (found == entries_.end()) return unknown(name);
    Destination out;
    out.entry = found->second;
    out.model = std::string(model);
    return out;
}

Result<Destination> ProviderTable::resolve(std::string_view asked, Operation operation) const {
    Result<Destination> out = locate(asked);
    if (!out) return out.error();
    if (out->entry->failure) return *out->entry->failure;
    if (out->entry->router) return out;
    if (out->model.empty()) out->model = default_model(out->entry->config, operation);
    if (out->model.empty() && operation != Operation::moderate) {
        return fail(Errc::invalid_argument,
                    "no model was named, and the provider '" + out->entry->config.name + "' has none configured");
    }
    return out;
}

std::vector<std::shared_ptr<ProviderEntry const>> ProviderTable::entries() const {
    std::vector<std::shared_ptr<ProviderEntry const>> out;
    for (auto const& [name, entry] : entries_) out.push_back(entry);
    return out;
}

std::vector<std::string> ProviderTable::names() const {
    std::vector<std::string> out;
    for (auto const& [name, entry] : entries_) out.push_back(name);
    return out;
}

}  // namespace aikit::inline v0
