// SPDX-License-Identifier: MIT
// fault/sim_sabotage.hpp - ways to break what stands between callers and upstreams, each of which the judge of the
// simulation must notice. None of them needs a hook in aikit.
#ifndef AIKIT_TESTS_FAULT_SIM_SABOTAGE_HPP
#define AIKIT_TESTS_FAULT_SIM_SABOTAGE_HPP

#include <array>
#include <string_view>

namespace sim {

enum class Sabotage {
    none,
    retry_after_execution,
    ignore_retry_after,
    complete_without_marker,
    mix_texts,
    forget_probe,
    storm_of_probes,
    double_row,
    lost_row,
    wrong_price,
    hold_not_released,
    budget_ignored,
    deadline_ignored,
    cancel_ignored,
    replay_never_ignored,
    cache_crosses_tenants,
    cache_keeps_incomplete,
    retry_storm,
    retry_of_retries,
    leak_hedge,
    hedge_unbooked,
};

struct SabotageName {
    Sabotage what;
    std::string_view name;
    std::string_view means;
};

inline constexpr std::array<SabotageName, 21> sabotages{{
    {Sabotage::none, "none", "nothing is broken"},
    {Sabotage::retry_after_execution, "retry_after_execution",
     "the network sends a request again whose connection was reset after it had been carried out"},
    {Sabotage::ignore_retry_after, "ignore_retry_after", "no Retry-After gets through"},
    {Sabotage::complete_without_marker, "complete_without_marker", "a stream that was cut gets an end marker"},
    {Sabotage::mix_texts, "mix_texts", "a stream that was cut goes on with the words of another"},
    {Sabotage::forget_probe, "forget_probe", "a circuit that is open stays open"},
    {Sabotage::storm_of_probes, "storm_of_probes", "an open circuit lets probes through all the time"},
    {Sabotage::double_row, "double_row", "an attempt has two rows"},
    {Sabotage::lost_row, "lost_row", "an attempt has no row"},
    {Sabotage::wrong_price, "wrong_price", "rows cost a nano-dollar less"},
    {Sabotage::hold_not_released, "hold_not_released", "what was set aside for a call is never settled"},
    {Sabotage::budget_ignored, "budget_ignored", "budgets only tell"},
    {Sabotage::deadline_ignored, "deadline_ignored", "a call's total limit gets lost"},
    {Sabotage::cancel_ignored, "cancel_ignored", "who cancels is not heard"},
    {Sabotage::replay_never_ignored, "replay_never_ignored", "replay is any, whatever was asked for"},
    {Sabotage::cache_crosses_tenants, "cache_crosses_tenants", "the cache serves everybody what it has"},
    {Sabotage::cache_keeps_incomplete, "cache_keeps_incomplete", "what came of a failed call answers the next one"},
    {Sabotage::retry_storm, "retry_storm", "retries have no budget"},
    {Sabotage::retry_of_retries, "retry_of_retries", "who has time tries again what has been tried again"},
    {Sabotage::leak_hedge, "leak_hedge", "who lost a race never hears of it"},
    {Sabotage::hedge_unbooked, "hedge_unbooked", "who lost a race has no row"},
}};

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_SABOTAGE_HPP
