// SPDX-License-Identifier: MIT
// knowledge/prepare.cpp - reading, hashing, cutting.
#include "knowledge/prepare.hpp"

#include "core/async.hpp"
#include "core/json.hpp"
#include "core/sha256.hpp"

#include <aikit/knowledge/extract.hpp>
#include <aikit/text/unicode.hpp>

namespace aikit::inline v0::knowledge {
namespace {

PreparedDocument failed(PreparedDocument document, Error const& error) {
    document.row.document.status = DocumentStatus::failed;
    document.row.document.error = error.message;
    document.row.document.chunks = 0;
    document.chunks.clear();
    return document;
}

/// What leads to a chunk and is not in it: a passage "It takes a day." is found by the heading it stands under.
std::string prefix_of(Chunk const& chunk, std::string const& title, std::size_t index) {
    std::string out;
    for (std::string const& heading : chunk.headings) out += (out.empty() ? "" : " > ") + heading;
    if (out.empty() && index > 0) out = title;
    return out.empty() ? out : out + "\n";
}

std::string metadata_of(std::string const& uri, std::string const& title, Chunk const& chunk, std::size_t prefix,
                        json::value const& user) {
    json::object out;
    out["uri"] = uri;
    out["title"] = title;
    json::array headings;
    for (std::string const& heading : chunk.headings) headings.push_back(json::value(heading));
    out["headings"] = std::move(headings);
    out["begin"] = chunk.begin;
    out["end"] = chunk.end;
    out["prefix"] = prefix;
    if (!user.is_null()) out["user"] = user;
    return json::serialize(out);
}

bool blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

Result<json::value> user_metadata(std::string const& text) {
    if (text.empty()) return json::value(nullptr);
    Result<json::value> parsed = json::parse(text, "document's metadata", Errc::invalid_argument);
    if (parsed && !parsed->is_object()) {
        return fail(Errc::invalid_argument, "the document's metadata must be a JSON object");
    }
    return parsed;
}

}  // namespace

std::string chunk_id(std::string const& uri, std::int64_t number) {
    return uri + "#" + std::to_string(number);
}

PreparedDocument prepare(DocumentInput const& input, DocumentRow const* known, ChunkingStrategy const& chunking,
                         std::string const& settings, SystemTime now) {
    PreparedDocument out;
    out.row.document.uri = input.uri;
    out.row.document.updated = now;
    out.row.metadata = input.metadata.empty() ? "{}" : input.metadata;
    out.is_new = known == nullptr;
    out.chunks_before = known ? known->document.chunks : 0;
    if (input.uri.empty() || input.uri.size() > max_uri || !text::is_utf8(input.uri)) {
        return failed(std::move(out), fail(Errc::invalid_argument, "the document's name must be 1 to " +
                                                                       std::to_string(max_uri) + " bytes of UTF-8"));
    }
    Result<json::value> user = user_metadata(input.metadata);
    if (!user) return failed(std::move(out), user.error());
    if (!input.read) return failed(std::move(out), fail(Errc::invalid_argument, "the document has no way to be read"));
    Result<std::string> bytes = guarded(input.read);
    if (!bytes) return failed(std::move(out), bytes.error());

    out.row.document.bytes = static_cast<std::int64_t>(bytes->size());
    out.row.content_hash = hex(Sha256().add(settings).add("\n").add(out.row.metadata).add("\n").add(*bytes).finish());
    if (known && known->document.status == DocumentStatus::completed && known->content_hash == out.row.content_hash) {
        out.row = *known;
        return out;
    }
    Result<ExtractedText> extracted = extract(*bytes, input.uri);
    if (!extracted) return failed(std::move(out), extracted.error());
    out.row.document.title = extracted->title;
    out.row.document.media_type = extracted->media_type;
    ChunkingStrategy cutting = chunking;
    bool const plain = extracted->media_type != "text/markdown";
    // Markdown's rules would read a meaning into the marks and indents of other texts.
    if (plain && cutting.kind == ChunkingStrategy::Kind::markdown) cutting.kind = ChunkingStrategy::Kind::paragraph;
    Result<std::vector<Chunk>> chunks = chunk(extracted->text, cutting);
    if (!chunks) return failed(std::move(out), chunks.error());
    for (Chunk const& piece : *chunks) {
        std::string_view const text = std::string_view(extracted->text).substr(piece.begin, piece.end - piece.begin);
        if (blank(text)) continue;
        PreparedChunk prepared;
        prepared.text = prefix_of(piece, extracted->title, out.chunks.size());
        prepared.metadata = metadata_of(input.uri, extracted->title, piece, prepared.text.size(), *user);
        prepared.text += text;
        out.chunks.push_back(std::move(prepared));
    }
    out.row.document.chunks = static_cast<std::int64_t>(out.chunks.size());
    out.row.document.status = DocumentStatus::pending;
    return out;
}

Result<RelevantChunk> to_relevant(vector::Hit hit) {
    Result<json::value> parsed = json::parse(hit.metadata, "chunk's metadata", Errc::storage);
    if (!parsed) return parsed.error();
    std::optional<std::int64_t> const begin = json::integer(*parsed, "begin");
    std::optional<std::int64_t> const end = json::integer(*parsed, "end");
    std::optional<std::int64_t> const prefix = json::integer(*parsed, "prefix");
    std::optional<std::string_view> const uri = json::text(*parsed, "uri");
    if (!begin || !end || !prefix || !uri || *prefix < 0 || static_cast<std::size_t>(*prefix) > hit.text.size()) {
        return fail(Errc::storage,
                    "a chunk of the knowledge base has metadata of another kind; take its document in again");
    }
    RelevantChunk out;
    out.uri = *uri;
    out.title = json::text(*parsed, "title").value_or("");
    if (json::array const* headings = json::member_array(*parsed, "headings")) {
        for (json::value const& heading : *headings) {
            if (heading.is_string()) out.headings.emplace_back(heading.get_string());
        }
    }
    out.begin = *begin;
    out.end = *end;
    out.id = std::move(hit.id);
    out.text = hit.text.substr(static_cast<std::size_t>(*prefix));
    out.score = hit.score;
    out.dense_score = hit.dense_score;
    out.sparse_score = hit.sparse_score;
    return out;
}

}  // namespace aikit::inline v0::knowledge
