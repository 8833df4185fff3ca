// SPDX-License-Identifier: MIT
// Covers include/aikit/model/partial_json.hpp. The oracle is Boost.JSON.
#include <aikit/model/partial_json.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace aikit {
namespace {

namespace json = boost::json;

std::vector<std::string> const documents = {
    R"({"city": "Rome", "days": 3, "tags": ["a", "b"], "at": {"lat": -41.5e-2, "open": true, "none": null}})",
    R"( [ 1 , 2.5 , -0 , 1E+2 , true , false , null , "" , [ ] , { } ] )",
    R"({"a\"b": "\u00e4\ud83d\ude00\n\\", "k": "ä€😀", "": {"": [[[]]]}})",
    R"("a string alone")",
    "true",
    "-12.5e3",
    "[[1,[2,[3,[4]]]],{\"a\":{\"b\":{\"c\":[{}]}}}]",
    "{}",
};

std::string random_document(std::mt19937& random, int depth) {
    auto const draw = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    switch (depth > 4 ? draw(5) : draw(7)) {
        case 0: return std::to_string(static_cast<int>(draw(2000)) - 1000);
        case 1: return draw(2) != 0 ? "true" : "null";
        case 2: return "1." + std::to_string(draw(100)) + "e" + std::to_string(draw(20));
        case 3: return "\"" + std::string(draw(5), 'x') + "\\u00e9\xE2\x82\xAC\\ud83d\\ude00\\t\"";
        case 4: return "\"\"";
        case 5: {
            std::string out = "[";
            for (unsigned i = 0, n = draw(5); i < n; ++i)
                out += (i == 0 ? " " : " , ") + random_document(random, depth + 1);
            return out + "]";
        }
        default: {
            std::string out = "{";
            for (unsigned i = 0, n = draw(5); i < n; ++i) {
                out += (i == 0 ? "\"k" : ",\n\"k\\u0041") + std::to_string(i) +
                       "\" : " + random_document(random, depth + 1);
            }
            return out + "}";
        }
    }
}

/// Whether `later` only adds to `earlier`.
bool extends(json::value const& earlier, json::value const& later) {
    if (earlier.is_string() && later.is_string()) return later.get_string().starts_with(earlier.get_string());
    if (earlier.is_array() && later.is_array()) {
        if (earlier.get_array().size() > later.get_array().size()) return false;
        for (std::size_t i = 0; i < earlier.get_array().size(); ++i) {
            if (!extends(earlier.get_array()[i], later.get_array()[i])) return false;
        }
        return true;
    }
    if (earlier.is_object() && later.is_object()) {
        for (auto const& member : earlier.get_object()) {
            json::value const* const other = later.get_object().if_contains(member.key());
            if (other == nullptr || !extends(member.value(), *other)) return false;
        }
        return true;
    }
    return earlier == later;
}

void check_growth(std::string const& document) {
    CAPTURE(document);
    PartialJson partial;
    json::value before;
    bool began = false;
    for (char const c : document) {
        REQUIRE(partial.take(std::string_view(&c, 1)).has_value());
        if (partial.text().empty()) continue;
        boost::system::error_code error;
        json::value const now = json::parse(std::string(partial.text()), error);
        REQUIRE_MESSAGE(!error, std::string(partial.text()));
        if (began) REQUIRE_MESSAGE(extends(before, now), std::string(partial.text()));
        before = now;
        began = true;
    }
    REQUIRE(partial.finish().has_value());
    CHECK(partial.complete());
    CHECK(json::parse(std::string(partial.text())) == json::parse(document));
}

}  // namespace

TEST_CASE("a document only grows while its bytes come, and is whole at the end") {
    for (std::string const& document : documents) check_growth(document);
    std::mt19937 random(5);  // NOLINT: the same documents each time
    for (int i = 0; i < 3'000; ++i) check_growth(random_document(random, 0));
}

TEST_CASE("a document cut in two anywhere shows the same as byte by byte") {
    for (std::string const& document : documents) {
        for (std::size_t cut = 0; cut <= document.size(); ++cut) {
            PartialJson slow;
            for (char const c : document.substr(0, cut)) REQUIRE(slow.take(std::string_view(&c, 1)).has_value());
            PartialJson fast;
            REQUIRE(fast.take(std::string_view(document).substr(0, cut)).has_value());
            CHECK(fast.text() == slow.text());
            REQUIRE(fast.take(std::string_view(document).substr(cut)).has_value());
            REQUIRE(fast.finish().has_value());
            CHECK(json::parse(std::string(fast.text())) == json::parse(document));
        }
    }
}

TEST_CASE("what is not decided yet is left out") {
    struct Row {
        char const* so_far;
        char const* shown;
    };
    Row const rows[] = {{"", ""},
                        {" ", ""},
                        {"{", "{}"},
                        {R"({"ci)", "{}"},
                        {R"({"city")", "{}"},
                        {R"({"city":)", "{}"},
                        {R"({"city": ")", R"({"city":""})"},
                        {R"({"city": "Ro)", R"({"city":"Ro"})"},
                        {R"({"city": "Ro\)", R"({"city":"Ro"})"},
                        {R"({"city": "Ro\u00)", R"({"city":"Ro"})"},
                        {R"({"city": "Ro\ud83d)", R"({"city":"Ro"})"},
                        {R"({"city": "Ro\ud83d\ude00)", R"({"city":"Ro\ud83d\ude00"})"},
                        {"{\"city\": \"Ro\xC3", R"({"city":"Ro"})"},
                        {R"({"days": 1)", "{}"},
                        {R"({"days": 12 )", R"({"days":12})"},
                        {R"({"days": 12,)", R"({"days":12})"},
                        {R"({"days": 12, "x)", R"({"days":12})"},
                        {R"([1, tr)", "[1]"},
                        {R"([1, true)", "[1,true]"},
                        {R"([1, [)", "[1,[]]"},
                        {"12", ""},
                        {"nul", ""}};
    for (Row const& row : rows) {
        PartialJson partial;
        REQUIRE(partial.take(row.so_far).has_value());
        CHECK(partial.text() == row.shown);
        CHECK(!partial.complete());
        CHECK(partial.finish().has_value() == (std::string(row.so_far) == "12"));
    }
}

TEST_CASE("what is no JSON is refused where it stops being it, and what was shown stays") {
    for (char const* text : {"{,",      "[,",          "[1,]",         "{\"a\":1,}", "{\"a\" 1}", "{'a'",
                             "[01,",    "[1.]",        "[-]",          "[1e]",       "[tru,",     "[\"\\x\"",
                             "[\"\n\"", "[\"\\ud83dx", "[\"\\ude00\"", "[1}",        "]",         "[1] 2",
                             "[+1]",    "[\"\xC3(\"",  "[\"\xFF\"",    "{1",         "x"}) {
        CAPTURE(std::string(text));
        PartialJson partial;
        Result<void> const taken = partial.take(text);
        REQUIRE(!taken);
        CHECK(taken.error().code == Errc::invalid_argument);
        CHECK(!partial.complete());
        std::string const shown(partial.text());
        boost::system::error_code error;
        if (!shown.empty()) static_cast<void>(json::parse(shown, error));
        CHECK(!error);
        CHECK(!partial.take("1"));
        CHECK(partial.text() == shown);
        CHECK(!partial.finish());
    }
    CHECK(!PartialJson().take(std::string(65, '[')));
    CHECK(PartialJson().take(std::string(64, '[')).has_value());
}

TEST_CASE("a long document costs in proportion to its length, however small its pieces and however often it is shown") {
    PartialJson partial;
    std::size_t shown = 0;
    REQUIRE(partial.take("{\"a\": [0").has_value());
    for (int i = 0; i < 1'000'000; ++i) {
        REQUIRE(partial.take(",\"abc\"").has_value());
        shown += partial.text().size() > 10 ? 1 : 0;  // a copy each time would move terabytes
    }
    REQUIRE(partial.take("]}").has_value());
    CHECK(partial.complete());
    CHECK(shown > 999'000);
}

}  // namespace aikit
