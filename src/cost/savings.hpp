// SPDX-License-Identifier: MIT
// cost/savings.hpp - what calls of the past come to, model by model, and what could have been saved.
#ifndef AIKIT_SRC_COST_SAVINGS_HPP
#define AIKIT_SRC_COST_SAVINGS_HPP

#include "cost/ledger_scan.hpp"

#include <aikit/cost/catalog.hpp>
#include <aikit/cost/savings.hpp>

#include <array>
#include <map>

namespace aikit::inline v0::cost {

/// The calls of one model.
struct ModelPast {
    ModelPast() = default;

    void add(ScannedRow const& row, Usage const& usage);

    std::string provider, model, tier;
    Usage usage;              ///< Of all calls that were answered.
    std::int64_t calls = 0;   ///< Those.
    std::int64_t cost = 0;    ///< Their nano-dollars.
    std::int64_t failed = 0;  ///< Attempts that failed and were billed, and what for.
    std::int64_t failed_cost = 0;
    std::int64_t unwatched = 0;  ///< Chats that did not come in pieces.
    std::int64_t unwatched_cost = 0;
    std::int64_t repeated = 0;  ///< Chats with a long input, soon after another, that read nothing from the cache.
    std::int64_t repeated_tokens = 0;                  ///< What two of them have in common at most.
    std::int64_t widest = 0;                           ///< The most tokens in and out of one call.
    std::array<std::int64_t, 64 * 8> outputs{};        ///< Calls by the length of their answer, eight to each doubling.
    std::array<std::int64_t, 64 * 8> output_tokens{};  ///< Their tokens.

private:
    std::map<std::int64_t, std::pair<SystemTime, std::int64_t>> last_;  // by label: when, and how much was read
};

using ModelPasts = std::map<std::array<std::string, 3>, ModelPast>;  // provider, model, tier

/// Reads the past. Errors: storage.
Result<ModelPasts> read_pasts(storage::Connection& db, RowFilter const& filter);

/// What could have been saved in `days` days; with `per_month` only the least risky changes that it takes to come below
/// it. Errors: invalid_argument (a sum that is no Money).
Result<SavingsPlan> plan_savings(ModelPasts const& pasts, PriceCatalog const& catalog, SavingsQuery const& query,
                                 SystemTime at, double days, std::optional<Money> per_month);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_SAVINGS_HPP
