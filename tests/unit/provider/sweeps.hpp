// SPDX-License-Identifier: MIT
// unit/provider/sweeps.hpp - every dialect's decoder, and what is swept over what was recorded of it.
#ifndef AIKIT_TESTS_UNIT_PROVIDER_SWEEPS_HPP
#define AIKIT_TESTS_UNIT_PROVIDER_SWEEPS_HPP

#include "decoding.hpp"
#include "golden/recordings.hpp"

#include <aikit/model/provider.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aikit_test {

/// What a whole answer comes to: nothing, or why it is refused. Throws when a reply makes no sense.
using WholeReader =
    std::function<std::optional<aikit::Error>(aikit::provider::carrier::Exchange const&, std::string_view)>;

/// One dialect: what of the recordings is its own, and how it is read.
struct Dialect {
    std::string name;
    std::vector<std::string> folders;
    Form form = Form::openai;
    std::function<std::unique_ptr<aikit::provider::carrier::ReplyDecoder>(Recorded const&)> decoder;

    /// The JSON documents of a stream, and a stream made of such.
    std::function<std::vector<std::string>(std::string const&)> documents;
    std::function<std::string(std::vector<std::string> const&)> framed;

    WholeReader read_chat;
    std::vector<std::pair<std::string, WholeReader>> others;  // the end of a path, and who reads what it answers
};

std::vector<Dialect> const& dialects();

/// What came of a stream, as numbers that are compared: a hash for each event.
struct Trace {
    std::vector<std::uint64_t> events;
    std::optional<aikit::Errc> error;
    bool finished = false;
    std::size_t calls = 0;  // handed over
    std::size_t said = 0;   // bytes of texts and thoughts

    bool operator==(Trace const& other) const = default;
};

/// Feeds pieces to a new decoder and ends it properly.
Trace trace(aikit::provider::carrier::ReplyDecoder& decoder, std::vector<std::string_view> const& pieces);

/// Offsets of a body to look at: all of them where `bytes` allows, else those beside the ends of lines and as many of
/// the others, evenly. AIKIT_LONG=1: all.
std::vector<std::size_t> offsets_of(std::string const& body, std::size_t bytes);

/// Everything that may go wrong in a document.
struct Damage {
    std::vector<std::function<void(Json&)>> edits;
};

/// Each member and element deleted, null, and of each other kind.
Damage damage_of(Json const& document);

/// The kinds of all members, by their paths: documents of the same shape fail alike.
std::string shape_of(Json const& document);

/// How many bytes are decoded: as many as said, a tenth in builds that are not optimised, all with AIKIT_LONG=1.
std::size_t sweep_budget(std::size_t bytes);

}  // namespace aikit_test

#endif  // AIKIT_TESTS_UNIT_PROVIDER_SWEEPS_HPP
