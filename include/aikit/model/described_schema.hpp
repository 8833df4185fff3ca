// SPDX-License-Identifier: MIT
// aikit/model/described_schema.hpp - the JSON Schema of what is described; use described.hpp.
#ifndef AIKIT_MODEL_DESCRIBED_SCHEMA_HPP
#define AIKIT_MODEL_DESCRIBED_SCHEMA_HPP

#include <aikit/model/description.hpp>

#include <cstdint>

namespace aikit::inline v0 {

namespace described {

template <class T>
void write_schema(JsonText& out, Place& place, char const* description, std::optional<double> least = {},
                  std::optional<double> most = {});

template <class T>
void write_number_schema(JsonText& out, std::optional<double> least, std::optional<double> most) {
    out.key("type").text(std::is_integral_v<T> ? "integer" : "number");
    if (!least && std::is_unsigned_v<T>) least = 0;
    auto const bound = [&](char const* name, std::optional<double> const& at) {
        if (!at) return;
        out.key(name);
        if (std::is_integral_v<T>) {
            out.number(static_cast<std::int64_t>(*at));
        } else {
            out.number(*at);
        }
    };
    bound("minimum", least);
    bound("maximum", most);
}

template <DescribedStruct T>
void write_struct_schema(JsonText& out, Place& place) {
    place.open.emplace_back(&identity<T>, place.path);
    out.key("type").text("object").key("properties").begin_object();
    auto const each = [&](auto const& one) {
        using Member = std::remove_cvref_t<decltype(std::declval<T>().*(one.member))>;
        out.key(one.name);
        place.within("/properties/" + std::string(one.name), [&] {
            write_schema<Member>(out, place, one.description, one.least, one.most);
            return true;
        });
    };
    std::apply([&](auto const&... one) { (each(one), ...); }, Description<T>::fields);
    out.end_object().key("required").begin_list();
    auto const name = [&](auto const& one) {
        using Member = std::remove_cvref_t<decltype(std::declval<T>().*(one.member))>;
        if (!Shape<Member>::optional) out.text(one.name);
    };
    std::apply([&](auto const&... one) { (name(one), ...); }, Description<T>::fields);
    out.end_list().key("additionalProperties").boolean(false);
    place.open.pop_back();
}

template <class T>
void write_schema(JsonText& out, Place& place, char const* description, std::optional<double> least,
                  std::optional<double> most) {
    if constexpr (Shape<T>::optional) {
        return write_schema<typename T::value_type>(out, place, description, least, most);
    } else {
        out.begin_object();
        if (*description != '\0') out.key("description").text(description);
        std::string const* around = nullptr;
        for (auto const& [type, where] : place.open) {
            if (type == &identity<T>) around = &where;
        }
        if (around != nullptr) {
            out.key("$ref").text(*around);
        } else if constexpr (std::is_same_v<T, bool>) {
            out.key("type").text("boolean");
        } else if constexpr (std::is_arithmetic_v<T>) {
            write_number_schema<T>(out, least, most);
        } else if constexpr (std::is_same_v<T, std::string>) {
            out.key("type").text("string");
        } else if constexpr (Shape<T>::list) {
            out.key("type").text("array").key("items");
            place.within("/items", [&] {
                write_schema<typename T::value_type>(out, place, "", least, most);
                return true;
            });
        } else if constexpr (Shape<T>::map) {
            out.key("type").text("object").key("additionalProperties");
            place.within("/additionalProperties", [&] {
                write_schema<typename T::mapped_type>(out, place, "", least, most);
                return true;
            });
        } else if constexpr (DescribedEnum<T>) {
            out.key("type").text("string").key("enum").begin_list();
            std::apply([&](auto const&... one) { (out.text(one.name), ...); }, Description<T>::values);
            out.end_list();
        } else {
            static_assert(DescribedStruct<T>, "describe this type: specialise aikit::Description");
            write_struct_schema<T>(out, place);
        }
        out.end_object();
    }
}

}  // namespace described

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_DESCRIBED_SCHEMA_HPP
