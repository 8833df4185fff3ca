// SPDX-License-Identifier: MIT
// testing/scripted_batch.hpp - batches of a scripted provider: each chat takes the next reply of the script.
#ifndef AIKIT_SRC_TESTING_SCRIPTED_BATCH_HPP
#define AIKIT_SRC_TESTING_SCRIPTED_BATCH_HPP

#include <aikit/model/batch.hpp>

#include <functional>
#include <memory>
#include <string>

namespace aikit::inline v0::testing {

using AnswerChat = std::function<Task<ChatReply>(ChatRequest request, CallOptions options)>;

/// A batch is done as soon as it was begun. Its chats are answered when its results are read first, and read again the
/// same. Lives in memory, with the provider.
std::unique_ptr<BatchApi> make_scripted_batch(std::string provider, std::shared_ptr<Clock> clock, AnswerChat answer);

}  // namespace aikit::inline v0::testing

#endif  // AIKIT_SRC_TESTING_SCRIPTED_BATCH_HPP
