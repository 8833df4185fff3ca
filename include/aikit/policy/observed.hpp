// SPDX-License-Identifier: MIT
// aikit/policy/observed.hpp - tells an observer of whole operations, with all their tries.
//
// Who else tells it something: the meter, of each attempt, by the names of OpenTelemetry's conventions for generative
// AI.
//
//   gen_ai.client.operation.duration              how long an attempt took
//   gen_ai.client.operation.time_to_first_chunk   until a stream's first piece of what the model wrote
//   gen_ai.client.operation.time_per_output_chunk between two pieces of it
//   gen_ai.client.token.usage                     tokens, by gen_ai.token.type: "input" or "output"
//   aikit.cost                                    what it cost, in nano-dollars; counted
//   aikit.budget.refusals                         attempts that budgets refused; counted
//   aikit.limits.wait.duration                    how long an attempt waited for room (make_limited)
//   aikit.limits.refusals                         attempts that got none; counted
//
//   aikit.router.failures                         attempts of routed calls that failed, by router and deployment;
//   counted aikit.router.circuit.openings                 circuits that opened; counted aikit.router.hedges,
//   aikit.router.overtaken   second attempts beside late ones, and those that came too late; counted
//   aikit.router.resumes                          cut streams that went on there, by aikit.joint; counted
//
// and this decorator of each operation (a router's holds those at its deployments, which are told too):
//
//   aikit.operation.duration                      how long it took, waits and tries included
//   aikit.operation.time_to_first_chunk           until a stream's first piece
//   aikit.operation.retries                       attempts after the first; counted
//
// Labels: aikit.provider (the configured name), gen_ai.operation.name, gen_ai.provider.name, gen_ai.request.model,
// gen_ai.response.model, server.address, server.port, and error.type (an Errc's name, or "dropped") where it did not go
// well. Words of requests or replies, callers and keys are never among them.
#ifndef AIKIT_POLICY_OBSERVED_HPP
#define AIKIT_POLICY_OBSERVED_HPP

#include <aikit/core/observer.hpp>
#include <aikit/model/provider.hpp>

#include <memory>

namespace aikit::inline v0::policy {

struct ObservedConfig {
    ObservedConfig() = default;

    std::shared_ptr<Observer> observer;  ///< Null: nobody watches, and there is no decorator.
    std::shared_ptr<Clock> clock;        ///< Required.

    /// The share of new traces whose pieces are told, 0 to 1. What CallOptions::trace says of a trace that goes on
    /// holds.
    double sample = 1;

    /// Spans, and only they, say whose call it was: user.id, and tenant, project and key as aikit.tenant, ...
    bool tell_callers = false;
};

/// The outermost decorator: one span "aikit.chat" (or embeddings, moderation, models, count_tokens) for an operation,
/// within the trace of CallOptions::trace; those of its attempts are within it. A stream's operation ends with the
/// stream, however that ends.
///
/// Errors: invalid_argument (next or clock is null, sample is not 0 to 1).
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_observed(std::shared_ptr<AIProvider> next, ObservedConfig config);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_OBSERVED_HPP
