// SPDX-License-Identifier: MIT
// fault/metered.hpp - attempts that are calls through policy::make_meter, with every way out an attempt has.
#ifndef AIKIT_TESTS_FAULT_METERED_HPP
#define AIKIT_TESTS_FAULT_METERED_HPP

#include "budget_meter.hpp"

#include <aikit/aikit.hpp>
#include <aikit/policy/budget.hpp>

#include <memory>
#include <random>

namespace lab {

/// Calls a provider in this process, which bills into the outside meter, through a meter with a guardian.
///
/// Chats are answered, refused, lost after they ran, or cancelled; streams end, are cut, are let go, or outgrow their
/// budget. Thread-safety: shared objects: safe.
class MeteredWorker {
public:
    MeteredWorker(aikit::Runtime runtime, std::shared_ptr<aikit::policy::BudgetGuardian> guardian, Meter& meter,
                  Plan const& plan, int number);

    void attempt(std::mt19937& random) const;

private:
    void chat(aikit::ChatRequest request, bool cancel, std::mt19937& random) const;
    void stream(aikit::ChatRequest request, int most_events) const;
    void note(aikit::Error const& error, std::int64_t need, std::int64_t room_before) const;

    aikit::Runtime runtime_;
    Meter& meter_;
    Plan const& plan_;
    std::shared_ptr<aikit::AIProvider> metered_;
};

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_METERED_HPP
