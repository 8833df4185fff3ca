// SPDX-License-Identifier: MIT
// storage/schema.cpp - the store's tables. Times: microseconds UTC. Money: nano-dollars. JSON and ids: text.
#include "storage/schema.hpp"

namespace aikit::inline v0::storage {
namespace {

constexpr Migration steps[] = {
    {1, R"sql(
-- Vectors and their texts. The truth; the graph beside the file is an image of it.
CREATE TABLE collection (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    dimensions INTEGER NOT NULL,
    metric     TEXT NOT NULL,            -- cosine, dot, l2
    model      TEXT NOT NULL,            -- what made the vectors; searches with another are refused
    change     INTEGER NOT NULL,         -- number of the last change; rises with each commit that touches items
    created    INTEGER NOT NULL
) STRICT;

CREATE TABLE item (
    label      INTEGER PRIMARY KEY,      -- the graph's label and the FTS row id; never used again after a removal
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    id         TEXT NOT NULL,
    change     INTEGER NOT NULL,         -- collection.change when it was written
    vector     BLOB NOT NULL,            -- float32, little-endian; empty when the item has none
    text       TEXT NOT NULL,
    metadata   TEXT NOT NULL,            -- a JSON object
    UNIQUE (collection, id)
) STRICT;
CREATE INDEX item_by_change ON item (collection, change);

-- Labels that went away, until every image has seen it.
CREATE TABLE removed (
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    change     INTEGER NOT NULL,
    label      INTEGER NOT NULL,
    PRIMARY KEY (collection, change, label)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE item_text USING fts5 (text, content='', tokenize = "porter unicode61 remove_diacritics 2");

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

-- One row per attempt: retries, hedges and fallbacks have their own.
CREATE TABLE ledger (
    id            INTEGER PRIMARY KEY,
    request       TEXT NOT NULL,         -- id of the caller's operation
    attempt       INTEGER NOT NULL,      -- from 1
    started       INTEGER NOT NULL,
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
    UNIQUE (request, attempt)
) STRICT;
CREATE INDEX ledger_by_time ON ledger (started);
)sql"},
};

}  // namespace

std::span<Migration const> migrations() noexcept { return steps; }

}  // namespace aikit::inline v0::storage
