// SPDX-License-Identifier: MIT
// fault/sim_world.hpp - one world: a kit between clients and upstreams, on a clock that only moves when nothing else
// does.
#ifndef AIKIT_TESTS_FAULT_SIM_WORLD_HPP
#define AIKIT_TESTS_FAULT_SIM_WORLD_HPP

#include "lab.hpp"
#include "sim_network.hpp"

#include <aikit/aikit.hpp>
#include <aikit/policy/budget.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim {

/// What a caller has of a call.
struct Heard {
    Heard() = default;

    std::optional<Time> ended;
    bool answered = false;  ///< It was told that this is all of it.
    bool left = false;      ///< It went away itself.
    std::string text;
    std::string error;
    bool from_cache = false;
};

/// What a budget's file says of one tenant.
struct Account {
    int tenant = 0;
    std::int64_t spent = 0;
};

/// All that a judge needs to know of a world that has ended.
struct Course {
    std::vector<Heard> heard;  ///< By the calls' places in the plan.
    std::deque<Arrival> arrivals;
    std::map<int, std::int64_t> billed;
    std::optional<int> overspent;  ///< The request by which a budget was exceeded.
    std::vector<lab::Row> rows;
    std::vector<Account> accounts;
    std::int64_t leases = 0;  ///< What was set aside and is not given back.
    int open_bodies = 0;
    bool stuck = false;   ///< Calls waited for what never happens.
    std::string failure;  ///< What could not be done that always can be: writing down what is left.
    std::uint64_t digest = 0;
    std::string trace;
};

/// Where worlds have their files.
class Ground {
public:
    Ground();

    /// The path of a ledger's file that is as good as new.
    std::string fresh_ledger();
    std::string const& prices() const noexcept { return prices_; }

private:
    lab::Scratch scratch_;
    std::string prices_;
    std::string empty_ledger_;  ///< The bytes of one.
};

/// Runs a world to its end.
class World {
public:
    World(Ground& ground, Plan const& plan, Sabotage sabotage, bool keep_trace);
    ~World();
    World(World const&) = delete;
    World& operator=(World const&) = delete;

    Course run();

private:
    aikit::KitConfig configuration() const;
    void open();
    void at(milliseconds when, std::function<void()> action);
    void set_up();
    void start(std::size_t place);
    void cancel(std::size_t place);
    void ended(std::size_t place, Heard heard);
    static aikit::Task<Heard> ask(World& world, std::size_t place);
    static aikit::Task<Heard> ask_once(World& world, CallPlan const& call, aikit::ChatRequest request,
                                       aikit::CallOptions options);
    static aikit::Task<Heard> chat(World& world, aikit::ChatRequest request, aikit::CallOptions options);
    static aikit::Task<Heard> stream(World& world, aikit::ChatRequest request, aikit::CallOptions options,
                                     std::optional<int> leave_after);
    aikit::ChatRequest request_of(CallPlan const& call) const;
    aikit::CallOptions options_of(CallPlan const& call) const;
    void hold_on(CallPlan const& call);

    /// Moves the clock until `done`, or nothing is left to move for.
    bool drive(std::function<bool()> const& done);
    void write_down(Course& course);
    void read_books(Course& course) const;

    Plan const& plan_;
    Sabotage const sabotage_;
    std::string const ledger_;
    std::string const prices_;
    std::shared_ptr<aikit::testing::ManualClock> clock_;
    Trace trace_;
    std::shared_ptr<Network> network_;
    aikit::Kit kit_;
    aikit::Runtime runtime_;
    std::vector<std::unique_ptr<aikit::Timer>> timers_;
    std::vector<std::shared_ptr<boost::asio::cancellation_signal>> signals_;
    std::vector<Heard> heard_;
    std::size_t running_ = 0;

    // What sabotages keep.
    std::vector<aikit::policy::BudgetGuardian::Hold> holds_;
    std::map<std::pair<int, int>, std::string> scraps_;  ///< Of tenant and question.
};

}  // namespace sim

#endif  // AIKIT_TESTS_FAULT_SIM_WORLD_HPP
