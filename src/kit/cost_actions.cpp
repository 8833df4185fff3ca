// SPDX-License-Identifier: MIT
// kit/cost_actions.cpp - reads what is asked of costs, and asks for it.
#include "kit/cost_actions.hpp"

#include "core/async.hpp"
#include "kit/config_fields.hpp"
#include "kit/cost_views.hpp"
#include "kit/json_views.hpp"
#include "model/json_exact.hpp"

#include <aikit/cost/export.hpp>
#include <aikit/model/json_form.hpp>

#include <array>
#include <charconv>

namespace aikit::inline v0::costs {

void read_time(json::Fields& fields, char const* key, std::optional<SystemTime>& out) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return;
    Result<SystemTime> const time = from_rfc3339(*text);
    if (!time) fields.refuse(key, "must be a time such as \"2026-11-22T16:04:05Z\"");
    if (time) out = *time;
}

void read_filter(json::Fields& fields, cost::RowFilter& out) {
    fields.read("provider", out.provider);
    fields.read("model", out.model);
    fields.read("operation", out.operation);
    fields.read("tenant", out.tenant);
    fields.read("user", out.user);
    fields.read("key", out.key);
    fields.read("project", out.project);
    fields.read("tag", out.tag);
    read_time(fields, "from", out.from);
    read_time(fields, "until", out.until);
}

void read_caller(json::Fields& fields, Caller& out) {
    json::object const* const given = fields.take_object("caller");
    if (given == nullptr) return;
    json::Fields caller(*given, "caller");
    caller.read("tenant", out.tenant);
    caller.read("user", out.user);
    caller.read("key", out.key);
    caller.read("project", out.project);
    caller.read("tier", out.tier);
    out.tags = read_texts(caller, "tags").value_or(out.tags);
    if (Result<void> const good = caller.finish(); !good) fields.refuse("caller", good.error().message);
}

namespace {

void read_by(json::Fields& fields, std::optional<cost::ReportBy>& out) {
    std::optional<std::string> by;
    fields.read("by", by);
    if (!by) return;
    out = cost::report_by(*by);
    if (!out) fields.refuse("by", "is none of model, user, day, provider, key, project, tag, operation, tenant");
}

void read_offset(json::Fields& fields, std::chrono::minutes& out) {
    std::int64_t minutes = 0;
    fields.read("utc_offset_minutes", minutes);
    if (minutes < -1440 || minutes > 1440) fields.refuse("utc_offset_minutes", "must be -1440 to 1440");
    out = std::chrono::minutes(minutes);
}

/// Dollars as a text such as "12.50", which is exact.
std::optional<Money> read_dollars(json::Fields& fields, char const* key) {
    std::optional<std::string> text;
    fields.read(key, text);
    if (!text) return std::nullopt;
    Result<Money> const amount = Money::from_usd(*text);
    if (!amount || *amount < Money()) fields.refuse(key, "must be dollars as a text, such as \"12.50\"");
    return amount ? std::optional<Money>(*amount) : std::nullopt;
}

Usage read_counts(json::Fields& fields) {
    Usage usage;
    json::object const* const given = fields.take_object("usage");
    if (given == nullptr) {
        fields.refuse("usage", "is missing");
        return usage;
    }
    json::Fields counts(*given, "usage");
    counts.read("input", usage.input);
    counts.read("cache_read", usage.cache_read);
    counts.read("cache_write_5m", usage.cache_write_5m);
    counts.read("cache_write_1h", usage.cache_write_1h);
    counts.read("output", usage.output);
    counts.read("reasoning", usage.reasoning);
    counts.read("audio_input", usage.audio_input);
    counts.read("audio_cache_read", usage.audio_cache_read);
    counts.read("audio_output", usage.audio_output);
    counts.read("image_input", usage.image_input);
    counts.read("image_output", usage.image_output);
    if (Result<void> const good = counts.finish(); !good) fields.refuse("usage", "is wrong: " + good.error().message);
    return usage;
}

Result<ChatRequest> read_chat(json::Fields& fields) {
    Result<json_form::ChatCall> call = read_call(fields);
    if (!call) return call.error();
    return std::move(call->request);
}

// ---- the actions ----

Task<std::string> at_once(std::string reply) {
    co_return reply;
}

Task<std::string> recosted(Task<cost::RecostReport> pending, bool applied) {
    Result<cost::RecostReport> const made = co_await std::move(pending);
    if (!made) co_return made.error();
    co_return json::serialize(json_form::view(*made, applied));
}

Task<std::string> exported(Task<cost::LedgerPage> pending, cost::ExportFormat format, bool head) {
    Result<cost::LedgerPage> const page = co_await std::move(pending);
    if (!page) co_return page.error();
    std::string text = head ? cost::export_head(format) : std::string();
    for (cost::LedgerRow const& row : page->rows) cost::export_row(row, format, text);
    json::object reply;
    reply["content"] = text;
    reply["rows"] = page->rows.size();
    reply["last"] = std::to_string(page->last);  // too large a number for JavaScript's
    reply["more"] = page->more;
    co_return json::serialize(reply);
}

Started estimate(Kit& kit, json::Fields& fields) {
    Result<ChatRequest> request = read_chat(fields);
    if (!request) return request.error();
    cost::HistoryQuery history;
    read_filter(fields, history);
    fields.read("calls", history.calls);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    return written(kit.estimate_request_cost(std::move(*request), std::move(history)));
}

Started compare(Kit& kit, json::Fields& fields) {
    Result<ChatRequest> const request = read_chat(fields);
    if (!request) return request.error();
    cost::CompareQuery query;
    query.providers = read_texts(fields, "providers").value_or(query.providers);
    fields.read("reasoning_only", query.reasoning_only);
    fields.read("free_too", query.free_too);
    fields.read("most", query.most);
    if (query.most < 1 || query.most > 100'000) fields.refuse("most", "must be 1 to 100000");
    if (Result<void> const good = fields.finish(); !good) return good.error();
    Result<std::vector<cost::ProviderOffer>> const offers =
        cost::ProviderCostAnalyzer(kit.costs()).compare_providers(*request, query);
    if (!offers) return offers.error();
    return at_once(json::serialize(json_form::view(*offers)));
}

std::vector<cost::VolumeDiscount> read_discounts(Kit const& kit, json::Fields& fields) {
    std::vector<cost::VolumeDiscount> discounts;
    json::array const* const list = fields.take_array("discounts");
    if (list == nullptr) return discounts;
    for (json::value const& one : *list) {
        json::object const* const given = one.if_object();
        if (given == nullptr) {
            fields.refuse("discounts", "must be a list of objects");
            break;
        }
        json::Fields members(*given, "discounts[" + std::to_string(discounts.size()) + "]");
        cost::VolumeDiscount& discount = discounts.emplace_back();
        std::string model;
        members.read("provider", discount.provider);
        members.read("basis_points", discount.basis_points);
        discount.from = read_dollars(members, "from_usd").value_or(Money());
        if (Result<void> const good = members.finish(); !good) fields.refuse("discounts", good.error().message);
        kit.price_names(discount.provider, model);
    }
    return discounts;
}

Started volume(Kit& kit, json::Fields& fields) {
    cost::VolumeProjection projection;
    fields.read("provider", projection.provider);
    fields.read("model", projection.model);
    fields.read("service_tier", projection.service_tier);
    fields.read("calls_per_month", projection.calls_per_month);
    projection.call = read_counts(fields);
    std::vector<cost::VolumeDiscount> const discounts = read_discounts(kit, fields);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    kit.price_names(projection.provider, projection.model);
    Result<cost::VolumeQuote> const quote =
        cost::ProviderCostAnalyzer(kit.costs()).volume_discounts(projection, discounts);
    if (!quote) return quote.error();
    return at_once(json::serialize(json_form::view(*quote)));
}

Started track(Kit& kit, json::Fields& fields) {
    cost::TrackedCall call;
    std::optional<SystemTime> started;
    double latency = 0;
    fields.read("provider", call.provider);
    fields.read("model", call.model);
    fields.read("service_tier", call.service_tier);
    fields.read("operation", call.operation);
    fields.read("request_id", call.request_id);
    fields.read("latency", latency);
    constexpr double most_seconds = 1e9;
    if (!(latency >= 0 && latency <= most_seconds)) fields.refuse("latency", "must be 0 or more seconds");
    read_time(fields, "started", started);
    read_caller(fields, call.caller);
    call.usage = read_counts(fields);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    call.latency = std::chrono::microseconds(static_cast<std::int64_t>(latency * 1e6));
    call.started = started ? *started : kit.runtime().clock()->system_now();
    kit.price_names(call.provider, call.model);
    Result<cost::PricedUsage> const priced = kit.costs()->track_actual_cost(call);
    if (!priced) return priced.error();
    return at_once(json::serialize(json_form::view(*priced)));
}

Started forecast(Kit& kit, json::Fields& fields) {
    cost::ForecastQuery query;
    read_filter(fields, query);
    read_offset(fields, query.utc_offset);
    fields.read("confidence", query.confidence);
    fields.read("history_days", query.history_days);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    return written(kit.costs()->predict_monthly_cost(std::move(query)));
}

Started anomalies(Kit& kit, json::Fields& fields) {
    cost::AnomalyQuery query;
    read_filter(fields, query);
    read_by(fields, query.by);
    read_offset(fields, query.utc_offset);
    fields.read("threshold", query.threshold);
    fields.read("history_days", query.history_days);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    return written(kit.costs()->detect_cost_anomalies(std::move(query)));
}

Started savings(Kit& kit, json::Fields& fields) {
    cost::SavingsQuery query;
    read_filter(fields, query);
    query.least = read_dollars(fields, "least_usd").value_or(query.least);
    std::optional<Money> const budget = read_dollars(fields, "budget_usd");
    if (Result<void> const good = fields.finish(); !good) return good.error();
    query.names = [kit](std::string& provider, std::string& model) { kit.price_names(provider, model); };
    if (!budget) return written(kit.costs()->suggest_optimizations(std::move(query)));
    return written(kit.costs()->optimize_for_budget(*budget, std::move(query)));
}

Started export_rows(Kit& kit, json::Fields& fields) {
    cost::RowsQuery query;
    std::string format = "json_lines";
    std::optional<std::string> after;
    bool head = true;
    read_filter(fields, query);
    fields.read("format", format);
    fields.read("limit", query.limit);
    fields.read("after", after);
    fields.read("head", head);
    if (format != "json_lines" && format != "csv") fields.refuse("format", "must be \"csv\" or \"json_lines\"");
    if (after) {
        std::int64_t place = 0;
        char const* const end = after->data() + after->size();
        auto const read = std::from_chars(after->data(), end, place);
        bool const good = read.ec == std::errc() && read.ptr == end;
        if (!good) fields.refuse("after", "must be the \"last\" of a reply");
        query.after = place;
    }
    if (Result<void> const good = fields.finish(); !good) return good.error();
    cost::ExportFormat const kind = format == "csv" ? cost::ExportFormat::csv : cost::ExportFormat::json_lines;
    return exported(kit.ledger()->rows(std::move(query)), kind, head && !after);
}

Started prune(Kit& kit, json::Fields& fields) {
    std::optional<SystemTime> before;
    std::optional<int> days;
    read_time(fields, "before", before);
    fields.read("keep_days", days);
    if (before.has_value() == days.has_value()) fields.refuse("before", "or 'keep_days' is needed: one of the two");
    if (days && (*days < 1 || *days > 36'500)) fields.refuse("keep_days", "must be 1 to 36500");
    if (Result<void> const good = fields.finish(); !good) return good.error();
    if (days) before = kit.runtime().clock()->system_now() - std::chrono::hours(24 * std::int64_t{*days});
    return written(kit.ledger()->prune(*before));
}

Started recost(Kit& kit, json::Fields& fields) {
    cost::RecostQuery query;
    read_filter(fields, query);
    fields.read("apply", query.apply);
    if (Result<void> const good = fields.finish(); !good) return good.error();
    bool const applied = query.apply;
    return recosted(kit.recost(std::move(query)), applied);
}

constexpr std::array<Action, 10> actions{{{"estimate", estimate},
                                          {"compare", compare},
                                          {"volume", volume},
                                          {"track", track},
                                          {"forecast", forecast},
                                          {"anomalies", anomalies},
                                          {"savings", savings},
                                          {"export", export_rows},
                                          {"prune", prune},
                                          {"recost", recost}}};

Started start(Kit& kit, std::string_view action, std::string const& request) {
    if (!kit.costs()) return fail(Errc::invalid_state, "The kit is closed.");
    Result<json::value> const document =
        json_exact::parse(request.empty() ? "{}" : request, "request", Errc::invalid_argument);
    if (!document) return document.error();
    if (!document->is_object()) return fail(Errc::invalid_argument, "request must be a JSON object.");
    for (std::span<Action const> const list :
         {std::span<Action const>(actions), account_actions(), route_actions(), cache_actions()}) {
        for (Action const& one : list) {
            if (one.name != action) continue;
            json::Fields fields(document->get_object(), "request");
            return one.start(kit, fields);
        }
    }
    return fail(Errc::invalid_argument, "There is no action of that name; see forecast and its like.");
}

Task<std::string> run_task(Kit kit, std::string action, std::string request) {
    Started started = start(kit, action, request);
    if (!started) co_return started.error();
    Task<std::string> pending = std::move(*started);
    co_return co_await std::move(pending);
}

}  // namespace

Result<json_form::ChatCall> read_call(json::Fields& fields) {
    json::object const* const given = fields.take_object("request");
    if (given == nullptr) return fail(Errc::invalid_argument, "'request' is missing: it is a chat in OpenAI's form");
    return json_form::read_chat(json_exact::write(*given));
}

void read_report(json::Fields& fields, cost::ReportQuery& out) {
    std::optional<cost::ReportBy> by;
    read_by(fields, by);
    out.by = by.value_or(out.by);
    read_offset(fields, out.utc_offset);
    fields.read("trend", out.trend);
    read_filter(fields, out);
}

Task<std::string> run(Kit kit, std::string action, std::string request) {
    return guard(run_task(std::move(kit), std::move(action), std::move(request)));
}

}  // namespace aikit::inline v0::costs
