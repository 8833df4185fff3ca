// SPDX-License-Identifier: MIT
// kit/routers.cpp - routers of the configuration, over its providers.
#include "kit/providers.hpp"

namespace aikit::inline v0 {
namespace {

/// A deployment of the configuration with the provider that it names.
Result<router::Deployment> deployment_of(ProviderTable const& table, RouterTarget const& target) {
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
        Result<router::Deployment> made = deployment_of(*this, setup.deployments[i]);
        if (!made) return fail(Errc::invalid_argument, place + ": " + made.error().message);
        config.deployments.push_back(std::move(*made));
    }
    config.costs = parts.meter.costs;
    config.budgets = parts.meter.budgets;
    config.observer = parts.meter.observer;
    ProviderEntry entry;
    entry.config.name = config.name;
    entry.own = true;
    Result<std::shared_ptr<router::AIRouter>> made = router::AIRouter::create(parts.runtime, std::move(config));
    if (!made) {
        Error error = made.error();
        error.message = path + ": " + error.message;
        return error;
    }
    entry.router = *made;
    entry.provider = std::move(*made);
    std::string name = entry.config.name;
    entries_[std::move(name)] = std::make_shared<ProviderEntry const>(std::move(entry));
    return ok();
}

}  // namespace aikit::inline v0
