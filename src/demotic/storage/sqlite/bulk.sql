-- Statements of the operations on several runs. Parameters are bound, always.

-- name: unfinished_runs_of_all
-- The literal list of states is what the index is made for.
SELECT r.thread_id, r.id, r.ordinal
FROM run r INDEXED BY run_unfinished
JOIN thread t ON t.id = r.thread_id
WHERE r.state IN ('queued', 'running', 'waiting')
  AND r.state IN (SELECT value FROM json_each(?1))
  AND r.assistant_id <> ''
  AND (?2 IS NULL OR r.ordinal < ?2)
  AND json_within(t.metadata, ?3)
ORDER BY r.ordinal DESC LIMIT ?4
