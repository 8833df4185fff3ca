// SPDX-License-Identifier: MIT
// aikit/model/description.hpp - what a struct says of its members, and an enumeration of its words.
#ifndef AIKIT_MODEL_DESCRIPTION_HPP
#define AIKIT_MODEL_DESCRIPTION_HPP

#include <aikit/model/json_view.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aikit::inline v0 {

/// What is known of a struct or an enumeration; specialise it:
///
///   template <> struct aikit::Description<Trip> {
///       static constexpr auto fields = std::tuple{aikit::field("city", &Trip::city, "Where to"),
///                                                 aikit::field("days", &Trip::days).at_least(1).at_most(30)};
///   };
///   template <> struct aikit::Description<Fare> {
///       static constexpr auto values = std::tuple{aikit::value("cheap", Fare::cheap), aikit::value("dear",
///       Fare::dear)};
///   };
///
/// Fields are bool, numbers, std::string, std::optional (which may be missing), std::vector, std::map by std::string,
/// and what is described itself, also within itself.
template <class T>
struct Description;

/// A member of a struct. Names and descriptions are string literals.
template <class Owner, class T>
struct Field {
    char const* name;
    T Owner::*member;
    char const* description = "";
    std::optional<double> least = std::nullopt;
    std::optional<double> most = std::nullopt;

    /// Numbers: the bound itself is allowed.
    constexpr Field at_least(double bound) const {
        Field out = *this;
        out.least = bound;
        return out;
    }
    constexpr Field at_most(double bound) const {
        Field out = *this;
        out.most = bound;
        return out;
    }
};

template <class Owner, class T>
constexpr Field<Owner, T> field(char const* name, T Owner::*member, char const* description = "") {
    return Field<Owner, T>{name, member, description};
}

/// An enumerator and its word.
template <class T>
struct NamedValue {
    char const* name;
    T value;
};

template <class T>
constexpr NamedValue<T> value(char const* name, T enumerator) {
    return NamedValue<T>{name, enumerator};
}

template <class T>
concept DescribedStruct = requires {
    Description<T>::fields;
};
template <class T>
concept DescribedEnum = requires {
    Description<T>::values;
};

namespace described {

template <class T>
struct Shape {
    static constexpr bool optional = false, list = false, map = false;
};
template <class T>
struct Shape<std::optional<T>> {
    static constexpr bool optional = true, list = false, map = false;
};
template <class T>
struct Shape<std::vector<T>> {
    static constexpr bool optional = false, list = true, map = false;
};
template <class T>
struct Shape<std::map<std::string, T>> {
    static constexpr bool optional = false, list = false, map = true;
};

template <class T>
inline constexpr char identity = 0;

/// Where a document or a schema is, and what was wrong there first.
struct Place {
    std::string path = "$";
    std::string why;
    std::vector<std::pair<void const*, std::string>> open;  ///< Schemas that are being written, and where they stand.

    bool wrong(std::string_view what) {
        if (why.empty()) why = path + " " + std::string(what);
        return false;
    }
    template <class Work>
    bool within(std::string const& segment, Work&& work) {
        std::size_t const before = path.size();
        path += segment;
        bool const good = work();
        path.resize(before);
        return good;
    }
};

}  // namespace described

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_DESCRIPTION_HPP
