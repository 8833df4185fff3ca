// SPDX-License-Identifier: MIT
// model/json_exact.hpp - JSON that passes through: numbers keep their exact value, memory may be an arena's.
//
// boost::json 1.81 reads one double in eight a last bit off, which is enough to change the digits of a number that we
// only hand on. The limits are those of core/json.hpp.
#ifndef AIKIT_SRC_MODEL_JSON_EXACT_HPP
#define AIKIT_SRC_MODEL_JSON_EXACT_HPP

#include "core/json.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aikit::inline v0::json_exact {

/// Parses one document after the other and keeps its working memory in between.
class Parser {
public:
    Parser();
    ~Parser();
    Parser(Parser&&) noexcept;
    Parser& operator=(Parser&&) noexcept;

    /// The document in `storage`. `what` names it in the error. Errors: `code`, with the byte and none of the text.
    Result<json::value> parse(std::string_view text, std::string_view what, Errc code = Errc::protocol,
                              boost::json::storage_ptr storage = {});

private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

/// One document with a parser of its own.
Result<json::value> parse(std::string_view text, std::string_view what, Errc code = Errc::protocol,
                          boost::json::storage_ptr storage = {});

/// Memory for a document that is read and let go in one place: small ones take none from the heap, and all of it is
/// given back at once. Must outlive every value made in it. `Small`: what it holds without the heap, in bytes.
template <std::size_t Small>
class ArenaOf {
public:
    ArenaOf() { renew(); }
    ArenaOf(ArenaOf const&) = delete;
    ArenaOf& operator=(ArenaOf const&) = delete;

    boost::json::storage_ptr storage() noexcept { return &*memory_; }

    /// For the next document. Made anew, because release() of Boost 1.81 gives the blocks back and still doubles the
    /// next one: a few dozen large documents would ask for all the memory there is.
    void renew() { memory_.emplace(first_.data(), first_.size()); }

private:
    alignas(std::max_align_t) std::array<unsigned char, Small> first_;
    std::optional<boost::json::monotonic_resource> memory_;
};

/// Of a size for one reply.
using Arena = ArenaOf<4096>;

/// The value as JSON text without spaces; doubles in their shortest form that reads back the same.
std::string write(json::value const& value);
std::string write(json::object const& object);

}  // namespace aikit::inline v0::json_exact

#endif  // AIKIT_SRC_MODEL_JSON_EXACT_HPP
