// SPDX-License-Identifier: MIT
// aikit/model/described_value.hpp - reads and writes what is described; use described.hpp.
#ifndef AIKIT_MODEL_DESCRIBED_VALUE_HPP
#define AIKIT_MODEL_DESCRIBED_VALUE_HPP

#include <aikit/model/description.hpp>

#include <cstdint>
#include <limits>

namespace aikit::inline v0 {

namespace described {

template <class T>
bool read(JsonView from, T& out, Place& place, std::optional<double> least = {}, std::optional<double> most = {});

template <class T>
bool read_number(JsonView from, T& out, Place& place, std::optional<double> least, std::optional<double> most) {
    if constexpr (std::is_floating_point_v<T>) {
        std::optional<double> const number = from.number();
        if (!number) return place.wrong("must be a number");
        out = static_cast<T>(*number);
    } else if constexpr (std::is_unsigned_v<T>) {
        std::optional<std::uint64_t> const number = from.natural();
        if (!number) return place.wrong("must be a whole number that is not negative");
        if (*number > std::numeric_limits<T>::max()) return place.wrong("is too large");
        out = static_cast<T>(*number);
    } else {
        std::optional<std::int64_t> const number = from.integer();
        if (!number) return place.wrong("must be a whole number");
        bool const small = *number < std::numeric_limits<T>::min();
        if (small || *number > std::numeric_limits<T>::max())
            return place.wrong(small ? "is too small" : "is too large");
        out = static_cast<T>(*number);
    }
    if (least && static_cast<double>(out) < *least) return place.wrong("is below its minimum");
    if (most && static_cast<double>(out) > *most) return place.wrong("is above its maximum");
    return true;
}

template <DescribedStruct T>
bool read_struct(JsonView from, T& out, Place& place) {
    if (!from.is_object()) return place.wrong("must be an object");
    auto const each = [&](auto const& one) {
        using Member = std::remove_cvref_t<decltype(out.*(one.member))>;
        std::optional<JsonView> const found = from.find(one.name);
        return place.within("." + std::string(one.name), [&] {
            if (!found) return Shape<Member>::optional || place.wrong("is missing");
            return read(*found, out.*(one.member), place, one.least, one.most);
        });
    };
    return std::apply([&](auto const&... one) { return (each(one) && ...); }, Description<T>::fields);
}

template <DescribedEnum T>
bool read_enum(JsonView from, T& out, Place& place) {
    std::optional<std::string_view> const word = from.text();
    bool known = false;
    auto const each = [&](auto const& one) {
        if (!word || *word != one.name) return;
        out = one.value;
        known = true;
    };
    std::apply([&](auto const&... one) { (each(one), ...); }, Description<T>::values);
    return known || place.wrong("must be one of the words that are described");
}

template <class T>
bool read(JsonView from, T& out, Place& place, std::optional<double> least, std::optional<double> most) {
    if constexpr (Shape<T>::optional) {
        out.reset();
        return from.is_null() || read(from, out.emplace(), place, least, most);
    } else if constexpr (std::is_same_v<T, bool>) {
        std::optional<bool> const is = from.boolean();
        out = is.value_or(false);
        return is || place.wrong("must be true or false");
    } else if constexpr (std::is_arithmetic_v<T>) {
        return read_number(from, out, place, least, most);
    } else if constexpr (std::is_same_v<T, std::string>) {
        std::optional<std::string_view> const is = from.text();
        out = is.value_or("");
        return is || place.wrong("must be a text");
    } else if constexpr (Shape<T>::list) {
        out.clear();
        if (!from.is_list()) return place.wrong("must be a list");
        for (std::size_t i = 0; i < from.size(); ++i) {
            typename T::value_type item{};
            bool const good = place.within("[" + std::to_string(i) + "]",
                                           [&] { return read(from.item(i), item, place, least, most); });
            if (!good) return false;
            out.push_back(std::move(item));
        }
        return true;
    } else if constexpr (Shape<T>::map) {
        out.clear();
        if (!from.is_object()) return place.wrong("must be an object");
        for (std::size_t i = 0; i < from.size(); ++i) {
            auto const [name, member] = from.member(i);
            typename T::mapped_type& item = out[std::string(name)];
            JsonView const value = member;
            // The name is the document's own and stays out of the sentence.
            if (!place.within(".*", [&] { return read(value, item, place, least, most); })) return false;
        }
        return true;
    } else if constexpr (DescribedEnum<T>) {
        return read_enum(from, out, place);
    } else {
        static_assert(DescribedStruct<T>, "describe this type: specialise aikit::Description");
        return read_struct(from, out, place);
    }
}

template <class T>
void write(JsonText& out, T const& value) {
    if constexpr (Shape<T>::optional) {
        value ? write(out, *value) : static_cast<void>(out.null());
    } else if constexpr (std::is_same_v<T, bool>) {
        out.boolean(value);
    } else if constexpr (std::is_floating_point_v<T>) {
        out.number(static_cast<double>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
        out.number(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
        out.number(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
        out.text(value);
    } else if constexpr (Shape<T>::list) {
        out.begin_list();
        for (std::size_t i = 0; i < value.size(); ++i) write<typename T::value_type>(out, value[i]);
        out.end_list();
    } else if constexpr (Shape<T>::map) {
        out.begin_object();
        for (auto const& [name, item] : value) write(out.key(name), item);
        out.end_object();
    } else if constexpr (DescribedEnum<T>) {
        char const* word = nullptr;
        auto const each = [&](auto const& one) { word = one.value == value ? one.name : word; };
        std::apply([&](auto const&... one) { (each(one), ...); }, Description<T>::values);
        word != nullptr ? out.text(word) : out.null();
    } else {
        static_assert(DescribedStruct<T>, "describe this type: specialise aikit::Description");
        out.begin_object();
        auto const each = [&](auto const& one) {
            using Member = std::remove_cvref_t<decltype(value.*(one.member))>;
            if constexpr (Shape<Member>::optional) {
                if (!(value.*(one.member))) return;  // what is missing is left out
            }
            out.key(one.name);
            write(out, value.*(one.member));
        };
        std::apply([&](auto const&... one) { (each(one), ...); }, Description<T>::fields);
        out.end_object();
    }
}

}  // namespace described

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_DESCRIBED_VALUE_HPP
