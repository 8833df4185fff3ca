// SPDX-License-Identifier: MIT
// policy/budget_window.cpp - minutes to months, in a place's own days.
#include "policy/budget_window.hpp"

namespace aikit::inline v0::policy {
namespace {

using std::chrono::days;
using std::chrono::local_days;

WindowSpan of_days(TimeZone const& zone, local_days first, local_days next) {
    WindowSpan span;
    span.begins = zone.start_of(first);
    span.ends = zone.start_of(next);
    return span;
}

template <class Length>
WindowSpan of_length(SystemTime at) {
    WindowSpan span;
    span.begins = std::chrono::floor<Length>(at);
    span.ends = span.begins + Length(1);
    return span;
}

}  // namespace

WindowSpan window_at(BudgetWindow window, TimeZone const& zone, SystemTime at) {
    if (window == BudgetWindow::minute) return of_length<std::chrono::minutes>(at);
    if (window == BudgetWindow::hour) return of_length<std::chrono::hours>(at);
    if (window == BudgetWindow::total) {
        WindowSpan span;
        span.begins = SystemTime();
        span.ends = SystemTime::max();
        return span;
    }
    local_days const day = zone.day_of(std::chrono::floor<std::chrono::seconds>(at));
    if (window == BudgetWindow::day) return of_days(zone, day, day + days(1));
    if (window == BudgetWindow::week) {
        local_days const monday = day - (std::chrono::weekday(day) - std::chrono::Monday);
        return of_days(zone, monday, monday + days(7));
    }
    std::chrono::year_month_day const date(day);
    std::chrono::year_month const month = date.year() / date.month();
    return of_days(zone, local_days(month / 1), local_days((month + std::chrono::months(1)) / 1));
}

}  // namespace aikit::inline v0::policy
