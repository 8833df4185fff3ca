// SPDX-License-Identifier: MIT
// Covers src/router/continuation.hpp: what of a new answer goes after one that was cut.
#include "router/continuation.hpp"

#include <doctest/doctest.h>

#include <string>

namespace aikit::router {
namespace {

std::string const answer =
    "Paris is the capital of France. It lies on the Seine, and some two million people live there.\n\n"
    "Its museums, caf\xC3\xA9s and gardens are known all over the world.";

struct Joined {
    std::string text;
    Joint joint = Joint::waiting;
};

/// The new answer in pieces of so many bytes.
Joined joined(std::string const& sent, std::string const& anew, bool prefilled, std::size_t pieces) {
    Continuation continuation(sent, prefilled);
    Joined out;
    out.text = sent;
    for (std::size_t at = 0; at < anew.size(); at += pieces) out.text += continuation.take(anew.substr(at, pieces));
    out.text += continuation.end();
    out.joint = continuation.joint();
    return out;
}

}  // namespace

TEST_CASE("the same answer again goes on where it was cut, at every cut and in pieces of every size") {
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
        for (std::size_t const pieces : {1, 2, 3, 7, 64, 1'000}) {
            Joined const out = joined(answer.substr(0, cut), answer, false, pieces);
            REQUIRE(out.joint == Joint::repeated);
            REQUIRE(out.text == answer);
        }
    }
}

TEST_CASE("what a deployment goes on with is put behind what was sent, blanks not twice") {
    for (std::size_t cut = 1; cut <= answer.size(); ++cut) {
        std::string const sent = answer.substr(0, cut);
        std::size_t const asked_with = Continuation::prefill_of(sent).size();
        for (std::size_t const pieces : {1, 2, 5, 1'000}) {
            Joined const out = joined(sent, answer.substr(asked_with), true, pieces);
            REQUIRE(out.joint == Joint::prefill);
            REQUIRE(out.text == answer);
        }
    }
}

TEST_CASE("a deployment that begins anew although it was asked to go on is found out") {
    for (std::size_t cut = 32; cut <= answer.size(); ++cut) {
        for (std::size_t const pieces : {1, 3, 1'000}) {
            Joined const out = joined(answer.substr(0, cut), answer, true, pieces);
            REQUIRE(out.joint == Joint::repeated);
            REQUIRE(out.text == answer);
        }
    }
}

TEST_CASE("an answer that is worded otherwise goes on after the passage that they have in common") {
    std::string const other = "The capital of France is Paris. " + answer.substr(answer.find("It lies")) + " Go there!";
    std::string const rest = " Go there!";
    std::size_t const meets = answer.find("It lies");
    for (std::size_t cut = meets + 70; cut <= answer.size(); ++cut) {
        if (cut < answer.size() && (static_cast<unsigned char>(answer[cut]) & 0xC0U) == 0x80U) continue;
        for (std::size_t const pieces : {1, 4, 1'000}) {
            Joined const out = joined(answer.substr(0, cut), other, false, pieces);
            REQUIRE(out.joint == Joint::common);
            REQUIRE(out.text == answer + rest);
        }
    }
}

TEST_CASE("a passage that stands several times in what was sent is no place to meet at") {
    std::string line = "| one more line of a table that is the same again |\n";
    std::string table = "# A table\n\n";
    for (int i = 0; i < 6; ++i) table += line;
    std::string const whole = table + "That was the table.";
    std::string const other = "Here is what you asked for.\n\n" + whole;
    for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
        for (std::size_t const pieces : {1, 10, 1'000}) {
            Joined const out = joined(whole.substr(0, cut), other, false, pieces);
            std::string const expected = out.joint == Joint::common ? whole : whole.substr(0, cut);
            REQUIRE(out.text == expected);
            if (cut > table.size() + 10) REQUIRE(out.joint == Joint::common);
        }
    }
}

TEST_CASE("answers that do not meet are not joined, and nothing of the new one is handed on") {
    for (std::string const& anew :
         {std::string("Berlin is the capital of Germany."), std::string(), answer.substr(0, 20)}) {
        Joined const out = joined(answer.substr(0, 60), anew, false, 3);
        CHECK(out.joint == Joint::waiting);
        CHECK(out.text == answer.substr(0, 60));
    }
    // A few bytes are no passage.
    Joined const out = joined("It is", "I think it is so.", false, 1);
    CHECK(out.joint == Joint::waiting);
    CHECK(out.text == "It is");
}

TEST_CASE("a prefill ends in no blank") {
    CHECK(Continuation::prefill_of("Hello. \n\t") == "Hello.");
    CHECK(Continuation::prefill_of(" \n") == "");
    CHECK(Continuation::prefill_of("") == "");
    CHECK(Continuation::prefill_of("caf\xC3\xA9") == "caf\xC3\xA9");
}

}  // namespace aikit::router
