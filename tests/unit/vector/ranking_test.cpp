// SPDX-License-Identifier: MIT
// tests/unit/vector/ranking_test.cpp - ordering, fusing, keywords.
#include "vector/ranking.hpp"

#include "support.hpp"
#include "vector/keywords.hpp"

namespace aikit::inline v0::vector {
namespace {

Candidate found(std::uint64_t label, std::string id, double score) {
    Candidate candidate(label, score);
    candidate.id = std::move(id);
    return candidate;
}

}  // namespace

TEST_CASE("higher scores come first and equal ones by id") {
    std::vector<Candidate> list = {found(1, "b", 1), found(2, "a", 1), found(3, "z", 2), found(4, "c", 1)};
    rank(list, 3);
    REQUIRE(list.size() == 3);
    CHECK(list[0].id == "z");
    CHECK(list[1].id == "a");
    CHECK(list[2].id == "b");
}

TEST_CASE("keeping the best keeps what is equal to the last of them") {
    std::vector<Candidate> list = {found(1, "", 1), found(2, "", 3), found(3, "", 2), found(4, "", 2), found(5, "", 0)};
    std::vector<Candidate> all = list;
    keep_top(list, 2);
    CHECK(list.size() == 3);
    keep_top(all, 10);
    CHECK(all.size() == 5);
}

TEST_CASE("reciprocal rank fusion adds one over constant plus rank") {
    HybridQuery query;
    query.fusion = Fusion::rrf;
    std::vector<Candidate> const dense = {found(1, "a", 0.9), found(2, "b", 0.8)};
    std::vector<Candidate> const sparse = {found(2, "b", 7), found(3, "c", 3)};
    std::vector<Candidate> const fused = fuse(dense, sparse, query);
    REQUIRE(fused.size() == 3);
    CHECK(fused[0].id == "b");
    CHECK(fused[0].score == doctest::Approx(1.0 / 62 + 1.0 / 61));
    CHECK(*fused[0].dense == 0.8);
    CHECK(*fused[0].sparse == 7);
    CHECK(fused[1].id == "a");
    CHECK(fused[1].score == doctest::Approx(1.0 / 61));
    CHECK_FALSE(fused[1].sparse.has_value());
    CHECK(fused[2].id == "c");
    CHECK_FALSE(fused[2].dense.has_value());
}

TEST_CASE("weighted fusion scales each leg to one and adds by weight") {
    HybridQuery query;
    query.dense_weight = 0.3;
    query.top = 2;
    std::vector<Candidate> const dense = {found(1, "a", 0.9), found(2, "b", 0.7), found(3, "c", 0.5)};
    std::vector<Candidate> const sparse = {found(3, "c", 8), found(4, "d", 5), found(2, "b", 4)};
    std::vector<Candidate> const fused = fuse(dense, sparse, query);
    REQUIRE(fused.size() == 2);
    CHECK(fused[0].id == "c");
    CHECK(fused[0].score == doctest::Approx(0.7));
    CHECK(fused[1].id == "a");
    CHECK(fused[1].score == doctest::Approx(0.3));

    query.top = 10;
    CHECK(fuse({found(1, "a", 0.5)}, {}, query).front().score == doctest::Approx(0.3));
    CHECK(fuse({}, {}, query).empty());
}

TEST_CASE("keywords are stems without stop words, and never what SQL or FTS5 could misread") {
    CHECK(keywords("The Wings of swept AIRCRAFT are flying") ==
          std::vector<std::string>{"wing", "swept", "aircraft", "fli"});
    CHECK(keywords("to be or not to be").empty());
    CHECK(keywords("").empty());
    char const* const hostile[] = {"\"quoted\" OR NEAR(a b) * ^x -y {z} : +w", "a_b;DROP TABLE item;--", "\xEF\xB7\xBA",
                                   "x\ny\tz\0w"};
    for (char const* text : hostile) {
        for (std::string const& word : keywords(text)) {
            for (char const c : word) {
                bool const plain =
                    (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
                CHECK(plain);
            }
        }
    }
    CHECK(keywords(std::string(10'000, 'q')).front().size() < 100);
    CHECK(term_of(12, "wing") == "12_wing");
    CHECK(indexed(3, "big wings").terms == "3_big 3_wing");
    CHECK(indexed(3, "big wings").count == 2);
}

}  // namespace aikit::inline v0::vector
