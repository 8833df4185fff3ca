// SPDX-License-Identifier: MIT
// model/json_writer.hpp - JSON straight into a string, without a tree in between.
#ifndef AIKIT_SRC_MODEL_JSON_WRITER_HPP
#define AIKIT_SRC_MODEL_JSON_WRITER_HPP

#include "core/json.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace aikit::inline v0 {

/// The name of a member as the source has it: that it needs no escape is checked by the compiler.
class JsonName {
public:
    template <std::size_t size>
    consteval JsonName(char const (&literal)[size]) : text_(literal, size - 1) {
        for (char const c : text_) {
            if (c <= ' ' || c > '~' || c == '"' || c == '\\') throw "a member's name that needs an escape";
        }
        if (text_.size() > longest) throw "a member's name that is too long";
    }

    static constexpr std::size_t longest = 28;
    constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// Appends JSON to a string and puts the commas. The caller keeps begin and end, key and value in pairs.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    JsonWriter& key(JsonName name) {
        // In one piece: most of a reply is names.
        std::array<char, JsonName::longest + 4> piece;
        std::string_view const text = name.text();
        piece[0] = ',';
        piece[1] = '"';
        std::memcpy(piece.data() + 2, text.data(), text.size());
        piece[text.size() + 2] = '"';
        piece[text.size() + 3] = ':';
        std::size_t const skipped = comma_ ? 0 : 1;
        out_.append(piece.data() + skipped, text.size() + 4 - skipped);
        comma_ = false;
        return *this;
    }
    template <class Text>
    requires(std::convertible_to<Text const&, std::string_view> &&
             !std::is_array_v<Text>) JsonWriter& key(Text const& name) {
        return any_key(name);
    }

    void text(std::string_view value);

    /// A member that is a text, in one piece where it is short.
    void member(JsonName name, std::string_view value);
    void number(std::int64_t value);
    void number(double value);  ///< Shortest form that reads back the same; null for what is no number.
    void number(float value);   ///< The same, for a float that reads it back.

    /// Members with whole numbers, which is most of what a usage is.
    struct Count {
        JsonName name;
        std::int64_t value;
    };
    void counts(std::initializer_list<Count> members);

    void boolean(bool value) { plain(value ? "true" : "false"); }
    void null() { plain("null"); }

    /// A piece that is JSON already.
    void raw(std::string_view json) { plain(json); }
    void value(json::value const& value);
    void object(json::object const& object);

    /// False once a text was written that is not valid UTF-8; the output is then of no use.
    bool valid() const noexcept { return valid_; }

private:
    JsonWriter& any_key(std::string_view name);
    void open(char bracket);
    void close(char bracket);
    void plain(std::string_view token);
    template <class Number>
    void digits(Number value);
    void comma() {
        if (comma_) out_ += ',';
    }
    void quoted(std::string_view text);
    bool short_quoted(std::string_view text, char end);

    std::string& out_;
    bool comma_ = false;  // the next thing needs one in front
    bool valid_ = true;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_JSON_WRITER_HPP
