// SPDX-License-Identifier: MIT
// cost/ledger_scan.cpp - a range of ids, and labels looked up once.
#include "cost/ledger_scan.hpp"

#include "core/json.hpp"
#include "cost/ledger_rows.hpp"

#include <algorithm>
#include <limits>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

constexpr std::size_t most_labels = 4'096;
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       most = std::numeric_limits<std::int64_t>::max();

bool fits(std::string const& wanted, std::string const& value) {
    return wanted.empty() || wanted == value;
}

bool fits(RowFilter const& filter, LedgerLabel const& label) {
    return fits(filter.provider, label.provider) && fits(filter.model, label.model) &&
           fits(filter.operation, label.operation) && fits(filter.tenant, label.tenant) &&
           fits(filter.user, label.user) && fits(filter.key, label.key) && fits(filter.project, label.project) &&
           (filter.tag.empty() || std::find(label.tags.begin(), label.tags.end(), filter.tag) != label.tags.end());
}

/// The texts of a JSON array; one that is damaged has none.
std::vector<std::string> texts_of(std::string_view text) {
    std::vector<std::string> texts;
    if (text == "[]") return texts;
    Result<json::value> const read = json::parse(text, "tags");
    json::array const* list = read ? read->if_array() : nullptr;
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if ((*list)[i].is_string()) texts.emplace_back((*list)[i].get_string());
    }
    return texts;
}

std::string_view or_empty(Statement const& find, int column) {
    return find.is_null(column) ? std::string_view() : find.text(column);
}

std::optional<std::int64_t> or_nothing(Statement const& find, int column) {
    return find.is_null(column) ? std::nullopt : std::optional<std::int64_t>(find.integer(column));
}

}  // namespace

Result<LedgerLabel const*> LabelReader::read(std::int64_t number) {
    if (auto const known = known_.find(number); known != known_.end()) return &known->second;
    Statement find(db_,
                   "SELECT operation, provider, model, tenant, user, key, project, tags, price_id FROM ledger_label "
                   "WHERE id = $1");
    find.bind(1, number);
    if (!find.step()) {
        if (Result<void> const done = find.done(); !done) return done.error();
        return fail(Errc::storage, "the ledger is damaged: a row's label is missing");
    }
    LedgerLabel label;
    label.number = number;
    int column = 0;
    for (std::string* text :
         {&label.operation, &label.provider, &label.model, &label.tenant, &label.user, &label.key, &label.project}) {
        *text = std::string(find.text(column++));
    }
    label.tags = texts_of(find.text(7));
    label.price_id = std::string(find.text(8));
    label.wanted = fits(filter_, label);
    if (known_.size() >= most_labels) known_.clear();
    return &known_.emplace(number, std::move(label)).first->second;
}

Result<void> scan_rows(Connection& db, RowFilter const& filter, std::optional<std::int64_t> after,
                       std::function<Result<bool>(ScannedRow const&)> const& row) {
    Statement find(db,
                   "SELECT id, started, label, request, attempt, latency, first_token, outcome, estimated, input, "
                   "cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage, cost, provider_request "
                   "FROM ledger_row WHERE id >= $1 AND id < $2 AND started >= $3 AND started < $4 ORDER BY id");
    std::int64_t first = filter.from ? least_row_id(*filter.from) : least;
    if (after && *after < most) first = std::max(first, *after + 1);
    // Everything of the last millisecond may be wanted, and of times beyond what ids tell apart.
    std::int64_t last = most;
    if (filter.until) last = least_row_id(*filter.until + std::chrono::milliseconds(1));
    if (filter.until && last == least_row_id(*filter.until)) last = most;
    find.bind(1, first).bind(2, last);
    find.bind(3, filter.from ? storage::to_micros(*filter.from) : least);
    find.bind(4, filter.until ? storage::to_micros(*filter.until) : most);
    LabelReader labels(db, filter);
    while (find.step()) {
        Result<LedgerLabel const*> const label = labels.read(find.integer(2));
        if (!label) return label.error();
        if (!(*label)->wanted) continue;
        ScannedRow scanned;
        scanned.id = find.integer(0);
        scanned.started = storage::from_micros(find.integer(1));
        scanned.label = *label;
        scanned.request = find.text(3);
        scanned.attempt = find.integer(4);
        scanned.latency = find.integer(5);
        scanned.first_token = or_nothing(find, 6);
        scanned.outcome = find.text(7);
        scanned.estimated = find.integer(8) != 0;
        int column = 9;
        for (std::int64_t* count : {&scanned.input, &scanned.cache_read, &scanned.cache_write_5m,
                                    &scanned.cache_write_1h, &scanned.output, &scanned.reasoning}) {
            *count = find.integer(column++);
        }
        scanned.usage = or_empty(find, 15);
        scanned.cost = or_nothing(find, 16);
        scanned.provider_request = find.text(17);
        Result<bool> const more = row(scanned);
        if (!more) return more.error();
        if (!*more) return ok();
    }
    return find.done();
}

Result<void> scan_days(Connection& db, RowFilter const& filter,
                       std::function<Result<void>(ScannedDay const&)> const& day) {
    Statement find(db,
                   "SELECT day, label, calls, failed, estimated, unpriced, input, cache_read, cache_write_5m, "
                   "cache_write_1h, output, reasoning, cost FROM ledger_day WHERE day >= $1 AND day < $2 ORDER BY day");
    find.bind(1, filter.from ? storage::to_micros(*filter.from) : least);
    find.bind(2, filter.until ? storage::to_micros(*filter.until) : most);
    LabelReader labels(db, filter);
    while (find.step()) {
        Result<LedgerLabel const*> const label = labels.read(find.integer(1));
        if (!label) return label.error();
        if (!(*label)->wanted) continue;
        ScannedDay scanned;
        scanned.day = storage::from_micros(find.integer(0));
        scanned.label = *label;
        int column = 2;
        for (std::int64_t* count : {&scanned.calls, &scanned.failed, &scanned.estimated, &scanned.unpriced,
                                    &scanned.input, &scanned.cache_read, &scanned.cache_write_5m,
                                    &scanned.cache_write_1h, &scanned.output, &scanned.reasoning, &scanned.cost}) {
            *count = find.integer(column++);
        }
        if (Result<void> const taken = day(scanned); !taken) return taken;
    }
    return find.done();
}

Result<Usage> usage_of(ScannedRow const& row) {
    Usage usage;
    usage.input = row.input;
    usage.cache_read = row.cache_read;
    usage.cache_write_5m = row.cache_write_5m;
    usage.cache_write_1h = row.cache_write_1h;
    usage.output = row.output;
    usage.reasoning = row.reasoning;
    usage.estimated = row.estimated;
    if (row.usage.empty()) return usage;
    Result<json::value> const read = json::parse(row.usage, "usage");
    json::object const* counts = read ? read->if_object() : nullptr;
    if (counts == nullptr) return fail(Errc::storage, "the ledger is damaged: the usage of a row is no JSON");
    auto const take = [&](char const* key, std::int64_t& count) {
        json::value const* value = counts->if_contains(key);
        if (value != nullptr && value->is_int64()) count = value->get_int64();
    };
    take("audio_input", usage.audio_input);
    take("audio_cache_read", usage.audio_cache_read);
    take("audio_output", usage.audio_output);
    take("image_input", usage.image_input);
    take("image_output", usage.image_output);
    take("output_at_least", usage.output_at_least);
    take("output_at_most", usage.output_at_most);
    json::value const* pieces = counts->if_contains("pieces");
    if (pieces == nullptr || !pieces->is_object()) return usage;
    for (auto const& [key, value] : pieces->get_object()) {
        std::optional<Piece> const piece = piece_from_name(key);  // one that a later version counts is not known here
        if (piece && value.is_int64()) usage.pieces[*piece] = value.get_int64();
    }
    return usage;
}

Result<LedgerRow> whole_row(ScannedRow const& row) {
    Result<Usage> usage = usage_of(row);
    if (!usage) return usage.error();
    LedgerRow whole;
    whole.request_id = std::string(row.request);
    whole.attempt_number = static_cast<int>(row.attempt);
    whole.operation = row.label->operation;
    whole.caller.tenant = row.label->tenant;
    whole.caller.user = row.label->user;
    whole.caller.key = row.label->key;
    whole.caller.project = row.label->project;
    whole.caller.tags = row.label->tags;
    whole.attempt.provider = row.label->provider;
    whole.attempt.model = row.label->model;
    whole.attempt.outcome = std::string(row.outcome);
    whole.attempt.provider_request_id = std::string(row.provider_request);
    whole.attempt.started = row.started;
    whole.attempt.latency = std::chrono::microseconds(row.latency);
    if (row.first_token) whole.attempt.first_token = std::chrono::microseconds(*row.first_token);
    whole.attempt.usage = std::move(*usage);
    if (row.cost) whole.attempt.cost = Money::nanos(*row.cost);
    whole.attempt.price_id = row.label->price_id;
    return whole;
}

}  // namespace aikit::inline v0::cost
