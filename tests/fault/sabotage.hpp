// SPDX-License-Identifier: MIT
// fault/sabotage.hpp - ways to break the ledger on purpose, each of which a judge worth the name must notice.
//
// None of them needs a hook in aikit: most are triggers in the ledger's own file, others a wrong price list or a
// program that does not do what aikit asks of it.
#ifndef AIKIT_TESTS_FAULT_SABOTAGE_HPP
#define AIKIT_TESTS_FAULT_SABOTAGE_HPP

#include <string_view>

namespace lab {

/// `sql` is run on the ledger's file before the first call; empty: it is done elsewhere, by its name.
struct Sabotage {
    std::string_view name;
    char const* sql;
};

inline constexpr Sabotage sabotages[] = {
    {"none", ""},
    {"settle_twice",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome = 'ok' AND NEW.id % 97 = 0 BEGIN "
     "INSERT OR IGNORE INTO ledger_row (id, started, request, attempt, label, latency, outcome, estimated, input, "
     "cache_read, cache_write_5m, cache_write_1h, output, reasoning, cost, provider_request) VALUES (NEW.id + 7, "
     "NEW.started + 1, NEW.request, NEW.attempt, NEW.label, NEW.latency, NEW.outcome, NEW.estimated, NEW.input, "
     "NEW.cache_read, 0, 0, NEW.output, 0, NEW.cost, NEW.provider_request); END"},
    {"drop_aborted",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome IN ('dropped', 'incomplete', 'timeout') BEGIN "
     "DELETE FROM ledger_row WHERE id = NEW.id; END"},
    {"aborted_is_free",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome <> 'ok' BEGIN "
     "UPDATE ledger_row SET cost = 0 WHERE id = NEW.id; END"},
    {"delivered_is_zero",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.outcome <> 'ok' BEGIN "
     "UPDATE ledger_row SET output = 0 WHERE id = NEW.id; END"},
    {"guess_is_exact",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.estimated = 1 BEGIN "
     "UPDATE ledger_row SET estimated = 0 WHERE id = NEW.id; END"},
    {"last_try_only",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.attempt > 1 BEGIN "
     "DELETE FROM ledger_row WHERE request = NEW.request AND attempt < NEW.attempt; END"},
    {"wrong_model",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.id % 97 = 0 BEGIN "
     "UPDATE ledger_row SET label = (SELECT a.id FROM ledger_label a, ledger_label b WHERE b.id = NEW.label AND "
     "a.model <> b.model LIMIT 1) WHERE id = NEW.id AND 1 < (SELECT count(DISTINCT model) FROM ledger_label); END"},
    {"coarse_money",
     "CREATE TRIGGER lab AFTER INSERT ON ledger_row WHEN NEW.cost > 0 BEGIN "
     "UPDATE ledger_row SET cost = cost / 1000 * 1000 WHERE id = NEW.id; END"},
    {"ignore_cache", ""},     // cache reads are priced as fresh input
    {"unknown_is_zero", ""},  // a model's price is nothing
    {"forget_flush", ""},     // rows are acknowledged before they are flushed
    {"forget_batch", ""},     // a batch that could not be written is let go
    {"end_at_once", ""},      // a process that is asked to end closes nothing
    {"replay_doubles", ""},   // a row that is written again is another row
};

}  // namespace lab

#endif  // AIKIT_TESTS_FAULT_SABOTAGE_HPP
