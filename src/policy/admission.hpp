// SPDX-License-Identifier: MIT
// policy/admission.hpp - a request before its budgets: changed, held for, or refused.
#ifndef AIKIT_SRC_POLICY_ADMISSION_HPP
#define AIKIT_SRC_POLICY_ADMISSION_HPP

#include "policy/settlement.hpp"

#include <aikit/model/batch.hpp>

namespace aikit::inline v0::policy {

/// A chat that may be sent.
struct AdmittedChat {
    AdmittedChat() = default;

    ChatRequest request;
    HeldAttempt held;
};

/// Sets the worst case of one attempt aside; a stream at first for the output that is usual for its kind, where that is
/// known. Does what the guardian's controls say when money gets short.
/// Errors: those of check_request_allowance().
Task<AdmittedChat> admit_chat(std::shared_ptr<Metering const> shared, std::string provider, ChatRequest request,
                              CallOptions options, bool stream);

/// The same for an embedding, which has nothing that could be changed.
Task<HeldAttempt> admit_embed(std::shared_ptr<Metering const> shared, std::string provider,
                              std::shared_ptr<EmbedRequest const> request, CallOptions options);

/// The same for all requests of a batch together.
Task<HeldAttempt> admit_batch(std::shared_ptr<Metering const> shared, std::string provider,
                              std::shared_ptr<BatchRequest const> request, CallOptions options);

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_ADMISSION_HPP
