// SPDX-License-Identifier: MIT
// provider/carrier/stream.hpp - carries the bytes of a streamed reply to its decoder.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_STREAM_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_STREAM_HPP

#include "provider/carrier/call.hpp"
#include "provider/carrier/decoder.hpp"

#include <aikit/model/stream.hpp>

namespace aikit::inline v0::provider::carrier {

/// A streamed reply. `model` is what was asked for, `warnings` what could not be.
ChatStream make_stream(std::shared_ptr<Endpoint const> endpoint, Answer answer, std::unique_ptr<ReplyDecoder> decoder,
                       std::string model, std::vector<std::string> warnings);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_STREAM_HPP
