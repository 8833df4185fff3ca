// SPDX-License-Identifier: MIT
// kit/open.cpp - making a Kit and ending it.
#include "core/async.hpp"
#include "kit/cache_embedder.hpp"
#include "kit/prices.hpp"
#include "kit/router_memory.hpp"
#include "kit/spending.hpp"
#include "kit/state.hpp"
#include "kit/telemetry.hpp"

#include <aikit/core/wait.hpp>
#include <aikit/kit.hpp>
#include <aikit/testing/cassette.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace aikit::inline v0 {
namespace {

Task<storage::Database> open_database(Runtime runtime, std::string path) {
    storage::DatabaseConfig config;
    config.path = std::move(path);
    return storage::Database::open(std::move(runtime), std::move(config));
}

/// The transport that records, or replays in its place.
Result<std::shared_ptr<net::HttpTransport>> with_cassette(KitConfig const& config,
                                                          std::shared_ptr<net::HttpTransport> transport) {
    testing::CassetteConfig cassette;
    if (!config.record.empty()) {
        if (!config.replay.empty()) {
            return fail(Errc::invalid_argument, "configuration.record and configuration.replay exclude each other");
        }
        cassette.cassette = config.record;
        return testing::record_cassette(std::move(cassette), std::move(transport));
    }
    if (config.replay.empty()) return transport;
    cassette.cassette = config.replay;
    return testing::replay_cassette(std::move(cassette));
}

/// A part of the configuration that does not hold.
Error wrong_part(char const* part, Error error) {
    error.message = std::string("configuration.") + part + "." + error.message;
    return error;
}

/// The budgets of the configuration and those of its tiers are one guardian's.
Result<void> make_budgets(Kit::State& state) {
    policy::BudgetsConfig budgets = state.config.budgets.value_or(policy::BudgetsConfig());
    if (state.config.tiers) {
        if (Result<void> const good = policy::check(*state.config.tiers, ""); !good) {
            return wrong_part("tiers", good.error());
        }
        std::vector<policy::BudgetRule> months = policy::tier_budgets(*state.config.tiers);
        std::move(months.begin(), months.end(), std::back_inserter(budgets.budgets));
    }
    if (state.config.budgets || !budgets.budgets.empty()) {
        budgets.on_alert = [board = state.alerts, own = std::move(budgets.on_alert)](policy::BudgetAlert const& alert) {
            if (own) own(alert);
            board->post(alert);
        };
        Result<std::shared_ptr<policy::BudgetGuardian>> made =
            policy::BudgetGuardian::create(state.ledger_database, std::move(budgets));
        if (!made) return wrong_part("budgets", made.error());
        state.budgets = std::move(*made);
    }
    if (state.config.tiers) {
        Result<std::shared_ptr<policy::SubscriptionTiers>> made =
            policy::SubscriptionTiers::create(state.ledger_database, *state.config.tiers, state.budgets);
        if (!made) return wrong_part("tiers", made.error());
        state.tiers = std::move(*made);
    }
    return ok();
}

/// `embedder` is made where a provider of the configuration is to embed questions.
Result<void> make_cache(Kit::State& state, std::shared_ptr<CacheEmbedder>& embedder) {
    if (!state.config.cache) return ok();
    policy::ResponseCacheConfig config = *state.config.cache;
    if (config.semantic && !config.semantic->embedder) {
        embedder = std::make_shared<CacheEmbedder>();
        config.semantic->embedder = embedder;
    }
    if (!config.database && config.stored_entries > 0) config.database = state.database;
    if (!config.clock) config.clock = state.runtime.clock();
    Result<std::shared_ptr<policy::AIResponseCache>> made = policy::AIResponseCache::create(std::move(config));
    if (!made) return wrong_part("cache", made.error());
    state.cache = std::move(*made);
    return ok();
}

/// What needs no storage: the transport, the prices, the providers.
Result<void> wire(Kit::State& state) {
    KitConfig& config = state.config;
    std::shared_ptr<net::HttpTransport> transport = config.transport;
    bool const sends = config.telemetry && config.telemetry->otlp;
    if (!transport && (config.replay.empty() || sends)) {
        if (config.http.user_agent.empty()) config.http.user_agent = "aikit/" AIKIT_VERSION_STRING " (c++)";
        if (!config.app.empty()) config.http.user_agent += " " + config.app;
        Result<std::shared_ptr<net::HttpClient>> client = net::HttpClient::create(state.runtime, config.http);
        if (!client) return client.error();
        state.client = std::move(*client);
        transport = state.client;
    }
    std::shared_ptr<net::HttpTransport> const network = transport;
    Result<std::shared_ptr<net::HttpTransport>> recorded = with_cassette(config, std::move(transport));
    if (!recorded) return recorded.error();
    transport = std::move(*recorded);
    Result<std::shared_ptr<cost::PriceCatalog const>> catalog = load_catalog(config);
    if (!catalog) return catalog.error();
    state.ledger = std::make_shared<cost::Ledger>(state.ledger_database);
    state.costs =
        std::make_shared<cost::CostIntelligence const>(std::move(*catalog), state.runtime.clock(), state.ledger);

    ProviderTable::Parts parts;
    parts.runtime = state.runtime;
    parts.replayed = !config.replay.empty();
    parts.keys = config.keys;
    parts.transport = std::move(transport);
    parts.meter.costs = state.costs;
    parts.meter.ledger = state.ledger;
    parts.meter.clock = state.runtime.clock();
    parts.meter.unknown_price = config.unknown_price;
    if (Result<void> const made = make_telemetry(state, parts, network); !made) return made.error();
    if (config.call_limits) {
        Result<std::shared_ptr<policy::RateLimiter>> limiter =
            policy::RateLimiter::create(state.runtime.clock(), *config.call_limits);
        if (!limiter) return limiter.error();
        state.limiter = std::move(*limiter);
        parts.limiter = state.limiter;
    }
    if (Result<void> const made = make_budgets(state); !made) return made.error();
    parts.meter.budgets = state.budgets;
    state.spending = make_spending(config);
    parts.meter.spending = state.spending;
    parts.tiers = state.tiers;
    std::shared_ptr<CacheEmbedder> embedder;
    if (Result<void> const made = make_cache(state, embedder); !made) return made.error();
    parts.cache = state.cache;
    Result<ProviderTable> table = ProviderTable::make(config, parts);
    if (!table) return table.error();
    state.providers = std::move(*table);
    if (embedder) {
        Result<void> const found = embedder->find(state.providers, config.cache->semantic->model);
        if (!found) return found.error();
    }

    Result<std::shared_ptr<vector::VectorStore>> vectors = vector::make_sqlite_store(state.database);
    if (!vectors) return vectors.error();
    state.vectors = std::move(*vectors);
    return ok();
}

Result<void> make_folder_of(std::string const& store) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(store).parent_path(), failed);
    if (!failed) return ok();
    return fail(Errc::permission, "the folder of the default store '" + store +
                                      "' cannot be made; name a store with --store or AIKIT_STORE");
}

Task<std::shared_ptr<Kit::State>> open_state(Runtime runtime, KitConfig config) {
    auto state = std::make_shared<Kit::State>();
    state->runtime = runtime;
    state->config = std::move(config);
    if (state->config.make_store_folder) {
        if (Result<void> made = make_folder_of(state->config.store); !made) co_return made.error();
    }

    Task<storage::Database> opening = open_database(runtime, state->config.store);
    Result<storage::Database> database = co_await std::move(opening);
    if (!database) co_return database.error();
    state->database = std::move(*database);
    if (state->config.ledger.empty() || state->config.ledger == state->config.store) {
        state->ledger_database = state->database;
    } else {
        Task<storage::Database> second = open_database(runtime, state->config.ledger);
        Result<storage::Database> ledger = co_await std::move(second);
        if (!ledger) co_return ledger.error();
        state->ledger_database = std::move(*ledger);
    }
    Task<void> recalling = recall_routers(state->database, state->config.routers);
    Result<void> const recalled = co_await std::move(recalling);
    if (!recalled) co_return recalled.error();
    if (Result<void> wired = wire(*state); !wired) co_return wired.error();
    Task<void> following = follow_routers(state);
    Result<void> const followed = co_await std::move(following);
    if (!followed) co_return followed.error();
    if (state->spending) {
        Task<void> reading = follow_spending(state);
        Result<void> const read = co_await std::move(reading);
        if (!read) co_return read.error();
    }
    co_return state;
}

}  // namespace

Task<Kit> Kit::open(Runtime runtime, KitConfig config) {
    Task<std::shared_ptr<State>> opening = guard(open_state(std::move(runtime), std::move(config)));
    Result<std::shared_ptr<State>> state = co_await std::move(opening);
    if (!state) co_return state.error();
    co_return Kit(std::move(*state));
}

Result<Kit> Kit::open(KitConfig config) {
    Result<Runtime> runtime = Runtime::create(config.runtime);
    if (!runtime) return runtime.error();
    Result<Kit> kit = sync::wait(*runtime, open(*runtime, std::move(config)));
    if (!kit) {
        runtime->close();
        return kit.error();
    }
    kit->state_->owns_runtime = true;
    return kit;
}

Result<void> Kit::State::usable() const {
    if (closed || !runtime.alive()) return fail(Errc::invalid_state, "the kit is closed; open another one");
    return ok();
}

void Kit::State::close() noexcept {
    if (closed.exchange(true)) return;
    alerts->close();
    // Flushing needs the loop: a kit's own is driven by its threads, or by this very call when it has none.
    if (owns_runtime && runtime.alive() && !runtime.on_own_thread()) {
        // What could not be given back counts as spent when its time is over.
        if (budgets) (void)sync::wait(runtime, budgets->flush());
        end_telemetry(*this);
        (void)sync::wait(runtime, guard(keep_routers(*this)));   // what is not kept is learned anew
        if (ledger) (void)sync::wait(runtime, ledger->flush());  // what cannot be written now was told by flush()
        if (vectors) (void)sync::wait(runtime, vectors->checkpoint());  // an image: it is made again when missing
    }
    if (client) client->close();
    if (ledger) ledger->write_now();
    if (ledger_database) ledger_database.close();
    if (database) database.close();
    if (owns_runtime) runtime.close();
}

void Kit::close() noexcept {
    if (state_) state_->close();
}

}  // namespace aikit::inline v0
