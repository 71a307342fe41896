-- Statements of long-term memory. Parameters are bound, always.

-- name: put_item
-- An item whose time was over begins anew. updated_us rises although the clock may not.
INSERT INTO item (namespace, key, value, created_us, updated_us, ttl_us, expires_us, index_id)
VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?4 + ?5, ?6)
ON CONFLICT (namespace, key) DO UPDATE
SET value = ?3, updated_us = max(?4, updated_us + 1), ttl_us = ?5, expires_us = ?4 + ?5,
    index_id = ?6, created_us = CASE WHEN expires_us <= ?4 THEN ?4 ELSE created_us END
RETURNING id, updated_us > created_us

-- name: delete_item
-- Whether it was there: one whose time was over was not.
DELETE FROM item WHERE namespace = ?1 AND key = ?2
RETURNING expires_us IS NULL OR expires_us > ?3

-- name: item_values
SELECT digest FROM item_value WHERE item_id = ?

-- name: delete_item_value
DELETE FROM item_value WHERE digest = ? AND item_id = ?

-- name: put_item_value
INSERT INTO item_value (digest, item_id) VALUES (?, ?)

-- name: count_item_value
-- How many items have it, as far as that matters.
SELECT count(*) FROM (SELECT 1 FROM item_value WHERE digest = ?1 LIMIT ?2)

-- name: delete_vectors
DELETE FROM item_vector WHERE item_id = ?

-- name: put_vector
INSERT INTO item_vector (item_id, index_id, vector) VALUES (?, ?, ?)

-- name: get_item
SELECT id, namespace, key, value, created_us, updated_us, ttl_us FROM item
WHERE namespace = ?1 AND key = ?2 AND (expires_us IS NULL OR expires_us > ?3)

-- name: list_items
-- The items of a JSON list of ids, in its order.
SELECT i.id, i.namespace, i.key, i.value, i.created_us, i.updated_us, i.ttl_us
FROM json_each(?) f CROSS JOIN item i ON i.id = f.value
ORDER BY f.key

-- name: refresh_items
-- The items of a JSON list of ids: their time begins anew, unless it is over.
UPDATE item SET expires_us = ?2 + ttl_us
WHERE id IN (SELECT value FROM json_each(?1)) AND expires_us > ?2

-- name: next_namespace
-- The first namespace between two places that holds an item.
SELECT namespace FROM item
WHERE namespace > ?1 AND namespace < ?2 AND (expires_us IS NULL OR expires_us > ?3)
ORDER BY namespace LIMIT 1

-- name: count_some_items
-- How many items lie between two places, as far as that matters.
SELECT count(*) FROM (SELECT 1 FROM item WHERE namespace >= ?1 AND namespace < ?2 LIMIT ?3)

-- name: sweep_items
DELETE FROM item WHERE id IN (SELECT id FROM item WHERE expires_us <= ?1 LIMIT ?2)

-- name: last_index
SELECT id, dims, embed, fields FROM item_index ORDER BY opened_us DESC LIMIT 1

-- name: open_index
INSERT INTO item_index (dims, embed, fields, opened_us)
VALUES (?1, ?2, ?3, max(?4, (SELECT coalesce(max(opened_us), 0) + 1 FROM item_index)))
ON CONFLICT (dims, embed) DO UPDATE SET fields = ?3, opened_us = excluded.opened_us
RETURNING id

-- name: count_left_out
-- The items that were stored when another index was open, or none.
SELECT count(*) FROM item
WHERE index_id IS NOT ?1 AND (expires_us IS NULL OR expires_us > ?2)
