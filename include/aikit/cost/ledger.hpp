// SPDX-License-Identifier: MIT
// aikit/cost/ledger.hpp - a durable row for every attempt.
#ifndef AIKIT_COST_LEDGER_HPP
#define AIKIT_COST_LEDGER_HPP

#include <aikit/cost/report.hpp>
#include <aikit/model/call.hpp>
#include <aikit/storage/database.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::cost {

/// What happened, ready to be written down.
struct LedgerRow {
    LedgerRow() = default;

    std::string request_id;
    int attempt_number = 1;
    std::string operation;  ///< "chat", "embed", "moderate", "models".
    Caller caller;
    Attempt attempt;
};

/// The same, as it stands with who hands it over.
struct LedgerFacts {
    LedgerFacts(std::string_view request_id_, int attempt_number_, std::string_view operation_, Caller const& caller_,
                Attempt const& attempt_)
        : request_id(request_id_),
          attempt_number(attempt_number_),
          operation(operation_),
          caller(caller_),
          attempt(attempt_) {}

    std::string_view request_id;
    int attempt_number;
    std::string_view operation;
    Caller const& caller;
    Attempt const& attempt;
};

/// Which rows to read, and from where on.
struct RowsQuery : RowFilter {
    RowsQuery() = default;

    std::optional<std::int64_t> after;  ///< As LedgerPage::last: what comes behind it.
    int limit = 1'000;                  ///< 1 to 10,000.
};

/// Rows in the order of their start, to a millisecond.
struct LedgerPage {
    LedgerPage() = default;

    std::vector<LedgerRow> rows;
    std::int64_t last = 0;  ///< Where to go on; see RowsQuery::after.
    bool more = false;      ///< There may be rows behind them.
};

/// The ledger of a store. Thread-safety: shared objects: safe.
class AIKIT_EXPORT Ledger {
public:
    explicit Ledger(storage::Database database);
    ~Ledger();

    /// Hands a row over without waiting: a reply never waits for the ledger. Rows are committed in groups, at most
    /// 50 ms later; a row of the same request, attempt and start is written once. Failed writes are kept and tried
    /// again, and told by flush().
    void record(LedgerRow const& row) noexcept;
    void record(LedgerFacts const& facts) noexcept;

    /// Hands what has gathered to the writer at once, without waiting for it: for who closes the database next.
    void write_now() noexcept;

    /// Waits until every row handed over so far is durable. To be done before the database is closed.
    /// Errors: storage, busy (what kept it from being written; rows stay pending), storage (rows were lost since the
    /// last flush: 100,000 waited, or memory was short), invalid_state (the database is closed).
    Task<void> flush();

    /// Rows not yet durable.
    std::int64_t pending() const noexcept;

    /// Sums up what was recorded so far. Errors: those of flush(); invalid_argument (a trend without a period, an
    /// offset of more than a day).
    Task<Report> report(ReportQuery query);

    /// Reads rows, a page at a time. `error` and `http_status` of an attempt are not kept; its outcome says what
    /// happened. Errors: those of flush(); invalid_argument (`limit`).
    Task<LedgerPage> rows(RowsQuery query);

    /// Removes the rows of whole days, UTC, that ended by `before`. Their sums stay, by day and by what rows have in
    /// common, so that reports are as they were. Writes in slices of some milliseconds.
    /// Cancellation: terminal; what was removed by then is.
    /// Errors: those of flush(); storage, busy.
    Task<PruneReport> prune(SystemTime before);

    /// Prices rows anew, each as of its own start, its tier that of the price it had. What was pruned stays as it is.
    /// Cancellation: terminal; what was written by then is.
    /// Errors: those of flush(); invalid_argument (no catalog, a sum that is no Money); storage, busy.
    Task<RecostReport> recost(RecostQuery query);

    /// Where it is kept.
    storage::Database const& database() const noexcept;

private:
    struct State;
    static Task<void> flush_task(std::shared_ptr<State> state);
    template <class T>
    static Task<T> read_task(std::shared_ptr<State> state, std::function<Result<T>(storage::Connection&)> work);
    static Task<PruneReport> prune_task(std::shared_ptr<State> state, SystemTime before);
    static Task<RecostReport> recost_task(std::shared_ptr<State> state, RecostQuery query);

    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_LEDGER_HPP
