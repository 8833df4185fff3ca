// SPDX-License-Identifier: MIT
// cost/ledger_rows.hpp - rows of the ledger: as they wait, and as the tables keep them.
#ifndef AIKIT_SRC_COST_LEDGER_ROWS_HPP
#define AIKIT_SRC_COST_LEDGER_ROWS_HPP

#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace aikit::inline v0::cost {

/// The least id of a row that started at `time` or later. Times beyond the year 2248 share one place: what reads a
/// range looks at `started`, too.
std::int64_t least_row_id(SystemTime time) noexcept;

/// A row in a block. Views live as long as the block stays as it is.
struct WaitingRow {
    struct Numbers {
        std::int64_t started, attempt, latency, first_token, estimated;
        std::int64_t input, cache_read, cache_write_5m, cache_write_1h, output, reasoning;
        std::int64_t cost;
        bool has_first_token, has_cost;
    };
    Numbers numbers;
    std::string_view label;  ///< What the row has in common with others: nine texts, each behind its length.
    std::string_view request;
    std::string_view outcome;
    std::string_view usage;  ///< JSON of the whole usage; empty: there is no more than input and output.
    std::string_view provider_request;
};

/// Rows one behind the other in one piece of memory, which serves the next ones when they are written.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe.
class RowBlock {
public:
    /// Adds a row, or throws std::bad_alloc and has changed nothing.
    void add(LedgerFacts const& facts);

    /// The row at `place`, which is then that of the next; false at the end. Starts at 0.
    bool read(std::size_t& place, WaitingRow& row) const;

    std::size_t rows() const noexcept { return rows_; }
    bool full() const noexcept { return rows_ >= 256 || bytes_.size() >= 65'536; }

    /// Empty again. Memory is kept, unless rows were much larger than others.
    void clear() noexcept;

private:
    std::string bytes_;
    std::size_t rows_ = 0;
};

/// Writes rows, each once however often it is handed over: a row is its start, its request and its attempt.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe; all is called on the storage thread.
class RowInserter {
public:
    /// Blocks stay as they are until it returns. May be called again with the same ones, when they were not committed.
    Result<void> insert(storage::Connection& db, std::list<RowBlock> const& blocks);

    /// What insert() wrote last is durable.
    void committed();

private:
    using Labels = std::map<std::string, std::int64_t, std::less<>>;

    Result<std::int64_t> label_of(storage::Connection& db, std::string_view label);

    Labels labels_;  // durable ones
    Labels fresh_;   // of the write under way
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_LEDGER_ROWS_HPP
