// SPDX-License-Identifier: MIT
// aikit/cost/ledger.hpp - a durable row for every attempt.
#ifndef AIKIT_COST_LEDGER_HPP
#define AIKIT_COST_LEDGER_HPP

#include <aikit/model/call.hpp>
#include <aikit/storage/database.hpp>

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

enum class ReportBy { model, user, day, provider };

struct ReportLine {
    ReportLine() = default;

    std::string key;                ///< The model, user, provider, or the UTC day as "2026-11-22".
    std::int64_t calls = 0;         ///< Attempts: a call that was tried twice counts twice.
    std::int64_t failed = 0;        ///< Those that ended in an error; a stream that was let go is none.
    std::int64_t input_tokens = 0;  ///< Cache reads and writes included.
    std::int64_t output_tokens = 0;
    Money cost;
    std::int64_t estimated = 0;  ///< Rows whose usage was counted here.
    std::int64_t unpriced = 0;   ///< Rows that could not be priced: cost is a lower bound when there are any.
};

struct Report {
    Report() = default;

    std::vector<ReportLine> lines;  ///< Dearest first; days in their order.
    ReportLine total;               ///< key is empty.
};

struct ReportQuery {
    ReportQuery() = default;

    ReportBy by = ReportBy::model;
    std::optional<SystemTime> from;   ///< Inclusive.
    std::optional<SystemTime> until;  ///< Exclusive.
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

    /// Sums up what was recorded so far. Errors: those of flush().
    Task<Report> report(ReportQuery query);

private:
    struct State;
    static Task<void> flush_task(std::shared_ptr<State> state);
    static Task<Report> report_task(std::shared_ptr<State> state, ReportQuery query);

    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0::cost

#endif  // AIKIT_COST_LEDGER_HPP
