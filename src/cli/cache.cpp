// SPDX-License-Identifier: MIT
// cli/cache.cpp - aikit cache: what is kept of replies, and how it is removed.
#include "cli/cache.hpp"

namespace aikit::cli {
namespace {

void print_cache(Console& console, json::value const& reply) {
    json::value const& stored = *json::find(*json::find(reply, "cache"), "stored");
    console.line(std::to_string(json::integer(stored, "entries").value_or(0)) + " replies are kept, " +
                 std::to_string(json::integer(stored, "bytes").value_or(0)) + " bytes; they cost $" +
                 text_of(stored, "worth_usd") + " when they were made");
}

}  // namespace

int run_cache(CommonOptions const& common) {
    return show_action(common, "cache", json::object(), print_cache);
}

int run_cache_clear(CommonOptions const& common, CacheSettings const& settings) {
    json::object request;
    if (settings.tenant || !settings.user.empty()) request["tenant"] = settings.tenant.value_or("");
    if (!settings.user.empty()) request["user"] = settings.user;
    return show_action(common, "clear_cache", std::move(request), print_cache);
}

}  // namespace aikit::cli
