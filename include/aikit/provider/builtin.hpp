// SPDX-License-Identifier: MIT
// aikit/provider/builtin.hpp - a provider that needs no network, no key and no model: it quotes, hashes and matches.
#ifndef AIKIT_PROVIDER_BUILTIN_HPP
#define AIKIT_PROVIDER_BUILTIN_HPP

#include <aikit/core/runtime.hpp>
#include <aikit/model/provider.hpp>

#include <memory>
#include <string>

namespace aikit::inline v0::provider {

struct BuiltinConfig {
    BuiltinConfig() = default;

    std::string name = "builtin";
};

/// Models: "extractive-1" answers a question with the sentences of the conversation's numbered sources (see
/// aikit/model/sources.hpp) that support it best, each followed by its [n]; with nothing that supports an answer it
/// says "The documents do not say."; without sources it says what it is. It never writes a sentence that is not in
/// its input. "lexical-1" embeds a text as hashed words and character n-grams, a pure function of the text.
/// "patterns-1" moderates by lists of patterns. None of them understands anything, and each reply says so in
/// CallInfo::warnings the first time it matters.
AIKIT_EXPORT Result<std::shared_ptr<AIProvider>> make_builtin(BuiltinConfig config, Runtime runtime);

/// Numbers per vector of "lexical-1".
inline constexpr int lexical_dimensions = 1024;

}  // namespace aikit::inline v0::provider

#endif  // AIKIT_PROVIDER_BUILTIN_HPP
