// SPDX-License-Identifier: MIT
// Covers core/json: parsing within limits, fields of any kind read without throwing, configuration read strictly.
#include "core/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <pthread.h>
#include <string>

namespace aikit::inline v0 {
namespace {

json::value parsed(std::string_view text) {
    return json::parse(text, "test").value();
}

std::string nested(std::size_t depth, char open, char close) {
    return std::string(depth, open) + std::string(close == 0 ? 0 : depth, close);
}

/// Runs on a thread with a quarter of a megabyte of stack.
void on_small_stack(void (*work)()) {
    pthread_attr_t attributes;
    REQUIRE(::pthread_attr_init(&attributes) == 0);
    REQUIRE(::pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    pthread_t thread;
    auto entry = [](void* argument) -> void* {
        reinterpret_cast<void (*)()>(argument)();
        return nullptr;
    };
    REQUIRE(::pthread_create(&thread, &attributes, entry, reinterpret_cast<void*>(work)) == 0);
    REQUIRE(::pthread_join(thread, nullptr) == 0);
    ::pthread_attr_destroy(&attributes);
}

/// A little configuration with a field of each kind.
struct Settings {
    std::string name = "default";
    bool on = false;
    std::int64_t big = 0;
    int small = 0;
    double ratio = 0;
    std::optional<int> maybe;
};

Result<Settings> read(std::string_view text) {
    json::value const source = parsed(text);
    json::Fields fields(source.as_object(), "configuration.items[2]");
    Settings settings;
    fields.read("name", settings.name);
    fields.read("on", settings.on);
    fields.read("big", settings.big);
    fields.read("small", settings.small);
    fields.read("ratio", settings.ratio);
    fields.read("maybe", settings.maybe);
    fields.take_object("map");
    fields.take_array("list");
    if (settings.ratio > 2) fields.refuse("ratio", "must be between 0 and 2");
    if (Result<void> const done = fields.finish(); !done) return done.error();
    return settings;
}

}  // namespace

TEST_CASE("depth up to the limit is read and one more is an error") {
    for (std::size_t depth = 1; depth <= json::max_depth; ++depth) {
        if (!json::parse(nested(depth, '[', ']'), "test")) FAIL("depth " << depth);
    }
    Result<json::value> const deeper = json::parse(nested(json::max_depth + 1, '[', ']'), "reply");
    REQUIRE_FALSE(deeper.has_value());
    CHECK(deeper.error().code == Errc::protocol);
    CHECK(deeper.error().message == "The reply is not valid JSON: it nests too deep (byte 64 of 130).");
}

TEST_CASE("a million brackets are an error and not a crash, also on a small stack") {
    on_small_stack([] {
        for (std::string const& bomb :
             {nested(1'000'000, '[', ']'), nested(1'000'000, '[', 0), nested(1'000'000, '{', 0)}) {
            CHECK_FALSE(json::parse(bomb, "bomb").has_value());
        }
        std::string objects;
        for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
        CHECK_FALSE(json::parse(objects, "bomb").has_value());
    });
}

TEST_CASE("a document cut anywhere or followed by anything is refused at its byte, and never quoted") {
    std::string const good = R"({"canary":["canary",1.5e3,true,null,{"x":"\u00e9\ud83d\ude00"}]})";
    REQUIRE(json::parse(good, "document").has_value());
    CHECK(json::parse(" \n" + good + "\t ", "document").has_value());
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        Result<json::value> const result = json::parse(good.substr(0, cut), "document", Errc::invalid_argument);
        if (result) FAIL("cut at " << cut);
        CHECK(result.error().code == Errc::invalid_argument);
        CHECK(result.error().message.find("(byte " + std::to_string(cut) + " of " + std::to_string(cut) + ")") !=
              std::string::npos);
        CHECK(result.error().message.find("canary") == std::string::npos);
        CHECK(result.error().remote_detail.empty());
    }
    for (char const* more : {"x", "{}", ",", "\"canary\"", "1"}) {
        Result<json::value> const result = json::parse(good + more, "document");
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message.find("byte " + std::to_string(good.size()) + " of") != std::string::npos);
    }
}

TEST_CASE("what is almost JSON is refused") {
    for (char const* text : {"",
                             " ",
                             "{'a':1}",
                             "{a:1}",
                             "[1,]",
                             "{\"a\":1,}",
                             "// c\n1",
                             "/**/1",
                             "NaN",
                             "Infinity",
                             "-",
                             "01",
                             "+1",
                             "1.",
                             ".5",
                             "1e",
                             "\"\t\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "tru",
                             "\xEF\xBB\xBF{}"}) {
        CAPTURE(text);
        CHECK_FALSE(json::parse(text, "test").has_value());
    }
}

TEST_CASE("strings that are no UTF-8 are refused and not repaired") {
    for (char const* bytes :
         {"\x80", "\xC0\xAF", "\xC3", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
        CHECK_FALSE(json::parse("\"" + std::string(bytes) + "\"", "test").has_value());
        CHECK_FALSE(json::parse("{\"" + std::string(bytes) + "\":1}", "test").has_value());
        Result<json::value> const refused = json::parse("[\"" + std::string(bytes) + "\"]", "configuration");
        CHECK(refused.error().message.find("not UTF-8") != std::string::npos);
    }
}

TEST_CASE("of equal keys the last one counts") {
    CHECK(json::integer(parsed(R"({"a":1,"a":2})"), "a") == 2);
}

TEST_CASE("a member of the right kind is found and any other kind is nothing") {
    json::value const v =
        parsed(R"({"text":"t","int":-3,"whole":3.0,"real":2.5,"yes":true,"null":null,"object":{"a":1},"array":[1],
                                     "most":9223372036854775807,"over":9223372036854775808,"huge":1e400,"edge":9223372036854775808.0})");
    for (char const* key : {"text", "int", "whole", "real", "yes", "null", "object", "array", "most", "over", "huge",
                            "edge", "missing"}) {
        CAPTURE(key);
        std::string const k = key;
        bool const whole = k == "int" || k == "whole" || k == "most";
        bool const finite = whole || k == "real" || k == "over" || k == "edge";
        CHECK(json::text(v, key).has_value() == (k == "text"));
        CHECK(json::integer(v, key).has_value() == whole);
        CHECK(json::number(v, key).has_value() == finite);
        CHECK(json::boolean(v, key).has_value() == (k == "yes"));
        CHECK((json::member_object(v, key) != nullptr) == (k == "object"));
        CHECK((json::member_array(v, key) != nullptr) == (k == "array"));
        CHECK((json::find(v, key) != nullptr) == (k != "missing"));
    }
    CHECK(json::text(v, "text") == "t");
    CHECK(json::integer(v, "int") == -3);
    CHECK(json::integer(v, "whole") == 3);
    CHECK(json::integer(v, "most") == std::numeric_limits<std::int64_t>::max());
    CHECK(json::number(v, "real") == 2.5);
    for (char const* scalar : {"1", "null", "\"text\"", "[{\"text\":\"t\"}]"})
        CHECK(json::find(parsed(scalar), "text") == nullptr);
}

TEST_CASE("a real number is an integer exactly when it is one and fits") {
    for (double const number : {0.0, -0.0, 1.0, -1.0, 0x1p53, -0x1p63, 0x1.fffffffffffffp62}) {
        CHECK(json::as_integer(json::value(number)) == static_cast<std::int64_t>(number));
    }
    for (double const number : {0.5, -1.5, 0x1p63, -0x1.0000000000001p63, 1e300, std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        CHECK_FALSE(json::as_integer(json::value(number)).has_value());
    }
}

TEST_CASE("configuration is read field by field, and what is missing or null keeps its default") {
    Settings const all =
        read(R"({"name":"n","on":true,"big":9007199254740993,"small":-7,"ratio":1,"maybe":3,"map":{},"list":[]})")
            .value();
    CHECK(all.name == "n");
    CHECK(all.on);
    CHECK(all.big == 9'007'199'254'740'993);
    CHECK(all.small == -7);
    CHECK(all.ratio == 1.0);
    CHECK(all.maybe == 3);
    for (char const* text :
         {"{}",
          R"({"name":null,"on":null,"big":null,"small":null,"ratio":null,"maybe":null,"map":null,"list":null})"}) {
        Settings const none = read(text).value();
        CHECK(none.name == "default");
        CHECK_FALSE(none.on);
        CHECK_FALSE(none.maybe.has_value());
    }
}

TEST_CASE("a field of the wrong kind is named with its whole path") {
    struct Row {
        char const* field;
        char const* good;  ///< The kinds that the field takes, by their index in `values`.
        char const* sentence;
    };
    char const* const values[] = {"\"t\"", "true", "1", "1.5", "4294967296", "18446744073709551615", "{}", "[]"};
    Row const rows[] = {{"name", "0", "must be a string"},
                        {"on", "1", "must be true or false"},
                        {"big", "24", "must be a whole number of 64 bits"},
                        {"small", "2", "must be a whole number of 32 bits"},
                        {"maybe", "2", "must be a whole number of 32 bits"},
                        {"map", "6", "must be an object"},
                        {"list", "7", "must be an array"}};
    for (Row const& row : rows) {
        for (std::size_t i = 0; i < std::size(values); ++i) {
            std::string const text = std::string("{\"") + row.field + "\":" + values[i] + "}";
            CAPTURE(text);
            bool const good = std::string(row.good).find(static_cast<char>('0' + i)) != std::string::npos;
            Result<Settings> const settings = read(text);
            REQUIRE(settings.has_value() == good);
            if (good) continue;
            CHECK(settings.error().code == Errc::invalid_argument);
            CHECK(settings.error().message ==
                  std::string("configuration.items[2].") + row.field + " " + row.sentence + ".");
        }
    }
    CHECK(read(R"({"ratio":"1"})").error().message == "configuration.items[2].ratio must be a number.");
    CHECK(read(R"({"ratio":1e999})").error().message == "configuration.items[2].ratio must be a number.");
    CHECK(read(R"({"ratio":2.5})").error().message == "configuration.items[2].ratio must be between 0 and 2.");
}

TEST_CASE("an unknown key is named, and the first thing that is wrong is the one told") {
    CHECK(read(R"({"nam":"n"})").error().message ==
          "configuration.items[2].nam is not a known field; remove it or correct its name.");
    CHECK(read(R"({"unknown":1,"name":5})").error().message == "configuration.items[2].name must be a string.");
    CHECK(read(R"({"on":1,"name":5})").error().message == "configuration.items[2].name must be a string.");
    std::string const strange =
        read(std::string("{\"a\\n\\u001b[31m") + std::string(200, 'k') + "\":1}").error().message;
    CHECK(strange.find('\n') == std::string::npos);
    CHECK(strange.find('\x1b') == std::string::npos);
    CHECK(strange.size() < 200);
}

}  // namespace aikit::inline v0
