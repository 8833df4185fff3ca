// SPDX-License-Identifier: MIT
// aikit/model/partial_json.hpp - what is known of a JSON document while it is still being written.
#ifndef AIKIT_MODEL_PARTIAL_JSON_HPP
#define AIKIT_MODEL_PARTIAL_JSON_HPP

#include <aikit/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// Takes a document in pieces, cut anywhere, and shows it as a whole one at any time: open strings, lists and objects
/// are closed, and what is not decided yet (a name without its value, a number that may go on, half an escape or half a
/// character) is left out. What was shown stays: later documents only add members, items, and the ends of strings.
///
///   PartialJson partial;
///   while (...) {                                  // each TextDelta of a stream
///       if (!partial.take(delta.text)) break;      // no JSON
///       show(partial.text());                      // {"city":"Ro"}
///   }
///
/// Time and memory are linear in the document, however it is cut and however often it is shown; it may nest 64 deep.
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class AIKIT_EXPORT PartialJson {
public:
    PartialJson() = default;

    /// Errors: invalid_argument (no JSON; the sentence has the byte's place); text() then stays as it is, for good.
    Result<void> take(std::string_view piece);

    /// Nothing more will come. Errors: as take(); incomplete, when the document has no end.
    Result<void> finish();

    /// The document so far, without spaces between its parts; empty before it began. Valid until the next take().
    std::string_view text() const noexcept { return text_; }

    /// The whole document is there. A number that is the whole document is known to be only by finish().
    bool complete() const noexcept { return state_ == State::done; }

private:
    enum class State : std::uint8_t {
        value,       // a value must come
        first_item,  // a value or "]"
        first_key,   // a name or "}"
        key,         // a name must come
        in_key,      // inside a name
        colon,       // after a name
        in_string,   // inside a text that is a value
        in_number,
        in_word,      // true, false, null
        after_value,  // a comma or a closing bracket
        done,
        failed,
    };

    bool step(char c);
    bool begin_value(char c);
    bool string_step(char c);
    bool escape_step(char c);
    bool number_ends();
    bool close(char c);
    void end_value();
    void commit(std::string_view more);
    void show();
    Error refusal(char const* why);

    State state_ = State::value;
    std::string open_;     // the closing brackets that are due, the innermost last
    std::string text_;     // what is decided, then what closes it
    std::string pending_;  // what has come since and is not decided: a comma, a name, a number, a word
    std::string partial_;  // half an escape or half a character
    std::size_t decided_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_PARTIAL_JSON_HPP
