// SPDX-License-Identifier: MIT
// tests/bench/everything.hpp - a kit's configuration with every feature on that stands between a caller and a provider.
#ifndef AIKIT_TESTS_BENCH_EVERYTHING_HPP
#define AIKIT_TESTS_BENCH_EVERYTHING_HPP

#include <aikit/kit.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bench {

/// What kits ask for, by the name of the router below.
inline constexpr char const* router_name = "main";

inline std::vector<aikit::policy::LimitRule> roomy_limits() {
    std::vector<aikit::policy::LimitRule> rules(3);
    rules[0].name = "all";
    rules[1].name = "user";
    rules[1].by = aikit::policy::LimitBy::user;
    rules[2].name = "model";
    rules[2].by = aikit::policy::LimitBy::model;
    for (aikit::policy::LimitRule& rule : rules) {
        rule.requests = 1'000'000'000;
        rule.tokens = 1'000'000'000'000;
        rule.at_once = 1'000'000;
    }
    return rules;
}

inline std::vector<aikit::policy::BudgetRule> roomy_budgets() {
    std::vector<aikit::policy::BudgetRule> rules;
    for (aikit::policy::LimitBy const by :
         {aikit::policy::LimitBy::everyone, aikit::policy::LimitBy::user, aikit::policy::LimitBy::project}) {
        aikit::policy::BudgetRule& rule = rules.emplace_back();
        rule.name = aikit::policy::name(by);
        rule.by = by;
        rule.window = aikit::policy::BudgetWindow::day;
        rule.cost = aikit::Money::nanos(1'000'000'000'000'000);
    }
    return rules;
}

/// Puts a router before the deployments ("provider/model", all of the configuration's) that compares them for each
/// request, and sets three limits, budgets in three scopes, the ledger's file and a cache in memory. Nothing of it
/// ever refuses.
inline void turn_everything_on(aikit::KitConfig& config, std::vector<std::string> const& deployments,
                               std::string const& store) {
    config.store = store;
    aikit::RouterSetup router;
    router.rules.name = router_name;
    router.rules.policy = aikit::router::RoutePolicy::balanced;
    for (std::string const& deployment : deployments) router.deployments.emplace_back().model = deployment;
    config.routers.push_back(std::move(router));
    config.call_limits.emplace().rules = roomy_limits();
    config.budgets.emplace().budgets = roomy_budgets();
    config.cache.emplace().stored_entries = 0;
}

inline aikit::CallOptions somebody() {
    aikit::CallOptions options;
    options.caller.user = "ann";
    options.caller.project = "bench";
    return options;
}

/// The path of a store that is removed with this object.
class StoreFile {
public:
    explicit StoreFile(std::string_view of)
        : path_(std::filesystem::temp_directory_path().native() + "/aikit_" + std::string(of) + "_" +
                std::to_string(::getpid()) + ".db") {}
    ~StoreFile() {
        for (char const* suffix : {"", "-wal", "-shm"}) ::unlink((path_ + suffix).c_str());
    }
    StoreFile(StoreFile const&) = delete;
    StoreFile& operator=(StoreFile const&) = delete;

    std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace bench

#endif  // AIKIT_TESTS_BENCH_EVERYTHING_HPP
