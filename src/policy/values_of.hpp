// SPDX-License-Identifier: MIT
// policy/values_of.hpp - whose allowances a call is held against.
#ifndef AIKIT_SRC_POLICY_VALUES_OF_HPP
#define AIKIT_SRC_POLICY_VALUES_OF_HPP

#include <aikit/policy/limits.hpp>

namespace aikit::inline v0::policy {

/// Calls `visit` with each value of a call that a rule is for; for everyone, with the empty one. A tag that is named
/// twice comes twice.
template <class Visit>
void for_each_value(CallScope const& rule, std::string const& provider, std::string const& model, Caller const& caller,
                    Visit const& visit) {
    if (!rule.provider.empty() && rule.provider != provider) return;
    if (!rule.model.empty() && rule.model != model) return;
    if (!rule.tier.empty() && rule.tier != caller.tier) return;
    auto const add = [&](std::string const& value) {
        if (!value.empty() && (rule.match.empty() || rule.match == value)) visit(value);
    };
    switch (rule.by) {
        case LimitBy::everyone: visit(std::string()); return;
        case LimitBy::provider: return add(provider);
        case LimitBy::model: return add(model);
        case LimitBy::tenant: return add(caller.tenant);
        case LimitBy::user: return add(caller.user);
        case LimitBy::key: return add(caller.key);
        case LimitBy::project: return add(caller.project);
        case LimitBy::tag:
            for (std::string const& tag : caller.tags) add(tag);
            return;
    }
}

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_VALUES_OF_HPP
