// SPDX-License-Identifier: MIT
// Covers estimate_tokens() of include/aikit/text/tokenizer.hpp against the tokenizers themselves.
#include "core/json.hpp"

#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

namespace aikit::text {
namespace {

std::string contents(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// Pieces of 200 to 3,000 bytes that follow each other, cut at line ends where there are some.
void add_slices(std::string const& whole, std::vector<std::string>& out) {
    std::mt19937 random(static_cast<std::uint32_t>(whole.size()));
    for (std::size_t at = 0; at < whole.size();) {
        std::size_t const wanted = 200 + random() % 2'800;
        std::size_t const line = whole.find('\n', at + wanted);
        std::size_t const end =
            std::min({whole.size(), line == std::string::npos ? whole.size() : line + 1, at + 4'000});
        if (end - at >= 200) out.push_back(whole.substr(at, end - at));
        at = end;
    }
}

std::vector<std::string> english() {
    std::filesystem::path const data = AIKIT_SHARED_DIR "/data";
    std::vector<std::string> texts;
    for (char const* name : {"text/cranfield", "text/medline", "text/scifact"}) {
        std::ifstream file(data / name / "corpus.jsonl");
        int line_number = 0;
        for (std::string line; std::getline(file, line);) {
            if (++line_number % 4 != 0) continue;
            Result<json::value> const row = json::parse(line, "document");
            std::string const text(json::text(row.value(), "text").value_or(""));
            if (text.size() >= 200) texts.push_back(text);
        }
    }
    for (char const* name : {"chatlogs.md", "state_of_the_union.md", "wikitexts.md"}) {
        add_slices(contents(data / "chunking/corpora" / name), texts);
    }
    return texts;
}

std::vector<std::string> code() {
    std::vector<std::string> texts;
    std::set<std::string> const kinds = {".hpp", ".cpp", ".py", ".cmake", ".h", ".sh"};
    for (char const* folder : {"include", "src", "cmake", "tests/unit/text", "data"}) {
        std::filesystem::path const root = std::filesystem::path(AIKIT_SOURCE_DIR) / folder;
        if (!std::filesystem::exists(root)) continue;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(root)) {
            if (kinds.count(entry.path().extension().string()) != 0) add_slices(contents(entry.path()), texts);
        }
    }
    return texts;
}

double share_within_a_tenth(Tokenizer const& tokenizer, std::vector<std::string> const& texts) {
    int good = 0;
    for (std::string const& text : texts) {
        auto const real = static_cast<double>(tokenizer.count(text));
        TokenEstimate const estimate = estimate_tokens(text);
        good += std::abs(static_cast<double>(estimate.expected) - real) <= real / 10 ? 1 : 0;
        if (estimate.at_most < static_cast<std::int64_t>(real)) FAIL_CHECK("more tokens than bytes");
    }
    return static_cast<double>(good) / static_cast<double>(texts.size());
}

}  // namespace

TEST_CASE("nine estimates of ten for English and for code are within a tenth of the tokenizer") {
    std::vector<std::string> const prose = english(), source = code();
    if (prose.empty()) {
        MESSAGE("[skipped] ../shared/data is not there");
        return;
    }
    REQUIRE(prose.size() > 500);
    REQUIRE(source.size() > 100);
    for (Encoding const encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
        Result<std::shared_ptr<Tokenizer const>> const tokenizer =
            Tokenizer::load(encoding, std::string(AIKIT_DATA_DIR "/") + name(encoding) + ".tiktoken");
        if (!tokenizer) {
            MESSAGE("[skipped] build/data has no rank files; cmake/setup.sh fetches them");
            return;
        }
        double const of_prose = share_within_a_tenth(**tokenizer, prose);
        double const of_source = share_within_a_tenth(**tokenizer, source);
        MESSAGE(std::string(name(encoding)) << ": English " << of_prose << " of " << prose.size() << ", code "
                                            << of_source << " of " << source.size());
        CHECK(of_prose >= 0.9);
        CHECK(of_source >= 0.9);
    }
}

TEST_CASE("an estimate is at least one token for any text, and never more than its bytes") {
    CHECK(estimate_tokens("").expected == 0);
    CHECK(estimate_tokens("").at_most == 0);
    std::mt19937 random(13);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(1 + random() % 60, '\0');
        for (char& c : bytes) c = random() % 2 ? static_cast<char>(random()) : static_cast<char>(random() % 128);
        TokenEstimate const estimate = estimate_tokens(bytes);
        bool const sane = estimate.expected >= 1 && estimate.expected <= estimate.at_most &&
                          estimate.at_most == static_cast<std::int64_t>(bytes.size());
        if (!sane) FAIL_CHECK("round " << round);
    }
}

}  // namespace aikit::text
