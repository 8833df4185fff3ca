// SPDX-License-Identifier: MIT
// cli/routes.cpp - aikit route: who would be asked, and why; how the deployments are.
#include "cli/routes.hpp"

#include "model/json_exact.hpp"

#include <aikit/model/json_form.hpp>

#include <array>
#include <cstdio>

namespace aikit::cli {
namespace {

/// A number with two places at most.
std::string number_of(json::value const& object, char const* member) {
    json::value const* const value = json::find(object, member);
    if (value == nullptr || !value->is_number()) return {};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value->to_number<double>());
    std::string out = text.data();
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
    return out;
}

/// "openai/gpt-4o   $0.0042   812 ms   quality 0.9", or why it is left out.
void print_decision(Console& console, json::value const& decision) {
    std::string reasons;
    for (json::value const& reason : json::find(decision, "reasons")->get_array()) {
        reasons += (reasons.empty() ? "" : ", ") + std::string(reason.get_string());
    }
    console.line("by " + text_of(decision, "policy") + "; the request is " + text_of(decision, "grade") + ": " +
                 reasons);
    for (json::value const& candidate : json::find(decision, "candidates")->get_array()) {
        std::string line = headed(text_of(candidate, "deployment"));
        std::string const left_out = text_of(candidate, "left_out");
        std::string const cost = text_of(candidate, "cost_usd");
        std::string const latency = number_of(candidate, "latency_ms");
        if (!left_out.empty()) {
            line += "left out: " + left_out;
        } else {
            line += padded(cost.empty() ? "price unknown" : "$" + cost, 16);
            line += padded(latency.empty() ? "-" : latency + " ms", 14);
            line += "  quality " + number_of(candidate, "quality");
        }
        console.line(line);
    }
}

void print_routers(Console& console, json::value const& reply) {
    json::array const& routers = json::find(reply, "routers")->get_array();
    for (json::value const& router : routers) {
        console.line(console.bold(text_of(router, "router")));
        for (json::value const& one : json::find(router, "deployments")->get_array()) {
            std::string line = "  " + headed(text_of(one, "deployment")) + text_of(one, "circuit");
            std::string const reason = text_of(one, "reason");
            if (!reason.empty()) line += ": " + reason;
            console.line(line);
        }
    }
    if (routers.empty()) console.line("the configuration has no routers");
}

Result<json::object> explain_request(RouteSettings const& settings) {
    json::object out;
    if (!settings.router.empty()) out["router"] = settings.router;
    if (!settings.asked.request.empty()) {
        // As it stands: who asks, and what may be seen by whom, is in it.
        Result<std::string> const text = read_argument_file(settings.asked.request);
        if (!text) return text.error();
        Result<json::value> request = json_exact::parse(*text, "request", Errc::invalid_argument);
        if (!request) return request.error();
        out["request"] = std::move(*request);
        return out;
    }
    Result<ChatRequest> const chat = read_chat_request(settings.asked);
    if (!chat) return chat.error();
    Result<std::string> const text = json_form::write_chat(*chat);
    if (!text) return text.error();
    out["request"] = json::parse(*text, "request").value();
    return out;
}

}  // namespace

int run_route(CommonOptions const& common, RouteSettings const&) {
    return show_action(common, "routers", json::object(), print_routers);
}

int run_route_explain(CommonOptions const& common, RouteSettings const& settings) {
    return show_action(common, "explain_route", explain_request(settings), print_decision);
}

}  // namespace aikit::cli
