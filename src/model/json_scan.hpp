// SPDX-License-Identifier: MIT
// model/json_scan.hpp - JSON read in one go, without a tree: known members as values, others as pieces of the text.
#ifndef AIKIT_SRC_MODEL_JSON_SCAN_HPP
#define AIKIT_SRC_MODEL_JSON_SCAN_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aikit::inline v0 {

/// Goes over a document from its first byte to its last. Each step is false where the text is not JSON, is not of the
/// kind that was asked for, or is written in a way that this reader leaves to the parser (a key with an escape, a
/// number with a long exponent, a deep nest); after that nothing more may be asked. What it lets pass, the parser of
/// core/json.hpp lets pass.
///
/// The text must outlive it. Thread-safety: distinct objects: safe.
class JsonScan {
public:
    explicit JsonScan(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

    /// Takes an object. `member(key)` takes the value of each and says whether to go on; `key` lives as long as the
    /// text.
    template <class Member>
    bool object(Member&& member) {
        if (!open('{')) return false;
        if (take('}')) return true;
        do {
            std::string_view key;
            if (!take_key(key) || !member(key)) return false;
        } while (take(','));
        return take('}');
    }

    /// Takes an array; `item()` takes each value.
    template <class Item>
    bool array(Item&& item) {
        if (!open('[')) return false;
        if (take(']')) return true;
        do {
            if (!item()) return false;
        } while (take(','));
        return take(']');
    }

    /// The first byte of the next token, 0 at the end: '{', '[', '"', 'n'.
    char peek() noexcept {
        pass_space();
        return at_ == end_ ? '\0' : *at_;
    }

    bool string(std::string& out);

    /// Digits alone, at most 15 of them.
    bool count(std::int64_t& out) noexcept;

    /// Takes any value.
    bool skip() { return pass_value(0); }

    /// Where the next token begins.
    struct Mark {
        Mark() = default;
        Mark(char const* at_, std::size_t spaces_) noexcept : at(at_), spaces(spaces_) {}

        char const* at = nullptr;
        std::size_t spaces = 0;
    };
    Mark mark() noexcept {
        pass_space();
        return Mark(at_, spaces_);
    }

    /// Appends to `out` what was taken since, as it is written, but for the space around its tokens.
    void copy_since(Mark begin, std::string& out) const;

    /// Takes any value and appends it to `out` as copy_since() does.
    bool copy(std::string& out) {
        Mark const begin = mark();
        if (!skip()) return false;
        copy_since(begin, out);
        return true;
    }

    /// True when nothing but space is left.
    bool finished() noexcept { return peek() == '\0' && at_ == end_; }

private:
    void pass_space() noexcept {
        while (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ' && is_space(*at_)) {
            ++at_;
            ++spaces_;
        }
    }
    static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
    bool open(char bracket) noexcept { return take(bracket); }
    bool take(char c) noexcept {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    bool take_key(std::string_view& key) noexcept;
    bool pass_string(std::string_view& inside, bool& escaped) noexcept;
    bool pass_escape() noexcept;
    bool pass_number() noexcept;
    bool pass_word(std::string_view word) noexcept;
    bool pass_value(int depth);

    char const* at_;
    char const* end_;
    std::size_t spaces_ = 0;  // bytes of space passed so far
};

/// The members of an object that no field has, as text; empty when there are none.
class JsonRest {
public:
    explicit JsonRest(std::string& out) noexcept : out_(out) {}

    /// Takes the value of `key`. False also for a key that came before.
    bool keep(std::string_view key, JsonScan& scan);
    void close() {
        if (!out_.empty()) out_ += '}';
    }

private:
    static constexpr std::size_t most = 16;

    std::string& out_;
    std::size_t count_ = 0;
    std::array<std::string_view, most> keys_;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_SRC_MODEL_JSON_SCAN_HPP
