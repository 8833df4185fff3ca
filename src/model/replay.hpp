// SPDX-License-Identifier: MIT
// model/replay.hpp - a whole reply as the events of a stream.
#ifndef AIKIT_SRC_MODEL_REPLAY_HPP
#define AIKIT_SRC_MODEL_REPLAY_HPP

#include <aikit/model/event.hpp>

#include <vector>

namespace aikit::inline v0 {

/// Events that a ReplyAssembler makes the same reply of. Texts come in pieces of about `piece` bytes, never cutting a
/// character; 0: whole.
std::vector<ChatEvent> replay(ChatReply const& reply, std::size_t piece);

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_REPLAY_HPP
