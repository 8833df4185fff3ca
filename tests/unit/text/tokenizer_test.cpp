// SPDX-License-Identifier: MIT
// Covers include/aikit/text/tokenizer.hpp against OpenAI's tiktoken, and the merging against its definition.
#include "core/json.hpp"
#include "text/ranks.hpp"

#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>

namespace aikit::text {
namespace {

std::shared_ptr<Tokenizer const> installed(Encoding encoding) {
    Result<std::shared_ptr<Tokenizer const>> loaded =
        Tokenizer::load(encoding, std::string(AIKIT_DATA_DIR "/") + name(encoding) + ".tiktoken");
    if (!loaded && loaded.error().code == Errc::not_found) {
        MESSAGE("[skipped] build/data has no rank files; cmake/setup.sh fetches them");
        return nullptr;
    }
    return loaded.value();
}

/// A vocabulary of all bytes and some words, as the lines of a rank file.
std::string lines_of(std::vector<std::string> const& tokens) {
    constexpr char const* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string lines;
    for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
        std::string const& bytes = tokens[rank];
        for (std::size_t i = 0; i < bytes.size(); i += 3) {
            std::uint32_t group = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
            }
            for (std::size_t k = 0; k < 4; ++k) {
                lines += i + k > bytes.size() ? '=' : alphabet[group >> (18 - 6 * k) & 63];
            }
        }
        lines += ' ' + std::to_string(rank) + '\n';
    }
    return lines;
}

std::vector<std::string> all_bytes() {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    return tokens;
}

/// Byte pair encoding by its definition: look at all pairs, merge the leftmost of the lowest rank, begin again.
std::vector<std::uint32_t> merged_by_definition(std::vector<std::string> const& vocabulary, std::string const& text) {
    auto rank_of = [&](std::string const& bytes) {
        auto const found = std::find(vocabulary.begin(), vocabulary.end(), bytes);
        return static_cast<std::size_t>(found - vocabulary.begin());
    };
    std::vector<std::string> parts;
    for (char const c : text) parts.emplace_back(1, c);
    if (rank_of(text) < vocabulary.size()) parts = {text};
    for (;;) {
        std::size_t best = vocabulary.size(), at = 0;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            std::size_t const rank = rank_of(parts[i] + parts[i + 1]);
            if (rank < best) best = rank, at = i;
        }
        if (best == vocabulary.size()) break;
        parts[at] += parts[at + 1];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    std::vector<std::uint32_t> tokens;
    for (std::string const& part : parts) tokens.push_back(static_cast<std::uint32_t>(rank_of(part)));
    return tokens;
}

/// Compares one encoder with the cases of a file; returns how many there were.
int compare(Tokenizer const& tokenizer, char const* encoding, std::string const& path) {
    std::ifstream file(path);
    int cases = 0, differing = 0;
    for (std::string line; std::getline(file, line); ++cases) {
        Result<json::value> const row = json::parse(line, "case");
        REQUIRE(row.has_value());
        std::string const text(json::text(*row, "text").value());
        std::vector<std::uint32_t> expected;
        for (json::value const& token : *json::member_array(*row, encoding)) {
            expected.push_back(static_cast<std::uint32_t>(json::as_integer(token).value()));
        }
        std::vector<std::uint32_t> const tokens = tokenizer.encode(text);
        bool const same = tokens == expected && tokenizer.count(text) == static_cast<std::int64_t>(expected.size()) &&
                          tokenizer.decode(tokens).value() == text;
        if (!same && ++differing <= 20) {
            CAPTURE(line);
            CHECK(tokens == expected);
        }
    }
    CHECK(differing == 0);
    return cases;
}

double cpu_seconds(Tokenizer const& tokenizer, std::string const& text) {
    std::clock_t const start = std::clock();
    CHECK(tokenizer.count(text) > 0);
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("texts have the tokens that tiktoken gives them") {
    for (Encoding const encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
        std::shared_ptr<Tokenizer const> const tokenizer = installed(encoding);
        if (!tokenizer) return;
        CHECK(compare(*tokenizer, name(encoding), AIKIT_SOURCE_DIR "/tests/golden/tokens.jsonl") >= 300);
        if (char const* more = std::getenv("AIKIT_TOKEN_CASES")) {
            MESSAGE(compare(*tokenizer, name(encoding), more) << " further cases compared");
        }
    }
}

TEST_CASE("any bytes are encoded and come back unchanged") {
    std::mt19937 random(5);
    for (Encoding const encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
        std::shared_ptr<Tokenizer const> const tokenizer = installed(encoding);
        if (!tokenizer) return;
        for (int round = 0; round < 2'000; ++round) {
            std::string bytes(random() % 200, '\0');
            for (char& c : bytes) c = static_cast<char>(random());
            std::vector<std::uint32_t> const tokens = tokenizer->encode(bytes);
            if (tokenizer->decode(tokens).value() != bytes) FAIL_CHECK("round " << round);
            if (tokens.size() > bytes.size()) FAIL_CHECK("round " << round);
        }
    }
}

TEST_CASE("a text of one endless word takes time in line with its length") {
    std::shared_ptr<Tokenizer const> const tokenizer = installed(Encoding::o200k_base);
    if (!tokenizer) return;
    for (char const* piece :
         {"a", "ab", " ", "\n", "0", ".", "\xE4\xB8\xAD", "A\xE4\xB8\xAD", "\xCC\x81", "\xFF", "a "}) {
        CAPTURE(piece);
        std::string text;
        while (text.size() < 8'000) text += piece;
        double const once = cpu_seconds(*tokenizer, text);
        for (int doubling = 0; doubling < 3; ++doubling) text += text;
        CHECK(cpu_seconds(*tokenizer, text) < 24 * once + 0.05);  // 64 times as long would be quadratic
    }
    std::string const megabyte(1'000'000, 'a');
    CHECK(tokenizer->count(megabyte) == 125'000);  // eight letters each, as tiktoken has it for 4,000 of them
}

TEST_CASE("a token outside the vocabulary is invalid_argument") {
    std::shared_ptr<Tokenizer const> const tokenizer = installed(Encoding::cl100k_base);
    if (!tokenizer) return;
    CHECK(tokenizer->decode({100'255}).has_value());
    for (std::uint32_t const token : {100'256u, 199'999u, 0xFFFF'FFFFu}) {
        CHECK(tokenizer->decode({1, token}).error().code == Errc::invalid_argument);
    }
}

TEST_CASE("a rank file that is missing, cut or changed is refused") {
    std::string const source = AIKIT_DATA_DIR "/cl100k_base.tiktoken";
    CHECK(Tokenizer::load(Encoding::cl100k_base, "/nonexistent/cl100k").error().code == Errc::not_found);
    if (!installed(Encoding::cl100k_base)) return;
    CHECK(Tokenizer::load(Encoding::o200k_base, source).error().code == Errc::invalid_argument);

    std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
    std::string const damaged = AIKIT_TEST_SCRATCH "/damaged.tiktoken";
    std::filesystem::copy_file(source, damaged, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(damaged, std::filesystem::file_size(damaged) - 1);
    CHECK(Tokenizer::load(Encoding::cl100k_base, damaged).error().code == Errc::invalid_argument);
    std::ofstream(damaged, std::ios::app) << 'x';
    CHECK(Tokenizer::load(Encoding::cl100k_base, damaged).error().code == Errc::invalid_argument);
    std::filesystem::remove_all(AIKIT_TEST_SCRATCH);
}

TEST_CASE("find looks in AIKIT_DATA, and is shared") {
    if (!installed(Encoding::cl100k_base)) return;
    char const* const before = std::getenv("AIKIT_DATA");
    std::string const restore = before != nullptr ? before : "";

    setenv("AIKIT_DATA", AIKIT_DATA_DIR, 1);
    std::shared_ptr<Tokenizer const> const first = Tokenizer::find(Encoding::cl100k_base).value();
    CHECK(first == Tokenizer::find(Encoding::cl100k_base).value());
    setenv("AIKIT_DATA", "/nonexistent", 1);
    Result<std::shared_ptr<Tokenizer const>> const elsewhere = Tokenizer::find(Encoding::cl100k_base);
    bool const installed_too = elsewhere.has_value();
    if (!installed_too) CHECK(elsewhere.error().code == Errc::not_found);

    if (before != nullptr)
        setenv("AIKIT_DATA", restore.c_str(), 1);
    else
        unsetenv("AIKIT_DATA");
}

TEST_CASE("short and long pieces are merged as the definition says") {
    std::mt19937 random(9);
    for (int round = 0; round < 60; ++round) {
        std::vector<std::string> vocabulary = all_bytes();
        while (vocabulary.size() < 290) {  // merges of what is there, as training makes them
            std::string merged = vocabulary[random() % 4 + 'a'];
            merged += vocabulary.size() > 260 && random() % 2 ? vocabulary[256 + random() % (vocabulary.size() - 256)]
                                                              : vocabulary[random() % 4 + 'a'];
            if (std::find(vocabulary.begin(), vocabulary.end(), merged) == vocabulary.end())
                vocabulary.push_back(merged);
        }
        RankTable const table = RankTable::parse(lines_of(vocabulary)).value();
        for (std::size_t const size : {1, 2, 3, 7, 30, 63, 64, 65, 66, 130}) {
            std::string text(size, 'a');
            for (char& c : text) c = static_cast<char>('a' + random() % 4);
            std::vector<std::uint32_t> tokens;
            table.encode(text, tokens);
            if (tokens != merged_by_definition(vocabulary, text)) FAIL_CHECK("round " << round << " size " << size);
        }
    }
}

TEST_CASE("a rank file that is no rank file says which line is wrong") {
    std::string const good = lines_of(all_bytes());
    REQUIRE(RankTable::parse(good).has_value());
    std::size_t const third = good.find('\n', good.find('\n') + 1) + 1;

    for (char const* line :
         {"QUI=", "QUI= ", " 2", "QUI 2", "QU!= 2", "QUI= 2 ", "QUI= two", "QUI= 7", "QUI= -2", "", "AA== 2"}) {
        CAPTURE(line);
        std::string lines = good;
        lines.replace(third, lines.find('\n', third) - third, line);
        Result<RankTable> const table = RankTable::parse(lines);
        REQUIRE_FALSE(table.has_value());
        CHECK(table.error().code == Errc::invalid_argument);
        CHECK(table.error().message.find("line 3") != std::string::npos);
    }
    CHECK_FALSE(RankTable::parse("").has_value());
    CHECK_FALSE(RankTable::parse(good.substr(0, third)).has_value());
}

}  // namespace aikit::text
