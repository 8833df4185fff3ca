// SPDX-License-Identifier: MIT
// kit/kit.cpp - a Kit's operations: each finds who is meant and passes the call on.
//
// The public functions are no coroutines: they hand the shared state to one, so that a Kit may die before its Task.
#include "core/async.hpp"
#include "kit/state.hpp"

#include <aikit/cost/savings.hpp>
#include <aikit/kit.hpp>

#include <algorithm>

namespace aikit::inline v0 {
namespace {

using StatePtr = std::shared_ptr<Kit::State>;
using Operation = ProviderTable::Operation;

/// A router sees to it for each of its deployments.
Result<void> check_privacy(ProviderEntry const& entry, Privacy privacy) {
    if (privacy != Privacy::sensitive || entry.config.local || entry.router) return ok();
    return fail(Errc::permission, "the request is marked sensitive, and the provider '" + entry.config.name +
                                      "' is not marked local in the configuration");
}

/// Resolves the model of a request and puts the provider's own name of it in its place.
template <class Request>
Result<std::shared_ptr<AIProvider>> route(Kit::State& state, Request& request, CallOptions const& options,
                                          Operation operation) {
    if (Result<void> usable = state.usable(); !usable) return usable.error();
    Result<Destination> where = state.providers.resolve(request.model, operation);
    if (!where) return where.error();
    if (Result<void> allowed = check_privacy(*where->entry, options.privacy); !allowed) return allowed.error();
    request.model = std::move(where->model);
    return where->entry->provider;
}

template <class T>
Task<T> failed(Error error) {
    co_return error;
}

/// The most frequent calls have no coroutine here: the provider's outermost one keeps the kit, and guards. Takes what
/// `request` and `options` hold.
template <class T>
Task<T> start_chat(StatePtr state, Task<T> (AIProvider::*operation)(ChatRequest, CallOptions), ChatRequest& request,
                   CallOptions& options) {
    if (!state) return failed<T>(closed_kit());
    Result<std::shared_ptr<AIProvider>> provider =
        guarded([&] { return route(*state, request, options, Operation::chat); });
    if (!provider) return failed<T>(provider.error());
    options.keep = std::move(state);
    return ((**provider).*operation)(std::move(request), std::move(options));
}

Task<EmbedReply> embed_task(StatePtr state, EmbedRequest request, CallOptions options) {
    if (!state) co_return closed_kit();
    Result<std::shared_ptr<AIProvider>> provider = route(*state, request, options, Operation::embed);
    if (!provider) co_return provider.error();
    Task<EmbedReply> pending = (*provider)->embed(std::move(request), std::move(options));
    co_return co_await std::move(pending);
}

Task<ModerateReply> moderate_task(StatePtr state, ModerateRequest request, CallOptions options) {
    if (!state) co_return closed_kit();
    Result<std::shared_ptr<AIProvider>> provider = route(*state, request, options, Operation::moderate);
    if (!provider) co_return provider.error();
    Task<ModerateReply> pending = (*provider)->moderate(std::move(request), std::move(options));
    co_return co_await std::move(pending);
}

Task<ModelList> models_task(StatePtr state, std::string name, CallOptions options) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Result<std::shared_ptr<ProviderEntry const>> entry =
        state->providers.find(name.empty() ? state->providers.default_name() : name);
    if (!entry) co_return entry.error();
    Task<ModelList> pending = (*entry)->provider->models(std::move(options));
    co_return co_await std::move(pending);
}

Task<TokenCount> count_task(StatePtr state, ChatRequest request, CallOptions options) {
    if (!state) co_return closed_kit();
    Result<std::shared_ptr<AIProvider>> provider = route(*state, request, options, Operation::chat);
    if (!provider) co_return provider.error();
    Task<TokenCount> pending = (*provider)->count_tokens(std::move(request), std::move(options));
    co_return co_await std::move(pending);
}

Task<std::vector<knowledge::KnowledgeBaseSummary>> bases_task(StatePtr state) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Task<std::vector<knowledge::KnowledgeBaseSummary>> pending = knowledge::list_knowledge_bases(state->database);
    co_return co_await std::move(pending);
}

Task<bool> base_exists(StatePtr state, std::string name) {
    Task<std::vector<knowledge::KnowledgeBaseSummary>> listing = bases_task(std::move(state));
    Result<std::vector<knowledge::KnowledgeBaseSummary>> const all = co_await std::move(listing);
    if (!all) co_return all.error();
    co_return std::any_of(all->begin(), all->end(), [&](auto const& base) { return base.name == name; });
}

Task<std::shared_ptr<knowledge::KnowledgeBase>> open_base(StatePtr state, std::string name) {
    Result<std::shared_ptr<knowledge::EmbeddingService>> embeddings = state->embedding_service();
    if (!embeddings) co_return embeddings.error();
    knowledge::KnowledgeBaseConfig config;
    config.name = name;
    config.chunking = state->config.chunking;
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening =
        knowledge::KnowledgeBase::open(state->database, state->vectors, std::move(*embeddings), std::move(config));
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base = co_await std::move(opening);
    if (!base) co_return base.error();
    std::lock_guard const lock(state->mutex);
    co_return state->bases.emplace(std::move(name), std::move(*base)).first->second;
}

/// Under tiers: a new knowledge base counts as its maker's before it is made, and no more when it could not be.
Task<std::shared_ptr<knowledge::KnowledgeBase>> open_counted_base(StatePtr state, std::string name, Caller caller) {
    Task<void> checking = state->tiers->check_feature(caller, "knowledge");
    Result<void> const may = co_await std::move(checking);
    if (!may) co_return may.error();
    Task<bool> looking = base_exists(state, name);
    Result<bool> const exists = co_await std::move(looking);
    if (!exists) co_return exists.error();
    Result<bool> claimed = false;
    if (!*exists) {
        Task<bool> claiming = state->tiers->claim(caller, "knowledge_bases", name);
        claimed = co_await std::move(claiming);
        if (!claimed) co_return claimed.error();
    }
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening = open_base(state, name);
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base = co_await std::move(opening);
    if (!base && *claimed) {
        Task<bool> releasing = state->tiers->release(caller, "knowledge_bases", name);
        Result<bool> const released = co_await std::move(releasing);
        if (!released) co_return released.error();
    }
    co_return base;
}

Task<std::shared_ptr<knowledge::KnowledgeBase>> base_task(StatePtr state, std::string name, Caller caller) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    bool const counted = state->tiers != nullptr;
    std::shared_ptr<knowledge::KnowledgeBase> known;
    {
        std::lock_guard const lock(state->mutex);
        auto const found = state->bases.find(name);
        if (found != state->bases.end()) known = found->second;
    }
    if (known && counted) {
        Task<void> checking = state->tiers->check_feature(std::move(caller), "knowledge");
        Result<void> const may = co_await std::move(checking);
        if (!may) co_return may.error();
    }
    if (known) co_return known;
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening =
        counted ? open_counted_base(state, std::move(name), std::move(caller)) : open_base(state, std::move(name));
    co_return co_await std::move(opening);
}

/// Walking folders touches the disk, so it runs beside the loop.
Task<std::vector<knowledge::DocumentInput>> find_inputs(StatePtr state, std::vector<std::string> paths) {
    std::function<Result<std::vector<knowledge::DocumentInput>>()> walk =
        [paths = std::move(paths)]() -> Result<std::vector<knowledge::DocumentInput>> {
        std::vector<knowledge::DocumentInput> all;
        for (std::string const& path : paths) {
            Result<std::vector<knowledge::DocumentInput>> found = knowledge::folder_inputs(path);
            if (!found) return found.error();
            std::move(found->begin(), found->end(), std::back_inserter(all));
        }
        return all;
    };
    boost::asio::any_io_executor pool = state->runtime.cpu();
    Task<std::vector<knowledge::DocumentInput>> pending =
        run_on<std::vector<knowledge::DocumentInput>>(std::move(pool), std::move(walk));
    co_return co_await std::move(pending);
}

Task<knowledge::IngestReport> ingest_task(StatePtr state, std::string name, std::vector<std::string> paths,
                                          std::function<void(knowledge::IngestProgress const&)> progress,
                                          CallOptions options) {
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening = base_task(state, std::move(name), options.caller);
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base = co_await std::move(opening);
    if (!base) co_return base.error();
    Task<std::vector<knowledge::DocumentInput>> finding = find_inputs(state, std::move(paths));
    Result<std::vector<knowledge::DocumentInput>> inputs = co_await std::move(finding);
    if (!inputs) co_return inputs.error();
    Task<knowledge::IngestReport> pending =
        (*base)->ingest(std::move(*inputs), std::move(progress), std::move(options));
    co_return co_await std::move(pending);
}

/// Asking a knowledge base that is not there is a mistake in its name, not a wish for a new one.
Task<std::shared_ptr<knowledge::KnowledgeBase>> existing_base(StatePtr state, std::string name, Caller caller) {
    Task<bool> looking = base_exists(state, name);
    Result<bool> const known = co_await std::move(looking);
    if (!known) co_return known.error();
    if (!*known) {
        co_return fail(Errc::not_found, "there is no knowledge base '" + name + "'; take documents in first");
    }
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening = base_task(state, std::move(name), std::move(caller));
    co_return co_await std::move(opening);
}

Task<std::vector<knowledge::RelevantChunk>> search_task(StatePtr state, std::string name,
                                                        knowledge::SearchRequest request, CallOptions options) {
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening = existing_base(state, std::move(name), options.caller);
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base = co_await std::move(opening);
    if (!base) co_return base.error();
    Task<std::vector<knowledge::RelevantChunk>> pending = (*base)->search(std::move(request), std::move(options));
    co_return co_await std::move(pending);
}

bool is_builtin(ProviderConfig const& config) {
    return config.type == "builtin" || (config.type.empty() && config.name == "builtin");
}

Task<rag::AnswerStream> ask_task(StatePtr state, std::string name, rag::Question question, std::string model,
                                 CallOptions options) {
    Task<std::shared_ptr<knowledge::KnowledgeBase>> opening = existing_base(state, std::move(name), options.caller);
    Result<std::shared_ptr<knowledge::KnowledgeBase>> base = co_await std::move(opening);
    if (!base) co_return base.error();

    ChatRequest probe;
    probe.model = model.empty() ? state->config.answers.model : std::move(model);
    Result<std::shared_ptr<AIProvider>> provider = route(*state, probe, options, Operation::chat);
    if (!provider) co_return provider.error();
    rag::RAGConfig config = state->config.answers;
    config.model = probe.model;
    if (config.context_window == 0) {
        Result<std::shared_ptr<ProviderEntry const>> entry = state->providers.find((*provider)->name());
        cost::PriceQuery query;
        query.provider = entry ? price_provider_of((*entry)->config) : (*provider)->name();
        query.model = entry ? price_model_of((*entry)->config, config.model) : config.model;
        query.at = state->runtime.clock()->system_now();
        Result<cost::PriceEntry> facts = state->costs->catalog()->find(query);
        if (facts && facts->context_window) config.context_window = *facts->context_window;
    }
    Result<std::shared_ptr<rag::RAGPipeline>> pipeline =
        rag::RAGPipeline::create(std::move(*provider), std::move(*base), std::move(config));
    if (!pipeline) co_return pipeline.error();
    Task<rag::AnswerStream> pending = (*pipeline)->generate_answer(std::move(question), std::move(options));
    co_return co_await std::move(pending);
}

Task<cost::Report> report_task(StatePtr state, cost::ReportQuery query) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Task<void> flushing = state->ledger->flush();
    Result<void> flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
    Task<cost::Report> pending = state->ledger->report(query);
    co_return co_await std::move(pending);
}

/// Puts the catalog's name of the model into the request, and gives that of the provider. Of a router it is what would
/// be asked first.
Result<std::string> price_provider_for(Kit::State const& state, ChatRequest& request) {
    Result<Destination> where = state.providers.resolve(request.model, Operation::chat);
    for (int depth = 0; where && where->entry->router; ++depth) {
        std::shared_ptr<router::AIRouter> const router = where->entry->router;
        request.model = where->model;
        Result<router::RouteDecision> const decision = router->explain(request, CallOptions(), false);
        if (!decision) return decision.error();
        if (decision->usable == 0) {
            return fail(Errc::unsupported, router->name() + ": no deployment can take the request now");
        }
        for (router::DeploymentStatus const& one : router->status()) {
            if (one.deployment == decision->candidates[0].deployment) request.model = one.provider + "/" + one.model;
        }
        where = state.providers.resolve(request.model, Operation::chat);
    }
    if (!where) return where.error();
    request.model = price_model_of(where->entry->config, where->model);
    return price_provider_of(where->entry->config);
}

Task<cost::CostEstimate> learned_task(StatePtr state, ChatRequest request, cost::HistoryQuery history) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Result<std::string> provider = price_provider_for(*state, request);
    if (!provider) co_return provider.error();
    Task<cost::CostEstimate> pending =
        state->costs->estimate_request_cost(std::move(*provider), std::move(request), std::move(history));
    co_return co_await std::move(pending);
}

/// The catalog's names, for who may outlive the kit.
std::function<void(std::string&, std::string&)> price_names(ProviderTable const& providers) {
    auto const configs = std::make_shared<std::map<std::string, ProviderConfig>>();
    for (std::string const& name : providers.names()) {
        Result<std::shared_ptr<ProviderEntry const>> const entry = providers.find(name);
        if (entry) configs->emplace(name, (*entry)->config);
    }
    return [configs](std::string& provider, std::string& model) {
        auto const config = configs->find(provider);
        if (config == configs->end()) return;
        model = price_model_of(config->second, model);
        provider = price_provider_of(config->second);
    };
}

Task<cost::RecostReport> recost_task(StatePtr state, cost::RecostQuery query) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    if (!query.catalog) query.catalog = state->costs->catalog();
    if (!query.names) query.names = price_names(state->providers);
    Task<cost::RecostReport> pending = state->ledger->recost(std::move(query));
    co_return co_await std::move(pending);
}

Task<void> flush_task(StatePtr state) {
    if (!state) co_return closed_kit();
    if (Result<void> usable = state->usable(); !usable) co_return usable.error();
    Task<void> pending = state->ledger->flush();
    co_return co_await std::move(pending);
}

}  // namespace

Error closed_kit() {
    return fail(Errc::invalid_state, "this Kit was never opened; use Kit::open");
}

Result<std::shared_ptr<knowledge::EmbeddingService>> Kit::State::embedding_service() {
    std::lock_guard const lock(mutex);
    if (embeddings) return embeddings;
    std::string const name = config.embedding_provider.empty() ? std::string("builtin") : config.embedding_provider;
    if (Result<std::shared_ptr<ProviderEntry const>> known = providers.find(name); !known) return known.error();
    Result<Destination> where = providers.resolve(name + "/" + config.embedding_model, Operation::embed);
    if (!where) return where.error();
    knowledge::EmbeddingConfig embedding;
    embedding.model = where->model;
    // What is computed here costs less than what is kept.
    embedding.cache = !is_builtin(where->entry->config);
    Result<std::shared_ptr<knowledge::EmbeddingService>> made =
        knowledge::EmbeddingService::create(where->entry->provider, database, std::move(embedding));
    if (!made) return made.error();
    embeddings = std::move(*made);
    return embeddings;
}

Task<ChatReply> Kit::chat(ChatRequest request, CallOptions options) {
    return start_chat<ChatReply>(state_, &AIProvider::chat, request, options);
}

Task<ChatStream> Kit::stream_chat(ChatRequest request, CallOptions options) {
    return start_chat<ChatStream>(state_, &AIProvider::stream_chat, request, options);
}

Task<EmbedReply> Kit::embed(EmbedRequest request, CallOptions options) {
    return guard(embed_task(state_, std::move(request), std::move(options)));
}

Task<ModerateReply> Kit::moderate(ModerateRequest request, CallOptions options) {
    return guard(moderate_task(state_, std::move(request), std::move(options)));
}

Task<ModelList> Kit::models(std::string provider, CallOptions options) {
    return guard(models_task(state_, std::move(provider), std::move(options)));
}

Task<TokenCount> Kit::count_tokens(ChatRequest request, CallOptions options) {
    return guard(count_task(state_, std::move(request), std::move(options)));
}

Task<std::shared_ptr<knowledge::KnowledgeBase>> Kit::knowledge_base(std::string name, CallOptions options) {
    return guard(base_task(state_, std::move(name), std::move(options.caller)));
}

Task<std::vector<knowledge::KnowledgeBaseSummary>> Kit::knowledge_bases() {
    return guard(bases_task(state_));
}

Task<knowledge::IngestReport> Kit::ingest(std::string base, std::vector<std::string> paths,
                                          std::function<void(knowledge::IngestProgress const&)> progress,
                                          CallOptions options) {
    return guard(ingest_task(state_, std::move(base), std::move(paths), std::move(progress), std::move(options)));
}

Task<std::vector<knowledge::RelevantChunk>> Kit::search(std::string base, knowledge::SearchRequest request,
                                                        CallOptions options) {
    return guard(search_task(state_, std::move(base), std::move(request), std::move(options)));
}

Task<rag::AnswerStream> Kit::ask(std::string base, rag::Question question, std::string model, CallOptions options) {
    return guard(ask_task(state_, std::move(base), std::move(question), std::move(model), std::move(options)));
}

Result<cost::CostEstimate> Kit::estimate_request_cost(ChatRequest const& request) const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    ChatRequest resolved = request;
    Result<std::string> const provider = price_provider_for(*state_, resolved);
    if (!provider) return provider.error();
    return state_->costs->estimate_request_cost(*provider, resolved);
}

Task<cost::CostEstimate> Kit::estimate_request_cost(ChatRequest request, cost::HistoryQuery history) const {
    return guard(learned_task(state_, std::move(request), std::move(history)));
}

void Kit::price_names(std::string& provider, std::string& model) const {
    if (!state_) return;
    Result<std::shared_ptr<ProviderEntry const>> const entry = state_->providers.find(provider);
    if (!entry) return;
    model = price_model_of((*entry)->config, model);
    provider = price_provider_of((*entry)->config);
}

Result<cost::PricedReply> Kit::price_reply(cost::UsageQuery query) const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    price_names(query.provider, query.model);
    return cost::price_reply(*state_->costs->catalog(), query);
}

Task<cost::Report> Kit::cost_report(cost::ReportQuery query) {
    return guard(report_task(state_, std::move(query)));
}

Task<cost::RecostReport> Kit::recost(cost::RecostQuery query) {
    return guard(recost_task(state_, std::move(query)));
}

std::shared_ptr<cost::Ledger> Kit::ledger() const {
    return state_ ? state_->ledger : nullptr;
}

std::shared_ptr<cost::CostIntelligence const> Kit::costs() const {
    return state_ ? state_->costs : nullptr;
}

std::shared_ptr<AIProvider> Kit::provider(std::string const& name) const {
    if (!state_) return nullptr;
    Result<std::shared_ptr<ProviderEntry const>> entry = state_->providers.find(name);
    return entry ? (*entry)->provider : nullptr;
}

Result<std::shared_ptr<AIProvider>> Kit::find_provider(std::string const& name, Privacy privacy) const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    Result<std::shared_ptr<ProviderEntry const>> entry =
        state_->providers.find(name.empty() ? state_->providers.default_name() : name);
    if (!entry) return entry.error();
    if (Result<void> allowed = check_privacy(**entry, privacy); !allowed) return allowed.error();
    return (*entry)->provider;
}

Result<std::shared_ptr<router::AIRouter>> Kit::find_router(std::string const& name) const {
    if (!state_) return closed_kit();
    if (Result<void> usable = state_->usable(); !usable) return usable.error();
    std::vector<std::string> names;
    std::shared_ptr<router::AIRouter> only;
    for (std::shared_ptr<ProviderEntry const> const& entry : state_->providers.entries()) {
        if (!entry->router) continue;
        bool const meant =
            name.empty() ? entry->config.name == state_->providers.default_name() : entry->config.name == name;
        if (meant) return entry->router;
        names.push_back(entry->config.name);
        only = entry->router;
    }
    if (name.empty() && names.size() == 1) return only;
    if (names.empty()) {
        return fail(Errc::not_found, "the configuration has no \"routers\"; see README.md for how they are written");
    }
    std::string all;
    for (std::string const& one : names) all += (all.empty() ? "" : ", ") + one;
    return fail(Errc::not_found, name.empty() ? "there are several routers; name one of: " + all
                                              : "there is no router '" + name + "'; configured are: " + all);
}

std::vector<std::string> Kit::provider_names() const {
    return state_ ? state_->providers.names() : std::vector<std::string>();
}

std::shared_ptr<vector::VectorStore> Kit::vectors() const {
    return state_ ? state_->vectors : nullptr;
}

Runtime Kit::runtime() const {
    return state_ ? state_->runtime : Runtime();
}

Task<void> Kit::flush() {
    return guard(flush_task(state_));
}

}  // namespace aikit::inline v0
