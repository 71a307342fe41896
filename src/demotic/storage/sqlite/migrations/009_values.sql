-- Values and documents lie in tables with a rowid, beside an index of their digests: an entry of
-- a table WITHOUT ROWID that has more than 1,002 bytes takes a page of 4 KiB besides its own.
CREATE TABLE new_value (
    thread_id TEXT NOT NULL,
    digest    BLOB NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (thread_id, digest)
);
INSERT INTO new_value (thread_id, digest, data)
SELECT thread_id, digest, data FROM checkpoint_value;
DROP TABLE checkpoint_value;
ALTER TABLE new_value RENAME TO checkpoint_value;

CREATE TABLE new_document (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    digest    BLOB NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (thread_id, digest)
);
INSERT INTO new_document (thread_id, digest, data)
SELECT thread_id, digest, data FROM document;
DROP TABLE document;
ALTER TABLE new_document RENAME TO document;
