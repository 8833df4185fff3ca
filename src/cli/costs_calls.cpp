// SPDX-License-Identifier: MIT
// cli/costs_calls.cpp - aikit cost estimate, volume, track: what calls cost that are to come, or were made elsewhere.
#include "cli/costs.hpp"

#include <aikit/model/json_form.hpp>

#include <charconv>

namespace aikit::cli {
namespace {

/// A line for each member that was named, "-" for one that is not known.
int show(CommonOptions const& common, Result<json::object> const& request, char const* action,
         std::vector<std::pair<char const*, char const*>> const& lines) {
    return show_action(common, action, request, [&](Console& console, json::value const& reply) {
        for (auto const& [name, member] : lines) {
            json::value const* const value = json::find(reply, member);
            std::string text = "-";
            if (value != nullptr && value->is_string()) text = "$" + std::string(value->get_string());
            if (value != nullptr && value->is_int64()) text = std::to_string(value->get_int64());
            console.line(headed(name) + padded(text, 20));
        }
    });
}

json::object counts(CostSettings const& settings) {
    json::object usage;
    usage["input"] = settings.tokens.input;
    usage["cache_read"] = settings.tokens.cache_read;
    usage["output"] = settings.tokens.output;
    return usage;
}

/// "1000:12.5": from a thousand dollars on, twelve and a half percent.
Result<json::object> read_discount(std::string const& text) {
    std::size_t const colon = text.find(':');
    double percent = -1;
    if (colon != std::string::npos) {
        char const* const end = text.data() + text.size();
        auto const read = std::from_chars(text.data() + colon + 1, end, percent);
        if (read.ec != std::errc() || read.ptr != end) percent = -1;
    }
    if (!(percent >= 0 && percent <= 100)) {
        return fail(Errc::invalid_argument, "--discount must be DOLLARS:PERCENT, such as 1000:12.5");
    }
    json::object out;
    out["from_usd"] = text.substr(0, colon);
    out["basis_points"] = static_cast<std::int64_t>(percent * 100 + 0.5);
    return out;
}

Result<json::object> volume_request(CostSettings const& settings) {
    json::object request;
    request["provider"] = settings.filter.provider;
    request["model"] = settings.filter.model;
    request["service_tier"] = settings.service_tier;
    request["usage"] = counts(settings);
    request["calls_per_month"] = settings.calls;
    json::array discounts;
    for (std::string const& text : settings.discounts) {
        Result<json::object> discount = read_discount(text);
        if (!discount) return discount.error();
        discounts.push_back(std::move(*discount));
    }
    request["discounts"] = std::move(discounts);
    return request;
}

Result<json::object> track_request(CostSettings const& settings) {
    json::object caller;
    cost::RowFilter const& given = settings.filter;
    caller["tenant"] = given.tenant;
    caller["user"] = given.user;
    caller["key"] = given.key;
    caller["project"] = given.project;
    json::array tags;
    if (!given.tag.empty()) tags.push_back(json::value(given.tag));
    caller["tags"] = std::move(tags);
    json::object request;
    request["provider"] = given.provider;
    request["model"] = given.model;
    request["service_tier"] = settings.service_tier;
    if (!given.operation.empty()) request["operation"] = given.operation;
    request["request_id"] = settings.request_id;
    if (!settings.started.empty()) request["started"] = settings.started;
    request["usage"] = counts(settings);
    request["caller"] = std::move(caller);
    return request;
}

Result<json::object> estimate_request(CostSettings const& settings) {
    Result<ChatRequest> chat = read_chat_request(settings);
    if (!chat) return chat.error();
    cost::RowFilter const& given = settings.filter;
    if (!given.model.empty()) chat->model = given.model;
    if (!given.provider.empty() && !chat->model.empty()) chat->model = given.provider + "/" + chat->model;
    Result<std::string> const text = json_form::write_chat(*chat);
    if (!text) return text.error();
    json::object request;
    request["request"] = json::parse(*text, "request").value();
    for (auto const& [name, value] :
         {std::pair("operation", &given.operation), std::pair("tenant", &given.tenant), std::pair("user", &given.user),
          std::pair("key", &given.key), std::pair("project", &given.project), std::pair("tag", &given.tag)}) {
        if (!value->empty()) request[name] = *value;
    }
    return request;
}

}  // namespace

int run_cost_volume(CommonOptions const& common, CostSettings const& settings) {
    return show(common, volume_request(settings), "volume",
                {{"by list prices", "list_usd"},
                 {"with discounts", "discounted_usd"},
                 {"by the batch price", "batch_usd"},
                 {"next discount from", "next_from_usd"}});
}

int run_cost_track(CommonOptions const& common, CostSettings const& settings) {
    return show(common, track_request(settings), "track", {{"cost", "cost_usd"}});
}

int run_cost_estimate(CommonOptions const& common, CostSettings const& settings) {
    return show(common, estimate_request(settings), "estimate",
                {{"expected", "expected_usd"},
                 {"from", "low_usd"},
                 {"to", "high_usd"},
                 {"at most", "at_most_usd"},
                 {"learned from calls", "learned_from"}});
}

}  // namespace aikit::cli
