// SPDX-License-Identifier: MIT
// cost/ledger_rows.cpp - a short row, and a label for what rows have in common.
#include "cost/ledger_rows.hpp"

#include "model/json_writer.hpp"

#include <algorithm>
#include <optional>

namespace aikit::inline v0::cost {
namespace {

using storage::Connection;
using storage::Statement;

// Labels that are remembered; a program with more of them at a time looks the others up.
constexpr std::size_t most_labels = 4'096;

// Ids of one millisecond.
constexpr std::int64_t slots = 1 << 20;

// What fits into an id: some 278 years around 1970.
constexpr std::int64_t most_millis = (std::int64_t(1) << 43) - 1;

std::int64_t millis_of(std::int64_t micros) noexcept {
    std::int64_t const millis = micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
    return std::clamp(millis, -most_millis, most_millis);
}

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the same in every build, so that a row handed over twice by two
/// programs is one.
std::uint64_t hash(std::string_view text, std::uint64_t seed) noexcept {
    std::uint64_t sum = 0xcbf29ce484222325U ^ seed;
    for (char const c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return sum;
}

/// Where a row belongs within its millisecond, when the place is free.
std::int64_t slot_of(LedgerRow const& row, std::int64_t started) noexcept {
    std::uint64_t const seed =
        static_cast<std::uint64_t>(started) * 31 + static_cast<std::uint64_t>(row.attempt_number);
    std::uint64_t const sum = hash(row.request_id, seed);
    return static_cast<std::int64_t>((sum ^ (sum >> 32)) & (slots - 1));
}

void write_usage(JsonWriter& json, Usage const& usage) {
    auto const add = [&](char const* key, std::int64_t count) {
        if (count != 0) json.key(key).number(count);
    };
    json.begin_object();
    add("input", usage.input);
    add("cache_read", usage.cache_read);
    add("cache_write_5m", usage.cache_write_5m);
    add("cache_write_1h", usage.cache_write_1h);
    add("output", usage.output);
    add("reasoning", usage.reasoning);
    add("audio_input", usage.audio_input);
    add("audio_cache_read", usage.audio_cache_read);
    add("audio_output", usage.audio_output);
    add("image_input", usage.image_input);
    add("image_output", usage.image_output);
    json.end_object();
}

/// Whether input and output say all there is.
bool is_plain(Usage const& usage) noexcept {
    return (usage.cache_read | usage.cache_write_5m | usage.cache_write_1h | usage.reasoning | usage.audio_input |
            usage.audio_cache_read | usage.audio_output | usage.image_input | usage.image_output) == 0;
}

void write_tags(std::string& text, std::vector<std::string> const& tags) {
    text.clear();
    JsonWriter json(text);
    json.begin_array();
    for (std::string const& tag : tags) json.text(tag);
    json.end_array();
}

bool same_label(LedgerRow const& a, LedgerRow const& b) {
    return a.operation == b.operation && a.attempt.provider == b.attempt.provider &&
           a.attempt.model == b.attempt.model && a.attempt.price_id == b.attempt.price_id &&
           a.caller.tenant == b.caller.tenant && a.caller.user == b.caller.user && a.caller.key == b.caller.key &&
           a.caller.project == b.caller.project && a.caller.tags == b.caller.tags;
}

/// Binds one row after the other to a statement. What it has from the row before is not bound again: the rows of one
/// moment are much alike.
class RowBinder {
public:
    explicit RowBinder(Statement& add) : add_(add) {}

    /// `row` must stay as it is until the last run of the statement. Its id is parameter 1, and bound apart.
    void bind(LedgerRow const& row, std::int64_t started, std::int64_t label) {
        Attempt const& attempt = row.attempt;
        Usage const& usage = attempt.usage;
        next_ = 1;
        number(started);
        text(row.request_id);
        number(row.attempt_number);
        number(label);
        number(static_cast<std::int64_t>(attempt.latency.count()));
        attempt.first_token ? number(attempt.first_token->count()) : null();
        text(attempt.outcome);
        number(std::int64_t(usage.estimated));
        for (std::int64_t const count : {usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h,
                                         usage.output, usage.reasoning}) {
            number(count);
        }
        is_plain(usage) ? null() : whole_usage(usage);
        attempt.cost ? number(attempt.cost->nanos()) : null();
        text(attempt.provider_request_id);
    }

private:
    enum class Kind { nothing, text, number, null };
    struct Bound {
        Kind kind = Kind::nothing;
        std::int64_t number = 0;
        std::string_view text;  // of a row before, which is still there
    };
    static constexpr std::size_t parameters = 18;

    void text(std::string_view value) {
        Bound& bound = bound_[static_cast<std::size_t>(++next_)];
        if (bound.kind == Kind::text && bound.text == value) return;
        add_.bind_view(next_, value);
        bound.kind = Kind::text;
        bound.text = value;
    }
    void number(std::int64_t value) {
        Bound& bound = bound_[static_cast<std::size_t>(++next_)];
        if (bound.kind == Kind::number && bound.number == value) return;
        add_.bind(next_, value);
        bound.kind = Kind::number;
        bound.number = value;
    }
    void null() {
        Bound& bound = bound_[static_cast<std::size_t>(++next_)];
        if (bound.kind == Kind::null) return;
        add_.bind_null(next_);
        bound.kind = Kind::null;
    }
    void whole_usage(Usage const& usage) {
        usage_.clear();
        JsonWriter json(usage_);
        write_usage(json, usage);
        add_.bind_view(++next_, usage_);
        bound_[static_cast<std::size_t>(next_)].kind = Kind::nothing;  // its memory serves the next row
    }

    Statement& add_;
    std::array<Bound, parameters + 1> bound_;  // by parameter, from 1
    std::string usage_;
    int next_ = 0;
};

/// Whether the row at `id` is the one given.
Result<bool> is_row(Connection& db, std::int64_t id, LedgerRow const& row, std::int64_t started) {
    Statement find(db,
                   "SELECT count(*) FROM ledger_row WHERE id = $1 AND request = $2 AND attempt = $3 AND started = $4");
    find.bind(1, id).bind(2, row.request_id).bind(3, row.attempt_number).bind(4, started);
    bool const found = find.step() && find.integer(0) != 0;
    if (Result<void> const done = find.done(); !done) return done.error();
    return found;
}

}  // namespace

std::int64_t least_row_id(SystemTime time) noexcept {
    return millis_of(storage::to_micros(time)) * slots;
}

Result<void> RowInserter::insert(Connection& db, std::list<LedgerRow> const& rows) {
    fresh_.clear();
    Statement add(db,
                  "INSERT INTO ledger_row (id, started, request, attempt, label, latency, first_token, outcome, "
                  "estimated, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage, cost, "
                  "provider_request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
                  "$17, $18) ON CONFLICT (id) DO NOTHING");
    RowBinder binder(add);
    LedgerRow const* before = nullptr;
    std::int64_t label = 0;
    for (LedgerRow const& row : rows) {
        if (before == nullptr || !same_label(*before, row)) {
            Result<std::int64_t> const found = label_of(db, row);
            if (!found) return found.error();
            label = *found;
        }
        before = &row;
        std::int64_t const started = storage::to_micros(row.attempt.started);
        std::int64_t const first = millis_of(started) * slots;
        std::int64_t slot = slot_of(row, started);
        binder.bind(row, started, label);
        for (std::int64_t tries = 0;; ++tries, slot = (slot + 1) % slots) {
            if (tries == slots)
                return fail(Errc::storage, "the ledger holds all the rows that one millisecond can have");
            add.bind(1, first + slot);
            if (Result<void> const added = add.run(); !added) return added.error();
            bool const written = db.changes() != 0;
            add.reset();
            if (written) break;
            Result<bool> const same = is_row(db, first + slot, row, started);
            if (!same) return same.error();
            if (*same) break;
        }
    }
    return ok();
}

void RowInserter::committed() {
    if (labels_.size() + fresh_.size() > most_labels) labels_.clear();
    labels_.merge(fresh_);
    fresh_.clear();
}

Result<std::int64_t> RowInserter::label_of(Connection& db, LedgerRow const& row) {
    write_tags(tags_, row.caller.tags);
    Label const label = {row.operation,      row.attempt.provider,    row.attempt.model,
                         row.caller.tenant,  row.caller.user,         row.caller.key,
                         row.caller.project, std::string_view(tags_), row.attempt.price_id};
    if (auto const known = labels_.find(label); known != labels_.end()) return known->second;
    if (auto const known = fresh_.find(label); known != fresh_.end()) return known->second;
    Result<std::int64_t> const number = number_of(db, label);
    if (!number) return number;
    KeptLabel kept;
    std::copy(label.begin(), label.end(), kept.begin());
    fresh_.emplace(std::move(kept), *number);
    return number;
}

Result<std::int64_t> RowInserter::number_of(Connection& db, Label const& label) {
    Statement add(db,
                  "INSERT INTO ledger_label (operation, provider, model, tenant, user, key, project, tags, price_id) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING");
    Statement find(db,
                   "SELECT id FROM ledger_label WHERE operation = $1 AND provider = $2 AND model = $3 AND tenant = $4 "
                   "AND user = $5 AND key = $6 AND project = $7 AND tags = $8 AND price_id = $9");
    for (int i = 0; i < static_cast<int>(label.size()); ++i) {
        add.bind_view(i + 1, label[static_cast<std::size_t>(i)]);
        find.bind_view(i + 1, label[static_cast<std::size_t>(i)]);
    }
    if (Result<void> const added = add.run(); !added) return added.error();
    std::int64_t const number = find.step() ? find.integer(0) : 0;
    if (Result<void> const done = find.done(); !done) return done.error();
    if (number == 0) return fail(Errc::internal, "a label of the ledger was not found after it was written");
    return number;
}

}  // namespace aikit::inline v0::cost
