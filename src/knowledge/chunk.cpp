// SPDX-License-Identifier: MIT
// knowledge/chunk.cpp - chunks: fixed pieces, or blocks packed under their headings.
#include "knowledge/blocks.hpp"
#include "knowledge/cut.hpp"

#include <aikit/knowledge/chunk.hpp>
#include <aikit/text/unicode.hpp>

#include <functional>

namespace aikit::inline v0::knowledge {
namespace {

constexpr int least_size = 50;
constexpr int most_size = 100'000;

Result<void> check(ChunkingStrategy const& strategy) {
    if (strategy.size < least_size || strategy.size > most_size) {
        return fail(Errc::invalid_argument, "ChunkingStrategy::size is " + std::to_string(strategy.size) +
                                                ": it has to be between 50 and 100,000 characters");
    }
    if (strategy.overlap < 0 || strategy.overlap > strategy.size / 2) {
        return fail(Errc::invalid_argument, "ChunkingStrategy::overlap is " + std::to_string(strategy.overlap) +
                                                ": it has to be between 0 and half the size");
    }
    if (strategy.overlap > 0 && strategy.kind != ChunkingStrategy::Kind::fixed) {
        return fail(Errc::invalid_argument, "ChunkingStrategy::overlap is for chunks of fixed size only");
    }
    return ok();
}

/// Where a piece begins that repeats the last `overlap` characters before `end`: at a word where there is one.
std::size_t overlap_begin(std::string_view text, std::size_t begin, std::size_t end, std::size_t overlap) {
    std::size_t at = end;
    std::size_t word = end;
    for (std::size_t characters = 0; at > begin + 1 && characters < overlap; ++characters) {
        at = text::floor_char(text, at - 1);
        if (at > 0 && is_blank(text[at - 1]) && !is_blank(text[at])) word = at;
    }
    return word < end ? word : at;
}

std::vector<Chunk> fixed_chunks(std::string_view text, std::size_t size, std::size_t overlap) {
    std::vector<Chunk> out;
    for (std::size_t begin = 0; begin < text.size();) {
        Chunk chunk;
        chunk.begin = begin;
        chunk.end = cut_point(text, begin, text.size(), size, size / 5);
        out.push_back(chunk);
        if (chunk.end == text.size()) break;
        std::size_t const next = overlap > 0 ? overlap_begin(text, begin, chunk.end, overlap) : chunk.end;
        begin = next > begin ? next : chunk.end;
    }
    return out;
}

/// Packs blocks into chunks: none crosses a heading, and a heading stands at the head of what it is about.
class Packer {
public:
    Packer(std::string_view text, std::size_t size) : text_(text), size_(size) {}

    std::vector<Chunk> pack(std::vector<Block> const& blocks) {
        for (Block const& block : blocks) {
            if (block.kind == Block::Kind::heading) {
                if (has_body_) flush();
                enter(block);
            }
            take(block);
        }
        flush();
        return std::move(chunks_);
    }

private:
    struct Heading {
        int level = 0;
        std::string title;
    };

    void enter(Block const& heading) {
        while (!path_.empty() && path_.back().level >= heading.level) path_.pop_back();
        if (heading.title.empty()) return;
        Heading entry;
        entry.level = heading.level;
        entry.title = heading.title;
        path_.push_back(std::move(entry));
    }

    void take(Block const& block) {
        std::size_t const characters = count_characters(text_.substr(block.begin, block.end - block.begin));
        bool const heading = block.kind == Block::Kind::heading;
        bool const fits_beside = characters_ + characters <= size_;
        // Prose goes on in what is left under a bare heading; code and tables would rather be whole on their own.
        bool const alone = characters <= size_ && (has_body_ || block.kind == Block::Kind::lines || heading);
        if (fits_beside) {
            extend(block.begin, block.end, characters);
        } else if (alone) {
            flush();
            extend(block.begin, block.end, characters);
        } else {
            cut_block(text_, block, size_, [this](std::size_t begin, std::size_t end) {
                std::size_t const piece = count_characters(text_.substr(begin, end - begin));
                if (characters_ + piece > size_) flush();
                extend(begin, end, piece);
            });
        }
        if (!heading) has_body_ = true;
    }

    void extend(std::size_t begin, std::size_t end, std::size_t characters) {
        if (characters_ == 0) begin_ = begin;
        end_ = end;
        characters_ += characters;
    }

    void flush() {
        if (characters_ > 0) {
            Chunk chunk;
            chunk.begin = begin_;
            chunk.end = end_;
            for (Heading const& heading : path_) chunk.headings.push_back(heading.title);
            chunks_.push_back(std::move(chunk));
        }
        characters_ = 0;
        has_body_ = false;
    }

    std::string_view text_;
    std::size_t size_;
    std::vector<Heading> path_;
    std::vector<Chunk> chunks_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t characters_ = 0;
    bool has_body_ = false;
};

}  // namespace

char const* name(ChunkingStrategy::Kind kind) noexcept {
    switch (kind) {
        case ChunkingStrategy::Kind::fixed: return "fixed";
        case ChunkingStrategy::Kind::paragraph: return "paragraph";
        case ChunkingStrategy::Kind::markdown: return "markdown";
    }
    return "unknown";
}

Result<std::vector<Chunk>> chunk(std::string_view text, ChunkingStrategy const& strategy) {
    if (Result<void> checked = check(strategy); !checked) return checked.error();
    if (std::size_t const bad = text::first_bad_utf8(text); bad != std::string_view::npos) {
        return fail(Errc::invalid_argument, "the text is not valid UTF-8 (at byte " + std::to_string(bad) + ")");
    }
    if (is_blank(text)) return std::vector<Chunk>();

    auto const size = static_cast<std::size_t>(strategy.size);
    switch (strategy.kind) {
        case ChunkingStrategy::Kind::fixed: return fixed_chunks(text, size, static_cast<std::size_t>(strategy.overlap));
        case ChunkingStrategy::Kind::paragraph: return Packer(text, size).pack(paragraph_blocks(text));
        case ChunkingStrategy::Kind::markdown: return Packer(text, size).pack(markdown_blocks(text));
    }
    return fail(Errc::invalid_argument, "ChunkingStrategy::kind is none of fixed, paragraph, markdown");
}

}  // namespace aikit::inline v0::knowledge
