// SPDX-License-Identifier: MIT
// policy/budget_file.cpp - the transactions of budgets.
#include "policy/budget_file.hpp"

namespace aikit::inline v0::policy {
namespace {

using storage::Connection;
using storage::from_micros;
using storage::Statement;
using storage::to_micros;

constexpr std::chrono::hours a_day{24};

// How long windows that have ended stay, for status and for clocks that go back.
constexpr std::chrono::hours kept = 90 * a_day;

// For so long after somebody had too little, nobody takes more than is needed at once.
constexpr std::chrono::seconds scarce{1};

// How old the news may be that others have given back all they could.
constexpr std::chrono::milliseconds fresh{30};

/// An account as it stands in the file.
struct Stored {
    std::int64_t id = 0;
    Amounts spent;
    int alerted = 0;
    std::int64_t contended = 0;
};

std::optional<std::int64_t> nanos(std::optional<Money> const& money) {
    return money ? std::optional<std::int64_t>(money->nanos()) : std::nullopt;
}

/// What overlapping windows of the same budget have spent: a changed time zone begins no new allowance.
Result<Amounts> carried_over(Connection& db, BudgetAccount const& account) {
    Statement find(db, R"(
        SELECT coalesce(max(spent_cost), 0), coalesce(max(spent_tokens), 0) FROM budget_account
        WHERE budget = $1 AND period = $2 AND value = $3 AND begins < $4 AND ends > $5)");
    find.bind(1, account.rule->name).bind(2, name(account.rule->window)).bind(3, account.value);
    find.bind(4, to_micros(account.window.ends)).bind(5, to_micros(account.window.begins));
    Amounts carried;
    if (find.step()) carried = {find.integer(0), find.integer(1)};
    if (Result<void> const done = find.done(); !done) return done.error();
    return carried;
}

Result<Stored> make_account(Connection& db, BudgetAccount const& account) {
    Result<Amounts> const carried = carried_over(db, account);
    if (!carried) return carried.error();
    BudgetRule const& rule = *account.rule;
    Statement add(db, R"(
        INSERT INTO budget_account (budget, period, value, begins, ends, scope, hard, limit_cost, limit_tokens,
                                    spent_cost, spent_tokens, lost_cost, lost_tokens, alerted, contended)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0))");
    add.bind(1, rule.name).bind(2, name(rule.window)).bind(3, account.value);
    add.bind(4, to_micros(account.window.begins)).bind(5, to_micros(account.window.ends));
    add.bind(6, name(rule.by)).bind(7, rule.hard).bind(8, nanos(rule.cost)).bind(9, rule.tokens);
    add.bind(10, carried->cost).bind(11, carried->tokens);
    if (Result<void> const done = add.run(); !done) return done.error();
    Stored stored;
    stored.id = db.last_row_id();
    stored.spent = *carried;
    return stored;
}

Result<Stored> find_account(Connection& db, BudgetAccount const& account) {
    Statement find(db, R"(
        SELECT id, spent_cost, spent_tokens, alerted, contended FROM budget_account
        WHERE budget = $1 AND period = $2 AND value = $3 AND begins = $4)");
    find.bind(1, account.rule->name).bind(2, name(account.rule->window)).bind(3, account.value);
    find.bind(4, to_micros(account.window.begins));
    if (find.step()) {
        Stored stored;
        stored.id = find.integer(0);
        stored.spent = {find.integer(1), find.integer(2)};
        stored.alerted = static_cast<int>(find.integer(3));
        stored.contended = find.integer(4);
        return stored;
    }
    if (Result<void> const done = find.done(); !done) return done.error();
    return make_account(db, account);
}

/// Counts what an owner has leased as spent, or (`back`) takes that back: it lives.
Result<void> turn_leases(Connection& db, std::int64_t owner, bool back) {
    Statement turn(db, R"(
        UPDATE budget_account SET
            spent_cost = spent_cost + $2 * l.cost, spent_tokens = spent_tokens + $2 * l.tokens,
            lost_cost = lost_cost + $2 * l.cost, lost_tokens = lost_tokens + $2 * l.tokens
        FROM (SELECT account, cost, tokens FROM budget_lease WHERE owner = $1 AND lost = $3) l
        WHERE budget_account.id = l.account)");
    turn.bind(1, owner).bind(2, back ? -1 : 1).bind(3, back);
    if (Result<void> const done = turn.run(); !done) return done.error();
    Statement mark(db, "UPDATE budget_lease SET lost = $2 WHERE owner = $1");
    mark.bind(1, owner).bind(2, !back);
    return mark.run();
}

Result<void> expire_others(Connection& db, std::int64_t now) {
    std::vector<std::int64_t> gone;
    {
        Statement find(db, "SELECT id FROM budget_owner WHERE expires < $1");
        find.bind(1, now);
        while (find.step()) gone.push_back(find.integer(0));
        if (Result<void> const done = find.done(); !done) return done.error();
    }
    for (std::int64_t const owner : gone) {
        if (Result<void> const turned = turn_leases(db, owner, false); !turned) return turned.error();
        Statement forget(db, "DELETE FROM budget_owner WHERE id = $1");
        forget.bind(1, owner);
        if (Result<void> const done = forget.run(); !done) return done.error();
    }
    return ok();
}

Result<void> forget_old(Connection& db, std::int64_t now) {
    std::int64_t const before = now - std::chrono::microseconds(kept).count();
    Statement leases(db, "DELETE FROM budget_lease WHERE account IN (SELECT id FROM budget_account WHERE ends < $1)");
    leases.bind(1, before);
    if (Result<void> const done = leases.run(); !done) return done.error();
    Statement accounts(db, "DELETE FROM budget_account WHERE ends < $1");
    accounts.bind(1, before);
    return accounts.run();
}

/// This owner lives until then; one that was taken for dead gets back what was booked as spent.
Result<void> renew(Connection& db, BudgetContact const& contact) {
    std::int64_t const now = to_micros(contact.now);
    Statement renewed(db, "UPDATE budget_owner SET expires = $2 WHERE id = $1");
    renewed.bind(1, contact.owner).bind(2, to_micros(contact.now + contact.lease_time));
    if (Result<void> const done = renewed.run(); !done) return done.error();
    if (db.changes() == 0) {
        if (Result<void> const alive = turn_leases(db, contact.owner, true); !alive) return alive.error();
        Statement add(db, "INSERT INTO budget_owner (id, expires, process) VALUES ($1, $2, $3)");
        add.bind(1, contact.owner).bind(2, to_micros(contact.now + contact.lease_time)).bind(3, contact.process);
        if (Result<void> const done = add.run(); !done) return done.error();
        if (Result<void> const forgotten = forget_old(db, now); !forgotten) return forgotten.error();
    }
    return expire_others(db, now);
}

/// What other processes have of an account.
struct Others {
    Amounts leased;
    std::int64_t count = 0;
    std::int64_t tight_since =
        0;  ///< The oldest time at which one of them had given back all it could; 0: one has not.
};

Result<Others> others_of(Connection& db, std::int64_t account, std::int64_t owner) {
    Statement sum(db, R"(
        SELECT coalesce(sum(cost), 0), coalesce(sum(tokens), 0), count(*), coalesce(min(tight), 0)
        FROM budget_lease WHERE account = $1 AND owner <> $2 AND lost = 0)");
    sum.bind(1, account).bind(2, owner);
    Others others;
    if (sum.step()) {
        others.leased = {sum.integer(0), sum.integer(1)};
        others.count = sum.integer(2);
        others.tight_since = sum.integer(3);
    }
    if (Result<void> const done = sum.done(); !done) return done.error();
    return others;
}

/// How much of one kind is leased when all that is needed is there: that, and of what would be good to have a share
/// that leaves something for others, and less the nearer the end is.
std::int64_t grant(std::int64_t need, std::int64_t ahead, std::int64_t free, std::int64_t others) {
    std::int64_t const share = free / (2 * (others + 1));
    return std::max(need, std::min((Amounts{need, 0} + Amounts{ahead, 0}).cost, share));
}

/// When it is not: what those calls need that fit, in their order. Crumbs stay for the smaller calls of others.
Amounts grant_whole_calls(BudgetAsk const& ask, Amounts const& free) {
    Amounts left = ask.idle + Amounts::most(free, Amounts());
    Amounts taken;
    for (Amounts const& call : ask.calls) {
        bool const fits =
            (call.cost <= 0 || call.cost <= left.cost) && (call.tokens <= 0 || call.tokens <= left.tokens);
        if (!fits) continue;
        left -= call;
        taken += call;
    }
    return Amounts::most(taken - ask.idle, Amounts());
}

Result<void> write_lease(Connection& db, BudgetContact const& contact, BudgetAsk const& ask, Amounts const& lease) {
    if (!lease.any()) {
        Statement drop(db, "DELETE FROM budget_lease WHERE account = $1 AND owner = $2");
        drop.bind(1, ask.id).bind(2, contact.owner);
        return drop.run();
    }
    Statement put(db, R"(
        INSERT INTO budget_lease (account, owner, cost, tokens, lost, recalled, tight) VALUES ($1, $2, $3, $4, 0, 0, $5)
        ON CONFLICT (account, owner) DO UPDATE SET cost = $3, tokens = $4, tight = $5, recalled = recalled * $6)");
    put.bind(1, ask.id).bind(2, contact.owner).bind(3, lease.cost).bind(4, lease.tokens);
    put.bind(5, ask.tight ? to_micros(contact.now) : 0).bind(6, !ask.recall_served);
    return put.run();
}

int percent_of(std::int64_t spent, std::int64_t limit) {
    if (limit == unlimited || spent <= 0) return 0;
    if (limit <= 0) return 100;
    __extension__ typedef __int128 Wide;
    return static_cast<int>(std::min<Wide>(Wide(spent) * 100 / limit, 1'000'000));
}

void note_alerts(BudgetContact& contact, BudgetAsk const& ask, int alerted, int reached) {
    BudgetAccount const& account = *ask.account;
    for (int const threshold : account.rule->alerts) {
        if (threshold <= alerted || threshold > reached) continue;
        BudgetAlert alert;
        alert.budget = account.rule->name;
        alert.value = account.value;
        alert.percent = threshold;
        alert.cost = Money::nanos(ask.booked.cost);
        alert.tokens = ask.booked.tokens;
        alert.cost_limit = account.rule->cost;
        alert.token_limit = account.rule->tokens;
        alert.resets_at = account.window.ends;
        contact.alerts.push_back(std::move(alert));
    }
}

Result<void> recall(Connection& db, std::int64_t account, std::int64_t owner, std::int64_t now) {
    Statement mark(db, "UPDATE budget_lease SET recalled = 1 WHERE account = $1 AND owner <> $2 AND lost = 0");
    mark.bind(1, account).bind(2, owner);
    if (Result<void> const done = mark.run(); !done) return done.error();
    Statement note(db, "UPDATE budget_account SET contended = $2 WHERE id = $1");
    note.bind(1, account).bind(2, now);
    return note.run();
}

Result<void> serve(Connection& db, BudgetContact& contact, BudgetAsk& ask) {
    BudgetAccount const& account = *ask.account;
    Result<Stored> const stored = find_account(db, account);
    if (!stored) return stored.error();
    ask.id = stored->id;
    Result<Others> const others = others_of(db, ask.id, contact.owner);
    if (!others) return others.error();
    std::int64_t const now = to_micros(contact.now);

    ask.booked = stored->spent + ask.spent;
    ask.others = others->leased;
    Amounts const kept_lease = ask.lease - account.limited(ask.spent) + ask.over;
    bool const is_scarce =
        now - stored->contended < std::chrono::microseconds(scarce).count() && now >= stored->contended;
    Amounts const ahead = is_scarce ? Amounts() : ask.ahead;
    Amounts const free = account.limit - ask.booked - ask.others - kept_lease;
    auto const granted = [&](std::int64_t need, std::int64_t more, std::int64_t limit, std::int64_t left) {
        if (limit == unlimited) return std::int64_t{0};
        return grant(need, more, account.rule->hard ? left : unlimited, account.rule->hard ? others->count : 0);
    };
    bool const short_of = account.rule->hard && (ask.need.cost > std::max<std::int64_t>(0, free.cost) ||
                                                 ask.need.tokens > std::max<std::int64_t>(0, free.tokens));
    Amounts const grants = short_of
                               ? grant_whole_calls(ask, free)
                               : Amounts{granted(ask.need.cost, ahead.cost, account.limit.cost, free.cost),
                                         granted(ask.need.tokens, ahead.tokens, account.limit.tokens, free.tokens)};
    ask.granted = grants + ask.over;
    ask.others_tight = others->tight_since > 0 && now - others->tight_since < std::chrono::microseconds(fresh).count();
    if (short_of && others->count > 0) {
        if (Result<void> const done = recall(db, ask.id, contact.owner, now); !done) return done.error();
    }
    if (Result<void> const done = write_lease(db, contact, ask, kept_lease + grants); !done) return done.error();

    int const reached = std::max({percent_of(ask.booked.cost, account.limit.cost),
                                  percent_of(ask.booked.tokens, account.limit.tokens), ask.refused ? 100 : 0});
    int const alerted = std::max(stored->alerted, reached);
    note_alerts(contact, ask, stored->alerted, reached);
    Statement book(db, R"(
        UPDATE budget_account SET spent_cost = $2, spent_tokens = $3, alerted = $4, hard = $5, limit_cost = $6,
                                  limit_tokens = $7 WHERE id = $1)");
    book.bind(1, ask.id).bind(2, ask.booked.cost).bind(3, ask.booked.tokens).bind(4, alerted);
    book.bind(5, account.rule->hard).bind(6, nanos(account.rule->cost)).bind(7, account.rule->tokens);
    return book.run();
}

}  // namespace

Result<void> contact_file(Connection& db, BudgetContact& contact) {
    contact.alerts.clear();
    if (Result<void> const renewed = renew(db, contact); !renewed) return renewed.error();
    for (BudgetAsk& ask : contact.asks) {
        if (Result<void> const served = serve(db, contact, ask); !served) return served.error();
    }
    if (!contact.leaves) return ok();
    Statement leave(db,
                    "DELETE FROM budget_owner WHERE id = $1 AND NOT EXISTS "
                    "(SELECT 1 FROM budget_lease WHERE owner = $1)");
    leave.bind(1, contact.owner);
    return leave.run();
}

Result<std::vector<std::int64_t>> recalled_accounts(Connection& db, std::int64_t owner) {
    Statement find(db, "SELECT account FROM budget_lease WHERE owner = $1 AND recalled = 1");
    find.bind(1, owner);
    std::vector<std::int64_t> accounts;
    while (find.step()) accounts.push_back(find.integer(0));
    if (Result<void> const done = find.done(); !done) return done.error();
    return accounts;
}

Result<std::vector<BudgetStatus>> read_status(Connection& db, SystemTime now) {
    // What dead owners have leased counts as lost from its time on, although nobody may have booked it yet.
    Statement find(db, R"(
        SELECT a.budget, a.scope, a.value, a.period, a.hard, a.begins, a.ends, a.limit_cost, a.limit_tokens,
               a.spent_cost, a.spent_tokens, a.lost_cost, a.lost_tokens,
               coalesce(sum(l.cost) FILTER (WHERE o.expires >= $1), 0),
               coalesce(sum(l.tokens) FILTER (WHERE o.expires >= $1), 0),
               coalesce(sum(l.cost) FILTER (WHERE o.expires < $1), 0),
               coalesce(sum(l.tokens) FILTER (WHERE o.expires < $1), 0)
        FROM budget_account a LEFT JOIN budget_lease l ON l.account = a.id AND l.lost = 0
             LEFT JOIN budget_owner o ON o.id = l.owner
        WHERE a.begins <= $1 AND a.ends > $1 GROUP BY a.id ORDER BY a.budget, a.value, a.id)");
    find.bind(1, to_micros(now));
    std::vector<BudgetStatus> all;
    while (find.step()) {
        BudgetStatus status;
        status.budget = find.text(0);
        status.by = limit_by_from_name(find.text(1)).value_or(LimitBy::everyone);
        status.value = find.text(2);
        status.window = budget_window_from_name(find.text(3)).value_or(BudgetWindow::total);
        status.hard = find.integer(4) != 0;
        status.began_at = from_micros(find.integer(5));
        status.resets_at = from_micros(find.integer(6));
        if (!find.is_null(7)) status.cost_limit = Money::nanos(find.integer(7));
        if (!find.is_null(8)) status.token_limit = find.integer(8);
        status.cost = Money::nanos(find.integer(9) + find.integer(15));
        status.tokens = find.integer(10) + find.integer(16);
        status.lost_cost = Money::nanos(find.integer(11) + find.integer(15));
        status.lost_tokens = find.integer(12) + find.integer(16);
        status.held_cost = Money::nanos(find.integer(13));
        status.held_tokens = find.integer(14);
        all.push_back(std::move(status));
    }
    if (Result<void> const done = find.done(); !done) return done.error();
    return all;
}

Result<void> adjust_account(Connection& db, BudgetAccount const& account, Amounts const& more) {
    Result<Stored> const stored = find_account(db, account);
    if (!stored) return stored.error();
    Amounts const spent = Amounts::most(stored->spent + more, Amounts());
    Statement book(db, "UPDATE budget_account SET spent_cost = $2, spent_tokens = $3 WHERE id = $1");
    book.bind(1, stored->id).bind(2, spent.cost).bind(3, spent.tokens);
    return book.run();
}

}  // namespace aikit::inline v0::policy
