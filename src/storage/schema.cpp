// SPDX-License-Identifier: MIT
// storage/schema.cpp - the store's tables. Times: microseconds UTC. Money: nano-dollars. JSON and ids: text.
#include "storage/schema.hpp"

namespace aikit::inline v0::storage {
namespace {

constexpr Migration steps[] = {
    {1, R"sql(
-- Vectors and their texts. The truth; the graph beside the file is an image of it.
CREATE TABLE collection (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT UNIQUE,              -- NULL: dropped, its items are on their way out
    dimensions INTEGER NOT NULL,         -- 0: texts only
    metric     TEXT NOT NULL,            -- cosine, dot, l2
    model      TEXT NOT NULL,            -- what made the vectors; empty: not told
    created    INTEGER NOT NULL,         -- with the id, which collection an image is of
    change     INTEGER NOT NULL,         -- of the last write to its items: the time, or one more than the last
    forgotten  INTEGER NOT NULL,         -- removals up to this change are no longer in `removed`
    items      INTEGER NOT NULL,
    vectors    INTEGER NOT NULL,         -- items that have one
    texts      INTEGER NOT NULL,         -- items with at least one keyword
    words      INTEGER NOT NULL,         -- keywords of all items together
    image      INTEGER NOT NULL          -- seal of the last image of its graph: one with another seal was made in
                                         -- another life of this file (a copy that was put back); 0: none
) STRICT;

CREATE TABLE item (
    label      INTEGER PRIMARY KEY AUTOINCREMENT,  -- names a version of an item; never used again
    collection INTEGER NOT NULL REFERENCES collection (id),
    id         TEXT NOT NULL,
    change     INTEGER NOT NULL,         -- collection.change when it was written
    text       TEXT NOT NULL,
    metadata   TEXT NOT NULL,            -- a JSON object
    vector     BLOB NOT NULL,            -- float32, little-endian; empty when the item has none
    UNIQUE (collection, id)
) STRICT;
CREATE INDEX item_by_change ON item (collection, change);

-- Labels that went away, for graphs that were made before.
CREATE TABLE removed (
    collection INTEGER NOT NULL REFERENCES collection (id),
    change     INTEGER NOT NULL,
    label      INTEGER NOT NULL,
    PRIMARY KEY (collection, change, label)
) STRICT, WITHOUT ROWID;

-- Keywords. The text given to FTS5 is made of words that are already analysed, each with its collection in front
-- ("7_wing"), so that every collection has term statistics of its own; see vector/keywords.hpp.
CREATE VIRTUAL TABLE item_text USING fts5 (words, content = '', columnsize = 0, tokenize = "ascii tokenchars '_'");
CREATE VIRTUAL TABLE item_term USING fts5vocab (item_text, instance);

-- How many keywords an item has, apart from the item because it is read for every candidate.
CREATE TABLE item_length (
    label      INTEGER PRIMARY KEY,
    words      INTEGER NOT NULL
) STRICT;

-- Knowledge bases: documents; their chunks are items of the collection "kb/NAME".
CREATE TABLE knowledge_base (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    settings   TEXT NOT NULL,            -- JSON: chunking and embedding, fixed when it is made
    created    INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
    id             INTEGER PRIMARY KEY,
    knowledge_base INTEGER NOT NULL REFERENCES knowledge_base (id) ON DELETE CASCADE,
    uri            TEXT NOT NULL,        -- where it came from; unique within its knowledge base
    title          TEXT NOT NULL,
    media_type     TEXT NOT NULL,
    content_hash   TEXT NOT NULL,        -- SHA-256 of the source bytes and the settings, hex
    status         TEXT NOT NULL,        -- pending, processing, completed, failed
    error          TEXT NOT NULL,        -- a sentence when failed
    bytes          INTEGER NOT NULL,
    chunks         INTEGER NOT NULL,
    metadata       TEXT NOT NULL,
    created        INTEGER NOT NULL,
    updated        INTEGER NOT NULL,
    UNIQUE (knowledge_base, uri)
) STRICT;

-- Embeddings by content, so that the same text is never paid for twice.
CREATE TABLE embedding_cache (
    model   TEXT NOT NULL,
    hash    BLOB NOT NULL,               -- SHA-256 of the input
    vector  BLOB NOT NULL,
    used    INTEGER NOT NULL,
    PRIMARY KEY (model, hash)
) STRICT, WITHOUT ROWID;

-- One row per attempt: retries, hedges and fallbacks have their own. In the order of time, in which it is written and
-- read. An id that a caller uses for a second operation is a second row.
CREATE TABLE ledger (
    started       INTEGER NOT NULL,      -- microseconds since 1970
    request       TEXT NOT NULL,         -- id of the caller's operation
    attempt       INTEGER NOT NULL,      -- from 1
    latency       INTEGER NOT NULL,      -- microseconds until the end
    first_token   INTEGER,               -- microseconds until the first piece of a stream
    operation     TEXT NOT NULL,         -- chat, embed, moderate, models
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    user          TEXT NOT NULL,
    key           TEXT NOT NULL,
    project       TEXT NOT NULL,
    tags          TEXT NOT NULL,         -- a JSON array
    outcome       TEXT NOT NULL,         -- ok, an error's name, or "dropped"
    estimated     INTEGER NOT NULL,      -- 1: usage was counted here, not told by the provider
    input         INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output        INTEGER NOT NULL,
    reasoning     INTEGER NOT NULL,
    usage         TEXT NOT NULL,         -- JSON of the whole usage
    cost          INTEGER,               -- nano-dollars; NULL: could not be priced
    price_id      TEXT NOT NULL,         -- which catalog entry priced it; empty: none
    provider_request TEXT NOT NULL,      -- the provider's id of the request
    PRIMARY KEY (started, request, attempt)
) STRICT, WITHOUT ROWID;
)sql"},
    {2, R"sql(
-- A row per attempt is appended, so it is small: what the rows of a program have in common stands once, in a label.
-- Labels are never removed: a process that has written one keeps its number.
CREATE TABLE ledger_label (
    id        INTEGER PRIMARY KEY,
    operation TEXT NOT NULL,             -- chat, embed, moderate, models
    provider  TEXT NOT NULL,
    model     TEXT NOT NULL,
    tenant    TEXT NOT NULL,
    user      TEXT NOT NULL,
    key       TEXT NOT NULL,
    project   TEXT NOT NULL,
    tags      TEXT NOT NULL,             -- a JSON array
    price_id  TEXT NOT NULL,             -- which catalog entry priced it; empty: none
    UNIQUE (operation, provider, model, tenant, user, key, project, tags, price_id)
) STRICT;

-- In the order of time, in which it is written and read. Retries, hedges and fallbacks have their own rows. An id that
-- a caller uses for a second operation is a second row.
CREATE TABLE ledger_row (
    id          INTEGER PRIMARY KEY,     -- 1048576 times the start in milliseconds, and a hash of what makes it one row
    started     INTEGER NOT NULL,        -- microseconds since 1970
    request     TEXT NOT NULL,           -- id of the caller's operation
    attempt     INTEGER NOT NULL,        -- from 1
    label       INTEGER NOT NULL,
    latency     INTEGER NOT NULL,        -- microseconds until the end
    first_token INTEGER,                 -- microseconds until the first piece of a stream
    outcome     TEXT NOT NULL,           -- ok, an error's name, or "dropped"
    estimated   INTEGER NOT NULL,        -- 1: usage was counted here, not told by the provider
    input       INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    usage       TEXT,                    -- JSON of the whole usage; NULL: there is no more than input and output
    cost        INTEGER,                 -- nano-dollars; NULL: could not be priced
    provider_request TEXT NOT NULL       -- the provider's id of the request
) STRICT;

INSERT INTO ledger_label (operation, provider, model, tenant, user, key, project, tags, price_id)
SELECT DISTINCT operation, provider, model, tenant, user, key, project, tags, price_id FROM ledger;

INSERT INTO ledger_row (id, started, request, attempt, label, latency, first_token, outcome, estimated, input,
                        cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage, cost, provider_request)
SELECT l.started / 1000 * 1048576 +
           row_number() OVER (PARTITION BY l.started / 1000 ORDER BY l.started, l.request, l.attempt) - 1,
       l.started, l.request, l.attempt, b.id, l.latency, l.first_token, l.outcome, l.estimated, l.input,
       l.cache_read, l.cache_write_5m, l.cache_write_1h, l.output, l.reasoning, l.usage, l.cost, l.provider_request
FROM ledger l JOIN ledger_label b ON b.operation = l.operation AND b.provider = l.provider AND b.model = l.model AND
     b.tenant = l.tenant AND b.user = l.user AND b.key = l.key AND b.project = l.project AND b.tags = l.tags AND
     b.price_id = l.price_id;

DROP TABLE ledger;

-- For reading. What starts at a time or later has an id of 1048576 times its milliseconds or more.
CREATE VIEW ledger AS
SELECT r.id, r.started, r.request, r.attempt, r.latency, r.first_token, b.operation, b.provider, b.model, b.tenant,
       b.user, b.key, b.project, b.tags, r.outcome, r.estimated, r.input,
       r.cache_read, r.cache_write_5m, r.cache_write_1h, r.output, r.reasoning,
       coalesce(r.usage, '{"input":' || r.input || ',"output":' || r.output || '}') AS usage,
       r.cost, b.price_id, r.provider_request
FROM ledger_row r JOIN ledger_label b ON b.id = r.label;
)sql"},
    {3, R"sql(
-- What is left of rows that were removed: their sums by day and label.
CREATE TABLE ledger_day (
    day         INTEGER NOT NULL,        -- its midnight, UTC, in microseconds since 1970
    label       INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    estimated   INTEGER NOT NULL,        -- rows whose usage was counted here
    unpriced    INTEGER NOT NULL,        -- rows that could not be priced
    input       INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    cost        INTEGER NOT NULL,        -- nano-dollars
    PRIMARY KEY (day, label)
) STRICT, WITHOUT ROWID;
)sql"},
    {4, R"sql(
-- What one value of a budget (a user, a project, everyone) has spent in one window.
CREATE TABLE budget_account (
    id            INTEGER PRIMARY KEY,
    budget        TEXT NOT NULL,         -- its name in the configuration
    period        TEXT NOT NULL,         -- minute, hour, day, week, month, total
    value         TEXT NOT NULL,         -- whose; empty for everyone
    begins        INTEGER NOT NULL,
    ends          INTEGER NOT NULL,      -- the first moment that is no longer in the window
    scope         TEXT NOT NULL,         -- user, key, project, ...
    hard          INTEGER NOT NULL,      -- 1: never overspent; 0: alerts only
    limit_cost    INTEGER,               -- nano-dollars; NULL: none
    limit_tokens  INTEGER,
    spent_cost    INTEGER NOT NULL,      -- with what is lost
    spent_tokens  INTEGER NOT NULL,
    lost_cost     INTEGER NOT NULL,      -- leased by owners that ended without a word
    lost_tokens   INTEGER NOT NULL,
    alerted       INTEGER NOT NULL,      -- the highest percentage that somebody was told of
    contended     INTEGER NOT NULL,      -- when somebody needed more than there was
    UNIQUE (budget, period, value, begins)
) STRICT;
CREATE INDEX budget_account_by_end ON budget_account (ends);

-- Processes that hold leases. One that is not heard of until it expires has lost them: they count as spent.
CREATE TABLE budget_owner (
    id       INTEGER PRIMARY KEY,        -- drawn at random
    expires  INTEGER NOT NULL,
    process  INTEGER NOT NULL            -- its number, for people
) STRICT;

-- What an owner may spend of an account without asking. The sum of leases and spent is within the limit.
CREATE TABLE budget_lease (
    account  INTEGER NOT NULL,
    owner    INTEGER NOT NULL,
    cost     INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    lost     INTEGER NOT NULL,           -- 1: counted as spent; its owner takes it back if it lives after all
    recalled INTEGER NOT NULL,           -- 1: others need what its owner does not use
    tight    INTEGER NOT NULL,           -- when its owner had given back all it could; 0: it has not
    PRIMARY KEY (account, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_lease_by_owner ON budget_lease (owner);
)sql"},

    {5, R"sql(
-- Who was put into which subscription tier. Members are users, keys, tenants or projects, as "by" says.
CREATE TABLE tier_member (
    by       TEXT NOT NULL,
    member   TEXT NOT NULL,
    tier     TEXT NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (by, member)
) STRICT, WITHOUT ROWID;

-- Batches that count in budgets with what they may come to, until their results say what they came to.
CREATE TABLE budget_batch (
    provider TEXT NOT NULL,
    batch    TEXT NOT NULL,
    handle   TEXT NOT NULL,              -- the job's, as JSON: its model and caller say which budgets
    cost     INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    taken    INTEGER NOT NULL,
    PRIMARY KEY (provider, batch)
) STRICT, WITHOUT ROWID;

-- What members have of which tiers limit the number: knowledge bases, conversations, kinds of the host's own.
CREATE TABLE tier_item (
    by       TEXT NOT NULL,
    member   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    claimed  INTEGER NOT NULL,
    PRIMARY KEY (by, member, kind, id)
) STRICT, WITHOUT ROWID;
)sql"},

    {6, R"sql(
-- Replies that may be given again. The checksum is over all but "used"; a row that does not have it is removed.
CREATE TABLE cached_reply (
    key      TEXT NOT NULL PRIMARY KEY,  -- SHA-256 of all that shapes the reply, in hexadecimal
    tenant   TEXT NOT NULL,
    member   TEXT NOT NULL,              -- the user
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL,           -- the first moment at which it no longer serves
    used     INTEGER NOT NULL,           -- when it was last read from here
    size     INTEGER NOT NULL,           -- of "body", in bytes
    cost     INTEGER,                    -- nano-dollars it took when it was made; NULL: not known
    body     BLOB NOT NULL,
    checksum TEXT NOT NULL
) STRICT;
CREATE INDEX cached_reply_by_use ON cached_reply (used, size);
CREATE INDEX cached_reply_by_end ON cached_reply (expires);
CREATE INDEX cached_reply_by_member ON cached_reply (tenant, member);
)sql"},

    {7, R"sql(
-- What routers know of their deployments: open circuits, pauses, latencies.
CREATE TABLE router_memory (
    router  TEXT NOT NULL PRIMARY KEY,  -- its name in the configuration
    learned TEXT NOT NULL               -- as AIRouter::learned() gives it
) STRICT;
)sql"},
};

}  // namespace

std::span<Migration const> migrations() noexcept {
    return steps;
}

}  // namespace aikit::inline v0::storage
