// SPDX-License-Identifier: MIT
// aikit/policy/meter.hpp - counts, prices and writes down every attempt.
#ifndef AIKIT_POLICY_METER_HPP
#define AIKIT_POLICY_METER_HPP

#include <aikit/core/observer.hpp>
#include <aikit/cost/intelligence.hpp>
#include <aikit/cost/ledger.hpp>
#include <aikit/cost/month_spending.hpp>
#include <aikit/model/provider.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace aikit::inline v0::policy {

class BudgetGuardian;  // policy/budget.hpp

/// What to do with a call that cannot be priced.
enum class UnknownPrice {
    deny,   ///< unknown_price before a byte is sent.
    allow,  ///< It runs; cost is missing on the reply, and the ledger's row counts as unpriced.
};

struct MeterConfig {
    MeterConfig() = default;

    std::shared_ptr<cost::CostIntelligence const> costs;  ///< Required.
    std::shared_ptr<cost::Ledger> ledger;                 ///< Null: nothing is written down.
    std::shared_ptr<Clock> clock;                         ///< Required.
    std::shared_ptr<Observer> observer;                   ///< Null: nobody watches. See policy/observed.hpp.
    UnknownPrice unknown_price = UnknownPrice::deny;

    /// Each attempt's worst case is set aside before a byte is sent, and what it came to settled on every way out; a
    /// stream that outgrows its budgets ends with budget_exceeded. What was cut, or may have run, counts there with the
    /// most it can have come to (the ledger has what it likely did; adjust() corrects it). A batch counts with its
    /// worst case from the moment it is taken. Null: there are no budgets.
    std::shared_ptr<BudgetGuardian> budgets;

    /// The catalog's name of the provider, where it differs from the configured one ("openai" for a proxy of it).
    std::string price_provider;

    /// The catalog's names of models that are called otherwise here: an Azure deployment's model. What such a model
    /// answers is priced by the name it gives itself, where the catalog has that.
    std::map<std::string, std::string, std::less<>> price_models;

    /// What each provider got this month, where prices depend on it; counted on by each attempt. Null: none does.
    std::shared_ptr<cost::MonthSpending> spending;

    /// Each attempt is told to the provider as part of CallOptions::trace, in the header traceparent.
    bool propagate_trace = false;

    // Where the provider is, for the observer. Empty: not told.

    std::string server_address;
    int server_port = 443;

    /// CallLimits::idle where a call has none and the catalog says that its model reasons. Missing: not set.
    std::optional<std::chrono::milliseconds> idle_reasoning;
};

/// The innermost decorator: one call of it is one attempt. Every way out is settled exactly once: success, error,
/// timeout, cancellation, a stream that was cut or dropped.
///
/// What a stream that did not end properly delivered is counted here and marked estimated, unless the provider had told
/// its usage after the end of the answer. An attempt that may have been carried out although no answer came counts as
/// spent, estimated by its request; one that was refused counts as nothing. models() is free and leaves no row; what
/// unknown_price refuses was no attempt and leaves none either.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_meter(std::shared_ptr<AIProvider> next, MeterConfig config);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_METER_HPP
