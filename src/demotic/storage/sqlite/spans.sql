-- Statements about a thread's feed as a whole.

-- name: last_position
SELECT last_seq FROM feed WHERE thread_id = ? ORDER BY seq DESC LIMIT 1

-- name: last_old_position
-- Runs of a thread do not overlap, so what is recent lies behind all that is not: read from the end.
SELECT f.last_seq FROM feed f LEFT JOIN run r ON r.id = f.run_id
WHERE f.thread_id = ?1
  AND coalesce(r.state NOT IN ('queued', 'running', 'waiting') AND r.updated_us < ?2,
               f.written_us < ?2)
ORDER BY f.seq DESC LIMIT 1
