// SPDX-License-Identifier: MIT
// fault/dialects.hpp - what the mock says in each provider's form; shares no code with aikit.
#ifndef AIKIT_TESTS_FAULT_DIALECTS_HPP
#define AIKIT_TESTS_FAULT_DIALECTS_HPP

#include "price_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

enum class Dialect { openai, anthropic, gemini, ollama };

/// What a request asks for, as its dialect writes it.
struct Asked {
    Dialect dialect = Dialect::openai;
    std::string model;
    bool stream = false;
    bool tell_usage = true;
};

/// Nothing for a request that is none of a dialect's.
std::optional<Asked> read_request(std::string_view target, std::string const& body);

std::string_view content_type(Asked const& asked);

/// The whole answer, of so many words; `told` missing: it does not tell what was used.
std::string whole_answer(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told);

/// A stream in its parts: what comes first, a piece for each word, what comes last.
struct StreamParts {
    std::string first;
    std::vector<std::string> words;
    std::string last;
};
StreamParts stream_answer(Asked const& asked, std::string const& id, std::int64_t words, std::optional<Billed> told);

/// A failure within a stream, and as a whole answer.
std::string stream_error(Asked const& asked);
std::string error_answer(Asked const& asked, int status);

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_DIALECTS_HPP
