// SPDX-License-Identifier: MIT
// knowledge/documents.hpp - the tables of knowledge bases and documents, as functions on a connection.
#ifndef AIKIT_SRC_KNOWLEDGE_DOCUMENTS_HPP
#define AIKIT_SRC_KNOWLEDGE_DOCUMENTS_HPP

#include "storage/connection.hpp"

#include <aikit/knowledge/knowledge_base.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0::knowledge {

/// A document's row.
struct DocumentRow {
    DocumentRow() = default;

    Document document;
    std::string content_hash;
    std::string metadata;
};

/// The id of a knowledge base, made when there is none. Errors: invalid_argument when one of that name has other
/// settings.
Result<std::int64_t> open_base(storage::Connection& db, std::string const& name, std::string const& settings,
                               std::int64_t now);

/// uri -> what is known of it.
Result<std::map<std::string, DocumentRow>> read_documents(storage::Connection& db, std::int64_t base);
Result<std::optional<DocumentRow>> read_document(storage::Connection& db, std::int64_t base, std::string const& uri);

/// Writes rows as they stand, replacing those of the same uri.
Result<void> write_documents(storage::Connection& db, std::int64_t base, std::vector<DocumentRow> const& rows);
Result<void> delete_document(storage::Connection& db, std::int64_t base, std::string const& uri);

Result<Statistics> read_statistics(storage::Connection& db, std::int64_t base);
Result<std::vector<KnowledgeBaseSummary>> read_bases(storage::Connection& db);

}  // namespace aikit::inline v0::knowledge

#endif  // AIKIT_SRC_KNOWLEDGE_DOCUMENTS_HPP
