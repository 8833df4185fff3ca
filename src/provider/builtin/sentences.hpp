// SPDX-License-Identifier: MIT
// provider/builtin/sentences.hpp - the sentences of sources that may be quoted, each with what stands around it.
#ifndef AIKIT_SRC_PROVIDER_BUILTIN_SENTENCES_HPP
#define AIKIT_SRC_PROVIDER_BUILTIN_SENTENCES_HPP

#include <aikit/model/sources.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::builtin {

/// A sentence of a source. Views point into the sources.
struct Sentence {
    Sentence() = default;

    std::size_t source = 0;     ///< Index of its source.
    std::size_t paragraph = 0;  ///< Index of its paragraph within the source.
    std::size_t heading = 0;    ///< Index into Passages::headings of the one above it.
    std::string_view text;      ///< As it stands; white space, list marks and footnote marks at its ends left out.
    std::vector<std::string> words;
    std::vector<std::string> stems;  ///< Of `words`.
    bool question = false;           ///< Ends with a question mark.
    bool introduces = false;         ///< Ends with a colon: what follows completes it.
    bool item = false;               ///< Begins with a list mark.
};

/// All sentences of the sources in order, and the headings among them.
struct Passages {
    Passages() = default;

    std::vector<Sentence> sentences;
    std::vector<std::string> titles;    ///< Of each source.
    std::vector<std::string> headings;  ///< Inside them; [0] is empty.
};

/// Headings (underlined, with hashes, numbered, or short lines without an end), rules, directives and code are not
/// quoted, nor are sentences with a [n] inside, which would pass for a citation; headings tell what the sentences
/// below them are about. Linear in the sources.
Passages read_passages(std::vector<Source> const& sources);

/// The stem of a word as text::stem_english has it, irregular forms of common verbs being those verbs ("wrote" is
/// "write").
std::string stem_of(std::string_view word);

/// The stems of words.
std::vector<std::string> stems_of(std::vector<std::string> const& words);

}  // namespace aikit::inline v0::provider::builtin

#endif  // AIKIT_SRC_PROVIDER_BUILTIN_SENTENCES_HPP
