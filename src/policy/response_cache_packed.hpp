// SPDX-License-Identifier: MIT
// policy/response_cache_packed.hpp - requests and replies as bytes that cannot be read in two ways.
//
// Numbers have a fixed length, texts and lists say theirs, choices say which one.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_PACKED_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_PACKED_HPP

#include "core/sha256.hpp"
#include "policy/response_cache_members.hpp"

#include <bit>
#include <concepts>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

namespace aikit::inline v0::policy::packed {

template <class T>
concept Struct = requires(T& value) {
    members(value);
};
template <class T>
concept Whole = std::integral<T> || std::is_enum_v<T>;

/// How shared bytes (images, documents, sounds) are written.
enum class Media { as_digest, whole };

class Packer {
public:
    explicit Packer(Media media) : media_(media) { out_.reserve(usual_size); }

    template <Whole T>
    Packer& add(T value) {
        return raw(static_cast<std::uint64_t>(value));
    }
    Packer& add(double value) { return raw(std::bit_cast<std::uint64_t>(value)); }
    Packer& add(float value) { return raw(std::bit_cast<std::uint32_t>(value)); }
    Packer& add(std::string_view text) {
        raw(static_cast<std::uint64_t>(text.size()));
        out_.append(text);
        return *this;
    }
    Packer& add(std::string const& text) { return add(std::string_view(text)); }
    Packer& add(std::shared_ptr<std::string const> const& bytes) {
        add(bytes != nullptr);
        if (!bytes) return *this;
        if (media_ == Media::whole) return add(std::string_view(*bytes));
        return add(hex(sha256(*bytes)));
    }
    Packer& add(Pieces const& pieces) {
        for (std::size_t i = 0; i < piece_count; ++i) add(pieces[static_cast<Piece>(i)]);
        return *this;
    }
    template <class T>
    Packer& add(std::optional<T> const& value) {
        add(value.has_value());
        return value ? add(*value) : *this;
    }
    template <class T>
    Packer& add(std::vector<T> const& list) {
        add(list.size());
        for (T const& one : list) add(one);
        return *this;
    }
    template <class... T>
    Packer& add(std::variant<T...> const& value) {
        add(value.index());
        std::visit([this](auto const& one) { add(one); }, value);
        return *this;
    }
    template <Struct T>
    Packer& add(T const& value) {
        std::apply([this](auto const&... each) { (add(each), ...); }, members(value));
        return *this;
    }

    std::string const& text() const noexcept { return out_; }
    std::string take() { return std::move(out_); }

private:
    template <std::unsigned_integral T>
    Packer& raw(T value) {
        std::array<char, sizeof(T)> bytes;
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(bytes.data(), &value, sizeof(T));
        } else {
            for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
        }
        out_.append(bytes.data(), bytes.size());
        return *this;
    }

    static constexpr std::size_t usual_size = 2'048;

    Media media_;
    std::string out_;
};

/// Reads what a Packer wrote with Media::whole. False where the bytes are none of it; never reads beyond them.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

    bool ended() const noexcept { return rest_.empty(); }

    template <Whole T>
    bool read(T& value) {
        std::uint64_t number = 0;
        if (!raw(number)) return false;
        value = static_cast<T>(number);
        return true;
    }
    bool read(double& value) {
        std::uint64_t bits = 0;
        if (!raw(bits)) return false;
        value = std::bit_cast<double>(bits);
        return true;
    }
    bool read(float& value) {
        std::uint32_t bits = 0;
        if (!raw(bits)) return false;
        value = std::bit_cast<float>(bits);
        return true;
    }
    bool read(std::string& text) {
        std::uint64_t size = 0;
        if (!raw(size) || size > rest_.size()) return false;
        text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }
    bool read(std::shared_ptr<std::string const>& bytes) {
        bool there = false;
        if (!read(there)) return false;
        if (!there) return true;
        std::string text;
        if (!read(text)) return false;
        bytes = std::make_shared<std::string const>(std::move(text));
        return true;
    }
    bool read(Pieces& pieces) {
        for (std::size_t i = 0; i < piece_count; ++i) {
            std::int64_t count = 0;
            if (!read(count)) return false;
            pieces.set(static_cast<Piece>(i), count);
        }
        return true;
    }
    template <class T>
    bool read(std::optional<T>& value) {
        bool there = false;
        if (!read(there)) return false;
        if (!there) return true;
        return read(value.emplace());
    }
    template <class T>
    bool read(std::vector<T>& list) {
        std::uint64_t size = 0;
        // Everything that is listed takes four bytes at least.
        if (!raw(size) || size > rest_.size() / 4) return false;
        list.resize(size);
        for (T& one : list) {
            if (!read(one)) return false;
        }
        return true;
    }
    template <class... T>
    bool read(std::variant<T...>& value) {
        std::uint64_t index = 0;
        return raw(index) && read_choice(value, index, std::index_sequence_for<T...>());
    }
    template <Struct T>
    bool read(T& value) {
        return std::apply([this](auto&... each) { return (read(each) && ...); }, members(value));
    }

private:
    template <class Variant, std::size_t... index>
    bool read_choice(Variant& value, std::uint64_t chosen, std::index_sequence<index...>) {
        bool done = false;
        ((chosen == index ? static_cast<void>(done = read(value.template emplace<index>())) : void()), ...);
        return done;
    }

    template <std::unsigned_integral T>
    bool raw(T& value) {
        if (rest_.size() < sizeof(T)) return false;
        value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(rest_[i])) << (8 * i));
        }
        rest_.remove_prefix(sizeof(T));
        return true;
    }

    std::string_view rest_;
};

}  // namespace aikit::inline v0::policy::packed

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_PACKED_HPP
