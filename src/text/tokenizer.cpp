// SPDX-License-Identifier: MIT
// text/tokenizer.cpp - byte pair encoders over their published rank files.
#include "core/os/files.hpp"
#include "core/os/os.hpp"
#include "core/sha256.hpp"
#include "text/pieces.hpp"
#include "text/ranks.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/text/tokenizer.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

namespace aikit::inline v0::text {
namespace {

// Merging holds some twenty bytes for each byte of a piece. One without a break for a mebibyte is no language: it is
// merged in slices, which may give a token more at each cut.
constexpr std::size_t longest_piece = 1 << 20;

constexpr std::int64_t largest_file = 16 << 20;

struct Published {
    char const* name;
    char const* sha256;
};

// The hashes that tiktoken's openai_public.py expects of the files.
Published const& published(Encoding encoding) noexcept {
    static constexpr std::array<Published, 2> rows = {{
        {"cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"},
        {"o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"},
    }};
    return rows[encoding == Encoding::o200k_base ? 1 : 0];
}

class RankTokenizer final : public Tokenizer {
public:
    RankTokenizer(Encoding encoding, RankTable ranks) : encoding_(encoding), ranks_(std::move(ranks)) {}

    std::int64_t count(std::string_view text) const override {
        std::int64_t total = 0;
        std::vector<std::uint32_t> tokens;
        each_slice(text, [&](std::string_view slice) {
            tokens.clear();
            ranks_.encode(slice, tokens);
            total += static_cast<std::int64_t>(tokens.size());
        });
        return total;
    }

    std::vector<std::uint32_t> encode(std::string_view text) const override {
        std::vector<std::uint32_t> tokens;
        tokens.reserve(text.size() / 4 + 1);
        each_slice(text, [&](std::string_view slice) { ranks_.encode(slice, tokens); });
        return tokens;
    }

    Result<std::string> decode(std::vector<std::uint32_t> const& tokens) const override {
        std::string text;
        for (std::uint32_t const token : tokens) {
            std::string_view const bytes = ranks_.bytes(token);
            if (bytes.empty()) {
                return fail(Errc::invalid_argument, "decode: token " + std::to_string(token) +
                                                        " is not in the vocabulary of " + name(encoding_));
            }
            text += bytes;
        }
        return text;
    }

private:
    template <class Use>
    void each_slice(std::string_view text, Use use) const {
        for (std::size_t at = 0; at < text.size();) {
            std::size_t const end = piece_end(encoding_, text, at);
            for (; at < end; at += std::min(longest_piece, end - at)) {
                use(text.substr(at, std::min(longest_piece, end - at)));
            }
        }
    }

    Encoding encoding_;
    RankTable ranks_;
};

/// What find() found, and where it looked: it looks again when the environment says otherwise.
struct Found {
    std::mutex mutex;
    std::optional<std::string> folder;
    bool searched = false;
    std::shared_ptr<Tokenizer const> tokenizer;
    Error error;
};

Found& found(Encoding encoding) {
    static NoDestructor<std::array<Found, 2>> all;
    return (*all)[encoding == Encoding::o200k_base ? 1 : 0];
}

Result<std::shared_ptr<Tokenizer const>> search(Encoding encoding, std::optional<std::string> const& folder) {
    std::string const file = std::string("/") + name(encoding) + ".tiktoken";
    if (folder && !folder->empty()) {
        Result<std::shared_ptr<Tokenizer const>> first = Tokenizer::load(encoding, *folder + file);
        if (first || first.error().code != Errc::not_found) return first;
    }
    return Tokenizer::load(encoding, AIKIT_INSTALLED_DATA + file);
}

}  // namespace

char const* name(Encoding encoding) noexcept {
    return published(encoding).name;
}

Result<std::shared_ptr<Tokenizer const>> Tokenizer::load(Encoding encoding, std::string const& path) {
    std::string const what = std::string("tokenizer data ") + path;
    Result<std::string> const bytes = os::read_file(path, largest_file);
    if (!bytes) return bytes.error();
    if (hex(sha256(*bytes)) != published(encoding).sha256) {
        return fail(Errc::invalid_argument, what + " is not the published " + name(encoding) +
                                                ".tiktoken (its SHA-256 differs); fetch it again");
    }
    Result<RankTable> ranks = RankTable::parse(*bytes);
    if (!ranks) return ranks.error();
    std::shared_ptr<Tokenizer const> made = std::make_shared<RankTokenizer>(encoding, std::move(*ranks));
    return made;
}

Result<std::shared_ptr<Tokenizer const>> Tokenizer::find(Encoding encoding) {
    Found& place = found(encoding);
    std::lock_guard const lock(place.mutex);
    std::optional<std::string> const folder = os::environment("AIKIT_DATA");
    if (!place.searched || place.folder != folder) {
        Result<std::shared_ptr<Tokenizer const>> result = search(encoding, folder);
        place.tokenizer = result ? *result : nullptr;
        place.error = result ? Error() : result.error();
        place.folder = folder;
        place.searched = true;
    }
    if (!place.tokenizer) return place.error;
    return place.tokenizer;
}

}  // namespace aikit::inline v0::text
