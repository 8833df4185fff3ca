// SPDX-License-Identifier: MIT
// cost/ledger_rows.hpp - rows of the ledger as the tables keep them.
#ifndef AIKIT_SRC_COST_LEDGER_ROWS_HPP
#define AIKIT_SRC_COST_LEDGER_ROWS_HPP

#include "storage/connection.hpp"

#include <aikit/cost/ledger.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aikit::inline v0::cost {

/// The least id of a row that started at `time` or later. Times beyond the year 2248 share one place: what reads a
/// range looks at `started`, too.
std::int64_t least_row_id(SystemTime time) noexcept;

/// Writes rows, each once however often it is handed over: a row is its start, its request and its attempt.
///
/// Thread-safety: distinct objects: safe. Shared objects: unsafe; all is called on the storage thread.
class RowInserter {
public:
    /// Rows stay as they are until it returns. May be called again with the same ones, when they were not committed.
    Result<void> insert(storage::Connection& db, std::list<LedgerRow> const& rows);

    /// What insert() wrote last is durable.
    void committed();

private:
    // operation, provider, model, tenant, user, key, project, tags, price id
    using Label = std::array<std::string_view, 9>;
    using KeptLabel = std::array<std::string, 9>;
    struct LabelOrder {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(A const& a, B const& b) const {
            return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
        }
    };

    Result<std::int64_t> label_of(storage::Connection& db, LedgerRow const& row);
    static Result<std::int64_t> number_of(storage::Connection& db, Label const& label);

    std::map<KeptLabel, std::int64_t, LabelOrder> labels_;  // durable ones
    std::map<KeptLabel, std::int64_t, LabelOrder> fresh_;   // of the write under way
    std::string tags_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_SRC_COST_LEDGER_ROWS_HPP
