// SPDX-License-Identifier: MIT
// policy/budget_state.cpp - when the file is asked, what it is asked, and what its answer means to those who wait.
#include "policy/budget_state.hpp"

#include "core/async.hpp"
#include "core/os/os.hpp"

namespace aikit::inline v0::policy {
namespace {

using std::chrono::milliseconds;
using storage::Connection;

// How often a process with leases looks whether others need them, and others wait for that.
constexpr milliseconds watch_every{25};

// For so long an account that is full is not asked for again.
constexpr milliseconds full_for{10};

// For so long after others needed what was not used here, nothing is kept for later.
constexpr std::chrono::seconds scarce_for{1};

// How soon what was settled is booked, and what is not used is given back.
constexpr milliseconds book_after{500}, idle_after{500};

// All contacts there will ever be.
constexpr std::uint64_t unasked = ~std::uint64_t{0};

// A contact holds the writer for some milliseconds at most.
constexpr std::size_t most_asks = 256;

/// A name that no other process has. Without random numbers, one that is at least nobody's at this time.
std::int64_t new_owner(SystemTime now) {
    std::uint64_t bits = 0;
    if (!os::random_bytes(&bits, sizeof bits)) {
        bits = static_cast<std::uint64_t>(now.time_since_epoch().count()) << 22U ^
               static_cast<std::uint64_t>(os::process_id()) << 1U;
    }
    return static_cast<std::int64_t>(bits >> 1U);
}

/// What would be good to have beside what is needed: half a second of what was set aside of late, and no more than as
/// much again.
std::int64_t ahead_of(std::int64_t flow, SteadyTime::duration since) {
    auto const passed = std::max<std::int64_t>(1, std::chrono::duration_cast<milliseconds>(since).count());
    if (passed <= 500) return flow;
    return static_cast<std::int64_t>(static_cast<double>(flow) * 500.0 / static_cast<double>(passed));
}

}  // namespace

BudgetGuardian::State::State(storage::Database database_, BudgetsConfig config_, std::vector<TimeZone> zones)
    : database(std::move(database_)),
      executor(database.runtime().executor()),
      clock(database.runtime().clock()),
      config(std::move(config_)),
      owner(new_owner(clock->system_now())),
      table(config.budgets, std::move(zones)) {}

Result<BudgetPlaces> BudgetGuardian::State::places_of(BudgetedCall const& call) {
    BudgetPlaces places = table.places_of(call, clock->system_now());
    if (call.cost || config.allow_unknown_price) return places;
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        if (!place->rule->hard || place->limit.cost == unlimited) continue;
        return fail(Errc::unknown_price, "budget '" + place->rule->name +
                                             "' limits what calls cost, and the price of '" + call.model +
                                             "' is not known; give it a price, or allow unknown prices under budgets");
    }
    return places;
}

bool BudgetGuardian::State::is_due(BudgetAccount const& account, SteadyTime now) const {
    if (all_due || account.recalled || account.refused) return true;
    Amounts const over = account.limited(account.held + account.spent) - account.leased;
    if (over.cost > 0 || over.tokens > 0) return true;
    if (account.spent.any() && now - account.contacted >= book_after) return true;
    return account.limited(account.idle()).any() && (now < account.scarce_until || now - account.used >= idle_after);
}

/// Puts an account into a contact, if there is anything to say; what it gives back leaves this process here.
bool BudgetGuardian::State::ask_file(BudgetContact& contact, std::shared_ptr<BudgetAccount> const& account,
                                     SteadyTime now) {
    Amounts idle = account->limited(account->idle());
    Amounts need = Amounts::most(account->wanted - idle, {});
    if (!need.any() && !is_due(*account, now)) return false;
    BudgetAsk ask;
    ask.account = account;
    ask.spent = account->spent;
    // What is idle is too little for each of those who wait here: others may do with it.
    bool const unused = now < account->scarce_until || (!account->wanted.any() && now - account->used >= idle_after);
    bool const give_back = all_due || account->recalled || unused;
    if (give_back) {
        ask.returned = idle;
        account->leased -= idle;
        idle = {};
        need = account->wanted;
        ask.recall_served = account->recalled;
        account->recalled = false;
    }
    ask.lease = account->leased;
    ask.over = Amounts::most(account->limited(account->held + account->spent) - account->leased, {});
    ask.need = need;
    ask.idle = idle;
    if (need.any()) {
        for (std::shared_ptr<Waiting> const& waiting : queue) {
            bool const here =
                std::find(waiting->places.begin(), waiting->places.end(), account) != waiting->places.end();
            if (here) ask.calls.push_back(account->limited(waiting->need));
        }
    }
    if (need.any() && !give_back) {
        SteadyTime::duration const since = now - account->contacted;
        ask.ahead = {ahead_of(account->flow.cost, since), ahead_of(account->flow.tokens, since)};
    }
    ask.tight = give_back || !account->limited(account->idle()).any();
    ask.refused = account->refused;
    account->refused = false;
    account->flow = {};
    contact.asks.push_back(std::move(ask));
    account->asked = true;
    return true;
}

std::unique_ptr<BudgetContact> BudgetGuardian::State::make_contact(SteadyTime now) {
    auto contact = std::make_unique<BudgetContact>();
    contact->owner = owner;
    contact->process = os::process_id();
    contact->now = clock->system_now();
    contact->lease_time = config.lease_time;
    contact->asks.reserve(std::min(most_asks, table.active().size()));
    // Those for whom somebody waits come first.
    for (bool const waited_for : {true, false}) {
        for (std::shared_ptr<BudgetAccount> const& account : table.active()) {
            if (account->wanted.any() != waited_for) continue;
            if (contact->asks.size() >= most_asks) {
                again = true;
                break;
            }
            (void)ask_file(*contact, account, now);
        }
    }
    bool const leased = std::any_of(table.active().begin(), table.active().end(), [](auto const& account) {
        return account->leased.any() || account->held.any() || account->wanted.any();
    });
    contact->leaves = !leased;
    bool const renew = leased && owns && now - told >= config.lease_time / 3;
    if (contact->asks.empty() && !renew && !(contact->leaves && owns)) return nullptr;
    return contact;
}

void BudgetGuardian::State::contact_file() noexcept {
    std::shared_ptr<BudgetContact> contact;
    Result<bool> const begins = guarded([&]() -> Result<bool> {
        std::lock_guard const lock(mutex);
        if (contacting) {
            again = true;
            return false;
        }
        again = false;
        contact = make_contact(clock->now());
        all_due = all_due && again;
        if (contact) {
            contacting = true;
            ++begun;
            return true;
        }
        end_flushes(ok(), unasked);
        return false;
    });
    if (!begins || !*begins) return;
    Result<void> const posted = guarded([&]() -> Result<void> {
        std::function<Result<void>(Connection&)> work = [contact](Connection& db) {
            return policy::contact_file(db, *contact);
        };
        std::function<void(Result<void>)> done = [self = shared_from_this(), contact](Result<void> result) {
            self->contacted(contact, std::move(result));
        };
        database.post_write(std::move(work), std::move(done));
        return ok();
    });
    if (!posted) contacted(contact, posted.error());
}

/// With the mutex held.
void BudgetGuardian::State::end_flushes(Result<void> const& result, std::uint64_t contact) noexcept {
    for (auto at = flushing.begin(); at != flushing.end();) {
        if (at->contact > contact) {
            ++at;
            continue;
        }
        (void)guarded([&]() -> Result<void> {
            Result<bool> outcome = true;
            if (!result) outcome = result.error();
            if (std::shared_ptr<Waiter<bool>> const waiter = at->waiter.lock()) waiter->give(outcome);
            return ok();
        });
        at = flushing.erase(at);
    }
}

/// On the storage thread.
void BudgetGuardian::State::contacted(std::shared_ptr<BudgetContact> const& contact, Result<void> result) noexcept {
    bool more = false;
    (void)guarded([&]() -> Result<void> {
        std::lock_guard const lock(mutex);
        SteadyTime const now = clock->now();
        for (BudgetAsk const& ask : contact->asks) {
            BudgetAccount& account = *ask.account;
            account.asked = false;
            if (!result) {
                account.leased += ask.returned;
                account.refused = account.refused || ask.refused;
                account.recalled = account.recalled || ask.recall_served;
                continue;
            }
            account.leased += ask.granted - account.limited(ask.spent);
            account.spent -= ask.spent;
            account.booked = ask.booked;
            account.others = ask.others;
            account.others_tight = ask.others_tight;
            account.id = ask.id;
            account.contacted = now;
            account.refusal_told = account.refusal_told || ask.refused;
        }
        if (result) {
            told = now;
            owns = !contact->leaves;
            failure.reset();
        } else {
            failure = result.error();
        }
        contacting = false;
        ++finished;
        table.tidy(clock->system_now());
        let_go(now);
        // Those whom this contact knew of look for themselves.
        for (std::shared_ptr<Waiting> const& waiting : queue) {
            if (waiting->contact > finished) continue;
            Result<bool> look = true;
            if (std::shared_ptr<Waiter<bool>> const waiter = waiting->waiter.lock()) waiter->give(look);
        }
        if (!result || !all_due) end_flushes(result, result ? finished : unasked);
        more = result && (again || !flushing.empty());
        return ok();
    });
    if (config.on_alert) {
        for (BudgetAlert const& alert : contact->alerts) config.on_alert(alert);
    }
    if (more) contact_file();
    keep_watch();
}

/// Arms the timer while there is something to renew, to book or to give back.
void BudgetGuardian::State::keep_watch() noexcept {
    {
        std::lock_guard const lock(mutex);
        if (watching || (table.active().empty() && !owns)) return;
        watching = true;
    }
    Result<bool> const posted = guarded([&]() -> Result<bool> {
        return database.runtime().post(executor, [self = shared_from_this()] {
            if (!self->timer) self->timer = self->clock->make_timer(self->executor);
            self->timer->arm(self->clock->now() + watch_every, [weak = std::weak_ptr<State>(self)] {
                if (std::shared_ptr<State> const state = weak.lock()) state->watch();
            });
        });
    });
    if (posted && *posted) return;
    std::lock_guard const lock(mutex);
    watching = false;
}

void BudgetGuardian::State::watch() noexcept {
    bool read = false;
    {
        std::lock_guard const lock(mutex);
        watching = false;
        table.tidy(clock->system_now());
        bool const has_leases = std::any_of(table.active().begin(), table.active().end(),
                                            [](auto const& account) { return account->leased.any(); });
        read = has_leases && !std::exchange(reading, true);
    }
    contact_file();
    if (read) {
        Result<void> const asked = guarded([&]() -> Result<void> {
            std::function<Result<std::vector<std::int64_t>>(Connection&)> work = [id = owner](Connection& db) {
                return recalled_accounts(db, id);
            };
            auto done = [self = shared_from_this()](std::exception_ptr const&,
                                                    Result<std::vector<std::int64_t>> accounts) {
                self->recall(accounts ? *accounts : std::vector<std::int64_t>());
            };
            boost::asio::co_spawn(executor, database.read<std::vector<std::int64_t>>(std::move(work)), std::move(done));
            return ok();
        });
        if (!asked) recall({});
    }
    keep_watch();
}

void BudgetGuardian::State::recall(std::vector<std::int64_t> const& accounts) noexcept {
    {
        std::lock_guard const lock(mutex);
        reading = false;
        if (accounts.empty()) return;
        for (std::shared_ptr<BudgetAccount> const& account : table.active()) {
            if (std::find(accounts.begin(), accounts.end(), account->id) != accounts.end()) {
                account->recalled = true;
                account->scarce_until = clock->now() + scarce_for;
            }
        }
    }
    contact_file();
}

/// Sets aside for those who wait, in their order, what there is for them. With the mutex held.
void BudgetGuardian::State::let_go(SteadyTime now) noexcept {
    for (auto at = queue.begin(); at != queue.end();) {
        std::shared_ptr<Waiting> const waiting = *at;
        Result<bool> const taken = guarded([&]() -> Result<bool> {
            if (!table.take(waiting->places, waiting->need, now)) return false;
            table.want(waiting->places, Amounts() - waiting->need);
            waiting->granted = true;
            return true;
        });
        if (!taken || !*taken) {
            ++at;
            continue;
        }
        at = queue.erase(at);
        // One that cannot be woken for want of memory looks for itself in a moment.
        (void)guarded([&]() -> Result<bool> {
            Result<bool> look = true;
            std::shared_ptr<Waiter<bool>> const waiter = waiting->waiter.lock();
            return waiter && waiter->give(look);
        });
    }
}

/// Gives up waiting, or what was set aside meanwhile. Takes the mutex.
void BudgetGuardian::State::leave(std::shared_ptr<Waiting> const& waiting) noexcept {
    std::lock_guard const lock(mutex);
    SteadyTime const now = clock->now();
    (void)guarded([&]() -> Result<void> {
        if (waiting->granted) {
            table.end(waiting->places, waiting->need, Amounts(), now);
        } else {
            table.want(waiting->places, Amounts() - waiting->need);
            queue.remove(waiting);
        }
        return ok();
    });
    let_go(now);
}

bool BudgetGuardian::State::known_full(BudgetPlaces const& places, Amounts const& need, SteadyTime now) const {
    return std::any_of(places.begin(), places.end(), [&](std::shared_ptr<BudgetAccount> const& place) {
        if (now >= place->full_until) return false;
        Amounts const wanted = place->limited(need);
        return (place->full_for.cost > 0 && wanted.cost >= place->full_for.cost) ||
               (place->full_for.tokens > 0 && wanted.tokens >= place->full_for.tokens);
    });
}

Error BudgetGuardian::State::refusal(BudgetPlaces const& places, Amounts const& need) {
    BudgetAccount const* which = nullptr;
    bool const never = BudgetTable::never_fits(places, need, &which);
    for (std::shared_ptr<BudgetAccount> const& place : places) {
        if (which != nullptr) break;
        Amounts const wanted = place->limited(need), idle = place->idle();
        bool const fits =
            (wanted.cost <= 0 || wanted.cost <= idle.cost) && (wanted.tokens <= 0 || wanted.tokens <= idle.tokens);
        if (!fits) which = place.get();
    }
    if (which == nullptr) return fail(Errc::budget_exceeded, "the budgets of the call have no room for it");
    BudgetRule const& rule = *which->rule;
    std::string what = "budget '" + rule.name + "'";
    if (!which->value.empty()) what += std::string(" of ") + name(rule.by) + " '" + which->value + "'";
    what +=
        never ? " is smaller than what the call may come to ($" : " has no room left for what the call may come to ($";
    what += Money::nanos(need.cost).usd() + ", " + std::to_string(need.tokens) + " tokens); ";
    what += never ? "ask for less with max_tokens, or raise it" : "wait for its next window, ask for less, or raise it";
    Error error = fail(Errc::budget_exceeded, std::move(what));
    if (!never && rule.window != BudgetWindow::total) {
        error.retry_after = std::chrono::ceil<milliseconds>(which->window.ends - clock->system_now());
    }
    return error;
}

BudgetGuardian::State::Verdict BudgetGuardian::State::judge(Waiting& waiting, SteadyTime now) {
    Verdict verdict;
    SteadyTime const end = waiting.began + std::max(waiting.wait, config.patience);
    if (finished < waiting.contact) {
        // Not asked yet, or not answered: storage has its own limits of time.
        // A contact that is under way had begun before: another has to follow it.
        if (begun < waiting.contact) again = true;
        verdict.look = now + std::chrono::seconds(1);
        return verdict;
    }
    if (failure) {
        verdict.refusal = *failure;
        return verdict;
    }
    bool others_might = false;
    for (std::shared_ptr<BudgetAccount> const& place : waiting.places) {
        Amounts const missing = place->limited(waiting.need) - place->idle();
        bool const short_of = missing.cost > 0 || missing.tokens > 0;
        if (short_of && !place->others_tight) others_might = others_might || place->others.any();
    }
    bool const patient = others_might && now < waiting.began + config.patience;
    if (patient || now < waiting.began + waiting.wait) {
        if (!waiting.asked || now - *waiting.asked >= watch_every) {
            waiting.asked = now;
            waiting.contact = begun + 1;
            again = true;
        }
        verdict.look = std::min(end, now + watch_every);
        return verdict;
    }
    verdict.refusal = refusal(waiting.places, waiting.need);
    for (std::shared_ptr<BudgetAccount> const& place : waiting.places) {
        Amounts const wanted = place->limited(waiting.need);
        Amounts const missing = wanted - place->idle();
        if (missing.cost <= 0 && missing.tokens <= 0) continue;
        place->full_until = now + full_for;
        place->full_for = {missing.cost > 0 ? wanted.cost : 0, missing.tokens > 0 ? wanted.tokens : 0};
        if (place->refusal_told) continue;
        // So that those are told who are to be.
        place->refused = true;
        table.want({place}, Amounts());
    }
    return verdict;
}

void BudgetGuardian::State::end(Hold::Part const& part, Amounts const& held, Amounts const& spent) noexcept {
    bool over = false;
    {
        std::lock_guard const lock(mutex);
        SteadyTime const now = clock->now();
        (void)guarded([&]() -> Result<void> {
            table.end(part.places, held, spent, now);
            return ok();
        });
        for (std::shared_ptr<BudgetAccount> const& place : part.places) {
            Amounts const beyond = place->limited(place->held + place->spent) - place->leased;
            over = over || beyond.cost > 0 || beyond.tokens > 0;
        }
        if (!queue.empty()) let_go(now);
    }
    if (over) contact_file();
    keep_watch();
}

}  // namespace aikit::inline v0::policy
