// SPDX-License-Identifier: MIT
// knowledge/documents.cpp - SQL of knowledge bases and documents.
#include "knowledge/documents.hpp"

#include <array>

namespace aikit::inline v0::knowledge {
namespace {

using storage::Connection;
using storage::Statement;

constexpr std::array<DocumentStatus, 4> statuses{DocumentStatus::pending, DocumentStatus::processing,
                                                 DocumentStatus::completed, DocumentStatus::failed};

DocumentStatus status_from(std::string_view text) {
    for (DocumentStatus const status : statuses) {
        if (text == name(status)) return status;
    }
    return DocumentStatus::pending;  // a word of a later version: to be taken again
}

DocumentRow read_row(Statement const& find) {
    DocumentRow row;
    row.document.uri = find.text(0);
    row.document.title = find.text(1);
    row.document.media_type = find.text(2);
    row.content_hash = find.text(3);
    row.document.status = status_from(find.text(4));
    row.document.error = find.text(5);
    row.document.bytes = find.integer(6);
    row.document.chunks = find.integer(7);
    row.metadata = find.text(8);
    row.document.updated = storage::from_micros(find.integer(9));
    return row;
}

}  // namespace

char const* name(DocumentStatus status) noexcept {
    switch (status) {
        case DocumentStatus::pending: return "pending";
        case DocumentStatus::processing: return "processing";
        case DocumentStatus::completed: return "completed";
        case DocumentStatus::failed: return "failed";
    }
    return "unknown";
}

Result<std::int64_t> open_base(Connection& db, std::string const& name, std::string const& settings, std::int64_t now) {
    Statement add(
        db, "INSERT INTO knowledge_base (name, settings, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING");
    add.bind(1, name).bind(2, settings).bind(3, now);
    if (Result<void> done = add.run(); !done) return done.error();
    Statement find(db, "SELECT id, settings FROM knowledge_base WHERE name = $1");
    find.bind(1, name);
    if (find.step()) {
        if (find.text(1) != settings) {
            return fail(Errc::invalid_argument, "the knowledge base '" + name + "' was made with other settings (" +
                                                    std::string(find.text(1)) + "); use these, or another name");
        }
        return find.integer(0);
    }
    if (Result<void> done = find.done(); !done) return done.error();
    return fail(Errc::internal, "a knowledge base that was just written is not there");
}

Result<std::map<std::string, DocumentRow>> read_documents(Connection& db, std::int64_t base) {
    Statement find(db,
                   "SELECT uri, title, media_type, content_hash, status, error, bytes, chunks, metadata, updated "
                   "FROM document WHERE knowledge_base = $1 ORDER BY uri");
    find.bind(1, base);
    std::map<std::string, DocumentRow> out;
    while (find.step()) {
        DocumentRow row = read_row(find);
        out.emplace(row.document.uri, std::move(row));
    }
    if (Result<void> done = find.done(); !done) return done.error();
    return out;
}

Result<std::optional<DocumentRow>> read_document(Connection& db, std::int64_t base, std::string const& uri) {
    Statement find(db,
                   "SELECT uri, title, media_type, content_hash, status, error, bytes, chunks, metadata, updated "
                   "FROM document WHERE knowledge_base = $1 AND uri = $2");
    find.bind(1, base).bind(2, uri);
    std::optional<DocumentRow> out;
    if (find.step()) out = read_row(find);
    if (Result<void> done = find.done(); !done) return done.error();
    return out;
}

Result<void> write_documents(Connection& db, std::int64_t base, std::vector<DocumentRow> const& rows) {
    Statement put(
        db,
        "INSERT INTO document (knowledge_base, uri, title, media_type, content_hash, status, error, bytes, chunks, "
        "metadata, created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) "
        "ON CONFLICT (knowledge_base, uri) DO UPDATE SET title = excluded.title, "
        "media_type = excluded.media_type, content_hash = excluded.content_hash, status = excluded.status, "
        "error = excluded.error, bytes = excluded.bytes, chunks = excluded.chunks, "
        "metadata = excluded.metadata, updated = excluded.updated");
    for (DocumentRow const& row : rows) {
        Document const& document = row.document;
        put.bind(1, base).bind(2, document.uri).bind(3, document.title).bind(4, document.media_type);
        put.bind(5, row.content_hash).bind(6, name(document.status)).bind(7, document.error);
        put.bind(8, document.bytes).bind(9, document.chunks).bind(10, row.metadata);
        put.bind(11, storage::to_micros(document.updated));
        if (Result<void> done = put.run(); !done) return done;
        put.reset();
    }
    return ok();
}

Result<void> delete_document(Connection& db, std::int64_t base, std::string const& uri) {
    Statement remove(db, "DELETE FROM document WHERE knowledge_base = $1 AND uri = $2");
    remove.bind(1, base).bind(2, uri);
    return remove.run();
}

Result<Statistics> read_statistics(Connection& db, std::int64_t base) {
    Statement find(
        db,
        "SELECT count(*), coalesce(sum(status = 'failed'), 0), coalesce(sum(chunks), 0), coalesce(sum(bytes), 0) "
        "FROM document WHERE knowledge_base = $1");
    find.bind(1, base);
    Statistics out;
    if (find.step()) {
        out.documents = find.integer(0);
        out.failed = find.integer(1);
        out.chunks = find.integer(2);
        out.bytes = find.integer(3);
    }
    if (Result<void> done = find.done(); !done) return done.error();
    return out;
}

Result<std::vector<KnowledgeBaseSummary>> read_bases(Connection& db) {
    std::vector<std::pair<std::int64_t, std::string>> bases;
    Statement find(db, "SELECT id, name FROM knowledge_base ORDER BY name");
    while (find.step()) bases.emplace_back(find.integer(0), std::string(find.text(1)));
    if (Result<void> done = find.done(); !done) return done.error();
    std::vector<KnowledgeBaseSummary> out;
    for (auto const& [id, base_name] : bases) {
        KnowledgeBaseSummary summary;
        summary.name = base_name;
        Result<Statistics> statistics = read_statistics(db, id);
        if (!statistics) return statistics.error();
        summary.statistics = *statistics;
        out.push_back(std::move(summary));
    }
    return out;
}

}  // namespace aikit::inline v0::knowledge
