// SPDX-License-Identifier: MIT
// cost/model_limits.hpp - what the catalog knows that a model does not take, told before anything is sent.
#ifndef AIKIT_SRC_COST_MODEL_LIMITS_HPP
#define AIKIT_SRC_COST_MODEL_LIMITS_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>

#include <string>
#include <vector>

namespace aikit::inline v0::cost {

/// unsupported, naming the part, when the request holds what its model is known not to take. What is not known is let
/// pass: the provider decides.
Result<void> check_content(PriceEntry const& entry, ChatRequest const& request);

/// What the model will not do as asked, and that its end is near, a sentence each.
std::vector<std::string> warnings_of(PriceEntry const& entry, ChatRequest const& request, SystemTime at);

/// That a model has no or not much time left; empty when nothing is known of it.
std::string end_of_life(PriceEntry const& entry, SystemTime at);

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_MODEL_LIMITS_HPP
