// SPDX-License-Identifier: MIT
// unit/provider/decoding.hpp - what a stream of bytes comes to.
#ifndef AIKIT_TESTS_UNIT_PROVIDER_DECODING_HPP
#define AIKIT_TESTS_UNIT_PROVIDER_DECODING_HPP

#include "provider/carrier/decoder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aikit_test {

struct Came {
    aikit::ChatReply reply;  ///< As much as came.
    std::optional<aikit::Error> error;
};

/// An answer with HTTP status 200 and nothing else to know of.
inline aikit::provider::carrier::Exchange plain_exchange(std::string provider) {
    aikit::net::Headers const none;
    return aikit::provider::carrier::Exchange(std::move(provider), 200, none, aikit::SystemTime());
}

/// Feeds `body` in pieces of that many bytes to a new decoder, and ends it properly.
template <class Decoder>
Came decode_as(std::string provider, std::string_view body, std::size_t piece) {
    Decoder decoder(plain_exchange(std::move(provider)));
    aikit::ReplyAssembler assembler;
    Came came;
    auto const drain = [&] {
        for (;;) {
            aikit::Result<std::optional<aikit::ChatEvent>> event = decoder.next();
            if (!event) came.error = event.error();
            if (!event || !*event) return;
            assembler.take(**event);
        }
    };
    for (std::size_t at = 0; at < body.size() && !came.error; at += piece) {
        decoder.feed(body.substr(at, piece));
        drain();
    }
    if (!came.error) {
        decoder.end();
        drain();
    }
    came.reply = assembler.release();
    return came;
}

}  // namespace aikit_test

#endif  // AIKIT_TESTS_UNIT_PROVIDER_DECODING_HPP
