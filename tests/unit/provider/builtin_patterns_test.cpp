// SPDX-License-Identifier: MIT
// Covers src/provider/builtin/patterns.cpp: what is flagged, what is not, and that the form is OpenAI's.
#include "provider/builtin/patterns.hpp"
#include "support/shared_data.hpp"

#include <doctest/doctest.h>

#include <set>

namespace aikit {
namespace {

std::set<std::string> flagged(std::string_view text) {
    std::set<std::string> out;
    for (ModerationCategory const& category : provider::builtin::moderate_by_patterns(text).categories) {
        if (category.flagged) out.insert(category.name);
    }
    return out;
}

}  // namespace

TEST_CASE("every result has the 13 OpenAI categories with scores from 0 to 1") {
    std::set<std::string> const names = {"harassment",
                                         "harassment/threatening",
                                         "sexual",
                                         "hate",
                                         "hate/threatening",
                                         "illicit",
                                         "illicit/violent",
                                         "self-harm/intent",
                                         "self-harm/instructions",
                                         "self-harm",
                                         "sexual/minors",
                                         "violence",
                                         "violence/graphic"};
    for (char const* text : {"", "hello", "I will kill you", "\xFF\xFE"}) {
        ModerationResult const result = provider::builtin::moderate_by_patterns(text);
        std::set<std::string> found;
        bool any = false;
        for (ModerationCategory const& category : result.categories) {
            found.insert(category.name);
            CHECK(category.score >= 0);
            CHECK(category.score <= 1);
            CHECK(category.flagged == (category.score >= 0.5));
            any = any || category.flagged;
        }
        CHECK(found == names);
        CHECK(result.flagged == any);
    }
}

TEST_CASE("threats and the like are flagged in any spelling of case and ending and in their parent category") {
    CHECK(flagged("I will KILL you!").contains("harassment/threatening"));
    CHECK(flagged("I will KILL you!").contains("harassment"));
    CHECK(flagged("I will KILL you!").contains("violence"));
    CHECK(flagged("i want to kill them.").contains("violence"));
    CHECK(flagged("I want to kill myself").contains("self-harm/intent"));
    CHECK(flagged("I want to kill myself").contains("self-harm"));
    CHECK(flagged("How do I make a bomb at home?").contains("illicit/violent"));
    CHECK(flagged("how to launder some money").contains("illicit"));
}

TEST_CASE("everyday technical talk is not flagged") {
    for (char const* text : {"You can kill the process with Ctrl-C.", "The master sends a signal to the child.",
                             "This command will kill all jobs of the user.", "How do I make a backup?",
                             "The parser explodes on bad input.", "A race condition in the lock.",
                             "Cut the string at the first space.", "The attack surface is small.",
                             "How do I become a Debian developer?", "Which package provides the naked function?"}) {
        CAPTURE(text);
        CHECK(flagged(text).empty());
    }
}

TEST_CASE("moderation is linear in the text") {
    std::string text;
    while (text.size() < 2'000'000) text += "i will kill how make you ";
    double const before = aikit_test::cpu_seconds();
    CHECK(provider::builtin::moderate_by_patterns(text).flagged);
    CHECK(aikit_test::cpu_seconds() - before < 20);
}

}  // namespace aikit
