// SPDX-License-Identifier: MIT
// provider/openai/stream.hpp - carries the bytes of a streamed reply to the decoder.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_STREAM_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_STREAM_HPP

#include "provider/openai/call.hpp"

#include <aikit/model/stream.hpp>

namespace aikit::inline v0::provider::openai {

/// The source of a streamed reply. `model` is what was asked for; `choices` how many.
std::unique_ptr<ChatStream::Source> make_stream(std::shared_ptr<Endpoint const> endpoint, Answer answer,
                                                std::string model, int choices, std::vector<std::string> warnings);

}  // namespace aikit::inline v0::provider::openai

#endif  // AIKIT_SRC_PROVIDER_OPENAI_STREAM_HPP
