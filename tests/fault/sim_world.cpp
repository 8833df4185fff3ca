// SPDX-License-Identifier: MIT
// fault/sim_world.cpp - the kit, its clients, and time.
#include "sim_world.hpp"

#include "sim_disk.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sim {

using aikit::CallOptions;
using aikit::ChatRequest;
using aikit::Kit;
using aikit::Result;
using aikit::Task;

namespace {

std::string tenant_name(int tenant) {
    return "t" + std::to_string(tenant);
}

std::string price_list() {
    constexpr std::size_t most_deployments = 4;
    std::string providers;
    for (std::size_t i = 0; i < most_deployments; ++i) {
        Rates const rates = rates_of(i);
        // A nano-dollar a token is a thousandth of a dollar a million.
        providers += std::string(i == 0 ? "" : ",") + R"({"id":"d)" + std::to_string(i) +
                     R"(","models":[{"id":"m","match":{"equals":"m"},"context":100000,"prices":[{"input":")" +
                     std::to_string(rates.input / 1'000) + R"(","output":")" + std::to_string(rates.output / 1'000) +
                     R"("}]}]})";
    }
    return R"({"form":1,"version":"simulated","providers":[)" + providers + "]}";
}

aikit::RuntimeConfig one_thread(std::shared_ptr<aikit::Clock> clock) {
    aikit::RuntimeConfig config;
    config.io = 0;
    config.cpu = 0;
    config.storage = 0;
    config.resolver = 0;
    config.clock = std::move(clock);
    return config;
}

std::string read_file(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

aikit::policy::BudgetsConfig budgets_of(std::int64_t nanos, bool hard) {
    aikit::policy::BudgetsConfig budgets;
    aikit::policy::BudgetRule& rule = budgets.budgets.emplace_back();
    rule.name = "money";
    rule.by = aikit::policy::LimitBy::tenant;
    rule.window = aikit::policy::BudgetWindow::total;
    rule.cost = aikit::Money::nanos(nanos);
    rule.hard = hard;
    return budgets;
}

/// What breaks the ledger in its own file.
char const* trigger_of(Sabotage sabotage) {
    switch (sabotage) {
        case Sabotage::double_row:
            return "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome = 'ok' BEGIN "
                   "INSERT OR IGNORE INTO ledger_row (id, started, request, attempt, label, latency, outcome, "
                   "estimated, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost, "
                   "provider_request) VALUES (NEW.id + 7, NEW.started + 1, NEW.request, NEW.attempt, NEW.label, "
                   "NEW.latency, NEW.outcome, NEW.estimated, NEW.input, NEW.cache_read, 0, 0, NEW.output, 0, "
                   "NEW.cost, NEW.provider_request); END";
        case Sabotage::lost_row:
            return "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome <> 'ok' BEGIN "
                   "DELETE FROM ledger_row WHERE id = NEW.id; END";
        case Sabotage::hedge_unbooked:
            return "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome = 'cancelled' AND NEW.attempt > 1 "
                   "BEGIN DELETE FROM ledger_row WHERE id = NEW.id; END";
        case Sabotage::wrong_price:
            return "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.cost > 0 BEGIN "
                   "UPDATE ledger_row SET cost = cost - 1 WHERE id = NEW.id; END";
        default: return nullptr;
    }
}

}  // namespace

Ground::Ground() : prices_(scratch_.file("prices.json")) {
    std::ofstream(prices_) << price_list();
    aikit::KitConfig config;
    config.store = scratch_.file("empty.db");
    config.runtime = one_thread(nullptr);
    Result<Kit> kit = Kit::open(config);
    if (!kit) throw std::runtime_error(kit.error().message);
    kit->close();
    empty_ledger_ = read_file(config.store);
}

std::string Ground::fresh_ledger() {
    std::string path = scratch_.file("ledger.db");
    // What is emptied and written anew some file systems write to the disk at once.
    for (char const* const more : {"", "-wal", "-shm"}) std::remove((path + more).c_str());
    std::ofstream(path, std::ios::binary) << empty_ledger_;
    return path;
}

World::World(Ground& ground, Plan const& plan, Sabotage sabotage, bool keep_trace)
    : plan_(plan),
      sabotage_(sabotage),
      ledger_(ground.fresh_ledger()),
      prices_(ground.prices()),
      clock_(std::make_shared<aikit::testing::ManualClock>()),
      trace_(clock_, keep_trace),
      network_(std::make_shared<Network>(plan, clock_, trace_, sabotage)),
      heard_(plan.calls.size()) {}

World::~World() {
    timers_.clear();
    kit_.close();
}

aikit::KitConfig World::configuration() const {
    aikit::KitConfig config;
    config.store = ledger_;
    config.price_catalog = prices_;
    config.runtime = one_thread(clock_);
    config.transport = network_;
    aikit::RouterSetup router;
    router.rules.name = "main";
    router.rules.policy = plan_.policy;
    router.rules.health = plan_.health;
    router.rules.max_retries = plan_.max_retries;
    router.rules.retry_floor = plan_.retry_floor;
    router.rules.resume = plan_.resume;
    router.rules.hedge.quantile = plan_.hedge;
    router.rules.hedge.least_calls = 2;
    router.rules.hedge.share = 1;
    if (sabotage_ == Sabotage::retry_storm) {
        router.rules.retry_budget = 1;
        router.rules.retry_floor = 1'000;
    }
    if (sabotage_ == Sabotage::forget_probe) {
        router.rules.health.probe_after = router.rules.health.longest_pause = std::chrono::hours(24);
    }
    if (sabotage_ == Sabotage::storm_of_probes) {
        router.rules.health.probe_after = router.rules.health.longest_pause = milliseconds(1);
    }
    for (std::size_t i = 0; i < plan_.deployments.size(); ++i) {
        aikit::ProviderConfig provider;
        provider.name = "d" + std::to_string(i);
        provider.type = "openai";
        provider.base_url = "http://" + provider.name + "/v1";
        router.deployments.emplace_back().model = provider.name + "/m";
        config.providers.push_back(std::move(provider));
    }
    config.routers.push_back(std::move(router));
    if (plan_.budget) config.budgets = budgets_of(*plan_.budget, sabotage_ != Sabotage::budget_ignored);
    if (plan_.cache) {
        config.cache.emplace();
        config.cache->share = sabotage_ == Sabotage::cache_crosses_tenants ? aikit::policy::CacheShare::everyone
                                                                           : aikit::policy::CacheShare::tenant;
    }
    if (plan_.at_once) {
        config.call_limits.emplace();
        aikit::policy::LimitRule& rule = config.call_limits->rules.emplace_back();
        rule.name = "together";
        rule.at_once = *plan_.at_once;
    }
    return config;
}

void World::open() {
    Result<Kit> kit = Kit::open(configuration());
    if (!kit) throw std::runtime_error(kit.error().message);
    kit_ = std::move(*kit);
    runtime_ = kit_.runtime();
    if (char const* const trigger = trigger_of(sabotage_)) lab::run_sql(ledger_, trigger);
}

void World::at(milliseconds when, std::function<void()> action) {
    std::unique_ptr<aikit::Timer>& timer = timers_.emplace_back(clock_->make_timer(runtime_.executor()));
    timer->arm(clock_->now() + when, std::move(action));
}

void World::set_up() {
    for (ClockJump const& jump : plan_.jumps) {
        at(jump.at, [this, by = jump.by] { clock_->set_system(clock_->system_now() + by); });
    }
    for (DiskFull const& full : plan_.disk_full) {
        at(full.from, [] { fill_disk(true); });
        at(full.until, [] { fill_disk(false); });
    }
    signals_.resize(plan_.calls.size());
    for (std::size_t i = 0; i < plan_.calls.size(); ++i) {
        CallPlan const& call = plan_.calls[i];
        signals_[i] = std::make_shared<boost::asio::cancellation_signal>();
        at(call.at, [this, i] { start(i); });
        if (call.cancel_after) at(call.at + *call.cancel_after, [this, i] { cancel(i); });
    }
    running_ = plan_.calls.size();
}

void World::start(std::size_t place) {
    trace_.say("c" + std::to_string(place + 1) + " begins");
    if (sabotage_ == Sabotage::hold_not_released) hold_on(plan_.calls[place]);
    auto done = [this, place](std::exception_ptr thrown, Result<Heard> heard) {
        Heard out = heard ? std::move(*heard) : Heard();
        if (thrown || !heard) out.error = thrown ? "thrown" : aikit::name(heard.error().code);
        ended(place, std::move(out));
    };
    boost::asio::co_spawn(runtime_.executor(), ask(*this, place),
                          boost::asio::bind_cancellation_slot(signals_[place]->slot(), std::move(done)));
}

void World::cancel(std::size_t place) {
    if (heard_[place].ended) return;
    trace_.say("c" + std::to_string(place + 1) + " is cancelled");
    if (sabotage_ != Sabotage::cancel_ignored) signals_[place]->emit(boost::asio::cancellation_type::terminal);
}

void World::ended(std::size_t place, Heard heard) {
    heard.ended = trace_.now();
    trace_.say("c" + std::to_string(place + 1) + " ends: " +
               (heard.left       ? "left"
                : heard.answered ? "answered"
                                 : heard.error) +
               (heard.from_cache ? ", cached" : "") + ", '" + heard.text + "'");
    heard_[place] = std::move(heard);
    --running_;
}

ChatRequest World::request_of(CallPlan const& call) const {
    std::string const model = call.direct < 0 ? std::string("main") : "d" + std::to_string(call.direct) + "/m";
    ChatRequest request(model, "Please say something about subject number " + std::to_string(call.question) + ".");
    request.max_tokens = most_output;
    return request;
}

CallOptions World::options_of(CallPlan const& call) const {
    CallOptions options;
    options.request_id = "c" + std::to_string(call.number);
    options.caller.tenant = tenant_name(call.tenant);
    options.limits.total = call.total;
    options.limits.idle = call.idle;
    options.limits.first_byte = call.first_byte;
    options.max_retries = call.max_retries;
    options.replay = call.replay;
    options.cache = call.cache;
    if (sabotage_ == Sabotage::deadline_ignored) options.limits.total.reset();
    if (sabotage_ == Sabotage::replay_never_ignored) options.replay = aikit::Replay::any;
    return options;
}

/// Sets aside what nobody will settle.
void World::hold_on(CallPlan const& call) {
    Result<std::shared_ptr<aikit::policy::BudgetGuardian>> const guardian = kit_.budgets();
    if (!guardian || !*guardian) return;
    aikit::policy::BudgetedCall wanted;
    wanted.provider = "d0";
    wanted.model = "m";
    wanted.caller.tenant = tenant_name(call.tenant);
    wanted.cost = aikit::Money::nanos(1);
    Result<std::optional<aikit::policy::BudgetGuardian::Hold>> held = (*guardian)->try_hold(wanted);
    if (held && *held) holds_.push_back(std::move(**held));
}

Task<Heard> World::ask(World& world, std::size_t place) {
    CallPlan const& call = world.plan_.calls[place];
    std::pair<int, int> const scrap(call.tenant, call.question);
    bool const scraps = world.sabotage_ == Sabotage::cache_keeps_incomplete;
    if (auto const found = world.scraps_.find(scrap); scraps && found != world.scraps_.end()) {
        Heard kept;
        kept.answered = kept.from_cache = true;
        kept.text = found->second;
        co_return kept;
    }
    Heard heard;
    bool const stubborn = world.sabotage_ == Sabotage::retry_of_retries && call.replay == aikit::Replay::any;
    for (int again = stubborn && !call.total ? 2 : 0; again >= 0; --again) {
        ChatRequest request = world.request_of(call);
        CallOptions options = world.options_of(call);
        Task<Heard> asking = ask_once(world, call, std::move(request), std::move(options));
        Result<Heard> outcome = co_await std::move(asking);
        if (outcome) heard = std::move(*outcome);
        if (heard.answered || heard.left) break;
    }
    if (scraps && !heard.answered && !heard.text.empty()) world.scraps_[scrap] = heard.text;
    co_return heard;
}

Task<Heard> World::ask_once(World& world, CallPlan const& call, ChatRequest request, CallOptions options) {
    if (call.stream) return stream(world, std::move(request), std::move(options), call.leave_after);
    return chat(world, std::move(request), std::move(options));
}

Task<Heard> World::chat(World& world, ChatRequest request, CallOptions options) {
    Task<aikit::ChatReply> asking = world.kit_.chat(std::move(request), std::move(options));
    Result<aikit::ChatReply> const reply = co_await std::move(asking);
    Heard heard;
    if (!reply) {
        heard.error = aikit::name(reply.error().code);
        co_return heard;
    }
    heard.answered = reply->complete;
    heard.text = reply->text();
    heard.from_cache = reply->info.cache == "hit";
    if (!reply->complete) heard.error = "no error, and not complete";
    co_return heard;
}

Task<Heard> World::stream(World& world, ChatRequest request, CallOptions options, std::optional<int> leave_after) {
    Heard heard;
    Task<aikit::ChatStream> asking = world.kit_.stream_chat(std::move(request), std::move(options));
    Result<aikit::ChatStream> opened = co_await std::move(asking);
    if (!opened) {
        heard.error = aikit::name(opened.error().code);
        co_return heard;
    }
    for (int events = 0;; ++events) {
        heard.left = leave_after && events >= *leave_after;
        if (heard.left) break;
        Task<std::optional<aikit::ChatEvent>> pulling = opened->next();
        Result<std::optional<aikit::ChatEvent>> const event = co_await std::move(pulling);
        if (!event) heard.error = aikit::name(event.error().code);
        if (!event || !*event) break;
        if (auto const* text = std::get_if<aikit::TextDelta>(&**event)) heard.text += text->text;
        heard.answered = heard.answered || std::holds_alternative<aikit::Finished>(**event);
    }
    heard.from_cache = opened->info().cache == "hit";
    if (heard.error.empty() && !heard.answered && !heard.left) heard.error = "no error, and not complete";
    co_return heard;
}

bool World::drive(std::function<bool()> const& done) {
    for (;;) {
        for (Result<std::size_t> ran = std::size_t{1}; ran && *ran > 0;) ran = runtime_.poll(milliseconds(0));
        if (done()) return true;
        if (!clock_->advance_to_next()) return false;
    }
}

/// What is left to be written is written, as at the end of any program.
void World::write_down(Course& course) {
    fill_disk(false);
    auto const finish = [this, &course](char const* what, Task<void> task) {
        std::optional<Result<void>> end;
        boost::asio::co_spawn(runtime_.executor(), std::move(task),
                              [&end](std::exception_ptr, Result<void> result) { end.emplace(std::move(result)); });
        if (!drive([&end] { return end.has_value(); }) || !*end) course.failure = what;
    };
    if (plan_.budget) finish("the budgets could not be flushed", (*kit_.budgets())->flush());
    finish("the ledger could not be flushed", kit_.flush());
    timers_.clear();
    kit_.close();
}

void World::read_books(Course& course) const {
    course.rows = lab::read_rows(ledger_);
    for (auto const& [tenant, nanos] : network_->billed()) {
        Account account;
        account.tenant = tenant;
        account.spent =
            lab::run_sql(ledger_, "SELECT coalesce(sum(spent_cost), 0) FROM budget_account WHERE value = '" +
                                      tenant_name(tenant) + "'");
        if (plan_.budget) course.accounts.push_back(account);
    }
    course.leases = lab::run_sql(ledger_, "SELECT count(*) FROM budget_lease");
    course.arrivals = network_->arrivals();
    course.billed = network_->billed();
    course.overspent = network_->overspent();
    course.open_bodies = network_->open_bodies();
}

Course World::run() {
    seed_process(plan_.seed);
    fill_disk(false);
    open();
    set_up();
    Course course;
    course.stuck = !drive([this] { return running_ == 0; });
    // What goes on after the callers have gone has its time.
    bool over = false;
    at(milliseconds(2'000), [&over] { over = true; });
    (void)drive([&over] { return over; });
    write_down(course);
    read_books(course);
    course.heard = heard_;
    course.digest = trace_.digest();
    course.trace = trace_.text();
    return course;
}

}  // namespace sim
