// SPDX-License-Identifier: MIT
// kit/telemetry.hpp - the observers of a kit, made of its configuration.
#ifndef AIKIT_SRC_KIT_TELEMETRY_HPP
#define AIKIT_SRC_KIT_TELEMETRY_HPP

#include "kit/state.hpp"

namespace aikit::inline v0 {

/// Makes the exporters of `state.config.telemetry`, and has `parts` tell them and the host's own observer. What is sent
/// goes by `transport`, past any recording. Errors: invalid_argument, authentication (the key).
Result<void> make_telemetry(Kit::State& state, ProviderTable::Parts& parts,
                            std::shared_ptr<net::HttpTransport> transport);

/// Sends what has been told and not yet sent, for a few seconds at most, and ends the sending. Blocks.
void end_telemetry(Kit::State& state) noexcept;

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_KIT_TELEMETRY_HPP
