// SPDX-License-Identifier: MIT
// kit/routers.cpp - routers of the configuration, over its providers.
#include "kit/providers.hpp"

#include <algorithm>

namespace aikit::inline v0 {
namespace {

/// Does the catalog say that the model goes on with an assistant's message?
bool knows_prefill(ProviderEntry const& entry, std::string const& model, ProviderTable::Parts const& parts) {
    cost::PriceQuery query;
    query.provider = price_provider_of(entry.config);
    query.model = price_model_of(entry.config, model);
    query.at = parts.runtime.clock()->system_now();
    Result<cost::PriceEntry> const found = parts.meter.costs->catalog()->find(query);
    if (!found || !found->facts) return false;
    std::vector<std::string> const& can = found->facts->can;
    return std::find(can.begin(), can.end(), "prefill") != can.end();
}

/// A deployment of the configuration with the provider that it names.
Result<router::Deployment> deployment_of(ProviderTable const& table, RouterTarget const& target,
                                         ProviderTable::Parts const& parts) {
    Result<Destination> const where = table.locate(target.model);
    if (!where) return where.error();
    ProviderEntry const& entry = *where->entry;
    Result<router::Deployment> made;
    made->name = target.name.empty() ? entry.config.name + "/" + where->model : target.name;
    made->provider = entry.provider;
    made->model = where->model;
    made->quality = target.quality;
    made->weight = target.weight;
    made->local = entry.config.local || entry.router;
    made->regions = target.regions;
    if (made->regions.empty() && !entry.config.region.empty()) made->regions = {entry.config.region};
    made->shadow = target.shadow;
    made->prefill =
        target.prefill.value_or(type_of(entry.config) == "anthropic" && knows_prefill(entry, where->model, parts));
    if (!entry.router) {
        made->price_provider = price_provider_of(entry.config);
        made->price_model = price_model_of(entry.config, where->model);
    }
    if (entry.failure) {
        made->provider = nullptr;
        made->unusable = entry.failure->message;
    }
    return made;
}

}  // namespace

Result<void> ProviderTable::add_router(RouterSetup const& setup, std::string const& path, Parts const& parts) {
    router::RouterConfig config = setup.rules;
    if (entries_.find(config.name) != entries_.end()) {
        return fail(Errc::invalid_argument, path + ".name is a provider's, or another router's");
    }
    config.deployments.clear();
    for (std::size_t i = 0; i < setup.deployments.size(); ++i) {
        std::string const place = path + ".deployments[" + std::to_string(i) + "]";
        Result<router::Deployment> made = deployment_of(*this, setup.deployments[i], parts);
        if (!made) return fail(Errc::invalid_argument, place + ": " + made.error().message);
        config.deployments.push_back(std::move(*made));
    }
    config.costs = parts.meter.costs;
    config.budgets = parts.meter.budgets;
    config.observer = parts.meter.observer;
    ProviderEntry entry;
    entry.config.name = config.name;
    entry.own = true;
    Result<std::shared_ptr<router::AIRouter>> made = router::AIRouter::create(parts.runtime, config);
    if (!made && made.error().code == Errc::protocol) {
        // What an earlier process learned is no reason not to work.
        Error const error = made.error();
        parts.runtime.log(LogLevel::warning, "router.memory_damaged", [&] {
            return std::vector<LogField>{{"router", config.name}, {"error", error.message}};
        });
        config.learned.clear();
        made = router::AIRouter::create(parts.runtime, config);
    }
    if (!made) {
        Error error = made.error();
        error.message = path + ": " + error.message;
        return error;
    }
    // The deployments' operations are within that of the router.
    Result<std::shared_ptr<AIProvider>> observed = policy::make_observed(*made, parts.observed);
    if (!observed) return observed.error();
    entry.router = std::move(*made);
    entry.provider = std::move(*observed);
    std::string name = entry.config.name;
    entries_[std::move(name)] = std::make_shared<ProviderEntry const>(std::move(entry));
    return ok();
}

}  // namespace aikit::inline v0
