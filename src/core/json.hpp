// SPDX-License-Identifier: MIT
// core/json.hpp - the one door to JSON inside aikit: parse with limits, read fields without throwing.
#ifndef AIKIT_SRC_CORE_JSON_HPP
#define AIKIT_SRC_CORE_JSON_HPP

#include <aikit/core/result.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::json {

using boost::json::array;
using boost::json::object;
using boost::json::serialize;
using boost::json::string;
using boost::json::value;

/// How deep anything from outside may nest.
inline constexpr std::size_t max_depth = 64;

/// Strict JSON, at most max_depth deep, valid UTF-8. `what` names the document in the error ("configuration").
/// Errors: `code`, with the byte offset in the sentence and nothing of the text itself.
Result<value> parse(std::string_view text, std::string_view what, Errc code = Errc::protocol);

/// The member, or null when `v` is no object or has no such key. Never throws; the pointer lives as long as `v`.
value const* find(value const& v, std::string_view key) noexcept;
value const* find(object const& o, std::string_view key) noexcept;

/// The member when it is of that kind, else nothing (missing, null, another kind). Integers written as 3.0 count.
std::optional<std::string_view> text(value const& v, std::string_view key) noexcept;
std::optional<std::int64_t> integer(value const& v, std::string_view key) noexcept;
std::optional<double> number(value const& v, std::string_view key) noexcept;
std::optional<bool> boolean(value const& v, std::string_view key) noexcept;
object const* member_object(value const& v, std::string_view key) noexcept;
array const* member_array(value const& v, std::string_view key) noexcept;

// An object is not a value: it would be copied whole to become one, and the answer would be a view of the copy. Ask
// find() for the member, or pass the value that the object is in.
std::optional<std::string_view> text(object const& o, std::string_view key) = delete;
std::optional<std::int64_t> integer(object const& o, std::string_view key) = delete;
std::optional<double> number(object const& o, std::string_view key) = delete;
std::optional<bool> boolean(object const& o, std::string_view key) = delete;
object const* member_object(object const& o, std::string_view key) = delete;
array const* member_array(object const& o, std::string_view key) = delete;

/// The value itself as an integer, accepting 3.0 and 64-bit unsigned that fits.
std::optional<std::int64_t> as_integer(value const& v) noexcept;

/// Reads an object whose every key must be known: configuration, and whatever is ours.
///
///   Fields fields(object, "configuration.providers[0]");
///   fields.read("base_url", config.base_url);
///   if (Result<void> done = fields.finish(); !done) return done.error();   // wrong kinds, unknown keys
///
/// Each error is invalid_argument and names the path of the first field that is wrong.
class Fields {
public:
    Fields(object const& source, std::string path);

    void read(std::string_view key, std::string& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, std::int64_t& out);
    void read(std::string_view key, int& out);
    void read(std::string_view key, double& out);
    template <class T>
    void read(std::string_view key, std::optional<T>& out) {
        if (!present(key)) return;
        T value{};
        read(key, value);
        out = std::move(value);
    }

    /// The raw member, marked as known; null when missing or JSON null.
    value const* take(std::string_view key);
    object const* take_object(std::string_view key);
    array const* take_array(std::string_view key);

    /// Marks the field as wrong with a sentence of the caller's ("must be between 0 and 2").
    void refuse(std::string_view key, std::string_view why);

    std::string const& path() const noexcept { return path_; }

    /// ok, or the first thing that was wrong; unknown keys are found here.
    Result<void> finish();

private:
    bool present(std::string_view key);

    object const& source_;
    std::string path_;
    std::vector<std::string> known_;
    std::optional<Error> error_;
};

}  // namespace aikit::inline v0::json

#endif  // AIKIT_SRC_CORE_JSON_HPP
