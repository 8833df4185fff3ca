// SPDX-License-Identifier: MIT
// Covers what a router tells an observer: failures, circuits, hedges and joints, by deployment.
#include "support.hpp"

#include <doctest/doctest.h>

#include <map>
#include <mutex>

namespace aikit::router {
namespace {

/// Sums counters by metric, deployment and further label.
class Counted final : public Observer {
public:
    void count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept override {
        std::string key(metric);
        for (LogField const& label : labels) {
            if (label.key != "aikit.router") key += "," + std::get<std::string>(label.value);
            routers += label.key == "aikit.router" && std::get<std::string>(label.value) == "router" ? 1 : 0;
        }
        sums[key] += amount;
        ++told;
    }
    void record(std::string_view, std::int64_t, std::span<LogField const>) noexcept override {}

    std::map<std::string, std::int64_t> sums;
    int routers = 0;
    int told = 0;
};

struct Watched : Fleet {
    Watched() { config.observer = heard; }
    std::shared_ptr<Counted> heard = std::make_shared<Counted>();
};

}  // namespace

TEST_CASE("each failure and each circuit that opens is counted once, with its deployment") {
    Watched f;
    f.providers[0]->error = failure(Errc::server_error);
    for (int i = 0; i < 20; ++i) REQUIRE(f.chat().has_value());
    CHECK(f.heard->sums == std::map<std::string, std::int64_t>{{"aikit.router.failures,a/m,server_error", 5},
                                                               {"aikit.router.circuit.openings,a/m", 1}});
    // A probe that fails opens it anew.
    f.clock->advance(seconds(6));
    REQUIRE(f.chat().has_value());
    CHECK(f.heard->sums.at("aikit.router.failures,a/m,server_error") == 6);
    CHECK(f.heard->sums.at("aikit.router.circuit.openings,a/m") == 2);
    CHECK(f.heard->routers == f.heard->told);
}

TEST_CASE("hedges and what they overtook are counted") {
    Watched f;
    f.config.hedge.quantile = 0.95;
    f.providers[0]->takes = milliseconds(100);
    for (int i = 0; i < 20; ++i) REQUIRE(f.chat().has_value());
    CHECK(f.heard->sums.empty());
    f.providers[0]->takes = seconds(10);
    REQUIRE(f.chat().has_value());
    CHECK(f.heard->sums ==
          std::map<std::string, std::int64_t>{{"aikit.router.hedges,b/m", 1}, {"aikit.router.overtaken,a/m", 1}});
}

TEST_CASE("a stream that went on elsewhere is counted with how the two were joined") {
    Watched f;
    f.config.resume = true;
    f.providers[0]->steps = whole_stream({"One ", "two ", "three"});
    f.providers[0]->steps.resize(3);
    f.providers[0]->steps.emplace_back(failure(Errc::connection, true));
    f.providers[1]->steps = whole_stream({"One ", "two ", "three"});
    REQUIRE(f.stream()->finished);
    CHECK(f.heard->sums == std::map<std::string, std::int64_t>{{"aikit.router.failures,a/m,connection", 1},
                                                               {"aikit.router.resumes,b/m,repeated", 1}});
}

}  // namespace aikit::router
