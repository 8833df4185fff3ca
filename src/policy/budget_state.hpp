// SPDX-License-Identifier: MIT
// policy/budget_state.hpp - a guardian's insides: the table, who waits, and the contacts with the file.
#ifndef AIKIT_SRC_POLICY_BUDGET_STATE_HPP
#define AIKIT_SRC_POLICY_BUDGET_STATE_HPP

#include "core/waiter.hpp"
#include "policy/budget_file.hpp"
#include "policy/output_quantile.hpp"

#include <list>
#include <mutex>

namespace aikit::inline v0::policy {

struct BudgetGuardian::Hold::Part {
    BudgetPlaces places;
};

struct BudgetGuardian::State : std::enable_shared_from_this<State> {
    State(storage::Database database_, BudgetsConfig config_, std::vector<TimeZone> zones);

    /// A call that waits.
    struct Waiting {
        BudgetPlaces places;
        Amounts need;
        std::uint64_t contact = 0;  ///< The first one that knows of it.
        bool granted = false;       ///< What it needs is set aside.
        SteadyTime began;
        std::chrono::milliseconds wait{0};
        std::optional<SteadyTime> asked;  ///< When it had another contact made.
        std::weak_ptr<Waiter<bool>> waiter;
    };

    /// What a waiting call does next.
    struct Verdict {
        std::optional<Error> refusal;
        SteadyTime look;  ///< Else: when it looks again, unless it is woken before.
    };

    // All of these with the mutex held.
    Verdict judge(Waiting& waiting, SteadyTime now);
    Error refusal(BudgetPlaces const& places, Amounts const& need);
    bool known_full(BudgetPlaces const& places, Amounts const& need, SteadyTime now) const;
    void let_go(SteadyTime now) noexcept;
    void end_flushes(Result<void> const& result, std::uint64_t contact) noexcept;
    std::unique_ptr<BudgetContact> make_contact(SteadyTime now);
    bool ask_file(BudgetContact& contact, std::shared_ptr<BudgetAccount> const& account, SteadyTime now);
    bool is_due(BudgetAccount const& account, SteadyTime now) const;

    /// Gives up waiting, or what was set aside meanwhile. Takes the mutex.
    void leave(std::shared_ptr<Waiting> const& waiting) noexcept;

    /// Tells the file, unless it is being told; then again when that has ended. Without the mutex.
    void contact_file() noexcept;
    void contacted(std::shared_ptr<BudgetContact> const& contact, Result<void> result) noexcept;
    void keep_watch() noexcept;
    void watch() noexcept;
    void recall(std::vector<std::int64_t> const& accounts) noexcept;
    void end(Hold::Part const& part, Amounts const& held, Amounts const& spent) noexcept;

    Result<BudgetPlaces> places_of(BudgetedCall const& call);

    storage::Database const database;
    boost::asio::any_io_executor const executor;
    std::shared_ptr<Clock> const clock;
    BudgetsConfig const config;
    std::int64_t const owner;
    std::unique_ptr<Timer> timer;  // used on `executor` only

    mutable std::mutex mutex;  // guards what follows; never held across a suspension
    BudgetTable table;
    OutputQuantiles outputs;
    std::list<std::shared_ptr<Waiting>> queue;  // in the order they came
    struct Flushing {
        std::weak_ptr<Waiter<bool>> waiter;
        std::uint64_t contact = 0;  ///< The first one that tells all.
    };
    std::list<Flushing> flushing;
    std::uint64_t begun = 0;     // contacts of all time
    std::uint64_t finished = 0;  // and those that have ended
    bool contacting = false;
    bool again = false;            // another contact is wanted when this one has ended
    bool all_due = false;          // everything is to be told, and what is not used to be given back
    bool watching = false;         // the timer is armed, or about to be
    bool reading = false;          // the file is being asked what is recalled
    bool owns = false;             // the file knows this owner
    SteadyTime told{};             // the last contact that succeeded
    std::optional<Error> failure;  // of the last contact
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_BUDGET_STATE_HPP
