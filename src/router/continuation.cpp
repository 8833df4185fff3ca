// SPDX-License-Identifier: MIT
// router/continuation.cpp - where an answer that was cut and a new one meet.
#include "router/continuation.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace aikit::inline v0::router {
namespace {

// Two wordings are joined at a passage of so many bytes, longer where it stands several times in what was sent, and
// at none shorter than the least.
constexpr std::size_t usual_anchor = 64;
constexpr std::size_t least_anchor = 24;

// A prefilled answer that begins with as much of what was sent was begun anew, whatever was asked for.
constexpr std::size_t sign_of_repetition = 32;

bool is_blank(char byte) noexcept {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool continues_character(char byte) noexcept {
    constexpr unsigned char mask = 0xC0, mark = 0x80;
    return (static_cast<unsigned char>(byte) & mask) == mark;
}

/// The length of the longest end of the text that stands in it elsewhere too. The Z algorithm on the text read
/// backwards (Gusfield, Algorithms on Strings, Trees, and Sequences, 1997, section 1.3): linear.
std::size_t repeated_end(std::string_view text) {
    std::size_t const size = text.size();
    auto const back = [&](std::size_t at) { return text[size - 1 - at]; };
    std::vector<std::size_t> z(size, 0);
    std::size_t longest = 0, left = 0, right = 0;
    for (std::size_t i = 1; i < size; ++i) {
        if (i < right) z[i] = std::min(right - i, z[i - left]);
        while (i + z[i] < size && back(z[i]) == back(i + z[i])) ++z[i];
        if (i + z[i] > right) {
            left = i;
            right = i + z[i];
        }
        longest = std::max(longest, z[i]);
    }
    return longest;
}

/// The end of what was sent, from the beginning of a character on, and so long that it stands there once. Empty: there
/// is none.
std::string_view anchor_of(std::string_view sent) {
    std::size_t const unique = repeated_end(sent) + 1;
    std::size_t const size = std::max(unique, std::min(sent.size(), usual_anchor));
    if (size > sent.size() || size < least_anchor) return {};
    std::size_t at = sent.size() - size;
    while (at > 0 && continues_character(sent[at])) --at;
    return sent.substr(at);
}

}  // namespace

char const* name(Joint joint) noexcept {
    switch (joint) {
        case Joint::waiting: return "waiting";
        case Joint::prefill: return "prefill";
        case Joint::repeated: return "repeated";
        case Joint::common: return "common";
    }
    return "";
}

Continuation::Continuation(std::string sent, bool prefilled) : sent_(std::move(sent)), prefilled_(prefilled) {
    if (sent_.empty()) joint_ = Joint::repeated;
    if (prefilled_) blanks_ = sent_.size() - prefill_of(sent_).size();
}

std::string_view Continuation::prefill_of(std::string_view sent) noexcept {
    while (!sent.empty() && is_blank(sent.back())) sent.remove_suffix(1);
    return sent;
}

std::string Continuation::take(std::string_view piece) {
    if (joint_ != Joint::waiting) return std::string(piece);
    held_ += piece;
    if (!prefilled_) return begun_over();
    // Blanks that were sent already come again, as the prefill had none at its end.
    std::string_view const blanks = std::string_view(sent_).substr(sent_.size() - blanks_);
    auto const here = std::mismatch(held_.begin(), held_.end(), blanks.begin(), blanks.end());
    if (here.first == held_.end() && here.second != blanks.end()) return {};
    if (sent_.size() >= sign_of_repetition) {
        std::size_t const known = std::min(held_.size(), sign_of_repetition);
        if (sent_.compare(0, known, held_, 0, known) == 0) {
            if (known < sign_of_repetition) return {};
            prefilled_ = false;
            return begun_over();
        }
    }
    return end();
}

std::string Continuation::end() {
    if (joint_ != Joint::waiting || !prefilled_) return {};
    std::string_view const blanks = std::string_view(sent_).substr(sent_.size() - blanks_);
    auto const here = std::mismatch(held_.begin(), held_.end(), blanks.begin(), blanks.end());
    held_.erase(held_.begin(), here.first);
    joint_ = Joint::prefill;
    return std::exchange(held_, std::string());
}

std::string Continuation::begun_over() {
    if (!differs_) {
        std::size_t const known = std::min(held_.size(), sent_.size());
        std::size_t const from = std::min(looked_at_, known);
        if (sent_.compare(from, known - from, held_, from, known - from) == 0) {
            looked_at_ = known;
            if (held_.size() < sent_.size()) return {};
            joint_ = Joint::repeated;
            held_.erase(0, sent_.size());
            return std::exchange(held_, std::string());
        }
        differs_ = true;
        anchor_ = anchor_of(sent_).size();
        looked_at_ = 0;
    }
    return after_anchor();
}

std::string Continuation::after_anchor() {
    std::string_view const anchor = std::string_view(sent_).substr(sent_.size() - anchor_);
    if (anchor.empty()) return {};
    std::size_t const at = held_.find(anchor, looked_at_);
    if (at == std::string::npos) {
        looked_at_ = held_.size() < anchor.size() ? 0 : held_.size() - anchor.size() + 1;
        return {};
    }
    joint_ = Joint::common;
    held_.erase(0, at + anchor.size());
    return std::exchange(held_, std::string());
}

}  // namespace aikit::inline v0::router
