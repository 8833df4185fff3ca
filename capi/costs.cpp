// SPDX-License-Identifier: MIT
// capi/costs.cpp - the entries of estimates and reports.
#include "kit.hpp"
#include "kit/cost_actions.hpp"
#include "kit/json_views.hpp"
#include "requests.hpp"

#include <aikit/model/json_form.hpp>

using namespace aikit;
using namespace aikit::capi;

namespace {

Task<Reply> report_work(KitPointer kit, cost::ReportQuery query) {
    cost::ReportBy const by = query.by;
    Task<cost::Report> summing = kit->kit.cost_report(std::move(query));
    Result<cost::Report> const report = co_await std::move(summing);
    if (!report) co_return report.error();
    co_return Reply(json::serialize(json_form::view(*report, by)));
}

Result<Work> report_of(KitPointer const& kit, char const* query, std::size_t size) {
    Result<std::string_view> const text = optional_text(query, size, "query");
    if (!text) return text.error();
    Result<cost::ReportQuery> read = read_cost_query(*text);
    if (!read) return read.error();
    return Work([kit, read = std::move(*read)](std::shared_ptr<Op>) { return report_work(kit, read); });
}

Task<Reply> action_work(KitPointer kit, std::string action, std::string request) {
    Task<std::string> running = costs::run(kit->kit, std::move(action), std::move(request));
    Result<std::string> reply = co_await std::move(running);
    if (!reply) co_return reply.error();
    co_return Reply(std::move(*reply));
}

Result<Work> action_of(KitPointer const& kit, char const* action, std::size_t action_size, char const* request,
                       std::size_t request_size) {
    Result<std::string_view> const what = required_text(action, action_size, "action");
    if (!what) return what.error();
    Result<std::string_view> const text = optional_text(request, request_size, "request");
    if (!text) return text.error();
    return Work([kit, what = std::string(*what), text = std::string(*text)](std::shared_ptr<Op>) {
        return action_work(kit, what, text);
    });
}

}  // namespace

aikit_status aikit_cost_estimate(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* estimate,
                                 aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(estimate, "estimate"); !given) return given;
        Result<std::string_view> const text = required_text(request, request_size, "request");
        if (!text) return text.error();
        Result<json_form::ChatCall> const call = json_form::read_chat(*text);
        if (!call) return call.error();
        Result<cost::CostEstimate> const made = object->kit.estimate_request_cost(call->request);
        if (!made) return made.error();
        return hand_out(json::serialize(json_form::view(*made)), estimate);
    });
}

aikit_status aikit_cost_price(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* priced,
                              aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(priced, "priced"); !given) return given;
        Result<std::string_view> const text = required_text(request, request_size, "request");
        if (!text) return text.error();
        Result<cost::UsageQuery> query = read_usage_query(*text);
        if (!query) return query.error();
        Result<cost::PricedReply> const made = object->kit.price_reply(std::move(*query));
        if (!made) return made.error();
        return hand_out(json_form::write_priced(*made), priced);
    });
}

aikit_status aikit_cost_report(aikit_kit* kit, char const* query, size_t query_size, aikit_bytes* report,
                               aikit_error** error) {
    return blocking_reply(kit, report, "report", error,
                          [&](KitPointer const& object) { return report_of(object, query, query_size); });
}

aikit_status aikit_cost_report_start(aikit_kit* kit, char const* query, size_t query_size, aikit_done_cb on_done,
                                     void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return report_of(object, query, query_size); });
}

aikit_status aikit_cost(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                        size_t request_size, aikit_bytes* reply, aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error, [&](KitPointer const& object) {
        return action_of(object, action, action_size, request, request_size);
    });
}

aikit_status aikit_cost_start(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                              size_t request_size, aikit_done_cb on_done, void* user, aikit_op** out,
                              aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error, [&](KitPointer const& object, Listener&) {
        return action_of(object, action, action_size, request, request_size);
    });
}
