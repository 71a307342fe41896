-- name: checkpoints_of
SELECT count(*), coalesce(sum(length(body) + length(roots) + octet_length(metadata)
                              + octet_length(inherited) + octet_length(id) + octet_length(ns)), 0)
FROM checkpoint WHERE thread_id = ?;

-- name: values_of
SELECT count(*), coalesce(sum(length(data) + length(digest)), 0)
FROM checkpoint_value WHERE thread_id = ?;

-- name: writes_of
SELECT count(*), coalesce(sum(length(data) + length(roots) + octet_length(channel)
                              + octet_length(task_id) + octet_length(task_path)), 0)
FROM checkpoint_write WHERE thread_id = ?;

-- name: runs_of
SELECT count(*), coalesce(sum(octet_length(request) + octet_length(metadata)
                              + octet_length(reply_format) + coalesce(octet_length(interrupts), 0)
                              + coalesce(octet_length(shown), 0) + coalesce(octet_length(error), 0)
                              + coalesce(octet_length(before), 0)), 0)
FROM run WHERE thread_id = ? AND assistant_id <> '';

-- name: events_of
SELECT count(*), coalesce(sum(length(packed)), 0) FROM feed WHERE thread_id = ?;

-- name: documents_of
SELECT count(*), coalesce(sum(length(data) + length(digest)), 0) FROM document WHERE thread_id = ?;

-- name: is_visible
SELECT 1 FROM thread WHERE id = ?1 AND temporary < 2 AND json_within(metadata, ?2);

-- name: expired
SELECT t.id, t.pruning FROM thread t
WHERE t.expires_us <= ?1 AND t.temporary = 0
  AND NOT EXISTS (SELECT 1 FROM run r WHERE r.thread_id = t.id AND r.state IN ('queued', 'running'))
ORDER BY t.expires_us, t.id LIMIT ?2;

-- name: is_expired
SELECT 1 FROM thread WHERE id = ?1 AND expires_us <= ?2;

-- name: end_life
UPDATE thread SET expires_us = NULL WHERE id = ?1 AND expires_us <= ?2;
