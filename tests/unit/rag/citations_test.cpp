// SPDX-License-Identifier: MIT
// Covers src/rag/citations.cpp: what an answer cites is there, or the answer says that it is not.
#include "rag/citations.hpp"

#include <doctest/doctest.h>

namespace aikit::inline v0::rag {
namespace {

AnswerWithSources checked(std::string text, int sources = 3) {
    AnswerWithSources answer;
    answer.text = std::move(text);
    for (int i = 1; i <= sources; ++i) {
        AnswerSource source;
        source.number = i;
        answer.sources.push_back(source);
    }
    check_citations(answer);
    return answer;
}

std::vector<int> cited(AnswerWithSources const& answer) {
    std::vector<int> out;
    for (AnswerSource const& source : answer.sources) {
        if (source.cited) out.push_back(source.number);
    }
    return out;
}

}  // namespace

TEST_CASE("citations that resolve support an answer and mark their sources") {
    AnswerWithSources const answer = checked("It is so [1]. And so [3, 1][3].");
    CHECK(answer.supported);
    CHECK(answer.unresolved.empty());
    CHECK(answer.info.warnings.empty());
    CHECK(cited(answer) == std::vector<int>{1, 3});
    REQUIRE(answer.citations.size() == 4);
    CHECK(answer.text.substr(static_cast<std::size_t>(answer.citations[0].begin), 3) == "[1]");
    CHECK(answer.citations[0].source == 1);
}

TEST_CASE("a citation of a source that nobody gave is listed once and takes the support away") {
    AnswerWithSources const answer = checked("So [1]. And [99]. Again [99], [0], [4].");
    CHECK(!answer.supported);
    CHECK(answer.unresolved == std::vector<int>{99, 0, 4});
    CHECK(answer.info.warnings.size() == 1);
    CHECK(answer.citations.size() == 1);
    CHECK(cited(answer) == std::vector<int>{1});
}

TEST_CASE("an answer without a citation is not supported and says why") {
    for (char const* text : {"It is so.", "", "see [a] and (1)"}) {
        AnswerWithSources const answer = checked(text);
        CHECK(!answer.supported);
        CHECK(answer.info.warnings.size() == 1);
    }
}

TEST_CASE("that the documents do not say is no supported answer and needs no warning") {
    for (char const* text : {"The documents do not say.", " The documents do not say.\n"}) {
        AnswerWithSources const answer = checked(text);
        CHECK(!answer.supported);
        CHECK(answer.info.warnings.empty());
        CHECK(answer.citations.empty());
        CHECK(cited(answer).empty());
    }
}

}  // namespace aikit::inline v0::rag
