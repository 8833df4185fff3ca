// SPDX-License-Identifier: MIT
// fault/fault_budget.cpp - a program: is a budget ever overspent, whoever shares it and whoever is killed?
//
//   fault_budget [--attempts N] [--processes N] [--threads N] [--kills N] [--kind cost|tokens]
//                [--through guardian|meter] [--seed N] [--break NAME]
//
// Attempts ask the guardian themselves, or are calls through a meter that does. Without numbers: 3,000 attempts of 2
// processes with 8 threads each, one of which is killed 4 times. Prints a line of
// JSON for each promise, and ends with 1 when one of them was broken. Money is counted a second time in memory that the
// processes share; this program's first process, which judges, asks the library nothing before the end.
#include "budget_meter.hpp"
#include "lab.hpp"
#include "metered.hpp"

#include <aikit/aikit.hpp>
#include <aikit/policy/budget.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using aikit::policy::BudgetGuardian;
using lab::limit;
using lab::Meter;
using lab::most_processes;
using lab::Plan;
using std::chrono::milliseconds;

constexpr milliseconds lease_time{2'000};

struct Sabotage {
    std::string_view name;
    std::string_view what;
};
constexpr Sabotage sabotages[] = {
    {"none", "nothing"},
    {"lose_hold", "what is set aside is given back before the call runs"},
    {"own_file", "each process has a file of its own"},
    {"half_settled", "half of what a call came to is settled"},
    {"hold_kept", "what a call that was aborted has set aside is never given back"},
    {"dead_forgiven", "what the killed had leased is given back instead of booked"},
};

Meter& map_meter(std::string const& path) {
    int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Meter)) != 0) throw std::runtime_error("the meter cannot be made");
    void* const memory = ::mmap(nullptr, sizeof(Meter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory == MAP_FAILED) throw std::runtime_error("the meter cannot be mapped");
    return *static_cast<Meter*>(memory);
}

struct Worker {
    aikit::Runtime runtime;
    std::shared_ptr<BudgetGuardian> guardian;
    Meter& meter;
    Plan const& plan;
    int number;

    aikit::policy::BudgetedCall call(std::int64_t need) const {
        aikit::policy::BudgetedCall made;
        made.provider = "lab";
        made.model = "lab-small";
        made.caller.user = "everybody";
        made.cost = aikit::Money::nanos(plan.tokens ? 0 : need);
        made.tokens = plan.tokens ? need : 0;
        return made;
    }
    void settle(BudgetGuardian::Hold& hold, std::int64_t amount) const {
        if (plan.sabotage == "half_settled") amount /= 2;
        hold.settle(aikit::Money::nanos(plan.tokens ? 0 : amount), plan.tokens ? amount : 0);
    }
    aikit::Result<void> extend(BudgetGuardian::Hold& hold, std::int64_t more) const {
        return aikit::sync::wait(runtime,
                                 hold.extend(aikit::Money::nanos(plan.tokens ? 0 : more), plan.tokens ? more : 0));
    }

    void take(std::int64_t amount) const { meter.take(number, amount); }
    void give(std::int64_t held, std::int64_t cost) const { meter.give(number, held, cost); }

    void refuse(std::int64_t need, std::int64_t room_before) const {
        // Only where there was room before and after, room is taken to have been there.
        std::int64_t const room = meter.room();
        ++meter.refused;
        if (std::min(room, room_before) >= need) ++meter.refused_falsely;
    }

    void attempt(std::mt19937& random) const {
        // Such that the budget is used up when two of three attempts are made.
        std::int64_t const unit = limit / plan.attempts;
        std::int64_t need = unit * 8 / 10 + static_cast<std::int64_t>(random()) % (unit * 32 / 10);
        std::int64_t const room_before = meter.room();
        aikit::Result<BudgetGuardian::Hold> hold =
            aikit::sync::wait(runtime, guardian->check_request_allowance(call(need)));
        if (!hold) {
            if (hold.error().code != aikit::Errc::budget_exceeded) {
                if (meter.failed.fetch_add(1) == 0) std::fprintf(stderr, "%s\n", hold.error().message.c_str());
                return;
            }
            refuse(need, room_before);
            std::this_thread::sleep_for(milliseconds(random() % 4));
            return;
        }
        ++meter.passed;
        take(need);
        if (plan.sabotage == "lose_hold") hold->settle(aikit::Money(), 0);
        if (random() % 5 == 0) {
            std::int64_t const more = need / 2;
            if (extend(*hold, more)) {
                take(more);
                need += more;
            }
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 3'000));
        unsigned const outcome = random() % 10;
        if (outcome == 0) {
            // Nobody will ever know: it counts as spent. The meter keeps it, as does a hold that is let go.
            give(need, need);
            return;
        }
        std::int64_t const cost = outcome == 1 ? 0 : need * static_cast<std::int64_t>(30 + random() % 71) / 100;
        if (outcome == 1 && plan.sabotage == "hold_kept") {
            (void)new BudgetGuardian::Hold(std::move(*hold));
            give(need, 0);
            return;
        }
        give(need, cost);
        settle(*hold, cost);
    }
};

aikit::policy::BudgetsConfig budgets_of(Plan const& plan) {
    aikit::policy::BudgetsConfig config;
    config.lease_time = lease_time;
    // Three scopes, of which the tightest decides.
    for (char const* name : {"everyone", "user", "wide"}) {
        aikit::policy::BudgetRule rule;
        rule.name = name;
        rule.window = aikit::policy::BudgetWindow::total;
        if (name == std::string_view("user")) rule.by = aikit::policy::LimitBy::user;
        std::int64_t const amount = name == std::string_view("wide") ? 1'000 * limit : limit;
        if (plan.tokens) {
            rule.tokens = amount;
        } else {
            rule.cost = aikit::Money::nanos(amount);
        }
        config.budgets.push_back(std::move(rule));
    }
    return config;
}

aikit::storage::Database open_database(aikit::Runtime const& runtime, std::string const& path) {
    aikit::storage::DatabaseConfig config;
    config.path = path;
    aikit::Result<aikit::storage::Database> database =
        aikit::sync::wait(runtime, aikit::storage::Database::open(runtime, config));
    if (!database) throw std::runtime_error(database.error().message);
    return *database;
}

/// What a process of the crowd does.
int work(std::string const& file, std::string const& meter_file, std::string const& words) {
    Plan plan;
    int number = 0;
    char sabotage[64] = "";
    int tokens = 0, metered = 0;
    if (std::sscanf(words.c_str(), "%ld %d %d %d %u %d %63s", &plan.attempts, &plan.threads, &tokens, &metered,
                    &plan.seed, &number, sabotage) != 7) {
        return 2;
    }
    plan.tokens = tokens != 0;
    plan.metered = metered != 0;
    plan.sabotage = sabotage;
    Meter& meter = map_meter(meter_file);
    aikit::Runtime runtime = aikit::Runtime::create().value();
    std::string const own = plan.sabotage == "own_file" ? file + std::to_string(number) : file;
    aikit::storage::Database database = open_database(runtime, own);
    std::shared_ptr<BudgetGuardian> guardian = BudgetGuardian::create(database, budgets_of(plan)).value();
    Worker const worker{runtime, guardian, meter, plan, number};
    auto metered_worker =
        plan.metered ? std::make_unique<lab::MeteredWorker>(runtime, guardian, meter, plan, number) : nullptr;
    std::vector<std::thread> threads;
    for (int i = 0; i < plan.threads; ++i) {
        threads.emplace_back([&worker, &metered_worker, &meter, &plan, i] {
            std::mt19937 random(plan.seed * 1'000 + static_cast<unsigned>(i));
            while (meter.started.fetch_add(1) < plan.attempts) {
                if (metered_worker) {
                    metered_worker->attempt(random);
                } else {
                    worker.attempt(random);
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    metered_worker.reset();
    aikit::Result<void> const flushed = aikit::sync::wait(runtime, guardian->flush());
    if (!flushed) std::fprintf(stderr, "%s\n", flushed.error().message.c_str());
    guardian.reset();
    database.close();
    runtime.close();
    return flushed ? 0 : 2;
}

class Crowd {
public:
    Crowd(Plan const& plan, lab::Scratch const& scratch, Meter& meter)
        : plan_(plan), file_(scratch.file("budgets.db")), meter_file_(scratch.file("meter")), meter_(meter) {}

    void start() {
        Plan const& plan = plan_;
        std::string const words = std::to_string(plan.attempts) + " " + std::to_string(plan.threads) + " " +
                                  std::to_string(plan.tokens ? 1 : 0) + " " + std::to_string(plan.metered ? 1 : 0) +
                                  " " + std::to_string(plan.seed * 100 + static_cast<unsigned>(started_)) + " " +
                                  std::to_string(started_) + " " + plan.sabotage;
        ++started_;
        pid_t const child = ::fork();
        if (child < 0) throw std::runtime_error("no process can be started");
        if (child == 0) {
            ::execl("/proc/self/exe", "fault_budget", "--work", file_.c_str(), meter_file_.c_str(), words.c_str(),
                    static_cast<char*>(nullptr));
            ::_exit(127);
        }
        running_.push_back(Process{child, started_ - 1});
    }

    /// Kills one, and starts another. What the killed one had leased stays leased until it is booked as spent.
    void kill_one(std::mt19937& random) {
        std::size_t const at = random() % running_.size();
        auto const [victim, number] = running_[at];
        ::kill(victim, SIGKILL);
        int status = 0;
        ::waitpid(victim, &status, 0);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
        if (WIFSIGNALED(status)) {
            killed_.push_back(victim);
            std::int64_t const beyond = leased_by(victim) - meter_.running[number % most_processes].load();
            meter_.overhang += std::max<std::int64_t>(0, beyond);
        }
        if (plan_.sabotage == "dead_forgiven") {
            lab::run_sql(file_,
                         "DELETE FROM budget_lease WHERE owner IN (SELECT id FROM budget_owner WHERE process = " +
                             std::to_string(victim) + ") RETURNING 1");
        }
        start();
    }

    void join() {
        for (Process const& child : running_) {
            int status = 0;
            ::waitpid(child.pid, &status, 0);
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++failed_;
        }
        running_.clear();
    }

    std::string const& file() const noexcept { return file_; }
    std::vector<pid_t> const& killed() const noexcept { return killed_; }
    int failed() const noexcept { return failed_; }

private:
    struct Process {
        pid_t pid = -1;
        int number = 0;
    };

    std::int64_t leased_by(pid_t process) const {
        std::string const column = plan_.tokens ? "l.tokens" : "l.cost";
        return lab::run_sql(file_, "SELECT coalesce(sum(" + column +
                                       "), 0) FROM budget_lease l JOIN budget_account a ON a.id = l.account "
                                       "JOIN budget_owner o ON o.id = l.owner "
                                       "WHERE a.budget = 'everyone' AND o.process = " +
                                       std::to_string(process));
    }

    Plan const& plan_;
    std::string const file_, meter_file_;
    Meter& meter_;
    std::vector<Process> running_;
    std::vector<pid_t> killed_;
    int started_ = 0;
    int failed_ = 0;
};

std::string told(std::int64_t amount) {
    return std::to_string(amount);
}

int run(Plan const& plan) {
    lab::Scratch const scratch;
    lab::Promises promises;
    Meter& meter = map_meter(scratch.file("meter"));
    {
        // The schema is there before anybody comes.
        aikit::Runtime runtime = aikit::Runtime::create().value();
        aikit::storage::Database database = open_database(runtime, scratch.file("budgets.db"));
        database.close();
        runtime.close();
    }
    Crowd crowd(plan, scratch, meter);
    for (int i = 0; i < plan.processes; ++i) crowd.start();
    std::mt19937 random(plan.seed);
    // Kills are spread over the attempts, and most come while there is money left.
    for (int kill = 0; kill < plan.kills; ++kill) {
        std::int64_t const after =
            plan.attempts * (kill + 1) / (plan.kills + 1) + static_cast<std::int64_t>(random() % 50);
        while (meter.started.load() < std::min(after, plan.attempts)) std::this_thread::sleep_for(milliseconds(1));
        crowd.kill_one(random);
    }
    crowd.join();
    std::int64_t const total = meter.total.load();
    std::int64_t const refused = meter.refused.load(), falsely = meter.refused_falsely.load();
    promises.hold("what is spent and set aside never exceeds the budget", meter.most.load() <= limit,
                  told(meter.most.load()) + " of " + told(limit));
    promises.hold("no attempt fails for another reason", meter.failed.load() == 0 && crowd.failed() == 0,
                  told(meter.failed.load()) + " attempts, " + told(crowd.failed()) + " processes");
    // What one process gives back reaches the others within some hundredths of a second, in which a short run makes
    // many of its attempts.
    double const share = static_cast<double>(falsely) / static_cast<double>(std::max<std::int64_t>(1, plan.attempts));
    if (plan.sabotage == "none") {
        promises.hold("few attempts are refused although there is room", share < (plan.attempts < 50'000 ? 0.1 : 0.01),
                      told(falsely) + " of " + told(plan.attempts));
    }
    // The time of the killed runs out; then all there is in the file is spent.
    std::this_thread::sleep_for(lease_time + milliseconds(300));
    aikit::Runtime runtime = aikit::Runtime::create().value();
    aikit::storage::Database database = open_database(runtime, crowd.file());
    std::shared_ptr<BudgetGuardian> guardian = BudgetGuardian::create(database, budgets_of(plan)).value();
    aikit::Result<std::vector<aikit::policy::BudgetStatus>> status = aikit::sync::wait(runtime, guardian->status());
    std::int64_t spent = 0, lost = 0;
    promises.hold("the budget can be read at the end", status.has_value() && status->size() >= 3);
    if (status) {
        for (aikit::policy::BudgetStatus const& one : *status) {
            std::int64_t const held = plan.tokens ? one.held_tokens : one.held_cost.nanos();
            promises.hold("nothing is set aside when the lease time is over", held == 0, told(held));
            if (one.budget != "everyone") continue;
            spent = plan.tokens ? one.tokens : one.cost.nanos();
            lost = plan.tokens ? one.lost_tokens : one.lost_cost.nanos();
            promises.hold("what the budget counts as spent is within its limit", spent <= limit, told(spent));
            promises.hold("all that was billed, or may have been, counts as spent", spent >= total,
                          told(spent) + " of " + told(total));
            std::int64_t const kept = meter.beyond_kept.load();
            promises.hold("no more counts as spent than was billed, or may have been, and lost by the killed",
                          spent <= total + lost + kept,
                          told(spent) + " of " + told(total) + ", " + told(kept) + " and " + told(lost) + " lost");
            promises.hold("only the killed lose anything", lost == 0 || !crowd.killed().empty(), told(lost));
        }
    }
    guardian.reset();
    database.close();
    runtime.close();
    boost::json::object const line{{"program", "fault_budget"},
                                   {"kind", plan.tokens ? "tokens" : "cost"},
                                   {"through", plan.metered ? "meter" : "guardian"},
                                   {"attempts", plan.attempts},
                                   {"passed", meter.passed.load()},
                                   {"refused", refused},
                                   {"refused_falsely", falsely},
                                   {"may_count_more", meter.beyond_kept.load()},
                                   {"stopped", meter.stopped.load()},
                                   {"killed", crowd.killed().size()},
                                   {"most", meter.most.load()},
                                   {"billed_or_unknown", total},
                                   {"spent", spent},
                                   {"lost", lost}};
    std::printf("%s\n", boost::json::serialize(line).c_str());
    return promises.report("fault_budget");
}

int usage() {
    std::fprintf(stderr,
                 "usage: fault_budget [--attempts N] [--processes N] [--threads N] [--kills N] [--kind cost|tokens] "
                 "[--through guardian|meter] [--seed N] [--break NAME] | --breaks\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    Plan plan;
    try {
        if (argc == 5 && std::strcmp(argv[1], "--work") == 0) return work(argv[2], argv[3], argv[4]);
        if (argc == 2 && std::strcmp(argv[1], "--breaks") == 0) {
            for (Sabotage const& one : sabotages) std::printf("%s\n", one.name.data());
            return 0;
        }
        for (int i = 1; i < argc; i += 2) {
            std::string const option = argv[i];
            if (i + 1 == argc) return usage();
            std::string const value = argv[i + 1];
            if (option == "--attempts") {
                plan.attempts = std::atoll(value.c_str());
            } else if (option == "--processes") {
                plan.processes = std::clamp(std::atoi(value.c_str()), 1, most_processes);
            } else if (option == "--threads") {
                plan.threads = std::atoi(value.c_str());
            } else if (option == "--kills") {
                plan.kills = std::atoi(value.c_str());
            } else if (option == "--kind") {
                plan.tokens = value == "tokens";
            } else if (option == "--through") {
                plan.metered = value == "meter";
            } else if (option == "--seed") {
                plan.seed = static_cast<unsigned>(std::atoi(value.c_str()));
            } else if (option == "--break") {
                plan.sabotage = value;
            } else {
                return usage();
            }
        }
        bool const known = std::any_of(std::begin(sabotages), std::end(sabotages),
                                       [&](Sabotage const& one) { return one.name == plan.sabotage; });
        return known ? run(plan) : usage();
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "fault_budget: %s\n", failure.what());
        return 2;
    }
}
