// SPDX-License-Identifier: MIT
// fault/script.hpp - what a prompt tells the mock to do; shares no code with aikit.
#ifndef AIKIT_TESTS_FAULT_SCRIPT_HPP
#define AIKIT_TESTS_FAULT_SCRIPT_HPP

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace lab {

/// Stands in the prompt as "[[id=c1 in=120 cached=0 written=0 words=30 usage=1 fault=none at=0]]".
struct Script {
    std::string id;
    std::int64_t input = 0;    ///< Tokens that are billed as fresh input.
    std::int64_t cached = 0;   ///< Tokens that are billed as cache reads.
    std::int64_t written = 0;  ///< Tokens that are billed as cache writes; Anthropic's only.
    std::int64_t words = 1;    ///< Words of the answer; each is one token.
    bool usage = true;         ///< Whether the answer tells what was used.

    /// none; 429, 500 (the first `at` arrivals are refused); after `at` words: cut, reset, hang, error; drip (a pause
    /// at word `at`); unread (carried out, then reset before a byte); long, short (Content-Length lies).
    std::string fault = "none";
    std::int64_t at = 0;

    std::string text() const {
        return "[[id=" + id + " in=" + std::to_string(input) + " cached=" + std::to_string(cached) +
               " written=" + std::to_string(written) + " words=" + std::to_string(words) +
               " usage=" + (usage ? "1" : "0") + " fault=" + fault + " at=" + std::to_string(at) + "]]";
    }

    /// Of the last script in a body; an empty id: there is none.
    static Script find(std::string_view body) {
        Script script;
        std::size_t const begin = body.rfind("[[");
        std::size_t const end = begin == std::string_view::npos ? begin : body.find("]]", begin);
        if (end == std::string_view::npos) return script;
        std::string_view rest = body.substr(begin + 2, end - begin - 2);
        while (!rest.empty()) {
            std::string_view const pair = rest.substr(0, rest.find(' '));
            rest.remove_prefix(rest.size() == pair.size() ? pair.size() : pair.size() + 1);
            std::size_t const equals = pair.find('=');
            if (equals != std::string_view::npos) script.put(pair.substr(0, equals), pair.substr(equals + 1));
        }
        return script;
    }

private:
    void put(std::string_view key, std::string_view value) {
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        if (key == "id") id = value;
        if (key == "in") input = number;
        if (key == "cached") cached = number;
        if (key == "written") written = number;
        if (key == "words") words = number;
        if (key == "usage") usage = number != 0;
        if (key == "fault") fault = value;
        if (key == "at") at = number;
    }
};

/// Words of an answer: each is one token of o200k_base and cl100k_base, wherever it stands.
inline constexpr std::string_view answer_words[] = {" time",  " year",  " people",  " way",   " day",  " man",
                                                    " thing", " world", " life",    " hand",  " part", " place",
                                                    " case",  " week",  " company", " system"};

/// Two servers that begin with different words cannot be mixed up.
inline std::int64_t first_answer_word = 0;

inline std::string_view answer_word(std::int64_t index) {
    constexpr std::int64_t count = static_cast<std::int64_t>(std::size(answer_words));
    return answer_words[(first_answer_word + index) % count];
}

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_SCRIPT_HPP
