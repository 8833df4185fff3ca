// SPDX-License-Identifier: MIT
// policy/model_limits.hpp - what the catalog knows that a model does not take, told before anything is sent.
#ifndef AIKIT_SRC_POLICY_MODEL_LIMITS_HPP
#define AIKIT_SRC_POLICY_MODEL_LIMITS_HPP

#include <aikit/cost/catalog.hpp>
#include <aikit/model/chat.hpp>

#include <string>
#include <vector>

namespace aikit::inline v0::policy {

/// unsupported, naming the part, when the request holds what its model is known not to take. What is not known is let
/// pass: the provider decides.
Result<void> check_content(cost::PriceEntry const& entry, ChatRequest const& request);

/// What the model will not do as asked, a sentence each.
std::vector<std::string> warnings_of(cost::PriceEntry const& entry, ChatRequest const& request);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_MODEL_LIMITS_HPP
