-- name: count_tag
-- How many threads have it, as far as that matters.
SELECT count(*) FROM (SELECT 1 FROM thread_tag WHERE key = ? AND value = ? LIMIT 10000);

-- name: count_value
SELECT count(*) FROM (SELECT 1 FROM thread_value WHERE key = ? AND value = ? LIMIT 10000);

-- name: untagged
SELECT id, values_document FROM thread WHERE untagged = 1 AND temporary = 0 LIMIT ?;

-- name: delete_values
DELETE FROM thread_value WHERE thread_id = ?;

-- name: insert_value
INSERT INTO thread_value (key, value, created_us, thread_id)
SELECT ?1, ?2, created_us, id FROM thread WHERE id = ?3;

-- name: set_tagged
UPDATE thread SET untagged = 0 WHERE id = ?;
