// SPDX-License-Identifier: MIT
// policy/operation.cpp - what all tries of one operation share.
#include "policy/operation.hpp"

#include "core/os/os.hpp"

#include <aikit/core/id.hpp>

namespace aikit::inline v0::policy {

void begin_operation(CallOptions& options, Clock const& clock, bool limited) {
    constexpr std::chrono::milliseconds default_total{600'000};
    std::chrono::milliseconds const total = options.limits.total ? *options.limits.total
                                            : limited            ? default_total
                                                                 : std::chrono::milliseconds(0);
    options.deadline = options.deadline.sooner(Deadline::after(clock, total));
    bool const own_id = options.request_id.empty();
    if (own_id) options.request_id = new_id(clock);
    // A caller's id may come twice, ours does not.
    if (options.idempotency_key.empty()) options.idempotency_key = own_id ? options.request_id : new_id(clock);
    if (!options.attempts) options.attempts = std::make_shared<std::vector<Attempt>>();
}

void add_up_attempts(CallInfo& info) {
    info.cost = Money();
    info.cost_exact = true;
    for (Attempt const& attempt : info.attempts) {
        Result<Money> sum = attempt.cost && info.cost ? Money::add(*info.cost, *attempt.cost) : Result<Money>(Error());
        info.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
        info.cost_exact = info.cost_exact && sum && !attempt.usage.estimated;
    }
}

std::uint32_t random_number() {
    std::uint32_t number = 0;
    // Without randomness a delay is its shortest: a retry too early is better than none.
    if (!os::random_bytes(&number, sizeof number)) number = 0;
    return number;
}

}  // namespace aikit::inline v0::policy
