// SPDX-License-Identifier: MIT
// policy/meter_batch.hpp - batches whose results are priced and written down, each once.
#ifndef AIKIT_SRC_POLICY_METER_BATCH_HPP
#define AIKIT_SRC_POLICY_METER_BATCH_HPP

#include "policy/settlement.hpp"

#include <aikit/model/batch.hpp>

#include <memory>

namespace aikit::inline v0::policy {

/// Of a provider that has batches.
///
/// What a batch costs is known by its results. Each that is read makes a row, at the price of the batch tier when the
/// batch was begun; its request is made of the ids of batch and result and its start is the batch's, so that reading
/// again, in another process too, writes nothing twice. Results that are never read leave no rows.
std::unique_ptr<BatchApi> make_metered_batch(std::shared_ptr<AIProvider> next, std::shared_ptr<Metering const> shared);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_METER_BATCH_HPP
