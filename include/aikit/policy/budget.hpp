// SPDX-License-Identifier: MIT
// aikit/policy/budget.hpp - money and tokens that may be used in a time, held against every call before it is sent.
#ifndef AIKIT_POLICY_BUDGET_HPP
#define AIKIT_POLICY_BUDGET_HPP

#include <aikit/core/money.hpp>
#include <aikit/model/job.hpp>
#include <aikit/policy/limits.hpp>
#include <aikit/storage/database.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::policy {

/// The time after which a budget begins anew. Minutes and hours are UTC's, weeks begin on Monday; total never ends.
enum class BudgetWindow { minute, hour, day, week, month, total };

/// "minute" and so on, as in configurations. Static storage.
AIKIT_EXPORT char const* name(BudgetWindow window) noexcept;
AIKIT_EXPORT std::optional<BudgetWindow> budget_window_from_name(std::string_view text) noexcept;

/// One budget. Each value of `by` has an allowance of its own.
struct BudgetRule : CallScope {
    BudgetRule() = default;

    std::string name;  ///< Unique. With the window and the value, under this name it stands in the file.

    BudgetWindow window = BudgetWindow::month;
    std::string time_zone = "UTC";  ///< Whose days, weeks and months: "Europe/Berlin".

    std::optional<Money> cost;           ///< 0 blocks all that is not free.
    std::optional<std::int64_t> tokens;  ///< Input and output.

    /// true: never overspent. false: calls pass, and alerts tell.
    bool hard = true;

    /// At which percentages of the limit on_alert is called, once in a window each. At 100 also when a call is refused.
    std::vector<int> alerts{80, 100};
};

/// What is done to a chat when money gets short.
struct CostControl {
    enum class Action {
        cheaper_model,     ///< `models` says which takes the place of which, at the same provider.
        lower_max_tokens,  ///< To `max_tokens`, where the request has more or none.
        queue,             ///< It waits, for at most `longest_wait` and until its deadline, for room.
        refuse,            ///< budget_exceeded. What comes after it is never done.
    };

    CostControl() = default;

    Action action = Action::refuse;

    /// Done from this percentage of a budget on; 100: when the call does not fit.
    int at = 100;
    std::map<std::string, std::string> models;
    std::int64_t max_tokens = 0;
    std::chrono::milliseconds longest_wait{60'000};
};

AIKIT_EXPORT char const* name(CostControl::Action action) noexcept;
AIKIT_EXPORT std::optional<CostControl::Action> cost_control_from_name(std::string_view text) noexcept;

/// A threshold was passed.
struct BudgetAlert {
    BudgetAlert() = default;

    std::string budget;
    std::string value;  ///< Whose: the user, the model, ...; empty for everyone.
    int percent = 0;    ///< The threshold.
    Money cost;         ///< Spent in this window.
    std::int64_t tokens = 0;
    std::optional<Money> cost_limit;
    std::optional<std::int64_t> token_limit;
    SystemTime resets_at;  ///< SystemTime::max() for a total.
};

struct BudgetsConfig {
    BudgetsConfig() = default;

    std::vector<BudgetRule> budgets;

    /// In this order. None: refuse.
    std::vector<CostControl> controls;

    /// false: what cannot be priced is refused where a budget of money is in force, before a byte is sent.
    bool allow_unknown_price = false;

    /// How long what a process has set aside stays its own when nothing is heard of it; then it counts as spent.
    std::chrono::milliseconds lease_time{30'000};

    /// How long a call waits for what other processes have set aside and do not use.
    std::chrono::milliseconds patience{400};

    /// Called on a thread of the runtime; must be quick and not throw. Null: nobody is told.
    std::function<void(BudgetAlert const&)> on_alert;
};

/// ok, or invalid_argument with `lead` before the name of the field: "budgets[0].cost".
AIKIT_EXPORT Result<void> check(BudgetsConfig const& config, std::string const& lead);

/// What of a call matters to budgets.
struct BudgetedCall {
    BudgetedCall() = default;

    std::string provider;
    std::string model;
    Caller caller;
    std::optional<Money> cost;  ///< What it may cost at most; missing: it cannot be priced.
    std::int64_t tokens = 0;    ///< What it may use at most.
};

/// One allowance as it stands in the file.
struct BudgetStatus {
    BudgetStatus() = default;

    std::string budget;
    LimitBy by = LimitBy::everyone;
    std::string value;
    BudgetWindow window = BudgetWindow::month;
    bool hard = true;
    SystemTime began_at;
    SystemTime resets_at;  ///< SystemTime::max() for a total.
    std::optional<Money> cost_limit;
    std::optional<std::int64_t> token_limit;
    Money cost;               ///< Spent, with what is booked as lost.
    std::int64_t tokens = 0;  ///< The same.
    Money held_cost;          ///< Set aside by running processes, for calls that run or are about to.
    std::int64_t held_tokens = 0;
    Money lost_cost;  ///< Set aside by processes that ended without a word, and counted as spent.
    std::int64_t lost_tokens = 0;
};

/// Holds calls against budgets that all processes with the same file share.
///
/// Every call's worst case is set aside before it is sent, in all the budgets it is under or in none, and what it came
/// to is settled when it ends. That happens in memory, out of amounts that each process has taken from the file
/// beforehand in one transaction: so what is spent and set aside never exceeds a hard limit, however many threads and
/// processes there are, and wherever one is killed. What a killed process had set aside counts as spent when its
/// lease_time is over.
/// Thread-safety: shared objects: safe. Forked children: invalid_state.
class AIKIT_EXPORT BudgetGuardian {
public:
    struct State;

    /// What a call has set aside. One that is not settled counts as spent in full when it is destroyed.
    class AIKIT_EXPORT Hold {
    public:
        Hold() noexcept;
        Hold(Hold&& other) noexcept;
        Hold& operator=(Hold&& other) noexcept;
        ~Hold();

        /// Sets more aside, if this process has it at hand. False, with nothing changed, if not.
        bool try_extend(Money cost, std::int64_t tokens) noexcept;

        /// The same, with what the file has. The hold must outlive it. Errors: as check_request_allowance().
        Task<void> extend(Money cost, std::int64_t tokens);

        /// The call has ended and came to this. Does nothing the second time. What exceeds the hold is booked all the
        /// same.
        void settle(Money cost, std::int64_t tokens) noexcept;

        Money cost() const noexcept { return cost_; }
        std::int64_t tokens() const noexcept { return tokens_; }

        /// False when there is no budget for the call, or it is settled.
        explicit operator bool() const noexcept { return part_ != nullptr; }

    private:
        friend class BudgetGuardian;
        friend struct State;
        struct Part;
        std::shared_ptr<State> state_;
        std::unique_ptr<Part> part_;
        Money cost_;
        std::int64_t tokens_ = 0;
    };

    /// Errors: invalid_argument, naming the budget and its field.
    static Result<std::shared_ptr<BudgetGuardian>> create(storage::Database database, BudgetsConfig config);
    ~BudgetGuardian();

    /// Sets aside what a call may cost, in all budgets it is under; a call that is free passes an exhausted budget of
    /// money. With `wait`, one without room waits so long for some.
    ///
    /// Cancellation: terminal. Errors: budget_exceeded (with retry_after where a window's end would help),
    /// unknown_price, those of Database::write, cancelled.
    Task<Hold> check_request_allowance(BudgetedCall call,
                                       std::chrono::milliseconds wait = std::chrono::milliseconds(0));

    /// The same out of what this process has at hand. nullopt: the file has to be asked.
    Result<std::optional<Hold>> try_hold(BudgetedCall const& call);

    /// How much of the fullest budget of a call is used or set aside, in percent, as far as this process knows.
    int used_percent(BudgetedCall const& call);

    /// True when a hard budget of money is in force for the call.
    bool limits_cost(BudgetedCall const& call) const;

    /// All allowances of the current windows in which something was spent or set aside.
    Task<std::vector<BudgetStatus>> status();

    /// Corrects what counts as spent: an invoice that came to less, a lost call that was found. Less than nothing is
    /// taken off. Errors: not_found (no such budget), invalid_argument.
    Task<void> adjust(std::string budget, std::string value, std::int64_t nanos, std::int64_t tokens);

    /// A batch was taken, and what it may come to is spent: settle_batch() may correct it, in any process. `job` names
    /// its provider, its id, its model and its caller.
    Task<void> note_batch(JobHandle job, Money cost, std::int64_t tokens);

    /// The batch came to this, in the windows in which it was taken. True: it was corrected now; false: it was before,
    /// or was never noted.
    Task<bool> settle_batch(std::string provider, std::string id, Money cost, std::int64_t tokens);

    /// Writes down what was settled and gives back what is not in use.
    Task<void> flush();

    BudgetsConfig const& config() const noexcept;

    /// How many output tokens to set aside for a stream of this kind at first: what nearly all of them needed so far.
    /// nullopt: too little is known.
    std::optional<std::int64_t> usual_output(std::string_view kind) const;
    void learn_output(std::string_view kind, std::int64_t tokens) noexcept;

private:
    explicit BudgetGuardian(std::shared_ptr<State> state) : state_(std::move(state)) {}

    static Result<std::optional<Hold>> try_hold_in(std::shared_ptr<State> const& state, BudgetedCall const& call);
    static Task<Hold> allow_task(std::shared_ptr<State> state, BudgetedCall call, std::chrono::milliseconds wait);

    std::shared_ptr<State> state_;
};

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_POLICY_BUDGET_HPP
