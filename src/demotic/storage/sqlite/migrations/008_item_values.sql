-- Top-level scalar entries of items, each as a number: a digest of its name and value. A search of
-- many items for a value that few have finds them here, and then compares the values themselves.
CREATE TABLE item_value (
    digest  INTEGER NOT NULL,
    item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    PRIMARY KEY (digest, item_id)
) WITHOUT ROWID;
CREATE INDEX item_value_item ON item_value (item_id);
INSERT OR IGNORE INTO item_value (digest, item_id)
SELECT d.value, i.id FROM item i, json_each(item_digests(i.value)) d;
