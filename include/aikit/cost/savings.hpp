// SPDX-License-Identifier: MIT
// aikit/cost/savings.hpp - what past calls say of cheaper ones: changes, each with its saving and its risk.
#ifndef AIKIT_COST_SAVINGS_HPP
#define AIKIT_COST_SAVINGS_HPP

#include <aikit/cost/report.hpp>
#include <aikit/model/call.hpp>

namespace aikit::inline v0::cost {

/// A call that was made without aikit.
struct TrackedCall {
    TrackedCall() = default;

    std::string provider;  ///< As the catalog calls it.
    std::string model;
    std::string service_tier;
    std::string operation = "chat";
    std::string request_id;  ///< Required: the same one is one row.
    Usage usage;
    SystemTime started;
    std::chrono::microseconds latency{0};
    Caller caller;
};

/// Which calls are of the same kind as one to come: those that the filter lets through, the latest first.
struct HistoryQuery : RowFilter {
    HistoryQuery() = default;

    int calls = 400;  ///< At most so many; 20 to 10,000.
};

enum class Change {
    fix_retries,     ///< Attempts that failed and were billed.
    batch,           ///< Calls that nobody watched come in, by the provider's batch price.
    prompt_caching,  ///< Long inputs, one after the other, that nothing of was read from the cache.
    output_limit,    ///< Answers far longer than nearly all others.
    cheaper_model,   ///< A smaller sibling of the same provider.
};

/// Static storage: "fix_retries", ...
AIKIT_EXPORT char const* name(Change change) noexcept;

struct Saving {
    Saving() = default;

    Change change = Change::fix_retries;
    std::string provider;
    std::string model;
    std::string to;          ///< The other model, or the limit in tokens; else empty.
    std::string what;        ///< What to do, a sentence.
    std::string risk;        ///< What can come of it, a sentence.
    int risk_level = 0;      ///< 0: none; 3: look closely.
    std::int64_t calls = 0;  ///< That it rests on.
    Money per_month;         ///< Of 30 days, had the past been so. Savings of two changes to one model overlap.
};

struct SavingsQuery : RowFilter {
    SavingsQuery() = default;

    /// Without `from`: the 30 days before `until`; without `until`: until now.
    /// The catalog's names, as RecostQuery::names.
    std::function<void(std::string& provider, std::string& model)> names;

    Money least = Money::nanos(1'000'000);  ///< Savings of less a month are not told.
};

struct SavingsPlan {
    SavingsPlan() = default;

    std::vector<Saving> savings;
    Money cost_per_month;        ///< Of 30 days, as it was.
    Money cost_after;            ///< With all of the changes, each taking its part of what the others leave.
    std::optional<bool> enough;  ///< optimize_for_budget(): whether that is within the budget.
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_SAVINGS_HPP
