-- Long-term memory.

-- What vectors are made by, and of which fields; the one last opened has the highest opened_us.
CREATE TABLE item_index (
    id        INTEGER PRIMARY KEY,
    dims      INTEGER NOT NULL,
    embed     TEXT NOT NULL,
    fields    TEXT NOT NULL,
    opened_us INTEGER NOT NULL,
    UNIQUE (dims, embed)
);

-- A namespace is its labels in UTF-8, each with a NUL behind it: in this order, label by label,
-- namespaces are sorted, and what lies under one is one range.
CREATE TABLE item (
    id         INTEGER PRIMARY KEY,
    namespace  BLOB NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    ttl_us     INTEGER,
    expires_us INTEGER,
    -- the index there was when it was stored, even where nothing of it is indexed
    index_id   INTEGER REFERENCES item_index (id)
);
CREATE UNIQUE INDEX item_place ON item (namespace, key);
-- Holds all that a search without filters looks at, in the order in which it lists.
CREATE INDEX item_updated ON item (updated_us, id, namespace, expires_us);
CREATE INDEX item_expires ON item (expires_us) WHERE expires_us IS NOT NULL;

-- An item has a vector for each of its texts that is indexed.
CREATE TABLE item_vector (
    id       INTEGER PRIMARY KEY,
    item_id  INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    index_id INTEGER NOT NULL REFERENCES item_index (id),
    vector   BLOB NOT NULL
);
CREATE INDEX item_vector_item ON item_vector (item_id, index_id);
