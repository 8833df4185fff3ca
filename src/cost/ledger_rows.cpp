// SPDX-License-Identifier: MIT
// cost/ledger_rows.cpp - rows in memory without a piece for each text; in the table short, with a label for what rows
// have in common.
#include "cost/ledger_rows.hpp"

#include "model/json_writer.hpp"
#include "model/usage_form/pieces.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

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
std::int64_t slot_of(WaitingRow const& row) noexcept {
    std::uint64_t const seed =
        static_cast<std::uint64_t>(row.numbers.started) * 31 + static_cast<std::uint64_t>(row.numbers.attempt);
    std::uint64_t const sum = hash(row.request, seed);
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
    usage_form::write_pieces(json, usage.pieces);
    if (usage.has_interval()) {
        add("output_at_least", usage.output_at_least);
        add("output_at_most", usage.output_at_most);
    }
    json.end_object();
}

/// Whether input and output say all there is.
bool is_plain(Usage const& usage) noexcept {
    return (usage.cache_read | usage.cache_write_5m | usage.cache_write_1h | usage.reasoning | usage.audio_input |
            usage.audio_cache_read | usage.audio_output | usage.image_input | usage.image_output) == 0 &&
           usage.pieces.empty() && !usage.has_interval();
}

std::string tags_text(std::vector<std::string> const& tags) {
    std::string text;
    JsonWriter json(text);
    json.begin_array();
    for (std::string const& tag : tags) json.text(tag);
    json.end_array();
    return text;
}

// How the texts of a row stand in its block: a length before each.
using Length = std::uint64_t;

std::size_t room_for(std::string_view text) noexcept {
    return sizeof(Length) + text.size();
}

void put(std::string& bytes, void const* from, std::size_t size) {
    bytes.append(static_cast<char const*>(from), size);
}

void put(std::string& bytes, std::string_view text) {
    Length const length = text.size();
    put(bytes, &length, sizeof length);
    bytes.append(text);
}

std::string_view take(std::string_view bytes, std::size_t& place) {
    Length length = 0;
    std::memcpy(&length, bytes.data() + place, sizeof length);
    std::string_view const text = bytes.substr(place + sizeof length, length);
    place += sizeof length + length;
    return text;
}

// operation, provider, model, tenant, user, key, project, tags, price id
constexpr std::size_t label_texts = 9;

WaitingRow::Numbers numbers_of(LedgerFacts const& facts) {
    Attempt const& attempt = facts.attempt;
    Usage const& usage = attempt.usage;
    WaitingRow::Numbers numbers{};
    numbers.started = storage::to_micros(attempt.started);
    numbers.attempt = facts.attempt_number;
    numbers.latency = static_cast<std::int64_t>(attempt.latency.count());
    numbers.has_first_token = attempt.first_token.has_value();
    numbers.first_token = attempt.first_token ? static_cast<std::int64_t>(attempt.first_token->count()) : 0;
    numbers.estimated = usage.estimated;
    numbers.input = usage.input;
    numbers.cache_read = usage.cache_read;
    numbers.cache_write_5m = usage.cache_write_5m;
    numbers.cache_write_1h = usage.cache_write_1h;
    numbers.output = usage.output;
    numbers.reasoning = usage.reasoning;
    numbers.has_cost = attempt.cost.has_value();
    numbers.cost = attempt.cost ? attempt.cost->nanos() : 0;
    return numbers;
}

/// Binds one row after the other to a statement. What it has from the row before is not bound again: the rows of one
/// moment are much alike.
class RowBinder {
public:
    explicit RowBinder(Statement& add) : add_(add) {}

    /// What `row` views must stay as it is until the last run of the statement. Its id is parameter 1, and bound apart.
    void bind(WaitingRow const& row, std::int64_t label) {
        WaitingRow::Numbers const& numbers = row.numbers;
        next_ = 1;
        number(numbers.started);
        text(row.request);
        number(numbers.attempt);
        number(label);
        number(numbers.latency);
        numbers.has_first_token ? number(numbers.first_token) : null();
        text(row.outcome);
        for (std::int64_t const count : {numbers.estimated, numbers.input, numbers.cache_read, numbers.cache_write_5m,
                                         numbers.cache_write_1h, numbers.output, numbers.reasoning}) {
            number(count);
        }
        row.usage.empty() ? null() : text(row.usage);
        numbers.has_cost ? number(numbers.cost) : null();
        text(row.provider_request);
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

    Statement& add_;
    std::array<Bound, parameters + 1> bound_;  // by parameter, from 1
    int next_ = 0;
};

/// Whether the row at `id` is the one given.
Result<bool> is_row(Connection& db, std::int64_t id, WaitingRow const& row) {
    Statement find(db,
                   "SELECT count(*) FROM ledger_row WHERE id = $1 AND request = $2 AND attempt = $3 AND started = $4");
    find.bind(1, id).bind(2, row.request).bind(3, row.numbers.attempt).bind(4, row.numbers.started);
    bool const found = find.step() && find.integer(0) != 0;
    if (Result<void> const done = find.done(); !done) return done.error();
    return found;
}

/// Runs a statement whose row is bound, at the first place of its millisecond that is free, or its own already.
Result<void> write_row(Connection& db, Statement& add, WaitingRow const& row) {
    std::int64_t const first = millis_of(row.numbers.started) * slots;
    std::int64_t slot = slot_of(row);
    for (std::int64_t tries = 0; tries < slots; ++tries, slot = (slot + 1) % slots) {
        add.bind(1, first + slot);
        if (Result<void> const added = add.run(); !added) return added.error();
        bool const written = db.changes() != 0;
        add.reset();
        if (written) return ok();
        Result<bool> const same = is_row(db, first + slot, row);
        if (!same) return same.error();
        if (*same) return ok();
    }
    return fail(Errc::storage, "the ledger holds all the rows that one millisecond can have");
}

/// The number of a label, which is written when it is new.
Result<std::int64_t> number_of(Connection& db, std::string_view label) {
    Statement add(db,
                  "INSERT INTO ledger_label (operation, provider, model, tenant, user, key, project, tags, price_id) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING");
    Statement find(db,
                   "SELECT id FROM ledger_label WHERE operation = $1 AND provider = $2 AND model = $3 AND tenant = $4 "
                   "AND user = $5 AND key = $6 AND project = $7 AND tags = $8 AND price_id = $9");
    std::size_t place = 0;
    for (int i = 1; i <= static_cast<int>(label_texts); ++i) {
        std::string_view const text = take(label, place);
        add.bind_view(i, text);
        find.bind_view(i, text);
    }
    if (Result<void> const added = add.run(); !added) return added.error();
    std::int64_t const number = find.step() ? find.integer(0) : 0;
    if (Result<void> const done = find.done(); !done) return done.error();
    if (number == 0) return fail(Errc::internal, "a label of the ledger was not found after it was written");
    return number;
}

}  // namespace

std::int64_t least_row_id(SystemTime time) noexcept {
    return millis_of(storage::to_micros(time)) * slots;
}

void RowBlock::add(LedgerFacts const& facts) {
    Attempt const& attempt = facts.attempt;
    Caller const& caller = facts.caller;
    std::string const tags = caller.tags.empty() ? std::string("[]") : tags_text(caller.tags);
    std::string usage;
    if (!is_plain(attempt.usage)) {
        JsonWriter json(usage);
        write_usage(json, attempt.usage);
    }
    std::array<std::string_view, label_texts> const label = {
        facts.operation, attempt.provider, attempt.model, caller.tenant,   caller.user,
        caller.key,      caller.project,   tags,          attempt.price_id};
    std::array<std::string_view, 4> const own = {facts.request_id, attempt.outcome, usage, attempt.provider_request_id};
    Length whole_label = 0;
    for (std::string_view const text : label) whole_label += room_for(text);
    std::size_t room = sizeof(WaitingRow::Numbers) + sizeof whole_label + whole_label;
    for (std::string_view const text : own) room += room_for(text);
    if (bytes_.capacity() - bytes_.size() < room) bytes_.reserve(std::max(bytes_.size() + room, 2 * bytes_.capacity()));

    WaitingRow::Numbers const numbers = numbers_of(facts);
    put(bytes_, &numbers, sizeof numbers);
    put(bytes_, &whole_label, sizeof whole_label);
    for (std::string_view const text : label) put(bytes_, text);
    for (std::string_view const text : own) put(bytes_, text);
    ++rows_;
}

bool RowBlock::read(std::size_t& place, WaitingRow& row) const {
    if (place == bytes_.size()) return false;
    std::memcpy(&row.numbers, bytes_.data() + place, sizeof row.numbers);
    place += sizeof row.numbers;
    for (std::string_view* text : {&row.label, &row.request, &row.outcome, &row.usage, &row.provider_request}) {
        *text = take(bytes_, place);
    }
    return true;
}

void RowBlock::clear() noexcept {
    constexpr std::size_t most_kept = 262'144;
    if (bytes_.capacity() > most_kept) bytes_ = std::string();
    bytes_.clear();
    rows_ = 0;
}

Result<void> RowInserter::insert(Connection& db, std::list<RowBlock> const& blocks) {
    fresh_.clear();
    Statement add(db,
                  "INSERT INTO ledger_row (id, started, request, attempt, label, latency, first_token, outcome, "
                  "estimated, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage, cost, "
                  "provider_request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
                  "$17, $18) ON CONFLICT (id) DO NOTHING");
    RowBinder binder(add);
    std::string_view label;
    std::int64_t number = 0;
    for (RowBlock const& block : blocks) {
        WaitingRow row{};
        for (std::size_t place = 0; block.read(place, row);) {
            if (row.label != label) {
                Result<std::int64_t> const found = label_of(db, row.label);
                if (!found) return found.error();
                label = row.label;
                number = *found;
            }
            binder.bind(row, number);
            if (Result<void> const written = write_row(db, add, row); !written) return written.error();
        }
    }
    return ok();
}

void RowInserter::committed() {
    if (labels_.size() + fresh_.size() > most_labels) labels_.clear();
    labels_.merge(fresh_);
    fresh_.clear();
}

Result<std::int64_t> RowInserter::label_of(Connection& db, std::string_view label) {
    if (auto const known = labels_.find(label); known != labels_.end()) return known->second;
    if (auto const known = fresh_.find(label); known != fresh_.end()) return known->second;
    Result<std::int64_t> const number = number_of(db, label);
    if (!number) return number;
    fresh_.emplace(label, *number);
    return number;
}

}  // namespace aikit::inline v0::cost
