// SPDX-License-Identifier: MIT
// cost/retention.hpp - what changes the ledger's rows after they are written: removal, and prices anew.
#ifndef AIKIT_SRC_COST_RETENTION_HPP
#define AIKIT_SRC_COST_RETENTION_HPP

#include <aikit/cost/ledger.hpp>

namespace aikit::inline v0::cost {

/// As Ledger::prune(), of what is durable.
Task<PruneReport> prune_rows(storage::Database database, SystemTime before);

/// As Ledger::recost(), of what is durable.
Task<RecostReport> recost_rows(storage::Database database, RecostQuery query);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_RETENTION_HPP
