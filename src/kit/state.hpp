// SPDX-License-Identifier: MIT
// kit/state.hpp - what all handles of one Kit share.
#ifndef AIKIT_SRC_KIT_STATE_HPP
#define AIKIT_SRC_KIT_STATE_HPP

#include "kit/alert_board.hpp"
#include "kit/providers.hpp"

#include <aikit/kit.hpp>
#include <aikit/telemetry/otlp.hpp>
#include <aikit/telemetry/prometheus.hpp>

#include <atomic>
#include <mutex>

namespace aikit::inline v0 {

struct Kit::State {
    ~State() { close(); }

    /// Errors: invalid_state after close().
    Result<void> usable() const;
    void close() noexcept;

    /// The service that embeds for knowledge bases, made at first use.
    Result<std::shared_ptr<knowledge::EmbeddingService>> embedding_service();

    Runtime runtime;
    bool owns_runtime = false;
    KitConfig config;
    std::shared_ptr<net::HttpClient> client;  // null when the host brought its own transport
    storage::Database database;
    storage::Database ledger_database;
    std::shared_ptr<cost::CostIntelligence const> costs;
    std::shared_ptr<cost::Ledger> ledger;
    std::shared_ptr<cost::MonthSpending> spending;              // null: no price depends on it
    std::shared_ptr<policy::RateLimiter> limiter;               // null: there are no limits
    std::shared_ptr<policy::BudgetGuardian> budgets;            // null: there are none
    std::shared_ptr<policy::SubscriptionTiers> tiers;           // null: there are none
    std::shared_ptr<telemetry::PrometheusExporter> prometheus;  // null: nobody scrapes
    std::shared_ptr<telemetry::OtlpExporter> otlp;              // null: nothing is sent
    std::shared_ptr<policy::AIResponseCache> cache;             // null: every call is made
    std::shared_ptr<AlertBoard> alerts = std::make_shared<AlertBoard>();
    ProviderTable providers;
    std::shared_ptr<vector::VectorStore> vectors;

    std::atomic<bool> closed = false;
    std::map<std::string, std::uint64_t> kept_routers;  // their operations when they were kept; see router_memory.hpp
    std::mutex mutex;                                   // guards the two below; never held across a suspension
    std::shared_ptr<knowledge::EmbeddingService> embeddings;
    std::map<std::string, std::shared_ptr<knowledge::KnowledgeBase>> bases;
};

/// What a handle without a kit answers.
Error closed_kit();

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_STATE_HPP
