-- Statements about what threads ask.

-- name: asked
SELECT t.interrupts FROM thread t
WHERE t.id = ?1
  AND NOT EXISTS (SELECT 1 FROM run WHERE thread_id = ?1 AND state IN ('queued', 'running'))
