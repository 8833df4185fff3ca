// SPDX-License-Identifier: MIT
// kit/check.cpp - which providers there are, and whether they answer.
#include "core/together.hpp"
#include "kit/compatible.hpp"
#include "kit/state.hpp"

#include <aikit/kit.hpp>
#include <aikit/provider/anthropic.hpp>
#include <aikit/provider/ollama.hpp>
#include <aikit/provider/openai.hpp>

#include <algorithm>

namespace aikit::inline v0 {
namespace {

using Entry = std::shared_ptr<ProviderEntry const>;
using std::chrono::milliseconds;

constexpr milliseconds default_patience{15'000};
constexpr std::size_t at_once = 8;
constexpr std::int64_t few_tokens = 16;  // the fewest that every provider takes

/// Where it is reached; empty where that depends on more than its type.
std::string address_of(ProviderConfig const& config) {
    if (!config.base_url.empty()) return config.base_url;
    std::string const& type = type_of(config);
    if (Compatible const* const known = compatible_endpoint(type)) return std::string(known->base_url);
    if (type == "openai") return provider::OpenAiConfig().base_url;
    if (type == "anthropic") return provider::AnthropicConfig().base_url;
    if (type == "ollama") return provider::OllamaConfig().base_url;
    return {};
}

std::string const& key_of(ProviderConfig const& config) noexcept {
    if (!config.api_key.empty()) return config.api_key;
    return config.auth_token.empty() ? config.credentials : config.auth_token;
}

ProviderStatus status_of(ProviderEntry const& entry, std::string const& default_name) {
    ProviderStatus status;
    status.name = entry.config.name;
    status.type = entry.own ? "host" : type_of(entry.config);
    status.base_url = entry.own ? std::string() : address_of(entry.config);
    status.key = key_of(entry.config);
    status.model = entry.config.model;
    status.local = entry.config.local;
    status.is_default = entry.config.name == default_name;
    status.failure = entry.failure;
    return status;
}

/// What the sentence of a failure cannot know.
std::vector<std::string> circumstances(ProviderConfig const& config, Error const& error) {
    std::vector<std::string> notes;
    bool const of_key = error.code == Errc::authentication || error.code == Errc::permission;
    std::string const& key = key_of(config);
    if (of_key && error.http_status != 0) {
        notes.push_back(key.empty() ? "No key is configured for it." : "Its key is that of " + key + ".");
    }
    std::string const address = address_of(config);
    bool const of_address = error.code == Errc::connection || error.code == Errc::timeout ||
                            error.code == Errc::protocol || error.code == Errc::not_found;
    if (of_address && !address.empty()) notes.push_back("It was tried at " + address + ".");
    if (!error.remote_detail.empty()) notes.push_back("It says: " + error.remote_detail);
    return notes;
}

/// A list that has the model under a name of its own ("models/gemini-2.5-flash") has it.
bool lists(ModelList const& list, std::string const& model) {
    return std::any_of(list.models.begin(), list.models.end(), [&](ModelInfo const& one) {
        return one.id == model || one.id.ends_with("/" + model) || one.id == model + ":latest";
    });
}

Task<void> try_models(Entry entry, CallOptions options, ProviderCheck* check) {
    Task<ModelList> asking = entry->provider->models(std::move(options));
    Result<ModelList> const list = co_await std::move(asking);
    if (!list) co_return list.error();
    check->call = "models";
    check->models = list->models.size();
    std::string const& model = entry->config.model;
    // Endpoints of deployments list what could be deployed, and not what is.
    if (!model.empty() && type_of(entry->config) != "azure" && !lists(*list, model)) {
        check->notes.push_back("Its model " + model + " is not among those it lists.");
    }
    co_return ok();
}

Task<void> try_chat(Entry entry, CallOptions options, ProviderCheck* check) {
    std::string const& model = entry->config.model;
    if (model.empty()) {
        co_return fail(Errc::invalid_argument, "The provider " + entry->config.name +
                                                   " lists no models, so that only a chat can try it; name a "
                                                   "'model' for it in the configuration.");
    }
    ChatRequest request(model, "Hi");
    request.max_tokens = few_tokens;
    Task<ChatReply> asking = entry->provider->chat(std::move(request), std::move(options));
    Result<ChatReply> const reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    check->call = "chat";
    co_return ok();
}

/// `clock` is the runtime's.
Task<ProviderCheck> check_one(Entry entry, CallOptions options, std::shared_ptr<Clock> clock) {
    ProviderCheck check;
    check.name = entry->config.name;
    if (!entry->provider) {
        check.failure = entry->failure;
        co_return check;
    }
    SteadyTime const begun = clock->now();
    Task<void> listing = try_models(entry, options, &check);
    Result<void> done = co_await std::move(listing);
    if (!done && done.error().code == Errc::unsupported) {
        Task<void> chatting = try_chat(entry, std::move(options), &check);
        done = co_await std::move(chatting);
    }
    if (!done) {
        check.failure = done.error();
        check.notes = circumstances(entry->config, *check.failure);
    }
    check.latency = std::chrono::duration_cast<std::chrono::microseconds>(clock->now() - begun);
    co_return check;
}

Result<std::vector<Entry>> chosen(ProviderTable const& table, std::vector<std::string> const& names) {
    std::vector<Entry> all = table.entries();
    if (names.empty()) return all;
    std::vector<Entry> out;
    for (std::string const& name : names) {
        auto const found =
            std::find_if(all.begin(), all.end(), [&](Entry const& entry) { return entry->config.name == name; });
        if (found == all.end()) return table.find(name).error();
        out.push_back(*found);
    }
    return out;
}

Task<std::vector<ProviderCheck>> check_task(std::shared_ptr<Kit::State> state, std::vector<std::string> names,
                                            CallOptions options) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Result<std::vector<Entry>> entries = chosen(state->providers, names);
    if (!entries) co_return entries.error();
    options.max_retries = 0;
    if (!options.limits.total) options.limits.total = default_patience;
    std::vector<Task<ProviderCheck>> tasks;
    for (Entry const& entry : *entries) tasks.push_back(check_one(entry, options, state->runtime.clock()));
    Task<std::vector<Result<ProviderCheck>>> checking = together(std::move(tasks), at_once, false);
    Result<std::vector<Result<ProviderCheck>>> checked = co_await std::move(checking);
    if (!checked) co_return checked.error();
    std::vector<ProviderCheck> out;
    for (Result<ProviderCheck>& each : *checked) {
        if (!each) co_return each.error();
        out.push_back(std::move(*each));
    }
    co_return out;
}

}  // namespace

Result<std::vector<ProviderStatus>> Kit::providers() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    std::vector<ProviderStatus> out;
    for (Entry const& entry : state_->providers.entries()) {
        out.push_back(status_of(*entry, state_->providers.default_name()));
    }
    return out;
}

Result<policy::LimitsReport> Kit::call_limits() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    return state_->limiter ? state_->limiter->status() : policy::LimitsReport();
}

Result<std::shared_ptr<policy::BudgetGuardian>> Kit::budgets() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    return state_->budgets;
}

Result<std::shared_ptr<policy::SubscriptionTiers>> Kit::tiers() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    return state_->tiers;
}

Result<std::shared_ptr<policy::AIResponseCache>> Kit::cache() const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    return state_->cache;
}

Task<std::vector<ProviderCheck>> Kit::check_providers(std::vector<std::string> names, CallOptions options) {
    return guard(check_task(state_, std::move(names), std::move(options)));
}

}  // namespace aikit::inline v0
