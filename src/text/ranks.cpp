// SPDX-License-Identifier: MIT
// text/ranks.cpp - byte pair merging: by scanning for short pieces, by a heap for long ones.
#include "text/ranks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <queue>

namespace aikit::inline v0::text {
namespace {

// Pieces are words, mostly under ten bytes. Up to here scanning for the lowest rank beats keeping a heap.
constexpr std::size_t short_piece = 64;

std::uint64_t hash_of(std::string_view bytes) noexcept {
    constexpr std::uint64_t multiplier = 0x9E37'79B9'7F4A'7C15;  // 2^64 / golden ratio
    std::uint64_t state = bytes.size() * multiplier;
    auto mix = [&state](std::uint64_t word) {
        state = (state ^ word) * multiplier;
        state ^= state >> 32;
    };
    std::uint64_t word = 0;
    while (bytes.size() > sizeof word) {
        std::memcpy(&word, bytes.data(), sizeof word);
        mix(word);
        bytes.remove_prefix(sizeof word);
    }
    word = 0;
    if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
    mix(word);
    return state * multiplier;
}

constexpr std::array<std::int8_t, 256> base64_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

/// Appends the decoded bytes; false when it is no base64.
bool decode_base64(std::string_view text, std::string& out) {
    static constexpr std::array<std::int8_t, 256> values = base64_values();
    if (text.empty() || text.size() % 4 != 0) return false;
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::uint32_t bits = 0;
    int held = 0;
    for (char const c : text.substr(0, text.size() - padding)) {
        std::int8_t const value = values[static_cast<unsigned char>(c)];
        if (value < 0) return false;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xFF);
        }
    }
    return true;
}

Error bad_line(std::size_t line) {
    return fail(Errc::invalid_argument,
                "tokenizer data: line " + std::to_string(line) + " is not \"base64 rank\" in the order of ranks");
}

}  // namespace

Result<RankTable> RankTable::parse(std::string_view lines) {
    RankTable table;
    std::size_t const count = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
    table.offsets_.reserve(count + 2);
    table.blob_.reserve(lines.size() / 2);
    table.offsets_.push_back(0);
    for (std::size_t line = 1; !lines.empty(); ++line) {
        std::string_view const row = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), row.size() + 1));
        std::size_t const space = row.find(' ');
        if (space == std::string_view::npos || !decode_base64(row.substr(0, space), table.blob_)) return bad_line(line);
        std::uint32_t rank = 0;
        auto const [end, problem] = std::from_chars(row.data() + space + 1, row.data() + row.size(), rank);
        if (problem != std::errc() || end != row.data() + row.size() || rank != line - 1) return bad_line(line);
        table.longest_ = std::max(table.longest_, table.blob_.size() - table.offsets_.back());
        table.offsets_.push_back(static_cast<std::uint32_t>(table.blob_.size()));
    }
    std::size_t const tokens = table.offsets_.size() - 1;
    table.slots_.resize(std::bit_ceil(tokens * 2 + 1));
    for (std::uint32_t token = 0; token < tokens; ++token) {
        if (!table.insert(token)) return bad_line(token + 1);
    }
    for (int byte = 0; byte < 256; ++byte) {
        char const single = static_cast<char>(byte);
        if (table.find(std::string_view(&single, 1)) == none) {
            return fail(Errc::invalid_argument, "tokenizer data: byte " + std::to_string(byte) + " has no token");
        }
    }
    return table;
}

/// False when the same bytes are there already.
bool RankTable::insert(std::uint32_t token) noexcept {
    std::string_view const key = bytes(token);
    std::uint64_t const hash = hash_of(key);
    std::size_t const mask = slots_.size() - 1;
    auto const tag = static_cast<std::uint32_t>(hash);
    for (std::size_t at = (hash >> 32) & mask;; at = (at + 1) & mask) {
        if (slots_[at].token == none) {
            slots_[at] = Slot{token, tag};
            return true;
        }
        if (slots_[at].tag == tag && bytes(slots_[at].token) == key) return false;
    }
}

std::uint32_t RankTable::find(std::string_view bytes_wanted) const noexcept {
    if (bytes_wanted.size() > longest_) return none;
    std::uint64_t const hash = hash_of(bytes_wanted);
    std::size_t const mask = slots_.size() - 1;
    auto const tag = static_cast<std::uint32_t>(hash);
    for (std::size_t at = (hash >> 32) & mask;; at = (at + 1) & mask) {
        Slot const slot = slots_[at];
        if (slot.token == none) return none;
        if (slot.tag == tag && bytes(slot.token) == bytes_wanted) return slot.token;
    }
}

std::string_view RankTable::bytes(std::uint32_t token) const noexcept {
    if (token + std::size_t{1} >= offsets_.size()) return {};
    return std::string_view(blob_).substr(offsets_[token], offsets_[token + 1] - offsets_[token]);
}

void RankTable::encode(std::string_view piece, std::vector<std::uint32_t>& tokens) const {
    if (piece.empty()) return;
    std::uint32_t const whole = find(piece);
    if (whole != none) {
        tokens.push_back(whole);
    } else if (piece.size() <= short_piece) {
        encode_short(piece, tokens);
    } else {
        encode_long(piece, tokens);
    }
}

void RankTable::encode_short(std::string_view piece, std::vector<std::uint32_t>& tokens) const {
    struct Part {
        std::size_t begin;
        std::uint32_t rank;  // of this part merged with the next
    };
    std::array<Part, short_piece + 1> parts;
    std::size_t count = piece.size();
    auto merged_rank = [&](std::size_t part) {  // parts[count] is the end
        if (part + 2 > count) return none;
        return find(piece.substr(parts[part].begin, parts[part + 2].begin - parts[part].begin));
    };
    for (std::size_t i = 0; i <= count; ++i) parts[i] = Part{i, none};
    for (std::size_t i = 0; i < count; ++i) parts[i].rank = merged_rank(i);
    for (;;) {
        std::size_t lowest = 0;
        for (std::size_t i = 1; i < count; ++i) {
            if (parts[i].rank < parts[lowest].rank) lowest = i;
        }
        if (parts[lowest].rank == none) break;
        std::move(parts.begin() + static_cast<std::ptrdiff_t>(lowest) + 2,
                  parts.begin() + static_cast<std::ptrdiff_t>(count) + 1,
                  parts.begin() + static_cast<std::ptrdiff_t>(lowest) + 1);
        --count;
        parts[lowest].rank = merged_rank(lowest);
        if (lowest > 0) parts[lowest - 1].rank = merged_rank(lowest - 1);
    }
    for (std::size_t i = 0; i < count; ++i) {
        tokens.push_back(find(piece.substr(parts[i].begin, parts[i + 1].begin - parts[i].begin)));
    }
}

void RankTable::encode_long(std::string_view piece, std::vector<std::uint32_t>& tokens) const {
    // A part begins at its index; next[] links parts, and a part that was swallowed has rank `gone`. An entry of the
    // heap counts only while its part still has the rank it was made for.
    constexpr std::uint32_t gone = none - 1;
    auto const size = static_cast<std::uint32_t>(piece.size());
    std::vector<std::uint32_t> next(size + 1), previous(size + 1), rank(size + 1, none);
    using Entry = std::pair<std::uint32_t, std::uint32_t>;  // rank, part: the leftmost of equals comes first
    std::vector<Entry> entries;
    entries.reserve(size);
    auto rank_of = [&](std::uint32_t part) {
        std::uint32_t const second = next[part];
        return second >= size ? none : find(piece.substr(part, next[second] - part));
    };
    for (std::uint32_t i = 0; i <= size; ++i) {
        next[i] = i + 1;
        previous[i] = i - 1;  // the first one's is never followed
    }
    for (std::uint32_t i = 0; i < size; ++i) {
        rank[i] = rank_of(i);
        if (rank[i] != none) entries.emplace_back(rank[i], i);
    }
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap(std::greater<>(), std::move(entries));
    auto renew = [&](std::uint32_t part) {
        rank[part] = rank_of(part);
        if (rank[part] != none) heap.emplace(rank[part], part);
    };
    while (!heap.empty()) {
        auto const [lowest, part] = heap.top();
        heap.pop();
        if (rank[part] != lowest) continue;
        std::uint32_t const swallowed = next[part];
        rank[swallowed] = gone;
        next[part] = next[swallowed];
        if (next[part] < size) previous[next[part]] = part;
        renew(part);
        if (part > 0) renew(previous[part]);
    }
    for (std::uint32_t part = 0; part < size; part = next[part]) {
        tokens.push_back(find(piece.substr(part, next[part] - part)));
    }
}

}  // namespace aikit::inline v0::text
