// SPDX-License-Identifier: MIT
#include "model/json_exact.hpp"

#include "golden/plain_json.hpp"
#include "model/json_writer.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

using namespace aikit;
using aikit_test::Json;

TEST_CASE("numbers pass through with every digit that matters") {
    std::mt19937_64 draw(5);
    for (int round = 0; round < 20'000; ++round) {
        double number = std::ldexp(static_cast<double>(draw() >> 11), static_cast<int>(draw() % 200) - 150);
        if (draw() % 2 == 0) number = -number;
        char buffer[64];
        std::to_chars_result const end = std::to_chars(buffer, buffer + sizeof(buffer), number);
        std::string const text(buffer, end.ptr);
        Result<json::value> const value = json_exact::parse("[" + text + "]", "test");
        REQUIRE(value.has_value());
        std::string const written = json_exact::write(*value);
        REQUIRE(std::strtod(written.substr(1, written.size() - 2).c_str(), nullptr) == number);
    }
    for (std::string const text : {"0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
                                   "0.1", "5.829126566113866e-06", "1e+22", "-0.5"}) {
        CHECK(json_exact::write(*json_exact::parse(text, "test")) == text);
    }
}

TEST_CASE("a parser gives each document the storage it was told, and works again after an error") {
    json_exact::Parser parser;
    boost::json::monotonic_resource arena;
    for (int round = 0; round < 100; ++round) {
        CHECK(!parser.parse("{\"a\":[1,2", "test").has_value());
        Result<json::value> const value =
            parser.parse(R"({"a":[1,2.5,"x",null,true,{"b":"é"}]})", "test", Errc::protocol, &arena);
        REQUIRE(value.has_value());
        CHECK(value->storage().get() == &arena);
        CHECK(json_exact::write(*value) == R"({"a":[1,2.5,"x",null,true,{"b":"é"}]})");
        CHECK(!parser.parse("1 2", "test").has_value());
        CHECK(!parser.parse("", "test").has_value());
    }
}

TEST_CASE("what is no JSON is told by its place and never by its words") {
    Result<json::value> const value = json_exact::parse(R"({"secret":"hunter2",})", "test", Errc::invalid_argument);
    REQUIRE(!value.has_value());
    CHECK(value.error().code == Errc::invalid_argument);
    CHECK(value.error().message.find("test") != std::string::npos);
    CHECK(value.error().message.find("hunter2") == std::string::npos);
    CHECK(!json_exact::parse(std::string(200'000, '['), "test").has_value());
    CHECK(!json_exact::parse("\"\xFF\"", "test").has_value());
}

TEST_CASE("every character is written so that any reader reads it back") {
    std::string all;
    for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
    all += "\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    std::string text;
    JsonWriter out(text);
    out.text(all);
    CHECK(out.valid());
    CHECK(Json::parse(text).text == all);
}

TEST_CASE("each byte at each place of a text of each length is written as any reader reads it") {
    for (std::size_t size = 1; size <= 72; ++size) {  // words of eight, the short form, and what is beyond it
        for (std::size_t place = 0; place < size; ++place) {
            for (int c = 0; c < 0x80; ++c) {
                std::string content(size, 'a');
                content[place] = static_cast<char>(c);
                std::string text;
                JsonWriter out(text);
                out.begin_array();
                out.text(content);
                out.text(content);
                out.end_array();
                boost::system::error_code error;
                json::value const read = boost::json::parse(text, error);
                REQUIRE(!error);
                REQUIRE(read.as_array().size() == 2);
                REQUIRE(read.as_array()[0].as_string() == content);
                REQUIRE(read.as_array()[1].as_string() == content);
            }
            for (char const* const bad : {"\x80", "\xFF", "\xC3"}) {
                std::string content(size, 'a');
                content[place] = *bad;
                std::string text;
                JsonWriter out(text);
                out.text(content);
                REQUIRE(!out.valid());
            }
        }
    }
}

TEST_CASE("names of members are written as texts are") {
    for (std::string const name : {"", "plain", "with \"quotes\"", "a line\nand another", "\xC3\xA9t\xC3\xA9"}) {
        for (std::size_t const more : {0U, 70U}) {
            std::string const whole = name + std::string(more, 'x');
            std::string text;
            JsonWriter out(text);
            out.begin_object();
            out.key("first").null();
            out.key(whole).null();
            out.end_object();
            CHECK(out.valid());
            json::value const read = boost::json::parse(text);
            REQUIRE(read.as_object().size() == 2);
            CHECK(read.as_object().contains(whole));
        }
    }
}

TEST_CASE("a member that is a text is written as name and text would be, whatever its length and bytes") {
    for (std::size_t size = 0; size <= 140; ++size) {
        for (std::string const last : {"", "a", "\"", "\n", "\xC3\xA9", "\xFF"}) {
            for (bool const first : {true, false}) {
                std::string const content = std::string(size, 'x') + last;
                std::string at_once;
                std::string in_two;
                JsonWriter a(at_once);
                JsonWriter b(in_two);
                a.begin_object();
                b.begin_object();
                if (!first) a.key("before").boolean(true);
                if (!first) b.key("before").boolean(true);
                a.member("a_name_of_twenty_eight_bytes", content);
                b.key("a_name_of_twenty_eight_bytes").text(content);
                a.member("b", "");
                b.key("b").text("");
                REQUIRE(at_once == in_two);
                REQUIRE(a.valid() == b.valid());
            }
        }
    }
}

TEST_CASE("any number of counts is written as their members would be, one by one") {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (bool const first : {true, false}) {
        std::string at_once;
        std::string one_by_one;
        JsonWriter a(at_once);
        JsonWriter b(one_by_one);
        for (JsonWriter* out : {&a, &b}) {
            out->begin_object();
            if (!first) out->key("before").boolean(true);
        }
        for (int i = 0; i < 8; ++i) {  // more than fit into one piece
            a.counts({{"a_name_of_twenty_eight_bytes", least}, {"b", 0}, {"c", 9}, {"d", 10}, {"e", -1}, {"f", most}});
            a.counts({{"a_name_of_twenty_eight_bytes", most},  {"b", least},
                      {"a_name_of_28_bytes_and_a_bit", least}, {"another_of_28_bytes_or_a_bit", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", least}, {"and_yet_another_of_28_bytes_", least},
                      {"and_yet_another_of_28_bytes_", most}});
            b.key("a_name_of_twenty_eight_bytes").number(least);
            b.key("b").number(std::int64_t{0});
            b.key("c").number(std::int64_t{9});
            b.key("d").number(std::int64_t{10});
            b.key("e").number(std::int64_t{-1});
            b.key("f").number(most);
            b.key("a_name_of_twenty_eight_bytes").number(most);
            b.key("b").number(least);
            b.key("a_name_of_28_bytes_and_a_bit").number(least);
            b.key("another_of_28_bytes_or_a_bit").number(least);
            for (int more = 0; more < 16; ++more) b.key("and_yet_another_of_28_bytes_").number(least);
            b.key("and_yet_another_of_28_bytes_").number(most);
        }
        a.end_object();
        b.end_object();
        CHECK(at_once == one_by_one);
    }
}

TEST_CASE("text that is not UTF-8 is noticed") {
    for (std::string const bad :
         {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xFF", "\xE2\x82"}) {
        std::string text;
        JsonWriter out(text);
        out.begin_array();
        out.text("fine");
        out.text(bad);
        out.end_array();
        CHECK(!out.valid());
    }
}

TEST_CASE("commas stand where they belong") {
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("a").begin_array();
    out.number(std::int64_t{1});
    out.begin_array();
    out.end_array();
    out.null();
    out.number(std::numeric_limits<double>::infinity());
    out.number(0.5F);
    out.end_array();
    out.key("b").boolean(false);
    out.key("c").raw(R"({"x":1})");
    out.key("d").begin_object();
    out.end_object();
    out.end_object();
    CHECK(text == R"({"a":[1,[],null,null,0.5],"b":false,"c":{"x":1},"d":{}})");
}
