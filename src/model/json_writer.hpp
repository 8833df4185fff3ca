// SPDX-License-Identifier: MIT
// model/json_writer.hpp - JSON straight into a string, without a tree in between.
#ifndef AIKIT_SRC_MODEL_JSON_WRITER_HPP
#define AIKIT_SRC_MODEL_JSON_WRITER_HPP

#include "core/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// Appends JSON to a string and puts the commas. The caller keeps begin and end, key and value in pairs.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    JsonWriter& key(std::string_view name);

    void text(std::string_view value);
    void number(std::int64_t value);
    void number(double value);  ///< Shortest form that reads back the same; null for what is no number.
    void number(float value);   ///< The same, for a float that reads it back.
    void boolean(bool value) { plain(value ? "true" : "false"); }
    void null() { plain("null"); }

    /// A piece that is JSON already.
    void raw(std::string_view json) { plain(json); }
    void value(json::value const& value);
    void object(json::object const& object);

    /// False once a text was written that is not valid UTF-8; the output is then of no use.
    bool valid() const noexcept { return valid_; }

private:
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
