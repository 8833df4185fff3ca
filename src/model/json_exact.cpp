// SPDX-License-Identifier: MIT
// model/json_exact.cpp - a handler for boost::json's parser that reads doubles with std::from_chars.
#include "model/json_exact.hpp"

#include "core/async.hpp"
#include "model/json_writer.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <charconv>

namespace aikit::inline v0::json_exact {

namespace {

using Text = boost::json::string_view;
using Code = boost::json::error_code;

struct Handler {
    Handler() = default;
    Handler(unsigned char* working_memory, std::size_t size) : values({}, working_memory, size) {}

    static constexpr std::size_t max_object_size = boost::json::object::max_size();
    static constexpr std::size_t max_array_size = boost::json::array::max_size();
    static constexpr std::size_t max_key_size = boost::json::string::max_size();
    static constexpr std::size_t max_string_size = boost::json::string::max_size();

    boost::json::value_stack values;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return true; }
    bool on_object_end(std::size_t n, Code&) {
        values.push_object(n);
        return true;
    }
    bool on_array_begin(Code&) { return true; }
    bool on_array_end(std::size_t n, Code&) {
        values.push_array(n);
        return true;
    }
    bool on_key_part(Text s, std::size_t, Code&) {
        values.push_chars(s);
        return true;
    }
    bool on_key(Text s, std::size_t, Code&) {
        values.push_key(s);
        return true;
    }
    bool on_string_part(Text s, std::size_t, Code&) {
        values.push_chars(s);
        return true;
    }
    bool on_string(Text s, std::size_t, Code&) {
        values.push_string(s);
        return true;
    }
    bool on_number_part(Text, Code&) { return true; }
    bool on_int64(std::int64_t number, Text, Code&) {
        values.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, Text, Code&) {
        values.push_uint64(number);
        return true;
    }
    bool on_double(double number, Text s, Code&) {
        // The document comes in one piece, so that `s` is the whole number.
        double exact = 0;
        std::from_chars_result const read = std::from_chars(s.data(), s.data() + s.size(), exact);
        values.push_double(read.ec == std::errc() && read.ptr == s.data() + s.size() ? exact : number);
        return true;
    }
    bool on_bool(bool b, Code&) {
        values.push_bool(b);
        return true;
    }
    bool on_null(Code&) {
        values.push_null();
        return true;
    }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }
};

boost::json::parse_options limits() {
    boost::json::parse_options options;
    options.max_depth = json::max_depth;
    return options;
}

/// What most of what is kept as text needs, so that it does not grow in steps.
constexpr std::size_t usual_size = 256;

using Machinery = boost::json::basic_parser<Handler>;

Result<json::value> parse_with(Machinery& parser, std::string_view text, std::string_view what, Errc code,
                               boost::json::storage_ptr storage) {
    return guarded([&]() -> Result<json::value> {
        parser.reset();
        parser.handler().values.reset(std::move(storage));
        Code failed;
        std::size_t const used = parser.write_some(false, text.data(), text.size(), failed);
        if (!failed && used == text.size()) return parser.handler().values.release();
        parser.handler().values.reset();
        Result<json::value> again = json::parse(text, what, code);  // for its sentence
        if (again) return fail(code, "The " + std::string(what) + " is not valid JSON.");
        return again.error();
    });
}

}  // namespace

struct Parser::Machine {
    Machinery parser{limits()};
};

Parser::Parser() : machine_(std::make_unique<Machine>()) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

Result<json::value> Parser::parse(std::string_view text, std::string_view what, Errc code,
                                  boost::json::storage_ptr storage) {
    return parse_with(machine_->parser, text, what, code, std::move(storage));
}

Result<json::value> parse(std::string_view text, std::string_view what, Errc code, boost::json::storage_ptr storage) {
    std::array<unsigned char, 2048> working_memory;
    Machinery parser(limits(), working_memory.data(), working_memory.size());
    return parse_with(parser, text, what, code, std::move(storage));
}

std::string write(json::value const& value) {
    std::string out;
    out.reserve(usual_size);
    JsonWriter writer(out);
    writer.value(value);
    return out;
}

std::string write(json::object const& object) {
    std::string out;
    out.reserve(usual_size);
    JsonWriter writer(out);
    writer.object(object);
    return out;
}

}  // namespace aikit::inline v0::json_exact
