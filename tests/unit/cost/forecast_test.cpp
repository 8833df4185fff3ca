// SPDX-License-Identifier: MIT
// Covers include/aikit/cost/forecast.hpp: against histories that are drawn from known truths.
#include <aikit/cost/forecast.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

namespace aikit::cost {
namespace {

constexpr int kinds = 10;

/// Days of one kind of user: steady, growing, wavering, wandering, seldom, wild, once doubled, never on weekends,
/// growing by as much each day, with days of four times as much.
class Truth {
public:
    Truth(int kind, int days, std::mt19937_64& dice) : kind_(kind), days_(days), dice_(dice) {
        base_ = std::exp(normal() * 2 + 3);
        weekend_ = 0.2 + 0.6 * uniform();
        growth_ = (uniform() * 2 - 0.6) * 0.01;
    }

    double next() {
        int const day = day_++;
        double const usual = base_ * (day % 7 >= 5 ? weekend_ : 1.1);
        double const noise = normal();
        switch (kind_) {
            case 0: return usual * std::exp(0.3 * noise);
            case 1: return usual * std::exp(growth_ * day + 0.25 * noise);
            case 2: wave_ = 0.6 * wave_ + 0.25 * noise; return usual * std::exp(wave_);
            case 3: level_ *= std::exp(0.03 * normal()); return usual * level_ * std::exp(0.2 * noise);
            case 4: return uniform() < 0.5 ? 0 : usual * std::exp(0.8 * noise);
            case 5: return base_ * std::exp(noise);
            case 6: return usual * (day > days_ / 3 ? 2 : 1) * std::exp(0.2 * noise);
            case 7: return day % 7 >= 5 ? 0 : base_ * std::exp(0.3 * noise);
            case 8: return usual * (1 + 0.02 * day) * std::max(0.0, 1 + 0.3 * noise);
            default: return usual * std::exp(0.1 * noise) * (uniform() < 0.05 ? 4 : 1);
        }
    }

private:
    double normal() { return normal_(dice_); }
    double uniform() { return std::uniform_real_distribution<double>()(dice_); }

    int const kind_, days_;
    std::mt19937_64& dice_;
    std::normal_distribution<double> normal_;
    double base_, weekend_, growth_, wave_ = 0, level_ = 1;
    int day_ = 0;
};

Money money(double dollars) {
    return Money::nanos(static_cast<std::int64_t>(std::llround(dollars * 1e9)));
}

/// 2026-08-17 is a Monday, which is where a Truth begins.
CostHistory history(Truth& truth, int days) {
    CostHistory made;
    made.first_day = from_rfc3339("2026-08-17T00:00:00Z").value();
    for (int i = 0; i < days; ++i) made.days.push_back(money(truth.next()));
    return made;
}

}  // namespace

TEST_CASE("the interval of 80 percent holds the sum in 72 to 88 percent of histories of ten kinds") {
    std::mt19937_64 dice(4'711);
    int inside = 0, all = 0;
    for (int kind = 0; kind < kinds; ++kind) {
        int of_kind = 0;
        constexpr int repeats = 100;
        for (int i = 0; i < repeats; ++i) {
            int const days = 35 + static_cast<int>(dice() % 90), ahead = 10 + static_cast<int>(dice() % 21);
            Truth truth(kind, days + ahead, dice);
            CostHistory const past = history(truth, days);
            double sum = 0;
            for (int day = 0; day < ahead; ++day) sum += truth.next();
            CostRange const range =
                forecast_costs(past, std::vector<double>(static_cast<std::size_t>(ahead), 1.0), 0.8).value();
            CHECK(range.low <= range.high);
            of_kind += money(sum) >= range.low && money(sum) <= range.high ? 1 : 0;
        }
        MESSAGE("kind " << kind << ": " << of_kind << " of " << repeats);
        CHECK(of_kind >= repeats / 2);
        inside += of_kind;
        all += repeats;
    }
    MESSAGE("together: " << inside << " of " << all);
    CHECK(inside >= all * 72 / 100);
    CHECK(inside <= all * 88 / 100);
}

TEST_CASE("a wider confidence is a wider interval, and the same history gives the same numbers") {
    std::mt19937_64 dice(5);
    Truth truth(0, 60, dice);
    CostHistory const past = history(truth, 60);
    std::vector<double> const month(30, 1.0);
    CostRange const narrow = forecast_costs(past, month, 0.5).value();
    CostRange const wide = forecast_costs(past, month, 0.95).value();
    CHECK(wide.low < narrow.low);
    CHECK(narrow.high < wide.high);
    CHECK(forecast_costs(past, month, 0.5).value().high == narrow.high);
    CHECK(narrow.low < narrow.expected);
    CHECK(narrow.expected < narrow.high);
}

TEST_CASE("weekends that cost nothing are known, and days without costs cost nothing") {
    CostHistory past;
    past.first_day = from_rfc3339("2026-08-17T00:00:00Z").value();
    for (int day = 0; day < 56; ++day) past.days.push_back(money(day % 7 >= 5 ? 0 : 10));
    CostRange const weekend = forecast_costs(past, {0, 0, 0, 0, 0, 1, 1}, 0.8).value();
    CHECK(weekend.expected < money(0.5));
    CHECK(weekend.weekdays[0] < 0.05);
    CHECK(weekend.weekdays[1] > 1.3);
    CostRange const week = forecast_costs(past, std::vector<double>(7, 1.0), 0.8).value();
    CHECK(week.expected > money(45));
    CHECK(week.expected < money(55));
    std::fill(past.days.begin(), past.days.end(), Money());
    CHECK(forecast_costs(past, {1, 1}, 0.8).value().high == Money());
}

TEST_CASE("what cannot be forecast is refused") {
    CostHistory past;
    past.days.assign(6, money(1));
    CHECK(forecast_costs(past, {1}, 0.8).error().code == Errc::invalid_argument);
    past.days.assign(10, money(1));
    CHECK(forecast_costs(past, {1}, 1.0).error().code == Errc::invalid_argument);
    CHECK(forecast_costs(past, std::vector<double>(401, 1.0), 0.8).error().code == Errc::invalid_argument);
}

TEST_CASE("clean histories raise few alarms, and days of many times as much are found") {
    std::mt19937_64 dice(99);
    int days = 0, alarms = 0, injected = 0;
    std::array<int, 2> found{};
    for (int repeat = 0; repeat < 300; ++repeat) {
        int const kind = std::vector<int>{0, 1, 2, 3, 8}[static_cast<std::size_t>(repeat % 5)];
        Truth truth(kind, 90, dice);
        CostHistory const past = history(truth, 90);
        alarms += static_cast<int>(find_anomalies(past, 5).size());
        days += 90 - 14;
        std::size_t const where = 30 + dice() % 60;
        SystemTime const day = past.first_day + std::chrono::hours(24 * static_cast<std::int64_t>(where));
        for (std::size_t times = 0; times < 2; ++times) {
            CostHistory changed = past;
            changed.days[where] = Money::nanos(past.days[where].nanos() * (times == 0 ? 5 : 10));
            std::vector<CostAnomaly> const told = find_anomalies(changed, 5);
            found[times] += static_cast<int>(std::count_if(
                told.begin(), told.end(), [&](CostAnomaly const& a) { return a.day == day && a.score > 0; }));
        }
        ++injected;
    }
    MESSAGE("false alarms: " << alarms << " in " << days << " days; found " << found[0] << " of " << injected
                             << " of five times as much, " << found[1] << " of ten times");
    CHECK(alarms * 200 <= days);  // at most 0.5 percent of clean days
    CHECK(found[0] * 100 >= injected * 60);
    CHECK(found[1] * 100 >= injected * 90);
}

TEST_CASE("the beginning of use is no anomaly, and neither is one day of costs after which nothing came") {
    for (std::size_t before = 0; before <= 70; ++before) {
        CAPTURE(before);
        CostHistory begun;
        begun.first_day = from_rfc3339("2026-08-17T00:00:00Z").value();
        begun.days.assign(before, Money());
        for (int day = 0; day < 60; ++day) begun.days.push_back(money(1));
        CHECK(find_anomalies(begun, 5).empty());
        begun.days[before + 30] = money(20);
        std::vector<CostAnomaly> const told = find_anomalies(begun, 5);
        REQUIRE(told.size() == 1);
        CHECK(told[0].day == begun.first_day + std::chrono::hours(24 * static_cast<std::int64_t>(before + 30)));

        CostHistory once;
        once.first_day = begun.first_day;
        once.days.assign(before, Money());
        once.days.push_back(money(1));
        once.days.resize(before + 60);
        CHECK(find_anomalies(once, 5).empty());
    }
}

TEST_CASE("an anomaly says what was usual, and one day hides no other") {
    CostHistory past;
    past.first_day = from_rfc3339("2026-08-17T00:00:00Z").value();
    std::mt19937_64 dice(3);
    for (int day = 0; day < 60; ++day) past.days.push_back(money(10 + static_cast<double>(dice() % 200) / 100));
    for (std::size_t const day : {40u, 41u, 45u}) past.days[day] = money(80);
    past.days[50] = Money();
    std::vector<CostAnomaly> const told = find_anomalies(past, 5);
    REQUIRE(told.size() == 4);
    CHECK(told[0].cost == money(80));
    CHECK(told[0].expected > money(9));
    CHECK(told[0].expected < money(13));
    CHECK(told[2].day == past.first_day + std::chrono::hours(24 * 45));
    CHECK(told[3].score < 0);
    CHECK(find_anomalies(CostHistory(), 5).empty());
}

}  // namespace aikit::cost
